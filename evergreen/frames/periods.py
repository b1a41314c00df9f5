"""Dates and whole periods: days, Monday weeks, months and seconds since 1970, in numpy and in narwhals.

A period is an integer, so differences of periods are exact on every engine. They become times by one
multiplication and one division, the same on all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.durations import seconds_in
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.typing import IntArray, Occasion, TimeUnit

FIRST_DAY: Final = -25_567
"""1900-01-01 as a day number; earlier dates are counted and left out."""
LAST_DAY: Final = 62_456
"""2140-12-31 as a day number; later dates are counted and left out."""
SECONDS_PER_DAY: Final = 86_400
OCCASIONS: Final[tuple[Occasion, ...]] = ("row", "D", "W", "M")

_SECONDS: Final[dict[str, int]] = {
    "row": 1,
    "h": 3_600,
    "D": 86_400,
    "W": 604_800,
    "M": 2_629_746,
    "Y": 31_556_952,
}
_WEEKS_BACK: Final = 10_000  # engines differ on // of negative numbers
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - dates are local everywhere
ISO_TEXT: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?)?$"
"""The texts that are read as dates, as a regular expression that every engine understands."""
_WHOLE_TEXT: Final = ISO_TEXT.removesuffix("$") + r"\z"  # to Java, the end of a line is an end, too

Moment: TypeAlias = str | date | datetime | np.datetime64
"""A date or a time: ISO text, a date, a datetime without time zone, or a numpy.datetime64."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """The end of a window of time, as whole numbers.

    Parameters
    ----------
    day : int
        The last day that is inside, in days since 1970.
    second : int
        The last second that is inside, in seconds since 1970.
    end_second : int
        The second up to which time is counted: ``second`` for a time of day, the next midnight for a date.
    """

    day: int
    second: int
    end_second: int

    @classmethod
    def of_day(cls, day: int) -> Boundary:
        """Return the boundary at the end of a day."""
        midnight = (day + 1) * SECONDS_PER_DAY
        return cls(day, midnight - 1, midnight)

    @classmethod
    def of_second(cls, second: int) -> Boundary:
        """Return the boundary at a second."""
        return cls(second // SECONDS_PER_DAY, second, second)

    def last(self, occasion: Occasion) -> int:
        """Return the last day (or second, for rows) that is inside."""
        return self.second if occasion == "row" else self.day

    def period(self, occasion: Occasion) -> int:
        """Return the period that ends the observation."""
        if occasion == "row":
            return self.end_second
        return int(periods_of_days(np.array([self.day], np.int64), occasion)[0])

    def moment(self, occasion: Occasion) -> date | datetime:
        """Return the boundary as a date, or as a datetime for rows."""
        if occasion == "row":
            return _EPOCH + timedelta(seconds=self.end_second)
        return (_EPOCH + timedelta(days=self.day)).date()


def boundary(name: str, value: Moment) -> Boundary:
    """Return the boundary that a user gave as a date or a time.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : str, datetime.date, datetime.datetime or numpy.datetime64
        A date is inside to the end of its day; a time is inside to its second.

    Returns
    -------
    Boundary

    Raises
    ------
    InputTypeError
        If it is another kind of object, or has a time zone.
    InvalidInputError
        If the text is not an ISO date, or the date lies outside 1900 to 2140.

    Examples
    --------
    >>> boundary("observation_end", "1970-01-03").day
    2
    """
    given = value
    if isinstance(value, str):
        value = _from_text(name, value)
    elif isinstance(value, np.datetime64):
        value = _from_numpy(name, value)
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise InputTypeError(f"{name}={given!r} has a time zone: give the local date or time without one.")
        if value != value:  # noqa: PLR0124 - a missing pandas time is a datetime unlike itself
            raise InvalidInputError(f"{name}={given!r} is missing.")
        found = Boundary.of_second((value - _EPOCH) // timedelta(seconds=1))
    elif isinstance(value, date):
        found = Boundary.of_day((value - _EPOCH.date()).days)
    else:
        raise InputTypeError.kind(name, given, "ISO text, a date, a datetime or a numpy.datetime64")
    if not FIRST_DAY <= found.day <= LAST_DAY:
        raise InvalidInputError(f"{name}={given!r} lies outside 1900-01-01 to 2140-12-31.")
    return found


def moment_after(name: str, value: Moment, days: float) -> date | datetime:
    """Return the date or time that lies a number of days after another.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : str, datetime.date, datetime.datetime or numpy.datetime64
        As for :func:`boundary`.
    days : float
        How many, at least 0; whole seconds count.

    Returns
    -------
    datetime.date or datetime.datetime
        A date for whole days after a date.

    Raises
    ------
    InputTypeError, InvalidInputError
        As for :func:`boundary`, also for a result after 2140.

    Examples
    --------
    >>> moment_after("at", "1997-09-30", 273.0)
    datetime.date(1998, 6, 30)
    """
    begin = boundary(name, value)
    until = _EPOCH + timedelta(seconds=begin.end_second + round(days * SECONDS_PER_DAY))
    whole = begin == Boundary.of_day(begin.day) and days == round(days)
    end = (until - timedelta(days=1)).date() if whole else until
    boundary(f"{name}={value!r} and {days:g} days", end)
    return end


def time_ratio(occasion: Occasion, time_unit: TimeUnit) -> tuple[float, float]:
    """Return the two whole numbers that turn a difference of periods into time.

    Parameters
    ----------
    occasion : {"row", "D", "W", "M"}
        Kind of period; a ``"row"`` period is a second.
    time_unit : {"h", "D", "W", "M", "Y"}
        Unit of the result.

    Returns
    -------
    times, over : float
        ``time = periods * times / over``.

    Examples
    --------
    >>> time_ratio("D", "W"), time_ratio("M", "Y"), time_ratio("W", "D")
    ((1.0, 7.0), (1.0, 12.0), (7.0, 1.0))
    """
    ratio = Fraction(_SECONDS[occasion], _SECONDS[time_unit])
    return float(ratio.numerator), float(ratio.denominator)


def periods_of_days(days: IntArray, occasion: Occasion) -> IntArray:
    """Return the periods that days since 1970 fall into.

    Parameters
    ----------
    days : ndarray of int64
        Day numbers.
    occasion : {"D", "W", "M"}
        Calendar days, weeks that begin on Monday, or calendar months.

    Returns
    -------
    ndarray of int64
        Period numbers.

    Examples
    --------
    >>> periods_of_days(np.array([0, 3, 4, 31]), "W")
    array([0, 0, 1, 4])
    """
    if occasion == "W":
        return (days + 3) // 7
    if occasion == "M":
        return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return days


def day_number(moment: nw.Expr) -> nw.Expr:
    """Return days since 1970 of a date or datetime expression between 1900 and 2140.

    Only year and day of the year are asked of the engine. Leap years are counted without whole divisions, which some
    engines spell out at length: every fourth year is one, but for 14 centuries before 1900, for 1900 and for 2100.
    """
    year = moment.dt.year().cast(nw.Int64)
    fourth = ((year - 1) * 0.25).floor().cast(nw.Int64)
    left_out = (
        nw.when(year > 2100).then(nw.lit(16)).otherwise(nw.when(year > 1900).then(nw.lit(15)).otherwise(nw.lit(14)))
    )
    return (year - 1) * 365 + fourth - left_out + moment.dt.ordinal_day().cast(nw.Int64) - 719_163


def second_number(moment: nw.Expr, *, has_time: bool) -> nw.Expr:
    """Return seconds since 1970 of a date or datetime expression."""
    seconds = day_number(moment) * SECONDS_PER_DAY
    if not has_time:
        return seconds
    hours, minutes = moment.dt.hour().cast(nw.Int64), moment.dt.minute().cast(nw.Int64)
    return seconds + hours * 3_600 + minutes * 60 + moment.dt.second().cast(nw.Int64)


def period_number(moment: nw.Expr, occasion: Occasion, *, has_time: bool) -> nw.Expr:
    """Return the period that a date or datetime expression falls into."""
    if occasion == "row":
        return second_number(moment, has_time=has_time)
    if occasion == "M":
        return (moment.dt.year().cast(nw.Int64) - 1970) * 12 + moment.dt.month().cast(nw.Int64) - 1
    if occasion == "W":
        return (day_number(moment) + 3 + 7 * _WEEKS_BACK) // 7 - _WEEKS_BACK
    return day_number(moment)


def days_of_times(times: nw.Expr, unit: TimeUnit) -> nw.Expr:
    """Return times in days, as :func:`~evergreen.durations.times_in_days` does for arrays."""
    seconds = (times * seconds_in(unit) + 0.5).floor()
    return seconds / (seconds * 0.0 + SECONDS_PER_DAY)  # by a scalar, polars multiplies with its rounded reciprocal


def text_is_date(text: nw.Expr) -> nw.Expr:
    """Return whether ISO text names a day of the calendar and a time of the day; null for null."""
    shaped = text.str.contains(_WHOLE_TEXT)
    safe = nw.when(shaped).then(text).otherwise(nw.lit("1970-01-01"))
    year, month, day = _number(safe, 0, 4), _number(safe, 5, 2), _number(safe, 8, 2)
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    february = nw.when(leap).then(nw.lit(29)).otherwise(nw.lit(28))
    short = nw.when(month.is_in([4, 6, 9, 11])).then(nw.lit(30)).otherwise(nw.lit(31))
    length = nw.when(month == 2).then(february).otherwise(short)
    full = full_time_text(safe)
    in_day = (_number(full, 11, 2) < 24) & (_number(full, 14, 2) < 60) & (_number(full, 17, 2) < 60)
    return shaped & (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= length) & in_day


def full_time_text(text: nw.Expr) -> nw.Expr:
    """Return ISO date or time text as ``YYYY-MM-DD HH:MM:SS``."""
    length = text.str.len_chars()
    minute = nw.when(length >= 16).then(text.str.slice(11, 5)).otherwise(nw.lit("00:00"))
    second = nw.when(length >= 19).then(text.str.slice(17, 2)).otherwise(nw.lit("00"))
    clock = nw.concat_str([minute, second], separator=":")
    return nw.concat_str([text.str.slice(0, 10), clock], separator=" ")


def moments_of_text(texts: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], list[Any]]:
    """Return times (datetime64[s]) of ISO texts, and those texts that are no dates (NaT among the times)."""
    pattern = re.compile(ISO_TEXT)
    times = np.full(len(texts), "NaT", "datetime64[s]")
    wrong: list[Any] = []
    for place, text in enumerate(texts):  # distinct texts, not rows
        try:
            times[place] = _parsed(pattern, text)
        except ValueError:
            wrong.append(text)
    return times, wrong


def _number(text: nw.Expr, start: int, length: int) -> nw.Expr:
    return text.str.slice(start, length).cast(nw.Int64)


def _parsed(pattern: re.Pattern[str], text: Any) -> datetime:
    if not isinstance(text, str) or pattern.match(text) is None or text.endswith("\n"):
        raise ValueError(text)
    return datetime.fromisoformat(text[:19])


def _from_text(name: str, text: str) -> date | datetime:
    try:
        moment = _parsed(re.compile(ISO_TEXT), text)
    except ValueError:
        raise InvalidInputError(
            f"{name}={text!r} is not an ISO date: write it as '2024-12-31' or '2024-12-31 18:30'."
        ) from None
    return moment if len(text) > 10 else moment.date()


def _from_numpy(name: str, value: np.datetime64) -> date | datetime:
    if np.isnat(value):
        raise InvalidInputError(f"{name}={value!r} is missing.")
    unit, _ = np.datetime_data(value.dtype)
    days = value.astype("datetime64[D]").astype(np.int64)
    if not FIRST_DAY <= days <= LAST_DAY:
        raise InvalidInputError(f"{name}={value!r} lies outside 1900-01-01 to 2140-12-31.")
    if unit in ("Y", "M", "W", "D"):
        return (_EPOCH + timedelta(days=int(days))).date()
    return _EPOCH + timedelta(seconds=int(value.astype("datetime64[s]").astype(np.int64)))
