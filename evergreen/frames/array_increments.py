"""Later rows added to a base in memory: only customers who have any are computed anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Self, TypeAlias

import numpy as np

from evergreen.frames.arrays import (
    ArrayCustomers,
    LogArrays,
    audited,
    customers_of_arrays,
    money_columns,
    summary_columns,
    without,
)
from evergreen.frames.arrow_table import in_pandas
from evergreen.frames.audit import Audit, MoneyScale
from evergreen.frames.columns import AnyFrame
from evergreen.frames.gap_counts import ended_after, silences, without_silences
from evergreen.frames.gaps import whole_logs
from evergreen.frames.logs import PURCHASE_DATES, Summary, in_order, summary_table
from evergreen.frames.merging import ARRAYS, merged, rescaled, whole_columns, whole_periods
from evergreen.frames.pandas_log import Levels, ids_like, ids_of_both, ids_with, places_of_ids
from evergreen.frames.past import ArrayBesides, Past, later_end, scale_of
from evergreen.frames.periods import FIRST_DAY, SECONDS_PER_DAY, Boundary, time_ratio
from evergreen.frames.reading import SUMMARY_COLUMNS, Reading
from evergreen.models.gaps import GapHistories
from evergreen.typing import FloatArray, IntArray

_Columns: TypeAlias = dict[str, np.ndarray[Any, Any]]

_SUMS: Final = ("orders", "spent", "net", "coarse", "fine", "rows")
_PARTS: Final = ("coarse", "fine")
_FLOATS: Final = ("first_money", "spent", "net", *_PARTS)
_DATES: Final = ("first", "last")


def audit_later_arrays(log: LogArrays, reading: Reading) -> tuple[Audit, LogArrays, int | None]:
    """Look over later rows.

    Parameters
    ----------
    log : LogArrays
        The rows.
    reading : Reading
        How to read them; ``reading.after`` is the end of the base.

    Returns
    -------
    audit : Audit
        What was found in them.
    kept : LogArrays
        Those that count.
    early : int or None
        The earliest day (or second) of rows that are not after that end, if there are any.
    """
    audit, kept = audited(log, reading)
    if not audit.counts.get("before_window", 0):
        return audit, kept, None
    low = FIRST_DAY * (SECONDS_PER_DAY if reading.occasion == "row" else 1)
    return audit, kept, int(log.when[(log.code >= 0) & (log.when >= low)].min())


def add_arrays(
    base: AnyFrame,
    past: Past,
    gaps: GapHistories,
    rows: tuple[LogArrays, Levels],
    audit: Audit,
    reading: Reading,
) -> Summary:
    """Add later rows to a base in memory.

    Parameters
    ----------
    base : narwhals DataFrame
        The base, of pandas or pyarrow.
    past : Past
        What it remembers.
    gaps : GapHistories
        Its gaps.
    rows : tuple of LogArrays and Levels
        The rows that count, and the customers behind their codes.
    audit : Audit
        What was found in the rows.
    reading : Reading
        How they were read; ``reading.end`` is the new end, if it is given.

    Returns
    -------
    Summary
        Sorted by customer, if the base is.
    """
    (log, levels), customer = rows, reading.columns.customer
    there = [name for name in SUMMARY_COLUMNS if name in base.columns and name not in PURCHASE_DATES]
    known = in_pandas(base, ids=[customer], dates=PURCHASE_DATES, others=there)
    customers = known[customer]
    union, end = past.audit.followed_by(audit), later_end(past, audit, reading)
    scales = past.scale(), scale_of(union, reading)
    found = customers_of_arrays(log, audit, scales[1], reading)
    touched = _Touched.of(customers, past, found, levels)
    old = _before(known, past, touched, scales)
    made = _together(old, _after(found), reading)
    buys = made["occasions"] > 0
    few = summary_columns({name: column[buys] for name, column in made.items()}, end, scales[1], reading)
    ids, order = ids_with(customers, touched.ids[buys & (touched.place < 0)])
    placed = _Placed(touched.place[buys], order)
    columns = {name: placed.put(column, few[name]) for name, column in _all(known, past, end, scales).items()}
    besides = _besides(past.besides, touched, made, scales, placed)
    bought = slice(len(found.found["code"]))
    ended = ended_after(found.visits, old["occasions"][bought], old["last_period"][bought], reading)
    silent = silences(columns["frequency"], whole_periods(columns["T"] - columns["recency"], reading, ARRAYS), reading)
    return Summary(
        summary_table(ids, columns, reading, base),
        without(union.dropped, {"rows": besides.rows}),
        end,
        scales[1],
        without_silences(gaps) + ended + silent,
        Past(past.reading, end, union, besides),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Touched:
    """The customers of later rows, those with purchases first; arrays of shape (t,).

    Parameters
    ----------
    ids : pandas.Series
        Their ids, in the type of the base.
    place : ndarray of int64
        Their rows in the base, -1 for new ones.
    beside : ndarray of int64
        Their places among customers with refunds only, -1 for others.
    """

    ids: Any
    place: IntArray
    beside: IntArray

    @classmethod
    def of(cls, known: Any, past: Past, found: ArrayCustomers, levels: Levels) -> Self:
        """Look customers up by their ids."""
        code = np.concatenate((found.found["code"], found.alone["code"]))
        ids = ids_like(levels.take(code), known)
        return cls(ids, places_of_ids(ids, known), places_of_ids(ids, past.besides.ids))


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """Where values of some customers go among those of a base.

    Parameters
    ----------
    place : ndarray of int64, shape (k,)
        Rows of the base, -1 for new customers.
    order : ndarray of int64, or None
        The order of all customers, new ones behind those of the base; None for this one.
    """

    place: IntArray
    order: IntArray | None

    def put(self, column: np.ndarray[Any, Any], values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return a column of the base with the values put in."""
        known = self.place >= 0
        made = np.concatenate((column, values[~known]))
        made[self.place[known]] = values[known]
        return in_order(made, self.order)


