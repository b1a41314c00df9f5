"""Where the customers of one base stand in another one: counted by pairs of whole numbers, matched by their id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InputTypeError
from evergreen.frames.columns import AnyFrame
from evergreen.frames.engines import stacked
from evergreen.frames.results import ScoreTable
from evergreen.frames.totals import unscaled
from evergreen.typing import FloatArray, IntArray

ABSENT: Final = 0
"""The number of customers who are not in one of the bases."""

_KEY: Final = "evergreen_key"
_SIDES: Final = ("before", "after")
_PLACES: Final = [f"place_{side}" for side in _SIDES]
_VALUES: Final = [f"value_{side}" for side in _SIDES]


@dataclass(frozen=True, slots=True, eq=False)
class PairTotals:
    """Customers by where they stood before and where they stand after; arrays of shape (m,).

    Attributes
    ----------
    before, after : ndarray of int64
        Whole numbers, ``ABSENT`` for customers who are not there.
    customers : ndarray of int64
        How many customers went this way.
    value_before, value_after : ndarray of float64
        The sum of their values in each base.
    """

    before: IntArray
    after: IntArray
    customers: IntArray
    value_before: FloatArray
    value_after: FloatArray


def pair_totals(before: ScoreTable, after: ScoreTable, place: str, value: str) -> PairTotals:
    """Count the customers of two tables by where they stand in each.

    Parameters
    ----------
    before, after : ScoreTable
        Tables of the same kind of frame, lazy ones in one session of their engine.
    place : str
        A column of whole numbers above 0 in both.
    value : str
        A column of numbers in both, added up.

    Returns
    -------
    PairTotals
        Every customer of either table is counted once. Nothing but one row per pair is collected.

    Raises
    ------
    InputTypeError
        If the tables are in frames of different kinds, or their ids are of different types.

    Examples
    --------
    >>> import pandas as pd
    >>> from evergreen.frames import CustomerBase
    >>> def base(**value):
    ...     frame = pd.DataFrame({"customer_id": value.keys(), "total_value": value.values()})
    ...     return CustomerBase.from_summary(frame.assign(frequency=0, recency=0.0, T=9.0))
    >>> tables = [part.scores().with_cuts("class", "total_value", [10.0])
    ...     for part in (base(ann=5.0, bob=20.0), base(ann=15.0, eve=1.0))]
    >>> found = pair_totals(*tables, "class", "total_value")
    >>> found.before, found.after, found.value_after
    (array([0, 1, 2]), array([1, 2, 0]), array([ 1., 15.,  0.]))
    """
    whole = [table.in_whole_numbers(place, value) for table in (before, after)]
    units = [unit[value] for _, unit in whole]
    money = nw.Float64() if 1.0 in units else nw.Int64()  # the decimals may be known of one base alone
    parts = []
    for side, table, (frame, _) in zip(_SIDES, (before, after), whole, strict=True):
        made = {name: nw.lit(ABSENT).cast(nw.Int64) for name in _PLACES}
        made |= {name: nw.lit(0).cast(money) for name in _VALUES}
        made |= {f"place_{side}": nw.col(place).cast(nw.Int64), f"value_{side}": nw.col(value).cast(money)}
        parts.append(frame.select(nw.col(table.customer).alias(_KEY), *(made[name].alias(name) for name in made)))
    parts = _with_ids_alike(*parts)
    customers = stacked(*parts).group_by(_KEY).agg(*(nw.col(name).sum() for name in (*_PLACES, *_VALUES)))
    pairs = customers.group_by(*_PLACES).agg(nw.len().alias("customers"), *(nw.col(name).sum() for name in _VALUES))
    found = pairs.lazy().collect().sort(*_PLACES)
    places = [found.get_column(name).to_numpy().astype(np.int64) for name in _PLACES]
    sums = [
        unscaled(found.get_column(name).to_numpy(), unit).astype(np.float64)
        for name, unit in zip(_VALUES, units, strict=True)
    ]
    count = found.get_column("customers").to_numpy().astype(np.int64)
    return PairTotals(places[0], places[1], count, sums[0], sums[1])


def _with_ids_alike(before: AnyFrame, after: AnyFrame) -> list[AnyFrame]:
    """Return frames whose ids are of one type, whole numbers of two sizes too; refuse those that cannot be matched."""
    kinds = [(type(frame).__name__, frame.implementation) for frame in (before, after)]
    if kinds[0] != kinds[1]:
        raise InputTypeError(
            f"Both bases must be in frames of one kind, got {_said(before)} and {_said(after)}: bring one to the other."
        )
    ids: list[Any] = [frame.collect_schema()[_KEY] for frame in (before, after)]
    if ids[0] == ids[1]:
        return [before, after]
    if not all(kind.is_integer() for kind in ids):
        raise InputTypeError(
            f"Customer ids of the bases are of different types, {ids[0]} and {ids[1]}, and would match nobody: convert "
            "one of them first."
        )
    return [frame.with_columns(nw.col(_KEY).cast(nw.Int64)) for frame in (before, after)]


def _said(frame: AnyFrame) -> str:
    lazy = "lazy " if isinstance(frame, nw.LazyFrame) else ""
    return f"{lazy}{str(frame.implementation).rpartition('.')[2].lower()}"
