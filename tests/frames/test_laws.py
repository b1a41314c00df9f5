"""Laws that hold for every log."""

from __future__ import annotations

import warnings
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from evergreen.errors import DataWarning
from evergreen.frames import CustomerBase
from evergreen.typing import Occasion
from tests.frames.kinds import KINDS, rows

CENTS = st.one_of(st.none(), st.integers(-20_000, 500_000))
ROW = st.tuples(
    st.one_of(st.none(), st.integers(0, 6)),
    st.one_of(st.none(), st.integers(-30_000, 40_000), st.integers(0, 40)),
    CENTS,
)
OCCASIONS: list[Occasion] = ["D", "W", "M", "row"]


@st.composite
def logs(draw: st.DrawFn) -> pd.DataFrame:
    """Draw a log with at least one purchase that counts."""
    drawn = [*draw(st.lists(ROW, max_size=40)), (1, 3, 1_999)]
    customer, day, cents = zip(*drawn, strict=True)
    return pd.DataFrame(
        {
            "customer_id": pd.array(customer, dtype="Int64"),
            "date": np.array(["NaT" if d is None else d for d in day], "datetime64[D]").astype("datetime64[s]"),
            "amount": [np.nan if c is None else c / 100 for c in cents],
        }
    )


def base_of(log: Any, **options: Any) -> CustomerBase:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return CustomerBase.from_transactions(log, **options)


@given(log=logs(), occasion=st.sampled_from(OCCASIONS), seed=st.integers(0, 9))
def test_the_order_of_rows_changes_nothing(log: pd.DataFrame, occasion: Occasion, seed: int) -> None:
    shuffled = log.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(
        base_of(log, occasion=occasion).frame, base_of(shuffled, occasion=occasion).frame, check_exact=True
    )


@given(log=logs(), occasion=st.sampled_from(OCCASIONS))
def test_names_of_customers_change_nothing(log: pd.DataFrame, occasion: Occasion) -> None:
    named = log.assign(customer_id=log["customer_id"].map(lambda number: f"c{number}", na_action="ignore"))
    pd.testing.assert_frame_equal(
        base_of(log, occasion=occasion).frame.drop(columns="customer_id"),
        base_of(named, occasion=occasion).frame.drop(columns="customer_id"),
        check_exact=True,
    )


@given(log=logs(), occasion=st.sampled_from(OCCASIONS), factor=st.sampled_from([100.0, 0.001, 1e6]))
def test_money_is_proportional(log: pd.DataFrame, occasion: Occasion, factor: float) -> None:
    one = base_of(log, occasion=occasion).frame
    other = base_of(log.assign(amount=log["amount"] * factor), occasion=occasion).frame
    for column in one:
        if column in ("monetary_value", "total_value", "refunds"):
            np.testing.assert_allclose(other[column], one[column] * factor, rtol=1e-12, atol=1e-9 * factor)
        else:
            pd.testing.assert_series_equal(other[column], one[column])


@given(log=logs(), occasion=st.sampled_from(OCCASIONS))
def test_rows_and_money_are_conserved(log: pd.DataFrame, occasion: Occasion) -> None:
    base = base_of(log, occasion=occasion)
    day = log["date"]
    usable = (
        log["customer_id"].notna()
        & day.between(pd.Timestamp("1900-01-01"), pd.Timestamp("2140-12-31"))
        & log["amount"].notna()
    )
    kept = log[usable & log["customer_id"].isin(base.frame["customer_id"]).fillna(value=False)]
    assert base.dropped.rows == len(log)
    assert base.dropped.kept == len(kept)
    assert base.frame["total_value"].sum() == pytest.approx(kept["amount"].sum(), abs=1e-6)
    assert base.frame["refunds"].sum() == pytest.approx(-kept["amount"].clip(upper=0).sum(), abs=1e-6)
    gross = kept["amount"].clip(lower=0).groupby(kept["customer_id"]).sum()
    found = base.frame.set_index("customer_id")
    np.testing.assert_allclose(found["total_value"] + found["refunds"], gross.loc[found.index], atol=1e-6)
    assert (found["frequency"] + 1 == found["orders"]).all()
    assert (found["recency"] <= found["T"]).all()
    assert ((found["frequency"] > 0) | (found["recency"] == 0) & (found["monetary_value"] == 0)).all()


