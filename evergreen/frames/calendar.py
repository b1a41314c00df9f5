"""Months, quarters and years that follow one another: their names, their days, and which were seen in part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames.periods import period_number, periods_of_days
from evergreen.typing import BoolArray, IntArray, Period

PERIOD_NAMES: Final[dict[Period, str]] = {"M": "months", "Q": "quarters", "Y": "years"}
"""Each kind of period as a plain word."""

_MONTHS: Final[dict[Period, int]] = {"M": 1, "Q": 3, "Y": 12}
_YEARS_BACK: Final = 100  # engines differ on // of negative numbers


def check_period(period: str) -> Period:
    """Return ``period`` if it is a part of the calendar.

    Raises
    ------
    InvalidInputError
        If it is not.
    """
    for known in _MONTHS:
        if isinstance(period, str) and period == known:
            return known
    raise InvalidInputError.not_allowed("period", period, _MONTHS)


def calendar_number(date: nw.Expr, period: Period) -> nw.Expr:
    """Return the period since 1970 that a date or datetime expression falls into."""
    per = _MONTHS[period]
    months = period_number(date, "M", has_time=False)
    return months if per == 1 else (months + 12 * _YEARS_BACK) // per - 12 * _YEARS_BACK // per


@dataclass(frozen=True, slots=True)
class Calendar:
    """The periods of an observation, in order and without a hole; a place is a number from 0 on.

    Parameters
    ----------
    period : {"M", "Q", "Y"}
        Months, quarters or years.
    first_day, last_day : int
        The first and the last day that were seen, in days since 1970.

    Examples
    --------
    >>> seen = Calendar("Q", 14, 120)
    >>> seen.labels, seen.partial
    (('1970Q1', '1970Q2'), array([ True,  True]))
    """

    period: Period
    first_day: int
    last_day: int

    @property
    def first(self) -> int:
        """The first period, counted since 1970."""
        return int(self.numbers_of_days(np.array([self.first_day]))[0])

    @property
    def count(self) -> int:
        """The number of periods."""
        return int(self.numbers_of_days(np.array([self.last_day]))[0]) - self.first + 1

    @property
    def starts(self) -> np.ndarray[Any, Any]:
        """The first day of each period, and that of the one after them, datetime64[D] of shape (count + 1,)."""
        months = (self.first + np.arange(self.count + 1)) * _MONTHS[self.period]
        return months.astype("datetime64[M]").astype("datetime64[D]")

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each period: ``1997-01``, ``1997Q1`` or ``1997``."""
        months = self.starts[:-1].astype("datetime64[M]")
        texts = [str(month) for month in months]
        if self.period == "M":
            return tuple(texts)
        if self.period == "Y":
            return tuple(text[:4] for text in texts)
        return tuple(f"{text[:4]}Q{(int(text[5:]) + 2) // 3}" for text in texts)

    @property
    def partial(self) -> BoolArray:
        """Whether a period was seen in part only, shape (count,): the observation begins or ends within it."""
        starts = self.starts.astype(np.int64)
        return (starts[:-1] < self.first_day) | (starts[1:] - 1 > self.last_day)

    def numbers_of_days(self, days: IntArray) -> IntArray:
        """Return the period since 1970 of each day."""
        return periods_of_days(days, "M") // _MONTHS[self.period]

    def place(self, name: str, label: str) -> int:
        """Return the place of a period by its name.

        Parameters
        ----------
        name : str
            Name of the argument, for the message.
        label : str
            As in :attr:`labels`.

        Returns
        -------
        int

        Raises
        ------
        InputTypeError, InvalidInputError
            If it is not the name of one of the periods.
        """
        labels = self.labels
        if not isinstance(label, str):
            raise InputTypeError.kind(name, label, f"the name of a period (text such as {labels[0]!r})")
        if label not in labels:
            raise InvalidInputError(f"{name}={label!r} is not one of the periods {labels[0]!r} to {labels[-1]!r}.")
        return labels.index(label)
