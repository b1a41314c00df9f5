"""CLV: forecasts in the units that were asked for, discounted by the year, and honest about how they were fitted."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from evergreen import BGNBD, CLVModel, CustomerBase, FitStatus, GammaGamma, datasets, interop, split
from evergreen.clv import annual_to_continuous
from evergreen.errors import DataWarning, FitWarning, InvalidInputError

YEAR = 365.2425
PUBLISHED = BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
PUBLISHED_SPEND = GammaGamma(p=6.25, q=3.74, v=15.44)


def calibration(unit: Any) -> CustomerBase:
    """Return the 1/10 sample of CDNOW as of week 39."""
    return split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit=unit).calibration


@pytest.fixture(scope="module")
def base() -> CustomerBase:
    return calibration("D")


@pytest.fixture(scope="module")
def model(base: CustomerBase) -> CLVModel:
    return CLVModel().fit(base)


@pytest.fixture(scope="module")
def published() -> tuple[CLVModel, CustomerBase]:
    model = CLVModel.from_models(PUBLISHED, PUBLISHED_SPEND, time_unit="W")
    return model, CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")


@pytest.fixture
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        yield


# ---------------------------------------------------------------------------------------------- forecasts


def test_columns_rows_and_order(model: CLVModel, base: CustomerBase) -> None:
    found = model.predict(base)
    assert found.columns.tolist() == [
        "customer_id",
        "p_alive",
        "p_purchase",
        "expected_purchases",
        "expected_spend",
        "clv",
    ]
    assert found["customer_id"].tolist() == base.frame["customer_id"].tolist()
    assert found.index.equals(pd.RangeIndex(len(base)))


def test_columns_are_those_of_the_models(published: tuple[CLVModel, CustomerBase]) -> None:
    model, base = published
    found, history = model.predict(base, horizon="39W"), base.frame
    times = history["frequency"], history["recency"], history["T"]
    np.testing.assert_array_equal(found["p_alive"], PUBLISHED.p_alive(*times))
    np.testing.assert_array_equal(found["p_purchase"], PUBLISHED.p_purchase(39, *times))
    np.testing.assert_array_equal(found["expected_purchases"], PUBLISHED.expected_purchases(39, *times))
    np.testing.assert_allclose(
        found["expected_spend"],
        PUBLISHED_SPEND.expected_spend(history["frequency"], history["monetary_value"]),
        rtol=1e-15,
    )


def test_published_numbers(published: tuple[CLVModel, CustomerBase]) -> None:
    """Fader, Hardie & Lee (2005) for purchases, Fader & Hardie (2013), note 025, for spend: customer 1."""
    model, base = published
    first = model.predict(base, horizon="39W").iloc[0]
    assert first["expected_purchases"] == pytest.approx(1.226, abs=5e-4)
    assert first["expected_spend"] == pytest.approx(24.66, abs=5e-3)


@pytest.mark.parametrize(
    "horizon",
    [
        "364D",
        "8736h",
        timedelta(weeks=52),
        np.timedelta64(52, "W"),
        np.timedelta64(364, "D"),
        pd.Timedelta(days=364),
        " 52 W ",
    ],
    ids=repr,
)
def test_a_horizon_may_be_written_in_many_ways(horizon: Any, model: CLVModel, base: CustomerBase) -> None:
    pd.testing.assert_frame_equal(model.predict(base, horizon=horizon), model.predict(base, horizon="52W"), rtol=1e-13)


def test_the_default_horizon_is_a_year_at_ten_percent(model: CLVModel, base: CustomerBase) -> None:
    said = model.predict(base, horizon="365D", discount_rate=0.1, margin=1.0)
    pd.testing.assert_frame_equal(model.predict(base), said)


def test_without_discount_value_is_margin_times_spend_times_purchases(model: CLVModel, base: CustomerBase) -> None:
    found = model.predict(base, discount_rate=0, margin=0.3)
    product = 0.3 * found["expected_spend"] * found["expected_purchases"]
    np.testing.assert_allclose(found["clv"], product, rtol=1e-14)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 3.0])
@pytest.mark.parametrize("unit", ["D", "W"])
def test_the_discount_rate_is_annual(rate: float, unit: Any) -> None:
    """Against quadrature of the definition: each purchase at time t is worth (1 + rate)^(-t in years)."""
    bgnbd = BGNBD(r=0.243, alpha=4.414 * (7 if unit == "D" else 1), a=0.793, b=2.426)
    model = CLVModel.from_models(bgnbd, PUBLISHED_SPEND, time_unit=unit)
    week = 7.0 if unit == "D" else 1.0
    frame = datasets.load_cdnow_summary().iloc[[0, 1, 2, 9, 17, 300, 1515]]
    frame = frame.assign(recency=frame["recency"] * week, T=frame["T"] * week)
    base = CustomerBase.from_summary(frame, time_unit=unit)
    found = model.predict(base, horizon="104W", discount_rate=rate)
    h, delta = 104 * week, math.log1p(rate) / (YEAR / 7 * week)
    for row, (x, t_x, T) in enumerate(zip(*base.purchase_arrays(), strict=True)):

        def bought(t: float, x: int = x, t_x: float = t_x, T: float = T) -> float:
            return float(bgnbd.expected_purchases(t, x, t_x, T))

        area, _ = quad(lambda t: math.exp(-delta * t) * bought(t), 0, h, epsabs=1e-12, epsrel=1e-11)
        present = math.exp(-delta * h) * bought(h) + delta * area
        assert found["clv"].iloc[row] == pytest.approx(present * found["expected_spend"].iloc[row], rel=1e-9)


def test_a_year_ahead_counts_one_over_one_plus_the_rate() -> None:
    for unit in ("h", "D", "W", "M", "Y"):
        units_a_year = {"h": 24 * YEAR, "D": YEAR, "W": YEAR / 7, "M": 12, "Y": 1}[unit]
        delta = annual_to_continuous(0.1, unit)
        assert math.exp(-delta * units_a_year) == pytest.approx(1 / 1.1, rel=1e-14)


def test_discounting_lies_between_none_and_all_at_the_end(model: CLVModel, base: CustomerBase) -> None:
    plain = model.predict(base, discount_rate=0)["clv"]
    found = model.predict(base, discount_rate=0.1)["clv"]
    assert (found < plain).all()
    assert (found > plain * 1.1 ** (-365 / YEAR)).all()


def test_margin_is_linear(model: CLVModel, base: CustomerBase) -> None:
    full = model.predict(base, margin=1.0)
    for margin in (0.0, 0.25, 0.5):
        part = model.predict(base, margin=margin)
        np.testing.assert_allclose(part["clv"], margin * full["clv"], rtol=1e-15)
        pd.testing.assert_frame_equal(part.drop(columns="clv"), full.drop(columns="clv"))


def test_longer_horizons_are_worth_more(model: CLVModel, base: CustomerBase) -> None:
    values = [model.predict(base, horizon=f"{days}D") for days in (1, 30, 90, 365, 1_000, 3_650)]
    for shorter, longer in pairwise(values):
        assert (longer["clv"] > shorter["clv"]).all()
        assert (longer["expected_purchases"] > shorter["expected_purchases"]).all()
        assert (longer["p_purchase"] >= shorter["p_purchase"]).all()
        assert (longer["p_alive"] == shorter["p_alive"]).all()


def test_higher_rates_are_worth_less(model: CLVModel, base: CustomerBase) -> None:
    values = [model.predict(base, discount_rate=rate)["clv"] for rate in (0, 0.01, 0.1, 1, 10)]
    for lower, higher in pairwise(values):
        assert (higher < lower).all()


@settings(max_examples=15)
@given(st.floats(0.1, 5_000), st.floats(0, 5), st.floats(0, 1))
def test_value_is_finite_and_bounded(horizon: float, rate: float, margin: float) -> None:
    model = CLVModel.from_models(PUBLISHED, PUBLISHED_SPEND, time_unit="W")
    base = CustomerBase.from_summary(datasets.load_cdnow_summary().head(40), time_unit="W")
    found = model.predict(base, horizon=f"{horizon:.6f}D", discount_rate=rate, margin=margin)
    assert np.isfinite(found.drop(columns="customer_id")).all(axis=None)
    assert (found["clv"] >= 0).all()
    ceiling = margin * found["expected_spend"] * found["expected_purchases"]
    assert (found["clv"] <= ceiling * (1 + 1e-12) + 1e-300).all()  # margins of nearly nothing round


# -------------------------------------------------------------------------- units: the mistakes of others


def test_weeks_are_not_read_as_days(model: CLVModel, base: CustomerBase) -> None:
    """A model of weeks forecasts as one of days: a peer reads the numbers of a weekly model as daily, 140 for 36."""
    weekly_base = calibration("W")
    weekly = CLVModel().fit(weekly_base)
    pd.testing.assert_frame_equal(weekly.predict(weekly_base), model.predict(base), rtol=1e-7)


def test_another_unit_is_refused(model: CLVModel) -> None:
    with pytest.raises(InvalidInputError) as caught:
        model.predict(calibration("W"))
    assert str(caught.value) == ("The model's times are in 'D', the base's in 'W': build the base with time_unit='D'.")


def test_a_horizon_of_part_of_a_month_is_not_rounded(model: CLVModel, base: CustomerBase) -> None:
    """A peer counts 12.9 months as 13."""
    found = model.predict(base, horizon="12.9M", discount_rate=0)
    fitted = BGNBD(**model.transaction_model_.parameters)
    bought = fitted.expected_purchases(12.9 * YEAR / 12, *base.purchase_arrays())
    np.testing.assert_allclose(found["expected_purchases"], bought, rtol=1e-12)
    twelve, thirteen = (model.predict(base, horizon=f"{n}M")["clv"] for n in (12, 13))
    clv = model.predict(base, horizon="12.9M")["clv"]
    assert ((clv > twelve) & (clv < thirteen)).all()


def test_a_misaligned_index_pairs_nobody_with_anothers_money(base: CustomerBase, model: CLVModel) -> None:
    frame = base.frame.drop(columns=["first_purchase", "last_purchase"])
    turned = frame.iloc[::-1].set_axis(range(1_000, 1_000 + len(frame)))
    found = model.predict(CustomerBase.from_summary(turned)).set_index("customer_id")
    wanted = model.predict(base).set_index("customer_id")
    pd.testing.assert_frame_equal(found.loc[wanted.index], wanted)


def test_lifetimes_discounts_by_whole_months(base: CustomerBase, model: CLVModel) -> None:
    """The same parameters in `lifetimes`, which books the purchases of each 30 days at their end.

    With its monthly rate m and ours such that 30 days cost the same, a purchase within a month is discounted by at
    most one month too much: its value lies in [ours / (1 + m), ours]. Purchases fall nearly evenly in a month, half
    a month too late on average; what remains is second order: the density of purchases falls by a share e over a
    month, which moves their mean place by less than e / 6 months, so the ratio by less than m e / 6 < m / 6.
    """
    monthly = 0.01
    annual = (1 + monthly) ** (YEAR / 30) - 1
    ours = model.predict(base, horizon="360D", discount_rate=annual)
    fitter, spend = interop.to_lifetimes(model)
    frame = base.frame
    theirs = spend.customer_lifetime_value(
        fitter,
        frame["frequency"],
        frame["recency"],
        frame["T"],
        frame["monetary_value"],
        time=12,
        discount_rate=monthly,
        freq="D",
    ).to_numpy()
    known = np.isfinite(theirs)
    assert known.mean() > 0.99
    mine, other = ours["clv"].to_numpy()[known], theirs[known]
    rounding = 1e-6  # of their hypergeometric function
    assert (other < mine * (1 + rounding)).all()
    assert (other * (1 + monthly) > mine * (1 - rounding)).all()
    np.testing.assert_allclose(mine / other, math.sqrt(1 + monthly), rtol=monthly / 6)
    assert mine.sum() / other.sum() == pytest.approx(math.sqrt(1 + monthly), rel=monthly / 30)


# ------------------------------------------------------------------------------------------- with a spend


def test_without_a_spend_model_there_is_no_money(base: CustomerBase, model: CLVModel) -> None:
    found = CLVModel(spend=None).fit(base)
    assert found.spend_model_ is None
    assert found.fit_.spend is None
    assert math.isnan(found.fit_.spend_correlation)
    wanted = ["customer_id", "p_alive", "p_purchase", "expected_purchases"]
    pd.testing.assert_frame_equal(found.predict(base), model.predict(base)[wanted])


def test_a_base_without_money(base: CustomerBase, model: CLVModel) -> None:
    bare = CustomerBase.from_summary(base.frame[["customer_id", "frequency", "recency", "T"]])
    with pytest.raises(InvalidInputError) as fitting:
        CLVModel().fit(bare)
    assert str(fitting.value) == (
        "A spend model needs money and this base has none: build it with an amount, or use CLVModel(spend=None)."
    )
    with pytest.raises(InvalidInputError) as predicting:
        model.predict(bare)
    assert str(predicting.value) == (
        "The model has a spend part and this base has no money: give the base an amount, or fit CLVModel(spend=None)."
    )
    purchases = CLVModel(spend=None).fit(bare).predict(bare)["expected_purchases"]
    np.testing.assert_array_equal(purchases, model.predict(base)["expected_purchases"])


def test_spend_correlation_is_numpys(model: CLVModel, base: CustomerBase) -> None:
    repeat = base.frame[(base.frame["frequency"] > 0) & (base.frame["monetary_value"] > 0)]
    wanted = np.corrcoef(repeat["frequency"], repeat["monetary_value"])[0, 1]
    assert model.fit_.spend_correlation == pytest.approx(wanted, rel=1e-12)
    assert 0 < wanted < 0.2


def test_spend_correlation_of_equal_customers_is_not_defined() -> None:
    frame = pd.DataFrame(
        {
            "customer_id": range(60),
            "frequency": [0, 2, 2] * 20,
            "recency": [0.0, 20.0, 31.0] * 20,
            "T": np.linspace(31, 60, 60),
            "monetary_value": np.linspace(1, 60, 60),
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        model = CLVModel().fit(CustomerBase.from_summary(frame))
    assert math.isnan(model.fit_.spend_correlation)


def test_repeat_buyers_without_value_are_counted() -> None:
    base = CustomerBase.from_transactions(datasets.load_cdnow())
    without = (base.frame["frequency"] > 0) & (base.frame["monetary_value"] == 0)
    with pytest.warns(DataWarning) as caught:
        model = CLVModel().fit(base)
    assert [str(one.message) for one in caught] == [
        (
            "Left out of the spend model: repeat buyers whose repeat purchases have no positive value "
            f"({without.sum()} of {11_515 + without.sum():,})."
        )
    ]
    assert caught[0].filename == __file__
    spend = model.fit_.spend
    assert spend is not None
    assert spend.customers == 11_515


def test_infinite_spend_is_told_once_and_is_infinite_not_missing() -> None:
    model = CLVModel.from_models(PUBLISHED, GammaGamma(p=0.3, q=0.6, v=15.0), time_unit="W")
    base = CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")
    with pytest.warns(DataWarning) as caught:
        found = model.predict(base)
    assert [str(one.message) for one in caught] == [
        (
            "The spend model GammaGamma(p=0.3, q=0.6, v=15.0) has no finite mean: customers who have shown too little "
            "of their spend have an infinite expected spend and CLV. Fit it on more customers, or look for extreme "
            "amounts in the log."
        )
    ]
    assert caught[0].filename == __file__
    known = base.frame["frequency"] * 0.3 + 0.6 > 1
    for column in ("expected_spend", "clv"):
        assert found[column].notna().all()
        assert np.isposinf(found.loc[~known, column]).all()
        assert np.isfinite(found.loc[known, column]).all()


@pytest.mark.usefixtures("quiet")
def test_no_margin_on_infinite_spend_is_nothing() -> None:
    model = CLVModel.from_models(PUBLISHED, GammaGamma(p=0.3, q=0.6, v=15.0), time_unit="W")
    base = CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")
    assert (model.predict(base, margin=0)["clv"] == 0).all()


# ------------------------------------------------------------------------------------------ fits and parts


def test_fit_keeps_how_it_ended(model: CLVModel, base: CustomerBase) -> None:
    assert model.fit_.transactions.model is model.transaction_model_
    assert model.fit_.transactions.status is FitStatus.CONVERGED
    assert model.fit_.transactions.customers == len(base) == 2_357
    assert model.fit_.spend is not None
    assert model.fit_.spend.model is model.spend_model_
    assert model.fit_.spend.customers == 946  # as in Fader & Hardie (2013), note 025
    assert model.time_unit_ == base.time_unit


def test_published_parameters_are_found_from_the_published_summary() -> None:
    """Fader, Hardie & Lee (2005), table 2, and Fader & Hardie (2013), note 025."""
    base = CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")
    found = CLVModel().fit(base)
    wanted = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    assert {k: round(v, 3) for k, v in found.fit_.transactions.parameters.items()} == wanted
    assert found.fit_.transactions.log_likelihood == pytest.approx(-9_582.4, abs=0.05)
    assert found.fit_.spend is not None
    assert dict(found.fit_.spend.parameters) == pytest.approx({"p": 6.25, "q": 3.74, "v": 15.44}, abs=0.01)


def test_from_models_knows_no_errors() -> None:
    model = CLVModel.from_models(PUBLISHED, time_unit="W")
    assert model.get_params() == CLVModel(spend=None).get_params()
    assert not hasattr(model, "fit_")
    summary = model.summary()
    assert summary["estimate"].tolist() == [0.243, 4.414, 0.793, 2.426]
    assert summary[["standard_error", "lower", "upper"]].isna().all(axis=None)
    both = CLVModel.from_models(PUBLISHED, PUBLISHED_SPEND, time_unit="W")
    assert both.spend_model_ is PUBLISHED_SPEND
    assert both.summary()["model"].tolist() == ["BGNBD"] * 4 + ["GammaGamma"] * 3


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_summary(level: float, model: CLVModel) -> None:
    summary = model.summary(level)
    assert summary.columns.tolist() == [
        "model",
        "parameter",
        "estimate",
        "standard_error",
        "lower",
        "upper",
    ]
    assert summary["parameter"].tolist() == ["r", "alpha", "a", "b", "p", "q", "v"]
    assert (summary["lower"] > 0).all()
    assert (summary["lower"] < summary["estimate"]).all()
    assert (summary["estimate"] < summary["upper"]).all()
    # symmetric on the log scale, and as wide as the standard error says
    np.testing.assert_allclose(summary["lower"] * summary["upper"], summary["estimate"] ** 2, rtol=1e-12)
    normal = {0.5: 0.6744897501960817, 0.95: 1.959963984540054, 0.999: 3.290526731491895}[level]
    width = np.log(summary["upper"] / summary["estimate"])
    np.testing.assert_allclose(width, normal * summary["standard_error"] / summary["estimate"], rtol=1e-12)


def test_nobody_leaves() -> None:
    """Customers who still bought yesterday, at all ages: the likelihood rises as dropout goes to zero."""
    random = np.random.default_rng(8)
    age = random.uniform(200, 400, 400)
    frequency = random.poisson(random.gamma(2.0, 0.02, 400) * age) + 5
    frame = pd.DataFrame({"customer_id": range(400), "frequency": frequency, "recency": age - 0.5, "T": age})
    with pytest.warns(FitWarning) as caught:
        model = CLVModel(spend=None).fit(CustomerBase.from_summary(frame))
    assert len(caught) == 1
    said = str(caught[0].message)
    assert said.startswith(
        "BGNBD: boundary. The likelihood rises towards a limit in which nobody leaves (a pure NBD model fits as well)"
    )
    assert "Predictions are usable" in said
    assert caught[0].filename == __file__
    assert model.fit_.transactions.status is FitStatus.BOUNDARY
    found = model.predict(CustomerBase.from_summary(frame))
    assert (found["p_alive"] > 0.999).all()
    assert np.isfinite(found).all(axis=None)
    errors = model.summary().set_index("parameter")["standard_error"]
    assert errors[["r", "alpha"]].notna().all()


def test_everybody_spends_the_same() -> None:
    """Means of many occasions differ even less than those of few: levels do not differ at all."""
    random = np.random.default_rng(9)
    drawn = BGNBD(0.9, 21.0, 0.8, 2.4).simulate(300.0, customers=600, seed=9)
    shape = 4.0 * np.maximum(drawn.frequency, 1) ** 2
    frame = pd.DataFrame(
        {
            "customer_id": range(600),
            "frequency": drawn.frequency,
            "recency": drawn.recency,
            "T": drawn.T,
            "monetary_value": 30 * random.gamma(shape) / shape,
        }
    )
    with pytest.warns(FitWarning) as caught:
        model = CLVModel().fit(CustomerBase.from_summary(frame))
    assert [str(one.message)[:80] for one in caught] == [
        "GammaGamma: boundary. The likelihood rises towards a limit in which all customer"
    ]
    found = model.predict(CustomerBase.from_summary(frame))
    assert found["expected_spend"].std() < 0.1 * found["expected_spend"].mean()


def test_nothing_to_learn_from() -> None:
    once = pd.DataFrame({"customer_id": [1, 2], "frequency": 0, "recency": 0.0, "T": [5.0, 6.0]})
    with pytest.raises(InvalidInputError) as caught:
        CLVModel(spend=None).fit(CustomerBase.from_summary(once))
    assert str(caught.value) == (
        "None of 2 customers has a repeat purchase: rates cannot be estimated. Observe the customers for longer, or "
        "count finer occasions."
    )
