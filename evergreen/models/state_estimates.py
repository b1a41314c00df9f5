"""A number for each state, and how sure it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from evergreen.models.estimate import Estimate
from evergreen.models.states import place_of
from evergreen.typing import FloatArray


@final
@dataclass(frozen=True, slots=True, eq=False)
class StateEstimates:
    """A number for each state, with its interval.

    Attributes
    ----------
    states : tuple of str, shape (k,)
        Their names.
    estimate : ndarray of float64, shape (k,)
        The numbers.
    lower, upper : ndarray of float64, shape (k,)
        Bounds of the intervals; nan where no draws were asked for.

    Examples
    --------
    >>> bounds = np.array([1.5, 8.0]), np.array([2.5, 12.0])
    >>> found = StateEstimates(("first-time", "repeat"), np.array([2.0, 10.0]), *bounds)
    >>> print(found["repeat"])
    10 (8 to 12)
    >>> found.columns()["estimate"]
    array([ 2., 10.])
    """

    states: tuple[str, ...]
    estimate: FloatArray
    lower: FloatArray
    upper: FloatArray

    def __getitem__(self, state: str) -> Estimate:
        """Return the number of one state."""
        at = place_of(self.states, state)
        return Estimate(float(self.estimate[at]), float(self.lower[at]), float(self.upper[at]))

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns of a table, one row for each state.

        Returns
        -------
        dict of str to ndarray
            ``state``, ``estimate``, ``lower``, ``upper``: what ``pandas.DataFrame`` or ``polars.DataFrame`` take.
        """
        names = np.array(self.states, object)
        return {"state": names, "estimate": self.estimate, "lower": self.lower, "upper": self.upper}


def bounds_of(drawn: FloatArray | None, estimate: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return the interval that leaves out equal shares of the draws on both sides.

    Parameters
    ----------
    drawn : ndarray of float64, shape (n, ...) or None
        Draws of the estimate; they may be infinite, or nan in all draws alike.
    estimate : ndarray of float64
        Gives the shape where there are none.
    level : float
        Share of the draws inside.

    Returns
    -------
    lower, upper : ndarray of float64
        Draws themselves; nan without draws.
    """
    if drawn is None:
        return np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    ordered = np.sort(drawn, axis=0)  # no interpolation: half of infinite is no bound
    outside = max(math.ceil((1 - level) / 2 * len(drawn)) - 1, 0)
    return ordered[outside], ordered[len(drawn) - 1 - outside]