def _before(base: Any, past: Past, touched: _Touched, scales: tuple[MoneyScale, MoneyScale]) -> _Columns:
    """Return what customers did before, in whole numbers; 0 for new ones."""
    known, there = touched.place >= 0, touched.beside >= 0
    at = touched.place[known]
    columns = {name: column[at] for name, column in _columns(base, past.reading).items()}
    found = whole_columns(columns, past.end.period(past.reading.occasion), past.reading, scales, ARRAYS)
    found |= {name: columns[f"{name}_purchase"] for name in _DATES}
    if past.besides.parts is not None:
        found |= {name: part[at] for name, part in zip(_PARTS, past.besides.parts, strict=True)}
    old = {name: np.zeros(len(known), np.float64 if name in _FLOATS else np.int64) for name in (*found, "rows")}
    for name, column in found.items():
        old[name][known] = column
    if "net" in old:
        beside = touched.beside[there]
        old["net"][there] = _on_scale(past.besides.net, scales)[beside]
        old["rows"][there] = past.besides.rows[beside]
    return old


def _after(found: ArrayCustomers) -> _Columns:
    """Return what customers did in later rows, in whole numbers."""
    alone = found.alone
    nothing = np.zeros(len(alone["code"]), np.int64)
    new = {name: np.concatenate((column, alone.get(name, nothing))) for name, column in found.found.items()}
    return new | {"rows": np.concatenate((np.zeros(len(found.found["code"]), np.int64), alone["rows"]))}


def _together(old: _Columns, new: _Columns, reading: Reading) -> _Columns:
    """Return what customers did on both sides."""
    made: _Columns = merged(old, new, ARRAYS)
    made |= {name: old[name] + new[name] for name in _SUMS if name in old}
    if reading.columns.order is None:
        made["orders"] = made["occasions"]
    if reading.log_gaps:
        coarse, fine = whole_logs(made["gap"])
        made["coarse"], made["fine"] = made["coarse"] + coarse, made["fine"] + fine
    made["first"] = np.where(old["occasions"] > 0, old["first"], new["first"])
    made["last"] = np.where(new["occasions"] > 0, new["last"], old["last"])
    return made


def _all(base: Any, past: Past, end: Boundary, scales: tuple[MoneyScale, MoneyScale]) -> _Columns:
    """Return the columns of a base at a later end and on another scale of money; dates as whole days (or seconds)."""
    reading, columns = past.reading, _columns(base, past.reading)
    moved = end.period(reading.occasion) - past.end.period(reading.occasion)
    times, over = time_ratio(reading.occasion, reading.time_unit)
    columns["T"] = (whole_periods(columns["T"], reading, ARRAYS) + moved) * times / over
    if scales[0] != scales[1]:
        whole = whole_columns(columns, 0, reading, scales, ARRAYS)
        frequency, first = columns["frequency"], whole["first_money"]
        columns |= money_columns(frequency, whole["spent"], first, whole["net"], scales[1])
    return columns


def _columns(base: Any, reading: Reading) -> _Columns:
    """Return the columns of a base as arrays, dates as whole days (or seconds)."""
    columns = {name: base[name].to_numpy() for name in SUMMARY_COLUMNS if name in base}
    for name in _DATES:
        dates = columns[f"{name}_purchase"].astype("datetime64[s]" if reading.occasion == "row" else "datetime64[D]")
        columns[f"{name}_purchase"] = dates.astype(np.int64)
    return columns


def _besides(
    known: ArrayBesides,
    touched: _Touched,
    made: _Columns,
    scales: tuple[MoneyScale, MoneyScale],
    placed: _Placed,
) -> ArrayBesides:
    """Return what a base does not tell: customers who have refunds only, and the logarithms of gaps."""
    alone = made["occasions"] == 0
    parts = known.parts
    if parts is not None:
        parts = placed.put(parts[0], made["coarse"][~alone]), placed.put(parts[1], made["fine"][~alone])
    if not (len(known.rows) or alone.any()):
        return replace(known, parts=parts)
    left = np.ones(len(known.rows), np.bool_)
    left[touched.beside[touched.beside >= 0]] = False
    net = np.concatenate((_on_scale(known.net, scales)[left], made["net"][alone]))
    rows = np.concatenate((known.rows[left], made["rows"][alone]))
    return ArrayBesides(ids_of_both(known.ids[left], touched.ids[alone]), net, rows, parts)


def _on_scale(whole: FloatArray, scales: tuple[MoneyScale, MoneyScale]) -> FloatArray:
    return np.asarray(rescaled(whole, np.ones(len(whole)), *scales, ARRAYS), np.float64)
