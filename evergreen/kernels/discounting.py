"""Present values of expected purchases."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np

from evergreen.typing import FloatArray

_FORGOTTEN: Final = 60.0  # purchases discounted to less than exp(-60) of their worth are left out


def discount_nodes(horizon: float, scale: float, delta: float, finer: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """Return times and weights for integrals over the horizon of functions that are smooth in log time.

    Gauss-Legendre in ``log(scale + t)``.

    Parameters
    ----------
    horizon : float
        The upper end of the integral, above 0.
    scale : float
        The smallest time on which the functions change.
    delta : float
        Continuous discount rate per time unit.
    finer : float
        How many times as many nodes to take, for functions that swing.

    Returns
    -------
    t, weight : ndarray of float64, shape (m,)
        ``sum(weight * f(t))`` is the integral of f from 0 to the horizon.

    Examples
    --------
    >>> t, weight = discount_nodes(10.0, 2.0, 0.01)
    >>> round(float(weight @ np.exp(-0.01 * t)), 12) == round(float(-np.expm1(-0.1) / 0.01), 12)
    True
    """
    length = float(np.log1p(horizon / scale))
    points = int(finer * (12 + 4 * length + 2 * min(delta * horizon, 40.0)))
    node, weight = gauss_legendre(points)
    u = 0.5 * length * (node + 1)
    return scale * np.expm1(u), 0.5 * length * weight * scale * np.exp(u)


@lru_cache(maxsize=16)
def gauss_legendre(points: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights on [-1, 1], kept: all tables of one forecast ask for the same ones.

    Parameters
    ----------
    points : int
        How many, at least 1.

    Returns
    -------
    node, weight : ndarray of float64, shape (points,)

    Examples
    --------
    >>> node, weight = gauss_legendre(3)
    >>> round(float(weight @ node**4), 12)  # 2/5
    0.4
    """
    node, weight = np.polynomial.legendre.leggauss(points)
    return node, weight


def foreseeable(horizon: float, delta: float) -> float:
    """Return the horizon, or the nearer time from which on discounted purchases are worth nothing.

    Parameters
    ----------
    horizon : float
        Time ahead, may be infinite.
    delta : float
        Continuous discount rate per time unit, above 0.

    Returns
    -------
    float

    Examples
    --------
    >>> foreseeable(float("inf"), 0.1)
    600.0
    """
    return min(horizon, _FORGOTTEN / delta)


def discounted(
    cumulative: Callable[[float], FloatArray], horizon: float, scale: float, delta: float, finer: float = 1.0
) -> FloatArray:
    r"""Return the present value of purchases whose expected cumulative number is known at any time.

    Integration by parts,
    :math:`\int_0^h e^{-\delta t} dE(t) = e^{-\delta h} E(h) + \delta \int_0^h e^{-\delta t} E(t) dt`,
    needs no density and is exact for a rate of 0. An infinite horizon ends where nothing is worth anything any more.

    Parameters
    ----------
    cumulative : callable
        Expected purchases in (0, t], an array of any one shape for each t.
    horizon : float
        Time ahead, above 0; may be infinite with a ``delta`` above 0.
    scale : float
        The smallest time on which ``cumulative`` changes its course.
    delta : float
        Continuous discount rate per time unit, at least 0.
    finer : float
        How many times as many nodes to take, for functions that swing.

    Returns
    -------
    ndarray of float64
        Present value, in purchases, of the shape that ``cumulative`` returns.

    Examples
    --------
    >>> discounted(lambda t: np.array([3.0 * t]), 2.0, 1.0, 0.0)
    array([6.])
    """
    if delta == 0:
        return cumulative(horizon)
    value: FloatArray = np.zeros(())
    for t, worth in zip(*discount_rule(horizon, scale, delta, finer), strict=True):
        value = value + worth * cumulative(float(t))
    return value


def discount_rule(horizon: float, scale: float, delta: float, finer: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """Return times and what the purchases expected until each add to the present value.

    Parameters
    ----------
    horizon : float
        Time ahead, above 0; may be infinite.
    scale : float
        The smallest time on which expected purchases change their course.
    delta : float
        Continuous discount rate per time unit, above 0.
    finer : float
        As for :func:`discounted`.

    Returns
    -------
    times, worth : ndarray of float64, shape (m,)
        The sum of ``worth`` times the purchases expected in ``(0, times]`` is what :func:`discounted` returns; the
        end of the horizon comes first.

    Examples
    --------
    >>> times, worth = discount_rule(2.0, 1.0, 0.5)
    >>> round(float(worth @ (3.0 * times)), 12) == round(float(-3.0 * np.expm1(-1.0) / 0.5), 12)
    True
    """
    end = foreseeable(horizon, delta)
    t, weight = discount_nodes(end, scale, delta, finer)
    times = np.concatenate(([end], t))
    return times, np.concatenate(([1.0], delta * weight)) * np.exp(-delta * times)
