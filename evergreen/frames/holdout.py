"""Splitting a log in time: what is observed until a date, and what the same customers did afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames.arrays import holdout_arrays, summarize_arrays
from evergreen.frames.audit import Audit, Dropped
from evergreen.frames.columns import AnyFrame
from evergreen.frames.customer_base import CustomerBase
from evergreen.frames.logs import Summary, frame_by_customer, open_checked, summary_of_arrays, summary_of_lazy
from evergreen.frames.pandas_log import log_in_pandas, read_pandas
from evergreen.frames.periods import Boundary, Moment, boundary, time_ratio
from evergreen.frames.reading import LogColumns, Reading, ZeroAmounts, reading_of
from evergreen.frames.tracking import Clock, LazyRepeats, RepeatOccasions, repeats_of_visits
from evergreen.frames.transactions import holdout_lazily, open_log, summarize_lazily
from evergreen.typing import Occasion, TimeUnit


@final
@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A customer base observed until a date, and what the same customers did after it.

    Parameters
    ----------
    calibration : CustomerBase
        The base observed until ``at``.
    holdout : native frame
        One row for every customer of ``calibration``: the id, ``frequency_holdout`` (int64, occasions after
        ``at`` up to ``end``) and, if the log has money, ``value_holdout`` (float64, sum of the amounts, net
        of refunds). Zeros for customers who did nothing. Match it by the id.
    at, end : datetime.date or datetime.datetime
        The window after calibration: later than ``at``, up to ``end``.
    duration : float
        Length of the window, in ``calibration.time_unit``.
    last : datetime.date
        Day of the latest usable row up to ``end``, or of ``end`` if there are rows after it: before the day of ``end``
        the log does not reach it.
    dropped : Dropped
        What neither side took.

    Examples
    --------
    >>> from evergreen import datasets, split
    >>> halves = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W")
    >>> len(halves.calibration), int(halves.holdout["frequency_holdout"].sum()), halves.duration
    (2357, 1882, 39.0)
    >>> seen = halves.repeat_occasions()
    >>> int(seen.occasions[seen.since_at <= 0].sum()), int(seen.occasions[seen.since_at > 0].sum())
    (2457, 1882)
    """

    calibration: CustomerBase
    holdout: Any
    at: date | datetime
    end: date | datetime
    duration: float
    last: date
    dropped: Dropped
    _repeats: RepeatOccasions | LazyRepeats = field(repr=False)

    def repeat_occasions(self) -> RepeatOccasions:
        """Count the repeat occasions of the customers of ``calibration`` by the period in which they fell.

        Returns
        -------
        RepeatOccasions
            ``time``, ``since_at`` and ``occasions`` of every period from the earliest first purchase to ``end``, zeros
            among them. A customer's first occasion is no repeat; customers who first bought after ``at`` do not
            count. All together make the sums of ``frequency`` and of ``frequency_holdout``. A lazy log is read again.

        Notes
        -----
        Times are ends of periods and run like ages: where a model expects :math:`E[X(t)]` repeat occasions of a
        customer within the time t after his first, it expects the sum of :math:`E[X(T_i + s)]` over the customers
        with :math:`T_i + s > 0` until the end of a period with ``since_at`` s. A week or month that ``at`` cuts in two
        holds the occasions of both sides.

        Examples
        --------
        >>> import pandas as pd
        >>> log = pd.DataFrame({"customer_id": [1, 1, 2, 2], "amount": 1.0,
        ...     "date": ["2024-01-01", "2024-01-03", "2024-01-02", "2024-01-05"]})
        >>> found = split(log, at="2024-01-03").repeat_occasions()
        >>> found.time, found.since_at, found.occasions
        (array([0., 1., 2., 3., 4.]), array([-2., -1.,  0.,  1.,  2.]), array([0, 0, 1, 0, 1]))
        """
        return self._repeats.collect() if isinstance(self._repeats, LazyRepeats) else self._repeats


