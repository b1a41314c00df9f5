"""Measures of forecasts against scipy, scikit-learn, plain loops, and all customers one by one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from evergreen.kernels import forecast_quality as quality


@st.composite
def bases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores with many ties, whole values, and customers of each row."""
    rows = draw(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5), st.integers(1, 4)), min_size=1, max_size=40))
    score, value, count = np.array(rows).T
    return score / 8, value, count


@st.composite
def varied_bases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Scores and values, neither of which is the same for all."""
    score, value, _ = draw(bases())
    return np.append(score, [0.25, 0.75]), np.append(value, draw(st.permutations([0, 5])))


def same_number(found: float, wanted: float) -> None:
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12, nan_ok=True)


MEASURES: list[Callable[..., Any]] = [
    quality.bias,
    quality.mean_absolute_error,
    quality.root_mean_squared_error,
    quality.rank_correlation,
    quality.normalized_gini,
    lambda score, value, count=None: quality.captured_by_top(score, value, 0.2, count),
    lambda score, value, count=None: quality.auc(score, value > 1, count),
    lambda score, value, count=None: quality.brier_score(score, value > 1, count),
    lambda score, value, count=None: quality.log_score(0.1 + 0.8 * score, value > 1, count),
    lambda score, value, count=None: quality.calibration(score, value > 1, count, bins=4),
    lambda score, value, count=None: quality.calibration(score, value > 1, count, bins=4, by="width"),
    lambda score, value, count=None: quality.calibration(score, value > 1, count).error,
]


@pytest.mark.parametrize("measure", MEASURES)
@given(base=bases(), seed=st.integers(0, 9))
def test_rows_with_counts_are_all_customers_in_any_order(
    measure: Callable[..., Any], base: tuple[np.ndarray, np.ndarray, np.ndarray], seed: int
) -> None:
    score, value, count = base
    each = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(count)), count))
    grouped, expanded = measure(score, value, count), measure(score[each], value[each])
    for one, other in zip(np.atleast_1d(grouped), np.atleast_1d(expanded), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12)


def test_bias_of_a_quiet_holdout() -> None:
    assert quality.bias(np.array([1.0, 2.0]), np.array([0, 0]))[0] == 3.0
    assert math.isnan(quality.bias(np.array([1.0, 2.0]), np.array([0, 0])).relative)


@given(varied_bases())
def test_auc_is_the_share_of_pairs(base: tuple[np.ndarray, np.ndarray]) -> None:
    score, value = base
    outcome = value > 2
    won = [(a > b) + 0.5 * (a == b) for a, b in itertools.product(score[outcome], score[~outcome])]
    same_number(quality.auc(score, outcome), sum(won) / len(won))
    same_number(quality.auc(score, outcome), float(roc_auc_score(outcome, score)))
    same_number(quality.auc(-score, outcome), 1 - quality.auc(score, outcome))


def test_nothing_to_tell_apart_is_nan() -> None:
    score, same = np.array([0.1, 0.2]), np.array([True, True])
    assert math.isnan(quality.auc(score, same))
    assert math.isnan(quality.auc(score, ~same))
    assert math.isnan(quality.rank_correlation(score, np.ones(2)))
    assert math.isnan(quality.normalized_gini(score, np.ones(2)))
    assert math.isnan(quality.captured_by_top(score, np.zeros(2), 0.5))


def test_auc_of_many_customers_is_exact() -> None:
    """Pairs are counted in whole numbers."""
    count = np.array([10**7, 10**7, 10**7, 10**7 + 1])
    found = quality.auc(np.array([1.0, 2.0, 1.0, 2.0]), np.array([True, True, False, False]), count)
    assert found == (10**7 * (10**7 // 2 + 10**7) + 10**7 * (10**7 + 1) / 2) / (2 * 10**7 * (2 * 10**7 + 1))


@given(varied_bases())
def test_rank_correlation_is_that_of_scipy(base: tuple[np.ndarray, np.ndarray]) -> None:
    score, value = base
    same_number(quality.rank_correlation(score, value), float(spearmanr(score, value).statistic))
    assert quality.rank_correlation(score, 3 * score) == 1.0
    assert quality.rank_correlation(score, -score) == -1.0


@given(varied_bases(), st.integers(1, 1_000))
def test_the_top_brings_what_it_brings_on_average_over_orders_of_equals(
    base: tuple[np.ndarray, np.ndarray], per_mille: int
) -> None:
    score, value = base
    top = -(-per_mille * len(score) // 1_000)
    boundary = np.sort(score)[len(score) - top]
    above, at = score > boundary, score == boundary
    wanted = value[above].sum() + (top - above.sum()) * value[at].mean()
    same_number(quality.captured_by_top(score, value, per_mille / 1_000), float(wanted / value.sum()))


@given(bases())
def test_gains_end_with_everything(base: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    score, value, count = base
    curve = quality.gains(score, value, count)
    assert (curve.customers[0], curve.value[0]) == (0, 0)
    assert (curve.customers[-1], curve.value[-1]) == (count.sum(), count @ value)
    assert np.all(np.diff(curve.customers) > 0)
    assert len(curve.customers) == len(set(score)) + 1


@given(varied_bases())
def test_gini_by_pairs(base: tuple[np.ndarray, np.ndarray]) -> None:
    """The area over even gains is half the sum over pairs of the better one's value less the other's."""
    score, value = base

    def lead(by: np.ndarray) -> float:
        return float((np.sign(by[:, None] - by) * (value[:, None] - value)).sum())

    same_number(quality.normalized_gini(score, value), lead(score) / lead(value))
    assert quality.normalized_gini(value, value) == 1.0
    same_number(quality.normalized_gini(-value, value), -1.0)
    same_number(quality.normalized_gini(score, 100 * value), quality.normalized_gini(score, value))


def test_scores_of_certainties() -> None:
    sure = np.array([0.0, 1.0])
    assert quality.log_score(sure, np.array([False, True])) == 0
    assert quality.log_score(sure, np.array([True, True])) == -math.inf
    assert quality.brier_score(sure, np.array([True, False])) == 1.0


@given(bases(), st.integers(1, 6))
def test_calibration_bins_hold_everybody_and_never_tear_equals(
    base: tuple[np.ndarray, np.ndarray, np.ndarray], bins: int
) -> None:
    score, value, count = base
    found = quality.calibration(score, value > 2, count, bins=bins)
    assert found.customers.sum() == count.sum()
    assert len(found.customers) <= bins
    same_number(float(found.customers @ found.predicted), float(count @ score))
    same_number(float(found.customers @ found.observed), float(count @ (value > 2)))
    assert np.all(np.diff(found.predicted) > 0)
    assert np.all((found.lower <= found.observed) & (found.observed <= found.upper))


def test_calibration_bins_are_equal_without_ties() -> None:
    probability = np.random.default_rng(1).random(1_000)
    outcome = np.random.default_rng(2).random(1_000) < probability
    found = quality.calibration(probability, outcome)
    assert found.customers.tolist() == [100] * 10
    order = np.argsort(probability)
    np.testing.assert_allclose(found.predicted, probability[order].reshape(10, 100).mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found.observed, outcome[order].reshape(10, 100).mean(axis=1), rtol=1e-12)
    assert found.error == pytest.approx(np.abs(found.predicted - found.observed).mean(), rel=1e-12)


def test_calibration_by_width() -> None:
    """A probability on an edge belongs to the bin below; bins without customers are left out."""
    found = quality.calibration(np.array([0.0, 0.1, 0.3, 1.0]), np.array([False, True, False, True]), by="width")
    assert found.customers.tolist() == [2, 1, 1]
    np.testing.assert_allclose(found.predicted, [0.05, 0.3, 1.0])
    assert found.observed.tolist() == [0.5, 0.0, 1.0]
