"""Draws of parameters: as wide as the information says, weighted as the likelihood says, in any unit the same."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

from evergreen import (
    BGNBD,
    CovariateModel,
    FitStatus,
    GammaGamma,
    PurchaseHistories,
    SpendHistories,
    WeakPrior,
    bootstrap,
    posterior,
)
from evergreen.errors import InvalidInputError
from evergreen.models.attributed import AttributedHistories
from evergreen.models.fitting import FitResult

TRUTH = BGNBD(0.8, 6.0, 0.9, 3.0)


@pytest.fixture(scope="module")
def histories() -> PurchaseHistories:
    return PurchaseHistories.of(*TRUTH.simulate(52.0, customers=8_000, seed=1)[:3])


@pytest.fixture(scope="module")
def fit(histories: PurchaseHistories) -> FitResult[BGNBD]:
    return BGNBD.fit(histories)


def test_many_customers_make_the_posterior_normal(fit: FitResult[BGNBD], histories: PurchaseHistories) -> None:
    drawn = posterior(fit, histories, draws=4_000, seed=2)
    assert drawn.names == fit.names
    assert drawn.k_hat < 0.5
    assert drawn.effective > 2_000
    assert drawn.weights.sum() == pytest.approx(1)
    logs = np.log(drawn.values)
    mean = drawn.weights @ logs
    spread = np.sqrt(np.diag(fit.log_covariance))
    assert (np.abs(mean - np.log(fit.values)) < 0.35 * spread).all()
    covariance = (logs - mean).T @ ((logs - mean) * drawn.weights[:, None])
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), spread, rtol=0.15)
    for name, (low, high) in drawn.intervals(0.9).items():
        wanted = fit.intervals(0.9)[name]
        assert low == pytest.approx(wanted[0], rel=0.1)
        assert high == pytest.approx(wanted[1], rel=0.1)


def test_weights_are_the_likelihood_over_the_proposal(fit: FitResult[BGNBD], histories: PurchaseHistories) -> None:
    """The mean log-likelihood of weighted draws lies half a unit per parameter below the maximum."""
    drawn = posterior(fit, histories, draws=3_000, seed=3)
    problem = fit.model.problem(histories)
    below = [
        fit.log_likelihood - problem.log_likelihood(values / problem.units)[0] - problem.shift
        for values in drawn.values
    ]
    assert drawn.weights @ np.array(below) == pytest.approx(2.0, abs=0.2)


def test_unit_of_time_changes_no_draw(fit: FitResult[BGNBD], histories: PurchaseHistories) -> None:
    days = PurchaseHistories.of(histories.frequency, histories.recency * 7, histories.T * 7, count=histories.count)
    weekly = posterior(fit, histories, draws=50, seed=4)
    daily = posterior(BGNBD.fit(days), days, draws=50, seed=4)
    np.testing.assert_allclose(daily.values, weekly.values * [1, 7, 1, 1], rtol=1e-5)
    np.testing.assert_allclose(daily.weights, weekly.weights, rtol=1e-3)


def test_bootstrap_is_as_wide_as_the_information_says(fit: FitResult[BGNBD], histories: PurchaseHistories) -> None:
    drawn = bootstrap(fit.model, histories, replicates=120, seed=5)
    assert math.isnan(drawn.k_hat)
    assert drawn.effective == pytest.approx(120)
    spread = np.log(drawn.values).std(axis=0)
    np.testing.assert_allclose(spread, np.sqrt(np.diag(fit.log_covariance)), rtol=0.3)


def test_spends_and_covariates_have_draws_too() -> None:
    value, _ = GammaGamma(6.0, 4.0, 15.0).simulate(np.repeat([1, 2, 5], 500), seed=1)
    spends = SpendHistories.of(np.repeat([1, 2, 5], 500), value)
    fit = GammaGamma.fit(spends)
    for drawn in (posterior(fit, spends, draws=200, seed=1), bootstrap(fit.model, spends, replicates=20, seed=1)):
        low, high = drawn.intervals(0.99)["q"]
        assert low < fit.model.q < high
    x, t_x, T = TRUTH.simulate(52.0, customers=2_000, seed=6)[:3]
    known = AttributedHistories.of(x, t_x, T, {"web": np.arange(2_000) % 2 == 0})
    effect = CovariateModel.fit(known, purchase=["web"])
    drawn = posterior(effect, known, draws=200, seed=2)
    low, high = drawn.intervals(0.99)[effect.names[-1]]
    assert low < 0 < high  # it has no effect
    again = bootstrap(effect.model, known, replicates=10, seed=2)
    assert again.values.shape == drawn.values[:10].shape


def test_what_there_are_no_draws_about(fit: FitResult[BGNBD], histories: PurchaseHistories) -> None:
    few = PurchaseHistories.of([0, 0, 1, 2], [0, 0, 3, 8], [9, 9, 9, 9])
    edge = BGNBD.fit(few)
    assert edge.status is not FitStatus.CONVERGED
    with pytest.raises(InvalidInputError, match="WeakPrior"):
        posterior(edge, few)
    helped = BGNBD.fit(few, prior=WeakPrior())
    assert posterior(helped, few, prior=WeakPrior(), draws=100, seed=1).effective > 10
    with pytest.raises(InvalidInputError, match="other customers"):
        posterior(fit, few)
    for number in (1, 2.5, -3):
        with pytest.raises(InvalidInputError, match="draws"):
            posterior(fit, histories, draws=number)  # type: ignore[arg-type]
        with pytest.raises(InvalidInputError, match="replicates"):
            bootstrap(fit.model, histories, replicates=number)  # type: ignore[arg-type]


def test_seeds_repeat_draws_and_the_data_stay_as_they_are(fit: FitResult[BGNBD], histories: PurchaseHistories) -> None:
    before = copy.deepcopy(histories)
    one, same, other = (posterior(fit, histories, draws=20, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.values, same.values)
    assert (one.values != other.values).all()
    bootstrap(fit.model, histories, replicates=2, seed=1)
    np.testing.assert_array_equal(histories.count, before.count)
