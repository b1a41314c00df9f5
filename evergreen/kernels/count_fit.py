"""Whether numbers of purchases are distributed as a model says."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc

from evergreen.typing import FloatArray, IntArray


class ChiSquare(NamedTuple):
    """A test of fit."""

    statistic: float
    degrees_of_freedom: int
    p_value: float
    """Probability of a statistic at least as large if the model is right; nan without degrees of freedom."""


def chi_square(observed: FloatArray | IntArray, expected: FloatArray, *, fitted: int, least: float = 5.0) -> ChiSquare:
    """Test whether a frequency distribution is as expected (Pearson, 1900).

    From the first cell on, neighbors are pooled until each expects enough; what is left of the tail joins the last.
    Where parameters were fitted to the customers and not to these cells the true p value lies between the one given
    and the one without ``fitted`` (Chernoff & Lehmann, 1954). Customers of different ages stay closer to what is
    expected of all than a sample of equals would, which makes both too large.

    Parameters
    ----------
    observed, expected : ndarray, shape (m,)
        Customers with 0, 1, 2, ... purchases; the last cell holds all with that many or more, so that both add up to
        the number of customers.
    fitted : int
        Number of parameters that were fitted.
    least : float
        How many customers a cell must expect.

    Returns
    -------
    ChiSquare

    Examples
    --------
    >>> chi_square(np.array([60, 25, 12, 3]), np.array([50.0, 30.0, 16.0, 4.0]), fitted=0)
    ChiSquare(statistic=4.083..., degrees_of_freedom=2, p_value=0.129...)
    """
    starts, pooled = [0], 0.0
    left = np.cumsum(expected[::-1])[::-1]
    for cell in range(1, len(expected)):
        pooled += float(expected[cell - 1])
        if pooled >= least and left[cell] >= least:
            starts.append(cell)
            pooled = 0.0
    found, wanted = np.add.reduceat(observed, starts), np.add.reduceat(expected, starts)
    statistic = float(((found - wanted) ** 2 / wanted).sum())
    freedom = len(starts) - 1 - fitted
    return ChiSquare(statistic, freedom, float(chdtrc(freedom, statistic)) if freedom > 0 else math.nan)


def pit_histogram(below: FloatArray, up_to: FloatArray, count: IntArray | None = None, *, bins: int = 10) -> FloatArray:
    """Return the histogram of the probability integral transform of counts, without randomization.

    Czado, Gneiting & Held (2009), equations 2 and 3: each customer spreads evenly over the probabilities between those
    of fewer purchases and of at most as many as he made.

    Parameters
    ----------
    below, up_to : ndarray of float64, shape (n,)
        Forecast probability of fewer than the actual number, and of at most that number; at least one row.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.
    bins : int
        Number of bars.

    Returns
    -------
    ndarray of float64, shape (bins,)
        Heights, 1 each for a calibrated forecast; U-shaped if forecasts are too narrow.

    Examples
    --------
    >>> pit_histogram(np.array([0.0, 0.5]), np.array([0.5, 1.0]), bins=4)
    array([1., 1., 1., 1.])
    """
    width = up_to - below
    spread = np.where(width > 0, width, 1.0)
    passed = np.zeros(bins + 1)
    passed[-1] = 1.0
    for bar in range(1, bins):
        inside = np.clip(bar / bins - below, 0.0, width) / spread
        passed[bar] = np.average(np.where(width > 0, inside, up_to <= bar / bins), weights=count)
    return np.diff(passed) * bins
