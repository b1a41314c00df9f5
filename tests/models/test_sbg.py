"""Contracts: the published cohorts, what they are worth, and every way for a fit to end."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from evergreen import SBG, ContractHistories, FitStatus, WeakPrior
from evergreen.errors import InputTypeError, InvalidInputError

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
LATER = {"high end": [0.468, 0.445, 0.427, 0.409, 0.394], "regular": [0.223, 0.207, 0.194, 0.183, 0.173]}
TWO_KINDS = [10_000, 6_334, 4_367, 3_264, 2_604]  # a third of customers renews with probability .9, the others .5


@pytest.fixture(scope="module")
def base() -> ContractHistories:
    """Five yearly cohorts of the same kind, the oldest seen at four renewals."""
    cohorts = [ContractHistories.from_survivors(TWO_KINDS[:length]) for length in range(1, 6)]
    merged = cohorts[0]
    for cohort in cohorts[1:]:
        merged += cohort
    return merged


# ------------------------------------------------------------------------------- the published cohorts


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood"),
    [(HIGH_END, 0.668, 3.806, -1611.2), (REGULAR, 0.704, 1.182, -1680.3)],
    ids=["high end", "regular"],
)
def test_fader_and_hardie_2007(survivors: list[int], alpha: float, beta: float, log_likelihood: float) -> None:
    fit = SBG.fit(ContractHistories.from_survivors(survivors))
    assert fit.status is FitStatus.CONVERGED
    assert (round(fit.model.alpha, 3), round(fit.model.beta, 3)) == (alpha, beta)
    assert round(fit.log_likelihood, 1) == log_likelihood
    assert fit.customers == 1_000


@pytest.mark.parametrize(("survivors", "segment"), [(HIGH_END, "high end"), (REGULAR, "regular")])
def test_projection_of_the_holdout(survivors: list[int], segment: str) -> None:
    """Years 8 to 12, which the fit has not seen: within two points of what came."""
    cohort = ContractHistories.from_survivors(survivors)
    model = SBG.fit(cohort).model
    np.testing.assert_allclose(model.survival(np.arange(8, 13)), LATER[segment], atol=0.02)
    renewals, left = model.project(cohort, 5)
    assert renewals.tolist() == [7]
    np.testing.assert_allclose(left[0, 1:] / 1_000, LATER[segment], atol=0.02)


def test_the_perils_of_one_retention_rate(base: ContractHistories) -> None:
    """Fader & Hardie (2010): a base of 26,569, 100 a year, 10 % discount; the truth is a mixture of two kinds."""
    assert base.active == 26_569
    rate = 16_569 / 23_965  # of those who came up for renewal at the end of the last year
    one_rate = base.active * 100 * rate * 1.1 / (1.1 - rate)
    assert round(one_rate, -2) == 4_945_000
    kinds = [10_000 / 3 * 0.9**n * 0.9 / (1.1 - 0.9) + 20_000 / 3 * 0.5**n * 0.5 / (1.1 - 0.5) for n in range(5)]
    truth = 110 * sum(kinds)
    assert round(truth, -3) == 7_941_000
    worth = SBG.fit(base).model.value(base, cash_flow=100.0, discount_rate=0.1)
    assert worth.active.tolist() == TWO_KINDS
    assert one_rate < 0.75 * worth.value.sum()
    assert 0.9 * truth < worth.value.sum() < truth


# ------------------------------------------------------------------------------- verbs


@pytest.mark.parametrize("renewals", [0, 1, 4, 30])
@pytest.mark.parametrize("wait", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("horizon", [1, 12, math.inf])
def test_derl_is_the_sum_of_its_payments(renewals: int, wait: float, horizon: float) -> None:
    model = SBG(0.668, 3.806)
    alpha, beta, rate = mp.mpf(0.668), mp.mpf(3.806) + renewals, mp.mpf(1.1)
    if math.isinf(horizon):
        exact = beta / (alpha + beta) * mp.hyp2f1(1, beta + 1, alpha + beta + 1, 1 / rate)
    else:
        there, exact = mp.mpf(1), mp.mpf(0)
        for j in range(int(horizon)):
            there *= (beta + j) / (alpha + beta + j)
            exact += there / rate**j
    found = model.discounted_renewals(renewals, discount_rate=0.1, horizon=horizon, until_renewal=wait)
    assert float(found) == pytest.approx(float(exact * rate**-wait), rel=1e-12)


def test_lifetimes() -> None:
    model = SBG(1.8, 3.0)
    share = mp.quad(lambda p: p**-0.2 * (1 - p) ** 2, [0, 1]) / mp.beta(1.8, 3)  # the mean of 1 / p
    assert model.mean_lifetime == pytest.approx(float(share), rel=1e-9)
    assert SBG(1.0, 3.0).mean_lifetime == math.inf
    for one in (model, SBG(0.668, 3.806), SBG(0.704, 1.182), SBG(0.05, 1.0)):
        median = one.median_lifetime
        assert one.survival(int(median)) <= 0.5 < one.survival(int(median) - 1)
    assert SBG(1e-3, 1.0).median_lifetime == math.inf
    assert SBG(9.0, 1.0).median_lifetime == 1


def test_parts_of_the_distribution_agree() -> None:
    model, n = SBG(0.704, 1.182), np.arange(60)
    np.testing.assert_allclose(model.pmf(n), -np.diff(model.survival(np.arange(61))), rtol=1e-12)
    np.testing.assert_allclose(model.retention(n), model.survival(n + 1) / model.survival(n), rtol=1e-12)
    assert model.expected_renewals(3, horizon=20) == pytest.approx(
        float((model.survival(np.arange(4, 24)) / model.survival(3)).sum()), rel=1e-12
    )
    assert model.discounted_lifetime(discount_rate=0.1, horizon=20) == pytest.approx(
        float((model.survival(np.arange(21)) / 1.1 ** np.arange(21)).sum()), rel=1e-12
    )


@given(alpha=st.floats(0.01, 50), beta=st.floats(0.01, 50), n=st.integers(0, 200))
def test_who_has_stayed_stays(alpha: float, beta: float, n: int) -> None:
    model = SBG(alpha, beta)
    rates = model.retention([n, n + 1])
    worth = model.discounted_renewals([n, n + 1], discount_rate=0.1)
    assert rates[0] < rates[1] < 1
    assert worth[0] < worth[1]


def test_value_adds_up_over_cohorts(base: ContractHistories) -> None:
    model = SBG(1.7, 2.9)
    whole = model.value(base, cash_flow=12.5, discount_rate=0.02, horizon=36)
    oldest = model.value(ContractHistories.from_survivors(TWO_KINDS), cash_flow=12.5, discount_rate=0.02, horizon=36)
    assert oldest.value[0] == whole.value[-1]
    np.testing.assert_allclose(whole.value, 12.5 * whole.active * whole.discounted_renewals, rtol=1e-14)
    twice = model.value(base + base, cash_flow=25.0, discount_rate=0.02, horizon=36)
    np.testing.assert_allclose(twice.value, 4 * whole.value, rtol=1e-14)


def test_is_a_value() -> None:
    model = SBG(0.7, 1.2)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):  # noqa: S301 - our own bytes
        assert twin == model


# ------------------------------------------------------------------------------- fits


@pytest.mark.parametrize("truth", [(0.668, 3.806), (0.704, 1.182), (3.8, 15.2)])
def test_recovery_from_cohorts_of_many_ages(truth: tuple[float, float]) -> None:
    seen = np.random.default_rng(1).integers(0, 13, 60_000)
    renewals, lost, _ = SBG(*truth).simulate(seen, seed=2)
    fit = SBG.fit(ContractHistories.of(renewals, lost))
    assert fit.status is FitStatus.CONVERGED
    distance = np.log(np.array(fit.values) / np.array(truth))
    # a chi-square with 2 degrees of freedom: above 18.4 once in ten thousand
    assert distance @ np.linalg.solve(fit.log_covariance, distance) < 18.4


@pytest.mark.parametrize(
    ("survivors", "status", "said"),
    [
        ([1000, 1000, 1000], FitStatus.BOUNDARY, "nobody leaves"),
        ([1000, 0], FitStatus.BOUNDARY, "everybody leaves at the first renewal"),
        ([100_000, 50_000, 25_000, 12_500], FitStatus.BOUNDARY, "every customer leaves with the same probability 0.5"),
        ([1000, 900, 700, 400], FitStatus.BOUNDARY, "every customer leaves with the same probability"),
        ([1000, 500, 500, 500], FitStatus.BOUNDARY, "a share of 0.5 leaves at the first renewal and nobody later"),
        ([1000, 869], FitStatus.FLAT, "hardly determine"),
    ],
)
def test_ways_to_end(survivors: list[int], status: FitStatus, said: str) -> None:
    cohort = ContractHistories.from_survivors(survivors)
    fit = SBG.fit(cohort)
    assert fit.status is status
    assert said in fit.message
    assert float(fit.model.survival(1)) == pytest.approx(survivors[1] / survivors[0], abs=0.15)
    sure = SBG.fit(cohort, prior=WeakPrior())
    assert sure.status is FitStatus.CONVERGED


def test_nothing_to_learn_from() -> None:
    with pytest.raises(InvalidInputError, match="None of 40 contracts has come up for renewal"):
        SBG.fit(ContractHistories.from_survivors([40]))
    with pytest.raises(InputTypeError, match="ContractHistories"):
        SBG.fit(HIGH_END)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [{"alpha": 0.0}, {"beta": -1.0}, {"alpha": math.nan}])
def test_parameters_are_checked(bad: dict[str, float]) -> None:
    with pytest.raises(InvalidInputError, match="SBG parameters must be positive"):
        SBG(**{"alpha": 1.0, "beta": 1.0, **bad})


# ------------------------------------------------------------------------------- histories


def test_survivors_are_histories() -> None:
    cohort = ContractHistories.from_survivors([10, 7, 7, 4])
    assert cohort.renewals.tolist() == [0, 2, 3]
    assert cohort.lost.tolist() == [True, True, False]
    assert cohort.count.tolist() == [3, 3, 4]
    assert (cohort.customers, cohort.active, len(cohort)) == (10, 4, 3)


def test_histories_add_and_group(base: ContractHistories) -> None:
    one = ContractHistories.of([0, 1, 1, 0], [1, 0, 0, 1], count=[2, 3, 1, 5])
    assert (one.renewals.tolist(), one.lost.tolist(), one.count.tolist()) == ([0, 1], [True, False], [7, 4])
    assert (one + base).customers == base.customers + 11
    assert SBG.fit(base + base).values == pytest.approx(SBG.fit(base).values, rel=1e-7)
    with pytest.raises(TypeError):
        one + 3  # type: ignore[operator]


@pytest.mark.parametrize(
    ("renewals", "lost", "said"),
    [
        ([1.5], [True], "renewals must be a whole number"),
        ([-1], [True], "renewals must be at least 0"),
        ([1], [2], "lost must be true or false"),
        ([1, 2], [True, False, True], "one shape"),
        ([[1], [2]], [[True], [False]], "one-dimensional"),
    ],
)
def test_wrong_histories_are_refused(renewals: list[float], lost: list[int], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        ContractHistories.of(renewals, lost)


@pytest.mark.parametrize(
    ("survivors", "said"), [([], "list of numbers"), ([5, 6], "must not rise"), ([5, 4.5], "whole number")]
)
def test_wrong_survivors_are_refused(survivors: list[float], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        ContractHistories.from_survivors(survivors)
