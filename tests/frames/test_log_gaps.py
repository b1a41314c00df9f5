"""The sums of the logarithms of gaps: against logarithms in many digits, and the same bits on every engine."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import mpmath
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from evergreen.durations import DAYS_PER_UNIT
from evergreen.errors import ColumnNotFoundError, InputTypeError, InvalidInputError
from evergreen.frames import CustomerBase, split
from evergreen.frames.gaps import whole_logs
from evergreen.frames.periods import SECONDS_PER_DAY
from evergreen.typing import Occasion, TimeUnit
from tests.frames.kinds import KINDS, QUICK, rows
from tests.frames.test_engines_agree import GRAINS, base_of, hostile_log

EVERY = ["pandas", "polars", "polars lazy", "pyarrow", "duckdb"]
PERIODS = {"W": "W-SUN", "M": "M"}
DAYS = {"D": 1.0, "W": 7.0, "M": DAYS_PER_UNIT["M"], "row": 1 / SECONDS_PER_DAY}


def apart(log: pd.DataFrame) -> pd.DataFrame:
    """Return a log without two rows of a customer in one second."""
    return log[~log.duplicated(["customer_id", "date"]) | log["date"].isna()]


def by_hand(log: pd.DataFrame, occasion: Occasion, time_unit: TimeUnit, end: str) -> pd.Series[Any]:
    """Return the sums of logarithms by pandas and numpy."""
    usable = log["date"].between("1900-01-01", pd.Timestamp(end) + pd.Timedelta("1D"), inclusive="left")
    kept = log[usable & log["customer_id"].notna() & (log["amount"] >= 0)]
    if occasion in PERIODS:
        period = kept["date"].dt.to_period(PERIODS[occasion]).astype("int64")
    else:
        period = kept["date"].dt.floor("s" if occasion == "row" else "D").astype("datetime64[s]").astype("int64")
        period //= 1 if occasion == "row" else SECONDS_PER_DAY
    visits = pd.DataFrame({"customer_id": kept["customer_id"], "period": period}).drop_duplicates()
    gap = visits.sort_values("period").groupby("customer_id")["period"].diff()
    logs = np.log(gap.dropna() * (DAYS[occasion] / DAYS_PER_UNIT[time_unit]))
    found = logs.groupby(visits["customer_id"]).agg(math.fsum)
    return found.reindex(sorted(visits["customer_id"].unique()), fill_value=0.0)


def test_the_logarithm_is_right_to_its_last_bit() -> None:
    near_changes = [math.isqrt(2 ** (2 * power + 1)) + step for power in range(33) for step in (0, 1, 2)]
    powers = [2**power + step for power in range(33) for step in (-1, 0, 1)]
    gaps = np.unique([*range(1, 500), *near_changes, *powers, 88_022, 7_605_446_399, 2**33])[1:]
    gaps = np.concatenate(([1], gaps))
    coarse, fine = whole_logs(gaps)
    assert coarse[0] == fine[0] == 0
    with mpmath.workdps(40):
        for gap, found in zip(gaps.tolist(), (coarse * 2**32 + fine).tolist(), strict=True):
            assert abs(mpmath.mpf(found) / 2**44 - mpmath.log(gap)) < mpmath.mpf(2) ** -45 + mpmath.mpf(2) ** -48


@pytest.mark.parametrize(("occasion", "time_unit"), GRAINS)
def test_every_engine_adds_up_the_same_bits(occasion: Occasion, time_unit: TimeUnit) -> None:
    end = "2001-04-20"
    log = hostile_log(1_000, "text")
    log = apart(log) if occasion == "row" else log
    options: dict[str, Any] = {"occasion": occasion, "time_unit": time_unit, "observation_end": end, "log_gaps": True}
    base = base_of(log, **options)
    wanted = rows(base.frame)
    expected = by_hand(log, occasion, time_unit, end)
    np.testing.assert_allclose(wanted["log_gaps"], expected.loc[wanted["customer_id"]], rtol=1e-12, atol=1e-12)
    assert (wanted["log_gaps"][wanted["frequency"] == 0] == 0).all()
    total = base.histories().log_gaps
    assert total == pytest.approx(math.fsum(wanted["log_gaps"]), rel=1e-14)
    pd.testing.assert_frame_equal(
        wanted.drop(columns="log_gaps"), rows(base_of(log, **options | {"log_gaps": False}).frame)
    )
    for kind in QUICK:
        found = base_of(KINDS[kind](log), **options)
        pd.testing.assert_frame_equal(rows(found.frame), wanted, check_exact=True, obj=kind)
        assert found.histories().log_gaps == total, kind
        again = CustomerBase.from_summary(found.frame, time_unit=time_unit)
        assert again.histories().log_gaps == total, kind


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_large_logs_are_equal(kind: str) -> None:
    """One engine's windows were wrong beyond 200,000 rows, in two of five tries."""
    log = hostile_log(250_000, "int")
    wanted = rows(base_of(log, log_gaps=True).frame)
    given = KINDS[kind](log)
    for _ in range(2):
        pd.testing.assert_frame_equal(rows(base_of(given, log_gaps=True).frame), wanted, check_exact=True)


