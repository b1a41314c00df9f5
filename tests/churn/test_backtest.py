"""A backtest agrees with doing it by hand, on every engine, and says plainly which score is better."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from evergreen import BGNBD, ChurnDetector, datasets, split
from evergreen.churn.backtest import OVERDUE, SILENCE, _verdict
from evergreen.errors import DataWarning, FitWarning, InvalidInputError
from evergreen.kernels.paired_auc import AucDifference
from tests.contracts.registry import ENGINES, sample_log

DATES = ["2024-07-31", "2024-09-30"]


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return sample_log()


@pytest.mark.parametrize("name", ["bg/nbd", "gaps"])
def test_measures_are_those_of_all_customers_one_by_one(name: str, log: pd.DataFrame) -> None:
    detector = ChurnDetector(horizon="60D", transactions=name)
    found = detector.backtest(log, at=DATES)
    assert not hasattr(detector, "time_unit_")
    assert found.table["score"].tolist() == [name, SILENCE, OVERDUE] * 2
    assert found.horizon == 60.0
    for at in DATES:
        end = pd.Timestamp(at) + pd.Timedelta(days=60)
        halves = split(log[log["date"] <= end], at=at, end=end)
        scores = ChurnDetector(horizon="60D", transactions=name).fit(halves.calibration).transform(halves.calibration)
        both = scores.merge(halves.holdout, on="customer_id")
        left = both["frequency_holdout"] == 0
        rows = {
            name: column.to_numpy() for name, column in found.table[found.table["at"] == date.fromisoformat(at)].items()
        }
        assert rows["customers"].tolist() == [len(both)] * 3
        np.testing.assert_allclose(rows["churned"], left.mean())
        columns = ("p_churn", "days_since_last", "overdue")
        np.testing.assert_allclose(rows["auc"], [roc_auc_score(left, both[column]) for column in columns], rtol=1e-12)
        np.testing.assert_allclose(rows["brier"][0], brier_score_loss(left, both["p_churn"]), rtol=1e-10)
        np.testing.assert_allclose(rows["auc_lead"], rows["auc"] - rows["auc"][1], atol=1e-15)
        assert np.isnan(rows["brier"][1:]).all()
        assert np.isnan(rows["calibration_error"][1:]).all()
        tenths = found.calibration[found.calibration["at"] == date.fromisoformat(at)]
        assert tenths["customers"].sum() == len(both)
        assert tenths["predicted"].is_monotonic_increasing
        np.testing.assert_allclose(np.average(tenths["observed"], weights=tenths["customers"]), left.mean())
        off = np.average((tenths["predicted"] - tenths["observed"]).abs(), weights=tenths["customers"])
        np.testing.assert_allclose(rows["calibration_error"][0], off)
        assert ((tenths["lower"] <= tenths["observed"]) & (tenths["observed"] <= tenths["upper"])).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_finds_the_same(engine: str, log: pd.DataFrame) -> None:
    for name in ("mbg/nbd", "gaps"):
        detector = ChurnDetector(horizon="60D", transactions=name)
        wanted, found = detector.backtest(log, at=DATES), detector.backtest(ENGINES[engine].of(log), at=DATES)
        pd.testing.assert_frame_equal(found.table, wanted.table, rtol=1e-12)
        pd.testing.assert_frame_equal(found.calibration, wanted.calibration, rtol=1e-12)
        assert found.verdict == wanted.verdict


def test_dates_come_back_in_order_and_one_may_stand_alone(log: pd.DataFrame) -> None:
    detector = ChurnDetector(horizon="60D")
    both, turned = detector.backtest(log, at=DATES), detector.backtest(log, at=DATES[::-1])
    pd.testing.assert_frame_equal(both.table, turned.table)
    alone = detector.backtest(log, at=DATES[1]).table
    pd.testing.assert_frame_equal(alone, both.table.iloc[3:].reset_index(drop=True))


def test_models_of_regular_buying_get_their_logarithms(log: pd.DataFrame) -> None:
    found = ChurnDetector(horizon="60D", transactions="mbg/cnbd-k").backtest(log, at=DATES[1])
    assert found.table["auc"].between(0.5, 1.0).all()


def test_covariates_come_from_a_frame(log: pd.DataFrame) -> None:
    ids = log["customer_id"].unique()
    known = pd.DataFrame({"customer_id": ids, "kind": np.where(np.arange(len(ids)) % 2, "a", "b"), "other": 1.0})
    detector = ChurnDetector(horizon="60D", purchase_covariates=["kind"])
    found = detector.backtest(log, at=DATES[1], attributes=known)
    wanted = ChurnDetector(horizon="60D").backtest(log, at=DATES[1])
    (model, *rules), (plain, *same) = (table["auc"].tolist() for table in (found.table, wanted.table))
    assert model == pytest.approx(plain, abs=0.02)
    assert rules == same
    with pytest.raises(InvalidInputError, match=r"covariates: give attributes, a frame with \['kind'\]"):
        detector.backtest(log, at=DATES[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"at": "2024-12-01"},
            "The horizon of 60 days after 2024-12-01 ends on 2025-01-30, the last usable row",
        ),
        ({"at": ["2024-09-30", "2030-01-01"]}, "ends on 2030-03-02"),
        ({"at": []}, "at is empty"),
        ({"at": "last year"}, "at='last year' is not an ISO date"),
    ],
)
def test_what_cannot_be_checked_is_refused(arguments: dict[str, Any], message: str, log: pd.DataFrame) -> None:
    with pytest.raises(InvalidInputError, match=message):
        ChurnDetector(horizon="60D").backtest(log, **arguments)


def test_rows_that_cannot_be_used_are_told_once(log: pd.DataFrame) -> None:
    early = log[log["date"] < "2024-06-30"].head(3)
    broken = pd.concat([log, early.assign(amount=np.inf), early.head(2).assign(customer_id=None)])
    with pytest.warns(DataWarning) as told:
        ChurnDetector(horizon="60D").backtest(broken, at=DATES)
    assert len(told) == 1
    assert "2 without a customer, 3 with a missing or infinite amount" in str(told[0].message)


def test_fits_that_end_otherwise_are_told_of_where_the_user_asked() -> None:
    log = datasets.load_cdnow(sample=True)[:70]
    with pytest.warns(FitWarning, match="boundary") as told:
        ChurnDetector(horizon="20W").backtest(log, at="1997-06-30")
    assert [warning.filename for warning in told] == [__file__]


def test_the_rule_wins_on_cdnow_and_the_verdict_says_so() -> None:
    found = ChurnDetector(horizon="39W").backtest(datasets.load_cdnow(sample=True), at="1997-09-30")
    assert found.verdict == (
        "Days since the last purchase order customers better than p_churn by bg/nbd at this date (AUC .771 against "
        ".757, more than chance explains): sort by silence, and take p_churn where a probability is needed."
    )


def test_the_model_wins_where_it_is_true() -> None:
    log = datasets.simulate_log(4_000, transactions=BGNBD(0.9, 21.0, 0.8, 2.4), acquired=200, observed=500, seed=9)
    last = log["date"].max()
    at = [last - pd.Timedelta(days=days) for days in (120, 60)]
    found = ChurnDetector(horizon="60D").backtest(log, at=at)
    assert found.verdict.startswith(
        "p_churn by bg/nbd orders customers better than days since the last purchase at 2 of 2 dates (AUC ."
    )
    assert found.verdict.endswith(" on average, more than chance explains): sort by p_churn.")
    assert (found.table.loc[[0, 3], "calibration_error"] < 0.03).all()


@pytest.mark.parametrize(
    ("leads", "words"),
    [
        ([(0.80, 0.81, 0.01)], "equally well (AUC .800 against .810, no more apart than chance explains)"),
        ([(0.80, 0.90, 0.01), (0.8, 0.7, 0.01), (0.6, 0.9, 0.01)], "at 2 of 3 dates (AUC .833 against .733 on average"),
        ([(np.nan, np.nan, np.nan)], "cannot be told: at each date almost all of them bought, or almost nobody did"),
        ([(1.0, 0.9, np.nan)], "cannot be told: at each date almost all of them bought, or almost nobody did"),
        ([(0.80, 0.70, 0.01), (1.0, 0.9, np.nan)], "at 1 of 1 dates (AUC .800 against .700 on average, more"),
    ],
)
def test_verdicts(leads: list[tuple[float, float, float]], words: str) -> None:
    assert words in _verdict([AucDifference(*lead) for lead in leads], "bg/nbd")
    assert "p_churn from the gaps" in _verdict([AucDifference(*lead) for lead in leads], "gaps")
