"""What each customer did in each period of the calendar, beside the period in which he first bought.

Rows become (customer, period) with counts and whole money. From these come small tables, the same whole numbers on
every engine; of a lazy log nothing else is collected.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, Self, final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames.arrays import LogArrays, audited, count_orders, whole_money
from evergreen.frames.audit import Dropped, MoneyScale
from evergreen.frames.calendar import Calendar, calendar_number
from evergreen.frames.engines import kept
from evergreen.frames.logs import open_checked
from evergreen.frames.pandas_log import read_pandas
from evergreen.frames.periods import Boundary
from evergreen.frames.reading import Reading
from evergreen.frames.transactions import (
    DATE,
    ID,
    ORDER,
    WHEN,
    OpenedLog,
    as_int64,
    audit_log,
    open_log,
    with_whole_money,
)
from evergreen.frames.visits import Visits
from evergreen.typing import FloatArray, IntArray, Period

_PERIOD = "evergreen_period"
_COHORT = "evergreen_cohort"
_STATE = "evergreen_state"
_COUNTS = ("occasions", "orders", "spent", "net")

KEPT, LOST, NEW, BACK, REFUNDED = range(5)
"""What became of a customer between two periods: bought in both; in the earlier alone; in the later alone, for the
first time since the earlier or again; or in neither, so that all that is left are refunds."""


@dataclass(frozen=True, slots=True, eq=False)
class CohortCells:
    """Sums by the period of the first purchase (rows) and the period of the calendar (columns), of shape (p, p).

    Parameters
    ----------
    customers : ndarray of int64
        Who bought in the period.
    occasions, orders : ndarray of int64
        Days with a purchase, and orders.
    spent, net : ndarray of int64
        Whole money before and after refunds; a refund may come before the first purchase.
    """

    customers: IntArray
    occasions: IntArray
    orders: IntArray
    spent: IntArray
    net: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class PeriodBuyers:
    """Who bought in one period, by what they did; arrays of shape (m,), in ascending order of money and orders.

    Parameters
    ----------
    orders : ndarray of int64
        Orders of each of them in the period.
    net : ndarray of int64
        Whole money of each of them, after refunds.
    count : ndarray of int64
        How many customers are alike.
    """

    orders: IntArray
    net: IntArray
    count: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class PairSums:
    """What became of the customers of two periods; arrays of shape (5,) in the order KEPT to REFUNDED.

    Parameters
    ----------
    customers : ndarray of int64
        How many they are.
    orders, net : ndarray of int64, shape (2, 5)
        Their orders and whole money in the earlier and the later period.
    """

    customers: IntArray
    orders: IntArray
    net: IntArray


class CustomerPeriods(Protocol):
    """What every customer did in every period."""

    def cells(self, periods: int) -> CohortCells:
        """Return the sums by cohort and period."""
        ...

    def buyers(self, period: int) -> PeriodBuyers:
        """Return those who bought in a period."""
        ...

    def pair(self, before: int, after: int) -> PairSums:
        """Return what became of the customers of two periods."""
        ...

    def persist(self) -> Self:
        """Return the same, computed once."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PeriodLog:
    """A log by customer and period.

    Parameters
    ----------
    rows : CustomerPeriods
        What every customer did in every period.
    calendar : Calendar
        The periods.
    dropped : Dropped
        What was left out.
    scale : MoneyScale
        How money was made whole.
    """

    rows: CustomerPeriods
    calendar: Calendar
    dropped: Dropped
    scale: MoneyScale


def read_periods(log: Any, reading: Reading, period: Period) -> PeriodLog:
    """Read a log by customer and period.

    Parameters
    ----------
    log : frame
        The rows, of any kind; not changed.
    reading : Reading
        How to read them: with money, by days.
    period : {"M", "Q", "Y"}
        Months, quarters or years.

    Returns
    -------
    PeriodLog
        Customers with at least one purchase.

    Raises
    ------
    InvalidInputError
        If nothing is left.
    """
    opened = open_checked(log, reading)
    if nw.dependencies.is_pandas_dataframe(log):
        rows, _ = read_pandas(log, reading)
        return _periods_of_arrays(rows, reading, period)
    return _periods_of_frame(open_log(opened, reading), period, in_memory=isinstance(opened, nw.DataFrame))


