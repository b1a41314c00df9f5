"""Several dates of observation, as whole numbers, and the values of rungs in the same whole numbers."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames.audit import MoneyScale
from evergreen.frames.periods import Boundary, Moment, boundary, time_ratio
from evergreen.models.rungs import HISTORY_COLUMNS, Rungs
from evergreen.typing import IntArray, Occasion

_EVERY: Final = re.compile(r"\s*(?P<number>\d+)\s*(?P<unit>[DWMY])\s*")
_MOST_DATES: Final = 1_000
_LIMIT: Final = 2.0**53


@dataclass(frozen=True, slots=True, eq=False)
class Instants:
    """Dates of observation in ascending order; arrays of shape (dates,).

    Parameters
    ----------
    occasion : {"row", "D", "W", "M"}
        What a period is.
    ends : tuple of Boundary
        The dates.
    last : ndarray of int64
        The last day (or second) that each date knows of.
    period : ndarray of int64
        The period (or second) that ends each observation.
    """

    occasion: Occasion
    ends: tuple[Boundary, ...]
    last: IntArray
    period: IntArray

    @classmethod
    def of(cls, moments: Iterable[Moment], occasion: Occasion) -> Instants:
        """Return given dates as whole numbers.

        Raises
        ------
        InputTypeError, InvalidInputError
            If they are no dates, fewer than two, or not in ascending order.

        Examples
        --------
        >>> Instants.of(["1970-01-02", "1970-01-31"], "D").last
        array([ 1, 30])
        """
        given: Any = moments
        if isinstance(given, (str, date, np.datetime64)) or not isinstance(given, Iterable):
            raise InputTypeError.kind("at", given, "a sequence of dates, such as ['2024-06-30', '2024-12-31']")
        ends = tuple(boundary(f"at[{place}]", moment) for place, moment in enumerate(given))
        last = np.array([end.last(occasion) for end in ends], np.int64)
        if len(ends) < 2 or (np.diff(last) <= 0).any():
            told = ", ".join(str(end.moment(occasion)) for end in ends[:5])
            raise InvalidInputError(f"at must be at least two dates in ascending order, got {told or 'none'}.")
        return cls(occasion, ends, last, np.array([end.period(occasion) for end in ends], np.int64))

    @property
    def moments(self) -> tuple[date | datetime, ...]:
        """The dates as a user reads them."""
        return tuple(end.moment(self.occasion) for end in self.ends)

    def place(self, when: IntArray) -> IntArray:
        """Return for days (or seconds) the first date that knows of each."""
        if self.occasion == "row" or not len(when):
            return np.searchsorted(self.last, when)
        low = int(when.min())
        return np.searchsorted(self.last, np.arange(low, int(when.max()) + 1))[when - low]

    def whole_cuts(self, rungs: Rungs, scale: MoneyScale) -> dict[str, IntArray]:
        """Return the cuts of rungs in occasions, periods and whole money.

        Parameters
        ----------
        rungs : Rungs
            The rungs.
        scale : MoneyScale
            How money was made whole.

        Returns
        -------
        dict of str to ndarray of int64
            For each cut the least whole number that reaches it; 2**53 at most, which no sum reaches.

        Raises
        ------
        InvalidInputError
            If rungs look at columns that a log does not tell.
        """
        others = [column for column in rungs.columns if column not in HISTORY_COLUMNS]
        if others:
            raise InvalidInputError(
                f"These rungs look at {', '.join(others)}, and a log tells of past dates only "
                f"{', '.join(HISTORY_COLUMNS)}: use rungs of these for movement."
            )
        days = time_ratio(self.occasion, "D")
        ratio = {"orders": (1.0, 1.0), "total_value": (scale.up, scale.down)}
        return {
            column: np.array([_least(cut, *ratio.get(column, days)) for cut in cuts.tolist()], np.int64)
            for column, cuts in rungs.cuts.items()
        }


def regular_dates(every: str, start: Moment, end: Moment) -> list[date]:
    """Return dates at regular distances, from a start up to an end.

    Parameters
    ----------
    every : str
        A whole number of days, weeks, calendar months or calendar years, such as ``"1M"``. Months and years end on the
        day of the start, or on the last one of a shorter month: from January 31 to February 29 to March 31.
    start, end : str, date, datetime or numpy.datetime64
        The first date, and the latest that may be.

    Returns
    -------
    list of datetime.date

    Raises
    ------
    InputTypeError, InvalidInputError
        If the distance cannot be read, or there are fewer than two dates, or more than a thousand.

    Examples
    --------
    >>> [str(day) for day in regular_dates("1M", "2024-01-31", "2024-04-15")]
    ['2024-01-31', '2024-02-29', '2024-03-31']
    """
    if not isinstance(every, str):
        raise InputTypeError.kind("every", every, "text with a whole number and a unit, such as '1M'")
    match = _EVERY.fullmatch(every)
    step = 0 if match is None else int(match["number"])
    if match is None or not step:
        raise InvalidInputError(f"every={every!r} must be a whole number of D, W, M or Y, such as '1M' or '4W'.")
    first, last = (_day(name, moment) for name, moment in (("start", start), ("end", end)))
    dates: list[date] = []
    while len(dates) <= _MOST_DATES:
        reached = _after(first, step * len(dates), match["unit"])
        if reached is None or reached > last:
            break
        dates.append(reached)
    if not 2 <= len(dates) <= _MOST_DATES:
        many = "fewer than two" if len(dates) < 2 else f"more than {_MOST_DATES:,}"
        raise InvalidInputError(f"every={every!r} from {first} to {last} gives {many} dates: choose another.")
    return dates


def _day(name: str, moment: Moment) -> date:
    found = boundary(name, moment).moment("D")
    return found.date() if isinstance(found, datetime) else found


def _after(first: date, steps: int, unit: str) -> date | None:
    """Return the date some days, weeks, months or years later; None beyond the calendar."""
    if unit in "DW":
        days = steps * (7 if unit == "W" else 1)
        return first + timedelta(days=days) if days < (date.max - first).days else None
    year, month = divmod(first.year * 12 + first.month - 1 + steps * (12 if unit == "Y" else 1), 12)
    if year > date.max.year:
        return None
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


def _least(cut: float, times: float, over: float) -> int:
    """Return the least whole number n with ``n * times / over >= cut``, or a limit that no sum is beyond."""
    wanted = cut * over / times
    if abs(wanted) >= _LIMIT:
        return int(math.copysign(_LIMIT, wanted))
    number = math.ceil(wanted)
    while (number - 1) * times / over >= cut:
        number -= 1
    while number * times / over < cut:
        number += 1
    return number
