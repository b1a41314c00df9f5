"""What is known before the data: a log-normal density in unit-free terms, and how much it tells."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from evergreen import BGNBD, FitStatus, GammaGamma, PurchaseHistories, SpendHistories, WeakPrior
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.models.fitting import Problem

FEW = PurchaseHistories.of([0, 0, 1, 2, 0, 5], [0, 0, 3, 8, 0, 20], [9, 30, 9, 9, 25, 30])


@pytest.mark.parametrize("spread", [1.5, 10.0, 100.0])
def test_density_is_log_normal(spread: float) -> None:
    point = np.array([0.3, -2.0, 7.0])
    value, gradient, hessian = WeakPrior(spread).log_density(point)
    origin = WeakPrior(spread).log_density(np.zeros(3))[0]
    exact = norm.logpdf(point, scale=math.log(spread)).sum() - norm.logpdf(np.zeros(3), scale=math.log(spread)).sum()
    assert value - origin == pytest.approx(exact, rel=1e-12, abs=0)
    np.testing.assert_allclose(gradient, -point / math.log(spread) ** 2, rtol=1e-14)
    np.testing.assert_allclose(hessian, -np.eye(3) / math.log(spread) ** 2, rtol=1e-14)


def test_spread_is_a_factor_up_or_down() -> None:
    """A factor of the spread is one standard deviation: the density there is exp(-1/2) of the highest."""
    prior = WeakPrior(spread=4.0)
    for factor in (4.0, 1 / 4.0):
        assert prior.log_density(np.array([math.log(factor)]))[0] == pytest.approx(-0.5, rel=1e-12, abs=0)


@pytest.mark.parametrize("spread", [1.0, 0.5, 0.0, -3.0, math.nan, math.inf])
def test_spreads_that_cannot_be(spread: float) -> None:
    with pytest.raises(InvalidInputError, match="spread"):
        WeakPrior(spread)


def test_a_spread_is_a_number() -> None:
    with pytest.raises(InputTypeError, match="spread"):
        WeakPrior("wide")  # type: ignore[arg-type]


def problem(prior: WeakPrior | None) -> Problem:
    return BGNBD(1.0, 1.0, 1.0, 1.0).problem(FEW, prior)


def test_posterior_is_likelihood_plus_density() -> None:
    point = np.log([0.7, 0.4, 0.9, 3.0])
    bare, weighed = problem(None).log_posterior(point), problem(WeakPrior(5.0)).log_posterior(point)
    density = WeakPrior(5.0).log_density(point - np.log(problem(None).starts[0]))
    for i in range(3):
        np.testing.assert_allclose(weighed[i], np.add(bare[i], density[i]), rtol=1e-13)


def test_derivatives_of_the_posterior() -> None:
    point, step = np.log([0.7, 0.4, 0.9, 3.0]), 1e-5
    posterior = problem(WeakPrior(5.0)).log_posterior
    _, gradient, hessian = posterior(point)
    for i, unit in enumerate(np.eye(4)):
        ahead, behind = posterior(point + step * unit), posterior(point - step * unit)
        assert (ahead[0] - behind[0]) / (2 * step) == pytest.approx(gradient[i], rel=1e-6, abs=1e-8)
        np.testing.assert_allclose((ahead[1] - behind[1]) / (2 * step), hessian[i], rtol=1e-6, atol=1e-8)


def test_few_customers_have_estimates_and_errors() -> None:
    bare, weighed = BGNBD.fit(FEW), BGNBD.fit(FEW, prior=WeakPrior())
    assert bare.status is not FitStatus.CONVERGED
    assert weighed.status is FitStatus.CONVERGED
    assert all(0 < error < math.inf for error in weighed.standard_errors.values())
    # the log-likelihood is that of the data alone
    assert weighed.log_likelihood < bare.log_likelihood
    alone = problem(None)
    at = np.array(weighed.values) / alone.units
    assert weighed.log_likelihood == pytest.approx(alone.log_likelihood(at)[0] + alone.shift, rel=1e-12, abs=0)


def test_errors_count_what_was_known_before() -> None:
    """The covariance is the inverse of the information of the data plus that of the prior."""
    weighed = BGNBD.fit(FEW, prior=WeakPrior(3.0))
    point = np.log(np.array(weighed.values) / problem(None).units)
    curvature = problem(None).log_posterior(point)[2] - np.eye(4) / math.log(3.0) ** 2
    np.testing.assert_allclose(weighed.log_covariance, np.linalg.inv(-curvature), rtol=1e-8)


def test_spend_of_few_customers_in_any_currency() -> None:
    """One repeat buyer says nothing of the spread between customers; the prior knows no currency."""
    fits = [
        GammaGamma.fit(SpendHistories.of([1, 2], [30.0 * rate, 42.0 * rate]), prior=WeakPrior()) for rate in (1, 1e-3)
    ]
    assert all(fit.status is FitStatus.CONVERGED for fit in fits)
    for name, factor in (("p", 1.0), ("q", 1.0), ("v", 1e-3)):
        assert fits[1].parameters[name] == pytest.approx(fits[0].parameters[name] * factor, rel=1e-7, abs=0)
