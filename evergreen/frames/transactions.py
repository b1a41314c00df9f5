"""The summary of a log through narwhals: the same expressions on every engine, in memory or lazy.

Only ``group_by().agg()`` and elementwise whole-number arithmetic: rows become (customer, period) with the
sum of money, then customers with count, minimum, maximum and sum. The money of the first period comes from
the minimum of (period, money) packed into one integer. No windows, no ordered aggregates, but for the times
between occasions, if they are wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import narwhals.stable.v2 as nw

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames.audit import HUGE, REASONS, Audit, Dropped, MoneyScale
from evergreen.frames.columns import AnyFrame, check_log_types, text_date_error
from evergreen.frames.engines import whole_seconds
from evergreen.frames.gaps import COARSE, FINE, log_gaps_of, with_log_gaps
from evergreen.frames.periods import (
    Boundary,
    day_number,
    full_time_text,
    period_number,
    second_number,
    text_is_date,
    time_ratio,
)
from evergreen.frames.reading import SUMMARY_COLUMNS, Reading
from evergreen.typing import Occasion

ID: Final = "evergreen_id"
DATE: Final = "evergreen_date"
_AMOUNT: Final = "evergreen_amount"
ORDER: Final = "evergreen_order"
WHEN: Final = "evergreen_when"
PERIOD: Final = "evergreen_number"
_PERIOD: Final = "evergreen_period"
REASON: Final = "evergreen_reason"


@dataclass(frozen=True, slots=True, eq=False)
class LazySummary:
    """The summary of a log as a lazy frame.

    Parameters
    ----------
    frame : narwhals LazyFrame
        The customer id, under its own name, and the columns of the summary.
    dropped : Dropped
        What was left out.
    end : Boundary
        End of the observation.
    scale : MoneyScale
        How money was made whole.
    visits : narwhals LazyFrame
        One row per customer and period with an occasion (for rows: per row): ``ID`` and ``PERIOD``.
    audit : Audit
        What was found in the log.
    customers : narwhals LazyFrame
        What the frame was made from, as that of :class:`LazyCustomers`.
    """

    frame: nw.LazyFrame[Any]
    dropped: Dropped
    end: Boundary
    scale: MoneyScale
    visits: nw.LazyFrame[Any]
    audit: Audit
    customers: nw.LazyFrame[Any]


@dataclass(frozen=True, slots=True, eq=False)
class LazyCustomers:
    """What customers did, in whole numbers.

    Parameters
    ----------
    frame : narwhals LazyFrame
        One row per customer: ``ID``; ``occasions``, ``first_period`` and ``last_period`` since 1970, the dates
        ``first`` and ``last``; ``orders`` if they have ids; of whole money ``spent``, ``first_money`` in the first
        period, and where there are refunds ``net`` and the number of ``rows``; ``COARSE`` and ``FINE`` if the
        logarithms of gaps are wanted. Customers without a purchase have no occasions, periods and dates.
    visits : narwhals LazyFrame
        As those of :class:`LazySummary`.
    """

    frame: nw.LazyFrame[Any]
    visits: nw.LazyFrame[Any]


@dataclass(frozen=True, slots=True, eq=False)
class OpenedLog:
    """A log with its columns under fixed names and its dates as dates.

    Parameters
    ----------
    frame : narwhals LazyFrame
        The rows.
    has_time : bool
        Whether the dates have a time of day.
    reading : Reading
        How to read them.
    in_memory : bool
        Whether the user's frame is in memory.
    """

    frame: nw.LazyFrame[Any]
    has_time: bool
    reading: Reading
    in_memory: bool


def open_log(log: AnyFrame, reading: Reading) -> OpenedLog:
    """Return a log with its columns under fixed names, text dates parsed.

    Raises
    ------
    InputTypeError
        If a column is of a type that cannot be read.
    InvalidInputError
        If dates are text that is not ISO.
    """
    check_log_types(log, reading.columns)
    names = {"customer": ID, "date": DATE, "amount": _AMOUNT, "order": ORDER}
    picked = [nw.col(column).alias(names[role]) for role, column in reading.columns.roles.items()]
    frame, in_memory = log.lazy().select(*picked), isinstance(log, nw.DataFrame)
    kind = frame.collect_schema()[DATE]
    if isinstance(kind, nw.String):
        frame = _parsed_texts(frame, reading)
        return OpenedLog(frame, has_time=True, reading=reading, in_memory=in_memory)
    if kind == nw.Unknown:
        frame = _without_dates(frame, reading)
    return OpenedLog(frame, has_time=isinstance(kind, nw.Datetime), reading=reading, in_memory=in_memory)


def summarize_lazily(log: OpenedLog) -> LazySummary:
    """Turn a log into the customer summary.

    Parameters
    ----------
    log : OpenedLog
        The rows.

    Returns
    -------
    LazySummary
        One row per customer with at least one purchase. Nothing but the audit has run.

    Raises
    ------
    InvalidInputError
        If nothing is left.
    """
    reading = log.reading
    audit, kept = audit_log(log)
    audit.check(reading)
    by_row = reading.occasion == "row"
    end = reading.end or (Boundary.of_second(audit.last) if by_row else Boundary.of_day(audit.last))
    scale = MoneyScale() if reading.columns.amount is None else audit.scale(reading.occasion)
    found = customers_lazily(log, kept, audit, scale)
    alone = None if log.in_memory or not audit.refunds else _refunds_alone(kept)
    return summary_of_customers(found, log, audit, end, scale, alone)


def customers_lazily(log: OpenedLog, kept: nw.LazyFrame[Any], audit: Audit, scale: MoneyScale) -> LazyCustomers:
    """Add up what each customer did.

    Parameters
    ----------
    log : OpenedLog
        The log.
    kept : narwhals LazyFrame
        Its rows that count.
    audit : Audit
        What was found in them.
    scale : MoneyScale
        How to make money whole.

    Returns
    -------
    LazyCustomers
    """
    reading = log.reading
    low, _ = audit.periods(reading.occasion)
    by_period = _by_period(log, kept, audit, scale)
    if reading.log_gaps:
        by_period = with_log_gaps(by_period, ID, _PERIOD, audit.bits(reading.occasion), reading.occasion)
    frame = _by_customer(by_period, audit, reading.occasion)
    if reading.columns.order is not None:
        frame = frame.join(_orders(log, kept), on=ID, how="left")
    since = ((nw.col(name) + low).alias(name) for name in ("first_period", "last_period"))
    frame = frame.with_columns(*since, *(_moment(name, log).alias(name) for name in ("first", "last")))
    return LazyCustomers(frame, _visits(by_period, audit, reading.occasion))


def summary_of_customers(
    found: LazyCustomers,
    log: OpenedLog,
    audit: Audit,
    end: Boundary,
    scale: MoneyScale,
    alone: nw.LazyFrame[Any] | None = None,
) -> LazySummary:
    """Express what customers did in the units of the user.

    Parameters
    ----------
    found : LazyCustomers
        The customers.
    log : OpenedLog
        Tells how it was read.
    audit : Audit
        What was found in all rows.
    end : Boundary
        End of the observation.
    scale : MoneyScale
        How money was made whole.
    alone : narwhals LazyFrame, optional
        Customers without a purchase and their ``rows``, if there is a shorter way to them.

    Returns
    -------
    LazySummary

    Raises
    ------
    InvalidInputError
        If no customer has a purchase.
    """
    customers, dropped = found.frame, audit.dropped
    if log.in_memory:
        customers = customers.collect().lazy()
    if audit.refunds:
        dropped = _without_refund_only(dropped, without_purchase(customers) if alone is None else alone)
        if not dropped.kept:
            raise InvalidInputError(f"Nothing of the log is left: {dropped}.")
    frame = summary_frame(customers, log.reading, end, scale)
    return LazySummary(frame, dropped, end, scale, found.visits, audit, customers)


def summary_frame(
    customers: nw.LazyFrame[Any], reading: Reading, end: Boundary, scale: MoneyScale
) -> nw.LazyFrame[Any]:
    """Return the summary of customers who have a purchase, from what :class:`LazyCustomers` has of them."""
    if "net" in customers.collect_schema().names():
        customers = customers.filter(nw.col("occasions") > 0)
    return _summary_columns(customers, reading, end, scale)


def besides_of(customers: nw.LazyFrame[Any]) -> nw.LazyFrame[Any] | None:
    """Return what a summary does not tell: refunds of customers without a purchase, and logarithms of gaps in parts."""
    names = customers.collect_schema().names()
    refunds, parts = ([name for name in pair if name in names] for pair in (("net", "rows"), (COARSE, FINE)))
    if not parts:
        return without_purchase(customers).select(ID, *refunds) if refunds else None
    alone = nw.col("occasions") == 0
    money = (nw.when(alone).then(nw.col(name)).otherwise(nw.lit(0)).alias(name) for name in refunds)
    return customers.select(ID, *money, *parts)


def without_purchase(customers: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return customers who have refunds alone."""
    return customers.filter(nw.col("occasions") == 0)


