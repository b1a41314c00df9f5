"""The gaps between occasions, counted: from sorted visits in memory, and in an engine when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Self

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.frames.periods import SECONDS_PER_DAY, time_ratio
from evergreen.frames.reading import Reading
from evergreen.frames.visits import Visits
from evergreen.kernels.grouping import distinct_rows
from evergreen.models.gaps import MOST_OCCASIONS, GapHistories
from evergreen.models.histories import PurchaseHistories
from evergreen.typing import FloatArray, IntArray

OCCASIONS: Final = "evergreen_rows"
"""How many occasions a row of visits stands for."""
_ORDER, _GAP, _NEXT, _MORE, _ENDED, _LATER, _COUNT = (
    f"evergreen_{name}" for name in ("order", "gap", "next", "more", "ended", "later", "count")
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


def ended_after(visits: Visits, occasions: IntArray, last: IntArray, reading: Reading) -> GapHistories:
    """Count the gaps that visits ended, of customers who had occasions before.

    Parameters
    ----------
    visits : Visits
        The later occasions of c customers.
    occasions : ndarray of int64, shape (c,)
        How many each of them had before.
    last : ndarray of int64, shape (c,)
        The period (or second) of the last of those, which may be that of the first later one: one occasion, then.
    reading : Reading
        Tells the period and the unit of time.

    Returns
    -------
    GapHistories
        Nobody is silent in it.
    """
    place = visits.place.astype(np.int64) + visits.first
    start = visits.start
    which = np.repeat(np.arange(len(start)), visits.count)
    again = (occasions > 0) & (last == place[start])
    order = np.arange(len(place)) - start[which] + (occasions - again)[which]
    before = np.roll(place, 1)
    before[start] = last
    ended = order > 0
    ended[start] &= ~again
    per = _per(reading)
    length = _time((place[ended] - before[ended] + per - 1) // per, reading)
    ones = np.ones(len(length), np.int64)
    return GapHistories.of(order[ended], length, ones, 0 * ones, time_unit=reading.time_unit)


def silences(frequency: IntArray, lasted: IntArray, reading: Reading, count: IntArray | None = None) -> GapHistories:
    """Count the gaps that last at the end of observation.

    Parameters
    ----------
    frequency : ndarray of int64, shape (n,)
        Repeat occasions of customers.
    lasted : ndarray of int64, shape (n,)
        Periods (or seconds) from their last occasion to the end.
    reading : Reading
        Tells the period and the unit of time.
    count : ndarray of int64, shape (n,), optional
        Customers per row; one by default.

    Returns
    -------
    GapHistories
        No gap ended in it.
    """
    per = _per(reading)
    columns = [np.minimum(frequency + 1, MOST_OCCASIONS), (lasted + per - 1) // per]
    (order, gap), number = distinct_rows(columns, count)
    return GapHistories.of(order, _time(gap, reading), 0 * number, number, time_unit=reading.time_unit)


def without_silences(gaps: GapHistories) -> GapHistories:
    """Return the gaps that an occasion ended."""
    ended = gaps.returned
    return GapHistories.of(gaps.order, gaps.length, ended, 0 * ended, time_unit=gaps.time_unit)


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
    past : narwhals LazyFrame, optional
        What customers had done before: one row for each, with the period of the last occasion and how many there had
        been in the column ``OCCASIONS``. Then the visits are later ones.
    """

    visits: nw.LazyFrame[Any]
    customer: str
    period: str
    end: int
    reading: Reading
    past: nw.LazyFrame[Any] | None = None

    def collect(self) -> GapHistories:
        """Count them in the engine: nothing but the distinct gaps comes back."""
        order, gap, more, ended, count = self._counts()
        same = np.repeat(np.arange(len(more)), more)  # further rows in the second of the occasion: gaps of 0
        place = np.arange(len(same)) - (np.cumsum(more) - more)[same]
        zeros = np.zeros(len(same), np.int64)
        return GapHistories.of(
            np.concatenate((order, (order - more)[same] + place)),
            _time(np.concatenate((gap, zeros)), self.reading),
            np.concatenate((count * ended, count[same])),
            np.concatenate((count * (1 - ended), zeros)),
            time_unit=self.reading.time_unit,
        )

    def ended(self) -> GapHistories:
        """Count those that a visit ended; nobody is silent among them."""
        return without_silences(self.collect())

    def __reduce__(self) -> tuple[Any, ...]:
        """Count the gaps rather than take the log along."""
        found = self.collect()
        return GapHistories, (found.order, found.length, found.returned, found.silent, found.time_unit)

    def _moments(self) -> nw.LazyFrame[Any]:
        """Return the occasions of each customer in each period, those of the past as one."""
        moments, by = self.visits, [self.customer, self.period]
        if self.reading.occasion == "row":
            moments = moments.group_by(*by).agg(nw.len().alias(OCCASIONS))
        else:
            moments = moments.with_columns(nw.lit(1).alias(OCCASIONS))
        moments = moments.with_columns(nw.col(OCCASIONS).cast(nw.Int64))
        if self.past is None:
            return moments
        sides = [self.past.join(self.visits.select(self.customer), on=self.customer, how="semi"), moments]
        marked = [
            side.select(*by, OCCASIONS, nw.lit(later).cast(nw.Int64).alias(_LATER)) for later, side in enumerate(sides)
        ]
        # a visit in the period of the last one before is no other occasion
        return nw.concat(marked, how="vertical").group_by(*by).agg(nw.col(OCCASIONS).max(), nw.col(_LATER).min())

    def _counts(self) -> list[IntArray]:
        """Return the distinct gaps that follow an occasion, and how often each occurs.

        Each has the number of occasions so far, its length, the number of further rows in the period (or second) of the
        occasion, and whether another occasion ended it.
        """
        following, so_far = nw.col(self.period).shift(-1), nw.col(OCCASIONS).cum_sum()
        windows = {_NEXT: following, _ORDER: so_far}  # in one step: the engine sorts once
        moments = self._moments().with_columns(
            *(seen.over(self.customer, order_by=self.period).alias(name) for name, seen in windows.items())
        )
        more = nw.col(OCCASIONS) - 1
        if self.past is not None:
            more = nw.when(nw.col(_LATER) == 1).then(more).otherwise(nw.lit(0))
        moments = moments.with_columns(more.cast(nw.Int64).alias(_MORE))
        most = MOST_OCCASIONS + nw.col(_MORE)  # rows of one second are told apart afterwards
        upto = nw.when(nw.col(_ORDER) > most).then(most).otherwise(nw.col(_ORDER))
        ended = nw.when(nw.col(_NEXT).is_null()).then(nw.lit(0)).otherwise(nw.lit(1))
        gap = self._lengths(nw.col(_NEXT).fill_null(self.end) - nw.col(self.period))
        made = {_ORDER: upto, _GAP: gap, _ENDED: ended}
        counted = moments.with_columns(*(column.cast(nw.Int64).alias(name) for name, column in made.items()))
        keys = [_ORDER, _GAP, _MORE, _ENDED]
        found = counted.group_by(*keys).agg(nw.len().alias(_COUNT)).collect()
        return [found.get_column(name).to_numpy().astype(np.int64) for name in (*keys, _COUNT)]

    def _lengths(self, gap: nw.Expr) -> nw.Expr:
        """Return differences of periods in whole periods; of seconds in days, a begun one in full."""
        per = _per(self.reading)
        return gap if per == 1 else (gap + per - 1) // per


