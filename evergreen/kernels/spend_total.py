r"""Gamma-gamma: what a customer's future occasions are worth together, when their number is uncertain.

Of a customer whose x occasions had the mean m, the level :math:`\nu` is gamma(q + p x, v + x m), and n further
occasions are worth gamma(p n, :math:`\nu`) in total (Fader & Hardie, 2013, note 025). So the total over
:math:`V = v + x m` is beta prime distributed with the shapes p n and p x + q, and if n occasions come with probability
P(n), a total of at most s has the probability

.. math:: P(0) + \sum_{n > 0} P(n)\, I_{s / (s + V)}(p n,\, p x + q),

I being the regularized incomplete beta function. Letters and parameters are those of
:mod:`evergreen.kernels.gamma_gamma`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy.special import betainc, betaln, expit, logit

from evergreen.kernels.gamma_gamma import Parameters
from evergreen.kernels.special import softplus_and_expit
from evergreen.typing import BoolArray, FloatArray, IntArray

_NEGLIGIBLE: Final = 1e-18  # numbers of occasions that are less probable are left out
_FARTHEST: Final = 1_500.0  # a total of V times exp of this is beyond what a float can hold, or below
_CLOSE: Final = 1e-12  # relative precision of a quantile


def total_cdf(
    parameters: Parameters, value: FloatArray, probability: FloatArray, x: IntArray, mean: FloatArray
) -> FloatArray:
    """Return the probability that a customer's future occasions are worth at most a value.

    Parameters
    ----------
    parameters : (p, q, v)
        Above 0.
    value : ndarray of float64, shape (n,)
        Money, at least 0.
    probability : ndarray of float64, shape (n, N + 1)
        Of 0, 1, ..., N future occasions. What a row lacks of 1 is spread over it in proportion; it is the most by
        which the result can be wrong.
    x : ndarray of int64, shape (n,)
        Occasions, 0 for a customer who has shown none.
    mean : ndarray of float64, shape (n,)
        Mean value of the occasions.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    With p = q = 1 and one occasion, value over v is as the odds of an even share.

    >>> none, one = np.array([0]), np.array([[0.25, 0.75]])
    >>> total_cdf((1.0, 1.0, 10.0), np.array([10.0]), one, none, np.zeros(1))
    array([0.625])
    """
    with np.errstate(divide="ignore", under="ignore"):
        y = np.log(value / _scale(parameters, x, mean))
    total = _Total.of(parameters, probability, x)
    return total.nothing + (1 - total.nothing) * total.below(y)


def total_quantile(
    parameters: Parameters, level: float, probability: FloatArray, x: IntArray, mean: FloatArray
) -> FloatArray:
    """Return the value that a customer's future occasions stay below with the probability of the level.

    Parameters
    ----------
    parameters : (p, q, v)
        Above 0.
    level : float
        Between 0 and 1.
    probability : ndarray of float64, shape (n, N + 1)
        Of 0, 1, ..., N future occasions. What a row lacks of 1 is spread over it in proportion; it is the most by
        which the level can be missed.
    x : ndarray of int64, shape (n,)
        Occasions, 0 for a customer who has shown none.
    mean : ndarray of float64, shape (n,)
        Mean value of the occasions.

    Returns
    -------
    ndarray of float64, shape (n,)
        Money; 0 where no occasion at all has at least this probability. Infinite beyond what a float can hold. Over
        v + x m it depends on the probabilities and on x alone.

    Examples
    --------
    >>> none, one = np.array([0]), np.array([[0.25, 0.75]])
    >>> total_quantile((1.0, 1.0, 10.0), 0.625, one, none, np.zeros(1)).round(9)
    array([10.])
    >>> total_quantile((1.0, 1.0, 10.0), 0.25, one, none, np.zeros(1))
    array([0.])
    """
    total = _Total.of(parameters, probability, x)
    spends = level > total.nothing
    nothing = total.nothing[spends]
    y = _crossing(total.of_rows(spends), (level - nothing) / (1 - nothing))
    found = np.zeros(len(x))
    with np.errstate(over="ignore", under="ignore"):
        found[spends] = _scale(parameters, x, mean)[spends] * np.exp(y)
    return found


def _scale(parameters: Parameters, x: IntArray, mean: FloatArray) -> FloatArray:
    """Return V, of which the total is a multiple that knows no currency."""
    _, _, v = parameters
    return np.asarray(v + x * mean, np.float64)


class _Total(NamedTuple):
    """Distributions of totals over V: mixtures of beta prime distributions, their parts one after the other."""

    nothing: FloatArray
    """Probability of no occasion, shape (n,)."""
    start: FloatArray
    """Logarithm of a value in the middle of the distribution if there is an occasion, shape (n,)."""
    row: IntArray
    """Row of each part, ascending, shape (k,)."""
    weight: FloatArray
    """Probability of the part if there is an occasion, shape (k,)."""
    a: FloatArray
    b: FloatArray
    """Shapes of the part, shape (k,)."""

    @classmethod
    def of(cls, parameters: Parameters, probability: FloatArray, x: IntArray) -> _Total:
        p, q, _ = parameters
        share = probability.copy()
        share[:, 0] = 0.0
        some = np.cumsum(share, axis=1)[:, -1]  # one by one: what is 0 at a row's end changes no sum
        row, n = np.nonzero(share > _NEGLIGIBLE * some[:, None])
        weight = share[row, n] / some[row]
        occasions = _by_row(row, weight * n, len(x))
        a, b = np.asarray(p * n, np.float64), np.asarray(p * x + q, np.float64)
        start = np.log(np.maximum(occasions, 1.0) * p / b)
        return cls(probability[:, 0] / (probability[:, 0] + some), start, row, weight, a, b[row])

    def of_rows(self, kept: BoolArray) -> _Total:
        """Return the distributions of some rows."""
        parts = kept[self.row]
        row = (np.cumsum(kept) - 1)[self.row[parts]]
        return _Total(self.nothing[kept], self.start[kept], row, self.weight[parts], self.a[parts], self.b[parts])

    def below(self, y: FloatArray) -> FloatArray:
        """Return the probability of at most V exp(y) if there is an occasion."""
        at, small = y[self.row], expit(-np.abs(y))[self.row]
        share = np.empty_like(at)
        low, high = at < 0, at >= 0
        share[low] = betainc(self.a[low], self.b[low], small[low])
        share[high] = 1 - betainc(self.b[high], self.a[high], small[high])
        return _by_row(self.row, self.weight * share, len(y))

    def density(self, y: FloatArray) -> FloatArray:
        """Return the derivative of the same."""
        softplus, _ = softplus_and_expit(y)
        log_density = self.a * (y - softplus)[self.row] - self.b * softplus[self.row] - betaln(self.a, self.b)
        return _by_row(self.row, self.weight * np.exp(log_density), len(y))


def _by_row(row: IntArray, part: FloatArray, rows: int) -> FloatArray:
    return np.asarray(np.bincount(row, part, rows), np.float64)


def _crossing(total: _Total, level: FloatArray) -> FloatArray:
    """Return the y below which the level lies, if there is an occasion.

    Newton's method on the log-odds of the probability, which are almost a straight line in y toward both ends. A step
    that leaves the bracket, or is not half as long as the one before, halves the bracket instead.
    """
    found = np.empty(len(level))
    active = np.arange(len(level))
    y = total.start
    low, high = np.full(len(y), -_FARTHEST), np.full(len(y), _FARTHEST)
    before = high - low
    while len(active):
        with np.errstate(all="ignore"):  # far out in a tail probabilities are 0, or densities: the bracket is halved
            share = total.below(y)
            newton = y + (logit(level) - logit(share)) * share * (1 - share) / total.density(y)
        low, high = np.where(share < level, y, low), np.where(share < level, high, y)
        fine = (newton >= low) & (newton <= high) & (np.abs(newton - y) < before / 2)
        following = np.where(fine, newton, (low + high) / 2)
        before = np.abs(following - y)
        y = following
        done = before <= _CLOSE * np.maximum(1.0, np.abs(y))
        found[active[done]] = y[done]
        left = ~done
        total, level, active = total.of_rows(left), level[left], active[left]
        y, low, high, before = y[left], low[left], high[left], before[left]
    return found
