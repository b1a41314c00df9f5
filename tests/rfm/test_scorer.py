"""RFM: scores that equal customers share, segments that cover every cell, cut points that stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergreen import CustomerBase, RFMScorer, SegmentMap, SegmentRule, datasets
from evergreen.errors import InvalidInputError
from tests.rfm.bases import summary_base

SCORES = ["r", "f", "m", "rfm", "segment"]


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return datasets.load_cdnow()


@pytest.fixture(scope="module")
def base(log: pd.DataFrame) -> CustomerBase:
    return CustomerBase.from_transactions(log)


@pytest.fixture(scope="module")
def scorer(base: CustomerBase) -> RFMScorer:
    return RFMScorer().fit(base)


@pytest.fixture(scope="module")
def scored(scorer: RFMScorer, base: CustomerBase) -> pd.DataFrame:
    return scorer.transform(base)


def by_force(values: np.ndarray[Any, Any], bins: int) -> list[int]:
    """Return 1 + floor(K * share of customers strictly worse), counted one by one."""
    return [1 + bins * sum(other < value for other in values.tolist()) // len(values) for value in values]


# ------------------------------------------------------------------------------------------------ scores


def test_columns_of_a_transformed_base(scored: pd.DataFrame) -> None:
    assert scored.columns.tolist() == [
        "customer_id",
        "days_since_last",
        "orders",
        "total_value",
        *SCORES,
    ]
    assert scored.dtypes.loc[["r", "f", "m", "rfm"]].eq("int64").all()


@pytest.mark.parametrize("method", ["quantile", "nested"])
def test_attributes_may_have_any_name(base: CustomerBase, method: Any) -> None:
    names = ["r", "segment", "score", "place", "rf", "fm", "days_since_last"]
    told = base.with_attributes(base.frame[["customer_id"]].assign(**dict.fromkeys(names, "told")))
    settings: dict[str, Any] = {"method": method, "segments": "rfm11", "weights": (1, 1, 1)}
    wanted, found = (RFMScorer(**settings).fit(one) for one in (base, told))
    pd.testing.assert_frame_equal(found.transform(told), wanted.transform(base))
    pd.testing.assert_frame_equal(found.summary(told), wanted.summary(base))
    np.testing.assert_array_equal(found.compare(told, base).customers, wanted.compare(base, base).customers)


def test_what_is_scored_is_what_happened(scored: pd.DataFrame, log: pd.DataFrame) -> None:
    """The three columns, by plain pandas from the log."""
    by_customer = log.groupby("customer_id")
    silent = (log["date"].max() - by_customer["date"].max()).dt.days
    wanted = scored.set_index("customer_id")
    assert (wanted["days_since_last"] == silent).all()
    assert (wanted["orders"] == by_customer["date"].nunique()).all()
    np.testing.assert_allclose(wanted["total_value"], by_customer["amount"].sum(), rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_rows_change_nobody(seed: int, log: pd.DataFrame, scored: pd.DataFrame) -> None:
    """Where ties are broken by row order, 44 % of these customers change a score."""
    base = CustomerBase.from_transactions(log.sample(frac=1.0, random_state=seed))
    again = RFMScorer().fit(base).transform(base)
    pd.testing.assert_frame_equal(again, scored)


def test_equal_customers_have_equal_scores(scored: pd.DataFrame) -> None:
    for score, column in (("r", "days_since_last"), ("f", "orders"), ("m", "total_value")):
        assert (scored.groupby(column)[score].nunique() == 1).all()


def test_the_better_never_score_worse(scored: pd.DataFrame) -> None:
    for score, column, sign in (("r", "days_since_last", -1), ("f", "orders", 1), ("m", "total_value", 1)):
        ordered = scored.sort_values(column, ascending=sign > 0)[score]
        assert ordered.is_monotonic_increasing


def test_one_time_buyers_all_score_one(scored: pd.DataFrame) -> None:
    once = scored["orders"] == 1
    assert once.mean() > 0.5
    assert (scored.loc[once, "f"] == 1).all()
    assert scored.loc[~once, "f"].min() == 3  # strictly better than more than half: 1 + floor(5 * 0.51)


def test_five_of_five_beats_at_least_four_fifths(scored: pd.DataFrame) -> None:
    for score, worth in (
        ("r", -scored["days_since_last"]),
        ("f", scored["orders"]),
        ("m", scored["total_value"]),
    ):
        worse = (worth.rank(method="min") - 1) / len(worth)
        assert worse[scored[score] == 5].min() >= 0.8
        assert worse[scored[score] < 5].max() < 0.8
        assert (scored[score] == np.minimum(5, 1 + np.floor(5 * worse + 1e-12))).all()


def test_digits_stand_side_by_side(scored: pd.DataFrame) -> None:
    digits = scored["r"].astype(str) + scored["f"].astype(str) + scored["m"].astype(str)
    assert (scored["rfm"].astype(str) == digits).all()


FEWER = settings(max_examples=max(10, settings().max_examples // 3))
"""Examples with a frame each are dear; tests/kernels/test_binning.py tries the formula on more."""

customers = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 5), st.integers(-3, 12)), min_size=1, max_size=60)


@FEWER
@given(customers, st.tuples(*[st.integers(2, 9)] * 3))
def test_scores_are_the_formula(rows: list[tuple[int, int, int]], bins: tuple[int, int, int]) -> None:
    days, orders, value = np.array(rows).T
    base = summary_base(days, orders, value)
    scored = RFMScorer(bins=bins, segments=None).fit(base).transform(base)
    for name, worth, count in zip("rfm", (-days, orders, value), bins, strict=True):
        assert scored[name].tolist() == by_force(worth, count)


@FEWER
@given(customers, st.data())
def test_adding_a_twin_changes_nobodys_order(rows: list[tuple[int, int, int]], data: st.DataObject) -> None:
    twin = data.draw(st.sampled_from(rows))
    before, after = (
        RFMScorer().fit(base).transform(base)
        for base in (summary_base(*np.array(some).T) for some in (rows, [*rows, twin]))
    )
    assert after.iloc[-1][["r", "f", "m"]].tolist() == after.iloc[rows.index(twin)][["r", "f", "m"]].tolist()
    for name in ("r", "f", "m"):
        old, new = before[name].to_numpy(), after[name].to_numpy()[: len(rows)]
        assert (np.abs(new - old) <= 1).all() or len(rows) < 5
        strictly_better = old[:, None] > old[None, :]
        assert (new[:, None] >= new[None, :])[strictly_better].all()


def test_all_equal_all_score_one() -> None:
    base = summary_base([3] * 7, [2] * 7, [10.0] * 7)
    scored = RFMScorer().fit(base).transform(base)
    assert (scored["rfm"] == 111).all()
    assert (scored["segment"] == "hibernating").all()


def test_one_customer_scores_one() -> None:
    base = summary_base([0], [4], [99.0])
    scorer = RFMScorer().fit(base)
    assert scorer.customers_ == 1
    assert scorer.transform(base)["rfm"].tolist() == [111]


def test_bins_of_each_dimension(base: CustomerBase, scored: pd.DataFrame) -> None:
    mixed = RFMScorer(bins=(3, 5, 9), segments=None).fit(base)
    found = mixed.transform(base)
    assert "segment" not in found.columns
    assert [len(points) for points in mixed.cut_points_.values()] == [2, 4, 8]
    assert found["r"].max() == 3
    assert (found["f"] == scored["f"]).all()
    assert sorted(found["m"].unique()) == list(range(1, 10))


@pytest.mark.parametrize("bins", [5, (5, 5, 5), [5, 5, 5], np.int64(5)])
def test_bins_may_be_written_in_many_ways(bins: Any, base: CustomerBase, scored: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(RFMScorer(bins=bins).fit(base).transform(base), scored)


def test_mean_value_is_per_order(base: CustomerBase, scored: pd.DataFrame) -> None:
    found = RFMScorer(monetary="mean").fit(base).transform(base)
    assert found.columns.tolist()[3] == "mean_value"
    np.testing.assert_array_equal(found["mean_value"], scored["total_value"] / scored["orders"])
    worse = found["mean_value"].rank(method="min") - 1
    assert (found["m"] == 1 + 5 * worse.astype(int) // len(found)).all()
    assert (found[["r", "f"]] == scored[["r", "f"]]).all(axis=None)


@pytest.mark.parametrize("unit", ["h", "W", "M", "Y"])
def test_days_are_days_in_every_unit(unit: Any, log: pd.DataFrame, scored: pd.DataFrame) -> None:
    base = CustomerBase.from_transactions(log, time_unit=unit)
    pd.testing.assert_frame_equal(RFMScorer().fit(base).transform(base), scored)


# ------------------------------------------------------------------------------------- frozen cut points


def test_cut_points_stay_on_a_later_date(log: pd.DataFrame) -> None:
    before = CustomerBase.from_transactions(log[log["date"] < "1998-01-01"])
    after = CustomerBase.from_transactions(log)
    scorer = RFMScorer().fit(before)
    points = {name: values.copy() for name, values in scorer.cut_points_.items()}
    then, now = (scorer.transform(base).set_index("customer_id") for base in (before, after))
    for name, values in scorer.cut_points_.items():
        np.testing.assert_array_equal(values, points[name])
    same = (
        (then["days_since_last"] == now["days_since_last"])
        & (then["orders"] == now["orders"])
        & (then["total_value"] == now["total_value"])
    )
    assert (now.loc[~same, "f"] >= then.loc[~same, "f"]).all()
    silent = then["orders"] == now["orders"]
    assert (now.loc[silent, "r"] <= then.loc[silent, "r"]).all()
    assert (now.loc[silent, "f"] == then.loc[silent, "f"]).all()
    assert (now["r"] < then["r"]).mean() > 0.4  # half a year later most have been silent for longer
    refitted = RFMScorer().fit(after).transform(after)
    assert (refitted["r"].to_numpy() != now["r"].to_numpy()).any()


def test_cut_points_are_values_of_customers(scorer: RFMScorer, scored: pd.DataFrame) -> None:
    assert list(scorer.cut_points_) == ["days_since_last", "orders", "total_value"]
    assert scorer.customers_ == len(scored)
    for name, points in scorer.cut_points_.items():
        assert np.isin(points, scored[name]).all()
        assert (np.diff(points) >= 0).all()


def test_settings_changed_after_fit_ask_for_a_new_fit(base: CustomerBase) -> None:
    scorer = RFMScorer().fit(base)
    with pytest.raises(InvalidInputError) as caught:
        scorer.set_params(monetary="mean").transform(base)
    assert str(caught.value) == (
        "This RFMScorer learned (5, 5, 5) scores of days_since_last, orders, total_value, its settings now ask "
        "for (5, 5, 5) of days_since_last, orders, mean_value: fit it again."
    )
    scorer.set_params(monetary="total", bins=4, segments=None)
    with pytest.raises(InvalidInputError, match=r"learned \(5, 5, 5\) scores .* now ask for \(4, 4, 4\)"):
        scorer.transform(base)
    scorer.set_params(bins=5, segments="rf6")
    assert set(scorer.transform(base)["segment"]) <= set(scorer.summary(base)["segment"])


# ---------------------------------------------------------------------------------------------- segments


@pytest.mark.parametrize("name", ["rf25", "rfm11", "rf6"])
def test_everybody_has_a_segment_of_the_map(name: str, base: CustomerBase) -> None:
    scorer = RFMScorer(segments=name).fit(base)
    scored, summary = scorer.transform(base), scorer.summary(base)
    assert scored["segment"].notna().all()
    assert set(scored["segment"]) <= set(summary["segment"])
    counts = scored["segment"].value_counts()
    assert summary.set_index("segment")["customers"].to_dict() == {
        segment: int(counts.get(segment, 0)) for segment in summary["segment"]
    }


def test_summary_of_cdnow(scorer: RFMScorer, base: CustomerBase, scored: pd.DataFrame) -> None:
    summary = scorer.summary(base)
    assert summary.columns.tolist() == [
        "segment",
        "customers",
        "share",
        "orders",
        "total_value",
        "share_of_value",
        "average_order_value",
    ]
    assert summary["segment"].tolist() == [
        "champion",
        "loyal",
        "potential loyalist",
        "new",
        "promising",
        "need attention",
        "about to sleep",
        "can't lose",
        "at risk",
        "hibernating",
    ]
    assert summary["customers"].sum() == 23_570
    assert summary["orders"].sum() == scored["orders"].sum() == 67_591
    assert summary["total_value"].sum() == pytest.approx(2_500_315.63, abs=1e-6)  # the log, added up
    assert summary["share"].sum() == pytest.approx(1, rel=1e-15)
    assert summary["share_of_value"].sum() == pytest.approx(1, rel=1e-15)
    filled = summary[summary["orders"] > 0]
    np.testing.assert_allclose(filled["average_order_value"], filled["total_value"] / filled["orders"])


def test_cells_add_up_to_the_base(scorer: RFMScorer, base: CustomerBase, scored: pd.DataFrame) -> None:
    cells = scorer.cells(base)
    assert list(zip(cells["r"], cells["f"], strict=True)) == [(r, f) for r in range(5, 0, -1) for f in range(5, 0, -1)]
    by_hand = scored.groupby(["r", "f"])["total_value"].agg(["size", "sum", "mean"])
    there = cells[cells["customers"] > 0].set_index(["r", "f"]).sort_index()
    assert there["customers"].tolist() == by_hand["size"].tolist()
    np.testing.assert_allclose(there["total_value"], by_hand["sum"], rtol=1e-12)
    np.testing.assert_allclose(there["average_value"], by_hand["mean"], rtol=1e-12)
    nobody = cells[cells["customers"] == 0]
    assert (nobody["f"] == 2).sum() == 5  # half the customers bought once, and the next score is 3
    assert (nobody["total_value"] == 0).all()
    assert nobody["average_value"].isna().all()
    assert cells["share"].sum() == pytest.approx(1, rel=1e-15)


def test_cells_of_other_bins(base: CustomerBase) -> None:
    cells = RFMScorer(bins=(9, 2, 3), method="nested", segments=None).fit(base).cells(base)
    assert len(cells) == 18
    assert cells["customers"].sum() == len(base)


def test_segments_without_customers_are_there(scorer: RFMScorer, base: CustomerBase) -> None:
    """Everybody in CDNOW came in the first quarter of 1997: a year later nobody is new."""
    empty = scorer.summary(base).set_index("segment").loc["new"]
    assert empty[["customers", "orders"]].tolist() == [0, 0]
    assert empty[["share", "total_value", "share_of_value"]].tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(empty["average_order_value"])


def test_summary_without_any_value() -> None:
    base = summary_base([1, 2, 3], [1, 1, 2], [0, 0, 0])
    summary = RFMScorer().fit(base).summary(base)
    assert summary["customers"].sum() == 3
    assert summary["share_of_value"].isna().all()


def test_a_map_of_ones_own(base: CustomerBase) -> None:
    halves = SegmentMap(
        axes=("m",),
        rules=[SegmentRule("small", ((1, 1),)), SegmentRule("big", ((2, 2),))],
        bins=(2, 3, 2),
    )
    scorer = RFMScorer(bins=(2, 3, 2), segments=halves).fit(base)
    summary = scorer.summary(base).set_index("segment")
    assert summary.index.tolist() == ["small", "big"]
    assert summary["customers"].sum() == 23_570
    assert summary.loc["big", "customers"] <= 23_570 / 2
    assert summary.loc["big", "share_of_value"] > 0.8


# ------------------------------------------------------------------------------------ bases of a summary


def test_orders_come_from_frequency_where_a_summary_has_none() -> None:
    days, orders, value = [1, 9, 4, 4], [1, 2, 7, 3], [5.0, 1.0, 2.0, 2.0]
    counted = summary_base(days, orders, value)
    derived = summary_base(days, orders, value, with_orders=False)
    pd.testing.assert_frame_equal(
        RFMScorer().fit(counted).transform(counted), RFMScorer().fit(derived).transform(derived)
    )


def test_orders_of_a_summary_count_more_than_occasions() -> None:
    base = summary_base([1, 2], [2, 3], [5.0, 6.0])
    more = CustomerBase.from_summary(base.frame.assign(orders=[9, 4]))
    assert RFMScorer().fit(more).transform(more)["orders"].tolist() == [9, 4]


def test_a_summary_without_total_value_is_refused() -> None:
    frame = datasets.load_cdnow_summary()
    base = CustomerBase.from_summary(frame, time_unit="W")
    with pytest.raises(InvalidInputError) as caught:
        RFMScorer().fit(base)
    assert str(caught.value) == (
        "RFM needs the total value of each customer: build the base from a log with amounts, or give the summary "
        "a column total_value."
    )


def test_a_log_without_money_is_refused(log: pd.DataFrame) -> None:
    base = CustomerBase.from_transactions(log.head(100), amount=None)
    with pytest.raises(InvalidInputError, match="RFM needs the total value"):
        RFMScorer().fit(base)


def test_nothing_of_scikit_learn_is_needed(base: CustomerBase) -> None:
    assert all(not kind.__module__.startswith("sklearn") for kind in RFMScorer.__mro__)
