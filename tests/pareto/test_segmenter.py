"""Classes by value and by trouble: as defined, on every engine, and kept for another date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergreen import CustomerBase, ParetoSegmenter, datasets
from evergreen.errors import ColumnNotFoundError, DataWarning, InputTypeError, InvalidInputError
from evergreen.frames.engines import table_beside
from evergreen.pareto.quadrant import QuadrantCuts
from tests.contracts.registry import ENGINES, assert_same, base_of, by_id, in_memory, sample_log

FEWER = settings(max_examples=max(10, settings().max_examples // 3))


def summary_base(**columns: Any) -> CustomerBase:
    """Return a base of one-time buyers with these columns besides."""
    rows = len(next(iter(columns.values())))
    ages = columns.pop("T", np.full(rows, 365.0))
    frame = pd.DataFrame({"customer_id": np.arange(rows), "frequency": 0, "recency": 0.0, "T": ages})
    known = {name: columns.pop(name) for name in list(columns) if name not in ("total_value", "refunds", "orders")}
    base = CustomerBase.from_summary(frame.assign(**columns))
    return base.with_attributes(frame[["customer_id"]].assign(**known)) if known else base


def classes_by_hand(values: list[int], shares: tuple[float, ...]) -> list[str]:
    """Return A where those strictly better bring less than the first share, and so on, customer by customer."""
    total = sum(values)
    better = [sum(other for other in values if other > value) for value in values]
    return ["ABCDE"[sum(above >= round(share * 1_000) * total / 1_000 for share in shares)] for above in better]


@pytest.fixture(scope="module")
def base() -> CustomerBase:
    return CustomerBase.from_transactions(datasets.load_cdnow(sample=True))


@pytest.fixture(scope="module")
def segmenter(base: CustomerBase) -> ParetoSegmenter:
    return ParetoSegmenter().fit(base)


# ------------------------------------------------------------------------------------------------ classes


@FEWER
@given(
    st.lists(st.integers(-10, 50), min_size=1, max_size=40).filter(lambda values: sum(values) > 0),
    st.sampled_from([(0.8, 0.95), (0.5,), (0.1, 0.5, 0.8, 0.999)]),
)
def test_classes_are_as_defined(values: list[int], shares: tuple[float, ...]) -> None:
    base = summary_base(total_value=np.array(values, float))
    segmenter = ParetoSegmenter(classes=shares, draws=0).fit(base)
    assert segmenter.transform(base)["value_class"].tolist() == classes_by_hand(values, shares)


@FEWER
@given(st.lists(st.integers(0, 6), min_size=2, max_size=40).filter(any))
def test_whoever_makes_no_trouble_is_in_the_last_class(trouble: list[int]) -> None:
    base = summary_base(total_value=np.ones(len(trouble)), contacts=trouble)
    found = ParetoSegmenter(trouble="contacts", draws=0).fit(base).transform(base)
    assert found["trouble_class"].tolist() == classes_by_hand(trouble, (0.8, 0.95))
    assert (found.loc[found["contacts"] == 0, "trouble_class"] == "C").all()
    assert (found["value_class"] == "A").all()


def test_equal_customers_share_a_class(segmenter: ParetoSegmenter, base: CustomerBase) -> None:
    assert (segmenter.transform(base).groupby("total_value")["value_class"].nunique() == 1).all()


def test_a_customer_between_two_classes_is_not_in_the_better_one() -> None:
    """Of 9, 3, 1 the 9 is A. Next to 5 the 9 still brings more than half, so 5 is where 3 is."""
    segmenter = ParetoSegmenter(classes=(0.5, 0.9), draws=0).fit(summary_base(total_value=[9.0, 3.0, 1.0]))
    assert segmenter.cut_points_["total_value"].tolist() == [3.0, 9.0]
    found = segmenter.transform(summary_base(total_value=[10.0, 9.0, 8.99, 5.0, 3.0, 2.0, -4.0]))
    assert found["value_class"].tolist() == ["A", "A", "B", "B", "B", "C", "C"]


def test_one_customer_has_everything() -> None:
    segmenter = ParetoSegmenter().fit(summary_base(total_value=[7.0]))
    found = segmenter.transform(summary_base(total_value=[7.0, 6.99, 8.0]))
    assert found["value_class"].tolist() == ["A", "C", "A"]
    assert str(segmenter.value_).startswith("20 % of 1 customers hold 100.0 % (100.0 to 100.0) of the total.")


def test_classes_stay_on_a_later_date() -> None:
    log = datasets.load_cdnow(sample=True)
    before, after = (CustomerBase.from_transactions(log[log["date"] < end]) for end in ("1997-10-01", "1999-01-01"))
    segmenter = ParetoSegmenter(draws=0).fit(before)
    points = segmenter.cut_points_["total_value"].copy()
    then, now = (segmenter.transform(some).set_index("customer_id") for some in (before, after))
    np.testing.assert_array_equal(segmenter.cut_points_["total_value"], points)
    same = then["total_value"] == now["total_value"]
    assert (then["value_class"] == now["value_class"])[same].all()
    risen = now["total_value"] > then["total_value"]
    assert (now["value_class"] <= then["value_class"])[risen].all()
    assert (now["value_class"] < then["value_class"])[risen].any()


# ------------------------------------------------------------------------------------------------ CDNOW


def test_cdnow_in_facts(segmenter: ParetoSegmenter, base: CustomerBase) -> None:
    """All 18 months of the 1/10 sample."""
    assert segmenter.customers_ == segmenter.value_.customers == 2_357
    assert segmenter.value_.total == base.scores().totals("total_value").total
    assert segmenter.value_.share_of_top(0.2).percent.startswith("67.5 % (")
    assert segmenter.value_.customers_for(0.8).percent.startswith("33.0 % (")
    assert round(segmenter.value_.gini.estimate, 3) == 0.631
    assert segmenter.value_.gini.lower < 0.62
    assert segmenter.value_.gini.upper > 0.64
    assert (segmenter.trouble_, segmenter.overlap_, segmenter.quadrant_) == (None, None, None)


def test_summary_adds_up(segmenter: ParetoSegmenter, base: CustomerBase) -> None:
    summary, scored = segmenter.summary(base), segmenter.transform(base)
    assert list(summary) == ["value_class", "customers", "share", "total_value", "share_of_value"]
    assert summary["value_class"].tolist() == ["A", "B", "C"]
    assert summary["customers"].tolist() == scored.groupby("value_class").size().tolist()
    np.testing.assert_allclose(summary["total_value"], scored.groupby("value_class")["total_value"].sum(), rtol=1e-12)
    assert summary["share"].sum() == pytest.approx(1)
    assert summary["share_of_value"].cumsum().tolist() == pytest.approx([0.8, 0.95, 1], abs=2e-3)


def test_ranks_count_who_is_strictly_better(segmenter: ParetoSegmenter, base: CustomerBase) -> None:
    found = segmenter.rank(base)
    assert list(found) == ["customer_id", "total_value", "rank", "cumulative_share", "value_class"]
    assert found["rank"].dtype == np.int64
    wanted = found["total_value"].rank(method="min", ascending=False)
    assert (found["rank"] == wanted).all()
    value = found["total_value"].to_numpy()
    at_least = np.array([value[value >= one].sum() for one in value]) / value.sum()
    np.testing.assert_allclose(found["cumulative_share"], at_least, rtol=1e-12)
    assert (found["value_class"] == segmenter.transform(base)["value_class"]).all()
    assert (found["customer_id"] == base.frame["customer_id"]).all()


def test_ranks_are_within_the_base_and_classes_as_learned(segmenter: ParetoSegmenter) -> None:
    found = segmenter.rank(summary_base(total_value=[1.0, 2.0, 1.0]))
    assert found["rank"].tolist() == [2, 1, 2]
    assert found["cumulative_share"].tolist() == [1.0, 0.5, 1.0]
    assert found["value_class"].tolist() == ["C", "C", "C"]


# ------------------------------------------------------------------------------------------------ both sides


@pytest.fixture(scope="module")
def two_sided() -> CustomerBase:
    random = np.random.default_rng(8)
    value = random.lognormal(3, 1.2, 3_000).round(2)
    return summary_base(total_value=value, contacts=random.poisson(value / value.mean() * 0.4))


def test_overlap_counts_cells(two_sided: CustomerBase) -> None:
    segmenter = ParetoSegmenter(trouble="contacts", draws=0).fit(two_sided)
    scored, found = segmenter.transform(two_sided), segmenter.overlap_
    assert found is not None
    assert list(scored) == ["customer_id", "total_value", "value_class", "contacts", "trouble_class"]
    cells = scored.groupby(["value_class", "trouble_class"])
    for at, sums in (
        ("customers", cells.size()),
        ("value", cells["total_value"].sum()),
        ("trouble", cells["contacts"].sum()),
    ):
        wanted = sums.unstack(fill_value=0).reindex(index=list("ABC"), columns=list("ABC"), fill_value=0)
        np.testing.assert_allclose(getattr(found, at), wanted, rtol=1e-12, err_msg=at)
    assert str(segmenter.overlap(two_sided)) == str(found)
    assert found.both > 1.5 * found.expected
    assert found.p_value < 1e-9
    summary = segmenter.summary(two_sided)
    assert summary["contacts"].tolist() == found.trouble.sum(axis=1).tolist()
    assert summary["share_of_trouble"].sum() == pytest.approx(1)
    assert summary["contacts"].dtype == np.int64


def test_sides_are_told_by_name(two_sided: CustomerBase) -> None:
    """Cut points belong to columns: their order in a file, or sides that are swapped, change nobody's class."""
    segmenter = ParetoSegmenter(trouble="contacts", draws=0).fit(two_sided)
    wanted = segmenter.transform(two_sided)
    segmenter.cut_points_ = dict(reversed(segmenter.cut_points_.items()))
    pd.testing.assert_frame_equal(segmenter.transform(two_sided), wanted)
    swapped = segmenter.set_params(value="contacts", trouble="total_value").transform(two_sided)
    assert (swapped["value_class"] == wanted["trouble_class"]).all()
    assert (swapped["trouble_class"] == wanted["value_class"]).all()


