"""The fast route for logs in memory: whole numbers, one sort, counts and sums.

A reader turns a log into :class:`LogArrays`; everything after that is numpy alone and gives the same
integers as the route through narwhals, hence the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames.audit import HUGE, Audit, Dropped, MoneyScale
from evergreen.frames.gap_counts import gaps_of_visits
from evergreen.frames.gaps import log_gaps_of, refuse_zero_gaps
from evergreen.frames.periods import (
    FIRST_DAY,
    LAST_DAY,
    SECONDS_PER_DAY,
    Boundary,
    periods_of_days,
    time_ratio,
)
from evergreen.frames.reading import SUMMARY_COLUMNS, Reading
from evergreen.frames.visits import Visits, distinct_keys
from evergreen.models.gaps import GapHistories
from evergreen.typing import BoolArray, FloatArray, IntArray, Occasion

_Array: TypeAlias = np.ndarray[Any, Any]

NO_DATE: Final = np.iinfo(np.int64).min
"""The number of a missing date."""


@dataclass(frozen=True, slots=True, eq=False)
class LogArrays:
    """A log as parallel arrays.

    Parameters
    ----------
    code : ndarray of int, shape (n,)
        Number of the customer, from 0 on; -1 where the id is missing.
    customers : int
        Number of codes (some may not occur).
    when : ndarray of int64, shape (n,)
        Day since 1970, or second for occasion ``"row"``; ``NO_DATE`` where missing.
    amount : ndarray of float64, shape (n,), optional
        Money; NaN where missing.
    order : ndarray of int, shape (n,), optional
        Number of the order, from 0 on; -1 where missing.
    """

    code: IntArray
    customers: int
    when: IntArray
    amount: FloatArray | None
    order: IntArray | None

    def take(self, kept: BoolArray) -> LogArrays:
        """Return the log of the kept rows."""
        return LogArrays(
            self.code[kept],
            self.customers,
            self.when[kept],
            None if self.amount is None else self.amount[kept],
            None if self.order is None else self.order[kept],
        )


@dataclass(frozen=True, slots=True, eq=False)
class ArraySummary:
    """The summary of a log as arrays, one entry per customer in the order of the codes.

    Parameters
    ----------
    code : ndarray of int64, shape (c,)
        Numbers of the customers.
    columns : dict of str to ndarray
        The summary's columns; ``first_purchase`` and ``last_purchase`` as whole days (or seconds).
    dropped : Dropped
        What was left out.
    end : Boundary
        End of the observation.
    scale : MoneyScale
        How money was made whole.
    visits : Visits
        The occasions of every customer, by period.
    gaps : GapHistories
        The gaps between them, counted.
    audit : Audit
        What was found in the log.
    alone : dict of str to ndarray
        Customers with refunds only, as those of :class:`ArrayCustomers`.
    parts : tuple of ndarray of float64, each of shape (c,), or None
        The sums of the logarithms of gaps in two whole parts, if they are wanted.
    """

    code: IntArray
    columns: dict[str, _Array]
    dropped: Dropped
    end: Boundary
    scale: MoneyScale
    visits: Visits
    gaps: GapHistories
    audit: Audit
    alone: dict[str, _Array]
    parts: tuple[FloatArray, FloatArray] | None


@dataclass(frozen=True, slots=True, eq=False)
class ArrayCustomers:
    """What customers did, in whole numbers.

    Parameters
    ----------
    found : dict of str to ndarray
        One entry per customer with a purchase: ``code``; ``occasions``, ``first_period`` and ``last_period`` since
        1970, the days (or seconds) ``first`` and ``last``, ``orders``; of whole money ``spent``, ``net`` of refunds and
        ``first_money`` in the first period; ``coarse`` and ``fine`` if the logarithms of gaps are wanted.
    alone : dict of str to ndarray
        One entry per customer with refunds only: ``code``, ``net`` and the number of ``rows``.
    visits : Visits
        The occasions of every customer, by period.
    """

    found: dict[str, _Array]
    alone: dict[str, _Array]
    visits: Visits


def summarize_arrays(log: LogArrays, reading: Reading) -> ArraySummary:
    """Turn log arrays into the customer summary.

    Parameters
    ----------
    log : LogArrays
        The rows.
    reading : Reading
        How to read them.

    Returns
    -------
    ArraySummary
        One entry per customer with at least one purchase (for a window after a boundary: or a refund).

    Raises
    ------
    InvalidInputError
        If nothing is left.
    """
    audit, log = audited(log, reading)
    audit.check(reading)
    by_row = reading.occasion == "row"
    end = reading.end or (Boundary.of_second(audit.last) if by_row else Boundary.of_day(audit.last))
    scale = MoneyScale() if log.amount is None else audit.scale(reading.occasion)
    customers = customers_of_arrays(log, audit, scale, reading)
    found, alone = customers.found, customers.alone
    dropped = without(audit.dropped, alone)
    if not len(found["code"]):
        raise InvalidInputError(f"Nothing of the log is left: {dropped}.")
    columns = summary_columns(found, end, scale, reading)
    gaps = gaps_of_visits(customers.visits, end.period(reading.occasion), reading)
    parts = (found["coarse"], found["fine"]) if reading.log_gaps else None
    return ArraySummary(found["code"], columns, dropped, end, scale, customers.visits, gaps, audit, alone, parts)


def customers_of_arrays(log: LogArrays, audit: Audit, scale: MoneyScale, reading: Reading) -> ArrayCustomers:
    """Add up what each customer did.

    Parameters
    ----------
    log : LogArrays
        The rows that count.
    audit : Audit
        What was found in them.
    scale : MoneyScale
        How to make money whole.
    reading : Reading
        How to read them.

    Returns
    -------
    ArrayCustomers
    """
    whole = None if log.amount is None else whole_money(log.amount, scale)
    purchases, bought = log, whole
    if audit.refunds and log.amount is not None and whole is not None:
        positive = log.amount >= 0
        purchases, bought = log.take(positive), whole[positive]
    by_row = reading.occasion == "row"
    found, visits = _single_rows(purchases, audit, reading) if by_row else _calendar(purchases, audit, reading)
    code = found["code"]
    found["orders"] = found["occasions"]
    if purchases.order is not None:
        found["orders"] = count_orders(purchases, purchases.order)[code]
    alone: dict[str, _Array] = {"code": np.zeros(0, np.int64), "net": np.zeros(0), "rows": np.zeros(0, np.int64)}
    if bought is not None and whole is not None:
        found["spent"] = found["net"] = _sums(purchases.code, bought, log.customers)[code]
        found["first_money"] = _money_of_first(purchases, bought, found, reading)
        if audit.refunds:
            net, rows = _sums(log.code, whole, log.customers), np.bincount(log.code, minlength=log.customers)
            found["net"] = net[code]
            rows[code] = 0
            others = np.flatnonzero(rows)
            alone = {"code": others, "net": net[others], "rows": rows[others]}
    return ArrayCustomers(found, alone, visits)


def summary_columns(found: dict[str, _Array], end: Boundary, scale: MoneyScale, reading: Reading) -> dict[str, _Array]:
    """Express what customers did in the units of the user; the dates stay whole days (or seconds).

    Parameters
    ----------
    found : dict of str to ndarray
        As that of :class:`ArrayCustomers`.
    end : Boundary
        End of the observation.
    scale : MoneyScale
        How money was made whole.
    reading : Reading
        Tells the period and the unit of time.

    Returns
    -------
    dict of str to ndarray
        The columns of the summary in their order.
    """
    times, over = time_ratio(reading.occasion, reading.time_unit)
    frequency, age = found["occasions"] - 1, end.period(reading.occasion) - found["first_period"]
    columns: dict[str, _Array] = {
        "frequency": frequency,
        "recency": (found["last_period"] - found["first_period"]).astype(np.float64) * times / over,
        "T": age.astype(np.float64) * times / over,
        "first_purchase": found["first"],
        "last_purchase": found["last"],
        "orders": found["orders"],
    }
    if "spent" in found:
        columns |= money_columns(frequency, found["spent"], found["first_money"], found["net"], scale)
    if reading.log_gaps:
        columns["log_gaps"] = log_gaps_of(found["coarse"], found["fine"], frequency, reading)
    return {name: columns[name] for name in SUMMARY_COLUMNS if name in columns}


def money_columns(
    frequency: IntArray, spent: FloatArray, first_money: FloatArray, net: FloatArray, scale: MoneyScale
) -> dict[str, _Array]:
    """Return the columns of a log with money, from whole money."""
    mean = np.zeros(len(frequency))
    np.divide((spent - first_money) * scale.up, frequency * scale.down, out=mean, where=frequency > 0)
    return {
        "monetary_value": mean,
        "total_value": net * scale.up / scale.down,
        "refunds": (spent - net) * scale.up / scale.down,
    }


def without(dropped: Dropped, alone: dict[str, _Array]) -> Dropped:
    """Return what was left out, the rows of customers with refunds only among it."""
    return replace(dropped, refund_only=int(alone["rows"].sum()), refund_only_customers=len(alone["rows"]))


def without_refund_only(audit: Audit, log: LogArrays, code: IntArray) -> Dropped:
    """Return what was left out, the rows of customers without a purchase among it."""
    if not audit.refunds:
        return audit.dropped
    rows = np.bincount(log.code, minlength=log.customers)
    rows[code] = 0
    return replace(audit.dropped, refund_only=int(rows.sum()), refund_only_customers=int(np.count_nonzero(rows)))


def holdout_arrays(
    log: LogArrays, reading: Reading, code: IntArray
) -> tuple[Audit, IntArray, FloatArray | None, Visits]:
    """Count the occasions and sum the money of given customers within a window.

    Parameters
    ----------
    log : LogArrays
        The rows of the whole log.
    reading : Reading
        How to read them; ``reading.after`` begins the window.
    code : ndarray of int64, shape (c,)
        The customers wanted.

    Returns
    -------
    audit : Audit
        What was found in the window.
    frequency : ndarray of int64, shape (c,)
        Occasions of each customer.
    value : ndarray of float64, shape (c,), or None
        Sum of the amounts, net of refunds.
    visits : Visits
        The occasions of every customer, by period.
    """
    audit, kept = audited(log, reading)
    value = None
    bought = kept
    if kept.amount is not None:
        scale = audit.scale(reading.occasion)
        whole = whole_money(kept.amount, scale)
        value = _sums(kept.code, whole, log.customers)[code] * scale.up / scale.down
        bought = kept.take(kept.amount >= 0)
    if reading.occasion == "row":
        _, visits = _single_rows(bought, audit, reading)
        return audit, np.bincount(bought.code, minlength=log.customers)[code], value, visits
    occasions = np.zeros(log.customers, np.int64)
    _, visits = _calendar(bought, audit, reading)
    occasions[visits.code] = visits.count
    return audit, occasions[code], value, visits


def audited(log: LogArrays, reading: Reading) -> tuple[Audit, LogArrays]:
    """Return the audit of a log and its usable rows; a clean log is not copied."""
    n = len(log.code)
    if n == 0:
        return Audit({"kept": 0}), log
    first, last = int(log.when.min()), int(log.when.max())
    low, high, after = _window(reading)
    magnitude = None if log.amount is None else np.abs(log.amount)
    clean = log.code.min() >= 0 and low <= first and last <= high and (after is None or first > after)
    if magnitude is not None:
        clean = clean and bool(magnitude.max() < HUGE)
        clean = clean and (reading.zero_amounts == "keep" or bool(magnitude.min() > 0))
    counts = {"kept": n}
    if not clean:
        counts, kept = _reasons(log, magnitude, reading)
        log = log.take(kept)
        magnitude = None if magnitude is None else magnitude[kept]
        if not len(log.code):
            return Audit(counts), log
        first, last = int(log.when.min()), int(log.when.max())
    if log.amount is None or magnitude is None:
        return Audit(counts, first, last), log
    with np.errstate(over="ignore"):
        money, largest = float(magnitude.sum()), float(magnitude.max())
    return Audit(counts, first, last, money, largest, int(np.count_nonzero(log.amount < 0))), log


def _window(reading: Reading) -> tuple[int, int, int | None]:
    """Return the lowest and highest number of a day (or second) that is inside, and the last one before."""
    occasion, end = reading.occasion, reading.end
    per_day = SECONDS_PER_DAY if occasion == "row" else 1
    low, high = FIRST_DAY * per_day, (LAST_DAY + 1) * per_day - 1
    after = None if reading.after is None else reading.after.last(occasion)
    return low, high if end is None else end.last(occasion), after


def _reasons(log: LogArrays, magnitude: FloatArray | None, reading: Reading) -> tuple[dict[str, int], BoolArray]:
    """Count the rows by the first reason that leaves them out."""
    low, high, after = _window(reading)
    per_day = SECONDS_PER_DAY if reading.occasion == "row" else 1
    bad: dict[str, BoolArray] = {
        "null_customer": log.code < 0,
        "null_date": log.when == NO_DATE,
        "date_out_of_range": (log.when < low) | (log.when >= (LAST_DAY + 1) * per_day),
        "after_end": log.when > high,
    }
    if after is not None:
        bad["before_window"] = log.when <= after
    if magnitude is not None:
        bad["bad_amount"] = ~(magnitude < HUGE)
        if reading.zero_amounts == "drop":
            bad["zero_amount"] = magnitude == 0
    kept = np.ones(len(log.code), np.bool_)
    counts: dict[str, int] = {}
    for reason, broken in bad.items():
        before = int(np.count_nonzero(kept))
        kept &= ~broken
        counts[reason] = before - int(np.count_nonzero(kept))
    return {"kept": int(np.count_nonzero(kept)), **counts}, kept


def _calendar(log: LogArrays, audit: Audit, reading: Reading) -> tuple[dict[str, _Array], Visits]:
    """Return the occasions by calendar period."""
    days = Visits.of(log.code, log.customers, log.when, audit.first, audit.last)
    periods = days.in_periods(reading.occasion)
    found: dict[str, _Array] = {
        "code": days.code,
        "occasions": periods.count,
        "first": days.begun,
        "last": days.ended,
        "first_period": periods.begun,
        "last_period": periods.ended,
    }
    if reading.log_gaps:
        found["coarse"], found["fine"] = periods.log_gaps()
    return found, periods


def _single_rows(log: LogArrays, audit: Audit, reading: Reading) -> tuple[dict[str, _Array], Visits]:
    """Return every row as an occasion."""
    rows = Visits.of(log.code, log.customers, log.when, audit.first, audit.last, distinct=False)
    first, last = rows.begun, rows.ended
    found: dict[str, _Array] = {"code": rows.code, "occasions": rows.count, "first": first, "last": last}
    found |= {"first_period": first, "last_period": last}
    if reading.log_gaps:
        refuse_zero_gaps(rows.repeats, len(log.code))
        found["coarse"], found["fine"] = rows.log_gaps()
    return found, rows


def _money_of_first(log: LogArrays, whole: FloatArray, found: dict[str, _Array], reading: Reading) -> FloatArray:
    """Return the money of each customer's first period; of rows in the first second the smallest is the first."""
    first = np.zeros(log.customers, np.int64)
    first[found["code"]] = found["first_period"]
    if reading.occasion == "row":
        early = log.when == first[log.code]
        money = np.full(log.customers, np.inf)
        np.minimum.at(money, log.code[early], whole[early])
        return money[found["code"]]
    when = _periods_of_rows(log.when, reading.occasion)
    rows = np.flatnonzero(when == first[log.code])
    return _sums(log.code[rows], whole[rows], log.customers)[found["code"]]


def _periods_of_rows(days: IntArray, occasion: Occasion) -> IntArray:
    """Return the period of every row, by a table of days."""
    if occasion == "D" or not len(days):
        return days
    low, high = int(days.min()), int(days.max())
    return periods_of_days(np.arange(low, high + 1), occasion)[days - low]


def whole_money(amount: FloatArray, scale: MoneyScale) -> FloatArray:
    """Return money as whole numbers."""
    whole = amount * scale.factor
    whole += 0.5
    return np.floor(whole, out=whole)


def _sums(code: IntArray, whole: FloatArray, codes: int) -> FloatArray:
    """Return the exact sum of whole money of every code."""
    return np.asarray(np.bincount(code, whole, codes), np.float64)


def count_orders(log: LogArrays, order: IntArray) -> IntArray:
    """Return the distinct orders of every code; a row without an order id is an order of its own."""
    named = order >= 0
    alone = np.bincount(log.code[~named], minlength=log.customers)
    if not named.any():
        return alone
    key, span = distinct_keys(log.code[named], log.customers, order[named], 0, int(order.max()))
    return alone + np.bincount((key // key.dtype.type(span)).astype(np.int64), minlength=log.customers)
