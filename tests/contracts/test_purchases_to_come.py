"""Laws of what every transaction model expects of the time ahead: numbers, horizons without end, present values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evergreen.models.transactions import HistoryModel


def test_numbers_ahead_have_probability_one_and_the_expected_mean(
    truth: HistoryModel, some: tuple[np.ndarray, ...]
) -> None:
    n = np.arange(1_500)
    probability = truth.pmf_ahead(n, 90.0, *(column[:, None] for column in some))
    assert probability.shape == (len(some[0]), len(n))
    assert probability.min() >= 0
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-9)
    np.testing.assert_allclose(probability[:, 0], 1 - truth.p_purchase(90.0, *some), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(probability @ n, truth.expected_purchases(90.0, *some), rtol=1e-8)


def test_batch_changes_no_bit_of_numbers_ahead(truth: HistoryModel, some: tuple[np.ndarray, ...]) -> None:
    n = np.arange(len(some[0])) % 5
    together = truth.pmf_ahead(n, 90.0, *some)
    for row in range(len(n)):
        assert truth.pmf_ahead(n[row], 90.0, *(column[row] for column in some)) == together[row]


def test_no_time_brings_nothing(truth: HistoryModel, some: tuple[np.ndarray, ...]) -> None:
    np.testing.assert_array_equal(truth.pmf_ahead(0, 0.0, *some), 1.0)
    np.testing.assert_array_equal(truth.pmf_ahead(3, 0.0, *some), 0.0)
    np.testing.assert_array_equal(truth.pmf([0, 3], 0.0), [1.0, 0.0])
    assert truth.expected_purchases_new(0.0) == truth.discounted_purchases_new(0.0, delta=0.01) == 0


def test_forecasts_without_end_are_limits(truth: HistoryModel, some: tuple[np.ndarray, ...]) -> None:
    ever = truth.forecast(math.inf, *some)
    far = truth.forecast(20_000.0, *some)
    np.testing.assert_array_equal(ever.p_alive, far.p_alive)
    assert (ever.p_purchase <= ever.p_alive).all()
    assert (far.p_purchase <= ever.p_purchase * (1 + 1e-13)).all()
    np.testing.assert_allclose(far.p_purchase, ever.p_purchase, atol=0.05)
    assert (far.expected_purchases <= ever.expected_purchases).all()  # which may be infinite
    np.testing.assert_array_equal(ever.p_purchase, truth.p_purchase(math.inf, *some))
    np.testing.assert_array_equal(ever.expected_purchases, truth.expected_purchases(math.inf, *some))
    np.testing.assert_array_equal(ever.discounted_purchases, ever.expected_purchases)
    assert truth.expected_purchases_new(math.inf) >= truth.expected_purchases_new(20_000.0)


@pytest.mark.parametrize("delta", [4e-4, 0.01, 1.0])
def test_discounted_purchases_without_end_are_the_limit_from_below(
    delta: float, truth: HistoryModel, some: tuple[np.ndarray, ...]
) -> None:
    horizons = [*(math.ceil(reach / delta) for reach in (0.1, 1.0, 5.0, 20.0, 40.0)), math.inf]
    values = np.array([truth.forecast(horizon, *some, delta=delta).discounted_purchases for horizon in horizons])
    new = np.array([truth.discounted_purchases_new(horizon, delta=delta) for horizon in horizons])
    for limit in (values, new):
        assert np.isfinite(limit[-1]).all()
        assert (limit[:-1] <= limit[1:] * (1 + 1e-11)).all()
        np.testing.assert_allclose(limit[-2], limit[-1], rtol=1e-11)


def test_new_customers_have_no_past(truth: HistoryModel) -> None:
    for horizon in (1.0, 30.0, 3_650.0, math.inf):
        fresh = truth.forecast(horizon, 0, 0, 0, delta=4e-4)
        np.testing.assert_allclose(truth.expected_purchases_new(horizon), fresh.expected_purchases, rtol=1e-10)
        new = truth.discounted_purchases_new(horizon, delta=4e-4)
        np.testing.assert_allclose(new, fresh.discounted_purchases, rtol=1e-10)
        assert truth.discounted_purchases_new(horizon, delta=0.0) == truth.expected_purchases_new(horizon)
    np.testing.assert_allclose(truth.pmf(range(5), 90.0), truth.pmf_ahead(range(5), 90.0, 0, 0, 0), rtol=1e-9)
