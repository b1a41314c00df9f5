"""The segment of each customer, from a column of the log: one for each, the same on every engine."""

from __future__ import annotations

from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames.pandas_log import read_codes
from evergreen.frames.transactions import ID
from evergreen.typing import IntArray

SEGMENT: Final = "evergreen_segment"
_MOST: Final = 1_000


def check_segment_type(name: str, kind: nw.dtypes.DType) -> None:
    """Refuse segments that are neither text nor whole numbers."""
    if not (isinstance(kind, (nw.String, nw.Categorical, nw.Enum)) or kind.is_integer()):
        raise InputTypeError(f"The segment column {name!r} holds {kind}, not text or whole numbers: convert it first.")


def segments_of_codes(series: Any, code: IntArray, kept: IntArray) -> tuple[tuple[Any, ...], IntArray]:
    """Return the segments of customers in memory.

    Parameters
    ----------
    series : pandas.Series, shape (n,)
        The column.
    code : ndarray of int64, shape (n,)
        Code of the customer of each row, -1 where missing.
    kept : ndarray of int64, shape (k,)
        Codes of customers; others are not looked at.

    Returns
    -------
    names : tuple of str or int
        The segments in order.
    place : ndarray of int64, shape (k,)
        The segment of each of ``kept`` by its place.

    Raises
    ------
    InvalidInputError
        If one of these customers has several segments or none.
    """
    found, levels = read_codes(series, "segment")
    there = (found >= 0) & (code >= 0)
    owner, value = code[there], found[there]
    of_code = np.full(int(max(code.max(), kept.max())) + 1, -1, np.int64)
    of_code[owner] = value
    several = np.zeros(len(of_code), np.bool_)
    several[owner[of_code[owner] != value]] = True
    customers = np.unique(kept)
    _check(len(customers), int(several[customers].sum()), int((of_code[customers] < 0).sum()), series.name)
    used, place = np.unique(of_code[kept], return_inverse=True)
    names = levels.take(used).tolist()
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return _few([names[at] for at in order], series.name), rank[place]


def segments_of_rows(
    rows: nw.LazyFrame[Any], segment: str, customers: nw.LazyFrame[Any]
) -> tuple[tuple[Any, ...], nw.LazyFrame[Any]]:
    """Return the segments of customers in an engine.

    Parameters
    ----------
    rows : narwhals LazyFrame
        The log: ``ID`` and the column of segments.
    segment : str
        Its name.
    customers : narwhals LazyFrame
        One row for each customer: ``ID``; others are not looked at.

    Returns
    -------
    names : tuple of str or int
        The segments in order.
    frame : narwhals LazyFrame
        ``ID`` and ``SEGMENT`` of these customers.

    Raises
    ------
    InvalidInputError
        If one of these customers has several segments or none.
    """
    bounds = rows.group_by(ID).agg(nw.col(segment).min().alias(SEGMENT), nw.col(segment).max().alias("most"))
    found = customers.join(bounds, on=ID, how="left")
    value = nw.col(SEGMENT)
    none = nw.when(value.is_null()).then(nw.lit(1)).otherwise(nw.lit(0))
    several = nw.when(value != nw.col("most")).then(nw.lit(1)).otherwise(nw.lit(0))
    counted = found.select(none.alias("none"), several.alias("several")).select(
        nw.len().alias("customers"), nw.col("none").sum(), nw.col("several").sum()
    )
    row = next(counted.collect().iter_rows(named=True))
    _check(int(row["customers"]), int(row["several"]), int(row["none"]), segment)
    names = found.group_by(SEGMENT).agg(nw.len().alias("customers")).collect().get_column(SEGMENT).to_list()
    return _few(sorted(names), segment), found.select(ID, SEGMENT)


def _check(customers: int, several: int, none: int, segment: str) -> None:
    """Refuse customers whose segment is not clear."""
    for count, what in ((several, "several values"), (none, "no value")):
        if count:
            raise InvalidInputError(
                f"A customer is in one segment: {count:,} of {customers:,} customers have {what} in {segment!r}. Give "
                "each customer one value in all rows first."
            )


def _few(names: list[Any], segment: str) -> tuple[Any, ...]:
    if len(names) > _MOST:
        raise InvalidInputError(
            f"There are {len(names):,} values in {segment!r}, more than {_MOST:,}: segments that can be "
            "audited are few and large."
        )
    return tuple(names)
