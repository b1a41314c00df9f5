"""Scores that cut customers into equal parts without tearing equal customers apart."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evergreen.typing import FloatArray, IntArray

_MOST_IN_A_BYTE: Final = 255
_SAME: Final = 1 - 1e-12  # shares of a weight that differ by less are equal: sums are rounded


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


def cuts_of_equal_weight(values: FloatArray, weight: FloatArray, bins: int) -> FloatArray:
    """Return the cut points of a score that gives each of its values an equal share of a weight.

    Parameters
    ----------
    values : ndarray of float64, shape (m,)
        Distinct values in ascending order, the larger the better.
    weight : ndarray of float64, shape (m,)
        Weight of each, such as revenue; at least 0, and above 0 somewhere.
    bins : int
        Number of scores K.

    Returns
    -------
    ndarray of float64, shape (bins - 1,)
        With them, :func:`scores` is ``1 + floor(K * share of the weight of values strictly worse)``, at most K.

    Examples
    --------
    >>> cuts_of_equal_weight(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]), 2)
    array([2.])
    """
    up_to = np.cumsum(weight)
    return values[np.searchsorted(bins * up_to, up_to[-1] * _SAME * np.arange(1, bins))]


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
    found: npt.NDArray[Any] = np.ones(len(values), np.uint8 if len(cuts) < _MOST_IN_A_BYTE else np.int64)
    for cut in cuts:
        found += values > cut
    return found.astype(np.int64)
