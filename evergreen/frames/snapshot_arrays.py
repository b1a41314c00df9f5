"""Where the customers of a log in memory stood at several dates: one sort, then sums along the dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames.arrays import LogArrays, audited, whole_money, without_refund_only
from evergreen.frames.audit import Dropped, MoneyScale
from evergreen.frames.instants import Instants
from evergreen.frames.periods import periods_of_days
from evergreen.frames.reading import Reading
from evergreen.frames.visits import Visits
from evergreen.models.rungs import Rungs
from evergreen.typing import FloatArray, IntArray

UNKNOWN: Final = -1
"""The number of the rung before, where none was seen."""

_AT_ONCE: Final = 1 << 17  # customers times dates whose numbers stay in the cache of a processor
_IN_MEMORY: Final = 1 << 24  # customers times dates whose money is held at once


def moves_of_arrays(log: LogArrays, reading: Reading, instants: Instants, rungs: Rungs) -> tuple[IntArray, Dropped]:
    """Count the customers of a log by their rung at each date and at the next.

    Parameters
    ----------
    log : LogArrays
        The rows.
    reading : Reading
        How to read them; ``reading.end`` is the last date.
    instants : Instants
        The dates.
    rungs : Rungs
        The rungs, on columns that a log tells.

    Returns
    -------
    counts : ndarray of int64, shape (dates - 1, k + 1, k + 1)
        Customers by their rung before (rows) and after; 0 is not yet there.
    dropped : Dropped
        What was left out.

    Raises
    ------
    InvalidInputError
        If nothing is left.
    """
    _, dropped, numbers = _rung_numbers(log, reading, instants, rungs)
    states, periods = len(rungs.names) + 1, len(instants.last) - 1
    counts = np.zeros(periods * states**2, np.int64)
    for number in numbers:
        keys = (np.arange(periods) * states + number[:, :-1]) * states + number[:, 1:]
        counts += np.bincount(keys.ravel(), minlength=len(counts))
    return counts.reshape(periods, states, states), dropped


def standing_of_arrays(
    log: LogArrays, reading: Reading, instants: Instants, rungs: Rungs
) -> tuple[IntArray, dict[str, IntArray], Dropped]:
    """Return where each customer of a log stands at the last date, since when, and where he stood before.

    Parameters
    ----------
    log, reading, instants, rungs
        As for :func:`moves_of_arrays`.

    Returns
    -------
    code : ndarray of int64, shape (c,)
        The customers.
    columns : dict of str to ndarray of int64, shape (c,)
        ``rung_number``, ``previous_number`` (0 for not yet there, ``UNKNOWN`` if there was no change), and ``since``
        (place of the first date of the stay among the dates).
    dropped : Dropped
        What was left out.
    """
    code, dropped, numbers = _rung_numbers(log, reading, instants, rungs)
    parts = [_last_stay(number) for number in numbers]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return code, dict(zip(("rung_number", "previous_number", "since"), columns, strict=True)), dropped


def _last_stay(number: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return the last number of each row, the one before it, and where the last ones begin; shape (n, dates)."""
    changed = number[:, ::-1] != number[:, -1:]
    moved = changed.any(axis=1)
    since = np.where(moved, number.shape[1] - changed.argmax(axis=1), 0)
    before = number[np.arange(len(number)), np.maximum(since - 1, 0)]
    return number[:, -1], np.where(moved, before, UNKNOWN), since


def _rung_numbers(
    log: LogArrays, reading: Reading, instants: Instants, rungs: Rungs
) -> tuple[IntArray, Dropped, Iterator[IntArray]]:
    """Return the customers, what was left out, and the numbers of their rungs at all dates, a few at a time."""
    audit, kept = audited(log, reading)
    audit.check(reading)
    scale = MoneyScale() if kept.amount is None else audit.scale(reading.occasion)
    bought = kept.take(kept.amount >= 0) if audit.refunds and kept.amount is not None else kept
    by_row = reading.occasion == "row"
    visits = Visits.of(bought.code, bought.customers, bought.when, audit.first, audit.last, distinct=not by_row)
    dropped = without_refund_only(audit, kept, visits.code)
    if not len(visits.start):
        raise InvalidInputError(f"Nothing of the log is left: {dropped}.")
    cuts = instants.whole_cuts(rungs, scale)
    money = None
    if kept.amount is not None and "total_value" in rungs.columns:
        money = _Money.of(kept, kept.amount, visits, instants, scale)
    numbers = (
        np.where(part.seen > 0, rungs.number({name: part.column(name) for name in rungs.columns}, cuts), 0)
        for part in _parts(visits, instants, money)
    )
    return visits.code, dropped, numbers


