"""What each customer did in each period of the calendar, beside the period in which he first bought.

Rows become (customer, period) with counts and whole money. From these come small tables, the same whole numbers on
every engine; of a lazy log nothing else is collected.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import narwhals.stable.v2 as nw

from evergreen.frames.array_periods import periods_of_arrays
from evergreen.frames.lazy_periods import LazyPeriods, periods_of_frame
from evergreen.frames.logs import open_checked
from evergreen.frames.pandas_log import log_in_pandas, read_pandas
from evergreen.frames.period_sums import PeriodLog
from evergreen.frames.reading import Reading, check_columns
from evergreen.frames.segments import check_segment_type, segments_of_codes, segments_of_rows
from evergreen.frames.transactions import ID, open_log
from evergreen.typing import Period


def read_periods(log: Any, reading: Reading, period: Period, segment: str | None = None) -> PeriodLog:
    """Read a log by customer and period.

    Parameters
    ----------
    log : frame
        The rows, of any kind; not changed.
    reading : Reading
        How to read them: with money, by days.
    period : {"M", "Q", "Y"}
        Months, quarters or years.
    segment : str, optional
        Column of the segment of each customer.

    Returns
    -------
    PeriodLog
        Customers with at least one purchase.

    Raises
    ------
    ColumnNotFoundError, InputTypeError
        If the column of segments is not there, or holds neither text nor whole numbers.
    InvalidInputError
        If nothing is left, or a customer has several segments or none.
    """
    opened = open_checked(log, reading)
    if segment is not None:
        schema = opened.collect_schema()
        check_columns({**reading.columns.roles, "segment": segment}, schema.names())
        check_segment_type(segment, schema[segment])
    in_pandas = log_in_pandas(opened, reading, *([] if segment is None else [segment]))
    if in_pandas is not None:
        arrays, _ = read_pandas(in_pandas, reading, opened.implementation)
        found, periods = periods_of_arrays(arrays, reading, period)
        if segment is None:
            return found
        names, place = segments_of_codes(in_pandas[segment], arrays.code, periods.customer)
        return replace(found, rows=replace(periods, segments=names, segment=place), segments=names)
    found, frame = periods_of_frame(open_log(opened, reading), period)
    names = ()
    if segment is not None:
        values = nw.col(segment)
        if not opened.collect_schema()[segment].is_integer():
            values = values.cast(nw.String)  # categories have an order of their own
        rows = opened.lazy().select(nw.col(reading.columns.customer).alias(ID), values.alias(segment))
        customers = frame.group_by(ID).agg(nw.len().alias("periods")).select(ID)
        names, segments = segments_of_rows(rows, segment, customers)
        frame = frame.join(segments, on=ID, how="left")
    if isinstance(opened, nw.DataFrame):
        frame = frame.collect().lazy()
    return replace(found, rows=LazyPeriods(frame), segments=names)
