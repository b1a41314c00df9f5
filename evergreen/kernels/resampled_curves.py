"""The curve of a total over customers, drawn again and again: the bootstrap of Efron (1979).

Each replicate draws as many customers as there are, with replacement. Only how often each value was drawn matters, so
a replicate costs a few passes over sorted arrays, and every statistic of the curve comes from the same one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from evergreen.typing import FloatArray, IntArray

_DEAR: Final = 8  # a binomial number costs as much as that many customers drawn one by one


class ResampledCurves(NamedTuple):
    """Statistics of resampled curves, a row for each replicate; nan where its total is not positive."""

    gini: FloatArray
    """Coefficients of Gini, shape (draws,)."""
    value: FloatArray
    """Shares of the total that the best ``points`` customers bring, shape (draws, k)."""
    peak: FloatArray
    """Shares of the total that the customers of positive value bring, shape (draws,)."""
    peak_at: FloatArray
    """Shares of customers of positive value, shape (draws,)."""


def resampled_curves(
    values: FloatArray, count: IntArray, points: IntArray, *, draws: int, random: np.random.Generator
) -> ResampledCurves:
    """Draw customers with replacement and return statistics of the curves that they make.

    How often each customer is drawn is multinomial. Where few values are shared by many customers, the numbers for the
    values are drawn at once; otherwise every customer is drawn by a whole number and counted.

    Parameters
    ----------
    values : ndarray of float64, shape (m,)
        Distinct values in ascending order.
    count : ndarray of int64, shape (m,)
        Customers who have each; n in all.
    points : ndarray of int64, shape (k,)
        Numbers of customers from 0 to n at which the curves are wanted.
    draws : int
        How many replicates.
    random : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    ResampledCurves

    Examples
    --------
    >>> found = resampled_curves(np.array([1.0, 3.0]), np.array([500, 500]), np.array([500]), draws=400,
    ...     random=np.random.default_rng(1))
    >>> found.gini.shape, round(float(found.gini.mean()), 2)
    ((400,), 0.25)
    """
    n = int(count.sum())
    best, draw = values[::-1], _sampler(count[::-1], n, random)
    positive = int((best > 0).sum())
    found = ResampledCurves(np.empty(draws), np.empty((draws, len(points))), np.empty(draws), np.empty(draws))
    number, worth, customers, value = (np.empty(len(best)) for _ in range(4))
    for row in range(draws):
        number[:] = draw()
        np.multiply(number, best, out=worth)
        np.cumsum(number, out=customers)
        np.cumsum(worth, out=value)
        total = value[-1] if value[-1] > 0 else np.nan
        area = _dot(number, value) - _dot(number, worth) / 2
        found.gini[row] = 2 * area / (n * total) - 1
        at = np.searchsorted(customers, points)
        found.value[row] = (value[at] - (customers[at] - points) * best[at]) / total
        found.peak[row] = (value[positive - 1] if positive else 0.0) / total
        found.peak_at[row] = (customers[positive - 1] if positive else 0.0) / n
    return found


def _dot(one: FloatArray, other: FloatArray) -> float:
    """Return a sum of products without BLAS: its threads cost more here than they save, and round each in their way."""
    return float(np.einsum("i,i->", one, other))


def _sampler(count: IntArray, n: int, random: np.random.Generator) -> Callable[[], IntArray]:
    """Return what draws how often each value was met among n customers."""
    if _DEAR * len(count) < n:
        shares = count / n
        return lambda: random.multinomial(n, shares)
    starts = np.cumsum(count) - count

    def draw() -> IntArray:
        met = np.bincount(random.integers(0, n, n), minlength=n)
        return met if len(starts) == n else np.add.reduceat(met, starts)

    return draw
