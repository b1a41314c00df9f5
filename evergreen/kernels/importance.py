"""Pareto-smoothed importance sampling: weights of draws from one distribution that stand for another.

Vehtari, Simpson, Gelman, Yao & Gabry (2024), Journal of Machine Learning Research 25(72): the largest importance
ratios are replaced by the quantiles of a generalized Pareto distribution fitted to them. Its shape k tells how far the
weights can be trusted.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from evergreen.typing import ArrayLike, FloatArray

_FEWEST: Final = 5  # ratios in a tail that a distribution can be fitted to
_PRIOR: Final = 10.0  # the weight, in observations, of the prior belief that k is 0.5
_SMALLEST: Final = 1e-150  # ratios below that share of the largest are no tail
_ALMOST: Final = 1e-12  # of the total weight: rounding must not move a quantile


def smoothed_weights(log_ratios: FloatArray) -> tuple[FloatArray, float]:
    """Return normalized importance weights, smoothed in their tail, and the shape of that tail.

    Parameters
    ----------
    log_ratios : ndarray of float64, shape (n,)
        Logarithm of target over proposal density at each draw, up to a constant; minus infinity where the target has
        no mass, finite for at least one draw.

    Returns
    -------
    weights : ndarray of float64, shape (n,)
        They add up to 1; in the order of the ratios.
    k_hat : float
        Shape of the fitted tail. The weights have moments up to order 1/k: up to 0.7 averages are reliable, from 1 on
        there is no mean. Infinite if the tail has fewer than 5 ratios (n <= 20, or hardly any draw has weight), minus
        infinity if the largest ratios are all equal; then the weights are those of the ratios.

    Examples
    --------
    Exponential draws of rate 2 that are to stand for the rate 1: the ratios are exp(draw), of tail shape 0.5.

    >>> draws = np.random.default_rng(1).exponential(1 / 2, 100_000)
    >>> weights, k_hat = smoothed_weights(draws)
    >>> round(k_hat, 1), round(float(weights @ draws), 1)
    (0.5, 1.0)
    """
    n = len(log_ratios)
    tail = math.ceil(min(n / 5, 3 * math.sqrt(n)))
    with np.errstate(under="ignore"):
        weights = np.exp(log_ratios - log_ratios.max())
    order = np.argsort(weights, kind="stable")
    cutoff = max(float(weights[order[max(n - tail - 1, 0)]]), _SMALLEST)
    largest = order[np.searchsorted(weights, cutoff, side="right", sorter=order) :]
    k_hat = math.inf if len(largest) else -math.inf
    if len(largest) >= _FEWEST:
        k_hat, scale = _generalized_pareto(weights[largest] - cutoff)
        middle = (np.arange(len(largest)) + 0.5) / len(largest)
        weights[largest] = np.minimum(cutoff + scale * _quantiles(middle, k_hat), 1.0)
    return weights / weights.sum(), k_hat


def effective_sample_size(weights: FloatArray) -> float:
    """Return how many draws of equal weight are worth as much (Kong, 1992).

    Parameters
    ----------
    weights : ndarray of float64, shape (n,)
        At least 0, not all 0; they need not add up to 1.

    Returns
    -------
    float
        From 1 to n.

    Examples
    --------
    >>> effective_sample_size(np.array([0.5, 0.25, 0.25])), effective_sample_size(np.array([2.0, 2.0]))
    (2.6666666666666665, 2.0)
    """
    share = weights / weights.sum()
    return 1 / float((share * share).sum())


def weighted_quantile(values: FloatArray, weights: FloatArray, levels: ArrayLike) -> FloatArray:
    """Return the smallest value below or at which the level of the weight lies.

    Parameters
    ----------
    values : ndarray of float64, shape (n,) or (n, m)
        Draws, or draws of m quantities.
    weights : ndarray of float64, shape (n,)
        Weight of each draw, at least 0, not all 0; they need not add up to 1.
    levels : array_like of float, shape (q,)
        In (0, 1].

    Returns
    -------
    ndarray of float64, shape (q,) or (q, m)

    Examples
    --------
    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0]), [0.5, 0.75])
    array([1., 2.])
    """
    order = np.argsort(values, axis=0, kind="stable")
    up_to = np.cumsum(weights[order], axis=0)
    found = [(up_to < up_to[-1] * (level - _ALMOST)).sum(axis=0) for level in np.asarray(levels, np.float64)]
    return np.take_along_axis(values, np.take_along_axis(order, np.array(found), axis=0), axis=0)


def _generalized_pareto(excess: FloatArray) -> tuple[float, float]:
    """Return shape and scale of the generalized Pareto distribution of positive values in ascending order.

    Zhang & Stephens (2009): the mean of theta = -k / scale under its profile likelihood and a prior made from the data,
    on a grid of the prior's quantiles; k is drawn toward 0.5 as Vehtari and others (2024, appendix G) do.
    """
    n = len(excess)
    nodes = 30 + math.isqrt(n)
    quartile, largest = float(excess[int(n / 4 + 0.5) - 1]), float(excess[-1])
    theta = 1 / largest + (1 - np.sqrt(nodes / (np.arange(nodes) + 0.5))) / (3 * quartile)
    shape = np.array([np.log1p(-each * excess).mean() for each in theta])
    profile = n * (np.log(-theta / shape) - shape - 1)
    likely = np.exp(profile - profile.max())
    best = float((theta * likely).sum() / likely.sum())
    k = float(np.log1p(-best * excess).mean())
    return (n * k + 0.5 * _PRIOR) / (n + _PRIOR), -k / best


def _quantiles(level: FloatArray, k: float) -> FloatArray:
    """Return quantiles of the generalized Pareto distribution of scale 1."""
    distance = -np.log1p(-level)
    return np.expm1(k * distance) / k if k else distance
