"""Models with covariates: their likelihood, their fits, and what they say of customers."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.special import betaln, gammaln, hyp2f1
from scipy.stats import binom, chi2

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.models.attributed import AttributedHistories
from evergreen.models.bgnbd import BGNBD, MBGNBD
from evergreen.models.covariates import CovariateModel
from evergreen.models.effects import covariate_effects
from evergreen.models.encoding import Covariate
from evergreen.models.fitting import FitResult, FitStatus, WeakPrior
from evergreen.models.pareto_nbd import ParetoNBD
from evergreen.typing import FloatArray, IntArray
from tests.contracts.registry import pickled

CHANNELS = ("phone", "shop", "web")
COVARIATES = (
    Covariate("channel", levels=CHANNELS),
    Covariate("age", center=40.0),
    Covariate("club", levels=("False", "True")),
)
PURCHASE, DROPOUT = ("channel", "age"), ("channel", "club")
# two channels and the age on purchases; two channels and the club on leaving, for a and for b where there are both
TRUTHS: dict[str, CovariateModel] = {
    name: CovariateModel(base, COVARIATES, PURCHASE, DROPOUT, (0.5, -0.3, 0.02, *leaving))
    for name, base, leaving in (
        ("bg/nbd", BGNBD(0.8, 6.0, 0.9, 2.5), (0.4, -0.2, 0.3, -0.3, 0.1, -0.2)),
        ("mbg/nbd", MBGNBD(0.8, 6.0, 0.7, 2.5), (0.4, -0.2, 0.3, -0.3, 0.1, -0.2)),
        ("pareto/nbd", ParetoNBD(0.8, 6.0, 0.7, 12.0), (0.4, -0.2, 0.3)),
    )
}


@dataclass(frozen=True)
class Customers:
    frequency: IntArray
    recency: FloatArray
    T: FloatArray
    values: dict[str, np.ndarray]

    def histories(self, chosen: Any = slice(None), time: float = 1.0) -> AttributedHistories:
        history = self.frequency[chosen], self.recency[chosen] * time, self.T[chosen] * time
        return AttributedHistories.of(*history, {name: column[chosen] for name, column in self.values.items()})


def drawn(truth: CovariateModel, customers: int, seed: int) -> Customers:
    """Draw customers, group by group, from the plain models."""
    random = np.random.default_rng(seed)
    values = {
        "channel": random.choice(CHANNELS, customers),
        "age": random.choice([25.0, 40.0, 60.0], customers),
        "club": random.random(customers) < 0.3,
    }
    x, t_x, T = np.zeros(customers, np.int64), np.zeros(customers), random.integers(20, 80, customers).astype(float)
    for channel in CHANNELS:
        for age in (25.0, 40.0, 60.0):
            for club in (False, True):
                alike = (values["channel"] == channel) & (values["age"] == age) & (values["club"] == club)
                model = truth.at({"channel": channel, "age": age, "club": club})
                x[alike], t_x[alike] = model.simulate(T[alike], seed=random)[:2]
    return Customers(x, t_x, T, values)


@pytest.fixture(scope="module", params=TRUTHS, ids=str)
def truth(request: pytest.FixtureRequest) -> CovariateModel:
    return TRUTHS[request.param]


@pytest.fixture(scope="module")
def customers(truth: CovariateModel) -> Customers:
    return drawn(truth, 6_000, seed=1)


@pytest.fixture(scope="module")
def fitted(truth: CovariateModel, customers: Customers) -> FitResult[CovariateModel]:
    return CovariateModel.fit(customers.histories(), model=type(truth.base), purchase=PURCHASE, dropout=DROPOUT)


def by_hand(model: CovariateModel, customers: Customers) -> float:
    """Sum the likelihood of the note customer by customer, each with parameters of his own."""
    p = model.parameters
    z = {
        "channel=shop": customers.values["channel"] == "shop",
        "channel=web": customers.values["channel"] == "web",
        "age": customers.values["age"] - 40.0,
        "club=True": customers.values["club"],
    }

    def sum_of(label: str) -> FloatArray:
        return np.sum([p[f"{label}[{name}]"] * column for name, column in z.items() if f"{label}[{name}]" in p], axis=0)

    alpha = p["alpha"] * np.exp(-sum_of("purchase"))
    x, t_x, T, r = customers.frequency, customers.recency, customers.T, p["r"]
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    if isinstance(model.base, ParetoNBD):
        s, beta = p["s"], p["beta"] * np.exp(-sum_of("dropout"))
        w, least, most = r + s + x, np.minimum(alpha, beta), np.maximum(alpha, beta)

        def gone(t: FloatArray) -> FloatArray:
            power = np.where(alpha >= beta, s + 1, r + x)
            return np.asarray(hyp2f1(w, power, w + 1, (most - least) / (most + t)) * (most + t) ** -w)

        alive = (alpha + T) ** -(r + x) * (beta + T) ** -s
        return float((rate + s * np.log(beta) + np.log(alive + s / w * (gone(t_x) - gone(T)))).sum())
    a, b = p["a"] * np.exp(sum_of("dropout_a")), p["b"] * np.exp(sum_of("dropout_b"))
    chances = x + isinstance(model.base, MBGNBD)
    alive = betaln(a, b + chances) - betaln(a, b) + rate - (r + x) * np.log(alpha + T)
    left = betaln(a + 1, b + np.maximum(chances, 1) - 1) - betaln(a, b) + rate - (r + x) * np.log(alpha + t_x)
    return float(np.where(chances > 0, np.logaddexp(alive, left), alive).sum())


# ------------------------------------------------------------------------------- the likelihood


def test_names(truth: CovariateModel) -> None:
    leaving = ("dropout",) if isinstance(truth.base, ParetoNBD) else ("dropout_a", "dropout_b")
    assert list(truth.parameters) == [
        *truth.base.parameters,
        *(f"purchase[{column}]" for column in ("channel=shop", "channel=web", "age")),
        *(f"{moved}[{column}]" for moved in leaving for column in ("channel=shop", "channel=web", "club=True")),
    ]


def test_value_is_that_of_customers_with_parameters_of_their_own(truth: CovariateModel, customers: Customers) -> None:
    problem = truth.problem(customers.histories())
    value = problem.log_likelihood(np.array(list(truth.parameters.values())) / problem.units)[0]
    assert value + problem.shift == pytest.approx(by_hand(truth, customers), rel=1e-12, abs=0)


def test_derivatives(truth: CovariateModel, customers: Customers) -> None:
    problem = truth.problem(customers.histories(slice(1_500)))
    point = problem.coordinates(np.array(list(truth.parameters.values())) / problem.units)
    _, gradient, hessian = problem.log_posterior(point)
    h = 1e-5
    for i, step in enumerate(h * np.eye(len(point))):
        (high, up, _), (low, down, _) = problem.log_posterior(point + step), problem.log_posterior(point - step)
        assert gradient[i] == pytest.approx((high - low) / (2 * h), rel=1e-6, abs=1e-4)
        np.testing.assert_allclose(hessian[i], (up - down) / (2 * h), rtol=1e-6, atol=1e-4)


def test_likelihood_is_finite_all_over_the_box(truth: CovariateModel, customers: Customers) -> None:
    problem = truth.problem(customers.histories(slice(300)))
    random = np.random.default_rng(3)
    for point in (
        *random.uniform(-12, 12, (12, len(problem.names))),
        *random.choice([-12.0, 12.0], (12, len(problem.names))),
    ):
        value, slope, curvature = problem.log_posterior(point)
        assert math.isfinite(value)
        assert np.isfinite(slope).all()
        assert np.isfinite(curvature).all()


# ------------------------------------------------------------------------------- one fit


def test_recovery(truth: CovariateModel, fitted: FitResult[CovariateModel]) -> None:
    assert fitted.status is FitStatus.CONVERGED
    assert fitted.coefficients == truth.names
    distance = np.array(fitted.model.coefficients) - np.array(truth.coefficients)
    d = len(truth.base.family.names)
    # a chi-square: beyond the quantile once in ten thousand
    assert distance @ np.linalg.solve(fitted.covariance[d:, d:], distance) < chi2.ppf(1 - 1e-4, len(distance))


def test_maximum(fitted: FitResult[CovariateModel], customers: Customers) -> None:
    (center,) = (covariate.center for covariate in fitted.model.covariates if covariate.name == "age")
    moved = Customers(
        customers.frequency, customers.recency, customers.T,
        customers.values | {"age": customers.values["age"] + 40.0 - center},
    )  # fmt: skip
    assert by_hand(fitted.model, moved) == pytest.approx(fitted.log_likelihood, rel=1e-12, abs=0)
    for i, error in enumerate(fitted.standard_errors.values()):
        for step in (-0.02, 0.02):
            values = np.array(fitted.values)
            values[i] += step * error
            assert by_hand(fitted.model.with_parameters(*values), moved) < fitted.log_likelihood


def test_covariance_is_the_inverse_of_the_information(fitted: FitResult[CovariateModel], customers: Customers) -> None:
    problem = fitted.model.problem(customers.histories())
    covariance = np.linalg.inv(-problem.log_posterior(problem.coordinates(np.array(fitted.values) / problem.units))[2])
    scale = np.where(problem.is_coefficient, problem.units, np.array(fitted.values))
    np.testing.assert_allclose(fitted.covariance, covariance * np.outer(scale, scale), rtol=1e-6)
    for name, (low, high) in fitted.intervals(0.9).items():
        if name in fitted.coefficients:
            assert (low + high) / 2 == pytest.approx(fitted.parameters[name], rel=1e-9)
            assert high - low == pytest.approx(2 * 1.6448536 * fitted.standard_errors[name], rel=1e-6)
        else:
            assert math.sqrt(low * high) == pytest.approx(fitted.parameters[name], rel=1e-9)


def test_refit_is_the_same_fit(fitted: FitResult[CovariateModel], customers: Customers) -> None:
    again = fitted.model.refit(customers.histories())
    np.testing.assert_allclose(again.values, fitted.values, rtol=1e-7, atol=1e-9)
    assert again.model.covariates == fitted.model.covariates


def test_order_of_rows_and_partitions_change_no_bit(truth: CovariateModel, customers: Customers) -> None:
    def fit(histories: AttributedHistories) -> tuple[float, ...]:
        return CovariateModel.fit(histories, model=type(truth.base), purchase=["channel"]).values

    rows = np.random.default_rng(2).permutation(len(customers.T))
    whole = fit(customers.histories())
    assert fit(customers.histories(rows)) == whole
    assert fit(customers.histories(rows[:999]) + customers.histories(rows[999:])) == whole


@pytest.mark.parametrize("shift", [0.0, -1e3])
@pytest.mark.parametrize("factor", [1e-9, 12.0, -1e6])
def test_units_of_attributes(
    factor: float, shift: float, fitted: FitResult[CovariateModel], customers: Customers
) -> None:
    other = Customers(
        customers.frequency, customers.recency, customers.T,
        customers.values | {"age": factor * (customers.values["age"] + shift)},
    )  # fmt: skip
    found = CovariateModel.fit(other.histories(), model=type(fitted.model.base), purchase=PURCHASE, dropout=DROPOUT)
    scale = np.array([1 / factor if "age" in name else 1.0 for name in found.names])
    np.testing.assert_allclose(found.values, np.array(fitted.values) * scale, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found.log_covariance, fitted.log_covariance * np.outer(scale, scale), rtol=1e-5)
    assert found.log_likelihood == pytest.approx(fitted.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("time", [7.0, 1 / 365.2425])
def test_unit_of_time(time: float, fitted: FitResult[CovariateModel], customers: Customers) -> None:
    found = CovariateModel.fit(
        customers.histories(time=time), model=type(fitted.model.base), purchase=PURCHASE, dropout=DROPOUT
    )
    scale = np.array([time if name in fitted.model.base.family.times else 1.0 for name in found.names])
    np.testing.assert_allclose(found.values, np.array(fitted.values) * scale, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found.log_covariance, fitted.log_covariance, rtol=1e-5, atol=1e-12)


# ------------------------------------------------------------------------------- many fits


def test_coverage() -> None:
    """Of 90 % intervals about as many hold the truth, of numbers and of levels, and of ratios."""
    channel, age = Covariate("channel", levels=("shop", "web")), Covariate("age")
    truth = CovariateModel(
        BGNBD(0.8, 6.0, 0.9, 3.0), (channel, age), ("channel", "age"), ("channel",), (0.4, -0.2, 0.5, -0.3)
    )
    sets, n = 80, 800
    held = dict.fromkeys([*truth.names, "dropout"], 0)
    for seed in range(sets):
        random = np.random.default_rng(seed)
        values = {"channel": np.repeat(["shop", "web"], n // 2), "age": np.tile([-1.0, 1.0], n // 2)}
        x, t_x = np.zeros(n, np.int64), np.zeros(n)
        for name in ("shop", "web"):
            for z in (-1.0, 1.0):
                alike = (values["channel"] == name) & (values["age"] == z)
                x[alike], t_x[alike] = truth.at({"channel": name, "age": z}).simulate(
                    np.full(n // 4, 52.0), seed=random
                )[:2]
        fit = CovariateModel.fit(
            AttributedHistories.of(x, t_x, np.full(n, 52.0), values), purchase=truth.purchase, dropout=truth.dropout
        )
        intervals = fit.intervals(0.9)
        for name, value in zip(truth.names, truth.coefficients, strict=True):
            held[name] += not (value < intervals[name][0] or value > intervals[name][1])
        odds = covariate_effects(fit, level=0.9)[-1]
        held["dropout"] += not (math.exp(0.8) < odds.lower or math.exp(0.8) > odds.upper)
    assert min(held.values()) >= binom.ppf(1e-4, sets, 0.9), held


def test_likelihood_ratio_of_noise_is_chi_square() -> None:
    """So that noise costs AIC about 1 per coefficient, 2 less what it gains by chance."""
    gains, sets = [], 60
    for seed in range(sets):
        sample = BGNBD(0.8, 6.0, 0.9, 3.0).simulate(52.0, customers=500, seed=seed)
        coin = np.random.default_rng(seed).choice(["heads", "tails"], 500)
        histories = AttributedHistories.of(sample.frequency, sample.recency, sample.T, {"coin": coin})
        fit = CovariateModel.fit(histories, purchase=["coin"])
        plain = BGNBD.fit(histories.histories())
        gains.append(2 * (fit.log_likelihood - plain.log_likelihood))
        assert fit.aic - plain.aic == pytest.approx(2 - gains[-1], abs=1e-6)
    assert min(gains) > -1e-8
    assert chi2.ppf(1e-3, sets) < sum(gains) < chi2.ppf(1 - 1e-3, sets)


def test_small_bases_end_in_a_named_way() -> None:
    for seed in range(10):
        few = drawn(TRUTHS["bg/nbd"], 60, seed)
        histories, history = few.histories(), (few.frequency, few.recency, few.T)
        fit = CovariateModel.fit(histories, purchase=["channel", "age"], dropout=["club"])
        assert fit.status is not FitStatus.STOPPED
        assert np.isfinite(fit.model.expected_purchases(30.0, *history, few.values)).all()
        known = CovariateModel.fit(histories, purchase=["channel", "age"], dropout=["club"], prior=WeakPrior())
        assert known.status is FitStatus.CONVERGED


def test_a_level_that_never_buys_again_is_named(customers: Customers) -> None:
    silent = customers.values["channel"] == "shop"
    x, t_x = np.where(silent, 0, customers.frequency), np.where(silent, 0.0, customers.recency)
    fit = CovariateModel.fit(AttributedHistories.of(x, t_x, customers.T, customers.values), purchase=["channel"])
    assert fit.status is FitStatus.BOUNDARY
    assert "purchase[channel=shop] goes to minus infinity" in fit.message
    assert fit.model.expected_purchases(50, 0, 0, 50, {"channel": "shop"}) < 1e-2
    (shop, web) = covariate_effects(fit)
    assert (math.isnan(shop.lower) or shop.upper / shop.lower > 1e3, web.lower < web.ratio < web.upper) == (True, True)


# ------------------------------------------------------------------------------- what it says of customers


def test_without_effects_it_is_the_plain_model(truth: CovariateModel, customers: Customers) -> None:
    base = truth.base
    model = truth.with_parameters(*base.parameters.values(), *(0.0,) * len(truth.names))
    history = customers.frequency, customers.recency, customers.T
    assert model.at({"channel": "web", "age": 77, "club": True}) == base
    np.testing.assert_array_equal(model.p_alive(*history, customers.values), base.p_alive(*history))
    np.testing.assert_array_equal(model.p_purchase(9, *history, customers.values), base.p_purchase(9, *history))
    np.testing.assert_array_equal(
        model.expected_purchases(9, *history, customers.values), base.expected_purchases(9, *history)
    )
    for found, wanted in zip(
        model.forecast(9, *history, customers.values, delta=0.01), base.forecast(9, *history, delta=0.01), strict=True
    ):
        np.testing.assert_array_equal(found, wanted)


def test_scores_are_those_of_the_customer_alone(truth: CovariateModel, customers: Customers) -> None:
    history = customers.frequency, customers.recency, customers.T
    together = truth.forecast(26.0, *history, customers.values, delta=0.01)
    for i in range(0, 200, 7):
        values = {name: column[i] for name, column in customers.values.items()}
        x, t_x, T = (column[i] for column in history)
        alone = truth.forecast(26.0, x, t_x, T, values, delta=0.01)
        plain = truth.at(values).forecast(26.0, x, t_x, T, delta=0.01)
        assert [float(part) for part in alone] == [float(part[i]) for part in together]
        assert [float(part) for part in alone] == [float(part) for part in plain]


def test_coefficients_multiply_rates() -> None:
    model = TRUTHS["bg/nbd"]
    at = model.at({"channel": "web", "age": 50, "club": True})
    assert isinstance(at, BGNBD)
    assert at.r / at.alpha == pytest.approx(0.8 / 6 * math.exp(-0.3 + 0.02 * 10), rel=1e-14)
    assert at.a / at.b == pytest.approx(0.9 / 2.5 * math.exp(-0.2 + 0.3 - 0.1 + 0.2), rel=1e-14)


def test_shapes(truth: CovariateModel) -> None:
    attributes: dict[str, Any] = {"channel": [["web"], ["shop"]], "age": 30.0, "club": False, "unused": "x"}
    assert truth.p_alive([0, 1, 2], [0, 1, 2], 9.0, attributes).shape == (2, 3)
    assert np.ndim(truth.p_alive(1, 1, 9, {"channel": "web", "age": 30, "club": True})) == 0
    assert truth.expected_purchases(3, [], [], [], {"channel": [], "age": [], "club": []}).shape == (0,)


def test_effects_are_ratios(fitted: FitResult[CovariateModel]) -> None:
    effects = covariate_effects(fitted, level=0.9)
    assert [(effect.on, effect.attribute, effect.step) for effect in effects] == [
        ("purchase", "channel", "shop instead of phone"),
        ("purchase", "channel", "web instead of phone"),
        ("purchase", "age", "1 more"),
        ("dropout", "channel", "shop instead of phone"),
        ("dropout", "channel", "web instead of phone"),
        ("dropout", "club", "True instead of False"),
    ]
    low, high = fitted.intervals(0.9)["purchase[age]"]
    assert effects[2].lower == pytest.approx(math.exp(low), rel=1e-12)
    assert effects[2].upper == pytest.approx(math.exp(high), rel=1e-12)
    p = fitted.parameters
    odds = p.get("dropout[club=True]", p.get("dropout_a[club=True]", 0.0) - p.get("dropout_b[club=True]", 0.0))
    assert effects[5].ratio == pytest.approx(math.exp(odds), rel=1e-12)


def test_is_a_value(truth: CovariateModel) -> None:
    for twin in (copy.deepcopy(truth), pickled(truth), truth.with_parameters(*truth.parameters.values())):
        assert twin == truth
        assert hash(twin) == hash(truth)


# ------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("values", "match"),
    [
        (
            {"channel": ["web", "tv"], "age": 30, "club": True},
            r"'channel' must be one of 'phone', 'shop', 'web': 1 of 2",
        ),
        ({"channel": ["web", None], "age": 30, "club": True}, "'channel' must not be missing"),
        ({"channel": "web", "age": [30, math.nan], "club": True}, "'age' must not be missing"),
        ({"channel": "web", "club": True}, "no attribute 'age'"),
        ({"channel": "web", "age": [1, 2, 3], "club": True}, "one shape"),
        ({"channel": "web", "age": 1e9, "club": True}, "positive and finite"),
    ],
)
def test_attributes_that_cannot_be_scored(values: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidInputError, match=match):
        TRUTHS["bg/nbd"].p_alive([1, 2], [1, 2], [5, 5], values)


@pytest.mark.parametrize(
    "values", [{"channel": 1, "age": 30, "club": True}, {"channel": "web", "age": "30", "club": True}]
)
def test_attributes_of_another_kind(values: dict[str, Any]) -> None:
    with pytest.raises(InputTypeError, match="must be"):
        TRUTHS["bg/nbd"].at(values)


@pytest.mark.parametrize(
    ("columns", "purchase", "match"),
    [
        ({"channel": ["web"] * 4}, ["channel"], "All 4 customers have the same 'channel'"),
        ({"age": [1, 2, 3, 4], "years": [11, 12, 13, 14]}, ["age", "years"], "age, years cannot be told apart"),
        ({"age": [1, 2, 1, 2], "old": ["no", "yes", "no", "yes"]}, ["age", "old"], "age, old=yes cannot be told apart"),
        ({"age": [1, 2, 3, 4]}, ["income"], "no attribute 'income'"),
        ({"age": [1, 2, 3, 4]}, [], "Name attributes"),
    ],
)
def test_attributes_that_cannot_be_fitted(columns: dict[str, Any], purchase: list[str], match: str) -> None:
    histories = AttributedHistories.of([0, 1, 2, 3], [0, 1, 2, 3], [9, 9, 9, 9], columns)
    with pytest.raises(InvalidInputError, match=match):
        CovariateModel.fit(histories, purchase=purchase)


def test_wrong_kinds() -> None:
    histories = AttributedHistories.of([0, 1], [0, 1], [9, 9], {"age": [1, 2]})
    with pytest.raises(InputTypeError, match="histories_by"):
        CovariateModel.fit(histories.histories(), purchase=["age"])  # type: ignore[arg-type]
    with pytest.raises(InputTypeError, match="purchase"):
        CovariateModel.fit(histories, purchase="age")
    with pytest.raises(InputTypeError, match="base"):
        CovariateModel(BGNBD, (), (), (), ())  # type: ignore[arg-type]
    age = Covariate("age")
    parts: list[tuple[tuple[Covariate, ...], tuple[str, ...], tuple[float, ...]]] = [
        ((age,), (), ()),
        ((age, age), ("age",), (1.0,)),
        ((age,), ("age",), (1.0, 2.0)),
    ]
    for covariates, purchase, coefficients in parts:
        with pytest.raises(InvalidInputError):
            CovariateModel(BGNBD(1, 1, 1, 1), covariates, purchase, (), coefficients)
    with pytest.raises(InvalidInputError, match="finite"):
        CovariateModel(BGNBD(1, 1, 1, 1), (age,), ("age",), (), (math.inf,))
    for levels in (("a",), ("a", "a")):
        with pytest.raises(InvalidInputError, match="levels"):
            Covariate("channel", levels=levels)
