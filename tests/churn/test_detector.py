"""What a churn detector says of customers: by which chance, in which band, with how much at stake."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen import (
    BGNBD,
    ChurnDetector,
    CLVModel,
    Covariate,
    CovariateModel,
    CustomerBase,
    WeakPrior,
    datasets,
    overdue_ratio,
    store,
)
from evergreen.errors import FitWarning, InvalidInputError
from tests.contracts.registry import ENGINES, TRANSACTION_MODELS, assert_same, base_of, by_id, in_memory, sample_log

KNOWN = BGNBD(0.9, 21.0, 0.8, 2.4)


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return sample_log()


@pytest.fixture(scope="module")
def base(log: pd.DataFrame) -> CustomerBase:
    return base_of(log)


@pytest.fixture(scope="module")
def detector(base: CustomerBase) -> ChurnDetector:
    return ChurnDetector(horizon="60D", lapse_chance=0.3).fit(base)


def test_the_score_is_the_chance_of_no_purchase_and_not_of_being_gone(
    detector: ChurnDetector, base: CustomerBase
) -> None:
    found, model = detector.transform(base), detector.transaction_model_
    assert isinstance(model, BGNBD)
    history = base.purchase_arrays()
    np.testing.assert_allclose(found["p_churn"], 1 - model.p_purchase(60.0, *history), rtol=1e-13)
    once = base.array("frequency") == 0
    assert (model.p_alive(*history)[once] == 1).all()
    assert (found["p_churn"][once] > 0.2).all()


def test_columns_follow_from_what_was_learned(detector: ChurnDetector, base: CustomerBase) -> None:
    found = detector.transform(base)
    x, t_x, T = base.purchase_arrays()
    silence, p = found["days_since_last"].to_numpy(), found["p_churn"].to_numpy()
    np.testing.assert_allclose(silence, T - t_x)
    assert detector.rhythm_ is not None
    settings = {"population_gap": detector.rhythm_.population_gap, "k": detector.rhythm_.k}
    np.testing.assert_allclose(found["overdue"], overdue_ratio(silence, x, t_x, **settings), rtol=1e-13)
    cuts = detector.lapse_cuts()
    np.testing.assert_array_equal(found["lapsed"], silence >= np.where(x > 0, cuts["came back"], cuts["bought once"]))
    wanted = np.where(p >= 0.8, "alarm", np.where(p >= 0.5, "watch", "ok"))
    assert set(wanted) == {"ok", "watch", "alarm"}
    np.testing.assert_array_equal(found["band"], wanted)
    np.testing.assert_array_equal(found["days_to_alarm"] == 0, p >= 0.8)
    ends = pd.Timestamp("2024-12-30") + pd.to_timedelta(found["days_to_alarm"], unit="D")
    np.testing.assert_array_equal(found["alarm_date"], ends)


def test_lapse_cuts_are_those_of_the_gaps(detector: ChurnDetector, base: CustomerBase) -> None:
    gaps, cuts = base.gaps(), detector.lapse_cuts()
    assert cuts["bought once"] == gaps.at(1).curve().lapse_cut("60D", 0.3)
    assert cuts["came back"] == gaps.from_order(2).curve().lapse_cut("60D", 0.3)
    assert cuts["everyone"] == gaps.curve().lapse_cut("60D", 0.3)


def test_settings_that_need_no_fit_count_at_once(detector: ChurnDetector, base: CustomerBase) -> None:
    wider = ChurnDetector(horizon=timedelta(days=120), lapse_chance=0.5).fit(base)
    other = store.loads(store.dumps(detector)).set_params(horizon="120D", lapse_chance=0.5)
    assert_same(by_id(other.transform(base)), by_id(wider.transform(base)))


def test_the_chance_from_the_gaps_is_that_of_customers_who_bought_as_often(base: CustomerBase) -> None:
    found = ChurnDetector(transactions="gaps", horizon="60D").fit(base)
    assert found.transaction_model_ is None
    assert found.fit_ is None
    table, x = found.transform(base), base.array("frequency")
    fresh = (x == 0) & (table["days_since_last"] <= 100)
    wanted = 1 - base.gaps().at(1).curve().p_return(table["days_since_last"][fresh], within="60D")
    np.testing.assert_allclose(table["p_churn"][fresh], wanted, rtol=1e-13)


@pytest.mark.parametrize("name", TRANSACTION_MODELS)
def test_every_model_serves(name: str, log: pd.DataFrame) -> None:
    kind = {"occasion": "W", "time_unit": "W"} if name == "bg/bb" else {"log_gaps": True}
    base = base_of(log, **kind)
    detector = ChurnDetector(transactions=name, horizon="8W", prior=WeakPrior()).fit(base)
    assert type(detector.transaction_model_) is type(TRANSACTION_MODELS[name])
    found = detector.transform(base)
    assert np.isfinite(found["p_churn"]).all()
    longest = found.sort_values("days_since_last").tail(50)["p_churn"].mean()
    assert longest > found.sort_values("days_since_last").head(50)["p_churn"].mean()
    if name == "bg/bb":
        assert (found["days_to_alarm"] % 7 == 0).all()


def test_from_a_model_that_is_known(base: CustomerBase) -> None:
    fitted = CLVModel(spend=None).fit(base)
    model = fitted.transaction_model_
    detector = ChurnDetector.from_model(model, time_unit="D", horizon="60D", bands=(0.3, 0.7))
    found = detector.transform(base)
    wanted = 1 - fitted.predict(base, horizon="60D")["p_purchase"]
    np.testing.assert_allclose(found["p_churn"], wanted, rtol=1e-13)
    assert found.columns.tolist() == [
        *("customer_id", "days_since_last", "p_churn", "band", "days_to_alarm", "alarm_date")
    ]
    assert_same(by_id(store.loads(store.dumps(detector)).transform(base)), by_id(found))
    with pytest.raises(InvalidInputError, match="knows no gaps between purchases"):
        detector.lapse_cuts()


def test_from_a_model_with_covariates(base: CustomerBase) -> None:
    model = CovariateModel(KNOWN, (Covariate("channel", levels=("shop", "web")),), ("channel",), (), (0.7,))
    detector = ChurnDetector.from_model(model, time_unit="D", horizon="60D")
    assert detector.purchase_covariates == ("channel",)
    ids = base.frame["customer_id"]
    known = pd.DataFrame({"customer_id": ids, "channel": np.where(np.arange(len(ids)) % 2, "web", "shop")})
    found = detector.transform(base.with_attributes(known))
    for name in ("shop", "web"):
        plain = ChurnDetector.from_model(model.at({"channel": name}), time_unit="D", horizon="60D")
        rows = known["channel"] == name
        pd.testing.assert_frame_equal(found[rows], plain.transform(base)[rows], rtol=1e-12)
    with pytest.raises(InvalidInputError, match=r"covariates that this base lacks: \['channel'\]"):
        detector.transform(base)


def test_covariates_are_learned(log: pd.DataFrame, base: CustomerBase) -> None:
    ids = base.frame["customer_id"]
    often = base.array("frequency") > np.median(base.array("frequency"))
    known = base.with_attributes(pd.DataFrame({"customer_id": ids, "kind": np.where(often, "b", "a")}))
    detector = ChurnDetector(purchase_covariates=["kind"], lapse_chance=None).fit(known)
    assert isinstance(detector.transaction_model_, CovariateModel)
    assert detector.gaps_ is None
    assert detector.transaction_model_.parameters["purchase[kind=b]"] > 0.5


def test_a_summary_knows_no_gaps_and_no_date(base: CustomerBase) -> None:
    plain = CustomerBase.from_summary(base.frame[["customer_id", "frequency", "recency", "T"]])
    found = ChurnDetector().fit(plain).transform(plain)
    assert found.columns.tolist() == [
        *("customer_id", "days_since_last", "p_churn", "overdue", "band", "days_to_alarm")
    ]
    with pytest.raises(InvalidInputError, match="made from a summary"):
        ChurnDetector(transactions="gaps").fit(plain)


def test_alarm_dates_of_times_of_day(log: pd.DataFrame) -> None:
    base = base_of(log, occasion="row", observation_end=datetime(2024, 12, 30, 18))  # noqa: DTZ001 - local
    found = ChurnDetector(lapse_chance=None).fit(base).transform(base)
    wanted = pd.Timestamp("2024-12-30 18:00") + pd.to_timedelta(found["days_to_alarm"], unit="D")
    np.testing.assert_array_equal(found["alarm_date"], wanted)


def test_bands_add_up(detector: ChurnDetector, base: CustomerBase) -> None:
    found, summary = detector.transform(base, value="total_value"), detector.summary(base, value="total_value")
    assert summary["band"].tolist() == ["ok", "watch", "alarm"]
    assert summary["customers"].sum() == len(base)
    np.testing.assert_allclose(summary["share"].sum(), 1.0)
    np.testing.assert_allclose(found["value_at_risk"], found["p_churn"] * base.array("total_value"))
    for _, row in summary.iterrows():
        members = (found["band"] == row["band"]).to_numpy()
        assert row["customers"] == members.sum()
        np.testing.assert_allclose(row["p_churn"], found["p_churn"][members].mean())
        np.testing.assert_allclose(row["value"], base.array("total_value")[members].sum())
        np.testing.assert_allclose(row["value_at_risk"], found["value_at_risk"][members].sum())
    assert detector.summary(base).columns.tolist() == ["band", "customers", "share", "p_churn"]


def test_a_band_without_customers_is_there(base: CustomerBase) -> None:
    detector = ChurnDetector.from_model(KNOWN, time_unit="D", bands=(1e-9, 1e-8))
    summary = detector.summary(base)
    assert summary["customers"].tolist() == [0, 0, len(base)]
    assert summary["p_churn"].isna().tolist() == [True, True, False]


@pytest.mark.parametrize("engine", ENGINES)
def test_bands_and_campaigns_are_the_same_on_every_engine(
    engine: str, detector: ChurnDetector, base: CustomerBase, log: pd.DataFrame
) -> None:
    other = base_of(ENGINES[engine].of(log))
    summary = in_memory(detector.summary(other, value="total_value"))
    wanted = detector.summary(base, value="total_value")
    for name in wanted.columns[1:]:
        np.testing.assert_allclose(summary.get_column(name).to_numpy(), wanted[name], rtol=1e-12)
    settings: dict[str, Any] = {"value": "total_value", "contact_cost": 1.0, "offer_cost": 20.0, "success_rate": 0.2}
    here, there = (by_id(detector.campaign(rows, **settings)) for rows in (base, other))
    assert set(here["contact"].tolist()) == {True, False}
    assert_same(there, here, rtol=1e-11)


def test_a_fit_on_the_boundary_warns() -> None:
    summary = {"customer_id": range(4), "frequency": [0, 0, 1, 2], "recency": [0.0, 0, 3, 8], "T": [9.0] * 4}
    few = CustomerBase.from_summary(pd.DataFrame(summary))
    with pytest.warns(FitWarning, match="BGNBD: "):
        ChurnDetector().fit(few)


def test_an_end_of_observation_is_a_date(base: CustomerBase) -> None:
    assert base.observation_end == date(2024, 12, 30)
    found = ChurnDetector.from_model(KNOWN, time_unit="D").transform(base)
    assert str(found["alarm_date"].dtype).startswith("datetime64")
    assert found["alarm_date"].min() == pd.Timestamp("2024-12-30")


def test_real_customers_turn_when_they_should() -> None:
    """Observed until they turn, silent customers of CDNOW stand at the cut, and the day before below it."""
    log = datasets.load_cdnow(sample=True)
    base = CustomerBase.from_transactions(log, observation_end="1998-06-30")
    detector = ChurnDetector(horizon="90D", lapse_chance=None).fit(base)
    found = detector.transform(base)
    turning = found[(found["days_to_alarm"] > 1) & (found["days_to_alarm"] < 60)].iloc[::20]
    assert len(turning) > 3
    for _, row in turning.iterrows():
        own = log[log["customer_id"] == row["customer_id"]]
        ends = [row["alarm_date"] - pd.Timedelta(days=days) for days in (0, 1)]
        bases = [CustomerBase.from_transactions(own, observation_end=end.date()) for end in ends]
        at, before = (detector.transform(seen)["p_churn"].item() for seen in bases)
        assert before < 0.8 <= at
