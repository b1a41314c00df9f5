"""The gaps between occasions, counted: from sorted visits in memory, and in an engine when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.frames.engines import with_next_and_sum
from evergreen.frames.periods import SECONDS_PER_DAY, time_ratio
from evergreen.frames.reading import Reading
from evergreen.frames.visits import Visits
from evergreen.models.gaps import MOST_OCCASIONS, GapHistories
from evergreen.typing import FloatArray, IntArray

_ORDER, _GAP, _NEXT, _ROWS, _ENDED, _COUNT = (
    f"evergreen_{name}" for name in ("order", "gap", "next", "rows", "ended", "count")
)


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
        order, gap, rows, ended, count = self._counts()
        more = rows - 1  # further rows in the second of the occasion: gaps of 0
        same = np.repeat(np.arange(len(rows)), more)
        place = np.arange(len(same)) - (np.cumsum(more) - more)[same]
        zeros = np.zeros(len(same), np.int64)
        return GapHistories.of(
            np.concatenate((order, (order - more)[same] + place)),
            _time(np.concatenate((gap, zeros)), self.reading),
            np.concatenate((count * ended, count[same])),
            np.concatenate((count * (1 - ended), zeros)),
            time_unit=self.reading.time_unit,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Count the gaps rather than take the log along."""
        found = self.collect()
        return GapHistories, (found.order, found.length, found.returned, found.silent, found.time_unit)

    def _counts(self) -> list[IntArray]:
        """Return the distinct gaps that follow an occasion, and how often each occurs.

        Each has the number of occasions so far, its length, the number of rows in the period (or second) of the
        occasion, and whether another occasion ended it.
        """
        by, moments, rows = [self.customer], self.visits, nw.lit(1)
        if self.reading.occasion == "row":
            moments, rows = moments.group_by(*by, self.period).agg(nw.len().alias(_ROWS)), nw.col(_ROWS)
        moments = moments.with_columns(rows.cast(nw.Int64).alias(_ROWS))
        moments = with_next_and_sum(moments, (_NEXT, _ORDER), self.period, _ROWS, by)
        most = MOST_OCCASIONS + nw.col(_ROWS) - 1  # rows of one second are told apart afterwards
        upto = nw.when(nw.col(_ORDER) > most).then(most).otherwise(nw.col(_ORDER))
        ended = nw.when(nw.col(_NEXT).is_null()).then(nw.lit(0)).otherwise(nw.lit(1))
        gap = self._lengths(nw.col(_NEXT).fill_null(self.end) - nw.col(self.period))
        made = {_ORDER: upto, _GAP: gap, _ENDED: ended}
        counted = moments.with_columns(*(column.cast(nw.Int64).alias(name) for name, column in made.items()))
        keys = [_ORDER, _GAP, _ROWS, _ENDED]
        found = counted.group_by(*keys).agg(nw.len().alias(_COUNT)).collect()
        return [found.get_column(name).to_numpy().astype(np.int64) for name in (*keys, _COUNT)]

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
