"""CLV with covariates: what a model says of customers is what the plain model of their kind says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen import BGNBD, CLVModel, CustomerBase, GammaGamma, datasets, split
from evergreen.errors import InvalidInputError
from evergreen.models.covariates import CovariateModel
from tests.contracts.registry import ENGINES, by_id

SPEND = GammaGamma(6.25, 3.74, 15.44)
KINDS = {"shop": BGNBD(0.9, 30.0, 0.8, 2.4), "web": BGNBD(0.9, 15.0, 0.8, 2.4)}


def log_of_kinds() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a log in which customers of one channel buy twice as often, and the channels."""
    logs, channels = [], []
    for place, (channel, model) in enumerate(KINDS.items()):
        log = datasets.simulate_log(2_000, transactions=model, spend=SPEND, acquired=100, observed=400, seed=place)
        logs.append(log.assign(customer_id=log["customer_id"] + 10_000 * place))
        channels.append(pd.DataFrame({"customer_id": np.arange(2_000) + 10_000 * place, "channel": channel}))
    return pd.concat(logs, ignore_index=True), pd.concat(channels, ignore_index=True)


@pytest.fixture(scope="module")
def data() -> tuple[pd.DataFrame, pd.DataFrame]:
    return log_of_kinds()


@pytest.fixture(scope="module")
def base(data: tuple[pd.DataFrame, pd.DataFrame]) -> CustomerBase:
    return CustomerBase.from_transactions(data[0]).with_attributes(data[1])


@pytest.fixture(scope="module")
def model(base: CustomerBase) -> CLVModel:
    return CLVModel(purchase_covariates=["channel"]).fit(base)


def test_the_effect_is_found(model: CLVModel) -> None:
    table = model.summary(0.99).set_index("parameter")
    lower, upper = (float(table[bound]["purchase[channel=web]"]) for bound in ("lower", "upper"))
    assert 0 < lower < np.log(2) < upper


def test_customers_get_the_forecast_of_their_kind(model: CLVModel, base: CustomerBase) -> None:
    found = model.predict(base, horizon="180D")
    buyers = model.transaction_model_
    assert isinstance(buyers, CovariateModel)
    for channel in KINDS:
        rows = base.array("channel") == channel
        plain = CLVModel.from_models(buyers.at({"channel": channel}), model.spend_model_, time_unit="D")
        kind = CustomerBase.from_summary(base.frame[rows].drop(columns="channel"))
        wanted = plain.predict(kind, horizon="180D")
        np.testing.assert_allclose(found[rows].drop(columns="customer_id"), wanted.drop(columns="customer_id"))
        intervals = model.predict_intervals(base, horizon="60D")[rows]
        np.testing.assert_array_equal(
            intervals["purchases_upper"], plain.predict_intervals(kind, horizon="60D")["purchases_upper"]
        )
    equity = model.customer_equity(base, horizon="180D", draws=0)
    assert equity.value.estimate == pytest.approx(found["clv"].sum(), rel=1e-11)


@pytest.mark.parametrize("engine", ["polars lazy", "duckdb"])
def test_lazy_engines_agree(
    engine: str, model: CLVModel, base: CustomerBase, data: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    if engine == "duckdb":
        duckdb = pytest.importorskip("duckdb")
        connection = duckdb.connect()
        log: Any = connection.from_df(data[0])
        channels: Any = connection.from_df(data[1])
    else:
        log, channels = (ENGINES[engine].of(frame) for frame in data)
    lazy = CustomerBase.from_transactions(log).with_attributes(channels)
    again = CLVModel(purchase_covariates=["channel"]).fit(lazy)
    wanted, found = (by_id(kind.predict(rows, horizon="90D")) for kind, rows in ((model, base), (again, lazy)))
    for name in ("p_alive", "expected_purchases", "clv"):
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-6)
    equity = again.customer_equity(lazy, horizon="90D", draws=0)
    assert equity.value.estimate == pytest.approx(wanted["clv"].sum(), rel=1e-6)


def test_intervals_of_the_total_and_evaluation(data: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    halves = split(data[0], at="2024-12-31")
    known = replace(halves, calibration=halves.calibration.with_attributes(data[1]))
    model = CLVModel(purchase_covariates=["channel"]).fit(known)
    with_channel = model.evaluate(known)
    without = CLVModel().fit(halves).evaluate(halves)
    assert with_channel.measures["log_score"] > without.measures["log_score"]
    assert abs(with_channel.measures["tracking_error"]) < 0.1
    assert with_channel.tracking["actual"].sum() == without.tracking["actual"].sum()
    equity = model.customer_equity(known.calibration, horizon="30D", discount_rate=0.0, draws=60)
    assert equity.value.lower < equity.value.estimate < equity.value.upper


def test_new_customers_are_somebody(model: CLVModel) -> None:
    web, shop = (model.new_customer_value(attributes={"channel": channel}) for channel in ("web", "shop"))
    assert web > shop
    with pytest.raises(InvalidInputError, match="attributes="):
        model.new_customer_value()


def test_what_is_refused(model: CLVModel, base: CustomerBase, data: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    bare = CustomerBase.from_transactions(data[0])
    with pytest.raises(InvalidInputError, match="lacks"):
        model.predict(bare)
    with pytest.raises(InvalidInputError, match="channel"):
        CLVModel(purchase_covariates=["channel"]).fit(bare)
    with pytest.raises(InvalidInputError, match="auto"):
        CLVModel(transactions="auto", purchase_covariates=["channel"]).fit(base)
    new = data[1].assign(channel=data[1]["channel"].replace("web", "app"))
    with pytest.raises(InvalidInputError, match="app"):
        model.predict(bare.with_attributes(new))
