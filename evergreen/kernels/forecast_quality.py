"""How good forecasts are, once it is known what happened.

Every measure takes rows with the ``count`` of customers that each stands for, one by default, and gives for distinct
rows what it gives for all customers. Equal scores are equal: none of the measures depends on how rows are ordered.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

from evergreen.kernels.binning import cut_ranks, scores
from evergreen.kernels.concentration import Gains, excess_area, share_of_top
from evergreen.kernels.grouping import places_and_sums, weights_of
from evergreen.kernels.rates import wilson_interval
from evergreen.kernels.special import running_sum
from evergreen.typing import BoolArray, FloatArray, IntArray

# ------------------------------------------------------------------------------------------------ errors


class Bias(NamedTuple):
    """What was expected of all customers beside what they did."""

    total: float
    """Expected minus actual."""
    relative: float
    """Expected over actual, minus 1; nan where nothing happened."""


def bias(expected: FloatArray, actual: FloatArray | IntArray, count: IntArray | None = None) -> Bias:
    """Return by how much the forecasts of all customers together were too high.

    Parameters
    ----------
    expected, actual : ndarray, shape (n,)
        Forecasts and what happened.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.

    Returns
    -------
    Bias

    Examples
    --------
    >>> bias(np.array([1.5, 0.5]), np.array([1, 0]), np.array([2, 6]))
    Bias(total=4.0, relative=2.0)
    """
    weight = weights_of(count, len(expected))
    happened = float((weight * actual).sum())
    total = float((weight * expected).sum()) - happened
    return Bias(total, total / happened if happened else math.nan)


def mean_absolute_error(expected: FloatArray, actual: FloatArray | IntArray, count: IntArray | None = None) -> float:
    """Return the mean distance between forecast and actual value.

    Parameters
    ----------
    expected, actual : ndarray, shape (n,)
        Forecasts and what happened; at least one row.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.

    Returns
    -------
    float

    Examples
    --------
    >>> mean_absolute_error(np.array([1.5, 0.5]), np.array([1, 2]))
    1.0
    """
    return float(np.average(np.abs(expected - actual), weights=count))


def root_mean_squared_error(
    expected: FloatArray, actual: FloatArray | IntArray, count: IntArray | None = None
) -> float:
    """Return the root of the mean squared distance between forecast and actual value.

    Parameters
    ----------
    expected, actual : ndarray, shape (n,)
        Forecasts and what happened; at least one row.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.

    Returns
    -------
    float

    Examples
    --------
    >>> root_mean_squared_error(np.array([1.0, 9.0]), np.array([2, 2]))
    5.0
    """
    return math.sqrt(np.average((expected - actual) ** 2, weights=count))


# ------------------------------------------------------------------------------------------------ order


def auc(score: FloatArray, outcome: BoolArray, count: IntArray | None = None) -> float:
    """Return how often a customer with the outcome has a higher score than one without.

    The area under the receiver operating characteristic; the statistic of Mann & Whitney (1947) over the number of
    pairs. Equal scores count half, so that a score that tells nothing has one half.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
        The higher, the likelier.
    outcome : ndarray of bool, shape (n,)
        Whether it happened.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.

    Returns
    -------
    float
        Between 0 and 1; nan if the outcome is the same for all.

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True]))
    0.875
    """
    weight = weights_of(count, len(score))
    _, (with_it, without) = places_and_sums(score, weight * outcome, weight * ~outcome)
    pairs = with_it.sum() * without.sum()
    won_twice = (with_it * (2 * np.cumsum(without) - without)).sum()
    return float(won_twice / (2 * pairs)) if pairs else math.nan


def rank_correlation(
    first: FloatArray | IntArray, second: FloatArray | IntArray, count: IntArray | None = None
) -> float:
    """Return the rank correlation of Spearman (1904); customers of equal value share the mean of their ranks.

    Parameters
    ----------
    first, second : ndarray, shape (n,)
        Two numbers for each row.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.

    Returns
    -------
    float
        Between -1 and 1; nan if either number is the same for all.

    Examples
    --------
    >>> rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([10, 30, 20]))
    0.5
    """
    weight = weights_of(count, len(first))
    a, b = _centered_ranks(first, weight), _centered_ranks(second, weight)
    spread = math.sqrt((weight * a * a).sum() * (weight * b * b).sum())
    return float((weight * a * b).sum() / spread) if spread else math.nan


def _centered_ranks(values: FloatArray | IntArray, weight: FloatArray) -> FloatArray:
    """Return ranks less their mean, equal values in the middle of their ranks."""
    position, (customers,) = places_and_sums(values, weight)
    return np.asarray((np.cumsum(customers) - customers / 2 - customers.sum() / 2)[position])


def gains(score: FloatArray, value: FloatArray, count: IntArray | None = None) -> Gains:
    """Return the curve of cumulative gains, best customers first.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
        The higher, the better.
    value : ndarray of float64, shape (n,)
        Actual value of each customer of the row.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.

    Returns
    -------
    Gains

    Examples
    --------
    >>> gains(np.array([1.0, 7.0, 1.0]), np.array([4.0, 8.0, 0.0]))
    Gains(customers=array([0, 1, 3]), value=array([ 0.,  8., 12.]))
    """
    weight = weights_of(count, len(score))
    _, (customers, worth) = places_and_sums(score, weight, weight * value)
    return Gains(running_sum(customers[::-1]).astype(np.int64), running_sum(worth[::-1]))


def captured_by_top(score: FloatArray, value: FloatArray, share: float, count: IntArray | None = None) -> float:
    """Return the share of the actual value that the top share of customers by a score brought.

    Customers of equal score at the boundary bring the mean of theirs. Over ``share`` it is the lift.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
        The higher, the better.
    value : ndarray of float64, shape (n,)
        Actual value of each customer of the row.
    share : float
        Share of customers in (0, 1]; how many that are, :func:`~evergreen.kernels.concentration.top_count` says.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.

    Returns
    -------
    float
        Nan if there is no value.

    Examples
    --------
    >>> captured_by_top(np.array([3.0, 2.0, 2.0, 1.0]), np.array([4.0, 0.0, 2.0, 2.0]), 0.5)
    0.625
    """
    return share_of_top(gains(score, value, count), share)


def normalized_gini(score: FloatArray, value: FloatArray, count: IntArray | None = None) -> float:
    """Return the area that a score's gains have over those of no order, relative to the perfect order's.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
        The higher, the better.
    value : ndarray of float64, shape (n,)
        Actual value of each customer of the row.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.

    Returns
    -------
    float
        1 for an order by the actual value, 0 for none, -1 for the reverse; nan if all values are equal.

    Examples
    --------
    >>> normalized_gini(np.array([3.0, 1.0, 2.0]), np.array([6.0, 3.0, 0.0]))
    0.5
    """
    perfect = excess_area(gains(value, value, count))
    return excess_area(gains(score, value, count)) / perfect if perfect else math.nan


# ------------------------------------------------------------------------------------------------ probabilities


def brier_score(probability: FloatArray, outcome: BoolArray, count: IntArray | None = None) -> float:
    """Return the mean squared distance between probability and outcome (Brier, 1950).

    Parameters
    ----------
    probability : ndarray of float64, shape (n,)
        Of the outcome.
    outcome : ndarray of bool, shape (n,)
        Whether it happened; at least one row.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.

    Returns
    -------
    float
        0 is perfect; one half for everybody has 0.25.

    Examples
    --------
    >>> brier_score(np.array([0.5, 1.0]), np.array([False, True]))
    0.125
    """
    return float(np.average((probability - outcome) ** 2, weights=count))


def log_score(probability: FloatArray, outcome: BoolArray, count: IntArray | None = None) -> float:
    """Return the mean logarithm of the probability given to what happened (Good, 1952).

    Parameters
    ----------
    probability : ndarray of float64, shape (n,)
        Of the outcome.
    outcome : ndarray of bool, shape (n,)
        Whether it happened; at least one row.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.

    Returns
    -------
    float
        0 is perfect, minus infinity what had been ruled out; one half for everybody has -0.693.

    Examples
    --------
    >>> round(log_score(np.array([0.5, 1.0]), np.array([False, True])), 4)
    -0.3466
    """
    with np.errstate(divide="ignore"):
        given = np.where(outcome, np.log(probability), np.log1p(-probability))
    return float(np.average(given, weights=count))


class Calibration(NamedTuple):
    """Probabilities in bins, from low to high, beside what happened; arrays of shape (bins that are not empty,)."""

    customers: IntArray
    """Customers in the bin."""
    predicted: FloatArray
    """Mean probability."""
    observed: FloatArray
    """Share with the outcome."""
    lower: FloatArray
    """Lower bound for the true share."""
    upper: FloatArray
    """Upper bound for the true share."""

    @property
    def error(self) -> float:
        """Expected calibration error: the mean distance, over customers, of predicted and observed shares."""
        return mean_absolute_error(self.predicted, self.observed, self.customers)


def calibration(
    probability: FloatArray,
    outcome: BoolArray,
    count: IntArray | None = None,
    *,
    bins: int = 10,
    by: Literal["customers", "width"] = "customers",
    level: float = 0.95,
) -> Calibration:
    """Return probabilities in bins beside the share of customers with the outcome.

    Parameters
    ----------
    probability : ndarray of float64, shape (n,)
        Of the outcome.
    outcome : ndarray of bool, shape (n,)
        Whether it happened; at least one row.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.
    bins : int
        How many; fewer if some are empty.
    by : {"customers", "width"}
        Bins of equally many customers, as far as equal probabilities stay together, or of equal width.
    level : float
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    Calibration

    Examples
    --------
    >>> found = calibration(np.array([0.1, 0.3, 0.7, 0.9]), np.array([False, True, True, True]), bins=2)
    >>> found.predicted, found.observed, round(found.error, 3)
    (array([0.2, 0.8]), array([0.5, 1. ]), 0.25)
    """
    weight = weights_of(count, len(probability))
    cuts = _equal_cuts(probability, weight, bins) if by == "customers" else np.arange(1, bins) / bins
    _, (customers, expected, with_it) = places_and_sums(
        scores(probability, cuts), weight, weight * probability, weight * outcome
    )
    lower, upper = wilson_interval(with_it, customers, level)
    return Calibration(customers.astype(np.int64), expected / customers, with_it / customers, lower, upper)


def _equal_cuts(values: FloatArray, weight: FloatArray, bins: int) -> FloatArray:
    """Return the values of the customers at the ranks that cut the base into equal parts."""
    order = np.argsort(values)
    up_to = np.cumsum(weight[order])
    return values[order[np.searchsorted(up_to, cut_ranks(int(up_to[-1]), bins))]]
