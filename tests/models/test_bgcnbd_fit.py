"""Fits of BG/CNBD-k and MBG/CNBD-k: the choice of k, recovery, coverage, and histories that do not know enough."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.special import betaln, logsumexp
from scipy.stats import binom, gamma

from evergreen import BGNBD, MBGNBD, BGCNBDk, MBGCNBDk, PurchaseHistories
from evergreen.datasets import load_cdnow
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.models.bgcnbd import CondensedModel
from evergreen.models.fitting import FitStatus
from evergreen.models.protocols import SimulatedCustomers

MODELS: list[type[CondensedModel]] = [BGCNBDk, MBGCNBDk]


def histories_of(drawn: SimulatedCustomers) -> PurchaseHistories:
    return PurchaseHistories.of(drawn.frequency, drawn.recency, drawn.T, log_gaps=drawn.log_gaps)


@pytest.mark.parametrize("cls", MODELS)
@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_recovery(cls: type[CondensedModel], k: int) -> None:
    truth = cls(k, 0.8, 6.0 / k, 0.8, 2.4)
    fit = cls.fit(histories_of(truth.simulate(np.random.default_rng(1).uniform(20, 80, 8_000), seed=k)))
    assert fit.status is FitStatus.CONVERGED
    assert fit.model.k == k
    distance = np.log(np.array(fit.values) / np.array(list(truth.parameters.values())))
    # a chi-square with 4 degrees of freedom: above 23.5 once in ten thousand
    assert distance @ np.linalg.solve(fit.log_covariance, distance) < 23.5


def test_coverage() -> None:
    """Of 90 % intervals about as many hold the truth, k being found each time."""
    truth, sets = MBGCNBDk(2, 0.8, 3.0, 0.9, 3.0), 60
    held = dict.fromkeys(truth.parameters, 0)
    for seed in range(sets):
        fit = MBGCNBDk.fit(histories_of(truth.simulate(52.0, customers=600, seed=seed)))
        assert fit.model.k == 2
        for name, (low, high) in fit.intervals(0.9).items():
            held[name] += not (getattr(truth, name) < low or getattr(truth, name) > high)
    assert min(held.values()) >= binom.ppf(1e-4, sets, 0.9), held


def plain_log_likelihood(model: CondensedModel, gaps: list[np.ndarray], T: list[float]) -> float:
    """Sum, customer by customer, the density of each gap; the rate is integrated out over many quantiles of it."""
    rates = gamma.ppf((np.arange(20_000) + 0.5) / 20_000, model.r, scale=1 / model.alpha)
    first = int(isinstance(model, MBGCNBDk))
    total = 0.0
    for gap, age in zip(gaps, T, strict=True):
        chances = len(gap) + first
        density = np.asarray(gamma.logpdf(gap[:, None], model.k, scale=1 / rates)).sum(axis=0)
        silent = gamma.logsf(age - gap.sum(), model.k, scale=1 / rates)
        paths = [betaln(model.a, model.b + chances) - betaln(model.a, model.b) + density + silent]
        if chances:
            paths.append(betaln(model.a + 1, model.b + chances - 1) - betaln(model.a, model.b) + density)
        total += float(logsumexp(np.concatenate(paths)) - math.log(len(rates)))
    return total


@pytest.mark.parametrize("cls", MODELS)
@pytest.mark.parametrize("k", [1, 3])
def test_log_likelihood_is_that_of_all_gaps(cls: type[CondensedModel], k: int) -> None:
    random = np.random.default_rng(3)
    gaps = [random.uniform(1, 9, x) for x in (0, 1, 1, 2, 3, 5, 8)]
    T = [float(gap.sum()) + more for gap, more in zip(gaps, (9, 0.5, 30, 2, 8, 0.1, 40), strict=True)]
    x, t_x = [len(gap) for gap in gaps], [float(gap.sum()) for gap in gaps]
    histories = PurchaseHistories.of(x, t_x, T, log_gaps=[float(np.log(gap).sum()) for gap in gaps])
    fit = cls.fit(histories, k=k)
    model = cls(k, 2.0, 3.0, 0.8, 2.4)
    problem = model.problem(histories)
    found = problem.log_likelihood(np.array(list(model.parameters.values())) / problem.units)[0] + problem.shift
    assert found == pytest.approx(plain_log_likelihood(model, gaps, T), abs=2e-4)
    assert fit.log_likelihood > found


@pytest.mark.parametrize(("cls", "plain"), [(BGCNBDk, BGNBD), (MBGCNBDk, MBGNBD)])
def test_customers_of_cdnow_buy_at_random(cls: type[CondensedModel], plain: type[BGNBD | MBGNBD]) -> None:
    log = load_cdnow(sample=True).drop_duplicates(["customer_id", "date"]).sort_values(["customer_id", "date"])
    log = log[log["date"] <= "1997-09-30"]
    gap = (log["date"] - log.groupby("customer_id")["date"].shift()).dt.days / 7
    summary = log.groupby("customer_id")["date"].agg(["size", "min", "max"])
    histories = PurchaseHistories.of(
        summary["size"] - 1,
        (summary["max"] - summary["min"]).dt.days / 7,
        (np.datetime64("1997-09-30") - summary["min"]).dt.days / 7,
        time_unit="W",
        log_gaps=float(np.log(gap.dropna()).sum()),
    )
    fit, wanted = cls.fit(histories), plain.fit(histories)
    assert fit.model.k == 1
    np.testing.assert_allclose(fit.values, wanted.values, rtol=1e-9)
    assert fit.log_likelihood == pytest.approx(wanted.log_likelihood, rel=1e-12)
    assert cls.fit(histories, k=2).log_likelihood < fit.log_likelihood


@pytest.mark.parametrize("cls", MODELS)
def test_the_unit_of_time(cls: type[CondensedModel]) -> None:
    drawn = cls(2, 0.8, 3.0, 0.8, 2.4).simulate(60.0, customers=2_000, seed=4)
    assert drawn.log_gaps is not None
    repeats = drawn.frequency.sum()
    days = PurchaseHistories.of(
        drawn.frequency,
        drawn.recency * 7,
        drawn.T * 7,
        log_gaps=float(drawn.log_gaps.sum()) + repeats * math.log(7),
    )
    one, other = cls.fit(histories_of(drawn)), cls.fit(days)
    assert one.model.k == other.model.k == 2
    np.testing.assert_allclose(np.array(other.values) / np.array(one.values), [1, 7, 1, 1], rtol=1e-7)
    assert other.log_likelihood + repeats * math.log(7) == pytest.approx(one.log_likelihood, rel=1e-11)


# ------------------------------------------------------------------------------- what is not known


@pytest.mark.parametrize("cls", MODELS)
def test_histories_without_gaps(cls: type[CondensedModel]) -> None:
    drawn = cls(2, 0.8, 3.0, 0.8, 2.4).simulate(60.0, customers=2_000, seed=4)
    known, unknown = histories_of(drawn), PurchaseHistories.of(*drawn[:3])
    with pytest.raises(InvalidInputError, match="log_gaps=True"):
        cls.fit(unknown)
    given, found = cls.fit(unknown, k=2), cls.fit(known)
    assert given.values == found.values
    assert math.isnan(given.log_likelihood)
    assert math.isfinite(cls.fit(unknown, k=1).log_likelihood)
    assert found.model.refit(unknown).model == found.model


def test_two_purchases_at_one_time() -> None:
    with pytest.raises(InvalidInputError, match="log_gaps must be finite"):
        PurchaseHistories.of([2, 1], [3, 3], [9, 9], log_gaps=[-math.inf, math.log(3)])
    one = PurchaseHistories.of([2, 1], [3, 3], [9, 9])
    at_once = PurchaseHistories(one.frequency, one.recency, one.T, one.count, log_gaps=-math.inf)
    with pytest.raises(InvalidInputError, match="same time"):
        BGCNBDk.fit(at_once)
    assert math.isnan(BGCNBDk.fit(at_once, k=2).log_likelihood)


@pytest.mark.parametrize("cls", MODELS)
def test_what_cannot_be(cls: type[CondensedModel]) -> None:
    for k in (0, 13, -1):
        with pytest.raises(InvalidInputError, match="from 1 to 12"):
            cls(k, 1.0, 1.0, 1.0, 1.0)
    no_numbers: list[Any] = [2.0, True, "2", None]
    for no_number in no_numbers:
        with pytest.raises(InputTypeError, match="whole number"):
            cls(no_number, 1.0, 1.0, 1.0, 1.0)
    with pytest.raises(InvalidInputError, match="alpha"):
        cls(2, 1.0, -1.0, 1.0, 1.0)
    with pytest.raises(InputTypeError, match="PurchaseHistories"):
        cls.fit([1, 2, 3])  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="repeat purchase"):
        cls.fit(PurchaseHistories.of([0, 0], [0, 0], [10, 20], log_gaps=0.0))


@pytest.mark.parametrize("cls", MODELS)
@pytest.mark.parametrize(
    "rows",
    [
        [(3, 20.0, 30.0)],
        [(1, 30.0, 30.0)],
        [(2, 15.0, 30.0)] * 500,
        [(0, 0.0, 30.0)] * 999 + [(1, 4.0, 30.0)],
        [(x, 30.0, 30.0) for x in range(1, 40)],
        [(x, 1e-9, 30.0) for x in range(1, 40)],
        [(0, 0.0, 1e-6), (3, 5e3, 1e4), (1, 1.0, 2.0)],
    ],
)
def test_odd_bases(cls: type[CondensedModel], rows: list[tuple[int, float, float]]) -> None:
    """Customers like clocks: all gaps equal, so that k is as large as it may be."""
    gaps = [x * math.log(t_x / x) if x else 0.0 for x, t_x, _ in rows]
    fit = cls.fit(PurchaseHistories.of(*zip(*rows, strict=True), log_gaps=gaps))
    assert fit.status is not FitStatus.STOPPED
    assert math.isfinite(fit.log_likelihood)
    forecast = fit.model.forecast(30.0, [0, 1, 3, 40], [0, 15.0, 30.0, 27.0], 30.0, delta=0.01)
    for values in forecast:
        assert np.all(np.isfinite(values) & (values >= 0))


def test_the_gaps_of_the_whole_are_those_of_its_parts() -> None:
    drawn = BGCNBDk(3, 0.8, 2.0, 0.8, 2.4).simulate(60.0, customers=3_000, seed=5)
    assert drawn.log_gaps is not None
    halves = [
        PurchaseHistories.of(drawn.frequency[half], drawn.recency[half], drawn.T[half], log_gaps=drawn.log_gaps[half])
        for half in (slice(0, 1_000), slice(1_000, None))
    ]
    merged, whole = BGCNBDk.fit(halves[0] + halves[1]), BGCNBDk.fit(histories_of(drawn))
    assert merged.values == whole.values
    assert merged.model.k == 3
    assert merged.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-14)
    # the gaps of a customer are at most those of the one who buys at even times
    x, t_x = drawn.frequency, drawn.recency
    assert (drawn.log_gaps <= x * np.log(np.where(x > 0, t_x, 1.0) / np.maximum(x, 1)) + 1e-12).all()
