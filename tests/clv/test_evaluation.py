"""Evaluation on a holdout: the published figures, a second route to each table, right and wrong models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen import BGNBD, CLVModel, CustomerBase, Evaluation, GammaGamma, compare, datasets, split
from evergreen.errors import InputTypeError, InvalidInputError, NotFittedError
from evergreen.frames import Split
from evergreen.models.transactions import HistoryModel
from tests.contracts.registry import ENGINES


@pytest.fixture(scope="module")
def halves() -> Split:
    return split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W")


@pytest.fixture(scope="module")
def model(halves: Split) -> CLVModel:
    return CLVModel().fit(halves)


@pytest.fixture(scope="module")
def found(model: CLVModel, halves: Split) -> Evaluation:
    return model.evaluate(halves)


@pytest.fixture(scope="module")
def rows(model: CLVModel, halves: Split) -> pd.DataFrame:
    """Return forecasts beside what happened, matched by id."""
    ahead = model.predict(halves.calibration, horizon="39W", discount_rate=0.0)
    return ahead.merge(halves.holdout, on="customer_id").merge(halves.calibration.frame, on="customer_id")


def plain(model: CLVModel) -> HistoryModel:
    assert isinstance(model.transaction_model_, HistoryModel)
    return model.transaction_model_


def test_chances_on_cdnow(found: Evaluation) -> None:
    """What is known of this base: the order by p_purchase reaches .757, by silence alone .771."""
    assert found.measures["auc"] == pytest.approx(0.757, abs=1e-3)
    assert found.heuristics["auc"] == pytest.approx(0.771, abs=1e-3)
    assert found.measures["calibration_error"] == pytest.approx(0.054, abs=3e-3)


def test_measures_of_purchases(found: Evaluation, rows: pd.DataFrame) -> None:
    miss = rows["expected_purchases"] - rows["frequency_holdout"]
    assert found.customers == len(rows)
    assert found.duration == 39.0
    assert found.measures["mae"] == pytest.approx(miss.abs().mean(), rel=1e-12)
    assert found.measures["rmse"] == pytest.approx(np.sqrt((miss**2).mean()), rel=1e-12)
    assert found.measures["bias"] == pytest.approx(miss.sum() / rows["frequency_holdout"].sum(), rel=1e-12)
    ranks = rows[["expected_purchases", "frequency_holdout"]].rank()
    assert found.measures["rank_correlation"] == pytest.approx(np.corrcoef(ranks.T)[0, 1], rel=1e-12)
    bought = rows["frequency_holdout"] > 0
    assert found.measures["brier"] == pytest.approx(((rows["p_purchase"] - bought) ** 2).mean(), rel=1e-12)


def test_measures_of_value(found: Evaluation, rows: pd.DataFrame) -> None:
    assert found.measures["value_bias"] == pytest.approx(rows["clv"].sum() / rows["value_holdout"].sum() - 1, rel=1e-9)
    top = rows.sort_values("clv", ascending=False, kind="stable")
    share = top["value_holdout"].iloc[: round(len(rows) * 0.1)].sum() / rows["value_holdout"].sum()
    assert found.measures["value_lift"] == pytest.approx(share, abs=0.01)
    assert 0 < found.measures["value_gini"] < 1


def test_heuristics_need_no_model(found: Evaluation, rows: pd.DataFrame) -> None:
    at_past_rate = 39 * rows["frequency"] / rows["T"]
    miss = at_past_rate - rows["frequency_holdout"]
    assert found.heuristics["mae"] == pytest.approx(miss.abs().mean(), rel=1e-12)
    assert set(found.heuristics) < set(found.measures)
    assert found.to_frame()["measure"].tolist() == list(found.measures)


def test_tracking_counts_all_purchases_by_week(found: Evaluation, model: CLVModel, halves: Split) -> None:
    table = found.tracking
    before, after = table[table["since_at"] <= 0], table[table["since_at"] > 0]
    assert before["actual"].sum() == halves.calibration.frame["frequency"].sum() == 2457
    assert after["actual"].sum() == halves.holdout["frequency_holdout"].sum() == 1882
    assert after["since_at"].tolist() == list(range(1, 40))
    np.testing.assert_allclose(table["expected"].cumsum(), table["cumulative_expected"], rtol=1e-9)
    # by the end, every customer has been there for his age and the holdout
    last = float(table["cumulative_expected"].iloc[-1])
    expected = plain(model).expected_purchases_new(halves.calibration.frame["T"] + 39.0)
    assert last == pytest.approx(expected.sum(), rel=1e-10)
    assert found.measures["tracking_error"] == pytest.approx(last / table["cumulative_actual"].iloc[-1] - 1, rel=1e-12)


def test_periods_may_be_longer(model: CLVModel, halves: Split, found: Evaluation) -> None:
    monthly = model.evaluate(halves, period="28D").tracking
    assert monthly["actual"].sum() == found.tracking["actual"].sum()
    assert monthly["since_at"].iloc[-1] == found.tracking["since_at"].iloc[-1]
    assert 0 in monthly["since_at"].tolist()
    with pytest.raises(InvalidInputError):
        model.evaluate(halves, period="0D")


def test_purchases_by_calibration_frequency(found: Evaluation, rows: pd.DataFrame) -> None:
    group = rows["frequency"].clip(upper=7)
    wanted = rows.groupby(group)[["frequency_holdout", "expected_purchases"]].mean()
    table = found.by_frequency
    assert table["customers"].tolist() == group.value_counts().sort_index().tolist()
    np.testing.assert_allclose(table["actual"], wanted["frequency_holdout"], rtol=1e-12)
    np.testing.assert_allclose(table["expected"], wanted["expected_purchases"], rtol=1e-12)


def test_fitted_frequencies(found: Evaluation, model: CLVModel, halves: Split) -> None:
    base, table = halves.calibration.frame, found.fitted
    assert table["customers"].sum() == len(base)
    assert table["expected"].sum() == pytest.approx(len(base), rel=1e-9)
    never = sum(float(plain(model).pmf(0, T)) for T in base["T"])
    assert table["expected"][0] == pytest.approx(never, rel=1e-10)
    statistic, freedom, p_value = found.chi_square
    assert freedom > 3
    assert 0.01 < p_value < 1  # the BG/NBD fits this base
    assert statistic > 0


def test_the_true_model_is_calibrated_and_a_false_one_is_not() -> None:
    truth = BGNBD(0.9, 21.0, 0.8, 2.4)
    log = datasets.simulate_log(6_000, transactions=truth, acquired=120, observed=500, seed=3)
    halves = split(log, at="2024-12-31")
    right = CLVModel.from_models(truth, GammaGamma(6.25, 3.74, 15.44), time_unit="D").evaluate(halves)
    wrong = CLVModel.from_models(BGNBD(0.9, 21.0, 0.8, 30.0), time_unit="D").evaluate(halves)
    assert right.measures["log_score"] > wrong.measures["log_score"]
    assert right.measures["calibration_error"] < 0.02 < wrong.measures["calibration_error"]
    assert abs(right.measures["bias"]) < 0.06
    assert np.abs(right.pit - 1).max() < 0.15 < np.abs(wrong.pit - 1).max()
    assert wrong.chi_square[2] < 1e-6
    assert "value_gini" not in wrong.measures


@pytest.mark.parametrize("engine", ["polars lazy", "duckdb"])
def test_any_engine(engine: str, halves: Split, found: Evaluation) -> None:
    log: Any = ENGINES[engine].of(datasets.load_cdnow(sample=True))
    lazy = split(log, at="1997-09-30", time_unit="W")
    again = CLVModel().fit(lazy).evaluate(lazy)
    for name, value in found.measures.items():
        assert again.measures[name] == pytest.approx(value, rel=1e-9), name
    pd.testing.assert_frame_equal(again.tracking, found.tracking, rtol=1e-9)


def test_compare(halves: Split, found: Evaluation) -> None:
    table = compare({"first": CLVModel(), "second": CLVModel(transactions="mbg/nbd", spend=None)}, halves)
    assert table["model"].tolist() == ["first", "second", "heuristics"]
    assert table["status"].tolist() == ["converged", "converged", ""]
    for name, value in found.measures.items():
        assert table[name][0] == pytest.approx(value, rel=1e-12)
    assert np.isnan(table["value_gini"][1])
    assert table["auc"][2] == found.heuristics["auc"]


def test_what_cannot_be_compared(halves: Split, model: CLVModel) -> None:
    with pytest.raises(InputTypeError, match="Split"):
        compare(["bg/nbd"], halves.calibration)  # type: ignore[arg-type]
    with pytest.raises(InputTypeError, match="list of names"):
        compare("bg/nbd", halves)
    with pytest.raises(InputTypeError, match="name such as"):
        compare([BGNBD(1, 1, 1, 1)], halves)  # type: ignore[list-item]
    with pytest.raises(InvalidInputError, match="no model"):
        compare([], halves)
    with pytest.raises(InvalidInputError, match="same transaction model"):
        compare([CLVModel(), CLVModel(spend=None)], halves)
    with pytest.raises(NotFittedError):
        CLVModel().evaluate(halves)
    with pytest.raises(InputTypeError, match="Split"):
        model.evaluate(halves.calibration)  # type: ignore[arg-type]
    days = split(datasets.load_cdnow(sample=True), at="1997-09-30")
    with pytest.raises(InvalidInputError, match="time_unit"):
        model.evaluate(days)


def test_a_base_is_no_split(model: CLVModel) -> None:
    base = CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")
    with pytest.raises(InputTypeError):
        model.evaluate(base)  # type: ignore[arg-type]
