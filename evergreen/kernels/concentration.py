"""How unequally a total is spread over customers.

Everything is read off one curve, :class:`Gains` with the best customers first: the Lorenz curve turned around. With
losses it rises above the total and falls back to it, and is then called a whale curve.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from evergreen.kernels.grouping import distinct_rows
from evergreen.kernels.special import running_sum
from evergreen.typing import FloatArray, IntArray

_ROUNDING: Final = 1e-9  # of a customer
_SAME: Final = 1 - 1e-12  # shares of a total that differ by less are equal: sums are rounded


class Gains(NamedTuple):
    """Cumulative gains: the value of the best customers by a score, after none, and after each distinct score."""

    customers: IntArray
    """How many customers have this score or a better one, shape (m + 1,)."""
    value: FloatArray
    """Their actual value, shape (m + 1,); between two points, of equal scores, it grows evenly."""


def levels_of(values: FloatArray, count: IntArray | None = None) -> tuple[FloatArray, IntArray]:
    """Return the distinct values in ascending order and how many customers have each.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        One value for each row.
    count : ndarray of int64, shape (n,), optional
        Customers of each row, one by default.

    Returns
    -------
    values : ndarray of float64, shape (m,)
    count : ndarray of int64, shape (m,)

    Examples
    --------
    >>> levels_of(np.array([5.0, 1.0, 5.0]))
    (array([1., 5.]), array([1, 2]))
    """
    if count is None:
        distinct, customers = np.unique(values, return_counts=True)
        return distinct, customers
    (distinct,), customers = distinct_rows([values], count)
    return distinct, customers


def whale_curve(values: FloatArray, count: IntArray) -> Gains:
    """Return the curve of a total over its customers, the best first.

    Parameters
    ----------
    values : ndarray of float64, shape (m,)
        Distinct values in ascending order.
    count : ndarray of int64, shape (m,)
        Customers who have each.

    Returns
    -------
    Gains

    Examples
    --------
    >>> whale_curve(np.array([-3.0, 1.0, 9.0]), np.array([1, 2, 1]))
    Gains(customers=array([0, 1, 3, 4]), value=array([ 0.,  9., 11.,  8.]))
    """
    return Gains(running_sum(count[::-1].astype(np.float64)).astype(np.int64), running_sum((values * count)[::-1]))


def excess_area(curve: Gains) -> float:
    """Return the area under a curve less that under the straight line, in value times customers.

    Parameters
    ----------
    curve : Gains

    Returns
    -------
    float

    Examples
    --------
    >>> excess_area(Gains(np.array([0, 1, 2]), np.array([0.0, 6.0, 8.0])))
    2.0
    """
    area = (np.diff(curve.customers) * (curve.value[1:] + curve.value[:-1])).sum() / 2
    return float(area - curve.customers[-1] * curve.value[-1] / 2)


def gini(curve: Gains) -> float:
    """Return the coefficient of Gini (1912): the area above the straight line, as a share of half the square.

    Parameters
    ----------
    curve : Gains
        With the best customers first.

    Returns
    -------
    float
        0 where all values are equal, at most 1 - 1/n where none is negative; above 1 with losses large enough; nan
        where the total is not positive.

    Examples
    --------
    >>> gini(whale_curve(np.array([0.0, 8.0]), np.array([3, 1])))
    0.75
    """
    whole = float(curve.customers[-1]) * float(curve.value[-1])
    return 2 * excess_area(curve) / whole if whole > 0 else math.nan


def top_count(customers: int, share: float) -> int:
    """Return how many customers the top share of a base is: rounded up, at least one.

    Parameters
    ----------
    customers : int
        Number of customers.
    share : float
        Share of customers, in (0, 1].

    Returns
    -------
    int

    Examples
    --------
    >>> top_count(2357, 0.2)
    472
    """
    return min(customers, max(1, math.ceil(share * customers - _ROUNDING)))


def value_of_top(count: int, threshold: float, above: int, value_above: float) -> float:
    """Return the value of the best ``count`` customers from one threshold.

    Parameters
    ----------
    count : int
        How many customers are the top.
    threshold : float
        Value of the last of them.
    above : int
        Customers whose value strictly exceeds the threshold; fewer than ``count``.
    value_above : float
        Their summed value.

    Returns
    -------
    float

    Examples
    --------
    >>> value_of_top(3, threshold=5.0, above=1, value_above=9.0)  # 9 + 5 + 5
    19.0
    """
    return value_above + (count - above) * threshold


def share_of_top(curve: Gains, share: float) -> float:
    """Return the share of the total that the top share of customers brings.

    Parameters
    ----------
    curve : Gains
    share : float
        Share of customers in (0, 1]; how many that are, :func:`top_count` says. Those of one level bring equal parts.

    Returns
    -------
    float
        Nan if the total is 0.

    Examples
    --------
    >>> share_of_top(whale_curve(np.array([1.0, 7.0]), np.array([3, 1])), 0.5)
    0.8
    """
    top, total = top_count(int(curve.customers[-1]), share), float(curve.value[-1])
    return float(np.interp(top, curve.customers, curve.value)) / total if total else math.nan


def smallest_counts(curve: Gains, shares: FloatArray | Sequence[float]) -> IntArray:
    """Return how few of the best customers bring shares of the total.

    Parameters
    ----------
    curve : Gains
        With the best customers first and a positive total.
    shares : array_like of float, shape (k,)
        Shares of the total, in (0, 1].

    Returns
    -------
    ndarray of int64, shape (k,)

    Examples
    --------
    >>> smallest_counts(whale_curve(np.array([1.0, 7.0]), np.array([3, 1])), [0.7, 0.8, 1.0])
    array([1, 2, 4])
    """
    rising = slice(0, int(curve.value.argmax()) + 1)
    customers, value = curve.customers[rising], curve.value[rising]
    wanted = np.asarray(shares, np.float64) * (curve.value[-1] * _SAME)
    after = np.clip(np.searchsorted(value, wanted), 1, len(value) - 1)
    each = (value[after] - value[after - 1]) / (customers[after] - customers[after - 1])
    more = np.ceil((wanted - value[after - 1]) / each - _ROUNDING).astype(np.int64)
    return customers[after - 1] + np.maximum(more, 1)


def class_floors(values: FloatArray, curve: Gains, shares: Sequence[float]) -> FloatArray:
    """Return the least value of the class whose betters make less than a share of the total.

    A customer is in the class of a share if those of strictly greater value bring less than that share together. So
    equal customers share a class, the best one is always in it, and whoever brings nothing never is.

    Parameters
    ----------
    values : ndarray of float64, shape (m,)
        Distinct values in ascending order.
    curve : Gains
        Their curve, best first, with a positive total.
    shares : sequence of float, shape (k,)
        Between 0 and 1.

    Returns
    -------
    ndarray of float64, shape (k,)

    Examples
    --------
    >>> values = np.array([0.0, 1.0, 2.0, 9.0])
    >>> class_floors(values, whale_curve(values, np.array([1, 1, 1, 1])), [0.5, 0.8, 0.95])
    array([9., 2., 1.])
    """
    better, total = curve.value[:-1], curve.value[-1] * _SAME
    inside = [int((better >= share * total).argmax()) or len(values) for share in shares]
    return values[[len(values) - among for among in inside]]


def shares_of_sum(values: FloatArray | IntArray) -> FloatArray:
    """Return each value's share of their sum; nan if that is 0.

    Examples
    --------
    >>> shares_of_sum(np.array([1.0, 3.0]))
    array([0.25, 0.75])
    """
    total = values.sum()
    return values / total if total else np.full(len(values), np.nan)
