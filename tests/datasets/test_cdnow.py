"""The CDNOW logs are those of the papers."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from evergreen import CustomerBase, datasets, split
from evergreen.datasets import load_cdnow, load_cdnow_summary
from evergreen.errors import MissingExtraError


def test_the_full_log() -> None:
    log = load_cdnow()
    assert len(log) == 69_659
    assert log["customer_id"].nunique() == 23_570
    assert log["customer_id"].min() == 1
    assert log["customer_id"].max() == 23_570
    assert log["cds"].sum() == 167_881
    assert log["amount"].sum() == pytest.approx(2_500_315.63, abs=1e-6)
    assert (log["amount"] >= 0).all()
    assert (log["amount"] == 0).sum() == 80


def test_the_sample_log() -> None:
    log = load_cdnow(sample=True)
    assert len(log) == 6_919
    assert log["customer_id"].nunique() == 2_357
    assert log["amount"].sum() == pytest.approx(244_091.94, abs=1e-6)


@pytest.mark.parametrize("sample", [False, True])
def test_columns_and_dates(sample: bool) -> None:
    log = load_cdnow(sample=sample)
    assert log.columns.tolist() == ["customer_id", "date", "cds", "amount"]
    assert log.dtypes.loc[["customer_id", "cds"]].eq("int64").all()
    assert log.dtypes["date"].kind == "M"
    assert log.dtypes["amount"] == "float64"
    assert (log["date"] == log["date"].dt.normalize()).all()
    first = log.groupby("customer_id")["date"].min()
    assert first.min() == pd.Timestamp("1997-01-01")
    assert first.max() <= pd.Timestamp("1997-03-31")
    assert log["date"].max() == pd.Timestamp("1998-06-30")
    assert log.notna().all(axis=None)


def test_the_sample_is_part_of_the_full_log() -> None:
    """Under the same ids, row for row."""
    sample, full = load_cdnow(sample=True), load_cdnow()
    same = full[full["customer_id"].isin(sample["customer_id"])]
    order = ["customer_id", "date", "cds", "amount"]
    found, wanted = (log.sort_values(order).reset_index(drop=True) for log in (sample, same))
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)


def test_the_published_summary() -> None:
    summary = load_cdnow_summary()
    assert summary.columns.tolist() == ["customer_id", "frequency", "recency", "T", "monetary_value"]
    assert len(summary) == 2_357
    assert summary["customer_id"].is_unique
    assert (summary["frequency"] > 0).sum() == 946
    assert summary["frequency"].sum() == 2_457
    assert summary["T"].between(27, 39).all()


def test_the_log_gives_the_published_summary() -> None:
    """Summarized here it has the same customers, to the published rounding; their ids are others."""
    base = split(load_cdnow(sample=True), at="1997-09-30", time_unit="W").calibration
    order = ["frequency", "recency", "T", "monetary_value"]
    ours, published = (
        frame[order].round(2).sort_values(order).to_numpy() for frame in (base.frame, load_cdnow_summary())
    )
    np.testing.assert_allclose(ours, published, rtol=0, atol=0.0101)


def test_each_load_is_its_own() -> None:
    one = load_cdnow(sample=True)
    one.loc[:, "amount"] = 0.0
    assert load_cdnow(sample=True)["amount"].sum() > 0


def test_a_log_goes_straight_into_a_base() -> None:
    base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    assert len(base) == 2_357
    assert base.dropped.total == 0


def test_without_the_package_that_has_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lifetimes", None)
    monkeypatch.setattr("evergreen.datasets.files.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match="pip install lifetimes"):
        load_cdnow()
