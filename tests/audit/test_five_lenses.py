"""The five lenses against plain pandas, and the laws that hold for every log."""

from __future__ import annotations

import warnings
from datetime import date
from typing import Any, Literal, get_args

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from evergreen import CustomerBase, CustomerBaseAudit, datasets
from evergreen.audit.cohort_measures import MEASURES, CohortMeasure
from evergreen.errors import ColumnNotFoundError, DataWarning, InputTypeError, InvalidInputError
from evergreen.typing import Period
from tests.frames.kinds import KINDS, LAZY, QUICK
from tests.frames.test_engines_agree import hostile_log
from tests.frames.test_laws import logs

PERIODS: list[Period] = ["M", "Q", "Y"]


def audit_of(log: Any, **options: Any) -> CustomerBaseAudit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return CustomerBaseAudit.from_transactions(log, **options)


def usable(log: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that count: all is there, the date is of our time, the customer has bought."""
    there = log["customer_id"].notna() & log["amount"].notna() & log["date"].between("1900-01-01", "2140-12-31")
    rows = log[there]
    buyers = rows.loc[rows["amount"] >= 0, "customer_id"].unique()
    return rows[rows["customer_id"].isin(buyers)]


def by_hand(log: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Return one row per customer and period with what was done, by plain pandas in whole cents."""
    rows = usable(log)
    rows = rows.assign(
        period=rows["date"].dt.to_period(period).astype(str),
        day=rows["date"].dt.normalize(),
        cents=(rows["amount"] * 100).round().astype("int64"),
    )
    keys = ["customer_id", "period"]
    bought = rows[rows["amount"] >= 0]
    found = rows.groupby(keys)[["cents"]].sum()
    found["orders"] = bought.groupby(keys)["day"].nunique()
    found["orders"] = found["orders"].fillna(0).astype("int64")
    found = found.reset_index()
    return found.assign(cohort=found["customer_id"].map(bought.groupby("customer_id")["period"].min()))


def cents(money: Any) -> Any:
    return np.rint(np.asarray(money, np.float64) * 100).astype(np.int64)


# ------------------------------------------------------------------------------------------ brute force


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("name", ["cdnow", "hostile"])
def test_cohorts_and_the_whole_are_those_of_pandas(period: Period, name: str) -> None:
    log = datasets.load_cdnow(sample=True) if name == "cdnow" else hostile_log(4_000, "int")
    audit, rows = audit_of(log, period=period), by_hand(log, period)
    names = list(audit.periods)
    buys = rows[rows["orders"] > 0]
    money, orders, customers = (
        table.pivot_table(index="cohort", columns="period", values=column, aggfunc="sum", fill_value=0)
        .reindex(index=names, columns=names, fill_value=0)
        .to_numpy()
        for table, column in ((rows, "cents"), (rows, "orders"), (buys.assign(customers=1), "customers"))
    )
    seen = np.triu(np.ones(money.shape, bool))
    counted: dict[CohortMeasure, Any] = {"customers": customers, "orders": orders, "revenue": money / 100}
    for measure, wanted in counted.items():
        found = audit.cohorts(measure, by="period").to_numpy()
        assert np.isnan(found[~seen]).all()
        np.testing.assert_allclose(found[seen], wanted[seen], atol=1e-9)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.diagonal(customers)[:, None]
        ratios: dict[CohortMeasure, Any] = {
            "share_active": customers / size,
            "orders_per_active": orders / customers,
            "average_order_value": money / orders / 100,
            "revenue_per_active": money / customers / 100,
            "cumulative_revenue_per_customer": np.cumsum(np.where(seen, money, 0), axis=1) / size / 100,
        }
    for measure, values in ratios.items():
        found = audit.cohorts(measure, by="period").to_numpy()
        wanted = np.where(np.isfinite(values), values, np.nan)
        np.testing.assert_allclose(found[seen], wanted[seen], rtol=1e-12, atol=1e-12)
    whole = audit.whole()
    assert whole["period"].tolist() == names
    np.testing.assert_array_equal(whole["customers"], customers.sum(axis=0))
    np.testing.assert_array_equal(whole["new_customers"], np.diagonal(customers))
    np.testing.assert_array_equal(cents(whole["new_revenue"]), np.diagonal(money))
    np.testing.assert_array_equal(cents(whole["existing_revenue"]), np.triu(money, 1).sum(axis=0))
    np.testing.assert_array_equal(cents(whole["early_refunds"]), np.tril(money, -1).sum(axis=0))
    back = usable(log).assign(period=lambda rows: rows["date"].dt.to_period(period).astype(str))
    refunds = back[back["amount"] < 0].groupby("period")["amount"].sum().reindex(names, fill_value=0.0)
    np.testing.assert_array_equal(cents(whole["refunds"]), cents(-refunds))


def test_rows_by_age_are_those_by_period_shifted() -> None:
    audit = audit_of(hostile_log(2_000, "int"))
    aged, dated = audit.cohorts("orders").to_numpy(), audit.cohorts("orders", by="period").to_numpy()
    for place in range(len(aged)):
        np.testing.assert_array_equal(aged[place, : len(aged) - place], dated[place, place:])
        assert np.isnan(aged[place, len(aged) - place :]).all()


def test_one_cohort_is_its_row() -> None:
    audit = audit_of(hostile_log(2_000, "int"), observation_end="2001-04-20")
    long = audit.to_frame()
    for place, name in enumerate(audit.periods):
        one = audit.cohort(name)
        assert one["period"].tolist() == list(audit.periods[place:])
        assert one["age"].tolist() == list(range(len(one)))
        assert set(one.loc[one["partial"], "period"]) == set(audit.partial) & set(one["period"])
        for measure in MEASURES:
            np.testing.assert_array_equal(one[measure], audit.cohorts(measure).iloc[place, : len(one)])
        rows = long[long["cohort"] == name].drop(columns="cohort").reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, one)
    assert long["customers"].dtype == np.int64


