"""Customers by period of the calendar in an engine: group-bys, and joins by customer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Self, final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames.calendar import Calendar, calendar_number
from evergreen.frames.keeping import Kept, keep
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
from evergreen.frames.segments import SEGMENT
from evergreen.frames.transactions import DATE, ID, ORDER, WHEN, OpenedLog, as_int64, audit_log, with_whole_money
from evergreen.typing import IntArray, Period

_PERIOD: Final = "evergreen_period"
_COHORT: Final = "evergreen_cohort"
_STATE: Final = "evergreen_state"


@final
@dataclass(frozen=True, slots=True, eq=False)
class LazyPeriods:
    """Customers by period in an engine.

    Parameters
    ----------
    frame : narwhals LazyFrame
        One row per customer and period: the id, places of the first purchase and of the period, and what was done.
    kept : Kept, optional
        The rows, if the engine keeps them.
    """

    frame: nw.LazyFrame[Any]
    kept: Kept | None = None

    def cells(self, periods: int) -> CohortCells:
        """Return the sums by cohort and period."""
        buys = _when(nw.col("occasions") > 0, nw.lit(1)).alias("customers")
        sums = ["customers", *COUNTS]
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
        customers_of, *parts = (np.bincount(place, column, 5).astype(np.int64) for column in columns)
        return PairSums(customers_of, np.stack(parts[0::2]), np.stack(parts[1::2]))

    def of_segment(self, name: Any) -> Self:
        """Return what the customers of one segment did."""
        return replace(self, frame=self.frame.filter(nw.col(SEGMENT) == name))

    def persist(self) -> Self:
        """Return the same, computed once and kept by the engine."""
        rows = keep(self.frame)
        return replace(self, frame=rows.frame.lazy(), kept=rows)

    def unpersist(self) -> None:
        """Let the engine forget what it has kept."""
        if self.kept is not None:
            self.kept.release()


def periods_of_frame(log: OpenedLog, period: Period) -> tuple[PeriodLog, nw.LazyFrame[Any]]:
    """Read a log through narwhals: also its rows by customer and period."""
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
    frame = as_int64(frame.select(ID, _COHORT, _PERIOD, *COUNTS), [_COHORT, _PERIOD, *COUNTS])
    return PeriodLog(LazyPeriods(frame), calendar, dropped, scale), frame


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