# ------------------------------------------------------------------------------------------- in memory


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
    """

    customer: IntArray
    cohort: IntArray
    period: IntArray
    occasions: IntArray
    orders: IntArray
    spent: IntArray
    net: IntArray

    def cells(self, periods: int) -> CohortCells:
        """Return the sums by cohort and period."""
        place = self.cohort * periods + self.period
        weights = [self.occasions > 0, *(getattr(self, name) for name in _COUNTS)]
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

    def persist(self) -> Self:
        """Return it as it is."""
        return self


def _periods_of_arrays(log: LogArrays, reading: Reading, period: Period) -> PeriodLog:
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
    return PeriodLog(rows, calendar, dropped, scale)


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


# -------------------------------------------------------------------------------------------- in engines


@final
@dataclass(frozen=True, slots=True, eq=False)
class LazyPeriods:
    """Customers by period in an engine.

    Parameters
    ----------
    frame : narwhals LazyFrame
        One row per customer and period: the id, places of the first purchase and of the period, and what was done.
    """

    frame: nw.LazyFrame[Any]

    def cells(self, periods: int) -> CohortCells:
        """Return the sums by cohort and period."""
        buys = _when(nw.col("occasions") > 0, nw.lit(1)).alias("customers")
        sums = ["customers", *_COUNTS]
        found = self.frame.with_columns(buys).group_by(_COHORT, _PERIOD).agg(*(nw.col(name).sum() for name in sums))
        place, period, *columns = _whole_columns(found, _COHORT, _PERIOD, *sums)
        tables = []
        for column in columns:
            table = np.zeros((periods, periods), np.int64)
            table[place, period] = column
            tables.append(table)
        return CohortCells(*tables)

    def buyers(self, period: int) -> PeriodBuyers:
        """Return those who bought in a period."""
        there = self.frame.filter((nw.col(_PERIOD) == period) & (nw.col("occasions") > 0))
        alike = there.group_by("net", "orders").agg(nw.len().alias("count"))
        net, orders, count = _whole_columns(alike, "net", "orders", "count")
        return PeriodBuyers(orders, net, count)

    def pair(self, before: int, after: int) -> PairSums:
        """Return what became of the customers of two periods."""
        wanted = ("occasions", "orders", "net")
        sides = {
            f"{name}_{side}": _when(nw.col(_PERIOD) == place, nw.col(name))
            for side, place in enumerate((before, after))
            for name in wanted
        }
        rows = self.frame.filter((nw.col(_PERIOD) == before) | (nw.col(_PERIOD) == after))
        sums = [nw.col(name).sum() for name in sides]
        customers = (
            rows.with_columns(*(value.alias(name) for name, value in sides.items()))
            .group_by(ID)
            .agg(nw.col(_COHORT).min(), *sums)
        )
        first, last = nw.col("occasions_0") > 0, nw.col("occasions_1") > 0
        came = _when(nw.col(_COHORT) > before, nw.lit(NEW), nw.lit(BACK))
        later = nw.when(last).then(came).otherwise(nw.lit(REFUNDED))
        earlier = nw.when(last).then(nw.lit(KEPT)).otherwise(nw.lit(LOST))
        state = nw.when(first).then(earlier).otherwise(later).alias(_STATE)
        totals = [name for name in sides if not name.startswith("occasions")]
        states = customers.with_columns(state).group_by(_STATE)
        found = states.agg(nw.len().alias("customers"), *(nw.col(name).sum() for name in totals))
        place, *columns = _whole_columns(found, _STATE, "customers", *totals)
        customers_of, *parts = (_summed(place, column, 5) for column in columns)
        return PairSums(customers_of, np.stack(parts[0::2]), np.stack(parts[1::2]))

    def persist(self) -> Self:
        """Return the same, computed once and kept by the engine."""
        frame = kept(self.frame)
        return replace(self, frame=frame.lazy())


def _periods_of_frame(log: OpenedLog, period: Period, *, in_memory: bool) -> PeriodLog:
    """Read a log through narwhals; rows of a frame in memory are computed now."""
    reading = log.reading
    audit, rows = audit_log(log)
    audit.check(reading)
    end = reading.end or Boundary.of_day(audit.last)
    calendar = Calendar(period, audit.first, end.day)
    scale = audit.scale(reading.occasion)
    rows, sums = with_whole_money(rows, reading, audit, scale)
    rows = rows.with_columns((calendar_number(nw.col(DATE), period) - calendar.first).alias(_PERIOD))
    by_period = _by_period(rows, sums, named=reading.columns.order is not None)
    first = nw.when(nw.col("occasions") > 0).then(nw.col(_PERIOD)).alias(_COHORT)
    customers = by_period.with_columns(first).group_by(ID).agg(nw.col(_COHORT).min(), nw.col("rows").sum())
    dropped = audit.dropped
    if audit.refunds:
        alone = customers.filter(nw.col(_COHORT).is_null())
        count, lost = _whole_columns(
            alone.select(nw.len().alias("customers"), nw.col("rows").sum()), "customers", "rows"
        )
        dropped = replace(dropped, refund_only=int(lost[0]), refund_only_customers=int(count[0]))
        if not dropped.kept:
            raise InvalidInputError(f"Nothing of the log is left: {dropped}.")
        customers = customers.filter(~nw.col(_COHORT).is_null())
    frame = by_period.join(customers.select(ID, _COHORT), on=ID, how="inner")
    frame = as_int64(frame.select(ID, _COHORT, _PERIOD, *_COUNTS), [_COHORT, _PERIOD, *_COUNTS])
    if in_memory:
        frame = frame.collect().lazy()
    return PeriodLog(LazyPeriods(frame), calendar, dropped, scale)


def _by_period(rows: nw.LazyFrame[Any], sums: list[str], *, named: bool) -> nw.LazyFrame[Any]:
    """Group rows to (customer, period): occasions, orders, money before and after refunds, and rows."""
    refunds = "net" in sums
    rows = rows if refunds else rows.with_columns(nw.lit(1).alias("rows"))
    totals = [nw.col(name).sum() for name in (*sums, *(() if refunds else ("rows",)))]
    days = rows.group_by(ID, _PERIOD, WHEN).agg(*totals)
    bought = _when(nw.col("bought") > 0, nw.lit(1)) if refunds else nw.lit(1)
    days = days.with_columns(bought.alias("occasions"))
    wanted = ["occasions", "spent", *(["net"] if refunds else []), "rows"]
    by_period = as_int64(days.group_by(ID, _PERIOD).agg(*(nw.col(name).sum() for name in wanted)), wanted)
    if not refunds:
        by_period = by_period.with_columns(nw.col("spent").alias("net"))
    if not named:
        return by_period.with_columns(nw.col("occasions").alias("orders"))
    purchases = rows.filter(nw.col("bought") > 0) if refunds else rows
    orders = purchases.group_by(ID, _PERIOD, ORDER).agg(nw.len().alias("orders"))
    one = nw.when(nw.col(ORDER).is_null()).then(nw.col("orders")).otherwise(nw.lit(1))
    counted = orders.with_columns(one.alias("orders")).group_by(ID, _PERIOD).agg(nw.col("orders").sum())
    joined = by_period.join(as_int64(counted, ["orders"]), on=[ID, _PERIOD], how="left")
    return joined.with_columns(nw.col("orders").fill_null(0))


def _when(condition: nw.Expr, value: nw.Expr, otherwise: nw.Expr | None = None) -> nw.Expr:
    return nw.when(condition).then(value).otherwise(nw.lit(0) if otherwise is None else otherwise)


def _whole_columns(frame: nw.LazyFrame[Any], *names: str) -> list[IntArray]:
    """Return the columns of a small table as whole numbers, in ascending order of the first two."""
    whole = frame.select(*(nw.col(name).fill_null(0).cast(nw.Int64).alias(name) for name in names))
    found = whole.collect().sort(*names[:2])
    return [found.get_column(name).to_numpy().astype(np.int64) for name in names]
