"""Fits of BG/BB: the published donors, recovery, every way to end, and histories that it must refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, logsumexp

from evergreen import BGBB, CustomerBase, FitStatus, PurchaseHistories, datasets
from evergreen.errors import InvalidInputError
from evergreen.kernels import bgbb
from evergreen.models.fitting import FitResult
from evergreen.typing import FloatArray

PAPER = BGBB(1.204, 0.750, 0.657, 2.783)


@pytest.fixture(scope="module")
def donors() -> PurchaseHistories:
    table = datasets.load_donations()
    return PurchaseHistories.of(
        table["frequency"], table["recency"], table["T"], count=table["customers"], time_unit="Y"
    )


@pytest.fixture(scope="module")
def fitted(donors: PurchaseHistories) -> FitResult[BGBB]:
    return BGBB.fit(donors)


def plain_log_likelihood(parameters: FloatArray, histories: PurchaseHistories) -> float:
    """Sum the paper's likelihood, history by history, term by term."""
    alpha, beta, gamma, delta = parameters.tolist()
    total = 0.0
    for x, t_x, T, count in zip(histories.frequency, histories.recency, histories.T, histories.count, strict=True):
        s = np.arange(t_x, T)
        gone = betaln(alpha + x, beta + s - x) + betaln(gamma + 1, delta + s)
        there = betaln(alpha + x, beta + T - x) + betaln(gamma, delta + T)
        total += count * (logsumexp([*gone, there]) - betaln(alpha, beta) - betaln(gamma, delta))
    return float(total)


def test_donors_of_the_paper(fitted: FitResult[BGBB]) -> None:
    """Fader, Hardie & Shang (2010), table 2."""
    assert fitted.status is FitStatus.CONVERGED
    assert fitted.customers == 11_104
    assert [round(value, 2) for value in fitted.values] == [1.20, 0.75, 0.66, 2.78]
    np.testing.assert_allclose(fitted.values, [1.204, 0.750, 0.657, 2.783], atol=6e-4)
    assert round(fitted.log_likelihood, 1) == -33225.6


def test_expected_donations_of_the_paper() -> None:
    """The published table of donations in 2002 to 2006, by frequency and year of the last donation."""
    published = {
        (0, 0): 0.07,
        (1, 1): 0.09, (1, 2): 0.31, (1, 3): 0.59, (1, 4): 0.84, (1, 5): 1.02, (1, 6): 1.15,
        (2, 2): 0.12, (2, 3): 0.54, (2, 4): 1.06, (2, 5): 1.44, (2, 6): 1.67,
        (3, 3): 0.22, (3, 4): 1.03, (3, 5): 1.80, (3, 6): 2.19,
        (4, 4): 0.58, (4, 5): 2.03, (4, 6): 2.71,
        (5, 5): 1.81, (5, 6): 3.23,
        (6, 6): 3.75,
    }  # fmt: skip
    x, t_x = np.array(list(published)).T
    np.testing.assert_array_equal(PAPER.expected_purchases(5, x, t_x, 6).round(2), list(published.values()))


def test_alive_and_buying_at_the_next_opportunity() -> None:
    """Equation 11 is about opportunity n + 1: it is what a purchase there takes, besides the wish."""
    x, t_x = np.array([0, 1, 3, 6]), np.array([0, 2, 5, 6])
    mean_wish = (1.204 + x) / (1.204 + 0.750 + 6)
    np.testing.assert_allclose(PAPER.p_purchase(1, x, t_x, 6), PAPER.p_alive(x, t_x, 6) * mean_wish, rtol=1e-14)
    np.testing.assert_array_equal(PAPER.p_alive(x, t_x, 6).round(2), [0.11, 0.25, 0.77, 0.93])


def test_value_maximum_and_standard_errors(fitted: FitResult[BGBB], donors: PurchaseHistories) -> None:
    top, unit = np.array(fitted.values), np.diag(1e-3 * np.array(fitted.values))
    assert fitted.log_likelihood == pytest.approx(plain_log_likelihood(top, donors), rel=1e-12, abs=0)
    bend = np.empty((4, 4))
    for i in range(4):
        for j in range(4):
            corners = [
                si * sj * plain_log_likelihood(top + si * unit[i] + sj * unit[j], donors)
                for si in (-1, 1)
                for sj in (-1, 1)
            ]
            bend[i, j] = sum(corners) / (4 * unit[i, i] * unit[j, j])
    np.testing.assert_allclose(fitted.covariance, np.linalg.inv(-bend), rtol=5e-3)


@pytest.mark.parametrize("truth", [(1.2, 0.75, 0.66, 2.8), (0.5, 4.0, 1.5, 30.0), (0.3, 9.0, 0.5, 20.0)])
def test_recovery(truth: tuple[float, float, float, float]) -> None:
    ages = np.random.default_rng(1).integers(3, 60, 20_000)
    fit = BGBB.fit(PurchaseHistories.of(*BGBB(*truth).simulate(ages, seed=3)[:3]))
    assert fit.status is FitStatus.CONVERGED
    distance = np.log(np.array(fit.values) / np.array(truth))
    # a chi-square with 4 degrees of freedom: above 23.5 once in ten thousand
    assert distance @ np.linalg.solve(fit.log_covariance, distance) < 23.5


