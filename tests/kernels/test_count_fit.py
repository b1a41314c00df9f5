"""Tests of frequency distributions against scipy, and against forecasts known to be right or wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, chisquare, kstest, nbinom, poisson

from evergreen.kernels.count_fit import chi_square, pit_histogram


@pytest.mark.parametrize("fitted", [0, 2])
def test_chi_square_is_that_of_scipy_with_the_tail_pooled(fitted: int) -> None:
    expected = np.array([500.0, 260.0, 130.0, 60.0, 30.0, 12.0, 5.0, 2.0, 1.0])
    observed = np.array([480, 270, 145, 50, 33, 10, 6, 1, 5])
    found = chi_square(observed, expected, fitted=fitted)
    wanted = chisquare([480, 270, 145, 50, 33, 10, 12], [500, 260, 130, 60, 30, 12, 8], ddof=fitted)
    assert found == pytest.approx((wanted.statistic, 6 - fitted, wanted.pvalue), rel=1e-12)


def test_small_first_cells_are_pooled_too() -> None:
    found = chi_square(np.array([1, 2, 3, 12, 2]), np.array([1.0, 1.0, 7.0, 8.0, 3.0]), fitted=0)
    assert found.statistic == pytest.approx((6 - 9) ** 2 / 9 + (14 - 11) ** 2 / 11, rel=1e-12)
    assert found.degrees_of_freedom == 1


@pytest.mark.parametrize(("cells", "fitted"), [(1, 0), (3, 2), (3, 4)])
def test_without_degrees_of_freedom_there_is_no_p_value(cells: int, fitted: int) -> None:
    found = chi_square(np.full(cells, 7), np.full(cells, 7.0), fitted=fitted)
    assert found.degrees_of_freedom == cells - 1 - fitted
    assert math.isnan(found.p_value)


@given(st.lists(st.floats(0.01, 60), min_size=1, max_size=30))
def test_every_cell_expects_enough(cells: list[float]) -> None:
    expected = np.array(cells)
    found = chi_square(np.zeros(len(cells)), expected, fitted=0)
    assert found.statistic == pytest.approx(expected.sum(), rel=1e-12)  # of nobody, however cells are pooled
    assert found.degrees_of_freedom <= max(expected.sum() / 5 - 1, 0)


def test_p_values_of_a_right_model_are_uniform() -> None:
    random = np.random.default_rng(1)
    n = np.arange(30)
    expected = 2_000 * nbinom.pmf(n, 0.8, 0.3)
    expected[-1] += 2_000 * nbinom.sf(29, 0.8, 0.3)
    samples = np.minimum(nbinom.rvs(0.8, 0.3, size=(400, 2_000), random_state=random), 29)
    p_values = [chi_square(np.bincount(sample, minlength=30), expected, fitted=0).p_value for sample in samples]
    assert kstest(p_values, "uniform").pvalue > 1e-3
    wrong = 2_000 * nbinom.pmf(n, 0.8, 0.33)
    wrong[-1] += 2_000 * nbinom.sf(29, 0.8, 0.33)
    found = chi_square(np.bincount(samples[0], minlength=30), wrong, fitted=0)
    assert found.p_value == pytest.approx(chi2.sf(found.statistic, found.degrees_of_freedom), rel=1e-12)
    assert found.p_value < 0.01


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(1, 5)), min_size=1, max_size=20),
    st.integers(1, 12),
)
def test_pit_spreads_each_customer_over_his_probabilities(rows: list[tuple[float, float, int]], bins: int) -> None:
    below, up_to = np.sort(np.array([row[:2] for row in rows]), axis=1).T
    count = np.array([row[2] for row in rows])
    found = pit_histogram(below, up_to, count, bins=bins)
    np.testing.assert_allclose(found.mean(), 1.0, rtol=1e-12)
    np.testing.assert_allclose(
        found, pit_histogram(np.repeat(below, count), np.repeat(up_to, count), bins=bins), atol=1e-12
    )
    edges = np.arange(bins + 1) / bins
    wanted = np.zeros(bins)
    for low, high, times in zip(below, up_to, count, strict=True):
        inside = np.clip(np.minimum(high, edges[1:]) - np.maximum(low, edges[:-1]), 0, None)
        if high > low:
            wanted += times * inside / (high - low)
    if np.all(up_to > below):
        np.testing.assert_allclose(found, wanted * bins / count.sum(), atol=1e-6 * bins)


def test_pit_is_flat_for_right_forecasts_and_shaped_for_wrong_ones() -> None:
    random = np.random.default_rng(2)
    mean = random.gamma(1.0, 2.0, 200_000)
    n = random.poisson(mean)

    def bars(forecast: np.ndarray) -> np.ndarray:
        return pit_histogram(np.asarray(poisson.cdf(n - 1, forecast)), np.asarray(poisson.cdf(n, forecast)))

    np.testing.assert_allclose(bars(mean), 1.0, atol=0.02)
    assert bars(0.5 * mean)[-1] > 1.5  # forecasts too low: too many above them
    assert bars(2 * mean)[0] > 1.5
    one_for_all = bars(np.full(len(mean), 2.0))  # too narrow
    assert min(one_for_all[0], one_for_all[-1]) > 1.2


def test_pit_of_what_was_held_impossible_or_certain() -> None:
    assert pit_histogram(np.array([0.0]), np.array([0.0]), bins=2).tolist() == [2.0, 0.0]
    assert pit_histogram(np.array([1.0]), np.array([1.0]), bins=2).tolist() == [0.0, 2.0]
    assert pit_histogram(np.array([0.0]), np.array([1.0]), bins=2).tolist() == [1.0, 1.0]
