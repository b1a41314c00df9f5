r"""Silences and expected purchases where every k-th event of a hidden process is a purchase.

Events come as a Poisson process at a rate :math:`\lambda \sim Gamma(R, A)`; a customer in phase j has seen j events
since his last purchase, so that the purchases in (0, t] are :math:`M = \lfloor (j + N) / k \rfloor` for N events. With
probability p a purchase is the last: for a known stay probability q = 1 - p,

.. math:: E[Y \mid q] = \sum_{m \ge 1} P(N \ge m k - j)\, q^{m - 1}.

The literature approximates this for k > 1 (Platzer & Reutterer, 2016). It is exact in one of two ways. Where hardly
anybody buys often, the sum is short. Else it is every k-th coefficient of
:math:`(1 - F(s)) / (1 - s) = \sum_n P(N > n) s^n`, with :math:`F(s) = E[s^N] = (1 + (1 - s) t / A)^{-R}`, and is picked
out by the k-th roots of unity:

.. math:: E[Y \mid q] = \frac1k \sum_s s^{-(k - 1 - j)}\, \frac{1 - F(s)}{1 - s},\qquad s^k = q.

These terms cancel as q goes to 0, where the sum is short again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

from evergreen.typing import FloatArray

_ComplexArray = npt.NDArray[np.complex128]

_TERMS: Final = 24  # purchases that the short sum goes to
_NEVER: Final = 1e-17  # it is all of the sum if more purchases are as rare as this
_HARDLY_STAYS: Final = 0.2  # below this q it is in any case: q ** _TERMS is beyond rounding


class Silence(NamedTuple):
    """The phases of a silence summed up, with the derivatives of the sum's logarithm in R and alpha."""

    log_sum: FloatArray
    """Shape (n,)."""
    slope: FloatArray
    """By R and by alpha, shape (2, n)."""
    curvature: FloatArray
    """Twice by R, by both, twice by alpha; shape (3, n)."""


def phases_of(k: int, R: FloatArray, z: FloatArray) -> FloatArray:
    """Return how much each phase weighs among customers without a purchase for a while, relative to phase 0.

    Parameters
    ----------
    k : int
        Events per purchase.
    R : ndarray of float64, shape (n,)
        Shape of the rates at the last purchase.
    z : ndarray of float64, shape (n,)
        The time since then over the rate parameter now.

    Returns
    -------
    ndarray of float64, shape (k, n)
        ``(R)_j / j! z^j``.

    Examples
    --------
    >>> phases_of(3, np.array([2.0]), np.array([0.5])).ravel()
    array([1.  , 1.  , 0.75])
    """
    phases = np.ones((k, *np.shape(R)))
    for j in range(1, k):
        phases[j] = phases[j - 1] * (z * (R + (j - 1)) / j)
    return phases


def silence(k: int, R: FloatArray, A: FloatArray, z: FloatArray) -> Silence:
    """Return the logarithm of the sum of the phases, with its derivatives as moments over them.

    Parameters
    ----------
    k : int
        Events per purchase.
    R, A : ndarray of float64, shape (n,)
        Shape of the rates at the last purchase, and their rate parameter now, alpha + T.
    z : ndarray of float64, shape (n,)
        The time since the last purchase over A.

    Returns
    -------
    Silence

    Examples
    --------
    >>> silence(2, np.array([2.0]), np.array([4.0]), np.array([0.5])).slope  # of log(1 + R z)
    array([[ 0.25 ],
           [-0.125]])
    """
    phases = phases_of(k, R, z)
    total = phases.sum(axis=0)
    share = phases / total
    h, h_slope = np.zeros((k, *R.shape)), np.zeros((k, *R.shape))  # of log (R)_j by R, and again
    for j in range(1, k):
        inverse = 1 / (R + (j - 1))
        h[j] = h[j - 1] + inverse
        h_slope[j] = h_slope[j - 1] - inverse**2
    events = np.arange(k)[:, None]
    mean_h, mean_events = (share * h).sum(axis=0), (share * events).sum(axis=0)
    by_R_R = (share * (h * h + h_slope)).sum(axis=0) - mean_h**2
    by_R_alpha = -((share * h * events).sum(axis=0) - mean_h * mean_events) / A
    by_alpha_alpha = ((share * events**2).sum(axis=0) - mean_events**2 + mean_events) / A**2
    return Silence(np.log(total), np.stack((mean_h, -mean_events / A)), np.stack((by_R_R, by_R_alpha, by_alpha_alpha)))