@pytest.mark.parametrize("seed", range(6))
def test_no_small_base_has_a_higher_maximum(seed: int) -> None:
    drawn = PAPER.simulate(np.random.default_rng(seed).integers(1, 9, 40), seed=seed)
    histories = PurchaseHistories.of(*drawn[:3])
    fit = BGBB.fit(histories)
    assert fit.status is not FitStatus.STOPPED

    evidence = bgbb.gather(histories.frequency, histories.recency, histories.T, histories.count)

    def below(z: FloatArray) -> tuple[float, FloatArray]:
        alpha, beta, gamma, delta = np.exp(z).tolist()
        value, gradient, _ = bgbb.log_likelihood((alpha, beta, gamma, delta), evidence)
        return -value, -gradient * np.exp(z)

    for start in ((1.0, 1.0, 1.0, 1.0), (0.3, 3.0, 0.1, 3.0), (9.0, 2.0, 9.0, 9.0)):
        other = minimize(below, np.log(start), jac=True, method="L-BFGS-B", bounds=[(-12.0, 12.0)] * 4)
        assert -float(other.fun) < fit.log_likelihood + 1e-3


# ------------------------------------------------------------------------------- ways to end


@pytest.mark.parametrize(
    ("x", "t_x", "T", "said"),
    [
        ([6] * 50, [6] * 50, [6] * 50, "fits as well) and customers buy at every opportunity"),
        ([2, 4, 6] * 50, [2, 4, 6] * 50, [6] * 150, "customers buy at every opportunity"),
        ([3, 3, 3] * 50, [6, 5, 4] * 50, [6] * 150, "all customers buy with the same probability"),
    ],
    ids=["always", "until they leave", "half of the time"],
)
def test_limits_are_named(x: list[int], t_x: list[int], T: list[int], said: str) -> None:
    fit = BGBB.fit(PurchaseHistories.of(x, t_x, T))
    assert fit.status is FitStatus.BOUNDARY
    assert said in fit.message
    assert np.isfinite(fit.model.expected_purchases(5, x, t_x, T)).all()


def test_nothing_to_learn_from() -> None:
    with pytest.raises(InvalidInputError, match="None of 3 customers has a repeat purchase"):
        BGBB.fit(PurchaseHistories.of([0, 0, 0], [0, 0, 0], [3, 4, 5]))


# ------------------------------------------------------------------------------- opportunities


@pytest.mark.parametrize(
    ("history", "said"),
    [
        (([1, 1], [1.5, 1.0], [3.0, 3.0]), "recency must be a whole number of opportunities: 1 of 2 rows"),
        (([1, 1], [1.0, 1.0], [3.5, 3.2]), "T must be a whole number of opportunities: 2 of 2 rows"),
        (([3, 1], [2.0, 1.0], [3.0, 3.0]), "frequency must not be greater than recency: 1 of 2 rows, for example 3"),
    ],
)
def test_other_times_are_refused(history: tuple[list[float], ...], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said) as fitting:
        BGBB.fit(PurchaseHistories.of(*history))
    with pytest.raises(InvalidInputError, match=said):
        PAPER.p_alive(*history)
    assert "occasion and time_unit the same period" in str(fitting.value)


def test_horizons_and_ages_are_whole() -> None:
    with pytest.raises(InvalidInputError, match="whole number"):
        PAPER.expected_purchases(2.5, 1, 1, 6)
    with pytest.raises(InvalidInputError, match="whole number"):
        PAPER.expected_purchases_new([1, 2.5])
    with pytest.raises(InvalidInputError, match="T must be a whole number"):
        PAPER.simulate(2.5, customers=3)
    assert PAPER.p_purchase(math.inf, 6, 6, 6) == pytest.approx(PAPER.p_purchase(10**6, 6, 6, 6), rel=1e-4)


def test_a_log_by_periods_is_a_row_of_opportunities() -> None:
    base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True), occasion="W", time_unit="W")
    fit = BGBB.fit(base.histories())
    assert fit.status is FitStatus.CONVERGED
    assert fit.customers == 2_357


def test_empty_and_shaped_arguments() -> None:
    assert PAPER.p_alive([], [], []).shape == (0,)
    grid = PAPER.p_alive([[1], [2]], [[2], [2]], [3, 4, 5])
    assert grid.shape == (2, 3)
    assert PAPER.forecast(3, [[1], [2]], [[2], [2]], [3, 4, 5]).p_alive.tolist() == grid.tolist()
    assert PAPER.pmf_ahead([0, 1], 0, 1, 2, 3).tolist() == [1, 0]
