"""Later rows of a log added to a base, without reading the log again: which route, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import narwhals.stable.v2 as nw

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames.array_increments import add_arrays, audit_later_arrays
from evergreen.frames.audit import Audit, Dropped
from evergreen.frames.columns import AnyFrame, alike, check_log_types, kind_of_frame, open_frame
from evergreen.frames.gap_counts import AddedGaps, LazyGaps
from evergreen.frames.lazy_increments import add_lazily, audit_later
from evergreen.frames.logs import Summary, past_of_lazy
from evergreen.frames.pandas_log import log_in_pandas, read_pandas
from evergreen.frames.past import ArrayBesides, Past, other_customers
from evergreen.frames.periods import Boundary
from evergreen.frames.reading import Reading
from evergreen.frames.transactions import open_log
from evergreen.models.gaps import GapHistories

_Gaps: TypeAlias = GapHistories | LazyGaps | AddedGaps


def add_rows(base: AnyFrame, past: Past, gaps: _Gaps, new_rows: Any, end: Boundary | None) -> tuple[Summary, Dropped]:
    """Add later rows of a log to a base.

    Parameters
    ----------
    base : narwhals DataFrame or LazyFrame
        The base.
    past : Past
        What it remembers of its log.
    gaps : GapHistories, LazyGaps or AddedGaps
        Its gaps.
    new_rows : frame
        The rows, of the kind of the base.
    end : Boundary or None
        The new end of observation; by default the latest of the rows.

    Returns
    -------
    summary : Summary
        Of all rows.
    dropped : Dropped
        What of the new rows was left out.

    Raises
    ------
    ColumnNotFoundError
        If a column is missing.
    InputTypeError
        If the rows are in a frame of another kind, or a column is of a type that cannot be read.
    InvalidInputError
        If rows do not lie after the end of the base, or the new end lies before it.
    """
    _check_end(past, end)
    if isinstance(base, nw.DataFrame) and isinstance(gaps, GapHistories) and gaps.customers != len(base):
        raise other_customers(len(base), gaps.customers)
    reading = replace(past.reading, after=past.end, end=end)
    rows = _opened(new_rows, base, reading)
    if isinstance(past.besides, ArrayBesides) and isinstance(gaps, GapHistories):
        log, levels = read_pandas(log_in_pandas(rows, reading), reading, rows.implementation)
        audit, log, early = audit_later_arrays(log, reading)
        _check_later(past, audit, early)
        return add_arrays(base, past, gaps, (log, levels), audit, reading), audit.dropped
    opened = open_log(rows, reading)
    audit, kept, early = audit_later(opened)
    _check_later(past, audit, early)
    found, ended = add_lazily(base, past, opened, audit, kept)
    added = AddedGaps.of(gaps, ended, reading)
    frame: AnyFrame = found.frame
    if isinstance(base, nw.DataFrame):
        frame, added = found.frame.collect().sort(reading.columns.customer), added.persist()
    native = frame.to_native()
    remembered = past_of_lazy(found, native, past.reading, in_memory=isinstance(base, nw.DataFrame))
    return Summary(native, found.dropped, found.end, found.scale, added, remembered), audit.dropped


def _opened(new_rows: Any, base: AnyFrame, reading: Reading) -> AnyFrame:
    """Open new rows and check that they go with the base."""
    rows = open_frame("frame of new rows", new_rows)
    if not alike(rows, base):
        raise InputTypeError(
            f"The new rows are in a {kind_of_frame(rows)}, the base in a {kind_of_frame(base)}: bring them in a frame "
            "of the same kind."
        )
    columns = reading.columns
    columns.check(rows.collect_schema().names())
    if isinstance(base, nw.DataFrame) and isinstance(rows, nw.DataFrame) and not len(rows):
        return _no_rows(base, reading)
    check_log_types(rows, columns)
    return rows


def _no_rows(base: nw.DataFrame[Any], reading: Reading) -> nw.DataFrame[Any]:
    """Return a log without rows in the types of a base: columns of an empty frame often have none."""
    sources = {
        "customer": reading.columns.customer,
        "date": "first_purchase",
        "amount": "total_value",
        "order": "orders",
    }
    return base.head(0).select(*(nw.col(sources[role]).alias(name) for role, name in reading.columns.roles.items()))


def _check_end(past: Past, end: Boundary | None) -> None:
    """Refuse an end before that of the base."""
    if end is None:
        return
    occasion, known = past.reading.occasion, past.end
    by_row = occasion == "row"
    if end.last(occasion) < known.last(occasion) or (by_row and end.end_second < known.end_second):
        raise InvalidInputError(
            f"observation_end={str(end.moment(occasion))!r} lies before the end of the base, {known.moment(occasion)}: "
            "what was read cannot be taken back. Build the base of an earlier date from the log by from_transactions()."
        )


def _check_later(past: Past, audit: Audit, early: int | None) -> None:
    """Refuse rows that cannot be told apart from those already read."""
    if early is None:
        return
    occasion = past.reading.occasion
    of_number = Boundary.of_second if occasion == "row" else Boundary.of_day
    known, first = (of_number(number).moment(occasion) for number in (past.end.last(occasion), early))
    raise InvalidInputError.rows(
        f"New rows must lie after {known}, up to which the base has read its log, so that none counts twice",
        audit.counts["before_window"],
        audit.rows,
        example=str(first),
        todo=f"Give only rows after {known}, or build the base anew from the whole log by from_transactions().",
    )