def test_overlap_of_another_base_goes_by_learned_classes(two_sided: CustomerBase) -> None:
    segmenter = ParetoSegmenter(trouble="contacts", draws=0).fit(two_sided)
    found = segmenter.overlap(summary_base(total_value=[1e6, 0.0], contacts=[99, 0]))
    assert found.customers.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]


def test_both_sides_of_a_real_shop(evergreen_data: Path) -> None:
    """UCI Online Retail with its cancellations, against plain pandas from the log."""
    log = pd.read_parquet(evergreen_data / "online_retail_2010_2011.parquet").dropna(subset="CustomerID")
    log = log.assign(amount=(log["Quantity"] * log["UnitPrice"]).round(2))
    with pytest.warns(DataWarning):
        base = CustomerBase.from_transactions(
            log, customer="CustomerID", date="InvoiceDate", amount="amount", order="InvoiceNo"
        )
    segmenter = ParetoSegmenter(trouble="refunds", draws=0).fit(base)
    buyers = log[log.groupby("CustomerID")["amount"].transform("max") > 0]
    paid = buyers.groupby("CustomerID")["amount"].sum()
    back = -buyers["amount"].clip(upper=0).groupby(buyers["CustomerID"]).sum()
    overlap = segmenter.overlap_
    assert overlap is not None
    assert segmenter.trouble_ is not None
    for found, column in ((segmenter.value_, paid), (segmenter.trouble_, back)):
        assert found.total == pytest.approx(column.sum(), rel=1e-12)
        top = column.sort_values(ascending=False)
        assert found.share_of_top(0.2).estimate == pytest.approx(top[:868].sum() / top.sum(), rel=1e-12)
    assert (overlap.customers.sum(), overlap.both, round(overlap.expected)) == (4_339, 41, 13)
    assert segmenter.value_.share_of_top(0.2).percent == "73.6 %"
    assert segmenter.trouble_.share_of_top(0.2).percent == "98.6 %"


