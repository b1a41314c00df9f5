r"""What comes first for a customer of the Pareto/NBD who is there: the next purchase, or the end.

Of those who have bought x times and are there at age t, rates of purchase are :math:`Gamma(r + x, \alpha + t)` and
rates of leaving :math:`Gamma(s, \beta + t)`, so that nothing has happened within a further time u with probability
:math:`S(u) = (1 + u/(\beta + t))^{-s} (1 + u/(\alpha + t))^{-(r + x)}`. The share that leaves before it buys again,

.. math:: gone = \int_0^\infty \frac{s}{\beta + t + u} S(u)\, du,

and the share ``back = 1 - gone`` that buys again are all that the likelihood asks for: a customer last seen at t_x and
observed until T was silent with probability :math:`gone(t_x) + S(T - t_x)\, back(T)`, a sum of positive terms. They
depend on s, k = r + x and the one number :math:`l = \log((\alpha + t)/(\beta + t))`, analytically.

On the scale :math:`v = \log(u / (\beta + t))` all integrands are analytic in a strip about the real line, where the
trapezoidal rule converges exponentially; far tails are stretched as in :mod:`evergreen.kernels.beta_rule`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from evergreen.kernels.special import softplus_and_expit
from evergreen.kernels.tabulate import Panels
from evergreen.typing import ArrayLike, FloatArray, IntArray

Parameters = tuple[float, float, float, float]
"""(r, alpha, s, beta)."""

_STEP: Final = 0.25  # the error of the rule is about exp(-pi^2 / step)
_NEGLIGIBLE: Final = 70.0  # nodes whose weight is below exp(-70) of the largest are left out
_MARGIN: Final = 4.0  # units of v that the unstretched middle reaches beyond the outermost feature


class NextEvent(NamedTuple):
    """Shares with derivatives, each of shape (m,): those of ``back`` are minus those of ``gone``."""

    gone: FloatArray
    """Share that leaves before it buys again."""
    back: FloatArray
    """Share that buys again."""
    gone_k: FloatArray
    gone_l: FloatArray
    gone_s: FloatArray
    gone_kk: FloatArray
    gone_kl: FloatArray
    gone_ks: FloatArray
    gone_ll: FloatArray
    gone_ls: FloatArray
    gone_ss: FloatArray


def gone_and_back(k: float, log_ratio: FloatArray, s: float, farthest: float) -> FloatArray:
    """Return the shares that leave before they buy again, and that buy again.

    Parameters
    ----------
    k : float
        Shape of the purchase rates, r + x.
    log_ratio : ndarray of float64, shape (m,)
        Logarithm of ``(alpha + t) / (beta + t)``.
    s : float
        Shape of the rates of leaving.
    farthest : float
        The log-ratio, on the same side of 0, that none exceeds by more than 1.

    Returns
    -------
    ndarray of float64, shape (2, m)
        Relative precision 1e-14 each; they add up to 1.

    Examples
    --------
    Where both rates have the same scale, the shapes decide.

    >>> gone_and_back(3.0, np.zeros(1), 1.0, 0.0)
    array([[0.25],
           [0.75]])
    """
    wait = _Wait.of(k, log_ratio, s, farthest)
    return np.stack((wait.leaves.sum(axis=1), wait.buys.sum(axis=1)))


def with_derivatives(k: float, log_ratio: FloatArray, s: float, farthest: float) -> FloatArray:
    """Return the shares with the derivatives of the first in k, the log-ratio and s.

    Parameters
    ----------
    k, log_ratio, s, farthest
        As for :func:`gone_and_back`.

    Returns
    -------
    ndarray of float64, shape (11, m)
        In the order of :class:`NextEvent`.

    Examples
    --------
    >>> found = NextEvent(*with_derivatives(3.0, np.zeros(1), 1.0, 0.0))
    >>> found.gone_k.round(12), found.gone_s.round(12)  # of s / (s + k)
    (array([-0.0625]), array([0.1875]))
    """
    wait = _Wait.of(k, log_ratio, s, farthest)
    leaves, a, m, b = wait.leaves, wait.log_wait_to_buy, wait.near_to_buy, wait.log_wait_to_leave
    gone_by_a, gone_by_m, back_by_b = leaves * a, leaves * m, wait.buys * b
    integrands = NextEvent(
        gone=leaves,
        back=wait.buys,
        gone_k=-gone_by_a,
        gone_l=k * gone_by_m,
        gone_s=back_by_b,
        gone_kk=gone_by_a * a,
        gone_kl=gone_by_m * (1 - k * a),
        gone_ks=gone_by_a * (b - 1 / s),
        gone_ll=k * gone_by_m * ((k + 1) * m - 1),
        gone_ls=k * gone_by_m * (1 / s - b),
        gone_ss=-back_by_b * b,
    )
    return np.stack([integrand.sum(axis=1) for integrand in integrands])


def log_ratio(parameters: Parameters, t: ArrayLike) -> FloatArray:
    """Return the logarithm of ``(alpha + t) / (beta + t)``.

    Parameters
    ----------
    parameters : (r, alpha, s, beta)
    t : array_like of float
        Ages, at least 0; may be infinite.

    Returns
    -------
    ndarray of float64
        Of the shape of t, all of one sign, and nearest to 0 for the oldest.

    Examples
    --------
    >>> log_ratio((1.0, 1.0, 1.0, 3.0), [0.0, 1.0]).round(6)
    array([-1.098612, -0.693147])
    """
    _, alpha, _, beta = parameters
    distance = np.log1p(abs(alpha - beta) / (min(alpha, beta) + np.asarray(t, np.float64)))
    return np.copysign(distance, alpha - beta)


def shares_at(
    function: Callable[[float, FloatArray, float, float], FloatArray],
    parameters: Parameters,
    x: tuple[IntArray, IntArray],
    t: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Return shares of two groups of customers, those of one x from one table.

    Parameters
    ----------
    function : callable
        :func:`gone_and_back` or :func:`with_derivatives`.
    parameters : (r, alpha, s, beta)
    x : pair of ndarray of int64, of shape (m,) and (n,)
        Purchases.
    t : pair of ndarray of float64, of shape (m,) and (n,)
        Ages at which they are there.

    Returns
    -------
    tuple of ndarray of float64, of shape (q, m) and (q, n)
        What the function returns for each.

    Examples
    --------
    >>> (gone, back), _ = shares_at(
    ...     gone_and_back,
    ...     (1.0, 4.0, 1.0, 4.0),
    ...     (np.array([0, 1]), np.array([0])),
    ...     (np.array([0.0, 9.0]), np.array([0.0])),
    ... )
    >>> gone.round(6), back.round(6)
    (array([0.5     , 0.333333]), array([0.5     , 0.666667]))
    """
    r, _, s, _ = parameters
    farthest = float(log_ratio(parameters, 0.0))
    panels = Panels(np.concatenate(x), np.abs(log_ratio(parameters, np.concatenate(t))))
    found = panels.interpolated(lambda x, depth: function(r + x, np.copysign(depth, farthest), s, farthest))
    return found[:, : len(x[0])], found[:, len(x[0]) :]