# ------------------------------------------------------------------------------------------------ laws


@given(log=logs(), period=st.sampled_from(PERIODS))
def test_customers_and_cents_are_conserved(log: pd.DataFrame, period: Period) -> None:
    audit, rows = audit_of(log, period=period), by_hand(log, period)
    total = int(rows["cents"].sum())
    assert cents(audit.revenue) == total
    assert audit.customers == rows["customer_id"].nunique()
    assert audit.dropped.kept == len(usable(log))
    whole = audit.whole()
    parts = whole[["new_revenue", "existing_revenue", "early_refunds"]]
    np.testing.assert_array_equal(cents(parts).sum(axis=1), cents(whole["revenue"]))
    assert cents(whole["revenue"]).sum() == total
    assert whole["new_customers"].sum() == audit.customers
    cells = audit.cohorts("revenue", by="period").to_numpy()
    assert cents(cells[~np.isnan(cells)]).sum() + cents(whole["early_refunds"]).sum() == total
    last = audit.to_frame().query("age == age.groupby(cohort).transform('max')")
    spent = (last["cumulative_revenue_per_customer"].fillna(0) * whole["new_customers"].to_numpy()).sum()
    assert cents(spent) + cents(whole["early_refunds"]).sum() == total


@given(log=logs(), period=st.sampled_from(PERIODS), seed=st.integers(0, 9))
def test_the_order_of_rows_changes_nothing(log: pd.DataFrame, period: Period, seed: int) -> None:
    one, other = (audit_of(rows, period=period) for rows in (log, log.sample(frac=1, random_state=seed)))
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame(), check_exact=True)
    pd.testing.assert_frame_equal(one.whole(), other.whole(), check_exact=True)


@given(log=logs())
def test_it_counts_what_a_customer_base_counts(log: pd.DataFrame) -> None:
    audit = audit_of(log)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        base = CustomerBase.from_transactions(log)
    assert audit.dropped == base.dropped
    assert (audit.customers, audit.observation_end) == (len(base), base.observation_end)
    assert int(audit.whole()["orders"].sum()) == int(base.frame["orders"].sum())
    assert audit.revenue == pytest.approx(base.frame["total_value"].sum(), abs=1e-9)


