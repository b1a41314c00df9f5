"""The gaps between occasions, counted: from sorted visits in memory, and in an engine when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.frames.engines import with_sum_before, with_value_before
from evergreen.frames.periods import SECONDS_PER_DAY, time_ratio
from evergreen.frames.reading import Reading
from evergreen.frames.visits import Visits
from evergreen.models.gaps import MOST_OCCASIONS, GapHistories
from evergreen.typing import FloatArray, IntArray

_ORDER, _GAP, _BEFORE, _ROWS, _LAST = (f"evergreen_{name}" for name in ("order", "gap", "before", "rows", "last"))


def gaps_of_visits(visits: Visits, end: int, reading: Reading) -> GapHistories:
    """Count the gaps of a log in memory.

    Parameters
    ----------
    visits : Visits
        The occasions of every customer.
    end : int
        The period (or second) that ends the observation.
    reading : Reading
        Tells the period and the unit of time.

    Returns
    -------
    GapHistories
    """
    ended, lasting = visits.gap_counts(end, MOST_OCCASIONS, _per(reading))
    order, length = np.nonzero(ended + lasting)
    return GapHistories(order, _time(length, reading), ended[order, length], lasting[order, length], reading.time_unit)


@dataclass(frozen=True, slots=True, eq=False)
class LazyGaps:
    """The gaps of a log in an engine, not yet counted; a copy by pickle holds their counts and not the log.

    Parameters
    ----------
    visits : narwhals LazyFrame
        One row per customer and occasion.
    customer, period : str
        Its columns.
    end : int
        The period (or second) that ends the observation.
    reading : Reading
        Tells the period and the unit of time.
    """

    visits: nw.LazyFrame[Any]
    customer: str
    period: str
    end: int
    reading: Reading

    def collect(self) -> GapHistories:
        """Count them in the engine: nothing but the distinct gaps comes back."""
        ended, lasting = self._ended(), self._lasting()
        order, gap, count = (np.concatenate(pair) for pair in zip(ended, lasting, strict=True))
        returned = np.where(np.arange(len(count)) < len(ended[0]), count, 0)
        return GapHistories.of(
            order, _time(gap, self.reading), returned, count - returned, time_unit=self.reading.time_unit
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Count the gaps rather than take the log along."""
        found = self.collect()
        return GapHistories, (found.order, found.length, found.returned, found.silent, found.time_unit)

    def _ended(self) -> tuple[IntArray, IntArray, IntArray]:
        """Return order, length and number of the gaps that an occasion ended."""
        by, moments, rows = [self.customer], self.visits, nw.lit(1)
        if self.reading.occasion == "row":
            moments, rows = moments.group_by(*by, self.period).agg(nw.len().alias(_ROWS)), nw.col(_ROWS)
        moments = moments.with_columns(rows.cast(nw.Int64).alias(_ROWS))
        moments = with_value_before(moments, _BEFORE, self.period, by)
        moments = with_sum_before(moments, _ORDER, _ROWS, self.period, by)
        wait = self._lengths(nw.col(self.period) - nw.col(_BEFORE).fill_null(nw.col(self.period)))
        order, gap, times, count = self._counts(moments, wait, _ROWS)
        more = times - 1  # rows in the second of the one before: gaps of 0
        same = np.repeat(np.arange(len(times)), more)
        place = np.arange(len(same)) - (np.cumsum(more) - more)[same]
        later = order > 0
        return (
            np.concatenate((order[later], order[same] + 1 + place)),
            np.concatenate((gap[later], np.zeros(len(same), np.int64))),
            np.concatenate((count[later], count[same])),
        )

    def _lasting(self) -> list[IntArray]:
        """Return order, length and number of the gaps that last at the end."""
        customers = self.visits.group_by(self.customer).agg(
            nw.len().alias(_ORDER), nw.col(self.period).max().alias(_LAST)
        )
        return self._counts(customers, self._lengths(self.end - nw.col(_LAST)))

    def _counts(self, frame: nw.LazyFrame[Any], gap: nw.Expr, *besides: str) -> list[IntArray]:
        """Return the distinct orders and gaps, with other columns, and how often each occurs."""
        most = nw.when(nw.col(_ORDER) > MOST_OCCASIONS).then(nw.lit(MOST_OCCASIONS)).otherwise(nw.col(_ORDER))
        keys = [_ORDER, _GAP, *besides]
        counted = frame.with_columns(most.cast(nw.Int64).alias(_ORDER), gap.cast(nw.Int64).alias(_GAP))
        found = counted.group_by(*keys).agg(nw.len().alias(_LAST)).collect()
        return [found.get_column(name).to_numpy().astype(np.int64) for name in (*keys, _LAST)]

    def _lengths(self, gap: nw.Expr) -> nw.Expr:
        """Return differences of periods in whole periods; of seconds in days, a begun one in full."""
        per = _per(self.reading)
        return gap if per == 1 else (gap + per - 1) // per


def _per(reading: Reading) -> int:
    """Return the periods in a unit of length: gaps of single rows are counted by the day."""
    return SECONDS_PER_DAY if reading.occasion == "row" else 1


def _time(gap: IntArray, reading: Reading) -> FloatArray:
    """Return whole lengths in the unit of the user."""
    times, over = time_ratio(reading.occasion, reading.time_unit)
    return (gap * _per(reading)).astype(np.float64) * times / over