class Silence(NamedTuple):
    """Silence from t_x until T of customers who are there at t_x, each of shape (n,)."""

    log: FloatArray
    """Logarithm of its probability."""
    there: FloatArray
    """Share of it by customers who are there at T and will buy again."""
    alive: FloatArray
    """Share of it by customers who are there at T."""
    bought: FloatArray
    """Probability of the opposite."""

    @classmethod
    def of(cls, hazard: FloatArray, gone: FloatArray, back: FloatArray, back_later: FloatArray) -> Silence:
        """Put silence together from what comes next.

        Parameters
        ----------
        hazard : ndarray, shape (n,)
            Minus the logarithm of the probability of no event until T; may be infinite.
        gone, back : ndarray, shape (n,)
            Shares at t_x.
        back_later : ndarray, shape (n,)
            Share at T.

        Returns
        -------
        Silence
            Nothing of it cancels: not where it is nearly sure, nor where it is nearly impossible.
        """
        with np.errstate(under="ignore"):
            nothing = np.exp(-hazard)
            bought = np.maximum(-np.expm1(-hazard) * back + nothing * (back - back_later), 0.0)
            later = nothing * back_later
        either = gone + later
        silent = np.where(bought < 0.5, 1 - bought, either)
        log = np.where(bought < 0.5, np.log1p(-np.minimum(bought, 0.5)), np.log(either))
        return cls(log, later / silent, np.minimum(nothing / silent, 1.0), bought)


class _Wait(NamedTuple):
    """The wait for the next event at the nodes of the rule, in units of beta + t; arrays of shape (m, nodes)."""

    leaves: FloatArray  # weights: the event is the end
    buys: FloatArray  # weights: the event is a purchase; all weights of a line add up to 1
    log_wait_to_buy: FloatArray  # log(1 + u / (alpha + t))
    near_to_buy: FloatArray  # u / (alpha + t + u)
    log_wait_to_leave: FloatArray  # log(1 + u / (beta + t)), of shape (nodes,)

    @classmethod
    def of(cls, k: float, log_ratio: FloatArray, s: float, farthest: float) -> _Wait:
        v, stretch = _nodes(k, s, farthest)
        b, near_to_leave = softplus_and_expit(v)
        a, near_to_buy = softplus_and_expit(v - log_ratio[:, None])
        with np.errstate(under="ignore"):
            nothing_yet = stretch * np.exp(-s * b - k * a)
            leaves, buys = s * near_to_leave * nothing_yet, k * near_to_buy * nothing_yet
        total = (leaves + buys).sum(axis=1)[:, None]
        return cls(leaves / total, buys / total, a, near_to_buy, b)


def _nodes(k: float, s: float, farthest: float) -> tuple[FloatArray, FloatArray]:
    """Return nodes of v and the density of the even grid behind them.

    The integrands bend where the wait reaches beta + t, alpha + t, and the mean wait for an event if that is shorter.
    """
    low, high = min(farthest, 0.0), max(farthest, 0.0)
    left = min(low, -float(np.log(s + k * np.exp(-low)))) - _MARGIN
    right = high + _MARGIN
    first, last = left - np.log(_NEGLIGIBLE), right + np.log1p(_NEGLIGIBLE / (s + k))
    grid = np.arange(np.floor(first / _STEP), np.ceil(last / _STEP) + 1) * _STEP
    stretch_left, stretch_right = np.exp(left - grid), np.exp(grid - right)
    return grid + stretch_right - stretch_left, 1 + stretch_right + stretch_left
