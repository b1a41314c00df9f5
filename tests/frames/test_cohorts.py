"""Customers by period: one table of whole numbers, whatever the engine and however the log is written."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from evergreen.frames.cohorts import read_periods
from evergreen.frames.period_sums import PeriodLog
from evergreen.frames.reading import LogColumns, reading_of
from evergreen.typing import Period
from tests.frames.kinds import KINDS
from tests.frames.test_engines_agree import hostile_log
from tests.frames.test_laws import logs

PERIODS: list[Period] = ["M", "Q", "Y"]


def periods_of(log: Any, period: Period, order: str | None = None) -> PeriodLog:
    columns = LogColumns("customer_id", "date", "amount", order)
    reading = reading_of(columns, occasion="D", time_unit="D", zero_amounts="keep", observation_end=None)
    return read_periods(log, reading, period)


def told(found: PeriodLog) -> list[np.ndarray[Any, Any]]:
    """Return all whole numbers that can be asked for, money in whole units of the scale."""
    last = found.calendar.count - 1
    asked: list[Any] = [found.rows.cells(last + 1), found.rows.buyers(0), found.rows.buyers(last)]
    if last:
        asked.append(found.rows.pair(0, last))
    return [getattr(answer, name) for answer in asked for name in type(answer).__dataclass_fields__]


@given(log=logs(), period=st.sampled_from(PERIODS))
def test_both_routes_are_one(log: pd.DataFrame, period: Period) -> None:
    arrays, engine = periods_of(log, period), periods_of(KINDS["polars"](log), period)
    assert (arrays.calendar, arrays.dropped, arrays.scale) == (engine.calendar, engine.dropped, engine.scale)
    for found, wanted in zip(told(engine), told(arrays), strict=True):
        assert found.dtype == wanted.dtype == np.int64
        np.testing.assert_array_equal(found, wanted)


@given(log=logs(), period=st.sampled_from(PERIODS))
def test_names_of_customers_change_nothing(log: pd.DataFrame, period: Period) -> None:
    named = log.assign(customer_id=log["customer_id"].map(lambda number: f"c{number}", na_action="ignore"))
    for found, wanted in zip(told(periods_of(named, period)), told(periods_of(log, period)), strict=True):
        np.testing.assert_array_equal(found, wanted)


@given(log=logs(), period=st.sampled_from(PERIODS))
def test_rows_of_an_order_may_be_one_row(log: pd.DataFrame, period: Period) -> None:
    """Without ids of orders all that is bought on a day is one, in one row or in two."""
    halves = pd.concat([log.assign(amount=log["amount"] * share) for share in (0.5, 0.5)])
    found, wanted = periods_of(halves, period), periods_of(log, period)
    for name in ("customers", "occasions", "orders"):
        one, other = (getattr(each.rows.cells(each.calendar.count), name) for each in (found, wanted))
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["polars lazy", "pyarrow", "duckdb"])
def test_large_logs_are_equal(kind: str) -> None:
    """One engine's windows were wrong beyond 200,000 rows, in two of five tries."""
    log = hostile_log(250_000, "int")
    wanted = told(periods_of(log, "Q", "order"))
    given_log = KINDS[kind](log)
    for _ in range(3):
        for found, expected in zip(told(periods_of(given_log, "Q", "order")), wanted, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_the_log_is_not_changed() -> None:
    log = hostile_log(300, "text")
    before = log.copy(deep=True)
    periods_of(log, "M", "order")
    pd.testing.assert_frame_equal(log, before)
