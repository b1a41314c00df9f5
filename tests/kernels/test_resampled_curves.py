"""Resampled curves: against the bootstrap done customer by customer, and against the error that theory gives."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from evergreen.kernels.concentration import gini, levels_of, share_of_top, whale_curve
from evergreen.kernels.resampled_curves import ResampledCurves, resampled_curves
from evergreen.typing import FloatArray


def resampled(values: FloatArray, draws: int, seed: int = 1, points: list[int] | None = None) -> ResampledCurves:
    at = np.array([len(values) // 5] if points is None else points)
    return resampled_curves(*levels_of(values), at, draws=draws, random=np.random.default_rng(seed))


def customer_by_customer(values: FloatArray, draws: int, seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return Gini, share of the top fifth and peak of samples drawn with replacement."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        curve = whale_curve(*levels_of(random.choice(values, len(values))))
        found.append((gini(curve), share_of_top(curve, 0.2), curve.value.max() / curve.value[-1]))
    one, two, three = np.array(found).T
    return one, two, three


def gini_error(values: FloatArray) -> float:
    """Return the standard error of the Gini by its influence function (Davidson, 2009)."""
    ordered, n = np.sort(values), len(values)
    rank = (np.arange(n) + 0.5) / n
    below = (np.cumsum(ordered) - ordered / 2) / n
    coefficient = 2 * (rank * ordered).mean() / ordered.mean() - 1
    influence = 2 * (rank * ordered - below) - (1 + coefficient) * ordered
    return float(influence.std() / ordered.mean() / math.sqrt(n))


SHAPES: dict[str, Callable[[np.random.Generator], FloatArray]] = {
    "every value its own": lambda random: random.lognormal(3, 1.2, 300),
    "many customers share values": lambda random: random.geometric(0.3, 300).astype(float) * 9.99,
    "most have nothing": lambda random: np.where(random.random(300) < 0.8, 0.0, random.lognormal(3, 1, 300)),
    "some bring losses": lambda random: random.normal(15, 25, 300),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_they_are_spread_as_samples_drawn_one_by_one(shape: str) -> None:
    values = SHAPES[shape](np.random.default_rng(3))
    draws = 3_000
    found, wanted = resampled(values, draws), customer_by_customer(values, draws, seed=2)
    for ours, theirs in zip((found.gini, found.value[:, 0], found.peak), wanted, strict=True):
        error = theirs.std() / math.sqrt(draws)
        assert abs(ours.mean() - theirs.mean()) <= 5 * math.sqrt(2) * error + 1e-12
        assert ours.std() == pytest.approx(theirs.std(), rel=0.12, abs=1e-12)
        for level in (0.05, 0.5, 0.95):
            assert np.quantile(ours, level) == pytest.approx(
                np.quantile(theirs, level), abs=0.25 * theirs.std() + 1e-12
            )


@pytest.mark.parametrize("share_values", [True, False])
def test_each_replicate_is_a_sample_of_the_customers(share_values: bool) -> None:
    """As many customers as there are, of their values: all of them bring all, none of them nothing."""
    values = np.arange(1_000.0)
    values = np.floor(values / 500) + 1 if share_values else values + 1
    n = len(values)
    found = resampled(values, 50, points=[0, n])
    np.testing.assert_array_equal(found.value[:, 0], 0.0)
    np.testing.assert_allclose(found.value[:, 1], 1.0, rtol=1e-12)
    np.testing.assert_array_equal(found.peak_at, 1.0)


def test_shared_values_and_customers_in_a_row_are_the_same_bootstrap() -> None:
    """The two ways of drawing, on a base that is just within reach of the one and just beyond that of the other."""
    values = np.repeat(np.random.default_rng(2).lognormal(2, 1, 100), 9)
    counted = resampled(values, 4_000)
    apart = resampled(values * (1 + 1e-9 * np.arange(len(values))), 4_000, seed=5)
    assert counted.gini.mean() == pytest.approx(apart.gini.mean(), abs=4 * counted.gini.std() / math.sqrt(2_000))
    assert counted.gini.std() == pytest.approx(apart.gini.std(), rel=0.08)


@pytest.mark.parametrize(
    "draw",
    [
        lambda random: random.lognormal(3, 1.0, 5_000),
        lambda random: random.exponential(20, 5_000).round(),
        lambda random: random.pareto(3.5, 5_000) + 1,
    ],
    ids=["lognormal", "exponential, rounded", "Pareto"],
)
def test_the_error_of_gini_is_that_of_its_influence(draw: Callable[[np.random.Generator], FloatArray]) -> None:
    values = draw(np.random.default_rng(7))
    assert resampled(values, 1_500).gini.std() == pytest.approx(gini_error(values), rel=0.08)


def test_the_same_seed_gives_the_same_replicates() -> None:
    values = np.random.default_rng(1).lognormal(3, 1, 200)
    for one, other in zip(resampled(values, 20), resampled(values[::-1].copy(), 20), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_total_that_may_be_lost_has_no_shares() -> None:
    """Where samples of the customers have no positive total, shares of it mean nothing; the others are numbers."""
    found = resampled(np.array([5.0, -4.0]), 200)
    lost = np.isnan(found.gini)
    assert 0 < lost.mean() < 1
    np.testing.assert_array_equal(np.isnan(found.peak), lost)
    np.testing.assert_array_equal(found.peak_at[lost], 0.0)
    assert np.isnan(resampled(np.zeros(3), 5).gini).all()
