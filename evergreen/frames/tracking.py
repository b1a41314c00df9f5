"""When the repeat occasions of the customers of a split fell, before its date and after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.frames.periods import FIRST_DAY, SECONDS_PER_DAY, Boundary, time_ratio
from evergreen.frames.reading import Reading
from evergreen.frames.transactions import ID, PERIOD
from evergreen.frames.visits import Visits
from evergreen.typing import FloatArray, IntArray

_BIN = "evergreen_bin"


class RepeatOccasions(NamedTuple):
    """How many repeat occasions fell in each period; arrays of shape (m,), one entry per period in order.

    A period is a calendar day, week or month, as the occasions are; a day where every row is an occasion.
    """

    time: FloatArray
    """End of the period, from the first period in which a customer was seen: 0 for that period itself, as the age
    ``T`` of a customer is 0 where the observation ends in his first period."""
    since_at: FloatArray
    """The same end from the date of the split on: 0 for the period of ``at``, negative before. A customer's age at the
    end of a period is ``T + since_at``, exactly 0 in the period of his first purchase and negative before."""
    occasions: IntArray
    """Repeat occasions in the period."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How the periods of a split are counted.

    Parameters
    ----------
    reading : Reading
        Tells the period and the unit of time.
    at, end : Boundary
        The date of the split, and the end of the window after it.
    """

    reading: Reading
    at: Boundary
    end: Boundary

    def bins(self, period: Any) -> Any:
        """Return the periods to count in: whole days where every row is an occasion."""
        if self.reading.occasion != "row":
            return period
        return (period - FIRST_DAY * SECONDS_PER_DAY) // SECONDS_PER_DAY + FIRST_DAY

    def repeats(self, first: int, counted: list[tuple[IntArray, IntArray]]) -> RepeatOccasions:
        """Return counts on the time axis.

        Parameters
        ----------
        first : int
            The first period (or second) in which a customer was seen.
        counted : list of (ndarray of int64, ndarray of int64)
            Bins and what to count in them; a bin may come more than once.

        Returns
        -------
        RepeatOccasions
        """
        occasion = self.reading.occasion
        times, over = time_ratio(occasion, self.reading.time_unit)
        low, last = self.bins(first), self.end.day if occasion == "row" else self.end.period(occasion)
        occasions = np.zeros(last - low + 1, np.int64)
        for bins, counts in counted:
            np.add.at(occasions, bins - low, counts)
        end = np.arange(low, last + 1)
        if occasion == "row":
            end = np.minimum((end + 1) * SECONDS_PER_DAY, self.end.end_second)
        time, since_at = ((end - zero) * times / over for zero in (first, self.at.period(occasion)))
        return RepeatOccasions(time, since_at, occasions)


def repeats_of_visits(before: Visits, after: Visits, clock: Clock) -> RepeatOccasions:
    """Count repeat occasions of a log in memory.

    Parameters
    ----------
    before : Visits
        The occasions up to the date of the split.
    after : Visits
        The occasions after it, of these customers and others.
    clock : Clock
        How periods are counted.

    Returns
    -------
    RepeatOccasions
    """
    codes = 1 + max(int(visits.customer.max(initial=0)) for visits in (before, after))
    known = np.zeros(codes, np.bool_)
    known[before.customer] = True
    theirs = known[after.customer]
    begun = before.begun
    counted = [_counts(clock.bins(before.place.astype(np.int64) + before.first))]
    counted.append(_counts(clock.bins(after.place[theirs].astype(np.int64) + after.first)))
    bins, firsts = _counts(clock.bins(begun))
    return clock.repeats(int(begun.min()), [*counted, (bins, -firsts)])


@dataclass(frozen=True, slots=True, eq=False)
class LazyRepeats:
    """Repeat occasions of a log in an engine, not yet counted.

    Parameters
    ----------
    before, after : narwhals LazyFrame
        One row per customer and occasion, ``ID`` and ``PERIOD``, up to the date of the split and after it.
    clock : Clock
        How periods are counted.
    """

    before: nw.LazyFrame[Any]
    after: nw.LazyFrame[Any]
    clock: Clock

    def collect(self) -> RepeatOccasions:
        """Count them in the engine: nothing but one row per period comes back."""
        begun = self.before.group_by(ID).agg(nw.col(PERIOD).min())
        firsts, bins_of_first, first = self._counts(begun)
        counted = [(bins_of_first, -firsts)]
        for visits in (self.before, self.after.join(begun.select(ID), on=ID, how="semi")):
            counts, bins, _ = self._counts(visits)
            counted.append((bins, counts))
        return self.clock.repeats(first, counted)

    def _counts(self, visits: nw.LazyFrame[Any]) -> tuple[IntArray, IntArray, int]:
        """Return the rows in each bin, the bins, and the least period."""
        binned = visits.with_columns(self.clock.bins(nw.col(PERIOD)).alias(_BIN))
        found = binned.group_by(_BIN).agg(nw.len().alias("rows"), nw.col(PERIOD).min()).collect()
        rows, bins, least = (found.get_column(name).to_numpy().astype(np.int64) for name in ("rows", _BIN, PERIOD))
        return rows, bins, int(least.min(initial=np.iinfo(np.int64).max))


def _counts(bins: IntArray) -> tuple[IntArray, IntArray]:
    """Return the distinct bins and how often each occurs."""
    if not len(bins):
        return bins, bins
    low = int(bins.min())
    counts = np.bincount(bins - low)
    return np.arange(low, low + len(counts)), counts
