"""Durations say their unit, or are refused."""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.durations import (
    DAYS_PER_UNIT,
    UNIT_NAMES,
    check_time_unit,
    in_days,
    in_units,
    times_in_days,
)
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.typing import TimeUnit

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # newer numpy gives it, and is right
    UNITLESS, NEITHER = np.timedelta64(52), np.timedelta64("NaT")

MONTH = 365.2425 / 12
UNITS = list(DAYS_PER_UNIT)

GOOD: list[tuple[Any, float]] = [
    ("365D", 365),
    ("52W", 364),
    ("1Y", 365.2425),
    ("12M", 365.2425),
    ("12.9M", 12.9 * MONTH),
    ("36h", 1.5),
    ("0.5D", 0.5),
    (" 52 W ", 364),
    ("007D", 7),
    (timedelta(days=90), 90),
    (timedelta(hours=6), 0.25),
    (timedelta(microseconds=1), 1 / 86_400e6),
    (pd.Timedelta("1D"), 1),
    (pd.Timedelta(hours=12), 0.5),
    (np.timedelta64(365, "D"), 365),
    (np.timedelta64(52, "W"), 364),
    (np.timedelta64(12, "M"), 365.2425),
    (np.timedelta64(1, "Y"), 365.2425),
    (np.timedelta64(2, ("M", 3)), 6 * MONTH),
    (np.timedelta64(36, "h"), 1.5),
    (np.timedelta64(86_400, "s"), 1),
    (np.timedelta64(86_400 * 10**9, "ns"), 1),
]


@pytest.mark.parametrize(("duration", "days"), GOOD, ids=repr)
def test_days(duration: Any, days: float) -> None:
    assert in_days(duration) == pytest.approx(days, rel=1e-15)


UNREADABLE = (
    "write a number and a unit, such as '365D' or '52W'; units are h (hours), D (days), W (weeks), M (months), "
    "Y (years)."
)
KIND = 'A duration must be text with its unit ("365D", "52W"), a timedelta or a numpy.timedelta64, got '
BAD: list[tuple[Any, type[Exception], str]] = [
    (52, InputTypeError, KIND + "int."),
    (52.0, InputTypeError, KIND + "float."),
    (True, InputTypeError, KIND + "bool."),
    (None, InputTypeError, KIND + "NoneType."),
    (np.int64(52), InputTypeError, KIND + "int64."),
    (["52W"], InputTypeError, KIND + "list."),
    (pd.NaT, InputTypeError, KIND + "NaTType."),
    (pd.DateOffset(months=1), InputTypeError, KIND + "DateOffset."),
    (
        UNITLESS,
        InputTypeError,
        "numpy.timedelta64(52) has no unit: write numpy.timedelta64(365, 'D'), or text such as '365D'.",
    ),
    *(
        (text, InvalidInputError, f"Cannot read the duration {text!r}: {UNREADABLE}")
        for text in (
            "52",
            "W",
            "",
            "52w",
            "365d",
            "1m",
            "3min",
            "1 year",
            "1Q",
            "-1D",
            "+1D",
            "1e3D",
            "1,5D",
            ".5D",
            "1.D",
            "nanD",
            "infD",
            "1D12h",
            "P1Y",
        )
    ),
    *(
        (zero, InvalidInputError, f"A duration must be positive and finite, got {zero!r}.")
        for zero in (
            "0D",
            "0.0W",
            "9" * 400 + "D",
            timedelta(0),
            timedelta(days=-1),
            np.timedelta64(-3, "D"),
            NEITHER,
            np.timedelta64("NaT", "D"),
        )
    ),
]


@pytest.mark.parametrize(("duration", "error", "message"), BAD, ids=lambda part: repr(part)[:30])
def test_refused(duration: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        in_days(duration)
    assert type(caught.value) is error
    assert str(caught.value) == message


@given(st.floats(1e-6, 1e6), st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_units_convert_back(number: float, given_in: TimeUnit, wanted_in: TimeUnit) -> None:
    text = f"{number:.10f}{given_in}"
    there = in_units(text, wanted_in)
    assert there * DAYS_PER_UNIT[wanted_in] == pytest.approx(in_days(text), rel=1e-15)


def test_units_are_exact() -> None:
    assert DAYS_PER_UNIT == {"h": 1 / 24, "D": 1, "W": 7, "M": 365.2425 / 12, "Y": 365.2425}
    assert list(UNIT_NAMES) == UNITS
    assert 12 * DAYS_PER_UNIT["M"] == DAYS_PER_UNIT["Y"]
    assert in_units("52W", "W") == 52
    assert in_units("39W", "D") == 273
    assert in_units("1D", "h") == 24


@pytest.mark.parametrize("unit", UNITS)
def test_known_units(unit: TimeUnit) -> None:
    assert check_time_unit(unit) == unit


@pytest.mark.parametrize("unit", ["d", "H", "days", "m", "", None, 1, ["D"], "Q"])
def test_unknown_units(unit: Any) -> None:
    message = f"time_unit={unit!r} is not allowed; choose one of 'h', 'D', 'W', 'M', 'Y'."
    for call in (
        lambda: check_time_unit(unit),
        lambda: in_units("1D", unit),
        lambda: times_in_days(np.ones(1), unit),
    ):
        with pytest.raises(InvalidInputError) as caught:
            call()
        assert str(caught.value) == message


@given(st.lists(st.integers(0, 40_000), min_size=1), st.sampled_from(UNITS))
def test_whole_days_stay_whole_in_every_unit(days: list[int], unit: TimeUnit) -> None:
    times = np.array(days, np.float64) / DAYS_PER_UNIT[unit]
    assert times_in_days(times, unit).tolist() == days


@given(st.integers(0, 40_000), st.integers(0, 40_000), st.sampled_from(UNITS))
def test_differences_of_times_are_whole_days_too(one: int, other: int, unit: TimeUnit) -> None:
    """As T - recency in weeks: neither is exact, and equal days must stay equal."""
    length = DAYS_PER_UNIT[unit]
    difference = np.array([(one + other) / length - other / length])
    assert times_in_days(difference, unit).tolist() == [one]