@pytest.mark.parametrize(
    ("kind", "order", "period", "ids"),
    [
        *(
            (kind, order, period, ids)
            for kind in QUICK[1:]
            for order in (None, "order")
            for period, ids in (("M", "int"), ("Q", "text"), ("Y", "int"))
        ),
        ("pyspark", "order", "Q", "text"),
    ],
)
def test_engines_give_the_same_bits(kind: str, order: str | None, period: str, ids: Literal["int", "text"]) -> None:
    log = hostile_log(2_000, ids)
    options = {"period": period, "order": order, "observation_end": "2001-04-20"}
    wanted, found = audit_of(log, **options), audit_of(KINDS[kind](log), **options).persist()
    assert (found.periods, found.partial, found.dropped) == (wanted.periods, wanted.partial, wanted.dropped)
    pd.testing.assert_frame_equal(found.to_frame(), wanted.to_frame(), check_exact=True)
    pd.testing.assert_frame_equal(found.whole(), wanted.whole(), check_exact=True)
    first, second, *_, last = wanted.periods
    for one in (first, last):
        found_one, wanted_one = found.one_period(one), wanted.one_period(one)
        for name in type(wanted_one).__dataclass_fields__:
            np.testing.assert_array_equal(getattr(found_one, name), getattr(wanted_one, name), err_msg=name)
    for pair in ((first, second), (first, last), (second, last)):
        found_two, wanted_two = found.two_periods(*pair), wanted.two_periods(*pair)
        for name in type(wanted_two).__dataclass_fields__:
            np.testing.assert_array_equal(getattr(found_two, name), getattr(wanted_two, name), err_msg=name)


@pytest.mark.parametrize("kind", [kind for kind in QUICK if kind == "pandas" or kind in LAZY])
def test_a_persisted_audit_says_the_same(kind: str) -> None:
    audit = audit_of(KINDS[kind](hostile_log(500, "int")))
    kept = audit.persist()
    pd.testing.assert_frame_equal(kept.whole(), audit.whole())
    for name in ("2000Q1", "2000Q4"):
        pd.testing.assert_frame_equal(kept.one_period(name).deciles(), audit.one_period(name).deciles())


def test_an_order_of_several_rows_and_days_counts_once_in_a_period() -> None:
    log = pd.DataFrame(
        {
            "customer_id": [1, 1, 1, 1, 2, 2],
            "date": ["2024-01-01", "2024-01-05", "2024-04-01", "2024-04-01", "2024-01-01", "2024-01-01"],
            "amount": [1.0, 2.0, 4.0, -8.0, 16.0, 32.0],
            "order": ["a", "a", "a", None, None, None],
        }
    )
    assert audit_of(log, order="order").whole()["orders"].tolist() == [3, 1]
    assert audit_of(log).whole()["orders"].tolist() == [3, 1]
    assert audit_of(log.assign(order="a"), order="order").whole()["orders"].tolist() == [2, 1]


# -------------------------------------------------------------------------------------------- segments


@pytest.mark.parametrize(
    ("kind", "text"), [*((kind, text) for kind in QUICK for text in (True, False)), ("pyspark", True)]
)
def test_segments_add_up_to_the_whole(kind: str, text: bool) -> None:
    log = hostile_log(1_500, "int")
    number = log["customer_id"] % 3 * 10
    log["segment"] = ("s" + number.astype(str)) if text else number
    audit = audit_of(KINDS[kind](log), segment="segment").persist()
    assert audit.segments == (("s0", "s10", "s20") if text else (0, 10, 20))
    parts = [audit.of_segment(name) for name in audit.segments]
    for part, name in zip(parts, audit.segments, strict=True):
        alone = audit_of(log[log["segment"] == name])
        assert part.periods == audit.periods
        pd.testing.assert_frame_equal(part.whole().drop(columns="partial"), alone.whole().drop(columns="partial"))
        assert part.segments == ()
    np.testing.assert_array_equal(
        sum(cents(part.whole()["revenue"]) for part in parts), cents(audit.whole()["revenue"])
    )
    assert sum(part.customers for part in parts) == audit.customers
    pairs = [part.two_periods("2000Q1", "2000Q2").customers for part in parts]
    np.testing.assert_array_equal(sum(pairs), audit.two_periods("2000Q1", "2000Q2").customers)
    np.testing.assert_array_equal(audit.persist().of_segment(audit.segments[1]).whole(), parts[1].whole())


