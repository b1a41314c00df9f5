"""Groups of numbers on a line with the least spread: k-means in one dimension, solved to its optimum.

Groups of an optimum are runs of neighbors, so dynamic programming over the distinct values finds it (Fisher, 1958; Wang
& Song, 2011): no starting points, no luck. The best start of the last group never moves back when values are added at
the end, hence divide and conquer: each of the k - 1 rounds looks at about m log m pairs of m distinct values.
"""

from __future__ import annotations

import numpy as np

from evergreen.kernels.special import running_sum
from evergreen.typing import FloatArray, IntArray


def optimal_starts(values: FloatArray, count: IntArray, groups: int) -> IntArray:
    """Return where the groups begin whose sum of squared distances to their means is the least.

    Parameters
    ----------
    values : ndarray of float64, shape (m,)
        Distinct values in ascending order.
    count : ndarray of int64, shape (m,)
        How often each occurs.
    groups : int
        Number of groups k, from 1 to m.

    Returns
    -------
    ndarray of int64, shape (k,)
        Position of the least value of each group. Of several optima, equal to the last bit, the one whose last groups
        begin first.

    Examples
    --------
    >>> optimal_starts(np.array([1.0, 2.0, 10.0, 11.0, 50.0]), np.array([1, 1, 1, 1, 1]), 3)
    array([0, 2, 4])
    """
    weight = count.astype(np.float64)
    values = np.ldexp(values, -np.frexp(np.abs(values).max())[1])  # squares of the largest and the least are numbers
    sums = _Sums(running_sum(weight), running_sum(weight * (values - np.average(values, weights=weight))))
    m = len(values)
    best = np.concatenate(([0.0], sums.explained(np.zeros(m, np.int64), np.arange(1, m + 1))))
    begins: list[IntArray] = []
    for group in range(2, groups + 1):
        best, begin = _with_one_more(best, sums, group)
        begins.append(begin)
    starts, end = [], m
    for begin in reversed(begins):
        end = int(begin[end])
        starts.append(end)
    return np.array([0, *reversed(starts)], np.int64)


class _Sums:
    """Sums of weights and of weighted centered values over all values before each."""

    def __init__(self, weight: FloatArray, value: FloatArray) -> None:
        self._weight = weight
        self._value = value

    def explained(self, begin: IntArray, end: IntArray) -> FloatArray:
        """Return the squares that the means of groups explain: what is not spread within them."""
        value = self._value[end] - self._value[begin]
        return value * value / (self._weight[end] - self._weight[begin])


def _with_one_more(before: FloatArray, sums: _Sums, group: int) -> tuple[FloatArray, IntArray]:
    """Return the best that so many groups explain of the first values, and where their last group begins.

    Arrays of shape (m + 1,), by the number of values. All middles of one depth are settled at once.
    """
    best, begin = np.full(len(before), -np.inf), np.zeros(len(before), np.int64)
    first, last = np.array([group]), np.array([len(before) - 1])  # numbers of values to settle
    low, high = np.array([group - 1]), np.array([len(before) - 2])  # where their last group may begin
    while len(first):
        end = (first + last) // 2
        begin[end], best[end] = _best_begin(before, sums, low, np.minimum(high, end - 1), end)
        first, last = np.concatenate((first, end + 1)), np.concatenate((end - 1, last))
        low, high = np.concatenate((low, begin[end])), np.concatenate((begin[end], high))
        open_ = first <= last
        first, last, low, high = first[open_], last[open_], low[open_], high[open_]
    return best, begin


def _best_begin(
    before: FloatArray, sums: _Sums, low: IntArray, high: IntArray, end: IntArray
) -> tuple[IntArray, FloatArray]:
    """Return the begin from low to high that explains most for each end, the first of equals, and how much."""
    size = high - low + 1
    offset = np.cumsum(size) - size
    which = np.repeat(np.arange(len(end)), size)
    tried = np.arange(len(which)) - offset[which] + low[which]
    found = before[tried] + sums.explained(tried, end[which])
    most = np.maximum.reduceat(found, offset)
    at = np.flatnonzero(found == most[which])
    _, first = np.unique(which[at], return_index=True)
    return tried[at[first]], most
