"""Fits of gamma-gamma: money, standard errors, recovery, and every way to end."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import gammaln

from evergreen.errors import InvalidInputError
from evergreen.models.fitting import FitResult, FitStatus
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.models.histories import SpendHistories
from evergreen.typing import FloatArray, IntArray
from tests.reference import cdnow


@pytest.fixture(scope="module")
def base() -> cdnow.Customers:
    return cdnow.customers()


@pytest.fixture(scope="module")
def fitted(base: cdnow.Customers) -> FitResult[GammaGamma]:
    return GammaGamma.fit(SpendHistories.of(base.frequency, base.mean_value))


def plain_log_likelihood(parameters: FloatArray, x: IntArray, m: FloatArray) -> float:
    """Sum the logarithm of: x m / v is a ratio of a gamma(p x) and a gamma(q) variable (a beta prime)."""
    p, q, v = parameters.tolist()
    y = x * m / v
    density = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + (p * x - 1) * np.log(y) - (p * x + q) * np.log1p(y)
    return float((density + np.log(x / v)).sum())


def test_value_maximum_and_standard_errors(fitted: FitResult[GammaGamma], base: cdnow.Customers) -> None:
    repeat = base.mean_value > 0
    x, m = base.frequency[repeat], base.mean_value[repeat]
    top, unit = np.array(fitted.values), np.diag(1e-3 * np.array(fitted.values))
    assert fitted.log_likelihood == pytest.approx(plain_log_likelihood(top, x, m), rel=1e-12, abs=0)
    bend = np.empty((3, 3))
    for i in range(3):
        assert plain_log_likelihood(top + unit[i], x, m) < fitted.log_likelihood
        assert plain_log_likelihood(top - unit[i], x, m) < fitted.log_likelihood
        for j in range(3):
            corners = [
                si * sj * plain_log_likelihood(top + si * unit[i] + sj * unit[j], x, m)
                for si in (-1, 1)
                for sj in (-1, 1)
            ]
            bend[i, j] = sum(corners) / (4 * unit[i, i] * unit[j, j])
    np.testing.assert_allclose(fitted.covariance, np.linalg.inv(-bend), rtol=2e-3)


@pytest.mark.parametrize("rate", [100.0, 157.3, 1e-3])
def test_the_currency(rate: float, fitted: FitResult[GammaGamma], base: cdnow.Customers) -> None:
    other = GammaGamma.fit(SpendHistories.of(base.frequency, base.mean_value * rate))
    np.testing.assert_allclose(np.array(other.values) / np.array(fitted.values), [1, 1, rate], rtol=1e-8)
    shift = -fitted.customers * np.log(rate)
    assert other.log_likelihood == pytest.approx(fitted.log_likelihood + shift, rel=1e-10, abs=0)
    np.testing.assert_allclose(
        other.model.expected_spend(base.frequency, base.mean_value * rate),
        rate * fitted.model.expected_spend(base.frequency, base.mean_value),
        rtol=1e-8,
    )


def test_huge_counts(fitted: FitResult[GammaGamma], base: cdnow.Customers) -> None:
    counts = np.full(len(base.T), 10**9)
    fit = GammaGamma.fit(SpendHistories.of(base.frequency, base.mean_value, count=counts))
    np.testing.assert_allclose(fit.values, fitted.values, rtol=1e-7)


@pytest.mark.parametrize("truth", [(6.25, 3.74, 15.44), (1.0, 1.5, 200.0), (40.0, 12.0, 3.0)])
def test_recovery(truth: tuple[float, float, float]) -> None:
    x = np.random.default_rng(3).geometric(0.3, 30_000)
    mean, _ = GammaGamma(*truth).simulate(x, seed=4)
    fit = GammaGamma.fit(SpendHistories.of(x, mean))
    assert fit.status is FitStatus.CONVERGED
    distance = np.log(np.array(fit.values) / np.array(truth))
    # a chi-square with 3 degrees of freedom: above 21.1 once in ten thousand
    assert distance @ np.linalg.solve(fit.log_covariance, distance) < 21.1


@pytest.mark.parametrize("size", [30, 100, 500])
def test_subsamples(size: int, base: cdnow.Customers) -> None:
    random = np.random.default_rng(size)
    for _ in range(30):
        chosen = random.choice(len(base.T), size, replace=False)
        x, m = base.frequency[chosen], base.mean_value[chosen]
        fit = GammaGamma.fit(SpendHistories.of(x, m))
        assert fit.status is not FitStatus.STOPPED
        repeat = m > 0
        spend = fit.model.expected_spend(x[repeat], m[repeat])
        assert np.all((spend > 0) & (np.isfinite(spend) | (fit.model.q <= 1)))
        top = np.array(fit.values)
        for i in range(3):
            for factor in (0.5, 2.0):
                beside = plain_log_likelihood(top * factor ** np.eye(3)[i], x[repeat], m[repeat])
                assert beside < fit.log_likelihood + 1e-3


def highest(start: FloatArray, x: IntArray, m: FloatArray) -> float:
    """Return the log-likelihood that another optimizer reaches."""

    def below(z: FloatArray) -> float:
        return -plain_log_likelihood(np.exp(z), x, m)

    return -float(minimize(below, np.log(start), method="L-BFGS-B", bounds=[(-9.0, 9.0)] * 3).fun)


def test_heavy_tails_do_not_hide_the_maximum() -> None:
    """Where levels have no finite mean, one customer can hold nearly all the money: no scale to search on."""
    truth = GammaGamma(0.627, 0.311, 2.956)
    for seed in range(25):
        x = np.random.default_rng(seed).geometric(0.5, 10)
        mean, _ = truth.simulate(x, seed=seed)
        fit = GammaGamma.fit(SpendHistories.of(x, mean))
        middle = float(np.exp(np.log(mean).mean()))
        for start in ((1.0, 1.0, 1.0), (0.3, 0.3, 0.3), (5.0, 0.3, 0.05)):
            other = highest(np.array(start), x, mean / middle) - len(x) * np.log(middle)
            assert other < fit.log_likelihood + 1e-3


# ------------------------------------------------------------------------------- ways to end


def test_nobody_to_learn_from() -> None:
    with pytest.raises(InvalidInputError, match="spend cannot be estimated"):
        GammaGamma.fit(SpendHistories.of([0, 1], [0.0, 0.0]))


@pytest.mark.parametrize(
    ("x", "m"),
    [
        ([3], [20.0]),
        ([1] * 40, [20.0] * 40),
        ([2, 3, 4] * 20, [20.0] * 60),
        ([1, 1, 1], [1e-6, 1.0, 1e9]),
        ([5_000, 1], [30.0, 40.0]),
    ],
    ids=["one customer", "all alike", "all of one value", "wild values", "a heavy buyer"],
)
def test_odd_bases(x: list[int], m: list[float]) -> None:
    fit = GammaGamma.fit(SpendHistories.of(x, m))
    assert fit.status is not FitStatus.STOPPED
    assert all(np.isfinite(value) and value > 0 for value in fit.values)
    assert np.all(fit.model.expected_spend(x, m) > 0)
    sure = [np.isfinite(error) for error in fit.standard_errors.values()]
    assert all(sure) or fit.status is not FitStatus.CONVERGED


def test_values_that_do_not_vary_are_expected_again() -> None:
    fit = GammaGamma.fit(SpendHistories.of([2, 3, 4] * 20, [20.0] * 60))
    assert fit.status is FitStatus.BOUNDARY
    np.testing.assert_allclose(fit.model.expected_spend([0, 2, 9], [0.0, 20.0, 20.0]), 20.0, rtol=1e-2)


# ------------------------------------------------------------------------------- expected spend


def test_infinite_means_are_said() -> None:
    model = GammaGamma(p=0.5, q=0.8, v=10.0)
    assert model.mean == np.inf
    spend = model.expected_spend([0, 1, 2], [0.0, 30.0, 30.0])
    assert spend[0] == np.inf  # nothing known, and no mean
    np.testing.assert_allclose(spend[1:], [(0.5 * 10 + 0.5 * 30) / 0.3, (0.5 * 10 + 30) / 0.8])
    assert GammaGamma(p=0.1, q=0.8, v=10.0).expected_spend(1, 30.0) == np.inf
    assert GammaGamma(p=1.0, q=1.0, v=10.0).mean == np.inf


def test_between_the_customer_and_the_population() -> None:
    model = GammaGamma(6.25, 3.74, 15.44)
    for x in (1, 3, 50):
        own = np.array([1.0, 20.0, model.mean, 90.0, 1e4])
        spend = model.expected_spend(x, own)
        assert np.all(np.diff(spend) > 0)
        assert np.all((spend >= np.minimum(own, model.mean) - 1e-9) & (spend <= np.maximum(own, model.mean) + 1e-9))
    by_evidence = model.expected_spend([0, 1, 2, 10, 10**6], 90.0)
    assert np.all(np.diff(by_evidence) > 0)
    assert by_evidence[-1] == pytest.approx(90, rel=1e-5, abs=0)


def test_missing_money_of_one_time_buyers_is_not_used() -> None:
    model = GammaGamma(6.25, 3.74, 15.44)
    np.testing.assert_allclose(model.expected_spend([0, 0, 0], [np.nan, 0.0, 77.0]), model.mean)
    for bad in (np.nan, -1.0, np.inf):
        with pytest.raises(InvalidInputError):
            model.expected_spend(1, bad)
