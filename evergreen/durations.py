"""Lengths of time and the units they are expressed in.

Hours, days and weeks are exact. A month or a year is the Gregorian mean, as in numpy: 365.2425 days make a
year, a twelfth of that a month.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.typing import Duration, FloatArray, TimeUnit

DAYS_PER_UNIT: Final[dict[TimeUnit, float]] = {
    "h": 1 / 24,
    "D": 1.0,
    "W": 7.0,
    "M": 365.2425 / 12,
    "Y": 365.2425,
}
"""Length of each time unit in days."""

UNIT_NAMES: Final[dict[TimeUnit, str]] = {
    "h": "hours",
    "D": "days",
    "W": "weeks",
    "M": "months",
    "Y": "years",
}
"""Each time unit as a plain word."""

_TEXT = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]+)\s*")


def check_time_unit(unit: str) -> TimeUnit:
    """Return ``unit`` if it is a known time unit.

    Parameters
    ----------
    unit : str
        One of ``"h"``, ``"D"``, ``"W"``, ``"M"``, ``"Y"``.

    Returns
    -------
    {"h", "D", "W", "M", "Y"}
        The same unit.

    Raises
    ------
    InvalidInputError
        If the unit is not known.

    Examples
    --------
    >>> check_time_unit("W")
    'W'
    """
    for known in DAYS_PER_UNIT:
        if unit == known:
            return known
    raise InvalidInputError.not_allowed("time_unit", unit, DAYS_PER_UNIT)


def in_days(duration: Duration) -> float:
    """Return the length of a duration in days.

    Parameters
    ----------
    duration : str, datetime.timedelta or numpy.timedelta64
        A positive, finite length of time that names its unit: ``"365D"``, ``"52 W"``, ``"1.5Y"``.

    Returns
    -------
    float
        Days.

    Raises
    ------
    InputTypeError
        If it is a bare number or another kind of object.
    InvalidInputError
        If the text cannot be read, or the length is not positive and finite.

    Examples
    --------
    >>> in_days("52W")
    364.0
    """
    if isinstance(duration, str):
        days = _text_in_days(duration)
    elif isinstance(duration, np.timedelta64):
        days = _numpy_in_days(duration)
    elif isinstance(duration, timedelta):
        days = duration / timedelta(days=1)
    else:
        raise InputTypeError.kind(
            "A duration", duration, 'text with its unit ("365D", "52W"), a timedelta or a numpy.timedelta64'
        )
    if not (math.isfinite(days) and days > 0):
        raise InvalidInputError(f"A duration must be positive and finite, got {duration!r}.")
    return days


def in_units(duration: Duration, unit: TimeUnit) -> float:
    """Return the length of a duration in a time unit.

    Parameters
    ----------
    duration : str, datetime.timedelta or numpy.timedelta64
        A positive, finite length of time.
    unit : {"h", "D", "W", "M", "Y"}
        The unit to express it in.

    Returns
    -------
    float
        Number of units.

    Examples
    --------
    >>> in_units("39W", "D")
    273.0
    """
    return in_days(duration) / DAYS_PER_UNIT[check_time_unit(unit)]


def times_in_days(times: FloatArray, unit: TimeUnit) -> FloatArray:
    """Return times in days, rounded to whole seconds so that equal times stay equal in every unit.

    Parameters
    ----------
    times : ndarray of float64
        Times in ``unit``.
    unit : {"h", "D", "W", "M", "Y"}
        Their unit.

    Returns
    -------
    ndarray of float64
        Days.

    Examples
    --------
    >>> times_in_days(np.array([1.0, 3 / 7]), "W")
    array([7., 3.])
    """
    days: FloatArray = np.floor(times * seconds_in(unit) + 0.5) / 86_400
    return days


def seconds_in(unit: TimeUnit) -> float:
    """Return the seconds in a unit of time.

    Examples
    --------
    >>> seconds_in("M")
    2629746.0
    """
    return DAYS_PER_UNIT[check_time_unit(unit)] * 86_400


def _numpy_in_days(duration: np.timedelta64) -> float:
    if np.isnat(duration):
        return math.nan
    name, _ = np.datetime_data(duration.dtype)
    if name == "generic":
        raise InputTypeError(
            f"numpy.timedelta64({duration.astype(np.int64)}) has no unit: write numpy.timedelta64(365, 'D'), or text "
            "such as '365D'."
        )
    if name in ("M", "Y"):
        return (
            float(duration.astype(np.int64))
            * np.datetime_data(duration.dtype)[1]
            * DAYS_PER_UNIT[check_time_unit(name)]
        )
    return float(duration / np.timedelta64(1, "s")) / 86_400


def _text_in_days(text: str) -> float:
    match = _TEXT.fullmatch(text)
    if match is None or match["unit"] not in DAYS_PER_UNIT:
        units = ", ".join(f"{unit} ({name})" for unit, name in UNIT_NAMES.items())
        raise InvalidInputError(
            f"Cannot read the duration {text!r}: write a number and a unit, such as '365D' or '52W'; units are {units}."
        )
    return float(match["number"]) * DAYS_PER_UNIT[check_time_unit(match["unit"])]
