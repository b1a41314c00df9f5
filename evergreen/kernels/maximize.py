"""Maximum of a smooth function of a few parameters inside a box, by a trust-region Newton method.

Likelihoods here have at most a handful of parameters and cheap exact Hessians, so that every step solves its
quadratic model exactly. Optima on the box are kept and reported, never treated as failures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from evergreen.typing import BoolArray, FloatArray

Objective = Callable[[FloatArray], tuple[float, FloatArray, FloatArray]]

_GRADIENT: Final = 1e-12  # an inner optimum has no free slope above this
_ROUNDING: Final = 4 * np.finfo(float).eps  # gains below this share of the value cannot be told from rounding
_UNSURE: Final = 100.0  # up to so many times that share a sum of many terms may be off: the slope judges a step


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """Where the search ended.

    Attributes
    ----------
    point : ndarray of float64, shape (d,)
    value : float
    gradient : ndarray of float64, shape (d,)
    hessian : ndarray of float64, shape (d, d)
    at_lower, at_upper : ndarray of bool, shape (d,)
        Coordinates on a face of the box with the slope pointing out of it.
    evaluations : int
    converged : bool
        False only if the evaluations ran out.
    """

    point: FloatArray
    value: float
    gradient: FloatArray
    hessian: FloatArray
    at_lower: BoolArray
    at_upper: BoolArray
    evaluations: int
    converged: bool


def maximize(
    objective: Objective,
    start: FloatArray,
    *,
    lower: FloatArray,
    upper: FloatArray,
    max_evaluations: int = 200,
) -> Maximum:
    """Return a local maximum of a function inside a box.

    Parameters
    ----------
    objective : callable
        Point, shape (d,), to value, gradient and Hessian, scaled so that values are of order one.
    start : ndarray of float64, shape (d,)
        A point inside the box.
    lower, upper : ndarray of float64, shape (d,)
        The box.
    max_evaluations : int
        Where to stop at the latest.

    Returns
    -------
    Maximum

    Notes
    -----
    Moré & Sorensen (1983) steps on the free coordinates; a step is cut to the box coordinate by coordinate.

    Examples
    --------
    >>> def parabola(z):
    ...     return float(-((z - 3) ** 2).sum()), -2 * (z - 3), -2 * np.eye(len(z))
    >>> found = maximize(parabola, np.zeros(2), lower=np.zeros(2), upper=np.array([9.0, 2.0]))
    >>> found.point, found.at_upper
    (array([3., 2.]), array([False,  True]))
    """
    point = np.clip(start, lower, upper)
    value, gradient, hessian = objective(point)
    radius, evaluations, converged = 1.0, 1, False
    while True:
        at_lower, at_upper = (point <= lower) & (gradient <= 0), (point >= upper) & (gradient >= 0)
        free = ~(at_lower | at_upper)
        if not free.any() or np.abs(gradient[free]).max() < _GRADIENT:
            converged = True
            break
        if evaluations >= max_evaluations:
            break
        step = np.zeros_like(point)
        step[free] = _step(gradient[free], hessian[np.ix_(free, free)], radius)
        target = np.clip(point + step, lower, upper)
        step = target - point
        promised = float(gradient @ step + 0.5 * step @ hessian @ step)
        new = objective(target)
        evaluations += 1
        gained = new[0] - value
        noise = _ROUNDING * max(1.0, abs(value))
        if promised <= _UNSURE * noise and abs(gained) <= _UNSURE * noise:
            flatter = bool(np.abs(new[1][free]).max() < np.abs(gradient[free]).max())
            if flatter:
                point, (value, gradient, hessian) = target, new
                radius = max(radius, 2.5 * float(np.linalg.norm(step)))
            if promised <= noise or not flatter:
                converged = True
                break
            continue
        quality = gained / promised if promised > 0 else -1.0
        size = float(np.linalg.norm(step))
        radius = _next_radius(radius, size, quality)
        if quality > 1e-4:
            point, (value, gradient, hessian) = target, new
    at_lower, at_upper = (point <= lower) & (gradient <= 0), (point >= upper) & (gradient >= 0)
    return Maximum(point, value, gradient, hessian, at_lower, at_upper, evaluations, converged)


def _next_radius(radius: float, size: float, quality: float) -> float:
    if not quality > 0.25:
        return 0.25 * size
    return max(radius, 2.5 * size) if quality > 0.75 else radius


def _step(gradient: FloatArray, hessian: FloatArray, radius: float) -> FloatArray:
    """Return the maximizer of the quadratic model within the radius."""
    curvature, axes = np.linalg.eigh(-hessian)
    slope = axes.T @ gradient
    floor = max(0.0, -float(curvature[0])) + 1e-12 * max(1.0, float(np.abs(curvature).max()))

    def length(shift: float) -> float:
        return float(np.linalg.norm(slope / (curvature + shift)))

    if curvature[0] > 0 and length(0.0) <= radius:
        return np.asarray(axes @ (slope / curvature))
    low, high = floor, floor + float(np.linalg.norm(slope)) / radius
    for _ in range(60):
        shift = 0.5 * (low + high)
        low, high = (shift, high) if length(shift) > radius else (low, shift)
    return np.asarray(axes @ (slope / (curvature + high)))
