"""Months, quarters and years."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames.calendar import Calendar, calendar_number, check_period
from evergreen.frames.periods import FIRST_DAY, LAST_DAY
from evergreen.typing import Period

PERIODS: list[Period] = ["M", "Q", "Y"]


@given(st.sampled_from(PERIODS), st.integers(FIRST_DAY, LAST_DAY), st.integers(0, 3_000))
def test_periods_are_those_of_pandas(period: Period, first: int, length: int) -> None:
    last = min(first + length, LAST_DAY)
    calendar = Calendar(period, first, last)
    days = [pd.Timestamp("1970-01-01") + pd.Timedelta(days=day) for day in (first, last)]
    wanted = pd.period_range(days[0], days[1], freq=period)
    assert calendar.labels == tuple(str(one) for one in wanted)
    assert calendar.count == len(wanted)
    np.testing.assert_array_equal(calendar.starts[:-1], wanted.start_time.to_numpy().astype("datetime64[D]"))
    part = (wanted.start_time < days[0]) | (wanted.end_time.normalize() > days[1])
    np.testing.assert_array_equal(calendar.partial, part)


@pytest.mark.parametrize("period", PERIODS)
def test_engines_count_as_numpy_does(period: Period) -> None:
    days = np.array([FIRST_DAY, *range(-800, 800, 7), LAST_DAY])
    frame: Any = nw.from_native(pl.DataFrame({"date": days.astype("datetime64[D]")}))
    found = frame.select(calendar_number(nw.col("date"), period).alias("number"))["number"].to_numpy()
    np.testing.assert_array_equal(found, Calendar(period, 0, 0).numbers_of_days(days))


def test_what_is_no_period_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="period='W' is not allowed; choose one of 'M', 'Q', 'Y'"):
        check_period("W")
    with pytest.raises(InvalidInputError, match="before='1970Q9' is not one of the periods '1970Q1' to '1970Q2'"):
        Calendar("Q", 0, 100).place("before", "1970Q9")
    with pytest.raises(InputTypeError, match=r"before must be the name of a period \(text such as '1970'\), got int"):
        Calendar("Y", 0, 100).place("before", 1970)  # type: ignore[arg-type]