@dataclass(frozen=True, slots=True, eq=False)
class AddedGaps:
    """The gaps of a log in an engine and of rows that were added later; a copy by pickle holds their counts.

    Parameters
    ----------
    reading : Reading
        Tells the period and the unit of time.
    log : LazyGaps or GapHistories
        The gaps of the log; who was silent at its end may have come back.
    counted : GapHistories
        Gaps that later rows ended.
    pending : tuple of LazyGaps
        Later rows whose gaps have not been counted yet.
    """

    reading: Reading
    log: LazyGaps | GapHistories
    counted: GapHistories
    pending: tuple[LazyGaps, ...] = ()

    @classmethod
    def of(cls, before: GapHistories | LazyGaps | AddedGaps, later: LazyGaps | None, reading: Reading) -> AddedGaps:
        """Return the gaps of a base and of later rows, if there are any."""
        if not isinstance(before, AddedGaps):
            before = cls(reading, before, GapHistories.of([], [], [], [], time_unit=reading.time_unit))
        return before if later is None else replace(before, pending=(*before.pending, later))

    def persist(self) -> Self:
        """Return the same with the gaps of later rows counted."""
        counted = self.counted
        for later in self.pending:
            counted += later.ended()
        return replace(self, counted=counted, pending=())

    def ended(self) -> GapHistories:
        """Count the gaps that an occasion ended."""
        log = self.log.ended() if isinstance(self.log, LazyGaps) else without_silences(self.log)
        return log + self.persist().counted

    def beside(self, histories: PurchaseHistories) -> GapHistories:
        """Count the gaps, and the silences of customers with these histories."""
        times, over = time_ratio(self.reading.occasion, self.reading.time_unit)
        age, recency = (np.rint(time * over / times).astype(np.int64) for time in (histories.T, histories.recency))
        return self.ended() + silences(histories.frequency, age - recency, self.reading, histories.count)

    def __reduce__(self) -> tuple[Any, ...]:
        """Count the gaps rather than take the logs along."""
        nothing = GapHistories.of([], [], [], [], time_unit=self.reading.time_unit)
        return AddedGaps, (self.reading, self.ended(), nothing)


def _per(reading: Reading) -> int:
    """Return the periods in a unit of length: gaps of single rows are counted by the day."""
    return SECONDS_PER_DAY if reading.occasion == "row" else 1


def _time(gap: IntArray, reading: Reading) -> FloatArray:
    """Return whole lengths in the unit of the user."""
    times, over = time_ratio(reading.occasion, reading.time_unit)
    return (gap * _per(reading)).astype(np.float64) * times / over
