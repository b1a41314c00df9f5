"""What rows of a table of moves have in common: a Dirichlet prior, and how strongly the rows obey it."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import gammaln

from evergreen.typing import FloatArray, IntArray

_LOG_STRENGTH: Final = (-7.0, 14.0)
"""Where the strength of a prior is sought: from a thousandth of a customer to a million."""


def stay_or_go(counts: IntArray) -> FloatArray:
    """Return what a row is like about which nothing is known but the others.

    A customer stays as often as customers of all states do together; one who moves goes where all who move go.

    Parameters
    ----------
    counts : ndarray of int64, shape (k, k)
        Moves from the state of the row to that of the column.

    Returns
    -------
    ndarray of float64, shape (k, k)
        Rows add up to 1. A state that nobody moves to is moved to by nobody.

    Examples
    --------
    >>> stay_or_go(np.array([[6, 2, 0], [1, 8, 1], [0, 0, 2]])).round(3)
    array([[0.8  , 0.133, 0.067],
           [0.1  , 0.8  , 0.1  ],
           [0.067, 0.133, 0.8  ]])
    """
    k = len(counts)
    moved = (counts - np.diag(np.diag(counts))).sum(axis=0).astype(np.float64)
    stays = float(np.trace(counts)) / max(float(counts.sum()), 1.0)
    elsewhere = np.tile(moved, (k, 1))
    np.fill_diagonal(elsewhere, 0.0)
    total = elsewhere.sum(axis=1, keepdims=True)
    toward = np.divide((1 - stays) * elsewhere, total, out=np.zeros((k, k)), where=total > 0)
    np.fill_diagonal(toward, 1.0 - toward.sum(axis=1))
    return toward


def log_likelihood(counts: IntArray, toward: FloatArray, strength: float) -> float:
    """Return the Dirichlet-multinomial log-likelihood of the rows (Mosimann, 1962), without the ways to order moves.

    Parameters
    ----------
    counts : ndarray of int64, shape (k, k)
    toward : ndarray of float64, shape (k, k)
        The mean of each row; above 0 where anything was counted.
    strength : float
        Weight of the mean, in customers; above 0.

    Returns
    -------
    float

    Examples
    --------
    One customer goes each way with the probability of the mean, whatever the strength:

    >>> found = log_likelihood(np.array([[1, 0]]), np.array([[0.25, 0.75]]), 3.0)
    >>> round(float(np.exp(found)), 12)
    0.25
    """
    cells = toward > 0
    alpha = strength * toward[cells]
    all_ = counts.sum(axis=1)
    return float(
        (gammaln(alpha + counts[cells]) - gammaln(alpha)).sum() + (gammaln(strength) - gammaln(strength + all_)).sum()
    )


def fitted_strength(counts: IntArray, toward: FloatArray) -> float:
    """Return the strength of highest likelihood: how many customers the other rows are worth to each.

    Parameters
    ----------
    counts : ndarray of int64, shape (k, k)
    toward : ndarray of float64, shape (k, k)

    Returns
    -------
    float
        From about 0.001 (rows have nothing in common) to about 1e6 (they are all alike).

    Examples
    --------
    >>> alike, unlike = np.array([[70, 30], [32, 68]]), np.array([[99, 1], [60, 40]])
    >>> fitted_strength(alike, stay_or_go(alike)) > 100 * fitted_strength(unlike, stay_or_go(unlike))
    True
    """
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log_strength: -log_likelihood(counts, toward, float(np.exp(log_strength))),
        bounds=_LOG_STRENGTH,
        method="bounded",
    )
    return float(np.exp(found.x))


def dirichlet_draws(alpha: FloatArray, draws: int, random: np.random.Generator) -> FloatArray:
    """Return rates that rows may have.

    Parameters
    ----------
    alpha : ndarray of float64, shape (k, k)
        Parameters of the Dirichlet distribution of each row, in customers.
    draws : int
    random : numpy.random.Generator

    Returns
    -------
    ndarray of float64, shape (draws, k, k)
        Rows add up to 1. What is possible in one draw is possible in all: a rate is 0 where ``alpha`` is.

    Examples
    --------
    >>> drawn = dirichlet_draws(np.array([[8.0, 2.0], [0.0, 5.0]]), 4, np.random.default_rng(0))
    >>> drawn.shape, drawn[:, 1].tolist()
    ((4, 2, 2), [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    """
    raw = random.standard_gamma(alpha, (draws, *alpha.shape))
    raw = np.where(alpha > 0, np.maximum(raw, np.finfo(np.float64).tiny), 0.0)
    return np.asarray(raw / raw.sum(axis=-1, keepdims=True), np.float64)