def holdout_lazily(log: OpenedLog) -> tuple[Audit, nw.LazyFrame[Any], nw.LazyFrame[Any]]:
    """Count the occasions and sum the money of every customer within a window.

    Parameters
    ----------
    log : OpenedLog
        The rows; ``log.reading.after`` begins the window.

    Returns
    -------
    audit : Audit
        What was found in the window.
    frame : narwhals LazyFrame
        The customer id, ``frequency_holdout`` and, with money, ``value_holdout``; customers without a row
        in the window are not in it.
    visits : narwhals LazyFrame
        The occasions within the window, as those of :class:`LazySummary`.
    """
    reading = log.reading
    audit, kept = audit_log(log)
    scale = MoneyScale() if reading.columns.amount is None else audit.scale(reading.occasion)
    by_period = _by_period(log, kept, audit, scale)
    frame = _by_customer(by_period, audit, reading.occasion)
    made = [nw.col(ID).alias(reading.columns.customer), nw.col("occasions").alias("frequency_holdout")]
    if reading.columns.amount is not None:
        net = nw.col("net" if audit.refunds else "spent").cast(nw.Float64) * scale.up
        made.append(_divided(net, scale.down).alias("value_holdout"))
    return audit, frame.select(*made), _visits(by_period, audit, reading.occasion)


