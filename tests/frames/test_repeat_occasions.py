"""When repeat occasions fell: counts and clocks, against plain loops and the same on every engine."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen.errors import DataWarning
from evergreen.frames import Split, split
from evergreen.frames.periods import time_ratio
from evergreen.typing import Occasion, TimeUnit
from tests.frames.kinds import KINDS, QUICK, rows
from tests.frames.test_engines_agree import GRAINS, hostile_log

PERIODS = {"D": "D", "W": "W-SUN", "M": "M", "row": "D"}


def halves_of(log: Any, **options: Any) -> Split:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return split(log, **options)


def by_hand(log: pd.DataFrame, at: str, end: str, occasion: Occasion) -> pd.Series[Any]:
    """Return the repeat occasions of each period, by pandas, with both sides of the date apart."""
    usable = log["date"].between("1900-01-01", pd.Timestamp(end) + pd.Timedelta("1D"), inclusive="left")
    kept = log[usable & log["customer_id"].notna() & (log["amount"] >= 0)]
    visits = pd.DataFrame(
        {
            "customer_id": kept["customer_id"],
            "period": kept["date"].dt.to_period(PERIODS[occasion]),
            "later": kept["date"] >= pd.Timestamp(at) + pd.Timedelta("1D"),
            "date": kept["date"],
        }
    ).sort_values("date")
    visits = visits[~visits.groupby("customer_id")["later"].transform("first")]
    if occasion != "row":
        visits = visits.drop_duplicates(["customer_id", "period", "later"])
    return visits[visits.duplicated("customer_id")].groupby("period").size()


@pytest.mark.parametrize("until", ["2001-04-20", None])
@pytest.mark.parametrize(("occasion", "time_unit"), GRAINS)
def test_counts_are_equal(occasion: Occasion, time_unit: TimeUnit, until: str | None) -> None:
    log = hostile_log(1_000, "int")
    options: dict[str, Any] = {"at": "2000-10-30", "end": until, "occasion": occasion, "time_unit": time_unit}
    halves = halves_of(log, **options)
    wanted = halves.repeat_occasions()
    first = rows(halves.calibration.frame)["first_purchase"].min()
    periods = pd.period_range(first, pd.Timestamp(until or str(halves.end)), freq=PERIODS[occasion])
    counts = by_hand(log, "2000-10-30", until or str(halves.end)[:10], occasion)
    assert counts.index.isin(periods).all()
    np.testing.assert_array_equal(wanted.occasions, counts.reindex(periods, fill_value=0))
    total = halves.holdout["frequency_holdout"].sum() + halves.calibration.frame["frequency"].sum()
    assert wanted.occasions.sum() == total
    for kind in QUICK:
        found = halves_of(KINDS[kind](log), **options).repeat_occasions()
        for name in wanted._fields:
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=f"{kind} {name}")


@pytest.mark.parametrize(("occasion", "time_unit"), GRAINS)
def test_the_clock_is_that_of_ages(occasion: Occasion, time_unit: TimeUnit) -> None:
    halves = halves_of(hostile_log(1_000, "int"), at="2000-10-31", occasion=occasion, time_unit=time_unit)
    found, ages = halves.repeat_occasions(), np.unique(halves.calibration.array("T"))
    times, over = time_ratio(occasion, time_unit)
    assert found.time.dtype == found.since_at.dtype == np.float64
    assert (np.diff(found.time) > 0).all()
    assert (found.since_at == 0).sum() == 1
    assert found.since_at[-1] == halves.duration
    np.testing.assert_allclose(found.time - found.since_at, ages.max(), rtol=1e-14)
    if occasion == "row":
        day = 86_400 * times / over
        assert 0 < found.time[0] <= day
    else:
        assert found.time[0] == 0.0
        ages_at_ends = ages[:, None] + found.since_at
        assert (ages_at_ends == 0).any(axis=1).all()  # to the last bit: every customer was first seen in some period
        np.testing.assert_array_equal(np.diff(found.time * over / times).round(6), 1)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb"])
def test_counts_that_a_person_can_check(kind: str) -> None:
    log = pd.DataFrame(
        {
            "customer_id": [1, 1, 1, 1, 2, 3, 3, 1, 2, 4],
            "date": [f"2024-01-{day:02d}" for day in (1, 3, 3, 2, 2, 5, 6, 6, 6, 1)],
            "amount": [1.0, 1, 1, -1, 1, 1, 1, 1, 0, -1],
        }
    )
    found = halves_of(KINDS[kind](log), at="2024-01-04", end="2024-01-08", time_unit="W").repeat_occasions()
    assert found.occasions.tolist() == [0, 0, 1, 0, 0, 2, 0, 0]
    np.testing.assert_array_equal(found.time, np.arange(8) / 7)
    np.testing.assert_array_equal(found.since_at, np.arange(-3, 5) / 7)


@pytest.mark.parametrize("kind", ["pandas", "polars lazy", "duckdb"])
def test_nothing_after_the_date(kind: str) -> None:
    log = pd.DataFrame({"customer_id": [1, 1], "date": ["2024-01-01", "2024-01-02"], "amount": 1.0})
    found = split(KINDS[kind](log), at="2024-01-02", end="2024-01-04").repeat_occasions()
    assert found.occasions.tolist() == [0, 1, 0, 0]


def test_a_split_in_memory_can_be_pickled() -> None:
    halves = halves_of(hostile_log(200, "int"), at="2000-10-31")
    again = pickle.loads(pickle.dumps(halves))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(again.repeat_occasions().occasions, halves.repeat_occasions().occasions)
    assert "_repeats" not in repr(halves)