@given(log=logs(), occasion=st.sampled_from(OCCASIONS))
def test_both_routes_are_one(log: pd.DataFrame, occasion: Occasion) -> None:
    arrays, engine = base_of(log, occasion=occasion), base_of(KINDS["polars"](log), occasion=occasion)
    assert arrays.dropped == engine.dropped
    pd.testing.assert_frame_equal(rows(arrays.frame), rows(engine.frame), check_exact=True)


@pytest.mark.parametrize("occasion", OCCASIONS)
def test_the_log_is_not_changed(occasion: Occasion) -> None:
    log = pd.DataFrame(
        {"customer_id": [3.0, None, 3.0], "date": ["2024-01-02", "2024-01-01", None], "amount": [1.0, None, -2.0]},
        index=[5, 5, 2],
    )
    before = log.copy(deep=True)
    base_of(log, occasion=occasion)
    pd.testing.assert_frame_equal(log, before)


@pytest.mark.parametrize(
    "ids",
    [
        pd.Series([7, 7, 9], dtype="int16"),
        pd.Series([7, 7, 2**63 + 1], dtype="uint64"),
        pd.Series([-(2**40), 3, 2**60], dtype="int64"),
        pd.Series([7, 7, 9], dtype="Int32"),
        pd.Series([7.5, 7.5, 9.0]),
        pd.Series([7.0, 7.0, 9.0]),
        pd.Series(["b", "b", "a"]),
        pd.Series(["b", "b", "a"], dtype=object),
        pd.Series(["b", "b", "a"], dtype=pd.CategoricalDtype(["b", "a", "unused"])),
        pd.Series(pd.to_datetime(["2020-01-01", "2020-01-01", "2019-01-01"])),
        pd.Series([True, True, False]),
    ],
    ids=lambda ids: f"{ids.dtype} {ids[0]}",
)
def test_ids_come_back_as_they_were(ids: pd.Series[Any]) -> None:
    log = pd.DataFrame({"customer_id": ids, "date": "2024-01-01", "amount": 1.0})
    found = CustomerBase.from_transactions(log).frame["customer_id"]
    assert found.dtype == ids.dtype
    assert set(found) == set(ids)


@pytest.mark.parametrize("kind", ["int8", "int16", "int32", "uint8", "uint64"])
def test_whole_ids_over_the_whole_range_of_their_type(kind: str) -> None:
    span = np.iinfo(kind)
    for start in (int(span.min), int(span.max) - 198):
        ids = np.array(range(start, start + 199), kind)
        log = pd.DataFrame({"customer_id": [*ids, *ids[::2]], "date": "2024-01-01", "amount": 1.0})
        found = CustomerBase.from_transactions(log.astype({"customer_id": kind})).frame
        assert found["customer_id"].tolist() == ids.tolist()
        assert found["total_value"].tolist() == [2.0, 1.0] * (len(ids) // 2) + [2.0] * (len(ids) % 2)
    apart = np.array([span.min, span.min + 1, span.max], kind)
    log = pd.DataFrame({"customer_id": np.repeat(apart, 10_000), "date": "2024-01-01", "amount": 1.0})
    assert CustomerBase.from_transactions(log).frame["customer_id"].tolist() == apart.tolist()


def test_whole_ids_with_a_missing_one_leave_as_whole_numbers() -> None:
    log = pd.DataFrame({"customer_id": [7, None, 9], "date": "2024-01-01", "amount": 1.0})
    with pytest.warns(DataWarning, match="1 without a customer"):
        found = CustomerBase.from_transactions(log).frame["customer_id"]
    assert found.tolist() == [7, 9]
    assert found.dtype == np.dtype("int64")


def test_ids_that_cannot_be_compared_stay_in_order_of_appearance() -> None:
    log = pd.DataFrame({"customer_id": ["b", 1, "b", (2, 3)], "date": "2024-01-01", "amount": 1.0})
    assert CustomerBase.from_transactions(log).frame["customer_id"].tolist() == ["b", 1, (2, 3)]
