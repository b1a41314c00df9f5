"""Fits of the Pareto/NBD: the published one, recovery, coverage, and every way to end."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln, roots_legendre
from scipy.stats import binom

from evergreen.models.fitting import FitResult, FitStatus
from evergreen.models.histories import PurchaseHistories
from evergreen.models.pareto_nbd import PARETO, ParetoNBD, pareto_limits
from evergreen.typing import FloatArray
from tests.reference import cdnow

NODES, WEIGHTS = roots_legendre(60)


@pytest.fixture(scope="module")
def base() -> cdnow.Customers:
    return cdnow.customers()


@pytest.fixture(scope="module")
def fitted(base: cdnow.Customers) -> FitResult[ParetoNBD]:
    return ParetoNBD.fit(PurchaseHistories.of(base.frequency, base.recency, base.T))


def plain_log_likelihood(parameters: FloatArray, base: cdnow.Customers) -> float:
    """Sum, customer by customer, the chances of being there at T and of having left at any time before."""
    r, alpha, s, beta = parameters.tolist()
    x, t_x, T = (column[:, None] for column in (base.frequency, base.recency, base.T))
    k = r + x
    left_at = t_x + 0.5 * (T - t_x) * (1 + NODES)
    leaving = s / (beta + left_at) * np.exp(k * np.log((alpha + T) / (alpha + left_at)))
    leaving *= ((beta + T) / (beta + left_at)) ** s
    dead = (leaving * WEIGHTS * 0.5 * (T - t_x)).sum(axis=1)
    alive = gammaln(k) - gammaln(r) + r * np.log(alpha) - k * np.log(alpha + T) - s * np.log1p(T / beta)
    return float((alive[:, 0] + np.log1p(dead)).sum())


def assert_usable(fit: FitResult[ParetoNBD], T: float = 39.0) -> None:
    assert fit.status in set(FitStatus) - {FitStatus.STOPPED}
    assert np.isfinite(fit.log_likelihood)
    assert all(np.isfinite(value) and value > 0 for value in fit.values)
    for values in fit.model.forecast(T, [0, 1, 3, 40], [0, 0.5 * T, T, 0.9 * T], T, delta=0.01):
        assert np.all(np.isfinite(values) & (values >= 0))


# ------------------------------------------------------------------------------- one base


def test_published_fit(fitted: FitResult[ParetoNBD]) -> None:
    """Fader, Hardie & Lee (2005), table 2."""
    assert fitted.status is FitStatus.CONVERGED
    np.testing.assert_allclose(fitted.values, (0.553, 10.578, 0.606, 11.669), atol=5e-4)
    assert fitted.log_likelihood == pytest.approx(-9595.0, abs=0.05)


def test_value_and_maximum(fitted: FitResult[ParetoNBD], base: cdnow.Customers) -> None:
    top = np.array(fitted.values)
    assert fitted.log_likelihood == pytest.approx(plain_log_likelihood(top, base), rel=1e-12, abs=0)
    for i in range(4):
        for step in (-1e-3, 1e-3):
            assert plain_log_likelihood(top * np.exp(step * np.eye(4)[i]), base) < fitted.log_likelihood


def test_standard_errors(fitted: FitResult[ParetoNBD], base: cdnow.Customers) -> None:
    """The inverse of minus the second differences of the plain sum, in the parameters themselves."""
    top, step = np.array(fitted.values), 1e-3 * np.array(fitted.values)
    bend, unit = np.empty((4, 4)), np.diag(step)
    for i in range(4):
        for j in range(i + 1):
            corners = [
                si * sj * plain_log_likelihood(top + si * unit[i] + sj * unit[j], base)
                for si in (-1, 1)
                for sj in (-1, 1)
            ]
            bend[i, j] = bend[j, i] = sum(corners) / (4 * step[i] * step[j])
    exact = np.linalg.inv(-bend)
    np.testing.assert_allclose(fitted.covariance, exact, rtol=2e-3, atol=2e-3 * np.abs(exact).min())


def test_evidence_of_times_that_hardly_repeat() -> None:
    truth = ParetoNBD(0.6, 11.0, 0.6, 12.0)
    drawn = truth.simulate(np.random.default_rng(3).uniform(10, 60, 25_000), seed=4)
    fit = ParetoNBD.fit(PurchaseHistories.of(drawn.frequency, drawn.recency, drawn.T))
    sample = cdnow.Customers(drawn.frequency, drawn.recency, drawn.T, drawn.T)
    assert fit.log_likelihood == pytest.approx(plain_log_likelihood(np.array(fit.values), sample), rel=1e-10, abs=0)
    assert fit.log_likelihood > plain_log_likelihood(np.array(list(truth.parameters.values())), sample)


# ------------------------------------------------------------------------------- many bases


@pytest.mark.parametrize("size", [30, 50, 100, 500])
def test_subsamples(size: int, base: cdnow.Customers) -> None:
    random = np.random.default_rng(size)
    for _ in range(12):
        chosen = random.choice(len(base.T), size, replace=False)
        fit = ParetoNBD.fit(PurchaseHistories.of(base.frequency[chosen], base.recency[chosen], base.T[chosen]))
        assert_usable(fit)
        sample = cdnow.Customers(base.frequency[chosen], base.recency[chosen], base.T[chosen], base.mean_value[chosen])
        # no point of a coarse cross about the estimate is better; towards a boundary none by much
        for i in range(4):
            for factor in (0.5, 0.8, 1.25, 2.0):
                beside = plain_log_likelihood(np.array(fit.values) * factor ** np.eye(4)[i], sample)
                assert beside < fit.log_likelihood + 1e-3
        if fit.status is FitStatus.CONVERGED:
            assert all(np.isfinite(error) for error in fit.standard_errors.values())
        elif fit.status is FitStatus.BOUNDARY:
            assert "limit in which" in fit.message
            assert "in which ." not in fit.message


@pytest.mark.parametrize(
    "truth", [(0.55, 10.6, 0.6, 11.7), (2.0, 10.0, 1.0, 40.0), (1.0, 3.0, 2.0, 30.0)], ids=["retail", "s = 1", "short"]
)
def test_recovery(truth: tuple[float, float, float, float]) -> None:
    drawn = ParetoNBD(*truth).simulate(np.random.default_rng(1).integers(20, 80, 60_000).astype(np.float64), seed=2)
    fit = ParetoNBD.fit(PurchaseHistories.of(drawn.frequency, drawn.recency, drawn.T))
    assert fit.status is FitStatus.CONVERGED
    distance = np.log(np.array(fit.values) / np.array(truth))
    # a chi-square with 4 degrees of freedom: above 23.5 once in ten thousand
    assert distance @ np.linalg.solve(fit.log_covariance, distance) < 23.5


def test_coverage() -> None:
    """Of 90 % intervals about as many hold the truth."""
    truth, sets = ParetoNBD(1.2, 12.0, 1.5, 40.0), 60
    held = dict.fromkeys(truth.parameters, 0)
    for seed in range(sets):
        drawn = truth.simulate(52.0, customers=600, seed=seed)
        fit = ParetoNBD.fit(PurchaseHistories.of(drawn.frequency, drawn.recency, drawn.T))
        assert_usable(fit)
        for name, (low, high) in fit.intervals(0.9).items():
            held[name] += not (getattr(truth, name) < low or getattr(truth, name) > high)
    assert min(held.values()) >= binom.ppf(1e-4, sets, 0.9), held


# ------------------------------------------------------------------------------- ways to end


@pytest.mark.parametrize(
    "rows",
    [
        [(3, 20.0, 30.0)],
        [(1, 30.0, 30.0)],
        [(1, 0.0, 30.0)],
        [(5_000, 29.9, 30.0)],
        [(2, 15.0, 30.0)] * 500,
        [(0, 0.0, 30.0)] * 999 + [(1, 4.0, 30.0)],
        [(0, 0.0, 0.0)] * 50 + [(2, 15.0, 30.0), (1, 2.0, 30.0), (4, 29.0, 30.0)],
        [(x, 30.0, 30.0) for x in range(1, 40)],
        [(x, 1e-9, 30.0) for x in range(1, 40)],
        [(0, 0.0, 1e-6), (3, 5e3, 1e4), (1, 1.0, 2.0)],
    ],
    ids=[
        "one customer",
        "bought at the end",
        "bought at once",
        "a heavy buyer",
        "all alike",
        "one repeat buyer",
        "some just joined",
        "nobody leaves",
        "all leave at once",
        "unlike ages",
    ],
)
def test_odd_bases(rows: list[tuple[int, float, float]]) -> None:
    x, t_x, T = zip(*rows, strict=True)
    fit = ParetoNBD.fit(PurchaseHistories.of(x, t_x, T))
    assert_usable(fit, 30.0)
    assert fit.message
    sure = [np.isfinite(error) for error in fit.standard_errors.values()]
    assert all(sure) or fit.status is not FitStatus.CONVERGED


def test_a_base_that_nobody_leaves_is_named() -> None:
    random = np.random.default_rng(4)
    T = 50.0
    x = random.poisson(random.gamma(2.0, 0.1, 3_000) * T)
    t_x = np.where(x > 0, T * random.beta(np.maximum(x, 1), 1), 0.0)
    fit = ParetoNBD.fit(PurchaseHistories.of(x, t_x, np.full(3_000, T)))
    assert fit.status is not FitStatus.CONVERGED
    # customers are as good as alive, and the forecast is that of a gamma rate
    assert fit.model.p_alive(x, t_x, T).mean() > 0.99
    expected = fit.model.expected_purchases(50, x, t_x, T)
    assert expected.sum() == pytest.approx(50 * ((fit.model.r + x) / (fit.model.alpha + T)).sum(), rel=0.03, abs=0)
    assert fit.model.alpha == pytest.approx(10, rel=0.2, abs=0)


def test_a_base_without_difference_in_dropout_is_named() -> None:
    truth = ParetoNBD(1.5, 10.0, 1e5, 5e6)
    drawn = truth.simulate(60.0, customers=2_500, seed=9)
    fit = ParetoNBD.fit(PurchaseHistories.of(drawn.frequency, drawn.recency, drawn.T))
    assert_usable(fit, 60.0)
    assert fit.model.s / fit.model.beta == pytest.approx(0.02, rel=0.2, abs=0)
    if fit.status is FitStatus.BOUNDARY:
        assert "same rate" in fit.message


@pytest.mark.parametrize(
    ("point", "names", "said"),
    [
        ((1.0, 1.0, 1e5, 2e5), {"s", "beta"}, "every customer leaves at the same rate, 0.5 per mean age"),
        ((1.0, 1.0, 1e-5, 1.0), {"s"}, "nobody leaves (a pure NBD model fits as well)"),
        ((1.0, 1.0, 1.0, 1e5), {"beta"}, "nobody leaves (a pure NBD model fits as well)"),
        ((1.0, 1.0, 0.5, 1e-5), {"beta"}, "customers leave as soon as they can, but for a few who stay"),
        ((1e5, 1e4, 1.0, 1.0), {"r", "alpha"}, "all customers buy at the same rate"),
        ((1e-5, 1.0, 1.0, 1.0), {"r"}, "purchase rates are all near zero but for a few customers"),
    ],
)
def test_limits_in_words(point: tuple[float, ...], names: set[str], said: str) -> None:
    far = np.array(point)
    zero = frozenset(name for name in names if far[PARETO.names.index(name)] < 1)
    message = pareto_limits(far, zero, frozenset(names) - zero)
    assert f"limit in which {said}. " in message
    assert ", ".join(sorted(names)) in message
