"""Laws of every model of what customers spend."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from evergreen import FitStatus, SpendHistories
from evergreen.models.fitting import FitResult
from evergreen.models.protocols import SpendModel
from tests.contracts.registry import SPEND_MODELS, pickled, saved


@pytest.fixture(scope="module", params=SPEND_MODELS, ids=str)
def truth(request: pytest.FixtureRequest) -> SpendModel:
    return SPEND_MODELS[request.param]


@pytest.fixture(scope="module")
def spends(truth: SpendModel) -> tuple[np.ndarray, np.ndarray]:
    frequency = np.random.default_rng(3).geometric(0.35, 4_000) - 1
    value, _ = truth.simulate(frequency, seed=4)  # type: ignore[attr-defined]
    return frequency, value


@pytest.fixture(scope="module")
def fitted(truth: SpendModel, spends: tuple[np.ndarray, np.ndarray]) -> FitResult[SpendModel]:
    return type(truth).fit(SpendHistories.of(*spends))


def test_has_the_verbs_of_the_protocol(truth: SpendModel) -> None:
    assert isinstance(truth, SpendModel)


def test_is_a_value(truth: SpendModel) -> None:
    for twin in (copy.copy(truth), copy.deepcopy(truth), pickled(truth), saved(truth)):
        assert twin == truth
        assert hash(twin) == hash(truth)
        assert repr(twin) == repr(truth)


def test_fit_converges_near_the_truth(truth: SpendModel, fitted: FitResult[SpendModel]) -> None:
    assert fitted.status is FitStatus.CONVERGED
    for name, value in fitted.parameters.items():
        assert abs(value - getattr(truth, name)) < 5 * fitted.standard_errors[name], name


def test_order_of_rows_changes_no_bit(
    truth: SpendModel, spends: tuple[np.ndarray, np.ndarray], fitted: FitResult[SpendModel]
) -> None:
    shuffled = np.random.default_rng(7).permutation(len(spends[0]))
    again = type(truth).fit(SpendHistories.of(*(column[shuffled] for column in spends)))
    assert (again.values, again.log_likelihood) == (fitted.values, fitted.log_likelihood)


@pytest.mark.parametrize("factor", [100.0, 1 / 137.5, 1e6, 1e-6], ids=["cents", "small", "1e6", "1e-6"])
def test_currency_changes_money_alone(
    factor: float, truth: SpendModel, spends: tuple[np.ndarray, np.ndarray], fitted: FitResult[SpendModel]
) -> None:
    x, value = spends
    other = type(truth).fit(SpendHistories.of(x, value * factor))
    assert other.status is fitted.status
    buyers = fitted.customers
    np.testing.assert_allclose(other.log_likelihood + buyers * np.log(factor), fitted.log_likelihood, rtol=1e-11)
    np.testing.assert_allclose(
        other.model.expected_spend(x, value * factor),
        factor * fitted.model.expected_spend(x, value),
        rtol=1e-7,
    )
    np.testing.assert_allclose(other.model.mean, factor * fitted.model.mean, rtol=1e-7)


def test_batch_changes_no_bit(fitted: FitResult[SpendModel], spends: tuple[np.ndarray, np.ndarray]) -> None:
    x, value = spends
    together = fitted.model.expected_spend(x, value)
    for row in range(0, len(x), 97):
        assert fitted.model.expected_spend(x[row], value[row]) == together[row]
    np.testing.assert_array_equal(fitted.model.expected_spend(x[:7], value[:7]), together[:7])


def test_credibility_is_expected_spend(fitted: FitResult[SpendModel], spends: tuple[np.ndarray, np.ndarray]) -> None:
    x, value = spends
    level, weight = fitted.model.credibility(x)
    np.testing.assert_allclose(level + weight * value, fitted.model.expected_spend(x, value), rtol=1e-15)
    assert ((weight >= 0) & (weight < 1)).all()
    assert (weight[x == 0] == 0).all()


def test_expected_spend_lies_between_the_customer_and_the_population(
    fitted: FitResult[SpendModel], spends: tuple[np.ndarray, np.ndarray]
) -> None:
    x, value = spends
    expected, mean = fitted.model.expected_spend(x, value), fitted.model.mean
    buyers = x > 0
    rounding = 1e-12 * mean
    assert (expected >= np.minimum(value, mean) - rounding)[buyers].all()
    assert (expected <= np.maximum(value, mean) + rounding)[buyers].all()
    np.testing.assert_allclose(expected[~buyers], mean, rtol=1e-15)


def test_fit_leaves_its_input_alone(truth: SpendModel) -> None:
    spends = SpendHistories.of([1, 2, 3, 1], [3.0, 4.0, 9.0, 1.0])
    for column in (spends.frequency, spends.value, spends.count):
        column.setflags(write=False)
    type(truth).fit(spends)