def split(
    log: Any,
    *,
    at: Moment,
    end: Moment | None = None,
    customer: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
    order: str | None = None,
    time_unit: TimeUnit = "D",
    occasion: Occasion = "D",
    zero_amounts: ZeroAmounts = "keep",
    log_gaps: bool = False,
) -> Split:
    """Split a transaction log at a date, to see whether a model foretells what came after.

    Parameters
    ----------
    log : frame
        One row per purchase, as for :meth:`CustomerBase.from_transactions`. It is not changed.
    at : str, date, datetime or numpy.datetime64
        End of calibration; the day itself belongs to it.
    end : str, date, datetime or numpy.datetime64, optional
        End of the window after it; the latest usable row by default. Later rows are left out.
    customer, date, amount, order, time_unit, occasion, zero_amounts, log_gaps
        As for :meth:`CustomerBase.from_transactions`. With weeks or months, ``at`` should end one: a period
        that it cuts in two is an occasion on both sides.

    Returns
    -------
    Split
        ``calibration.dropped`` counts the rows after ``at`` as after its end.

    Raises
    ------
    InvalidInputError
        If ``end`` is not after ``at``, or no row lies after ``at`` and no ``end`` is given.

    Warns
    -----
    DataWarning
        If rows were left out of both sides, with the counts.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame(
    ...     {
    ...         "customer_id": [1, 1, 1, 2],
    ...         "date": ["2024-01-01", "2024-01-08", "2024-02-03", "2024-01-05"],
    ...         "amount": [10.0, 30.0, 25.0, 20.0],
    ...     }
    ... )
    >>> halves = split(log, at="2024-01-31", end="2024-02-29")
    >>> halves.duration
    29.0
    >>> halves.holdout
       customer_id  frequency_holdout  value_holdout
    0            1                  1           25.0
    1            2                  0            0.0
    """
    begin = boundary("at", at)
    until = None if end is None else boundary("end", end)
    base = reading_of(
        LogColumns(customer, date, amount, order),
        occasion=occasion,
        time_unit=time_unit,
        zero_amounts=zero_amounts,
        observation_end=None,
        log_gaps=log_gaps,
    )
    if until is not None and until.period(base.occasion) <= begin.period(base.occasion):
        raise InvalidInputError(f"end={end!r} must be later than at={at!r}, by one period of occasion={occasion!r}.")
    before, after = replace(base, end=begin), replace(base, after=begin, end=until, log_gaps=False)
    opened = open_checked(log, base)
    in_pandas = log_in_pandas(opened, base)
    parts = (
        _split_frame(opened, before, after) if in_pandas is None else _split_pandas(opened, in_pandas, before, after)
    )
    until = _window_end(parts.audit, after, at)
    dropped = _both(parts.summary.dropped, parts.audit.dropped)
    dropped.warn(stacklevel=2)
    calibration = CustomerBase.from_parts(parts.summary, before)
    times, over = time_ratio(base.occasion, base.time_unit)
    periods = until.period(base.occasion) - begin.period(base.occasion)
    moments = begin.moment(base.occasion), until.moment(base.occasion)
    repeats = parts.repeats(Clock(base, begin, until))
    last = _last(parts.audit, base.occasion, begin, until)
    return Split(calibration, parts.holdout, *moments, periods * times / over, last, dropped, repeats)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Both sides of a split, and how to count its repeat occasions."""

    summary: Summary
    audit: Audit
    holdout: Any
    repeats: Callable[[Clock], RepeatOccasions | LazyRepeats]


def _split_pandas(opened: AnyFrame, in_pandas: Any, before: Reading, after: Reading) -> _Parts:
    """Split through arrays: both sides share the codes of the customers."""
    rows, levels = read_pandas(in_pandas, before, opened.implementation)
    found = summarize_arrays(rows, before)
    audit, frequency, value, visits = holdout_arrays(rows, after, found.code)
    columns: dict[str, np.ndarray[Any, Any]] = {"frequency_holdout": frequency}
    if value is not None:
        columns["value_holdout"] = value
    summary = summary_of_arrays(found, levels, before, opened)
    holdout = frame_by_customer(found.code, columns, levels, before.columns.customer, opened)
    return _Parts(summary, audit, holdout, lambda clock: repeats_of_visits(found.visits, visits, clock))


def _split_frame(opened: AnyFrame, before: Reading, after: Reading) -> _Parts:
    """Split through narwhals: what came after is joined to the customers by their id."""
    log = open_log(opened, before)
    found = summarize_lazily(log)
    audit, later, visits = holdout_lazily(replace(log, reading=after))
    customer = before.columns.customer
    names = later.collect_schema().names()[1:]
    holdout: AnyFrame = found.frame.select(customer).join(later, on=customer, how="left")
    holdout = holdout.with_columns(*(nw.col(name).fill_null(0) for name in names))
    frame: AnyFrame = found.frame
    if isinstance(opened, nw.DataFrame):
        frame, holdout = (lazy.lazy().collect().sort(customer) for lazy in (frame, holdout))
    summary = summary_of_lazy(found, frame, before)
    return _Parts(summary, audit, holdout.to_native(), lambda clock: LazyRepeats(found.visits, visits, clock))


def _window_end(audit: Audit, after: Reading, at: Moment) -> Boundary:
    """Return the end of the window: as given, or the latest usable row."""
    if after.end is not None:
        return after.end
    if not audit.counts.get("kept", 0):
        raise InvalidInputError(f"No usable row lies after at={at!r}: choose an earlier date, or give end.")
    return Boundary.of_second(audit.last) if after.occasion == "row" else Boundary.of_day(audit.last)


def _last(audit: Audit, occasion: Occasion, begin: Boundary, until: Boundary) -> date:
    """Return the day up to which the log is known to reach, that of the window's end at most."""
    boundary_of = Boundary.of_second if occasion == "row" else Boundary.of_day
    found = boundary_of(audit.last) if audit.counts.get("kept", 0) else begin
    return (until if audit.counts.get("after_end", 0) else found).moment("D")


def _both(before: Dropped, after: Dropped) -> Dropped:
    """Return what neither side took; rows after ``at`` are left out only if the window did not take them."""
    return replace(
        before,
        after_end=after.after_end,
        bad_amount=before.bad_amount + after.bad_amount,
        zero_amount=before.zero_amount + after.zero_amount,
    )
