"""Sums of logarithms that survive large and tiny arguments."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from evergreen.typing import ArrayLike, FloatArray, IntArray

_ASYMPTOTIC: Final = 1e4  # from here on the Stirling difference is exact to the last bits


def running_sum(terms: FloatArray) -> FloatArray:
    """Return the sums of the first 0, 1, ..., n terms.

    Parameters
    ----------
    terms : ndarray of float64, shape (n,)
        What is added up.

    Returns
    -------
    ndarray of float64, shape (n + 1,)
        The running sums, 0 first.

    Examples
    --------
    >>> running_sum(np.array([1.0, 2.0]))
    array([0., 1., 3.])
    """
    return np.concatenate(([0.0], np.cumsum(terms)))


def log_rising_ratio(a: float, b: float, n: IntArray) -> FloatArray:
    r"""Return :math:`\log\, (a)_n / (b)_n`, the ratio of two rising factorials.

    The sum of ``log((a + j) / (b + j))`` over ``j < n``: no difference of large log-gammas is taken.

    Parameters
    ----------
    a, b : float
        First factors, above 0.
    n : ndarray of int64
        Numbers of factors, at least 0.

    Returns
    -------
    ndarray of float64
        Of the shape of ``n``.

    Examples
    --------
    >>> log_rising_ratio(2.0, 1.0, np.array([0, 3]))  # log(1), log(2*3*4 / (1*2*3))
    array([0.        , 1.38629436])
    """
    j = np.arange(int(n.max(initial=0)))
    terms = np.log1p((a - b) / (b + j)) if a > b else -np.log1p((b - a) / (a + j))
    return running_sum(terms)[n]


def log_gamma_ratio(z: ArrayLike, q: ArrayLike) -> FloatArray:
    r"""Return :math:`\log\, \Gamma(z + q) / \Gamma(z)`.

    Parameters
    ----------
    z : array_like of float
        Above 0.
    q : array_like of float
        At least 0.

    Returns
    -------
    ndarray of float64
        By the difference of log-gammas for small z; by the difference of Stirling's series for large z, where the
        former cancels.

    Examples
    --------
    >>> log_gamma_ratio([1.0, 1e9], 1.0)
    array([ 0.        , 20.72326584])
    """
    z, q = np.asarray(z, np.float64), np.asarray(q, np.float64)
    large = np.maximum(z, _ASYMPTOTIC)
    stirling = (large - 0.5) * np.log1p(q / large) + q * (np.log(large + q) - 1.0)
    stirling += _stirling_tail(large + q) - _stirling_tail(large)
    small = np.minimum(z, _ASYMPTOTIC)
    return np.where(z < _ASYMPTOTIC, gammaln(small + q) - gammaln(small), stirling)


def digamma_difference(z: ArrayLike, q: float, order: Literal[0, 1] = 0) -> FloatArray:
    r"""Return :math:`\psi^{(n)}(z + q) - \psi^{(n)}(z)`, the derivatives of :func:`log_gamma_ratio` in z.

    Parameters
    ----------
    z : array_like of float
        Above 0.
    q : float
        Above 0.
    order : {0, 1}
        0 for the digamma, 1 for the trigamma function.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> digamma_difference(2.0, 1.0)  # 1/2
    array(0.5)
    """
    z = np.asarray(z, np.float64)
    large = np.maximum(z, _ASYMPTOTIC)
    small = np.minimum(z, _ASYMPTOTIC)
    if order == 0:
        exact = digamma(small + q) - digamma(small)
        series = np.log1p(q / large) - (_digamma_tail(large + q) - _digamma_tail(large))
    else:
        exact = polygamma(1, small + q) - polygamma(1, small)
        series = -q / (large * (large + q)) + _trigamma_tail(large + q) - _trigamma_tail(large)
    return np.where(z < _ASYMPTOTIC, exact, series)


def _stirling_tail(z: FloatArray) -> FloatArray:
    """Return the correction series of Stirling's formula (DLMF 5.11.1), exact to rounding from 100 on."""
    w = 1 / (z * z)
    return (1 / 12 - w * (1 / 360 - w / 1260)) / z


def _digamma_tail(z: FloatArray) -> FloatArray:
    """Return log(z) - digamma(z) for large z (DLMF 5.11.2)."""
    return (0.5 + 1 / (12 * z)) / z


def _trigamma_tail(z: FloatArray) -> FloatArray:
    """Return trigamma(z) - 1/z for large z (DLMF 5.15.8)."""
    return (0.5 + 1 / (6 * z)) / (z * z)


def softplus_and_expit(y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return log(1 + exp(y)) and 1 / (1 + exp(-y)) by one exponential that cannot overflow.

    Parameters
    ----------
    y : ndarray of float64

    Returns
    -------
    softplus, expit : ndarray of float64
        Of the shape of y.

    Examples
    --------
    >>> softplus_and_expit(np.array([-1000.0, 0.0, 1000.0]))
    (array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03]), array([0. , 0.5, 1. ]))
    """
    with np.errstate(under="ignore"):
        small = np.exp(-np.abs(y))
    return np.maximum(y, 0.0) + np.log1p(small), np.where(y >= 0, 1.0, small) / (1.0 + small)