@dataclass(frozen=True, slots=True, eq=False)
class _Money:
    """Whole money of rows, by customer times dates plus the first date that knows of it."""

    key: IntArray
    whole: FloatArray
    dates: int

    @classmethod
    def of(cls, log: LogArrays, amount: FloatArray, visits: Visits, instants: Instants, scale: MoneyScale) -> Self:
        dates = len(instants.last)
        begin = np.full(log.customers, -dates, np.int64)
        begin[visits.code] = np.arange(len(visits.start)) * dates
        return cls(begin[log.code] + instants.place(log.when), whole_money(amount, scale), dates)

    def by_customer(self, begin: int, stop: int) -> FloatArray:
        """Return the money of some customers that each date is the first to know of, shape (n, dates)."""
        low, size = begin * self.dates, (stop - begin) * self.dates
        inside = (self.key >= low) & (self.key < low + size)
        key, whole = (self.key, self.whole) if inside.all() else (self.key[inside], self.whole[inside])
        return np.asarray(np.bincount(key - low, whole, size), np.float64).reshape(-1, self.dates)


def _parts(visits: Visits, instants: Instants, money: _Money | None) -> Iterator[_Part]:
    """Return all customers, a few at a time; their money is brought together for more of them at once."""
    customers, dates = len(visits.start), len(instants.last)
    many, few = (max(1, cells // dates) for cells in (_IN_MEMORY, _AT_ONCE))
    for first in range(0, customers, many):
        last = min(first + many, customers)
        table = None if money is None else money.by_customer(first, last)
        for begin in range(first, last, few):
            stop = min(begin + few, last)
            yield _Part.of(
                visits, begin, stop, instants, None if table is None else table[begin - first : stop - first]
            )


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Some customers at all dates.

    Attributes
    ----------
    period : ndarray of int64, shape (v,)
        The periods of their days (or seconds) with a purchase, ascending for each customer.
    start : ndarray of int64, shape (n,)
        Where each customer begins.
    at : ndarray of int64, shape (v,)
        Customer times dates, plus the first date that knows of the purchase.
    seen : ndarray of int64, shape (n, dates)
        Days (or seconds) with a purchase so far.
    money : ndarray of float64, shape (n, dates), optional
        Whole money that each date is the first to know of.
    instants : Instants
        The dates.
    """

    period: IntArray
    start: IntArray
    at: IntArray
    seen: IntArray
    money: FloatArray | None
    instants: Instants

    @classmethod
    def of(cls, visits: Visits, begin: int, stop: int, instants: Instants, money: FloatArray | None) -> Self:
        bounds = visits.start[begin : stop + 1]
        low, start = int(bounds[0]), visits.start[begin:stop] - bounds[0]
        high = int(bounds[-1]) if len(bounds) > len(start) else len(visits.place)
        when = visits.place[low:high].astype(np.int64) + visits.first
        owner = np.repeat(np.arange(len(start)), np.diff(start, append=len(when)))
        at = owner * len(instants.last) + instants.place(when)
        period = when if instants.occasion == "row" else periods_of_days(when, instants.occasion)
        return cls(period, start, at, _so_far(at, len(start), instants), money, instants)

    def column(self, name: str) -> np.ndarray[Any, Any]:
        """Return a column at all dates in whole numbers: occasions, periods or money; shape (n, dates)."""
        if name == "orders":
            return self._orders()
        if name == "total_value" and self.money is not None:
            return self.money.cumsum(axis=1)
        if name == "days_since_first":
            return self.instants.period - self.period[self.start][:, None]
        last = self.start[:, None] + np.maximum(self.seen, 1) - 1
        return self.instants.period - self.period[last]

    def _orders(self) -> IntArray:
        if self.instants.occasion in ("row", "D"):
            return self.seen
        fresh = np.ones(len(self.period), np.bool_)
        np.not_equal(self.period[1:], self.period[:-1], out=fresh[1:])
        fresh[self.start] = True
        return _so_far(self.at[fresh], len(self.start), self.instants)


def _so_far(at: IntArray, customers: int, instants: Instants) -> IntArray:
    """Return how many of some events each customer has had up to each date."""
    dates = len(instants.last)
    return np.bincount(at, minlength=customers * dates).reshape(customers, dates).cumsum(axis=1)
