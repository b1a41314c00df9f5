"""Later rows added to a base: the same bits as from the whole log, on every engine and in any number of steps."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings

from evergreen.errors import ColumnNotFoundError, DataWarning, InputTypeError, InvalidInputError
from evergreen.frames import CustomerBase, split
from evergreen.frames.audit import MoneyScale
from evergreen.frames.merging import ARRAYS, whole_columns
from evergreen.frames.reading import LogColumns, reading_of
from evergreen.typing import Occasion, TimeUnit
from tests.frames.kinds import EAGER, KINDS, LAZY, QUICK, rows
from tests.frames.test_engines_agree import GRAINS, hostile_log
from tests.frames.test_gap_counts import same as same_gaps

FIRST = pd.Timestamp("2023-12-28")
Step = tuple[pd.DataFrame, str | None]

LOCAL = [kind for kind in QUICK if kind != "ibis"]
"""Those for tests of many steps, whose expressions Ibis takes seconds to compile."""


def same(found: CustomerBase, wanted: CustomerBase, kind: str = "") -> None:
    """Check that two bases are one to the bit, in all that they tell."""
    assert found.dropped == wanted.dropped, kind
    assert found.observation_end == wanted.observation_end, kind
    assert (found.columns, found.is_lazy) == (wanted.columns, wanted.is_lazy), kind
    for name in ("customer", "time_unit", "occasion", "money_power", "attributes"):
        assert getattr(found, name) == getattr(wanted, name), f"{kind} {name}"
    assert type(found.frame) is type(wanted.frame), kind
    if not found.is_lazy:
        pd.testing.assert_index_equal(ids_of(found), ids_of(wanted))
    pd.testing.assert_frame_equal(rows(found.frame), rows(wanted.frame), check_exact=True, obj=kind)
    same_gaps(found.gaps(), wanted.gaps(), kind)
    pairs = [(found.histories(), wanted.histories())]
    if wanted.has_value:
        pairs.append((found.spends(), wanted.spends()))  # type: ignore[arg-type]
    for one, other in pairs:
        for name in other.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=f"{kind} {name}")


def ids_of(base: CustomerBase) -> pd.Index[Any]:
    frame = base.frame if isinstance(base.frame, pd.DataFrame) else base.frame.to_pandas()
    return pd.Index(frame[base.customer])


def quiet_base(log: Any, **options: Any) -> CustomerBase:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return CustomerBase.from_transactions(log, **options)


def updated(base: CustomerBase, new_rows: Any, end: Any = None) -> CustomerBase:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return base.update(new_rows, observation_end=end)


def in_steps(kind: str, steps: list[Step], *, persist: bool = False, **options: Any) -> CustomerBase:
    """Return the base of the first step, updated by the others."""
    (log, end), *later = ((KINDS[kind](frame), end) for frame, end in steps)
    base = quiet_base(log, observation_end=end, **options)
    for new_rows, end in later:
        base = updated(base.persist() if persist else base, new_rows, end)
    return base


def at_once(kind: str, steps: list[Step], **options: Any) -> CustomerBase:
    """Return the base of all rows together."""
    log = pd.concat([frame for frame, _ in steps], ignore_index=True)
    return quiet_base(KINDS[kind](log), observation_end=steps[-1][1], **options)


def cut(log: pd.DataFrame, *days: str) -> list[pd.DataFrame]:
    """Cut a log after days; rows without a usable date go to the parts in turn."""
    bounds = [pd.Timestamp("1900-01-01"), *(pd.Timestamp(day) + pd.Timedelta("1D") for day in days)]
    step = np.searchsorted(np.array(bounds[1:], "datetime64[us]"), log["date"].to_numpy("datetime64[us]"), side="right")
    loose = (log["date"].isna() | (log["date"] < bounds[0]) | (log["date"] > "2140-12-31")).to_numpy()
    step[loose] = np.arange(loose.sum()) % len(bounds)
    return [log[step == place] for place in range(len(bounds))]


ROW = st.tuples(
    st.sampled_from([None, 0, 1, 2, 3, 4, 5, 6]),
    st.one_of(st.integers(0, 75), st.sampled_from([None, -60_000, 70_000])),
    st.sampled_from([0, 1, 43_200, 86_399]),
    st.one_of(st.none(), st.integers(-30_000, 50_000), st.sampled_from([0, -1_999, 1_999])),
    st.sampled_from([None, 1, 2]),
)


@st.composite
def stepwise_logs(draw: st.DrawFn) -> list[Step]:
    """Draw a log in the steps in which it becomes known, each with the end of observation."""
    drawn = [(7, 0, 0, 1_999, 1), *draw(st.lists(ROW, max_size=40))]
    customer, day, second, cents, order = zip(*drawn, strict=True)
    days = np.array(["NaT" if d is None else d for d in day], "timedelta64[D]")
    log = pd.DataFrame(
        {
            "customer_id": pd.array(customer, dtype="Int64"),
            "date": np.datetime64(FIRST, "s") + days + np.array(second, "timedelta64[s]"),
            "amount": [np.nan if c is None else c / 100 for c in cents],
            "order": pd.array(order, dtype="Int64"),
        }
    )
    log["amount"] *= draw(st.sampled_from([1.0, 1e3, 1e7, 1e12]))
    if draw(st.booleans()):
        log["customer_id"] = ("c" + log["customer_id"].astype("string")).astype(object)
    ends = [str((FIRST + pd.Timedelta(days=d)).date()) for d in sorted(draw(st.sets(st.integers(0, 74), max_size=3)))]
    parts = cut(log, *ends)
    for place, part in enumerate(parts):
        part["order"] += 10 * place
    told = draw(st.booleans())
    return [(part, end if told else None) for part, end in zip(parts, [*ends, "2024-03-15"], strict=True)]


@pytest.mark.parametrize("kind", ["pandas", "polars"])
@given(
    steps=stepwise_logs(),
    grain=st.sampled_from(GRAINS),
    zero_amounts=st.sampled_from(["keep", "drop"]),
    log_gaps=st.booleans(),
    order=st.sampled_from([None, "order"]),
    amount=st.sampled_from(["amount", "amount", None]),
)
def test_in_any_steps_it_is_the_base_of_the_whole_log(
    kind: str,
    steps: list[Step],
    grain: tuple[Occasion, TimeUnit],
    zero_amounts: str,
    log_gaps: bool,
    order: str | None,
    amount: str | None,
) -> None:
    occasion, time_unit = grain
    if log_gaps and occasion == "row":
        steps = [(part[~part.duplicated(["customer_id", "date"])], end) for part, end in steps]
    options: dict[str, Any] = {"occasion": occasion, "time_unit": time_unit, "zero_amounts": zero_amounts}
    options |= {"log_gaps": log_gaps, "order": order, "amount": amount}
    same(in_steps(kind, steps, **options), at_once(kind, steps, **options))


@settings(max_examples=8)
@pytest.mark.parametrize("kind", ["polars lazy", "pyarrow", "duckdb"])
@given(steps=stepwise_logs(), occasion=st.sampled_from(["D", "W", "M", "row"]), persist=st.booleans())
def test_in_any_steps_in_other_engines(kind: str, steps: list[Step], occasion: str, persist: bool) -> None:
    found = in_steps(kind, steps, persist=persist, occasion=occasion, order="order")
    same(found, at_once(kind, steps, occasion=occasion, order="order"))


@pytest.mark.parametrize(("occasion", "time_unit"), GRAINS)
def test_every_kind_at_every_grain(occasion: Occasion, time_unit: TimeUnit) -> None:
    log = hostile_log(700, "text" if time_unit == "D" else "int")
    log = log[~log.duplicated(["customer_id", "date"]) | log["date"].isna()]
    ends = ["2000-02-16", "2000-06-30", "2001-05-20"]
    steps: list[Step] = list(zip(cut(log, *ends[:2]), ends, strict=True))
    options: dict[str, Any] = {"occasion": occasion, "time_unit": time_unit, "log_gaps": True}
    for kind in LOCAL:
        same(in_steps(kind, steps, persist=True, **options), at_once(kind, steps, **options), kind)


# ------------------------------------------------------------------------------------- a log that a person can check

LOG = pd.DataFrame(
    [
        ("ann", "2024-01-01 09:00:00", 10.0),
        ("bob", "2024-01-02 09:00:00", -5.0),
        ("ann", "2024-01-03 09:00:00", 20.0),
        ("ann", "2024-01-04 09:00:00", 40.0),
        ("bob", "2024-01-05 09:00:00", 8.0),
        ("eve", "2024-01-05 10:00:00", -1.0),
        ("ann", "2024-02-01 09:00:00", 30.0),
    ],
    columns=["customer_id", "date", "amount"],
)
BEFORE, AFTER = LOG[:3], LOG[3:]


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_that_a_person_can_check(kind: str) -> None:
    with pytest.warns(DataWarning, match="1 of 1 customers with refunds only"):
        base = CustomerBase.from_transactions(KINDS[kind](BEFORE), observation_end="2024-01-03")
    later = base.update(KINDS[kind](AFTER), observation_end="2024-02-02")
    found = rows(later.frame).set_index("customer_id")
    assert found["frequency"].to_dict() == {"ann": 3, "bob": 0}
    assert found["T"].to_dict() == {"ann": 32.0, "bob": 28.0}
    assert found["monetary_value"].to_dict() == {"ann": 30.0, "bob": 0.0}
    assert found["total_value"].to_dict() == {"ann": 100.0, "bob": 3.0}  # an old refund counts once he buys
    assert found["refunds"].to_dict() == {"ann": 0.0, "bob": 5.0}
    assert str(later.dropped) == "1 of 7 rows left out: 1 of 1 customers with refunds only"
    assert len(base) == 1, "the base that was updated stays as it was"


@pytest.mark.parametrize("kind", ["pandas", "polars", "duckdb"])
def test_a_week_or_month_that_goes_on_is_one_occasion(kind: str) -> None:
    steps: list[Step] = [(BEFORE, "2024-01-03"), (AFTER, "2024-02-02")]
    weeks, months = (in_steps(kind, steps, occasion=occasion) for occasion in ("W", "M"))
    for base in (weeks, months):
        assert rows(base.frame)["frequency"].tolist() == [1, 0]
        assert rows(base.frame)["monetary_value"].tolist() == [30.0, 0.0]  # the 40 are of the first week and month
    assert rows(weeks.frame)["T"].tolist() == [28.0, 28.0]


# ------------------------------------------------------------------------------------------------- where the end lies


@pytest.mark.parametrize("kind", LOCAL)
@pytest.mark.parametrize(
    ("occasion", "end", "inside", "told"),
    [
        ("D", "2024-01-03", "2024-01-03 23:59:59", "after 2024-01-03, .*: 1 of 2 rows, for example '2024-01-03'"),
        ("D", "2024-01-03 12:00", "2024-01-03 23:59:59", "after 2024-01-03"),
        ("D", None, "2024-01-03 23:59:59", "after 2024-01-03"),
        ("W", "2024-01-03", "2024-01-02 00:00:00", "for example '2024-01-02'"),
        ("M", None, "2024-01-03 10:00:00", "after 2024-01-03"),
        ("row", "2024-01-03", "2024-01-03 23:59:59", "after 2024-01-03 23:59:59"),
        ("row", "2024-01-03 12:00", "2024-01-03 12:00:00", "after 2024-01-03 12:00:00"),
        ("row", None, "2024-01-03 09:00:00", "after 2024-01-03 09:00:00, .* for example '2024-01-03 09:00:00'"),
    ],
)
def test_rows_that_may_have_been_read_are_refused(
    kind: str, occasion: str, end: str | None, inside: str, told: str
) -> None:
    base = quiet_base(KINDS[kind](BEFORE), observation_end=end, occasion=occasion)
    new = pd.DataFrame({"customer_id": "ann", "date": [inside, "2024-01-09 08:00:00"], "amount": 1.0})
    with pytest.raises(InvalidInputError, match=told) as caught:
        base.update(KINDS[kind](new))
    assert "or build the base anew from the whole log by from_transactions()" in str(caught.value)
    moment = pd.Timestamp(inside)
    just_after = moment + pd.Timedelta("1s") if occasion == "row" else pd.Timestamp("2024-01-04")
    fine = new.assign(date=[str(just_after), "2024-01-09 08:00:00"])
    steps: list[Step] = [(BEFORE, end), (fine, None)]
    same(in_steps(kind, steps, occasion=occasion), at_once(kind, steps, occasion=occasion))


@pytest.mark.parametrize("kind", LOCAL)
def test_rows_without_a_customer_may_bear_any_date(kind: str) -> None:
    new = pd.DataFrame({"customer_id": ["ann", None], "date": ["2024-01-09", "2024-01-01"], "amount": [1.0, 1.0]})
    steps: list[Step] = [(BEFORE, "2024-01-03"), (new, None)]
    same(in_steps(kind, steps), at_once(kind, steps))


@pytest.mark.parametrize("occasion", ["D", "row"])
@pytest.mark.parametrize("kind", LOCAL)
def test_without_usable_rows_the_end_moves_where_it_is_told_to(kind: str, occasion: str) -> None:
    base = quiet_base(KINDS[kind](BEFORE), observation_end="2024-01-03", occasion=occasion)
    nothing = AFTER[:0].astype(object) if kind == "pandas" else AFTER[:0]
    dropped = pd.DataFrame({"customer_id": [None], "date": ["2024-01-09"], "amount": [1.0]})
    for new_rows in (nothing, dropped):
        given = KINDS[kind](new_rows)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            found, moved = base.update(given), base.update(given, observation_end="2024-01-31")
        steps: list[Step] = [(BEFORE, None), (new_rows.astype(BEFORE.dtypes), "2024-01-03")]
        same(found, at_once(kind, steps, occasion=occasion))
        same(moved, at_once(kind, [steps[0], (steps[1][0], "2024-01-31")], occasion=occasion))


def test_an_empty_frame_needs_the_columns() -> None:
    base = quiet_base(BEFORE)
    with pytest.raises(ColumnNotFoundError, match="customer='customer_id'"):
        base.update(pd.DataFrame(), observation_end="2024-01-31")


@pytest.mark.parametrize("kind", ["pandas", "duckdb"])
def test_the_end_does_not_go_back(kind: str) -> None:
    base = quiet_base(KINDS[kind](BEFORE), observation_end="2024-01-10")
    with pytest.raises(InvalidInputError, match="'2024-01-09' lies before the end of the base, 2024-01-10"):
        base.update(KINDS[kind](AFTER), observation_end="2024-01-09")
    seconds = quiet_base(KINDS[kind](BEFORE), observation_end="2024-01-10", occasion="row")
    with pytest.raises(InvalidInputError, match="'2024-01-10 23:59:59' lies before the end of the base, 2024-01-11"):
        seconds.update(KINDS[kind](AFTER), observation_end="2024-01-10 23:59:59")
    stays = updated(base, KINDS[kind](LOG[6:]), "2024-01-10 18:00")
    assert stays.dropped.after_end == 1
    pd.testing.assert_frame_equal(rows(stays.frame), rows(base.frame), check_exact=True)


@pytest.mark.parametrize("kind", LOCAL)
def test_rows_after_the_old_end_are_given_again(kind: str) -> None:
    whole = quiet_base(KINDS[kind](LOG))
    early = quiet_base(KINDS[kind](LOG), observation_end="2024-01-03")
    assert early.dropped.after_end == 4
    same(updated(early, KINDS[kind](AFTER)), whole)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        calibration = split(KINDS[kind](LOG), at="2024-01-03").calibration
    same(updated(calibration, KINDS[kind](AFTER)), whole)


def test_the_new_rows_that_are_left_out_are_told() -> None:
    base = CustomerBase.from_transactions(BEFORE[::2])
    new = AFTER.assign(amount=[1.0, np.nan, 1.0, 1.0])
    with pytest.warns(DataWarning, match=r"^1 of 4 rows left out: 1 with a missing or infinite amount\.$") as caught:
        found = base.update(new)
    assert caught[0].filename == __file__
    assert (found.dropped.rows, found.dropped.bad_amount) == (6, 1)


# -------------------------------------------------------------------------------------------------------------- money


@given(
    whole=st.lists(
        st.tuples(st.integers(-int(0.9182 * 2**52), int(0.9182 * 2**52)), st.integers(1, 400)), min_size=1, max_size=50
    ),
    power=st.integers(-12, 9),
)
def test_whole_money_is_read_back_exactly(whole: list[tuple[int, int]], power: int) -> None:
    net, frequency = (np.array(column) for column in zip(*whole, strict=True))
    scale, spent = MoneyScale(power), np.abs(net).astype(np.float64)
    columns = {
        "frequency": frequency,
        "recency": np.zeros(len(net)),
        "T": np.zeros(len(net)),
        "orders": frequency,
        "total_value": net * scale.up / scale.down,
        "refunds": (spent - net) * 0.0,
        "monetary_value": spent * scale.up / (frequency * scale.down),
    }
    reading = reading_of(
        LogColumns("c", "d", "a", None), occasion="D", time_unit="D", zero_amounts="keep", observation_end=None
    )
    found = whole_columns(columns, 0, reading, (scale, scale), ARRAYS)
    np.testing.assert_array_equal(found["net"], net)
    # beyond 2**52 units of money a mean was rounded twice, and two neighbors may have become one
    np.testing.assert_allclose(found["spent"] - found["first_money"], spent, rtol=0, atol=0 if power >= 0 else 1)


@pytest.mark.parametrize("kind", LOCAL)
def test_sums_that_outgrow_their_decimals(kind: str) -> None:
    cents = LOG.assign(amount=[1.11, -0.07, 2.22, 4.4e7, 0.5, -1.0, 3.3])
    steps: list[Step] = [(cents[:3], "2024-01-03"), (cents[3:], "2024-02-02")]
    found = in_steps(kind, steps)
    assert (in_steps(kind, steps[:1]).money_power, found.money_power) == (9, 7)
    same(found, at_once(kind, steps))
    thirds = cents.assign(amount=cents["amount"] / 3)
    steps = [(thirds[:3], "2024-01-03"), (thirds[3:], "2024-02-02")]
    rounded, wanted = rows(in_steps(kind, steps).frame), rows(at_once(kind, steps).frame)
    money = ["monetary_value", "total_value", "refunds"]
    pd.testing.assert_frame_equal(rounded.drop(columns=money), wanted.drop(columns=money), check_exact=True)
    np.testing.assert_allclose(rounded[money], wanted[money], rtol=0, atol=3e-8)


@pytest.mark.parametrize("kind", ["pandas", "polars", "duckdb"])
def test_an_order_on_both_sides_counts_twice(kind: str) -> None:
    named = LOG.assign(order=["a", "b", "c", "c", "d", "e", "f"])
    steps: list[Step] = [(named[:3], "2024-01-03"), (named[3:], "2024-02-02")]
    found, wanted = (rows(made(kind, steps, order="order").frame) for made in (in_steps, at_once))
    assert (found["orders"].tolist(), wanted["orders"].tolist()) == ([4, 1], [3, 1])
    pd.testing.assert_frame_equal(found.drop(columns="orders"), wanted.drop(columns="orders"), check_exact=True)


# ------------------------------------------------------------------------------------------------ ids, frames, copies


TUPLES: Any = pd.Series([[2, 3], [2, 3], [1, 1], [1, 2]]).map(tuple)


@pytest.mark.parametrize(
    ("ids", "later"),
    [
        (pd.Series([7, 7, 9], dtype="int16"), pd.Series([8, 9], dtype="int64")),
        (pd.Series([7, 7, 2**63 + 1], dtype="uint64"), pd.Series([2**63 + 1, 2**63], dtype="uint64")),
        (pd.Series([7.5, 7.5, 9.0]), pd.Series([8.0, 9.0])),
        (pd.Series([7, 7, 9]), pd.Series([9.0, None])),
        (pd.Series(["b", "b", "d"], dtype=object), pd.Series(["c", "b"], dtype="str")),
        (pd.Series(["b", "b", "d"], dtype="str"), pd.Series(["c", "b"], dtype=object)),
        (pd.Series(["b", "b", "d"], dtype="string"), pd.Series(["a", "e"], dtype=object)),
        (pd.Series(["b", "b", "a"], dtype=pd.CategoricalDtype(["c", "b", "a"])), pd.Series(["c", "a"])),
        (pd.Series(pd.to_datetime(["2020-01-02", "2020-01-02", "2020-01-03"])), pd.to_datetime(["2020-01-02"] * 2)),
        (pd.Series([True, True, False]), pd.Series([False, True])),
        (TUPLES[:3], TUPLES[2:]),
    ],
    ids=str,
)
def test_ids_stay_as_they_are_in_the_base(ids: pd.Series[Any], later: Any) -> None:
    if isinstance(ids.dtype, pd.CategoricalDtype):
        later = later.astype(ids.dtype)
    before, after = BEFORE.assign(customer_id=ids), AFTER[:2].assign(customer_id=np.asarray(later, object))
    after["customer_id"] = pd.Series(later).set_axis(after.index)
    found = in_steps("pandas", [(before, None), (after, None)])
    assert found.frame["customer_id"].dtype == ids.dtype
    assert found.frame["customer_id"].is_unique
    plain = before if after["customer_id"].dtype == ids.dtype else before.astype({"customer_id": object})
    wanted = at_once("pandas", [(plain, None), (after, None)])
    pd.testing.assert_frame_equal(
        found.frame.drop(columns="customer_id"), wanted.frame.drop(columns="customer_id"), check_exact=True
    )
    assert found.frame["customer_id"].tolist() == wanted.frame["customer_id"].tolist()


def test_ids_that_cannot_be_compared_come_last_when_new() -> None:
    before = BEFORE.assign(customer_id=["b", 1, "b"], amount=1.0)
    after = AFTER[:2].assign(customer_id=pd.Series([(2, 3), "a"], dtype=object).set_axis(AFTER.index[:2]))
    found = in_steps("pandas", [(before, None), (after, None)])
    assert found.frame["customer_id"].tolist() == ["b", 1, (2, 3), "a"]


@pytest.mark.parametrize("kind", LOCAL)
def test_ids_of_another_kind_are_refused(kind: str) -> None:
    base = quiet_base(KINDS[kind](BEFORE))
    with pytest.raises(
        InputTypeError, match=r"'customer_id' of the new rows holds .*, that of the base .* does not take all of them"
    ):
        base.update(KINDS[kind](AFTER.assign(customer_id=range(4))))


@pytest.mark.parametrize("kind", ["polars", "polars lazy", "pyarrow", "duckdb"])
def test_whole_numbers_of_another_width(kind: str) -> None:
    before, after = BEFORE.assign(customer_id=[7, 8, 7]), AFTER.assign(customer_id=[7, 8, 9, 7])
    base = quiet_base(KINDS[kind](before.astype({"customer_id": "int64"})))
    found = updated(base, KINDS[kind](after.astype({"customer_id": "int16"})))
    same(found, at_once(kind, [(before, None), (after, None)]))


def test_either_type_of_text_in_pyarrow() -> None:
    for kinds in ((pa.string(), pa.large_string()), (pa.large_string(), pa.string())):
        before, after = (
            table.set_column(0, "customer_id", table["customer_id"].cast(kind))
            for table, kind in zip((KINDS["pyarrow"](BEFORE), KINDS["pyarrow"](AFTER)), kinds, strict=True)
        )
        found = updated(quiet_base(before), after)
        assert found.frame.schema.field("customer_id").type == kinds[0]
        same(found, at_once("pyarrow", [(BEFORE, None), (AFTER, None)]))


def test_frames_of_another_kind_are_refused() -> None:
    base = quiet_base(KINDS["polars"](BEFORE))
    with pytest.raises(InputTypeError, match="are in a lazy polars frame, the base in a polars frame: bring them in"):
        base.update(KINDS["polars lazy"](AFTER))
    with pytest.raises(InputTypeError, match="are in a pandas frame, the base in a polars frame"):
        base.update(AFTER)
    with pytest.raises(InputTypeError, match="The frame of new rows must be a dataframe"):
        base.update([1])


@pytest.mark.parametrize("kind", ["pandas", "duckdb"])
def test_what_cannot_be_updated(kind: str) -> None:
    summary = pd.DataFrame({"customer_id": [1], "frequency": [1], "recency": [2.0], "T": [9.0]})
    with pytest.raises(InvalidInputError, match=r"made from a summary, .* build it from the log by from_transactions"):
        CustomerBase.from_summary(KINDS[kind](summary)).update(KINDS[kind](AFTER))
    known = pd.DataFrame({"customer_id": ["ann"], "channel": ["web"]})
    base = quiet_base(KINDS[kind](BEFORE)).with_attributes(KINDS[kind](known))
    with pytest.raises(InvalidInputError, match=r"\['channel'\], .* add the attributes .* afterwards"):
        base.update(KINDS[kind](AFTER))


def test_a_base_of_other_customers_than_its_log_is_refused() -> None:
    base = quiet_base(hostile_log(300, "int"))
    with pytest.raises(InvalidInputError, match=f"has 10 customers and its log had {len(base)}"):
        replace(base, frame=base.frame.head(10)).update(AFTER)


@pytest.mark.parametrize("kind", [kind for kind in LOCAL if kind != "duckdb"])
def test_a_pickled_base_can_be_updated(kind: str) -> None:
    log = hostile_log(600, "text")
    first, second, third = cut(log, "2000-02-16", "2000-06-30")
    base = in_steps(kind, [(first, None), (second, None)], order=None)
    again = pickle.loads(pickle.dumps(base))  # noqa: S301 - our own bytes
    same(again, base)
    same(updated(again, KINDS[kind](third)), at_once(kind, [(first, None), (second, None), (third, None)]))


@pytest.mark.parametrize("kind", LAZY)
def test_a_persisted_base_does_not_read_the_past_again(kind: str) -> None:
    log = hostile_log(600, "int")
    parts = cut(log, "2000-02-16", "2000-06-30")
    base = quiet_base(KINDS[kind](parts[0]), log_gaps=False)
    known = base.gaps()
    for part in parts[1:]:
        base = updated(base, KINDS[kind](part)).persist()
    gaps: Any = base._gaps
    assert gaps.pending == (), "nothing but the log itself and counts are left"
    without_log = replace(base, _gaps=replace(gaps, log=known))
    same(without_log, at_once(kind, [(part, None) for part in parts]))


@pytest.mark.parametrize("kind", EAGER)
def test_a_base_in_memory_keeps_no_rows(kind: str) -> None:
    base = in_steps(kind, [(BEFORE, None), (AFTER, None)])
    assert not getattr(base._gaps, "pending", ())


def test_the_new_rows_are_not_changed() -> None:
    base, new = quiet_base(BEFORE), AFTER.copy(deep=True)
    updated(base, new)
    pd.testing.assert_frame_equal(new, AFTER)


@pytest.mark.parametrize("kind", ["polars", "polars lazy", "duckdb", "pyarrow"])
def test_ids_that_do_not_fit_are_refused(kind: str) -> None:
    base = quiet_base(KINDS[kind](NARROW.astype({"customer_id": "int8"})))
    for ids, example in (([300, 7], "300"), ([-129, 7], "-129")):
        with pytest.raises(InputTypeError, match=f"customer_id.*does not take all of them, for example {example}"):
            base.update(KINDS[kind](LATE.assign(customer_id=ids)))
    fits = updated(base, KINDS[kind](LATE.assign(customer_id=[100, 7])))
    assert set(rows(fits.frame)["customer_id"]) == {7, 9, 100}


NARROW = pd.DataFrame({"customer_id": [7, 9], "date": pd.to_datetime(["2024-01-01"] * 2), "amount": 1.0})
LATE = NARROW.assign(date=pd.to_datetime(["2024-02-01"] * 2), customer_id=[7, 7])
