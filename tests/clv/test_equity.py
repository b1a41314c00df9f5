"""Customer equity: the sum of lifetime values, with intervals that hold the truth as often as they say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from evergreen import BGNBD, CLVModel, CustomerBase, GammaGamma, WeakPrior, datasets, split
from evergreen.errors import InvalidInputError, NotFittedError

SETTINGS: dict[str, Any] = {"horizon": "52W", "discount_rate": 0.15, "margin": 0.3}


@pytest.fixture(scope="module")
def base() -> CustomerBase:
    return split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W").calibration


@pytest.fixture(scope="module")
def model(base: CustomerBase) -> CLVModel:
    return CLVModel().fit(base)


@pytest.mark.filterwarnings("ignore:Left out of the spend model")  # eight customers paid nothing
@pytest.mark.parametrize("first_purchase", [False, True])
@pytest.mark.parametrize("horizon", ["inf", "52W"])
def test_it_is_the_sum_of_what_customers_are_worth(base: CustomerBase, horizon: str, first_purchase: bool) -> None:
    model = CLVModel(first_purchase=first_purchase).fit(base)
    settings = SETTINGS.copy()
    settings["horizon"] = horizon
    scored = model.predict(base, **settings)
    found = model.customer_equity(base, **settings, draws=0)
    assert found.customers == len(base)
    assert found.value.estimate == pytest.approx(scored["clv"].sum(), rel=1e-12)
    assert found.value_per_customer == pytest.approx(scored["clv"].mean(), rel=1e-12)
    assert found.expected_purchases.estimate == pytest.approx(scored["expected_purchases"].sum(), rel=1e-12)
    assert math.isnan(found.value.lower)
    assert found.transaction_draws is None


@pytest.mark.parametrize("name", ["share", "margin", "money"])
def test_margins_of_customers_count(base: CustomerBase, model: CLVModel, name: str) -> None:
    ids = base.frame["customer_id"]
    margins = pd.DataFrame({"customer_id": ids[::-1], name: np.linspace(0.0, 0.6, len(ids))})
    known = base.with_attributes(margins, name)
    own = SETTINGS.copy()
    own["margin"] = name
    scored = model.predict(known, **own)
    whole = model.predict(base, **dict(SETTINGS, margin=1.0))
    share = margins.set_index("customer_id")[name].loc[ids].to_numpy()
    np.testing.assert_allclose(scored["clv"], share * whole["clv"], rtol=1e-13)
    equity = model.customer_equity(known, **own, draws=0)
    assert equity.value.estimate == pytest.approx(scored["clv"].sum(), rel=1e-12)
    with pytest.raises(InvalidInputError, match="margin='profit' is no attribute of this base"):
        model.predict(known, margin="profit")


@pytest.mark.parametrize("method", ["posterior", "bootstrap"])
def test_intervals_hold_the_estimate_and_widen_with_the_level(base: CustomerBase, model: CLVModel, method: str) -> None:
    narrow, wide = (
        model.customer_equity(base, **SETTINGS, level=level, draws=60, method=method) for level in (0.5, 0.95)
    )
    for name in ("value", "expected_purchases"):
        inner, outer = getattr(narrow, name), getattr(wide, name)
        if math.isfinite(inner.estimate):
            assert outer.lower < inner.lower < inner.estimate < inner.upper < outer.upper
    assert wide.transaction_draws is not None
    assert len(wide.transaction_draws.values) == 60
    again = model.customer_equity(base, **SETTINGS, level=0.95, draws=60, method=method)
    assert (again.value.lower, again.value.upper) == (wide.value.lower, wide.value.upper)


def test_both_methods_agree(base: CustomerBase, model: CLVModel) -> None:
    posterior, bootstrap = (
        model.customer_equity(base, horizon="52W", discount_rate=0.0, level=0.8, draws=300, method=method)
        for method in ("posterior", "bootstrap")
    )
    for one, other in (
        (posterior.value, bootstrap.value),
        (posterior.expected_purchases, bootstrap.expected_purchases),
    ):
        width = one.upper - one.lower
        assert 0.6 < (other.upper - other.lower) / width < 1.6
        assert abs(one.lower - other.lower) < 0.5 * width
    assert posterior.transaction_draws is not None
    assert posterior.transaction_draws.k_hat < 0.7


@pytest.mark.slow
def test_intervals_hold_the_truth() -> None:
    """The expectation under the true parameters lies in the 80 % interval as often as said."""
    truth, spend = BGNBD(0.8, 60.0, 0.9, 3.0), GammaGamma(6.0, 4.0, 15.0)
    held, sets = 0, 40
    for seed in range(sets):
        log = datasets.simulate_log(600, transactions=truth, spend=spend, acquired=100, observed=400, seed=seed)
        base = CustomerBase.from_transactions(log)
        exact = CLVModel.from_models(truth, spend, time_unit="D").customer_equity(
            base, horizon="365D", discount_rate=0.0, draws=0
        )
        fitted = CLVModel(prior=WeakPrior()).fit(base)
        found = fitted.customer_equity(base, horizon="365D", discount_rate=0.0, level=0.8, draws=80).expected_purchases
        held += found.lower <= exact.expected_purchases.estimate <= found.upper
    assert binom.ppf(1e-4, sets, 0.8) <= held <= binom.ppf(1 - 1e-4, sets, 0.8), held


def test_another_base_needs_the_one_of_the_fit(base: CustomerBase, model: CLVModel) -> None:
    part = CustomerBase.from_summary(base.frame.head(500), time_unit="W")
    with pytest.raises(InvalidInputError, match="other customers"):
        model.customer_equity(part, horizon="52W", draws=20)
    found = model.customer_equity(part, horizon="52W", draws=20, fitted_on=base)
    assert found.customers == 500
    assert found.value.lower < found.value.estimate < found.value.upper


def test_what_there_is_no_equity_for(base: CustomerBase, model: CLVModel) -> None:
    with pytest.raises(NotFittedError):
        CLVModel().customer_equity(base)
    bare = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44), time_unit="W")
    assert bare.customer_equity(base, draws=0).value.estimate > 0
    with pytest.raises(NotFittedError, match="draws=0"):
        bare.customer_equity(base)
    with pytest.raises(InvalidInputError, match="spend model"):
        CLVModel(spend=None).fit(base).customer_equity(base)
    with pytest.raises(InvalidInputError, match="discount_rate above 0"):
        model.customer_equity(base, discount_rate=0.0)
    with pytest.raises(InvalidInputError, match="method"):
        model.customer_equity(base, method="jackknife")


def test_totals_as_a_table(base: CustomerBase, model: CLVModel) -> None:
    equity = model.customer_equity(base, **SETTINGS, draws=20)
    table = equity.to_frame()
    assert table["total"].tolist() == ["value", "expected_purchases"]
    assert table["estimate"].tolist() == [equity.value.estimate, equity.expected_purchases.estimate]
    assert str(equity.value).startswith(f"{equity.value.estimate:,.6g} (")


# ------------------------------------------------------------------------------------------ new customers


def test_a_new_customer_is_a_customer_of_no_history(base: CustomerBase, model: CLVModel) -> None:
    fresh = pd.DataFrame({"customer_id": [1], "frequency": [0], "recency": [0.0], "T": [0.0], "monetary_value": [0.0]})
    scored = model.predict(CustomerBase.from_summary(fresh, time_unit="W"), **SETTINGS)
    later = model.new_customer_value(**SETTINGS, first_purchase=False)
    assert later == pytest.approx(scored["clv"][0], rel=1e-12)
    assert model.spend_model_ is not None
    first = model.new_customer_value(**SETTINGS) - later
    assert first == pytest.approx(0.3 * model.spend_model_.mean, rel=1e-10)


def test_what_there_is_no_new_customer_for(base: CustomerBase) -> None:
    with pytest.raises(NotFittedError):
        CLVModel().new_customer_value()
    with pytest.raises(InvalidInputError, match="spend model"):
        CLVModel(spend=None).fit(base).new_customer_value()
    with pytest.raises(InvalidInputError, match="discount_rate above 0"):
        CLVModel().fit(base).new_customer_value(discount_rate=0.0)
