"""Scores that cut customers into equal parts without tearing equal customers apart."""

from __future__ import annotations

import numpy as np

from evergreen.typing import FloatArray, IntArray


def cut_ranks(customers: int, bins: int) -> IntArray:
    """Return the ranks of the order statistics that are the cut points of a quantile score.

    Parameters
    ----------
    customers : int
        Number of customers n.
    bins : int
        Number of scores K.

    Returns
    -------
    ndarray of int64, shape (bins - 1,)
        ``ceil(n k / K)`` for k = 1 ... K - 1: ranks from 1 (the worst customer) to n (the best).

    Examples
    --------
    >>> cut_ranks(10, 4)
    array([3, 5, 8])
    """
    k = np.arange(1, bins)
    return np.asarray(-(-customers * k // bins), np.int64)


def scores(values: FloatArray, cuts: FloatArray) -> IntArray:
    """Return 1 plus the number of cut points that a value strictly exceeds.

    With the values at :func:`cut_ranks` as cut points this is ``1 + floor(K * share of customers strictly worse)``,
    at most K, in whole-number arithmetic: equal values have equal scores in whatever order the rows stand, and K means
    "strictly better than at least a share (K - 1)/K".

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        The larger, the better.
    cuts : ndarray of float64, shape (m,)
        Cut points, in any order.

    Returns
    -------
    ndarray of int64, shape (n,)
        From 1 to m + 1.

    Examples
    --------
    >>> scores(np.array([1.0, 1.0, 5.0]), np.array([1.0, 1.0, 1.0, 1.0]))
    array([1, 1, 5])
    """
    found = np.ones(len(values), np.int64)
    for cut in cuts:
        found += values > cut
    return found