def audit_log(log: OpenedLog) -> tuple[Audit, nw.LazyFrame[Any]]:
    """Count the rows by the first reason that leaves them out; return the audit and the rows kept."""
    rows = with_reasons(log)
    has_money = log.reading.columns.amount is not None
    totals = [nw.len().alias("rows"), nw.col(WHEN).min().alias("first"), nw.col(WHEN).max().alias("last")]
    if has_money:
        amount = nw.col(_AMOUNT)
        rows = rows.with_columns(amount.abs().alias("size"), _flag(amount < 0).alias("refund"))
        totals += [
            nw.col("size").sum().alias("money"),
            nw.col("size").max().alias("largest"),
            nw.col("refund").sum().alias("refunds"),
        ]
    found = rows.group_by(REASON).agg(*totals).collect()
    records = {REASONS[int(row[REASON])]: row for row in found.iter_rows(named=True)}
    counts = {reason: int(row["rows"]) for reason, row in records.items()}
    kept = rows.filter(nw.col(REASON) == 0)
    row = records.get("kept")
    if row is None:
        return Audit(counts), kept
    first, last = int(row["first"]), int(row["last"])
    if not has_money:
        return Audit(counts, first, last), kept
    money = float(row["money"]), float(row["largest"]), int(row["refunds"])
    return Audit(counts, first, last, *money), kept


