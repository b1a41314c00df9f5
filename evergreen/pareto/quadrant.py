"""Profit per period and the chance of staying: the four kinds of customers of Reinartz & Kumar (2002)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from evergreen.durations import in_days, times_in_days
from evergreen.errors import InvalidInputError
from evergreen.frames import CustomerBase, Levels, ScoreTable
from evergreen.kernels.binning import cut_ranks
from evergreen.models.checks import check_finite
from evergreen.typing import Duration, FloatArray

PROFIT: Final = "profit_per_period"
"""Name of the column of profit."""

_QUADRANTS: Final[dict[tuple[int, ...], str]] = {
    (2, 2): "true friend",
    (2, 1): "butterfly",
    (1, 2): "barnacle",
    (1, 1): "stranger",
}
_BELOW_ZERO: Final = -1e-300


def check_cuts(quadrant_cuts: Any) -> tuple[float | None, float | None]:
    """Return what profit and activity have to exceed, as the user gave it.

    Raises
    ------
    InvalidInputError
        If it is not a pair of finite numbers or None.
    """
    if not isinstance(quadrant_cuts, (tuple, list)) or len(quadrant_cuts) != 2:
        raise InvalidInputError(
            f"quadrant_cuts must be a pair, of profit per period and of activity, got {quadrant_cuts!r}."
        )
    profit, activity = (None if cut is None else float(check_finite("quadrant_cuts", cut)) for cut in quadrant_cuts)
    return profit, activity


def check_activity(table: ScoreTable, activity: str) -> None:
    """Refuse a chance outside 0 to 1.

    Parameters
    ----------
    table : ScoreTable
    activity : str
        Its column.

    Raises
    ------
    InvalidInputError
        With the number of customers.
    """
    found = table.totals(activity, [_BELOW_ZERO, 1.0])
    outside = found.rows - int(found.rows_above[0]) + int(found.rows_above[1])
    if outside:
        todo = "Give a probability, such as p_purchase of CLVModel.predict."
        raise InvalidInputError.rows(f"activity={activity!r} must lie from 0 to 1", outside, found.rows, todo=todo)


def with_profit(table: ScoreTable, base: CustomerBase, value: str, period: Duration) -> ScoreTable:
    """Add each customer's value per period of his age; whoever is younger has been there for one period.

    Parameters
    ----------
    table : ScoreTable
        Customers of the base.
    base : CustomerBase
    value : str
        Column of value.
    period : str, datetime.timedelta or numpy.timedelta64
        Length of time that names its unit.

    Returns
    -------
    ScoreTable
        With the column :data:`PROFIT`.
    """
    days = in_days(period)

    def periods(age: Levels) -> dict[str, FloatArray]:
        return {"evergreen_periods": np.maximum(times_in_days(age.values, base.time_unit) / days, 1.0)}

    def profit(columns: Mapping[str, Any]) -> Any:
        return columns[value] / columns["evergreen_periods"]

    return table.with_levels("T", periods).with_columns(**{PROFIT: profit})


@dataclass(frozen=True, slots=True)
class QuadrantCuts:
    """What makes profit and activity high.

    Parameters
    ----------
    activity : str
        The column of activity.
    period_days : float
        Days that profit is counted per.
    profit_cut, activity_cut : float
        What they have to exceed.
    """

    activity: str
    period_days: float
    profit_cut: float
    activity_cut: float

    @property
    def words(self) -> str:
        """What they are about."""
        return words_of(self.activity, self.period_days)


def words_of(activity: str, period_days: float) -> str:
    """Return what quadrants are about, in words."""
    return f"quadrants of profit per {period_days:g} days by {activity}"


def learned_cuts(
    table: ScoreTable, activity: str, period: Duration, cuts: tuple[float | None, float | None], customers: int
) -> QuadrantCuts:
    """Return what profit and activity have to exceed, medians where nothing is given.

    Parameters
    ----------
    table : ScoreTable
        With the column :data:`PROFIT`.
    activity : str
        Column of activity.
    period : str, datetime.timedelta or numpy.timedelta64
        What profit was counted per.
    cuts : pair of float or None
    customers : int
        Number of customers.

    Returns
    -------
    QuadrantCuts
    """
    middle = cut_ranks(customers, 2).tolist()
    profit, active = (
        float(table.order_statistics(column, middle)[0]) if cut is None else cut
        for column, cut in zip((PROFIT, activity), cuts, strict=True)
    )
    return QuadrantCuts(activity, in_days(period), profit, active)


def with_quadrant(table: ScoreTable, cuts: QuadrantCuts) -> ScoreTable:
    """Add the quadrant.

    Parameters
    ----------
    table : ScoreTable
        With the column :data:`PROFIT`.
    cuts : QuadrantCuts
        What profit and activity have to exceed.

    Returns
    -------
    ScoreTable
        With the column ``quadrant``.
    """
    codes = ["evergreen_profit", "evergreen_activity"]
    table = table.with_cuts(codes[0], PROFIT, [cuts.profit_cut])
    table = table.with_cuts(codes[1], cuts.activity, [cuts.activity_cut])
    return table.with_labels("quadrant", codes, _QUADRANTS)
