"""Fits of MBG/NBD: the maximum of the plain sum, recovery, coverage, and what its limits mean."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betaln, gammaln

from evergreen.models.bgnbd import BGNBD, MBGNBD
from evergreen.models.fitting import FitResult, FitStatus
from evergreen.models.histories import PurchaseHistories
from evergreen.typing import FloatArray
from tests.reference import cdnow
from tests.reference.coverage import coverage


@pytest.fixture(scope="module")
def base() -> cdnow.Customers:
    return cdnow.customers()


@pytest.fixture(scope="module")
def fitted(base: cdnow.Customers) -> FitResult[MBGNBD]:
    return MBGNBD.fit(PurchaseHistories.of(base.frequency, base.recency, base.T))


def plain_log_likelihood(parameters: FloatArray, base: cdnow.Customers) -> float:
    """Sum, customer by customer, the chances of having stayed and of having left at the last purchase or the first."""
    r, alpha, a, b = parameters.tolist()
    x, t_x, T = base.frequency, base.recency, base.T
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = betaln(a, b + x + 1) - betaln(a, b) + rate - (r + x) * np.log(alpha + T)
    left = betaln(a + 1, b + x) - betaln(a, b) + rate - (r + x) * np.log(alpha + t_x)
    return float(np.logaddexp(alive, left).sum())


def test_value_and_maximum(fitted: FitResult[MBGNBD], base: cdnow.Customers) -> None:
    top = np.array(fitted.values)
    assert fitted.log_likelihood == pytest.approx(plain_log_likelihood(top, base), rel=1e-12, abs=0)
    for i in range(4):
        for step in (-1e-3, 1e-3):
            assert plain_log_likelihood(top * np.exp(step * np.eye(4)[i]), base) < fitted.log_likelihood


@pytest.mark.parametrize(
    "truth", [(0.5, 6.0, 0.9, 1.6), (2.0, 10.0, 1.0, 4.0), (1.0, 3.0, 0.3, 0.6)], ids=["retail", "even", "short"]
)
def test_recovery(truth: tuple[float, float, float, float]) -> None:
    drawn = MBGNBD(*truth).simulate(np.random.default_rng(1).uniform(20, 80, 60_000), seed=2)
    fit = MBGNBD.fit(PurchaseHistories.of(drawn.frequency, drawn.recency, drawn.T))
    assert fit.status is FitStatus.CONVERGED
    distance = np.log(np.array(fit.values) / np.array(truth))
    # a chi-square with 4 degrees of freedom: above 23.5 once in ten thousand
    assert distance @ np.linalg.solve(fit.log_covariance, distance) < 23.5


def test_coverage() -> None:
    """Of 90 % intervals about as many hold the truth."""
    truth = MBGNBD(0.8, 6.0, 0.9, 3.0)
    bases = (truth.simulate(52.0, customers=600, seed=seed) for seed in range(120))
    found = coverage(
        truth.parameters, (MBGNBD.fit(PurchaseHistories.of(one.frequency, one.recency, one.T)) for one in bases)
    )
    assert found.ended[FitStatus.CONVERGED] > 110
    for name in truth.parameters:
        assert found.held[name] >= found.least(name, 1e-4), name


def test_the_model_that_drew_them_is_more_likely() -> None:
    """Customers who may leave at the first purchase are told from those who may not, and the other way round."""
    for ours, other in ((MBGNBD, BGNBD), (BGNBD, MBGNBD)):
        drawn = ours(0.8, 6.0, 0.9, 1.6).simulate(np.random.default_rng(3).uniform(20, 80, 8_000), seed=4)
        histories = PurchaseHistories.of(drawn.frequency, drawn.recency, drawn.T)
        assert ours.fit(histories).log_likelihood > other.fit(histories).log_likelihood + 5


def test_a_base_that_leaves_with_the_first_purchase() -> None:
    """999 who never come back and one who did: hardly anybody stays, or hardly anybody buys."""
    x, t_x = np.append(np.zeros(999, np.int64), 3), np.append(np.zeros(999), 29.0)
    fit = MBGNBD.fit(PurchaseHistories.of(x, t_x, np.full(1_000, 30.0)))
    assert fit.status is not FitStatus.STOPPED
    found = fit.model.expected_purchases_new(30.0)
    assert float(found) == pytest.approx(3 / 1_000, rel=0.5)