def mean_purchases(k: int, R: float, ratio: FloatArray, p: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the expected purchases of living customers in each phase.

    Parameters
    ----------
    k : int
        Events per purchase.
    R : float
        Shape of the rates in phase 0; each event seen since adds 1.
    ratio : ndarray of float64, shape (m,)
        The time ahead over the rate parameter A, above 0 and finite.
    p, weight : ndarray of float64, shape (n,)
        Probabilities to leave after a purchase, and what each counts in the mean.

    Returns
    -------
    ndarray of float64, shape (k, m)
        Above 0, to about 1e-14 relative.

    Examples
    --------
    Customers who leave after the next purchase have the probability of two events, or of one; if only half of them do:

    >>> mean_purchases(2, 1.0, np.array([1.0]), np.array([1.0]), np.array([1.0]))
    array([[0.25],
           [0.75]])
    >>> mean_purchases(2, 1.0, np.array([1.0]), np.array([0.5]), np.array([1.0])).round(6)
    array([[0.285714],
           [0.938776]])
    """
    tail = _tails(k, R, ratio)
    short = tail[..., -1] < _NEVER * tail[..., 0]
    total = _short_sum(tail, 1 - p, weight)
    long = ~short.all(axis=0)
    if long.any():
        seldom = 1 - p < _HARDLY_STAYS
        often = ~seldom
        by_roots = _short_sum(tail[:, long], 1 - p[seldom], weight[seldom])
        by_roots += _by_roots(k, R, ratio[long], p[often], weight[often])
        total[:, long] = np.where(short[:, long], total[:, long], by_roots)
    return np.maximum(total, np.finfo(float).tiny)


def _tails(k: int, R: float, ratio: FloatArray) -> FloatArray:
    """Return P(at least m purchases) for m = 1, 2, ... along the last axis, shape (k, m, terms).

    Negative binomial probabilities added up from the far end, so that even the smallest is exact.
    """
    events = _TERMS * k
    shape = R + np.arange(k)[:, None]
    z = ratio / (1 + ratio)
    before = np.arange(events - 1)
    steps = (shape + before) / (before + 1)
    chance = np.empty((k, len(ratio), events + 1))
    chance[..., 0] = np.exp(-shape * np.log1p(ratio))
    chance[..., 1:events] = z[:, None] * steps[:, None, :]
    np.cumprod(chance[..., :events], axis=-1, out=chance[..., :events])
    chance[..., events] = betainc(events, shape, z)
    at_least = np.cumsum(chance[..., ::-1], axis=-1)[..., ::-1]
    return np.stack([at_least[j, :, k - j :: k] for j in range(k)])


def _short_sum(tail: FloatArray, q: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the sum over purchases, given the stay probabilities with their weights."""
    stayed = (q ** np.arange(_TERMS)[:, None] * weight).sum(axis=-1)
    return np.asarray((tail * stayed).sum(axis=-1))


def _by_roots(k: int, R: float, ratio: FloatArray, p: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the sum over the k-th roots s of q, one of each conjugate pair, averaged over p; shape (k, m)."""
    log_q = np.log1p(-p)
    z = (ratio / (1 + ratio))[:, None]
    total = np.zeros((k, len(ratio)))
    for turn in range(k // 2 + 1):
        s: _ComplexArray = np.exp((log_q + 2j * np.pi * turn) / k)
        if turn == 0:  # close to 1 if hardly anybody leaves
            apart = -np.expm1(log_q / k) + 0j
            slower = ratio[:, None] * apart.real
            log_base, share = np.log1p(slower) + 0j, slower / (1 + slower) + 0j
        else:
            apart = 1 - s
            log_base = np.log1p(ratio)[:, None] + _log1m(z * s)
            share = z * apart / (1 - z * s)
        left_out, kept = _expm1(-R * log_base)  # F - 1 and F, from phase to phase
        for j in range(k):
            part = left_out * (s ** (j + 1 - k) / apart)
            total[j] -= (part.real * weight).sum(axis=-1) * (1 if turn in (0, k / 2) else 2) / k
            left_out = left_out - kept * share
            kept = kept * (1 - share)
    return total


def _log1m(w: _ComplexArray) -> _ComplexArray:
    """Return log(1 - w) for complex w of modulus up to 1 that are not near 1."""
    return np.asarray(0.5 * np.log1p(w.real * (w.real - 2) + w.imag**2) + 1j * np.arctan2(-w.imag, 1 - w.real))


def _expm1(w: _ComplexArray) -> tuple[_ComplexArray, _ComplexArray]:
    """Return exp(w) - 1, exact for small complex w, and exp(w)."""
    size = np.exp(w.real)
    along, across = size * np.cos(w.imag), size * np.sin(w.imag)
    return np.expm1(w.real) * np.cos(w.imag) - 2 * np.sin(w.imag / 2) ** 2 + 1j * across, along + 1j * across