def with_reasons(log: OpenedLog) -> nw.LazyFrame[Any]:
    """Add the day (or second) of each row and the code of the reason that leaves it out."""
    reading, date = log.reading, nw.col(DATE)
    by_row = reading.occasion == "row"
    when = second_number(date, has_time=log.has_time) if by_row else day_number(date)
    frame = log.frame.with_columns(when.alias(WHEN), date.dt.year().alias("year"))
    kind = frame.collect_schema()[ID]
    there = nw.col(ID).abs() < HUGE if kind.is_float() else ~nw.col(ID).is_null()
    in_range = (nw.col("year") >= 1900) & (nw.col("year") <= 2140)
    fine: dict[str, nw.Expr] = {
        "null_customer": there,
        "null_date": ~date.is_null(),
        "date_out_of_range": in_range,
    }
    if reading.end is not None:
        fine["after_end"] = nw.col(WHEN) <= reading.end.last(reading.occasion)
    if reading.after is not None:
        fine["before_window"] = nw.col(WHEN) > reading.after.last(reading.occasion)
    if reading.columns.amount is not None:
        frame = frame.with_columns(nw.col(_AMOUNT).cast(nw.Float64))
        fine["bad_amount"] = nw.col(_AMOUNT).abs() < HUGE
        if reading.zero_amounts == "drop":
            fine["zero_amount"] = nw.col(_AMOUNT) != 0
    reason = nw.lit(0)
    for name, holds in reversed(fine.items()):
        reason = nw.when(holds.fill_null(value=False)).then(reason).otherwise(nw.lit(REASONS.index(name)))
    return frame.with_columns(reason.alias(REASON))


def _parsed_texts(frame: nw.LazyFrame[Any], reading: Reading) -> nw.LazyFrame[Any]:
    """Turn ISO texts into datetimes, after checking every one of them by whole-number arithmetic."""
    text = nw.col(DATE)
    fine = text_is_date(text) | text.is_null()
    checked = frame.select(_flag(fine).alias("fine"), nw.when(~fine).then(text).alias("text")).select(
        nw.len().alias("rows"), nw.col("fine").sum(), nw.col("text").min()
    )
    row = next(checked.collect().iter_rows(named=True))
    bad = int(row["rows"]) - int(row["fine"] or 0)
    if bad:
        raise text_date_error(reading.columns.date, bad, int(row["rows"]), row["text"], frame.implementation)
    return frame.with_columns(full_time_text(text).str.to_datetime(format="%Y-%m-%d %H:%M:%S"))


def _without_dates(frame: nw.LazyFrame[Any], reading: Reading) -> nw.LazyFrame[Any]:
    """Give a date column that is null from top to bottom a type; refuse one of an unknown type."""
    found = int(frame.select(nw.col(DATE).count()).collect().item())
    if found:
        raise InputTypeError(
            f"The date column {reading.columns.date!r} is of a type that evergreen does not know, not dates: "
            "convert it to a date type first."
        )
    return frame.with_columns(nw.col(DATE).cast(nw.Date))


def _by_period(log: OpenedLog, kept: nw.LazyFrame[Any], audit: Audit, scale: MoneyScale) -> nw.LazyFrame[Any]:
    """Group rows to (customer, period) with their money; every row stays itself for occasion ``"row"``."""
    occasion, date = log.reading.occasion, nw.col(DATE)
    low, _ = audit.periods(occasion)
    frame, sums = with_whole_money(kept, log.reading, audit, scale)
    totals = [nw.col(name).sum() for name in sums]
    if occasion == "D":
        days = (
            frame.with_columns(date.cast(nw.Date).alias(DATE)).group_by(ID, DATE).agg(nw.len().alias("size"), *totals)
        )
        frame = as_int64(days, sums).with_columns((day_number(date) - low).alias(_PERIOD))
        return _with_bounds(frame, refunds=audit.refunds > 0).select(ID, _PERIOD, "first", "last", *sums)
    number = nw.col(WHEN) if occasion == "row" else period_number(date, occasion, has_time=log.has_time)
    frame = _with_bounds(frame.with_columns((number - low).alias(_PERIOD)), refunds=audit.refunds > 0)
    if occasion == "row":
        return frame.select(ID, _PERIOD, "first", "last", *sums)
    periods = frame.group_by(ID, _PERIOD).agg(nw.col("first").min(), nw.col("last").max(), *totals)
    return as_int64(periods, sums)


