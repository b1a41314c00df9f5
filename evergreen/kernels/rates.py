"""Shares of customers, and how sure they are."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from evergreen.typing import FloatArray


def wilson_interval(successes: FloatArray, trials: FloatArray, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Return the score interval of Wilson (1927) for a share.

    Parameters
    ----------
    successes, trials : ndarray of float64, shape (n,)
        How many of how many, at least one.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float64, shape (n,)

    Examples
    --------
    >>> lower, upper = wilson_interval(np.array([0.0, 5.0]), np.array([10.0, 10.0]))
    >>> lower.round(4), upper.round(4)
    (array([0.    , 0.2366]), array([0.2775, 0.7634]))
    """
    z = float(ndtri(0.5 + level / 2))
    return _wilson_lower(successes, trials, z), 1 - _wilson_lower(trials - successes, trials, z)


def _wilson_lower(successes: FloatArray, trials: FloatArray, z: float) -> FloatArray:
    """Return the smaller root, as the product of both over the larger: without cancellation, and 0 for no success."""
    square = z * z
    root = np.sqrt(square * (square + 4 * successes * (trials - successes) / trials))
    return 2 * successes * successes / (trials * (2 * successes + square + root))
