"""Later rows added to a base in an engine: group-bys of what is new, and one of customers before and after."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import narwhals.stable.v2 as nw

from evergreen.frames.audit import REASONS, Audit, MoneyScale
from evergreen.frames.columns import AnyFrame, ids_do_not_fit
from evergreen.frames.engines import stacked
from evergreen.frames.gap_counts import OCCASIONS, LazyGaps
from evergreen.frames.gaps import COARSE, FINE, with_whole_logs
from evergreen.frames.merging import EXPRESSIONS, SIDED, merged, rescaled, whole_columns
from evergreen.frames.past import Past, later_end, scale_of
from evergreen.frames.reading import SUMMARY_COLUMNS, Reading
from evergreen.frames.transactions import (
    ID,
    PERIOD,
    REASON,
    WHEN,
    LazyCustomers,
    LazySummary,
    OpenedLog,
    as_int64,
    audit_log,
    customers_lazily,
    summary_of_customers,
    with_reasons,
)

_DATES: Final = ("first", "last")


def audit_later(log: OpenedLog) -> tuple[Audit, nw.LazyFrame[Any], int | None]:
    """Look over later rows.

    Parameters
    ----------
    log : OpenedLog
        The rows; ``log.reading.after`` is the end of the base.

    Returns
    -------
    audit : Audit
        What was found in them.
    kept : narwhals LazyFrame
        Those that count.
    early : int or None
        The earliest day (or second) of rows that are not after that end, if there are any.
    """
    audit, kept = audit_log(log)
    if not audit.counts.get("before_window", 0):
        return audit, kept, None
    early = with_reasons(log).filter(nw.col(REASON) == REASONS.index("before_window")).select(nw.col(WHEN).min())
    return audit, kept, int(early.collect().item())


def add_lazily(
    base: AnyFrame, past: Past, log: OpenedLog, audit: Audit, kept: nw.LazyFrame[Any]
) -> tuple[LazySummary, LazyGaps]:
    """Add later rows to a base.

    Parameters
    ----------
    base : narwhals DataFrame or LazyFrame
        The base.
    past : Past
        What it remembers.
    log : OpenedLog
        The rows; ``log.reading.end`` is the new end, if it is given.
    audit : Audit
        What was found in them.
    kept : narwhals LazyFrame
        Those that count.

    Returns
    -------
    summary : LazySummary
        Of both. Nothing but the audit has run; in memory customers have been added up.
    gaps : LazyGaps
        Those that the later rows ended.
    """
    reading, customer = past.reading, past.reading.columns.customer
    union = past.audit.followed_by(audit)
    scale = scale_of(union, reading)
    end = later_end(past, audit, log.reading)
    found = customers_lazily(log, kept, audit, scale)
    key = _id_like(kept, base.collect_schema()[customer], customer)
    visits, new = found.visits.with_columns(key), found.frame.with_columns(key)
    before = _before(base, past, scale)
    frames = [before, _after(new, reading)]
    if past.besides is not None:
        frames.append(_besides(nw.from_native(past.besides).lazy(), past, scale))
    frame = _together(frames, reading, union)
    summary = summary_of_customers(LazyCustomers(frame, visits), log, union, end, scale)
    done = before.select(ID, nw.col("old_last_period").alias(PERIOD), nw.col("old_occasions").alias(OCCASIONS))
    return summary, LazyGaps(visits, ID, PERIOD, end.period(reading.occasion), reading, done)


def _together(frames: list[nw.LazyFrame[Any]], reading: Reading, union: Audit) -> nw.LazyFrame[Any]:
    """Return what customers did on both sides, as :class:`LazyCustomers` has it."""
    rows: AnyFrame = frames[0]
    for frame in frames[1:]:
        rows = stacked(rows, frame)
    whole = _columns(reading)
    totals = [nw.col(name).sum() for name in whole]
    frame = as_int64(rows.lazy().group_by(ID).agg(*totals, nw.col("first").min(), nw.col("last").max()), whole)
    old, new = ({name: nw.col(f"{side}_{name}") for name in _sided(reading)} for side in ("old", "new"))
    made = merged(old, new, EXPRESSIONS)
    frame = frame.with_columns(*(value.cast(nw.Int64).alias(name) for name, value in made.items()))
    if reading.log_gaps:
        sums = {name: f"summed_{name}" for name in (COARSE, FINE)}
        frame = with_whole_logs(frame.rename(sums), "gap", union.bits(reading.occasion))
        frame = frame.with_columns(*(nw.col(name) + nw.col(known) for name, known in sums.items()))
    refunds = [] if union.refunds else ["net", "rows"]
    return frame.select(ID, *_DATES, *_sided(reading), *(name for name in _added(reading) if name not in refunds))


def _before(base: AnyFrame, past: Past, scale: MoneyScale) -> nw.LazyFrame[Any]:
    """Return what the customers of a base did, in whole numbers."""
    reading = past.reading
    there = base.collect_schema().names()
    columns = {name: nw.col(name) for name in SUMMARY_COLUMNS if name in there}
    scales = past.scale(), scale
    whole = whole_columns(columns, past.end.period(reading.occasion), reading, scales, EXPRESSIONS)
    made = {(f"old_{name}" if name in SIDED else name): value for name, value in whole.items()}
    dates = {name: nw.col(f"{name}_purchase") for name in _DATES}
    return _side(base.lazy(), nw.col(reading.columns.customer), made | dates, reading)


def _after(customers: nw.LazyFrame[Any], reading: Reading) -> nw.LazyFrame[Any]:
    """Return what customers did in later rows."""
    there = customers.collect_schema().names()
    made = {}
    for name in (*SIDED, *_added(reading)):
        source = "spent" if name == "net" and name not in there else name
        if source in there:
            made[f"new_{name}" if name in SIDED else name] = nw.col(source).fill_null(0)
    return _side(customers, nw.col(ID), made | {name: nw.col(name) for name in _DATES}, reading)


def _besides(customers: nw.LazyFrame[Any], past: Past, scale: MoneyScale) -> nw.LazyFrame[Any]:
    """Return what is known of customers beside the base."""
    made = {name: nw.col(name) for name in customers.collect_schema().names() if name != ID}
    if "net" in made:
        net = made["net"].cast(nw.Float64)
        made["net"] = rescaled(net, net * 0.0 + 1.0, past.scale(), scale, EXPRESSIONS)
    return _side(customers, nw.col(ID), made, past.reading)


def _side(frame: nw.LazyFrame[Any], key: nw.Expr, made: dict[str, nw.Expr], reading: Reading) -> nw.LazyFrame[Any]:
    """Return the same columns for every side, 0 or missing where it has none."""
    whole = (made.get(name, nw.lit(0)).cast(nw.Int64).alias(name) for name in _columns(reading))
    kind = nw.Datetime("us") if reading.occasion == "row" else nw.Date()
    moment = nw.lit(datetime(1970, 1, 1) if reading.occasion == "row" else date(1970, 1, 1))  # noqa: DTZ001 - local
    missing = nw.when(key.is_null()).then(moment)
    dates = (made.get(name, missing).cast(kind).alias(name) for name in _DATES)
    return frame.select(key.alias(ID), *whole, *dates)


def _sided(reading: Reading) -> list[str]:
    """Return what is known of both sides."""
    return [name for name in SIDED if name != "first_money" or reading.columns.amount is not None]


def _added(reading: Reading) -> list[str]:
    """Return what adds up."""
    roles = reading.columns
    names = [] if roles.order is None else ["orders"]
    names += [] if roles.amount is None else ["spent", "net", "rows"]
    return names + ([COARSE, FINE] if reading.log_gaps else [])


def _columns(reading: Reading) -> list[str]:
    """Return the columns of whole numbers that every side has."""
    return [f"{side}_{name}" for side in ("old", "new") for name in _sided(reading)] + _added(reading)


def _id_like(rows: nw.LazyFrame[Any], wanted: nw.dtypes.DType, customer: str) -> nw.Expr:
    """Return the ids of later rows in the type that they have in the base, if all of them fit."""
    kind = rows.collect_schema()[ID]
    if kind == wanted:
        return nw.col(ID)
    texts = (isinstance(one, (nw.String, nw.Categorical)) for one in (kind, wanted))
    example: object = None
    if kind.is_integer() and wanted.is_integer():
        row = next(rows.select(nw.col(ID).min().alias("least"), nw.col(ID).max().alias("most")).collect().iter_rows())
        low, high = _bounds(wanted)
        example = next((number for number in row if number is not None and not low <= int(number) <= high), None)
        fits = example is None
    else:
        fits = kind == nw.Unknown or all(texts)  # a column that is null from top to bottom has no type
    if not fits:
        raise ids_do_not_fit(customer, kind, wanted, example)
    return nw.col(ID).cast(wanted)


def _bounds(kind: nw.dtypes.DType) -> tuple[int, int]:
    """Return the least and the greatest number of a type of whole numbers."""
    bits = int("".join(filter(str.isdigit, str(kind))) or 64)
    return (0, 2**bits - 1) if kind.is_unsigned_integer() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
