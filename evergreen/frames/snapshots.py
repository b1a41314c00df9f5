"""Where every customer stood at several dates, from one reading of a log: :func:`rung_moves`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date as calendar_date
from datetime import datetime
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames.audit import Audit, Dropped, MoneyScale
from evergreen.frames.columns import AnyFrame
from evergreen.frames.instants import Instants
from evergreen.frames.keeping import kept_meanwhile
from evergreen.frames.logs import frame_by_customer, open_checked
from evergreen.frames.pandas_log import log_in_pandas, read_pandas
from evergreen.frames.periods import Moment, period_number
from evergreen.frames.reading import LogColumns, Reading, ZeroAmounts, reading_of
from evergreen.frames.results import ScoreTable
from evergreen.frames.snapshot_arrays import UNKNOWN, moves_of_arrays, standing_of_arrays
from evergreen.frames.transactions import DATE, ID, PERIOD, WHEN, OpenedLog, audit_log, open_log, with_whole_money
from evergreen.models.rungs import Rungs
from evergreen.typing import IntArray, Occasion

_MADE: Final = ("rung", "rung_number", "previous_rung", "previous_number", "since", "days_on_rung")


@dataclass(frozen=True, slots=True, eq=False)
class RungMoves:
    """Customers by their rung at each date and at the next.

    Attributes
    ----------
    dates : tuple of datetime.date or datetime.datetime, shape (dates,)
        When they were observed.
    counts : ndarray of int64, shape (dates - 1, k + 1, k + 1)
        Customers by the number of their rung before (rows) and after (columns); 0 is not yet there.
    dropped : Dropped
        What of the log was left out.
    """

    dates: tuple[calendar_date | datetime, ...]
    counts: IntArray
    dropped: Dropped


def rung_moves(
    log: Any,
    rungs: Rungs,
    *,
    at: Iterable[Moment],
    customer: str,
    date: str,
    amount: str | None,
    occasion: Occasion,
    zero_amounts: ZeroAmounts,
) -> RungMoves:
    """Count customers by their rung at several dates.

    Parameters
    ----------
    log : frame
        One row per purchase, as for :meth:`CustomerBase.from_transactions`. It is not changed.
    rungs : Rungs
        The rungs, on columns that a log tells.
    at : iterable of str, date, datetime or numpy.datetime64
        The dates in ascending order; each day belongs to its date.
    customer, date, amount, occasion, zero_amounts
        As for :meth:`CustomerBase.from_transactions`.

    Returns
    -------
    RungMoves
        Every customer with a purchase up to the last date is counted once in each period. The same on every engine;
        from a lazy log nothing but these counts is collected.

    Raises
    ------
    InputTypeError, InvalidInputError, ColumnNotFoundError
        As for :meth:`CustomerBase.from_transactions`; if dates are fewer than two or not in ascending order; if the
        rungs look at a column that the log does not tell.

    Examples
    --------
    >>> import pandas as pd
    >>> from evergreen.models.rungs import Rung
    >>> log = pd.DataFrame({"customer_id": [1, 2, 1], "date": ["2024-01-01", "2024-01-20", "2024-02-03"]})
    >>> rungs = Rungs([Rung("once", {"orders": (1, 2)}), Rung("more", {"orders": (2, None)})])
    >>> roles = {"customer": "customer_id", "date": "date", "amount": None, "occasion": "D", "zero_amounts": "keep"}
    >>> rung_moves(log, rungs, at=["2024-01-15", "2024-02-15"], **roles).counts
    array([[[0, 1, 0],
            [0, 0, 1],
            [0, 0, 0]]])
    """
    reading, instants = _asked(rungs, at, LogColumns(customer, date, amount, None), occasion, zero_amounts)
    opened = open_checked(log, reading)
    in_pandas = log_in_pandas(opened, reading)
    if in_pandas is not None:
        rows, _ = read_pandas(in_pandas, reading, opened.implementation)
        counts, dropped = moves_of_arrays(rows, reading, instants, rungs)
    else:
        table, audit = _rungs_at_dates(open_log(opened, reading), reading, instants, rungs)
        with kept_meanwhile(table) as rungs_at_dates:
            known, dropped = _present(rungs_at_dates.lazy(), audit, instants)
            counts = _moves_of_frame(known, instants, rungs)
    dropped.warn(stacklevel=3)
    return RungMoves(instants.moments, counts, dropped)


def rung_standing(
    log: Any,
    rungs: Rungs,
    *,
    at: Iterable[Moment],
    customer: str,
    date: str,
    amount: str | None,
    occasion: Occasion,
    zero_amounts: ZeroAmounts,
) -> ScoreTable:
    """Tell on which rung each customer stands at the last of several dates, since when, and where he stood before.

    Parameters
    ----------
    log, rungs, at, customer, date, amount, occasion, zero_amounts
        As for :func:`rung_moves`.

    Returns
    -------
    ScoreTable
        One row per customer with ``rung_number``, ``previous_number`` (0 for not yet there, ``UNKNOWN`` if there was no
        change), ``since`` (place of the first date of the stay among the dates) and ``days_on_rung`` (from then on).

    Raises
    ------
    InputTypeError, InvalidInputError, ColumnNotFoundError
        As for :func:`rung_moves`.
    """
    reading, instants = _asked(rungs, at, LogColumns(customer, date, amount, None), occasion, zero_amounts)
    if customer in _MADE:
        raise InvalidInputError(f"customer={customer!r} is the name of a column of the result: rename it in the log.")
    opened = open_checked(log, reading)
    frame: AnyFrame
    in_pandas = log_in_pandas(opened, reading)
    if in_pandas is not None:
        rows, levels = read_pandas(in_pandas, reading, opened.implementation)
        code, columns, dropped = standing_of_arrays(rows, reading, instants, rungs)
        frame = nw.from_native(frame_by_customer(code, columns, levels, customer, opened))
    else:
        table, audit = _rungs_at_dates(open_log(opened, reading), reading, instants, rungs)
        known, dropped = _present(table, audit, instants)
        last = len(instants.last) - 1
        since, previous = nw.lit(0), nw.lit(UNKNOWN)
        for place in range(1, last + 1):
            before = nw.col(f"rung_{place - 1}")
            moved = nw.col(f"rung_{place}") != before
            since = nw.when(moved).then(nw.lit(place)).otherwise(since)
            previous = nw.when(moved).then(before).otherwise(previous)
        made = {"rung_number": nw.col(f"rung_{last}"), "previous_number": previous, "since": since}
        whole = [column.cast(nw.Int64).alias(name) for name, column in made.items()]
        frame = known.select(nw.col(ID).alias(customer), *whole)
        if isinstance(opened, nw.DataFrame):
            frame = frame.collect().sort(customer)
    dropped.warn(stacklevel=3)
    days: dict[tuple[int, ...], int] = {
        (place,): instants.ends[-1].day - end.day for place, end in enumerate(instants.ends)
    }
    return ScoreTable(customer, frame).with_labels("days_on_rung", ["since"], days)


def _asked(
    rungs: Rungs, at: Iterable[Moment], columns: LogColumns, occasion: Occasion, zero_amounts: ZeroAmounts
) -> tuple[Reading, Instants]:
    """Return how to read the log and at which dates, and refuse rungs that it cannot tell."""
    reading = reading_of(columns, occasion=occasion, time_unit="D", zero_amounts=zero_amounts, observation_end=None)
    instants = Instants.of(at, reading.occasion)
    instants.whole_cuts(rungs, MoneyScale())
    if columns.amount is None and "total_value" in rungs.columns:
        raise InvalidInputError("These rungs look at total_value, and amount=None: name the log's column of money.")
    return replace(reading, end=instants.ends[-1]), instants


def _rungs_at_dates(
    log: OpenedLog, reading: Reading, instants: Instants, rungs: Rungs
) -> tuple[nw.LazyFrame[Any], Audit]:
    """Return one row per customer with a rung for each date, and what was found in the log."""
    audit, rows = audit_log(log)
    audit.check(reading)
    scale = MoneyScale() if reading.columns.amount is None else audit.scale(reading.occasion)
    money, sums = with_whole_money(rows, reading, audit, scale)
    table = _by_customer(money, log, instants, rungs, refunds="bought" in sums)
    cuts, dates = instants.whole_cuts(rungs, scale), range(len(instants.last))
    numbers = [_number(rungs, cuts, instants, at).alias(f"rung_{at}") for at in dates]
    return table.select(nw.col(ID), *numbers, nw.col("rows")), audit


def _present(table: nw.LazyFrame[Any], audit: Audit, instants: Instants) -> tuple[nw.LazyFrame[Any], Dropped]:
    """Return the customers who have come by the last date, and what was left out."""
    dropped, number = audit.dropped, nw.col(f"rung_{len(instants.last) - 1}")
    if not audit.refunds:
        return table, dropped
    alone = table.filter(number == 0)
    row = next(alone.select(nw.len().alias("ids"), nw.col("rows").sum()).collect().iter_rows(named=True))
    dropped = replace(dropped, refund_only=int(row["rows"] or 0), refund_only_customers=int(row["ids"]))
    if not dropped.kept:
        raise InvalidInputError(f"Nothing of the log is left: {dropped}.")
    return table.filter(number > 0), dropped


def _moves_of_frame(known: nw.LazyFrame[Any], instants: Instants, rungs: Rungs) -> IntArray:
    """Count customers by the pair of their rungs at each date and at the next."""
    states, dates = len(rungs.names) + 1, range(len(instants.last))
    counts = np.zeros((len(dates) - 1, states, states), np.int64)
    for at in dates[1:]:
        pair = [f"rung_{at - 1}", f"rung_{at}"]
        found = known.group_by(*pair).agg(nw.len().alias("customers")).collect()
        before, after, customers = (found.get_column(name).to_numpy() for name in (*pair, "customers"))
        counts[at - 1, before, after] = customers
    return counts


def _by_customer(
    rows: nw.LazyFrame[Any], log: OpenedLog, instants: Instants, rungs: Rungs, *, refunds: bool
) -> nw.LazyFrame[Any]:
    """Group rows to customers: orders, last period and money up to each date, the first period, and rows."""
    occasion, when, period, since = instants.occasion, nw.col(WHEN), nw.col(PERIOD), nw.col("since")
    number = when if occasion == "row" else period_number(nw.col(DATE), occasion, has_time=log.has_time)
    first_seen = nw.when(nw.col("bought") > 0).then(when) if refunds else when
    net = nw.col("net" if refunds else "spent")
    lasts = list(enumerate(instants.last.tolist()))
    money = {f"value_{at}": last for at, last in lasts} if "total_value" in rungs.columns else {}
    made = [nw.when(when <= last).then(net).otherwise(nw.lit(0)).alias(name) for name, last in money.items()]
    frame = rows.select(nw.col(ID), number.alias(PERIOD), first_seen.alias("since"), nw.lit(1).alias("rows"), *made)
    if occasion != "row":
        frame = frame.group_by(ID, PERIOD).agg(since.min(), *(nw.col(name).sum() for name in ("rows", *money)))
        frame = frame.with_columns(*(nw.col(name).cast(nw.Int64) for name in ("rows", *money)))
    known: dict[str, nw.Expr] = {"first": nw.when(~since.is_null()).then(period)}
    for at, last in lasts:
        known[f"orders_{at}"] = nw.when(since <= last).then(nw.lit(1)).otherwise(nw.lit(0))
        known[f"last_{at}"] = nw.when(since <= last).then(period)
    totals = [nw.col("first").min()]
    totals += [nw.col(f"last_{at}").max() for at, _ in lasts]
    added = ["rows", *money, *(f"orders_{at}" for at, _ in lasts)]
    totals += [nw.col(name).sum() for name in added]
    grouped = frame.with_columns(**known).group_by(ID).agg(*totals)
    return grouped.with_columns(*(nw.col(name).cast(nw.Int64) for name in added))


def _number(rungs: Rungs, cuts: Mapping[str, IntArray], instants: Instants, at: int) -> nw.Expr:
    """Return the number of the rung at a date, 0 for customers who have not come yet."""
    end, cells = int(instants.period[at]), rungs.cells
    value = {
        "orders": nw.col(f"orders_{at}"),
        "days_since_last": end - nw.col(f"last_{at}"),
        "days_since_first": end - nw.col("first"),
        "total_value": nw.col(f"value_{at}"),
    }
    cell = nw.lit(0)
    for size, (column, points) in zip(cells.shape, cuts.items(), strict=True):
        cell = cell * size
        for cut in points.tolist():
            cell = cell + nw.when(value[column] >= cut).then(nw.lit(1)).otherwise(nw.lit(0))
    number = nw.lit(0)
    for rung in range(1, len(rungs.names) + 1):
        inside = np.flatnonzero(cells.ravel() == rung).tolist()
        number = number + nw.when(cell.is_in(inside)).then(nw.lit(rung)).otherwise(nw.lit(0))
    return nw.when(nw.col(f"orders_{at}") > 0).then(number).otherwise(nw.lit(0)).cast(nw.Int64)