# ------------------------------------------------------------------------------------------------ quadrant


def test_quadrants_are_profit_per_period_by_activity() -> None:
    base = summary_base(
        total_value=[400.0, 400.0, 90.0, 90.0, 50.0],
        T=[730.0, 365.0, 36.5, 365.0, 0.0],
        staying=[0.9, 0.1, 0.6, 0.5, 0.0],
    )
    segmenter = ParetoSegmenter(activity="staying", draws=0).fit(base)
    found = segmenter.transform(base)
    assert list(found)[-3:] == ["profit_per_period", "staying", "quadrant"]
    assert found["profit_per_period"].tolist() == [200.0, 400.0, 90.0, 90.0, 50.0]  # nobody younger is inflated
    assert segmenter.quadrant_ == QuadrantCuts("staying", 365.0, 90.0, 0.5)
    assert found["quadrant"].tolist() == ["true friend", "butterfly", "barnacle", "stranger", "stranger"]
    given = ParetoSegmenter(activity="staying", quadrant_cuts=(60, None), draws=0).fit(base)
    assert given.quadrant_ == QuadrantCuts("staying", 365.0, 60.0, 0.5)
    assert given.transform(base)["quadrant"].tolist()[2:] == ["true friend", "butterfly", "stranger"]


def test_quadrants_are_learned_for_one_period_and_one_activity() -> None:
    base = summary_base(total_value=[400.0, 90.0], T=[730.0, 365.0], staying=[0.9, 0.1], other=[0.1, 0.2])
    segmenter = ParetoSegmenter(activity="staying", draws=0).fit(base)
    said = "learned 3 classes of total_value and quadrants of profit per 365 days by staying, its settings now ask for"
    for changed, words in (({"profit_period": "7D"}, "per 7 days by staying"), ({"activity": "other"}, "by other")):
        with pytest.raises(InvalidInputError, match=f"{said} .*{words}: fit it again"):
            segmenter.set_params(**{"profit_period": "365D", "activity": "staying", **changed}).transform(base)


