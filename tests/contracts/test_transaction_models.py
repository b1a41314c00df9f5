"""Laws of every model of when customers buy."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from evergreen import FitStatus, PurchaseHistories
from evergreen.models.fitting import FitResult
from evergreen.models.protocols import SimulatedCustomers, TransactionModel
from evergreen.models.transactions import HistoryModel
from tests.contracts.registry import TIMED, pickled, saved

SAME_ANSWERS = 1e-7
"""Relative difference allowed between two fits to the same customers in other units: the search ends with a
relative step far below it, and rounding of the times moves the maximum by about 1e-12."""


def same_bits(one: FitResult[HistoryModel], other: FitResult[HistoryModel]) -> bool:
    return np.array_equal((*one.values, one.log_likelihood), (*other.values, other.log_likelihood), equal_nan=True)


def test_has_the_verbs_of_the_protocol(truth: HistoryModel) -> None:
    assert isinstance(truth, TransactionModel)


def test_is_a_value(truth: HistoryModel) -> None:
    for twin in (copy.copy(truth), copy.deepcopy(truth), pickled(truth), saved(truth)):
        assert twin == truth
        assert hash(twin) == hash(truth)
        assert repr(twin) == repr(truth)
    with pytest.raises((AttributeError, TypeError)):
        truth.extra = 1  # type: ignore[attr-defined]


def test_fit_converges_near_the_truth(
    truth: HistoryModel, fitted: FitResult[HistoryModel], histories: PurchaseHistories
) -> None:
    assert fitted.status is FitStatus.CONVERGED
    assert fitted.customers == histories.customers
    for name, value in fitted.parameters.items():
        assert abs(value - getattr(truth, name)) < 5 * fitted.standard_errors[name], name


def test_order_of_rows_changes_no_bit(
    truth: HistoryModel, customers: tuple[np.ndarray, ...], fitted: FitResult[HistoryModel]
) -> None:
    shuffled = np.random.default_rng(7).permutation(len(customers[0]))
    again = truth.refit(PurchaseHistories.of(*(column[shuffled] for column in customers)))
    assert same_bits(again, fitted)


@pytest.mark.parametrize("parts", [2, 3, 17])
def test_partitions_merge_to_the_whole(
    parts: int,
    truth: HistoryModel,
    customers: tuple[np.ndarray, ...],
    histories: PurchaseHistories,
    fitted: FitResult[HistoryModel],
) -> None:
    owner = np.random.default_rng(parts).integers(0, parts, len(customers[0]))
    pieces = [PurchaseHistories.of(*(column[owner == part] for column in customers)) for part in range(parts)]
    merged = pieces[0]
    for piece in pieces[1:]:
        merged += piece
    for name in ("frequency", "recency", "T", "count"):
        np.testing.assert_array_equal(getattr(merged, name), getattr(histories, name))
    assert same_bits(truth.refit(merged), fitted)


def test_two_of_each_customer_are_the_same_model_known_better(
    truth: HistoryModel, histories: PurchaseHistories, fitted: FitResult[HistoryModel]
) -> None:
    twice = truth.refit(histories + histories)
    np.testing.assert_allclose(twice.values, fitted.values, rtol=SAME_ANSWERS)
    np.testing.assert_allclose(twice.log_likelihood, 2 * fitted.log_likelihood, rtol=1e-12)
    np.testing.assert_allclose(2 * twice.log_covariance, fitted.log_covariance, rtol=1e-5)


@pytest.mark.parametrize("truth", TIMED, indirect=True)
@pytest.mark.parametrize("factor", [24.0, 1 / 7, 86_400.0, 1 / 365.2425], ids=["h", "W", "s", "Y"])
def test_unit_of_time_changes_no_answer(
    factor: float,
    truth: HistoryModel,
    customers: tuple[np.ndarray, ...],
    fitted: FitResult[HistoryModel],
) -> None:
    x, t_x, T = customers
    other = truth.refit(PurchaseHistories.of(x, t_x * factor, T * factor))
    assert other.status is fitted.status
    repeats = int(x.sum())
    np.testing.assert_allclose(other.log_likelihood + repeats * np.log(factor), fitted.log_likelihood, rtol=1e-11)
    ours = other.model.forecast(90 * factor, x, t_x * factor, T * factor, delta=4e-4 / factor)
    for name, wanted in fitted.model.forecast(90.0, x, t_x, T, delta=4e-4)._asdict().items():
        np.testing.assert_allclose(getattr(ours, name), wanted, rtol=SAME_ANSWERS, err_msg=name)


def test_batch_changes_no_bit(fitted: FitResult[HistoryModel], customers: tuple[np.ndarray, ...]) -> None:
    x, t_x, T = customers
    together = fitted.model.forecast(90.0, x, t_x, T, delta=4e-4)
    heaviest = np.argsort(x)[-5:].tolist()
    for row in [*range(0, len(x), 97), *heaviest]:
        alone = fitted.model.forecast(90.0, x[row], t_x[row], T[row], delta=4e-4)
        for name in alone._fields:
            assert getattr(alone, name) == getattr(together, name)[row], (name, row)
    for size in (2, 7, 64, 1_001):
        part = fitted.model.forecast(90.0, x[:size], t_x[:size], T[:size], delta=4e-4)
        for name in part._fields:
            np.testing.assert_array_equal(getattr(part, name), getattr(together, name)[:size], err_msg=name)


def test_forecast_is_its_parts(fitted: FitResult[HistoryModel], customers: tuple[np.ndarray, ...]) -> None:
    model, (x, t_x, T) = fitted.model, customers
    forecast = model.forecast(90.0, x, t_x, T)
    np.testing.assert_array_equal(forecast.p_alive, model.p_alive(x, t_x, T))
    np.testing.assert_array_equal(forecast.p_purchase, model.p_purchase(90.0, x, t_x, T))
    np.testing.assert_array_equal(forecast.expected_purchases, model.expected_purchases(90.0, x, t_x, T))
    np.testing.assert_array_equal(forecast.discounted_purchases, forecast.expected_purchases)


def test_forecasts_keep_their_order(
    truth: HistoryModel, fitted: FitResult[HistoryModel], customers: tuple[np.ndarray, ...]
) -> None:
    x, t_x, T = customers
    before = fitted.model.forecast(0.0, x, t_x, T, delta=4e-4)
    assert not before.p_purchase.any()
    assert not before.expected_purchases.any()
    for horizon in (1.0, 30.0, 365.0, 3_650.0):
        after = fitted.model.forecast(horizon, x, t_x, T, delta=4e-4)
        assert (after.p_alive == before.p_alive).all()
        # heavy buyers reach their most early, and then it is only rounding that moves it
        assert (after.p_purchase >= before.p_purchase * (1 - 1e-13)).all()
        assert (after.expected_purchases > before.expected_purchases).all()
        assert (after.discounted_purchases > before.discounted_purchases).all()
        assert (after.p_purchase <= after.p_alive).all()
        assert (after.p_purchase <= after.expected_purchases).all()
        assert (after.discounted_purchases < after.expected_purchases).all()
        last = np.exp(-4e-4 * horizon)  # all of it, where the horizon is one opportunity
        assert (after.discounted_purchases > (1 - 1e-15 * truth.discrete) * last * after.expected_purchases).all()
        before = after


def test_numbers_of_purchases_have_probability_one_and_the_expected_mean(truth: HistoryModel) -> None:
    n = np.arange(4_000)
    probability = truth.pmf(n, 90.0)
    assert probability.min() >= 0
    np.testing.assert_allclose(probability.sum(), 1.0, rtol=1e-10)
    np.testing.assert_allclose(n @ probability, truth.expected_purchases_new(90.0), rtol=1e-8)


def test_model_forecasts_its_own_customers(truth: HistoryModel, drawn: SimulatedCustomers) -> None:
    """The mean number of purchases of new customers lies within 5 standard errors of the expectation."""
    expected = truth.expected_purchases_new(drawn.T)
    difference = drawn.frequency - expected
    assert abs(difference.mean()) < 5 * difference.std() / np.sqrt(len(difference))


def test_seed_repeats_a_draw(truth: HistoryModel) -> None:
    one, same, other = (truth.simulate(100.0, customers=50, seed=seed) for seed in (1, 1, 2))
    for name in one._fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert (one.frequency != other.frequency).any()


def test_fit_and_forecast_leave_their_input_alone(truth: HistoryModel) -> None:
    x, t_x, T = np.array([0, 1, 3, 2]), np.array([0.0, 2.0, 9.0, 4.0]), np.array([9.0, 9.0, 12.0, 5.0])
    for column in (x, t_x, T):
        column.setflags(write=False)
    histories = PurchaseHistories.of(x, t_x, T)
    columns = (histories.frequency, histories.recency, histories.T, histories.count)
    for column in columns:
        column.setflags(write=False)
    truth.refit(histories)
    truth.forecast(5.0, x, t_x, T, delta=0.01)
