"""Whether one score orders customers better than another, or by chance, on the same customers."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from evergreen.kernels.grouping import places_and_sums, weights_of
from evergreen.typing import BoolArray, FloatArray, IntArray


class AucDifference(NamedTuple):
    """The areas under two curves for the same customers."""

    first: float
    """AUC of the first score."""
    second: float
    """AUC of the second score."""
    standard_error: float
    """Of the difference between them; nan with fewer than two customers on either side."""


def auc_difference(
    first: FloatArray, second: FloatArray, outcome: BoolArray, count: IntArray | None = None
) -> AucDifference:
    """Return the AUCs of two scores of the same customers, and the standard error of their difference.

    The paired, non-parametric error of DeLong, DeLong & Clarke-Pearson (1988). Each customer with the outcome beats a
    share of those without it by either score; it is the spread of the difference of these shares over customers that
    makes the difference of the areas unsure. By ranks in the time of a sort, as Sun & Xu (2014) do.

    Parameters
    ----------
    first, second : ndarray of float64, shape (n,)
        The higher, the likelier; equal scores count half.
    outcome : ndarray of bool, shape (n,)
        Whether it happened.
    count : ndarray of int64, shape (n,), optional
        Customers of each row.

    Returns
    -------
    AucDifference
        All nan if the outcome is the same for all.

    Examples
    --------
    >>> happened = np.array([True, True, False, False])
    >>> auc_difference(np.array([4.0, 3.0, 2.0, 1.0]), np.array([4.0, 1.0, 3.0, 2.0]), happened)
    AucDifference(first=1.0, second=0.5, standard_error=0.5)
    """
    weight = weights_of(count, len(outcome))
    with_it, without = weight * outcome, weight * ~outcome
    cases, others = float(with_it.sum()), float(without.sum())
    if not cases or not others:
        return AucDifference(math.nan, math.nan, math.nan)
    above_a, below_a = _shares_beaten(first, with_it / cases, without / others)
    above_b, below_b = _shares_beaten(second, with_it / cases, without / others)
    variance = _variance_of_mean(above_a - above_b, with_it) + _variance_of_mean(below_a - below_b, without)
    return AucDifference(float(with_it @ above_a) / cases, float(with_it @ above_b) / cases, math.sqrt(variance))


def _shares_beaten(score: FloatArray, with_it: FloatArray, without: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return for each row the share without the outcome below it, and the share with the outcome above it."""
    position, (cases, others) = places_and_sums(score, with_it, without)
    below, above = np.cumsum(others) - others / 2, cases.sum() - np.cumsum(cases) + cases / 2
    return below[position], above[position]


def _variance_of_mean(values: FloatArray, weight: FloatArray) -> float:
    """Return the estimated variance of the mean of values that occur so often."""
    total = float(weight.sum())
    if total < 2:
        return math.nan
    away = values - float(weight @ values) / total
    return float(weight @ (away * away)) / ((total - 1) * total)
