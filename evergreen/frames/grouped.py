"""Customers grouped to their distinct rows: in the engine where the base is lazy, in numpy otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames.columns import AnyFrame
from evergreen.frames.results import HISTORY, Arithmetic
from evergreen.kernels.grouping import distinct_rows
from evergreen.typing import FloatArray, IntArray

_Array = np.ndarray[Any, Any]


def grouped(frame: AnyFrame, columns: Sequence[str]) -> tuple[list[_Array], IntArray | None]:
    """Return rows of columns with their counts: the distinct ones of a lazy frame, every one of a frame in memory.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        One row per customer.
    columns : sequence of str
        Columns without missing values.

    Returns
    -------
    rows : list of ndarray, each of shape (m,)
        In no particular order.
    count : ndarray of int64, shape (m,), or None
        How often each occurs; None for once.
    """
    if isinstance(frame, nw.DataFrame):
        return [frame.get_column(name).to_numpy() for name in columns], None
    found = frame.group_by(*columns).agg(nw.len().alias("evergreen_customers")).collect()
    counts = found.get_column("evergreen_customers").to_numpy().astype(np.int64)
    return [found.get_column(name).to_numpy() for name in columns], counts


def grouped_histories(
    frame: AnyFrame, ratios: Iterable[tuple[float, float]]
) -> tuple[tuple[IntArray, FloatArray, FloatArray], IntArray]:
    """Return the distinct purchase histories and how many customers share each.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        One row per customer.
    ratios : iterable of (float, float)
        The times may be whole periods by one of these ratios, ``periods * times / over``: then arrays are grouped
        sooner. The result is the same.

    Returns
    -------
    histories : tuple of ndarray, each of shape (m,)
        ``frequency``, ``recency`` and ``T`` in lexicographic order.
    count : ndarray of int64, shape (m,)
    """
    (frequency, *lengths), counts = grouped(frame, HISTORY)
    if counts is None:
        for times, over in ratios:
            whole = _whole_periods(times, over, *lengths)
            if whole is not None:
                (x, t_x, age), count = distinct_rows([frequency, *whole])
                t_x, age = (periods.astype(np.float64) * times / over for periods in (t_x, age))
                return (x, t_x, age), count
    (x, t_x, age), count = distinct_rows([frequency, *lengths], counts)
    return (x, t_x, age), count


def mean_spend(columns: Sequence[str]) -> Arithmetic:
    """Return the mean value of all of a customer's occasions, before refunds, as arithmetic on columns.

    Parameters
    ----------
    columns : sequence of str
        The columns of the base.

    Returns
    -------
    callable
        For :meth:`ScoreTable.with_columns`; the occasions are ``frequency + 1``.

    Raises
    ------
    InvalidInputError
        If the base does not have the columns that it takes.
    """
    missing = [name for name in ("total_value", "refunds") if name not in columns]
    if missing:
        raise InvalidInputError(
            f"The money of first purchases is taken from total_value and refunds, and this base has no "
            f"{' and no '.join(missing)}: build it from the log, or add the columns to the summary (refunds of 0 where "
            "total_value was added up before refunds)."
        )
    return lambda c: (c["total_value"] + c["refunds"]) / (c["frequency"] + 1)


def _whole_periods(times: float, over: float, *columns: FloatArray) -> list[IntArray] | None:
    """Return times as the whole periods they were made from, or None if they were not."""
    whole = [np.rint(column * over / times) for column in columns]
    if all((periods * times / over == column).all() for periods, column in zip(whole, columns, strict=True)):
        return [periods.astype(np.int64) for periods in whole]
    return None