def with_whole_money(
    kept: nw.LazyFrame[Any], reading: Reading, audit: Audit, scale: MoneyScale
) -> tuple[nw.LazyFrame[Any], list[str]]:
    """Add the columns that are summed: whole money spent and, where there are refunds, net, with flags."""
    if reading.columns.amount is None:
        return kept, []
    amount = nw.col(_AMOUNT)
    frame = kept.with_columns((amount * scale.factor + 0.5).floor().cast(nw.Int64).alias("spent"))
    if not audit.refunds:
        return frame, ["spent"]
    spent = nw.when(amount >= 0).then(nw.col("spent")).otherwise(nw.lit(0))
    frame = frame.with_columns(
        nw.col("spent").alias("net"), spent.alias("spent"), _flag(amount >= 0).alias("bought"), nw.lit(1).alias("rows")
    )
    return frame, ["spent", "net", "bought", "rows"]


def _with_bounds(frame: nw.LazyFrame[Any], *, refunds: bool) -> nw.LazyFrame[Any]:
    """Add the date as first and last purchase, unless it is that of refunds alone."""
    date = nw.when(nw.col("bought") > 0).then(nw.col(DATE)) if refunds else nw.col(DATE)
    return frame.with_columns(date.alias("first"), date.alias("last"))


def _by_customer(by_period: nw.LazyFrame[Any], audit: Audit, occasion: Occasion) -> nw.LazyFrame[Any]:
    """Group (customer, period) to customers: occasions, bounds, sums, and the money of the first period."""
    names = by_period.collect_schema().names()
    period = nw.col(_PERIOD)
    made: dict[str, nw.Expr] = {"period": period, "occasion": nw.lit(1)}
    if "spent" in names:
        made["packed"] = period * (1 << (62 - audit.bits(occasion))) + nw.col("spent")
    if "bought" in names:
        bought = nw.col("bought") > 0
        made["occasion"] = _flag(bought)
        made |= {name: nw.when(bought).then(made[name]) for name in ("period", "packed")}
    least = "packed" if "spent" in names else "period"
    totals = [
        nw.col("occasion").sum().alias("occasions"),
        nw.col(least).min().alias("least"),
        nw.col("period").max().alias("last_period"),
        nw.col("first").min(),
        nw.col("last").max(),
    ]
    sums = [name for name in ("spent", "net", "rows", COARSE, FINE) if name in names]
    totals += [nw.col(name).sum() for name in sums]
    frame = as_int64(by_period.with_columns(**made).group_by(ID).agg(*totals), ["occasions", *sums])
    if "spent" not in names:
        return frame.with_columns(nw.col("least").alias("first_period"))
    room = 1 << (62 - audit.bits(occasion))
    frame = frame.with_columns((nw.col("least") // room).alias("first_period"))
    return frame.with_columns((nw.col("least") - nw.col("first_period") * room).alias("first_money"))


def _visits(by_period: nw.LazyFrame[Any], audit: Audit, occasion: Occasion) -> nw.LazyFrame[Any]:
    """Return the occasions among (customer, period), with the number of the period since 1970."""
    low, _ = audit.periods(occasion)
    if "bought" in by_period.collect_schema().names():
        by_period = by_period.filter(nw.col("bought") > 0)
    return by_period.select(nw.col(ID), (nw.col(_PERIOD) + low).alias(PERIOD))


def _refunds_alone(kept: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return customers without a purchase and their rows, without a look at periods."""
    bought = _flag(nw.col(_AMOUNT) >= 0).alias("occasions")
    customers = kept.with_columns(bought).group_by(ID).agg(nw.col("occasions").sum(), nw.len().alias("rows"))
    return without_purchase(customers)


def _without_refund_only(dropped: Dropped, alone: nw.LazyFrame[Any]) -> Dropped:
    """Return what was left out, the rows of customers without a purchase among it."""
    counted = alone.select(nw.len().alias("customers"), nw.col("rows").sum())
    row = next(counted.collect().iter_rows(named=True))
    return replace(dropped, refund_only=int(row["rows"] or 0), refund_only_customers=int(row["customers"]))


def _orders(log: OpenedLog, kept: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Count each customer's distinct orders; a row without an order id is an order of its own."""
    if log.reading.columns.amount is not None:
        kept = kept.filter(nw.col(_AMOUNT) >= 0)
    rows = as_int64(kept.group_by(ID, ORDER).agg(nw.len().alias("orders")), ["orders"])
    one = nw.when(nw.col(ORDER).is_null()).then(nw.col("orders")).otherwise(nw.lit(1))
    counted = rows.with_columns(one.alias("orders")).group_by(ID).agg(nw.col("orders").sum())
    return as_int64(counted, ["orders"])


def _summary_columns(frame: nw.LazyFrame[Any], reading: Reading, end: Boundary, scale: MoneyScale) -> nw.LazyFrame[Any]:
    """Express whole periods and whole money in the units of the user."""
    times, over = time_ratio(reading.occasion, reading.time_unit)
    names = frame.collect_schema().names()
    first = nw.col("first_period")
    lasted, age = nw.col("last_period") - first, end.period(reading.occasion) - first
    frequency = nw.col("occasions") - 1
    made = {
        reading.columns.customer: nw.col(ID),
        "frequency": frequency,
        "recency": _divided(lasted.cast(nw.Float64) * times, over),
        "T": _divided(age.cast(nw.Float64) * times, over),
        "first_purchase": nw.col("first"),
        "last_purchase": nw.col("last"),
        "orders": nw.col("orders" if "orders" in names else "occasions"),
    }
    if "spent" in names:
        net = nw.col("net" if "net" in names else "spent")
        repeat = (nw.col("spent") - nw.col("first_money")).cast(nw.Float64) * scale.up
        among = nw.when(frequency > 0).then(frequency).otherwise(nw.lit(1)).cast(nw.Float64) * scale.down
        made |= {
            "monetary_value": nw.when(frequency > 0).then(repeat / among).otherwise(nw.lit(0.0)),
            "total_value": _divided(net.cast(nw.Float64) * scale.up, scale.down),
            "refunds": _divided((nw.col("spent") - net).cast(nw.Float64) * scale.up, scale.down),
        }
    if reading.log_gaps:
        coarse, fine, gaps = (number.cast(nw.Float64) for number in (nw.col(COARSE), nw.col(FINE), frequency))
        made["log_gaps"] = log_gaps_of(coarse, fine, gaps, reading)
    order = [reading.columns.customer, *(name for name in SUMMARY_COLUMNS if name in made)]
    return frame.select(*(made[name].alias(name) for name in order))


def _moment(name: str, log: OpenedLog) -> nw.Expr:
    """Return a date, or for occasion ``"row"`` a datetime at its second."""
    if log.reading.occasion != "row":
        return nw.col(name).cast(nw.Date)
    moment = nw.col(name).cast(nw.Datetime("us"))
    return whole_seconds(moment, log.frame.implementation) if log.has_time else moment


def as_int64(frame: nw.LazyFrame[Any], names: list[str]) -> nw.LazyFrame[Any]:
    """Return sums and counts in 64 bits: engines widen or narrow them, each in its own way."""
    return frame.with_columns(*(nw.col(name).cast(nw.Int64) for name in names)) if names else frame


def _divided(value: nw.Expr, by: float) -> nw.Expr:
    """Divide by a constant, correctly rounded: by a scalar, polars multiplies with its rounded reciprocal."""
    return value / (nw.col("occasions").cast(nw.Float64) * 0.0 + by)


def _flag(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))