@pytest.mark.parametrize("kind", KINDS)
def test_categories_are_segments_by_their_names(kind: str) -> None:
    log = pd.DataFrame({"customer_id": [1, 1, 2], "date": "2024-01-01", "amount": [1.0, 1.0, 2.0]})
    log["segment"] = pd.Categorical(["b", "b", "a"], ["b", "a"], ordered=True)
    audit = audit_of(KINDS[kind](log), segment="segment")
    assert audit.segments == ("a", "b")
    assert [audit.of_segment(name).revenue for name in audit.segments] == [2.0, 2.0]
    log["segment"] = pd.Categorical(["b", "a", "a"])
    with pytest.raises(InvalidInputError, match="1 of 2 customers have several values"):
        audit_of(KINDS[kind](log), segment="segment")


@pytest.mark.parametrize("kind", ["pandas", "polars", "duckdb"])
def test_segments_that_are_not_clear(kind: str) -> None:
    log = pd.DataFrame({"customer_id": [1, 1, 2, 3], "date": "2024-01-01", "amount": [1.0, 1.0, 2.0, -3.0]})
    make = KINDS[kind]
    for values, message in (
        (np.array(["a", "b", "a", "a"], object), "1 of 2 customers have several values in 'segment'"),
        (np.array(["a", "a", None, "a"], object), "1 of 2 customers have no value in 'segment'"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            audit_of(make(log.assign(segment=values)), segment="segment")
    clear = log.assign(segment=np.array(["a", None, "b", None], object))
    assert audit_of(make(clear), segment="segment").segments == ("a", "b")
    with pytest.raises(InputTypeError, match=r"The segment column 'segment' holds .*, not text or whole numbers"):
        audit_of(make(log.assign(segment=0.5)), segment="segment")
    with pytest.raises(ColumnNotFoundError, match="segment='land'"):
        audit_of(make(log), segment="land")
    with pytest.raises(InputTypeError, match="segment must be the name of a column"):
        audit_of(make(log), segment=3)
    with pytest.raises(InvalidInputError, match="This audit has no segments"):
        audit_of(make(log)).of_segment("a")
    with pytest.raises(InvalidInputError, match=r"There is no segment 'c'; the segments are \['a'\]"):
        audit_of(make(log.assign(segment="a")), segment="segment").of_segment("c")
    many = pd.DataFrame({"customer_id": range(1_001), "date": "2024-01-01", "amount": 1.0, "segment": range(1_001)})
    with pytest.raises(InvalidInputError, match="There are 1,001 values in 'segment'"):
        audit_of(make(many), segment="segment")


# --------------------------------------------------------------------------------------- edges of a log


def test_periods_seen_in_part_are_named() -> None:
    log = pd.DataFrame({"customer_id": 1, "date": ["2024-01-15", "2024-07-31"], "amount": 1.0})
    audit = audit_of(log, period="Q")
    assert audit.partial == ("2024Q1", "2024Q3")
    assert audit.whole()["partial"].tolist() == [True, False, True]
    assert audit_of(log, period="M").partial == ("2024-01",)
    assert audit_of(log, observation_end="2024-09-30").partial == ("2024Q1",)
    assert (audit.observation_start, audit.observation_end) == (date(2024, 1, 15), date(2024, 7, 31))


def test_a_period_in_which_nobody_came_is_there_with_zeros() -> None:
    log = pd.DataFrame({"customer_id": [1, 1, 2], "date": ["2024-01-01", "2024-03-05", "2024-03-06"], "amount": 2.5})
    audit = audit_of(log, period="M", observation_end="2024-04-30")
    assert audit.periods == ("2024-01", "2024-02", "2024-03", "2024-04")
    first = audit.cohort("2024-01")
    assert first["customers"].tolist() == [1, 0, 1, 0]
    assert first["share_active"].tolist() == [1.0, 0.0, 1.0, 0.0]
    assert first["cumulative_revenue_per_customer"].tolist() == [2.5, 2.5, 5.0, 5.0]
    np.testing.assert_array_equal(first["revenue_per_active"], [2.5, np.nan, 2.5, np.nan])
    nobody = audit.cohort("2024-02")
    assert nobody["customers"].tolist() == [0, 0, 0]
    assert nobody["share_active"].isna().all()
    assert audit.one_period("2024-02").customers == 0


def test_one_customer_in_one_period() -> None:
    audit = audit_of(pd.DataFrame({"customer_id": ["ann"], "date": ["2024-02-03"], "amount": [7.0]}))
    assert audit.cohorts().to_numpy().tolist() == [[1.0]]
    assert audit.whole()["revenue"].tolist() == [7.0]
    assert repr(audit) == "CustomerBaseAudit(1 customers, 1 quarters from 2024-02-03 to 2024-02-03, revenue 7.00)"


def test_refunds_before_the_first_purchase_are_told_apart() -> None:
    log = pd.DataFrame({"customer_id": 1, "date": ["2024-01-01", "2024-05-01", "2024-08-01"], "amount": [-3.0, 9, -2]})
    whole = audit_of(log).whole()
    assert whole["early_refunds"].tolist() == [-3.0, 0.0, 0.0]
    assert whole["existing_revenue"].tolist() == [0.0, 0.0, -2.0]
    assert whole["new_customers"].tolist() == [0, 1, 0]
    assert whole["refunds"].tolist() == [3.0, 0.0, 2.0]


@pytest.mark.parametrize("kind", KINDS)
def test_customers_with_refunds_only_are_left_out_and_counted(kind: str) -> None:
    log = pd.DataFrame({"customer_id": [1, 2, 2], "date": "2024-01-01", "amount": [5.0, -1.0, -2.0]})
    with pytest.warns(DataWarning, match="2 of 1 customers with refunds only"):
        audit = CustomerBaseAudit.from_transactions(KINDS[kind](log))
    assert (audit.customers, audit.revenue) == (1, 5.0)
    with pytest.raises(InvalidInputError, match="Nothing of the log is left: 2 of 2 rows left out"):
        audit_of(KINDS[kind](log[1:]))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"period": "W"}, InvalidInputError, "period='W' is not allowed; choose one of 'M', 'Q', 'Y'"),
        ({"period": None}, InvalidInputError, "period=None is not allowed"),
        ({"period": np.array(["M", "Q"])}, InvalidInputError, "period=array"),
        ({"customer": None}, InputTypeError, "customer must be the name of a column .text., got NoneType"),
        ({"date": None}, InputTypeError, "date must be the name of a column .text., got NoneType"),
        ({"amount": None}, InputTypeError, "amount must be the name of a column"),
        ({"amount": "money"}, ColumnNotFoundError, "no column for amount='money'"),
        ({"order": "order_id"}, ColumnNotFoundError, "no column for order='order_id'"),
        ({"zero_amounts": "no"}, InvalidInputError, "zero_amounts='no' is not allowed"),
        ({"observation_end": "1996-01-01"}, InvalidInputError, "before the first usable row"),
        ({"observation_end": "soon"}, InvalidInputError, "is not an ISO date"),
    ],
)
def test_settings_that_make_no_sense(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        audit_of(datasets.load_cdnow(sample=True), **options)


ONE = {"customer_id": [1], "date": ["2024-01-01"], "amount": [5.0]}


def test_questions_that_make_no_sense() -> None:
    audit = audit_of(datasets.load_cdnow(sample=True))
    with pytest.raises(InvalidInputError, match="period='1999Q1' is not one of the periods '1997Q1' to '1998Q2'"):
        audit.one_period("1999Q1")
    with pytest.raises(InvalidInputError, match="before='1997Q2' must be earlier than after='1997Q2'"):
        audit.two_periods("1997Q2", "1997Q2")
    with pytest.raises(InvalidInputError, match="measure='money' is not allowed"):
        audit.cohorts("money")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="by='date' is not allowed"):
        audit.cohorts(by="date")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="measure=array"):
        audit.cohorts(np.array(["orders", "revenue"]))  # type: ignore[arg-type]
    strange: list[Any] = [np.array([1, 2]), pd.NA]
    for name in strange:
        with pytest.raises(InvalidInputError, match="There is no segment"):
            audit_of(pd.DataFrame({**ONE, "segment": [1]}), segment="segment").of_segment(name)
    for margin in (True, "half", (0.1,), [0.1, 0.2], np.complex128(0.4)):
        with pytest.raises(InputTypeError, match="margin must be a share of revenue"):
            audit.two_periods("1997Q1", "1997Q2", margin=margin)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="must be finite"):
        audit.two_periods("1997Q1", "1997Q2", margin=(0.1, np.nan))


def test_every_measure_is_told() -> None:
    assert get_args(CohortMeasure) == MEASURES
