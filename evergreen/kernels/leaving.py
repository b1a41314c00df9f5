r"""Customers of the Pareto/NBD who leave within a horizon, by how often they buy before they do.

Rates of purchase are :math:`Gamma(k, A)`, rates of leaving :math:`Gamma(s, B)`. The density of leaving at u times the
probability of n purchases until then has, in :math:`w = \log(1 + u/c)` with c at most A and B, a concave logarithm: one
peak, whose flanks are found by bisection. Gauss-Legendre does the rest. Every row has its own parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import gammaln

from evergreen.kernels.discounting import gauss_legendre
from evergreen.kernels.special import log_gamma_ratio
from evergreen.typing import FloatArray

_FALL: Final = 40.0  # what lies below exp(-40) of the peak is left out
_SHORTEST: Final = 1e-6  # a flank, as a share of the room that there is for it
_HALVINGS: Final = 9  # of the logarithm of its length
_POINTS: Final = (64, 128, 256, 512)  # Gauss-Legendre points, as many as the length of the integral needs
_NEVER: Final = 1e-300  # no time at all, to divide by
_BLOCK: Final = 1 << 18  # rows times points at a time


def leaves_after(n: FloatArray, horizon: float, k: FloatArray, A: FloatArray, s: float, B: FloatArray) -> FloatArray:
    """Return the probability that a customer leaves within the horizon, after n purchases.

    Parameters
    ----------
    n : ndarray of float64, shape (m,)
        Whole numbers of purchases, at least 0.
    horizon : float
        Above 0 and finite.
    k, A : ndarray of float64, shape (m,)
        Shape and rate of the distribution of purchase rates.
    s : float
        Shape of the distribution of rates of leaving.
    B : ndarray of float64, shape (m,)
        Its rate.

    Returns
    -------
    ndarray of float64, shape (m,)
        Relative precision about 1e-12, less for millions of purchases.

    Examples
    --------
    Nearly everybody leaves in the end; at equal rates half of them before the first purchase.

    >>> one = np.ones(1)
    >>> leaves_after(np.array([0.0]), 1e9, one, one, 1.0, one).round(6)
    array([0.5])
    """
    rows = _Rows(n, k, A, s, B)
    peak, first, last = rows.flanks(horizon)
    scale = rows.log_density(peak)
    needed = np.searchsorted(np.array(_POINTS[:-1]), 48 + 6 * (last - first))
    total = np.empty_like(scale)
    for choice, points in enumerate(_POINTS):
        chosen = np.flatnonzero(needed == choice)
        for start in range(0, len(chosen), _BLOCK // points):
            block = chosen[start : start + _BLOCK // points]
            node, weight = gauss_legendre(points)
            half = 0.5 * (last - first)[block, None]
            w = first[block, None] + half * (1 + node)
            with np.errstate(under="ignore"):
                height = np.exp(rows.at(block).log_density(w) - scale[block, None])
            total[block] = (height * weight * half).sum(axis=1)
    with np.errstate(under="ignore"):
        return np.asarray(total * np.exp(scale + np.log(s) + log_gamma_ratio(k, n) - gammaln(n + 1)))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The parameters of each row, of shape (m,) or (m, 1)."""

    n: FloatArray
    k: FloatArray
    A: FloatArray
    s: float
    B: FloatArray

    def at(self, rows: np.ndarray) -> _Rows:
        """Return some of the rows, with room for nodes."""
        n, k, A, B = (column[rows, None] for column in (self.n, self.k, self.A, self.B))
        return _Rows(n, k, A, self.s, B)

    @property
    def unit(self) -> FloatArray:
        """The time c: below A, B and that on which the integrand falls where it falls fastest."""
        return np.asarray(1 / ((self.n + self.k + 1) / self.A + (self.s + 1) / self.B))

    def log_density(self, w: FloatArray) -> FloatArray:
        """Return the logarithm of the integrand in w, less what does not depend on it."""
        u = np.maximum(self.unit * np.expm1(w), _NEVER)
        log_bought, log_silent, log_there = -np.log1p(self.A / u), -np.log1p(u / self.A), -np.log1p(u / self.B)
        density = self.n * log_bought + self.k * log_silent + (self.s + 1) * log_there
        return np.asarray(density + w + np.log(self.unit / self.B))

    def flanks(self, horizon: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return a point near the peak, and where the integrand begins and ceases to count within the horizon."""
        n, k, A, s, B = self.n, self.k, self.A, self.s, self.B
        # in log u the slope n + 1 - (n + k) u / (A + u) - (s + 1) u / (B + u) is 0 at the root of a parabola
        middle, product = 0.5 * ((n - s) * A + (1 - k) * B), (k + s) * (n + 1) * A * B
        root = np.sqrt(middle**2 + product)
        at_root = np.where(middle > 0, (root + middle) / (k + s), (n + 1) * A * B / (root + np.abs(middle)))
        peak = np.log1p(np.minimum(at_root, horizon) / self.unit)
        first = peak - self._length(peak, -1.0, peak)
        last = peak + self._length(peak, 1.0, np.log1p(horizon / self.unit) - peak)
        return peak, first, last

    def _length(self, peak: FloatArray, side: float, room: FloatArray) -> FloatArray:
        """Return a length from the peak on at which the integrand has fallen enough, or all the room."""
        top, low, high = self.log_density(peak), _SHORTEST * room, room
        for _ in range(_HALVINGS):
            middle = np.sqrt(low * high)
            fallen = top - self.log_density(peak + side * middle) > _FALL
            low, high = np.where(fallen, low, middle), np.where(fallen, middle, high)
        return high