@pytest.mark.parametrize("unit", ["h", "W", "M", "Y"])
def test_quadrants_do_not_depend_on_the_unit_of_time(unit: Any) -> None:
    def quadrants(unit: Any) -> Any:
        base = base_of(sample_log(), time_unit=unit)
        ids = base.frame[["customer_id"]]
        base = base.with_attributes(ids.assign(staying=np.random.default_rng(1).random(len(ids))))
        segmenter = ParetoSegmenter(activity="staying", profit_period="180D", draws=0).fit(base)
        return segmenter.transform(base)

    pd.testing.assert_frame_equal(quadrants(unit), quadrants("D"), check_exact=True)


# ------------------------------------------------------------------------------------------------ engines

SETTINGS: dict[str, dict[str, Any]] = {
    "value": {},
    "refunds": {"trouble": "refunds"},
    "attributes": {"value": "profit", "trouble": "contacts", "activity": "staying"},
    "orders": {"value": "orders", "classes": [0.3, 0.6, 0.9]},
}


def attributed(native: Any, log: pd.DataFrame) -> CustomerBase:
    ids, random = log["customer_id"].unique(), np.random.default_rng(3)
    known = {
        "customer_id": ids.astype(object),
        "profit": random.normal(10, 20, len(ids)).round(2),
        "contacts": random.poisson(0.7, len(ids)),
        "staying": random.random(len(ids)),
    }
    return base_of(native).with_attributes(table_beside(nw.from_native(native), known).to_native())


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return sample_log()


@pytest.mark.parametrize("chosen", SETTINGS)
@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "pandas"])
def test_every_engine_gives_the_same(engine: str, chosen: str, log: pd.DataFrame) -> None:
    bases = attributed(ENGINES[engine].of(log), log), attributed(log, log)
    ours, theirs = (ParetoSegmenter(draws=20, **SETTINGS[chosen]).fit(base) for base in bases)
    for column, points in theirs.cut_points_.items():
        np.testing.assert_array_equal(ours.cut_points_[column], points)
    assert ours.quadrant_ == theirs.quadrant_
    for one, other in ((ours.value_, theirs.value_), (ours.trouble_, theirs.trouble_)):
        if one is not None and other is not None:
            pd.testing.assert_frame_equal(one.to_frame(), other.to_frame(), check_exact=True)
    for verb in (ParetoSegmenter.transform, ParetoSegmenter.rank):
        found = verb(ours, bases[0])
        assert isinstance(nw.from_native(found), nw.LazyFrame if bases[0].is_lazy else nw.DataFrame)
        assert_same(by_id(found), by_id(verb(theirs, bases[1])))
    found, wanted = (in_memory(segmenter.summary(base)) for segmenter, base in zip((ours, theirs), bases, strict=True))
    assert found.columns == wanted.columns
    for name in found.columns:
        values, expected = (np.array(frame.get_column(name).to_list()) for frame in (found, wanted))
        if values.dtype.kind == "f":
            np.testing.assert_allclose(values, expected, rtol=1e-12)
        else:
            np.testing.assert_array_equal(values, expected)
    if ours.overlap_ is not None and theirs.overlap_ is not None:
        np.testing.assert_array_equal(ours.overlap_.customers, theirs.overlap_.customers)
        np.testing.assert_allclose(ours.overlap_.value, theirs.overlap_.value, rtol=1e-12)


# ------------------------------------------------------------------------------------------------ refused

SOME = summary_base(
    total_value=[5.0, 0.0, 3.0], refunds=[0.0, 0.0, 0.0], loss=[-1.0, 2.0, 3.0], staying=[0.0, 1.0, 1.5]
)
CLASSES = "classes must be shares between 0 and 1 in ascending order, such as (0.8, 0.95), got {}."

REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    *(
        ({"classes": given}, InvalidInputError, CLASSES.format(repr(given)))
        for given in ((), 0.8, "AB", (0.95, 0.8), (0.8, 0.8), (0.0, 0.5), (0.5, 1.0), (1, 2), ("80 %",), None)
    ),
    ({"value": None}, InputTypeError, "value must be the name of a column, got NoneType."),
    ({"trouble": 3}, InputTypeError, "trouble must be the name of a column, got int."),
    (
        {"value": "profit", "activity": "chance"},
        ColumnNotFoundError,
        (
            "The frame has no column for value='profit', activity='chance'; its columns are 'customer_id', "
            "'frequency', 'recency', 'T', 'total_value', 'refunds', 'loss', 'staying'."
        ),
    ),
    (
        {"trouble": "total_value"},
        InvalidInputError,
        "Value, trouble and activity need a column each, got ['total_value', 'total_value'].",
    ),
    (
        {"trouble": "share"},
        InvalidInputError,
        "trouble='share' is the name of a column of the results: rename it first.",
    ),
    (
        {"trouble": "refunds"},
        InvalidInputError,
        "The refunds of 3 customers add up to 0: shares need a total above 0.",
    ),
    (
        {"trouble": "loss"},
        InvalidInputError,
        (
            "trouble='loss' must be at least 0: 1 of 3 rows, for example -1.0. What is given back belongs to the "
            "value; trouble counts what customers cost."
        ),
    ),
    (
        {"activity": "staying"},
        InvalidInputError,
        (
            "activity='staying' must lie from 0 to 1: 1 of 3 rows. Give a probability, such as p_purchase of "
            "CLVModel.predict."
        ),
    ),
    (
        {"quadrant_cuts": 0.5},
        InvalidInputError,
        "quadrant_cuts must be a pair, of profit per period and of activity, got 0.5.",
    ),
    ({"level": 95}, InvalidInputError, "level must lie between 0 and 1, got 95."),
]


@pytest.mark.parametrize(("chosen", "error", "message"), REFUSED)
def test_what_is_refused(chosen: dict[str, Any], error: type[Exception], message: str) -> None:
    segmenter = ParetoSegmenter(**chosen)
    with pytest.raises(error) as caught:
        segmenter.fit(SOME)
    assert str(caught.value) == message
    assert set(vars(segmenter)) == set(segmenter.get_params())


def test_columns_must_hold_numbers(base: CustomerBase) -> None:
    with pytest.raises(InputTypeError, match=r"The column 'first_purchase' holds Date.*, not numbers"):
        ParetoSegmenter(value="first_purchase").fit(base)
    with pytest.raises(InputTypeError, match="The column 'vip' holds Boolean, not numbers"):
        ParetoSegmenter(trouble="vip").fit(summary_base(total_value=[1.0], vip=[True]))
    with pytest.raises(InvalidInputError, match=r"A duration must be positive|Cannot read the duration"):
        ParetoSegmenter(profit_period="a year").fit(base)


def test_a_base_without_total_has_no_ranks(segmenter: ParetoSegmenter) -> None:
    empty = summary_base(total_value=[0.0, 0.0])
    assert segmenter.transform(empty)["value_class"].tolist() == ["C", "C"]
    assert segmenter.summary(empty)["share_of_value"].isna().all()
    with pytest.raises(InvalidInputError, match="The total_value of 2 customers add up to 0"):
        segmenter.rank(empty)


def test_settings_changed_after_fit_ask_for_a_new_fit(two_sided: CustomerBase) -> None:
    segmenter = ParetoSegmenter(draws=0).fit(two_sided)
    with pytest.raises(InvalidInputError, match=r"trouble=None\) knows one side alone"):
        segmenter.overlap(two_sided)
    with pytest.raises(InvalidInputError) as caught:
        segmenter.set_params(trouble="contacts").overlap(two_sided)
    assert str(caught.value) == (
        "This ParetoSegmenter learned 3 classes of total_value, its settings now ask for 3 classes of total_value and "
        "3 classes of contacts: fit it again."
    )
    for changed in ({"classes": (0.5,)}, {"value": "contacts"}, {"activity": "T"}):
        segmenter = ParetoSegmenter(draws=0).fit(two_sided).set_params(**changed)
        with pytest.raises(InvalidInputError, match=r"fit it again|T.* must lie from 0 to 1"):
            segmenter.transform(two_sided)
