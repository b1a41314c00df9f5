"""The prior of rows of moves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evergreen.kernels.row_prior import dirichlet_draws, fitted_strength, log_likelihood, stay_or_go


def test_an_unknown_row_stays_and_goes_like_the_others() -> None:
    toward = stay_or_go(np.array([[60, 40, 0], [10, 70, 20], [0, 0, 0]]))
    np.testing.assert_allclose(np.diag(toward), 0.65)
    np.testing.assert_allclose(toward[2, :2], [0.35 * 10 / 50, 0.35 * 40 / 50])
    np.testing.assert_array_equal(stay_or_go(np.zeros((2, 2), np.int64)), np.eye(2))
    lonely = stay_or_go(np.array([[5, 5], [0, 0]]))
    np.testing.assert_array_equal(lonely, [[0.5, 0.5], [0.0, 1.0]])


def test_the_likelihood_adds_up_to_one_over_all_rows_of_one_size() -> None:
    toward, total = np.array([[0.2, 0.5, 0.3]]), 0.0
    for a in range(5):
        for b in range(5 - a):
            row = [a, b, 4 - a - b]
            ways = math.factorial(4) / math.prod(math.factorial(part) for part in row)
            total += ways * math.exp(log_likelihood(np.array([row]), toward, 2.5))
    assert total == pytest.approx(1.0, rel=1e-12)


def test_the_strength_of_simulated_rows_is_found() -> None:
    random, k, strength = np.random.default_rng(2), 40, 25.0
    toward = np.tile(random.dirichlet(np.full(k, 2.0)), (k, 1))
    counts = np.stack([random.multinomial(400, random.dirichlet(strength * row)) for row in toward])
    assert fitted_strength(counts, toward) == pytest.approx(strength, rel=0.15)


def test_draws_have_the_moments_of_the_distribution() -> None:
    alpha = np.array([[6.0, 3.0, 1.0], [0.0, 1e-3, 2.0]])
    drawn = dirichlet_draws(alpha, 40_000, np.random.default_rng(1))
    mean = alpha / alpha.sum(axis=1, keepdims=True)
    variance = mean * (1 - mean) / (alpha.sum(axis=1, keepdims=True) + 1)
    np.testing.assert_allclose(drawn.sum(axis=-1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.005)
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=0.05, atol=5e-5)
    assert (drawn[:, 1, 0] == 0).all()
    assert (drawn[:, 1, 1] > 0).all()