@pytest.mark.parametrize("kind", EVERY)
def test_a_log_that_a_person_can_check(kind: str) -> None:
    log = pd.DataFrame(
        {
            "customer_id": ["ann", "ann", "ann", "ann", "ann", "bob"],
            "date": ["2024-01-15", "2024-01-01", "2024-01-10", "2024-01-08", "2024-01-08", "2024-01-02"],
            "amount": [1.0, 1.0, -1.0, 1.0, 1.0, 1.0],
        }
    )
    found = rows(CustomerBase.from_transactions(KINDS[kind](log), log_gaps=True).frame)
    assert found["log_gaps"].tolist() == [pytest.approx(2 * math.log(7), rel=1e-15), 0.0]
    weeks = rows(CustomerBase.from_transactions(KINDS[kind](log), log_gaps=True, time_unit="W").frame)
    assert weeks["log_gaps"].tolist() == [pytest.approx(0.0, abs=1e-13), 0.0]
    halves = split(KINDS[kind](log), at="2024-01-12", log_gaps=True)
    assert rows(halves.calibration.frame)["log_gaps"].tolist() == [pytest.approx(math.log(7), rel=1e-15), 0.0]
    assert "log_gaps" not in split(KINDS[kind](log), at="2024-01-12").calibration.columns


@given(days=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60)), min_size=1, max_size=25), seed=st.integers(0, 9))
def test_the_order_of_rows_changes_nothing(days: list[tuple[int, int]], seed: int) -> None:
    customer, day = zip(*days, strict=True)
    date = np.datetime64("2024-01-01") + np.array(day).astype("timedelta64[D]")
    log = pd.DataFrame({"customer_id": customer, "date": date.astype("datetime64[s]")})
    one = CustomerBase.from_transactions(log, amount=None, log_gaps=True, time_unit="M")
    other = CustomerBase.from_transactions(
        log.sample(frac=1, random_state=seed), amount=None, log_gaps=True, time_unit="M"
    )
    pd.testing.assert_frame_equal(one.frame, other.frame, check_exact=True)
    alone = CustomerBase.from_transactions(
        log[log["customer_id"] == customer[0]], amount=None, log_gaps=True, time_unit="M"
    )
    assert alone.frame["log_gaps"][0] == one.frame.set_index("customer_id")["log_gaps"][customer[0]]


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("refund", [True, False])
def test_two_rows_in_one_second(kind: str, refund: bool) -> None:
    log = pd.DataFrame(
        {
            "customer_id": [1, 1, 1, 2, 2],
            "date": ["2024-01-01 10:00", "2024-01-01 10:00", "2024-01-03", "2024-01-01 10:00", "2024-01-04"],
            "amount": [1.0, -1.0 if refund else 1.0, 1.0, 1.0, 1.0],
        }
    )
    given = KINDS[kind](log)
    if refund:
        assert rows(base_of_rows(given).frame)["log_gaps"].tolist() == pytest.approx([math.log(38), math.log(62)])
        return
    with pytest.raises(
        InvalidInputError, match=r"these come in the second of the purchase before: 1 of 5 rows\. Use occ"
    ):
        base_of_rows(given)
    assert rows(CustomerBase.from_transactions(given, log_gaps=True).frame)["frequency"].tolist() == [1, 1]


def base_of_rows(given: Any) -> CustomerBase:
    return CustomerBase.from_transactions(given, occasion="row", time_unit="h", log_gaps=True)


@pytest.mark.parametrize("kind", EVERY)
def test_a_summary_with_logarithms(kind: str) -> None:
    summary = pd.DataFrame(
        {
            "customer_id": [1, 2, 3],
            "frequency": [0, 2, 1],
            "recency": [0.0, 5.0, 3.0],
            "T": 9.0,
            "logs": [None, -0.5, 1.25],
        }
    )
    base = CustomerBase.from_summary(KINDS[kind](summary), log_gaps="logs")
    assert rows(base.frame)["log_gaps"].tolist() == [0.0, -0.5, 1.25]
    assert base.histories().log_gaps == 0.75
    assert CustomerBase.from_summary(KINDS[kind](summary)).histories().log_gaps is None
    named = summary.rename(columns={"logs": "log_gaps"})
    assert "log_gaps" in CustomerBase.from_summary(KINDS[kind](named)).columns
    assert "log_gaps" not in CustomerBase.from_summary(KINDS[kind](named), log_gaps=None).columns
    with pytest.raises(ColumnNotFoundError, match="log_gaps='gaps'"):
        CustomerBase.from_summary(KINDS[kind](summary), log_gaps="gaps")
    bad = named.assign(log_gaps=[0.0, math.inf, math.nan])
    with pytest.raises(
        InvalidInputError, match="must not be missing or infinite where frequency is above 0: 2 of 3 rows"
    ):
        CustomerBase.from_summary(KINDS[kind](bad))


def test_a_column_is_no_setting() -> None:
    log = pd.DataFrame({"customer_id": [1], "date": ["2024-01-01"], "amount": [1.0]})
    with pytest.raises(InputTypeError, match="log_gaps must be True or False, got str"):
        CustomerBase.from_transactions(log, log_gaps="log_gaps")  # type: ignore[arg-type]
