"""Customers by period of the calendar in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self, final

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames.arrays import LogArrays, audited, count_orders, whole_money
from evergreen.frames.audit import MoneyScale
from evergreen.frames.calendar import Calendar
from evergreen.frames.period_sums import (
    BACK,
    COUNTS,
    KEPT,
    LOST,
    NEW,
    REFUNDED,
    CohortCells,
    PairSums,
    PeriodBuyers,
    PeriodLog,
)
from evergreen.frames.periods import Boundary
from evergreen.frames.reading import Reading
from evergreen.frames.visits import Visits
from evergreen.typing import FloatArray, IntArray, Period


@final
@dataclass(frozen=True, slots=True, eq=False)
class ArrayPeriods:
    """Customers by period in memory: arrays of shape (k,), in ascending order of customer and period.

    Parameters
    ----------
    customer : ndarray of int64
        Codes of the customers.
    cohort, period : ndarray of int64
        Places of the first purchase and of what is told.
    occasions, orders, spent, net : ndarray of int64
        What was done.
    segments : tuple of str or int
        The segments, if they were asked for.
    segment : ndarray of int64, optional
        Their places.
    """

    customer: IntArray
    cohort: IntArray
    period: IntArray
    occasions: IntArray
    orders: IntArray
    spent: IntArray
    net: IntArray
    segments: tuple[Any, ...] = ()
    segment: IntArray | None = None

    def cells(self, periods: int) -> CohortCells:
        """Return the sums by cohort and period."""
        place = self.cohort * periods + self.period
        weights = [self.occasions > 0, *(getattr(self, name) for name in COUNTS)]
        return CohortCells(*(_summed(place, weight, periods**2).reshape(periods, periods) for weight in weights))

    def buyers(self, period: int) -> PeriodBuyers:
        """Return those who bought in a period."""
        there = (self.period == period) & (self.occasions > 0)
        orders, net = self.orders[there], self.net[there]
        order = np.lexsort((orders, net))
        orders, net = orders[order], net[order]
        fresh = np.ones(len(net), np.bool_)
        fresh[1:] = (net[1:] != net[:-1]) | (orders[1:] != orders[:-1])
        start = np.flatnonzero(fresh)
        return PeriodBuyers(orders[start], net[start], np.diff(start, append=len(net)))

    def pair(self, before: int, after: int) -> PairSums:
        """Return what became of the customers of two periods."""
        wanted = np.flatnonzero((self.period == before) | (self.period == after))
        customer = self.customer[wanted]
        fresh = np.ones(len(customer), np.bool_)
        fresh[1:] = customer[1:] != customer[:-1]
        place = np.cumsum(fresh) - 1
        size = int(fresh.sum())
        late = self.period[wanted] == after
        sides = [
            [_summed(place[side], column[wanted][side], size) for side in (~late, late)]
            for column in (self.occasions, self.orders, self.net)
        ]
        first, last = (occasions > 0 for occasions in sides[0])
        recent = self.cohort[wanted][fresh] > before
        state = np.select([first & last, first, last & recent, last], [KEPT, LOST, NEW, BACK], REFUNDED)
        orders, net = (np.stack([_summed(state, part, 5) for part in parts]) for parts in sides[1:])
        return PairSums(np.bincount(state, minlength=5), orders, net)

    def of_segment(self, name: Any) -> Self:
        """Return what the customers of one segment did."""
        there = np.flatnonzero(self.segment == self.segments.index(name))
        names = ("customer", "cohort", "period", *COUNTS)
        return replace(self, **{name: getattr(self, name)[there] for name in names}, segments=(), segment=None)

    def persist(self) -> Self:
        """Return it as it is."""
        return self

    def unpersist(self) -> None:
        """Do nothing: the rows are in memory."""


def periods_of_arrays(log: LogArrays, reading: Reading, period: Period) -> tuple[PeriodLog, ArrayPeriods]:
    """Read a log in memory."""
    audit, log = audited(log, reading)
    audit.check(reading)
    calendar = Calendar(period, audit.first, (reading.end or Boundary.of_day(audit.last)).day)
    scale = audit.scale(reading.occasion)
    purchases = log.take(_amounts(log) >= 0) if audit.refunds else log
    days = Visits.of(purchases.code, log.customers, purchases.when, audit.first, audit.last)
    place_of_day = calendar.numbers_of_days(np.arange(audit.first, audit.last + 1)) - calendar.first
    cohort = np.full(log.customers, -1, np.int64)
    cohort[days.code] = place_of_day[days.begun - audit.first]
    dropped = audit.dropped
    if audit.refunds:
        known = cohort[log.code] >= 0
        alone = log.code[~known]
        dropped = replace(dropped, refund_only=len(alone), refund_only_customers=len(np.unique(alone)))
        if not known.any():
            raise InvalidInputError(f"Nothing of the log is left: {dropped}.")
        log = log.take(known)
    visited = days.customer.astype(np.int64) * calendar.count + place_of_day[days.place]
    key = log.code * calendar.count + place_of_day[log.when - audit.first]
    rows = _array_periods(log, key, visited, cohort, calendar.count, scale)
    return PeriodLog(rows, calendar, dropped, scale), rows


def _array_periods(
    log: LogArrays, key: IntArray, visited: IntArray, cohort: IntArray, span: int, scale: MoneyScale
) -> ArrayPeriods:
    """Add up rows, and days with a purchase, by their customer and period, which are ``key`` and ``visited``."""
    amount = _amounts(log)
    whole, bought = whole_money(amount, scale), amount >= 0
    refunds = not bought.all()
    keys = visited[np.flatnonzero(np.diff(visited, prepend=-1))]
    if refunds:
        keys = np.union1d(keys, key[~bought]).astype(np.int64)
    room = log.customers * span
    place = _places(key, keys, room)
    occasions = _summed(_places(visited, keys, room), None, len(keys))
    net = _summed(place, whole, len(keys))
    spent = _summed(place, np.where(bought, whole, 0.0), len(keys)) if refunds else net
    orders = occasions
    if log.order is not None:
        orders = count_orders(LogArrays(place[bought], len(keys), log.when, None, None), log.order[bought])
    customer = keys // span
    return ArrayPeriods(customer, cohort[customer], keys - customer * span, occasions, orders, spent, net)


def _amounts(log: LogArrays) -> FloatArray:
    """Return the amounts of a log, 0 where it has none."""
    return np.zeros(len(log.code)) if log.amount is None else log.amount


def _places(key: IntArray, keys: IntArray, span: int) -> IntArray:
    """Return the places of keys among distinct ordered ones, by a table where there is room for it."""
    if span > 8 * len(key):
        return np.searchsorted(keys, key)
    table = np.zeros(span, np.int64)
    table[keys] = np.arange(len(keys))
    return table[key]


def _summed(place: IntArray, weight: Any, size: int) -> IntArray:
    """Return exact sums of whole numbers by place; counts without a weight."""
    return np.bincount(place, weight, size).astype(np.int64)
