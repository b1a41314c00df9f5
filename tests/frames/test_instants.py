"""Dates of observation, and the cuts of rungs in whole numbers."""

from __future__ import annotations

from datetime import date
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from evergreen import Rung, Rungs
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames import regular_dates
from evergreen.frames.audit import MoneyScale
from evergreen.frames.instants import Instants
from evergreen.typing import Occasion


@pytest.mark.parametrize(
    ("every", "start", "end", "wanted"),
    [
        ("1M", "2023-12-31", "2024-04-30", ["2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
        ("2 W", "2024-01-01", "2024-01-29", ["2024-01-01", "2024-01-15", "2024-01-29"]),
        ("10D", "2024-02-25", "2024-03-10", ["2024-02-25", "2024-03-06"]),
        ("1Y", "2020-02-29", "2022-03-01", ["2020-02-29", "2021-02-28", "2022-02-28"]),
        ("13M", "2023-11-05 08:00", date(2025, 1, 5), ["2023-11-05", "2024-12-05"]),
    ],
)
def test_regular_dates_follow_the_calendar(every: str, start: Any, end: Any, wanted: list[str]) -> None:
    assert [str(day) for day in regular_dates(every, start, end)] == wanted


@given(start=st.dates(date(2020, 1, 1), date(2050, 1, 1)), months=st.integers(1, 30))
def test_months_are_those_of_pandas(start: date, months: int) -> None:
    found = regular_dates(f"{months}M", start, date(2100, 1, 1))
    wanted = [(pd.Timestamp(start) + pd.DateOffset(months=months * place)).date() for place in range(len(found) + 1)]
    assert found == wanted[:-1]
    assert wanted[-1] > date(2100, 1, 1)


@pytest.mark.parametrize(
    ("every", "error", "message"),
    [
        (30, InputTypeError, "every must be text with a whole number and a unit, such as '1M', got int"),
        ("1.5M", InvalidInputError, "every='1.5M' must be a whole number of D, W, M or Y"),
        ("0M", InvalidInputError, "every='0M' must be a whole number"),
        ("M", InvalidInputError, "every='M' must be a whole number"),
        ("6h", InvalidInputError, "every='6h' must be a whole number"),
        ("1Y", InvalidInputError, "every='1Y' from 2024-01-01 to 2024-06-30 gives fewer than two dates"),
        ("9999999999D", InvalidInputError, "gives fewer than two dates"),
        ("9999999999Y", InvalidInputError, "gives fewer than two dates"),
    ],
)
def test_dates_that_cannot_be_are_refused(every: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        regular_dates(every, "2024-01-01", "2024-06-30")


def test_too_many_dates_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="more than 1,000 dates"):
        regular_dates("1D", "2020-01-01", "2024-06-30")


@pytest.mark.parametrize(
    ("at", "error", "message"),
    [
        ("2024-01-01", InputTypeError, "at must be a sequence of dates"),
        (date(2024, 1, 1), InputTypeError, "at must be a sequence of dates"),
        (None, InputTypeError, "at must be a sequence of dates"),
        ([], InvalidInputError, "at least two dates in ascending order, got none"),
        (["2024-01-01"], InvalidInputError, "at least two dates in ascending order, got 2024-01-01"),
        (["2024-02-01", "2024-01-01"], InvalidInputError, "at least two dates in ascending order"),
        (["2024-02-01", "2024-02-01 13:00"], InvalidInputError, "at least two dates in ascending order"),
        (["2024-02-01", "spring"], InvalidInputError, r"at\[1\]='spring' is not an ISO date"),
        ([1, 2], InputTypeError, r"at\[0\] must be ISO text"),
    ],
)
def test_what_are_no_dates_is_refused(at: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Instants.of(at, "D")


@given(
    cut=st.floats(-1e6, 1e6),
    occasion=st.sampled_from(["D", "W", "M", "row"]),
    power=st.integers(-3, 9),
)
def test_whole_cuts_are_the_first_numbers_that_reach_the_cut(cut: float, occasion: Occasion, power: int) -> None:
    rungs = Rungs([Rung("low", {"total_value": (None, cut)}), Rung("high", {"total_value": (cut, None)})])
    scale = MoneyScale(power)
    ((least,),) = Instants.of(["2024-01-01", "2024-02-01"], occasion).whole_cuts(rungs, scale).values()
    assert float(least) * scale.up / scale.down >= cut
    assert float(least - 1) * scale.up / scale.down < cut


@pytest.mark.parametrize("cut", [1e17, 1e30, 1e299, -1e17, -1e299])
def test_cuts_beyond_all_sums_are_as_good_as_the_limit(cut: float) -> None:
    rungs = Rungs([Rung("low", {"total_value": (None, cut)}), Rung("high", {"total_value": (cut, None)})])
    ((least,),) = Instants.of(["2024-01-01", "2024-02-01"], "D").whole_cuts(rungs, MoneyScale(2)).values()
    assert least == np.copysign(2.0**53, cut)


@pytest.mark.parametrize("occasion", ["D", "row"])
def test_place_is_the_first_date_that_knows(occasion: Occasion) -> None:
    instants = Instants.of(["1970-01-03", "1970-01-05"], occasion)
    days = np.array([0, 2, 3, 4])
    when = days * 86_400 + 86_399 if occasion == "row" else days
    assert instants.place(when).tolist() == [0, 0, 1, 1]
