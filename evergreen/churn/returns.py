"""What a churn detector keeps of the gaps between purchases: when customers came back, by how often they had bought."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np

from evergreen.durations import DAYS_PER_UNIT, times_in_days
from evergreen.errors import InvalidInputError
from evergreen.kernels.survival import MIN_KNOWN, known_outcomes, no_return
from evergreen.models.gaps import GapHistories
from evergreen.models.returns import ReturnCurve
from evergreen.typing import BoolArray, FloatArray, IntArray

ENOUGH: Final = 200
"""Gaps that a purchase ended, without which customers of an order have no curve of their own."""
_MOST: Final = 8  # curves by order
_STEPS: Final = 2_048  # lengths that a curve tells apart


def compact(gaps: GapHistories) -> GapHistories:
    """Return gaps in as few rows as curves need.

    Parameters
    ----------
    gaps : GapHistories
        Those of a base.

    Returns
    -------
    GapHistories
        Orders from 8 on are one. Of more than 2,048 lengths each is rounded up to a 2,048th of the longest.

    Examples
    --------
    >>> compact(GapHistories.of([9, 12], [30, 30], [1, 1], [0, 2])).returned
    array([2])
    """
    length = gaps.length
    if len(np.unique(length)) > _STEPS:
        width = length.max() / _STEPS
        length = np.ceil(length / width) * width
    order = np.minimum(gaps.order, _MOST)
    return GapHistories.of(order, length, gaps.returned, gaps.silent, time_unit=gaps.time_unit)


@final
@dataclass(frozen=True, slots=True, eq=False)
class ReturnCurves:
    """Curves of return by how often customers had bought.

    Parameters
    ----------
    by_order : tuple of ReturnCurve
        After 1, 2, ... purchases; the last is for so many and more. An order has a curve of its own while it, and those
        above it together, have at least 200 gaps that a purchase ended.
    everyone : ReturnCurve
        Of all gaps, whatever their order.
    once : ReturnCurve
        The wait for the second purchase.
    again : ReturnCurve or None
        The waits after it; None if nobody has come back.

    Examples
    --------
    >>> from evergreen import CustomerBase, datasets
    >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    >>> curves = ReturnCurves.of(base.gaps())
    >>> len(curves.by_order), curves.lapse_cuts(90.0, 0.1)
    (7, {'everyone': 205.0, 'bought once': 129.0, 'came back': 343.0})
    """

    by_order: tuple[ReturnCurve, ...]
    everyone: ReturnCurve
    once: ReturnCurve
    again: ReturnCurve | None

    @classmethod
    def of(cls, gaps: GapHistories) -> ReturnCurves:
        """Learn the curves.

        Parameters
        ----------
        gaps : GapHistories
            Those of a base.

        Returns
        -------
        ReturnCurves
        """
        last = 1
        while last < _MOST and min(gaps.at(last).gaps, gaps.from_order(last + 1).gaps) >= ENOUGH:
            last += 1
        by_order = (*(gaps.at(order).curve() for order in range(1, last)), gaps.from_order(last).curve())
        later = gaps.from_order(2)
        return cls(by_order, gaps.from_order(1).curve(), gaps.at(1).curve(), later.curve() if len(later) else None)

    def lapse_cuts(self, within: float, chance: float) -> dict[str, float]:
        """Return the days of silence from which on customers hardly come back.

        Parameters
        ----------
        within : float
            Days in which they may.
        chance : float
            What is hardly.

        Returns
        -------
        dict of str to float
            For ``"everyone"``, for those who ``"bought once"`` and for those who ``"came back"``; nan where there is no
            such day in what was observed.
        """
        named = {"everyone": self.everyone, "bought once": self.once, "came back": self.again}
        return {
            name: math.nan if curve is None else _days(curve, curve.lapse_cut(f"{within!r}D", chance))
            for name, curve in named.items()
        }


class ReturnChances:
    """The chance of no return within a horizon, by the silence so far, read from the curves.

    Parameters
    ----------
    curves : ReturnCurves
    horizon : float
        In the time unit of the curves. Where no gap of an order was observed for so long, as may be the case with the
        most frequent buyers, they are taken for those of the order below.

    Raises
    ------
    InvalidInputError
        If no gap was observed for so long.
    """

    def __init__(self, curves: ReturnCurves, horizon: float) -> None:
        tables: list[_Table] = []
        for curve in curves.by_order:
            table = _table(curve, horizon)
            if table is None and not tables:
                longest = _days(curve, curve.observed)
                raise InvalidInputError(
                    f"No gap was observed for as long as the horizon: the longest took {longest:.6g} days. Choose a "
                    "shorter horizon, or observe customers for longer."
                )
            tables.append(tables[-1] if table is None else table)
        self._tables = tables
        self._second = DAYS_PER_UNIT[curves.everyone.time_unit] * 86_400

    def p_churn(self, frequency: IntArray, recency: FloatArray, T: FloatArray, *_: Any) -> FloatArray:
        """Return the chance of no purchase within the horizon.

        Parameters
        ----------
        frequency, recency, T : ndarray, shape (n,)

        Returns
        -------
        ndarray of float64, shape (n,)
            Beyond the longest silence of which the curve knows enough, the chance there.
        """
        found = np.zeros(len(T))
        silence = self._seconds(T - recency)
        for table, rows in self._groups(frequency):
            found[rows] = table.chance[table.places(silence[rows])]
        return found

    def seconds_to(self, alarm: float, frequency: IntArray, recency: FloatArray, T: FloatArray, *_: Any) -> FloatArray:
        """Return how much longer customers must be silent for their chance to reach a cut.

        Parameters
        ----------
        alarm : float
            The cut.
        frequency, recency, T : ndarray, shape (n,)

        Returns
        -------
        ndarray of float64, shape (n,)
            Seconds; 0 where the cut is reached, infinite where it never is.
        """
        found = np.zeros(len(T))
        silence = self._seconds(T - recency)
        for table, rows in self._groups(frequency):
            first = table.first_from(alarm)[table.places(silence[rows])]
            found[rows] = np.maximum(first - silence[rows], 0.0)
        return found

    def _groups(self, frequency: IntArray) -> list[tuple[_Table, IntArray]]:
        which = np.minimum(frequency, len(self._tables) - 1)
        return [(table, np.flatnonzero(which == place)) for place, table in enumerate(self._tables)]

    def _seconds(self, times: FloatArray) -> FloatArray:
        return np.rint(times * self._second)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """A step function of silence: from each whole second on, the chance of no return within the horizon."""

    since: FloatArray
    chance: FloatArray

    def places(self, silence: FloatArray) -> IntArray:
        return np.searchsorted(self.since, silence, side="right") - 1

    def first_from(self, alarm: float) -> FloatArray:
        """Return for each step when, from there on, the chance is first at the cut or above; infinite if never."""
        when = np.where(self.chance >= alarm, self.since, math.inf)
        return np.minimum.accumulate(when[::-1])[::-1]


def _table(curve: ReturnCurve, horizon: float) -> _Table | None:
    """Return the chance of no return at every silence at which it changes, as far as it is known well enough."""
    steps = curve.steps
    silence = np.unique(np.concatenate(([0.0], steps.time, steps.time[steps.time > horizon] - horizon)))
    chance = no_return(steps, silence, horizon)
    if np.isnan(chance[0]):
        return None
    told = ~np.isnan(chance) & (known_outcomes(steps, silence, horizon) >= MIN_KNOWN)
    told[0] = True
    since = np.rint(silence[told] * DAYS_PER_UNIT[curve.time_unit] * 86_400)
    last_of_second = np.append(np.diff(since) > 0, True)
    return _Table(since[last_of_second], chance[told][last_of_second])


def lapsed(cuts: Mapping[str, float], frequency: IntArray, silence: FloatArray) -> BoolArray:
    """Return who is beyond the lapse cut of customers like him.

    Parameters
    ----------
    cuts : mapping of str to float
        From :meth:`ReturnCurves.lapse_cuts`.
    frequency : ndarray of int64, shape (n,)
    silence : ndarray of float64, shape (n,)
        In days.

    Returns
    -------
    ndarray of bool, shape (n,)
        False where there is no cut.
    """
    return silence >= np.where(frequency > 0, cuts["came back"], cuts["bought once"])


def _days(curve: ReturnCurve, time: float) -> float:
    return float(times_in_days(np.array([time]), curve.time_unit)[0])
