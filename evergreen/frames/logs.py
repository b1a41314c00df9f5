"""From a user's log to a summary in a frame of the same kind: which route, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames.arrays import ArraySummary, summarize_arrays
from evergreen.frames.arrow_table import in_kind_of
from evergreen.frames.audit import Dropped, MoneyScale
from evergreen.frames.columns import AnyFrame, check_log_types, open_frame
from evergreen.frames.engines import taken_names
from evergreen.frames.gap_counts import AddedGaps, LazyGaps
from evergreen.frames.keeping import Kept, keep
from evergreen.frames.pandas_log import Levels, log_in_pandas, order_of_ids, purchase_dates, read_pandas
from evergreen.frames.past import ArrayBesides, Past
from evergreen.frames.periods import Boundary
from evergreen.frames.reading import SUMMARY_COLUMNS, Reading
from evergreen.frames.transactions import (
    ID,
    PERIOD,
    LazySummary,
    besides_of,
    open_log,
    summarize_lazily,
    summary_frame,
)
from evergreen.models.gaps import GapHistories
from evergreen.typing import IntArray

PURCHASE_DATES: Final = ("first_purchase", "last_purchase")
"""The columns of a summary that are dates."""


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """A customer summary in a frame of the user's kind.

    Parameters
    ----------
    frame : native frame
        One row per customer.
    dropped : Dropped
        What was left out.
    end : Boundary
        End of the observation.
    scale : MoneyScale
        How money was made whole.
    gaps : GapHistories, LazyGaps or AddedGaps
        The gaps between occasions, counted or yet to be.
    past : Past
        What is remembered of the log beyond this.
    """

    frame: Any
    dropped: Dropped
    end: Boundary
    scale: MoneyScale
    gaps: GapHistories | LazyGaps | AddedGaps
    past: Past


def open_checked(log: Any, reading: Reading) -> AnyFrame:
    """Open a log and check that its columns are there and can be read."""
    opened = open_frame("log", log)
    reading.columns.check(opened.collect_schema().names())
    customer = reading.columns.customer
    if taken_names(opened, [customer], SUMMARY_COLUMNS):
        raise InvalidInputError(f"customer={customer!r} is the name of another column of a base: rename it in the log.")
    if isinstance(opened, nw.DataFrame) and len(opened) == 0:
        raise InvalidInputError("The log is empty: it has 0 rows.")
    check_log_types(opened, reading.columns)
    return opened


def summarize_log(log: Any, reading: Reading) -> Summary:
    """Turn a log of any kind into its customer summary.

    Parameters
    ----------
    log : frame
        The rows; not changed.
    reading : Reading
        How to read them.

    Returns
    -------
    Summary
        In memory sorted by customer where ids can be compared; lazy in no particular order.
    """
    opened = open_checked(log, reading)
    log = log_in_pandas(opened, reading)
    if log is not None:
        rows, levels = read_pandas(log, reading, opened.implementation)
        found = summarize_arrays(rows, reading)
        return summary_of_arrays(found, levels, reading, opened)
    lazy = summarize_lazily(open_log(opened, reading))
    frame: AnyFrame = lazy.frame
    if isinstance(opened, nw.DataFrame):
        frame = lazy.frame.collect().sort(reading.columns.customer)
    return summary_of_lazy(lazy, frame, reading)


def summary_of_arrays(found: ArraySummary, levels: Levels, reading: Reading, log: AnyFrame) -> Summary:
    """Return the summary of a log in memory in a frame of its kind, sorted by customer where ids can be compared."""
    ids, order = _ordered_ids(found.code, levels)
    frame = summary_table(ids, {name: in_order(column, order) for name, column in found.columns.items()}, reading, log)
    parts = None
    if found.parts is not None:
        coarse, fine = (in_order(part, order) for part in found.parts)
        parts = coarse, fine
    besides = ArrayBesides(levels.take(found.alone["code"]), found.alone["net"], found.alone["rows"], parts)
    past = Past(reading, found.end, found.audit, besides)
    return Summary(frame, found.dropped, found.end, found.scale, found.gaps, past)


def summary_of_lazy(found: LazySummary, frame: AnyFrame, reading: Reading) -> Summary:
    """Return the summary of a log in an engine, with its rows as they were collected, or lazy."""
    native = frame.to_native()
    gaps = LazyGaps(found.visits, ID, PERIOD, found.end.period(reading.occasion), reading)
    past = past_of_lazy(found, native, reading, in_memory=isinstance(frame, nw.DataFrame))
    return Summary(native, found.dropped, found.end, found.scale, gaps, past)


def past_of_lazy(found: LazySummary, base: Any, reading: Reading, *, in_memory: bool) -> Past:
    """Return what is remembered of a log in an engine beside a base that was made from it."""
    past = _with_besides(Past(reading, found.end, found.audit, None), found.customers)
    if not in_memory:
        return replace(past, customers=found.customers.to_native(), frame=base)
    if past.besides is None:
        return past
    return replace(past, besides=nw.from_native(past.besides).lazy().collect().to_native())


def keep_customers(base: AnyFrame, past: Past | None) -> tuple[Kept, Past | None]:
    """Have the engine keep a lazy base and what is remembered beside it, from one reading of the log.

    Parameters
    ----------
    base : narwhals LazyFrame
        The base.
    past : Past or None
        What it remembers.

    Returns
    -------
    rows : Kept
        The base.
    past : Past or None
        What is remembered, from the rows that are kept if the base is as it was made.
    """
    if past is None or past.besides is None or past.frame is not base.to_native():
        return keep(base), past
    rows = keep(nw.from_native(past.customers))
    customers = rows.frame.lazy()
    frame = summary_frame(customers, past.reading, past.end, past.scale())
    past = replace(past, customers=customers.to_native(), frame=frame.to_native())
    return rows.showing(frame), _with_besides(past, customers)


def _with_besides(past: Past, customers: nw.LazyFrame[Any]) -> Past:
    besides = besides_of(customers)
    return replace(past, besides=None if besides is None else besides.to_native())


def summary_table(ids: Any, columns: Mapping[str, np.ndarray[Any, Any]], reading: Reading, like: AnyFrame) -> Any:
    """Return the columns of a summary beside the ids of customers, in a frame of the kind of another."""
    import pandas as pd

    made, seconds = dict(columns), reading.occasion == "row"
    for name in PURCHASE_DATES:
        made[name] = purchase_dates(made[name], seconds=seconds)
    frame = pd.DataFrame({reading.columns.customer: ids, **made})
    return in_kind_of(frame, like, reading.columns.customer, [] if seconds else PURCHASE_DATES)


def in_order(column: np.ndarray[Any, Any], order: IntArray | None) -> np.ndarray[Any, Any]:
    """Return a column in another order, if there is one."""
    return column if order is None else np.take(column, order)


def frame_by_customer(
    code: IntArray, columns: Mapping[str, np.ndarray[Any, Any]], levels: Levels, customer: str, like: AnyFrame
) -> Any:
    """Return columns beside the ids of customers, sorted by them where they can be compared, in a frame of a kind."""
    import pandas as pd

    ids, order = _ordered_ids(code, levels)
    frame = pd.DataFrame({customer: ids, **{name: in_order(column, order) for name, column in columns.items()}})
    return in_kind_of(frame, like, customer)


def _ordered_ids(code: IntArray, levels: Levels) -> tuple[Any, IntArray | None]:
    """Return the customer ids in the order of the base, and the order that brings arrays there (if any)."""
    ids = levels.take(code)
    order = None if levels.ordered else order_of_ids(ids)
    return (ids, None) if order is None else (ids.take(order), order)
