"""The chance that a customer buys nothing within a horizon, by a transaction model, and when it will reach a cut."""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np

from evergreen.durations import DAYS_PER_UNIT
from evergreen.kernels.grouping import places_of_distinct
from evergreen.models.buyers import Buyers, p_purchase_of
from evergreen.models.transactions import HistoryModel
from evergreen.typing import FloatArray, IntArray, TimeUnit

FAR: Final = 36_525
"""Days, a hundred years: whoever will take longer takes so long."""
_SECONDS: Final = 86_400


class Chances(Protocol):
    """What the measures of churn ask of a model, or of the gaps."""

    def p_churn(self, frequency: IntArray, recency: FloatArray, T: FloatArray, *attributes: Any) -> FloatArray:
        """Return the chance of no purchase within the horizon."""
        ...

    def seconds_to(
        self, alarm: float, frequency: IntArray, recency: FloatArray, T: FloatArray, *attributes: Any
    ) -> FloatArray:
        """Return the seconds of further silence after which that chance reaches a cut."""
        ...


class ModelChances:
    """The chance of no purchase within a horizon by a transaction model.

    Parameters
    ----------
    buyers : HistoryModel or CovariateModel
    horizon : float
        In the time unit of the model.
    time_unit : {"h", "D", "W", "M", "Y"}
    """

    def __init__(self, buyers: Buyers, horizon: float, time_unit: TimeUnit) -> None:
        self._buyers = buyers
        self._horizon = horizon
        self._discrete = (buyers if isinstance(buyers, HistoryModel) else buyers.base).discrete
        self._unit = DAYS_PER_UNIT[time_unit] * _SECONDS

    def p_churn(self, frequency: IntArray, recency: FloatArray, T: FloatArray, *attributes: Any) -> FloatArray:
        """Return the chance of no purchase within the horizon.

        Parameters
        ----------
        frequency, recency, T : ndarray, shape (n,)
        *attributes : ndarray, shape (n,)

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        return 1.0 - p_purchase_of(self._buyers, self._horizon, frequency, recency, T, *attributes)

    def seconds_to(
        self, alarm: float, frequency: IntArray, recency: FloatArray, T: FloatArray, *attributes: Any
    ) -> FloatArray:
        """Return how much longer customers must be silent for their chance to reach a cut.

        Parameters
        ----------
        alarm : float
            The cut.
        frequency, recency, T : ndarray, shape (n,)
        *attributes : ndarray, shape (n,)

        Returns
        -------
        ndarray of float64, shape (n,)
            Whole seconds, or seconds of whole opportunities; 0 where the cut is reached, infinite beyond a hundred
            years.

        Notes
        -----
        The silence at which a customer turns depends on how often he bought and on when he bought last, not on when it
        is asked. So it is looked for once for each distinct pair, from no silence on. Under a model of very regular
        buying the chance falls at first, until the next purchase is due: who is above the cut right after a purchase,
        and below it now, is looked after by himself. From any time below the cut on the chance reaches it once.
        """
        seconds = np.rint((T - recency) * self._unit)
        step = self._unit if self._discrete else _step_of(seconds)
        silence = np.rint(seconds / step)
        found = np.zeros(len(T))
        below = np.flatnonzero(self.p_churn(frequency, recency, T, *attributes) < alarm)
        place, which = places_of_distinct([column[below] for column in (frequency, recency, *attributes)])
        keys = below[place]
        turns = self._turn(alarm, np.zeros(len(keys)), step, *_rows(keys, frequency, recency, *attributes))[which]
        odd = below[turns == 0]
        found[below] = turns - silence[below]
        alone = self._turn(alarm, silence[odd], step, *_rows(odd, frequency, recency, *attributes))
        found[odd] = alone - silence[odd]
        return np.maximum(found, 0.0) * step

    def _turn(
        self,
        alarm: float,
        start: FloatArray,
        step: float,
        frequency: IntArray,
        recency: FloatArray,
        *attributes: Any,
    ) -> FloatArray:
        """Return the first step of silence from the start on that is at the cut, by bisection."""

        def reached(silence: FloatArray) -> Any:
            ages = recency + silence * step / self._unit
            return self.p_churn(frequency, recency, ages, *attributes) >= alarm

        low, high = start, np.maximum(start + 1, np.floor(FAR * _SECONDS / step))
        never = ~reached(high)
        high = np.where(reached(low), low, high)
        while (high - low > 1).any():
            middle = np.floor(0.5 * (low + high))
            there = reached(middle)
            low, high = np.where(there, low, middle), np.where(there, middle, high)
        return np.where(never, np.inf, high)


def _rows(rows: IntArray, *columns: Any) -> tuple[Any, ...]:
    return tuple(column[rows] for column in columns)


def _step_of(seconds: FloatArray) -> float:
    """Return the seconds between the times that have to be looked at: a day if all times are whole days."""
    return 1.0 if (seconds % _SECONDS).any() else float(_SECONDS)


def whole_days(seconds: FloatArray) -> IntArray:
    """Return seconds as whole days, rounded up, a hundred years at most.

    Parameters
    ----------
    seconds : ndarray of float64, shape (n,)
        At least 0; may be infinite.

    Returns
    -------
    ndarray of int64, shape (n,)

    Examples
    --------
    >>> whole_days(np.array([0.0, 1.0, 86_400.0, np.inf]))
    array([    0,     1,     1, 36525])
    """
    return np.minimum(np.ceil(seconds / _SECONDS), FAR).astype(np.int64)
