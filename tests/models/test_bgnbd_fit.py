"""Fits of BG/NBD: units, merging, standard errors, recovery, coverage, and every way to end."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import betaln, gammaln

from evergreen.errors import InvalidInputError
from evergreen.models.bgnbd import BGNBD
from evergreen.models.fitting import FitResult, FitStatus
from evergreen.models.histories import PurchaseHistories
from evergreen.typing import FloatArray, TimeUnit
from tests.reference import cdnow
from tests.reference.coverage import coverage

NAMES = ("r", "alpha", "a", "b")


@pytest.fixture(scope="module")
def base() -> cdnow.Customers:
    return cdnow.customers()


@pytest.fixture(scope="module")
def fitted(base: cdnow.Customers) -> FitResult[BGNBD]:
    return BGNBD.fit(PurchaseHistories.of(base.frequency, base.recency, base.T))


def plain_log_likelihood(parameters: FloatArray, base: cdnow.Customers) -> float:
    """Sum, customer by customer, the chances of having stayed and of having left at the last purchase."""
    r, alpha, a, b = parameters.tolist()
    x, t_x, T = base.frequency, base.recency, base.T
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = betaln(a, b + x) - betaln(a, b) + rate - (r + x) * np.log(alpha + T)
    left = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) + rate - (r + x) * np.log(alpha + t_x)
    return float(np.where(x > 0, np.logaddexp(alive, left), alive).sum())


def assert_usable(fit: FitResult[BGNBD], T: float = 39.0) -> None:
    assert fit.status in set(FitStatus) - {FitStatus.STOPPED}
    assert np.isfinite(fit.log_likelihood)
    assert all(np.isfinite(value) and value > 0 for value in fit.values)
    forecast = fit.model.forecast(T, [0, 1, 3, 40], [0, 0.5 * T, T, 0.9 * T], T, delta=0.01)
    for values in forecast:
        assert np.all(np.isfinite(values) & (values >= 0))


# ------------------------------------------------------------------------------- one base


def test_value_and_maximum(fitted: FitResult[BGNBD], base: cdnow.Customers) -> None:
    top = np.array(fitted.values)
    assert fitted.log_likelihood == pytest.approx(plain_log_likelihood(top, base), rel=1e-12, abs=0)
    for i in range(4):
        for step in (-1e-3, 1e-3):
            beside = top * np.exp(step * np.eye(4)[i])
            assert plain_log_likelihood(beside, base) < fitted.log_likelihood


def test_standard_errors(fitted: FitResult[BGNBD], base: cdnow.Customers) -> None:
    """The inverse of minus the second differences of the plain sum, in the parameters themselves."""
    top, step = np.array(fitted.values), 1e-3 * np.array(fitted.values)
    bend = np.empty((4, 4))
    unit = np.diag(step)
    for i in range(4):
        for j in range(4):
            corners = [
                si * sj * plain_log_likelihood(top + si * unit[i] + sj * unit[j], base)
                for si in (-1, 1)
                for sj in (-1, 1)
            ]
            bend[i, j] = sum(corners) / (4 * step[i] * step[j])
    exact = np.linalg.inv(-bend)
    np.testing.assert_allclose(fitted.covariance, exact, rtol=2e-3, atol=2e-3 * np.abs(exact).min())
    np.testing.assert_allclose(list(fitted.standard_errors.values()), np.sqrt(np.diag(exact)), rtol=1e-3)


def test_intervals_are_positive_and_hold_the_estimate(fitted: FitResult[BGNBD]) -> None:
    wide, narrow = fitted.intervals(0.99), fitted.intervals(0.5)
    for name in NAMES:
        assert 0 < wide[name][0] < narrow[name][0] < fitted.parameters[name] < narrow[name][1] < wide[name][1]
    with pytest.raises(InvalidInputError, match="level"):
        fitted.intervals(95)


@pytest.mark.parametrize(("unit", "per_week"), [("D", 7.0), ("h", 168.0), ("Y", 7 / 365.2425)])
def test_the_unit_of_time(unit: TimeUnit, per_week: float, fitted: FitResult[BGNBD], base: cdnow.Customers) -> None:
    other = BGNBD.fit(PurchaseHistories.of(base.frequency, base.recency * per_week, base.T * per_week, time_unit=unit))
    np.testing.assert_allclose(np.array(other.values) / np.array(fitted.values), [1, per_week, 1, 1], rtol=1e-8)
    # each repeat purchase brings the density of its time
    shift = -int(base.frequency.sum()) * np.log(per_week)
    assert other.log_likelihood == pytest.approx(fitted.log_likelihood + shift, rel=1e-11, abs=0)
    np.testing.assert_allclose(other.log_covariance, fitted.log_covariance, rtol=1e-6)


def test_order_and_merging_change_nothing(fitted: FitResult[BGNBD], base: cdnow.Customers) -> None:
    order = np.random.default_rng(5).permutation(len(base.T))
    parts = [
        PurchaseHistories.of(base.frequency[part], base.recency[part], base.T[part])
        for part in np.array_split(order, 7)
    ]
    whole = parts[0]
    for part in parts[1:]:
        whole += part
    again = BGNBD.fit(whole)
    assert again.values == fitted.values
    assert again.log_likelihood == fitted.log_likelihood
    assert (again.customers, again.histories) == (fitted.customers, fitted.histories)


def test_huge_counts(fitted: FitResult[BGNBD], base: cdnow.Customers) -> None:
    many = 10**9
    counts = np.full(len(base.T), many)
    fit = BGNBD.fit(PurchaseHistories.of(base.frequency, base.recency, base.T, count=counts))
    np.testing.assert_allclose(fit.values, fitted.values, rtol=1e-7)
    assert fit.log_likelihood == pytest.approx(many * fitted.log_likelihood, rel=1e-11, abs=0)
    errors, each = fit.standard_errors, fitted.standard_errors
    for name in NAMES:
        assert errors[name] == pytest.approx(each[name] / many**0.5, rel=1e-5, abs=0)


# ------------------------------------------------------------------------------- many bases


@pytest.mark.parametrize("size", [30, 50, 100, 500])
def test_subsamples(size: int, base: cdnow.Customers) -> None:
    random = np.random.default_rng(size)
    for _ in range(50):
        chosen = random.choice(len(base.T), size, replace=False)
        histories = PurchaseHistories.of(base.frequency[chosen], base.recency[chosen], base.T[chosen])
        fit = BGNBD.fit(histories)
        assert_usable(fit)
        sample = cdnow.Customers(base.frequency[chosen], base.recency[chosen], base.T[chosen], base.mean_value[chosen])
        # no point of a coarse cross about the estimate is better; towards a boundary none by much
        top = np.array(fit.values)
        for i in range(4):
            for factor in (0.5, 0.8, 1.25, 2.0):
                beside = plain_log_likelihood(top * factor ** np.eye(4)[i], sample)
                assert beside < fit.log_likelihood + 1e-3
        if fit.status is FitStatus.CONVERGED:
            assert all(np.isfinite(error) for error in fit.standard_errors.values())
        elif fit.status is FitStatus.BOUNDARY:
            assert "limit" in fit.message


@pytest.mark.parametrize(
    "truth", [(0.5, 6.0, 0.8, 2.4), (2.0, 10.0, 1.0, 4.0), (1.0, 3.0, 0.3, 0.6)], ids=["retail", "even", "short"]
)
def test_recovery(truth: tuple[float, float, float, float]) -> None:
    drawn = BGNBD(*truth).simulate(np.random.default_rng(1).uniform(20, 80, 60_000), seed=2)
    fit = BGNBD.fit(PurchaseHistories.of(drawn.frequency, drawn.recency, drawn.T))
    assert fit.status is FitStatus.CONVERGED
    distance = np.log(np.array(fit.values) / np.array(truth))
    # a chi-square with 4 degrees of freedom: above 23.5 once in ten thousand
    assert distance @ np.linalg.solve(fit.log_covariance, distance) < 23.5


def test_coverage() -> None:
    """Of 90 % intervals about as many hold the truth."""
    truth = BGNBD(0.8, 6.0, 0.9, 3.0)
    bases = (truth.simulate(52.0, customers=600, seed=seed) for seed in range(120))
    found = coverage(
        truth.parameters, (BGNBD.fit(PurchaseHistories.of(one.frequency, one.recency, one.T)) for one in bases)
    )
    assert found.ended[FitStatus.CONVERGED] > 110
    for name in NAMES:
        assert found.held[name] >= found.least(name, 1e-4), name


# ------------------------------------------------------------------------------- ways to end


def test_no_repeat_purchases() -> None:
    with pytest.raises(InvalidInputError, match="repeat purchase"):
        BGNBD.fit(PurchaseHistories.of([0, 0], [0, 0], [10, 20]))


def test_nobody() -> None:
    with pytest.raises(InvalidInputError):
        BGNBD.fit(PurchaseHistories.of([], [], []))


def test_nobody_was_observed() -> None:
    with pytest.raises(InvalidInputError, match="T = 0"):
        BGNBD.fit(PurchaseHistories.of([0, 1], [0, 0], [0, 0]))


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
    fit = BGNBD.fit(PurchaseHistories.of(x, t_x, T))
    assert_usable(fit, 30.0)
    assert fit.message
    sure = [np.isfinite(error) for error in fit.standard_errors.values()]
    assert all(sure) or fit.status is not FitStatus.CONVERGED


def test_a_base_that_nobody_leaves_is_named() -> None:
    random = np.random.default_rng(4)
    T = 50.0
    x = random.poisson(random.gamma(2.0, 0.1, 3_000) * T)
    t_x = np.where(x > 0, T * random.beta(np.maximum(x, 1), 1), 0.0)
    fit = BGNBD.fit(PurchaseHistories.of(x, t_x, np.full(3_000, T)))
    assert fit.status is not FitStatus.CONVERGED
    # customers are as good as alive, and the forecast is that of a gamma rate
    assert fit.model.p_alive(x, t_x, T).mean() > 0.99
    expected = fit.model.expected_purchases(50, x, t_x, T)
    rate = (fit.model.r + x) / (fit.model.alpha + T)
    assert expected.sum() == pytest.approx(50 * rate.sum(), rel=0.03, abs=0)
    assert fit.model.alpha == pytest.approx(10, rel=0.2, abs=0)


def test_a_base_without_difference_in_dropout_is_named() -> None:
    random = np.random.default_rng(9)
    T, rows = 60.0, []
    for _ in range(2_500):
        rate, t, x, t_x = random.gamma(1.5, 0.1), 0.0, 0, 0.0
        while (t := t + random.exponential(1 / rate)) <= T:
            x, t_x = x + 1, t
            if random.random() < 0.2:
                break
        rows.append((x, t_x, T))
    x_, t_, T_ = zip(*rows, strict=True)
    fit = BGNBD.fit(PurchaseHistories.of(x_, t_, T_))
    assert_usable(fit, T)
    assert fit.model.a / (fit.model.a + fit.model.b) == pytest.approx(0.2, abs=0.02)
    if fit.status is FitStatus.BOUNDARY:
        assert "same probability" in fit.message


def test_large_bases_start_from_a_sample() -> None:
    truth = BGNBD(0.5, 6.0, 0.8, 2.4)
    drawn = truth.simulate(np.random.default_rng(0).uniform(10, 60, 40_000), seed=1)
    histories = PurchaseHistories.of(drawn.frequency, drawn.recency, drawn.T)
    assert len(histories) > 20_000
    fit = BGNBD.fit(histories)
    sample = cdnow.Customers(drawn.frequency, drawn.recency, drawn.T, drawn.T)
    assert fit.log_likelihood == pytest.approx(plain_log_likelihood(np.array(fit.values), sample), rel=1e-11, abs=0)
    assert fit.log_likelihood >= plain_log_likelihood(np.array([0.5, 6.0, 0.8, 2.4]), sample)
    for i in range(4):
        for step in (-0.01, 0.01):
            assert plain_log_likelihood(np.array(fit.values) * np.exp(step * np.eye(4)[i]), sample) < fit.log_likelihood


# ------------------------------------------------------------------------------- verbs


def test_verbs_keep_shapes() -> None:
    model = BGNBD(0.243, 4.414, 0.793, 2.426)
    x, t_x = np.array([[0, 1, 2], [3, 4, 5]]), np.array([[0.0, 1, 2], [3, 4, 5]])
    for found in (model.p_alive(x, t_x, 9), model.p_purchase(3, x, t_x, 9), model.expected_purchases(3, x, t_x, 9)):
        assert found.shape == (2, 3)
    assert model.forecast(3, x, t_x, 9.0).discounted_purchases.shape == (2, 3)
    assert np.ndim(model.expected_purchases(3, 1, 1, 9)) == 0
    assert model.expected_purchases_new([[1.0], [2.0]]).shape == (2, 1)
    assert model.pmf([[0, 1]], 3.0).shape == (1, 2)
    assert model.expected_purchases(3, [], [], []).shape == (0,)


def test_expected_purchases_rise_with_recency_and_horizon() -> None:
    model = BGNBD(0.243, 4.414, 0.793, 2.426)
    for x in (1, 2, 10, 100):
        by_recency = model.expected_purchases(39, x, np.linspace(0, 39, 50), 39)
        assert np.all(np.diff(by_recency) > 0)
        by_horizon = [float(model.expected_purchases(h, x, 20, 39)) for h in (0, 1e-3, 1, 10, 100, 1e4)]
        assert all(low < high for low, high in pairwise(by_horizon))


@pytest.mark.parametrize(
    ("frequency", "recency", "T"),
    [
        (1.5, 1, 2),
        (-1, 0, 2),
        (1, -1, 2),
        (1, 3, 2),
        (0, 1, 2),
        (1, float("nan"), 2),
        (float("nan"), 1, 2),
        (1, 1, np.inf),
    ],
)
def test_histories_that_cannot_be(frequency: float, recency: float, T: float) -> None:
    with pytest.raises(InvalidInputError):
        BGNBD(0.243, 4.414, 0.793, 2.426).p_alive(frequency, recency, T)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", NAMES)
def test_parameters_that_cannot_be(name: str, bad: float) -> None:
    with pytest.raises(InvalidInputError, match=name):
        BGNBD(**{"r": 0.2, "alpha": 4.0, "a": 0.8, "b": 2.0, name: bad})
