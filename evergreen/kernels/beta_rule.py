r"""Means over a beta distribution, to nearly full precision for any shape.

Expected purchases of the BG/NBD family are means over the dropout probability :math:`p \sim Beta(a, b)` of a
smooth function of :math:`\log p`. Hypergeometric closed forms of these overflow, cancel or are 0/0 for some
parameters; a sum of positive terms does none of that. On the scale :math:`y = \log(p/(1-p))` every integrand
met here is analytic in a strip about the real line, where the trapezoidal rule converges exponentially
(Trefethen & Weideman, 2014); stretching the far tails exponentially (Takahasi & Mori, 1974) keeps the number of
nodes at about a hundred, whatever the shape.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import expit

from evergreen.typing import FloatArray

_STEP: Final = 0.25  # the error of the rule is about exp(-pi^2 / step), times powers that a moment of p brings
_NEGLIGIBLE: Final = 70.0  # nodes whose density is below exp(-70) of the largest are left out
_FLOOR: Final = 1e-200  # nodes below are put here, where every function is flat: for small a they would underflow to 0
_MARGIN: Final = 4.0  # units of y that the unstretched middle reaches beyond the outermost feature


def beta_rule(a: float, b: float, smallest: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights for means over a beta distribution.

    Parameters
    ----------
    a, b : float
        Shape parameters, above 0.
    smallest : float
        The smallest p at which the functions to be averaged still change their course, in (0, 1]; below it
        they are flat. The rule resolves the distribution and everything from there on.

    Returns
    -------
    p : ndarray of float64, shape (m,)
        Nodes in (0, 1).
    weight : ndarray of float64, shape (m,)
        Positive weights that add up to 1.

    Examples
    --------
    >>> p, weight = beta_rule(2.0, 3.0)
    >>> round(float(weight @ p), 12)
    0.4
    """
    center, scale = _center(a, b)
    left = (min(center, np.log(smallest)) - _MARGIN - center) / scale
    right = (max(center, 0.0) + _MARGIN - center) / scale
    u = _grid(a, b, scale, left, right)
    stretch_right, stretch_left = np.exp(u - right), np.exp(left - u)
    y = center + scale * (u + stretch_right - stretch_left)
    with np.errstate(under="ignore"):
        log_density = -a * np.logaddexp(0.0, -y) - b * np.logaddexp(0.0, y) + np.log1p(stretch_right + stretch_left)
    log_density -= log_density.max()
    kept = log_density > -_NEGLIGIBLE
    weight = np.exp(log_density[kept])
    return np.maximum(expit(y[kept]), _FLOOR), weight / weight.sum()


def _center(a: float, b: float) -> tuple[float, float]:
    """Return the mode of the log-odds and the unit of the grid: their spread, at most 1."""
    spread = np.sqrt(1 / a + 1 / b)
    return float(np.log(a / b)), float(min(1.0, 1.3 * spread))


def _grid(a: float, b: float, scale: float, left: float, right: float) -> FloatArray:
    """Return the even grid that reaches, stretched, to where the density is negligible."""
    far_left = min(left, 0.0) - np.log1p(_NEGLIGIBLE / (a * scale))
    far_right = max(right, 0.0) + np.log1p(_NEGLIGIBLE / (b * scale))
    return np.asarray(np.arange(np.floor(far_left / _STEP), np.ceil(far_right / _STEP) + 1) * _STEP)
