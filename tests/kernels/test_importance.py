"""Smoothed importance weights where the truth is known, and against another implementation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import genpareto

from evergreen.kernels.importance import (
    _generalized_pareto,
    _quantiles,
    effective_sample_size,
    smoothed_weights,
    weighted_quantile,
)


@pytest.mark.parametrize(
    ("n", "k", "k_hat", "largest"),
    [
        (100, 0.2, 0.31962088433384145, 0.023085326915048013),
        (400, 1.2, 1.059864158235998, 0.3156839588874289),
        (10_000, 0.6, 0.5944956534370093, 0.0150383224903852),
        (10_000, -0.3, -0.2652283128228988, 0.00041105677935301683),
    ],
)
def test_same_as_arviz(n: int, k: float, k_hat: float, largest: float) -> None:
    """Values of arviz-stats 0.8.0, ``array_stats.psislw(-log_ratios)``, at sizes where both take the same tail."""
    u = (np.arange(n) + 0.5) / n
    weights, found = smoothed_weights(-k * np.log(u) if k > 0 else np.log1p(-(u**-k)))
    assert found == pytest.approx(k_hat, rel=1e-10)
    assert weights.max() == pytest.approx(largest, rel=1e-10)


@pytest.mark.parametrize("rate", [0.9, 0.5, 0.3, 1.6])
def test_exponential_pairs(rate: float) -> None:
    """Draws of rate 1 for a target of another rate: if it is smaller, ratios have the Pareto tail k = 1 - rate.

    If it is larger they are bounded, with a density at the bound: k = -1, as of a uniform distribution.
    """
    random = np.random.default_rng(3)
    draws = random.exponential(size=200_000)
    weights, k_hat = smoothed_weights((1 - rate) * draws)
    assert k_hat == pytest.approx(1 - rate if rate < 1 else -1, abs=0.12)
    error = 5 / math.sqrt(effective_sample_size(weights)) / rate
    assert weights @ draws == pytest.approx(1 / rate, abs=error + (0.1 if rate < 0.5 else 0))
    median = weighted_quantile(draws, weights, [0.5])[0]
    assert median == pytest.approx(math.log(2) / rate, abs=2 * error)


def test_smoothing_helps() -> None:
    """Of a target with a heavier tail (k = 0.7), smoothed weights err less than raw ones."""
    random = np.random.default_rng(4)
    raw, smooth = [], []
    for _ in range(200):
        draws = random.exponential(size=500)
        ratios = np.exp(0.7 * draws)
        weights, _ = smoothed_weights(0.7 * draws)
        raw.append((ratios @ draws / ratios.sum() * 0.3 - 1) ** 2)
        smooth.append((weights @ draws * 0.3 - 1) ** 2)
        assert np.all(np.diff(weights[np.argsort(draws)]) >= 0)
    assert np.mean(smooth) < np.mean(raw)


@given(st.integers(2, 300), st.floats(-700, 700), st.floats(0.01, 3), st.integers(0, 99))
def test_a_constant_changes_nothing(n: int, constant: float, spread: float, seed: int) -> None:
    log_ratios = np.random.default_rng(seed).normal(0, spread, n)
    weights, k_hat = smoothed_weights(log_ratios)
    shifted, same = smoothed_weights(log_ratios + constant)
    assert weights.sum() == pytest.approx(1, rel=1e-12)
    assert np.all(weights > 0)
    np.testing.assert_allclose(shifted, weights, rtol=1e-8)
    assert same == pytest.approx(k_hat, rel=1e-6, abs=1e-6)


@given(st.lists(st.sampled_from([-math.inf, -2_000.0, -1.0, 0.0, 1e-16, 0.5, 800.0]), min_size=1, max_size=120))
def test_ties_and_no_weight_at_all(log_ratios: list[float]) -> None:
    array = np.array([0.0, *log_ratios])
    weights, k_hat = smoothed_weights(array)
    assert weights.sum() == pytest.approx(1, rel=1e-12)
    assert not np.isnan(k_hat)
    assert np.all(weights[np.isneginf(array)] == 0)


def test_what_cannot_be_judged() -> None:
    assert smoothed_weights(np.random.default_rng(1).normal(size=20))[1] == math.inf
    weights, k_hat = smoothed_weights(np.full(50, 3.0))  # the target is the proposal
    assert k_hat == -math.inf
    np.testing.assert_array_equal(weights, 1 / 50)


@pytest.mark.parametrize("k", [-0.4, 0.0, 0.3, 0.9, 1.5])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_tail_fit(k: float, scale: float) -> None:
    sample = np.sort(genpareto.rvs(k, scale=scale, size=5_000, random_state=np.random.default_rng(8)))
    shape, size = _generalized_pareto(sample)
    assert shape == pytest.approx(k, abs=4 * (1 + k) / math.sqrt(5_000) + 0.002)
    assert size == pytest.approx(scale, rel=0.1)


@pytest.mark.parametrize("k", [-0.4, -1e-9, 0.0, 1e-12, 0.7, 2.0])
def test_quantiles_of_the_tail(k: float) -> None:
    levels = np.array([0.001, 0.3, 0.5, 0.999])
    np.testing.assert_allclose(_quantiles(levels, k), genpareto.ppf(levels, k), rtol=1e-7)


def test_effective_sample_size() -> None:
    assert effective_sample_size(np.full(40, 7.0)) == pytest.approx(40, rel=1e-12)
    assert effective_sample_size(np.array([1.0, 0.0, 0.0])) == 1


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 5)), min_size=1, max_size=40), st.integers(1, 100))
def test_quantile_is_that_of_repeated_values(rows: list[tuple[int, int]], percent: int) -> None:
    values, count = np.array([*rows, (0, 1)]).T.astype(float)
    expanded = np.sort(np.repeat(values, count.astype(int)))
    wanted = expanded[-(-percent * len(expanded) // 100) - 1]
    for weights in (count, count / count.sum()):
        assert weighted_quantile(values, weights, [percent / 100]).tolist() == [wanted]


def test_quantiles_of_several_quantities() -> None:
    random = np.random.default_rng(5)
    values, weights = random.normal(size=(50, 3)), random.random(50)
    found = weighted_quantile(values, weights, [0.1, 0.5])
    assert found.shape == (2, 3)
    for column in range(3):
        np.testing.assert_array_equal(found[:, column], weighted_quantile(values[:, column], weights, [0.1, 0.5]))
