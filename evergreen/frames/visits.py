"""The visits of a log in memory: sorted whole numbers, from which counts, gaps and periods are read off."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np

from evergreen.frames.gaps import whole_logs
from evergreen.frames.periods import periods_of_days
from evergreen.typing import BoolArray, FloatArray, IntArray, Occasion

_Array: TypeAlias = np.ndarray[Any, Any]

_AT_ONCE: Final = 1 << 17  # visits whose numbers stay in the cache of a processor


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """The distinct days (or seconds) on which each customer bought.

    Parameters
    ----------
    customer : ndarray of int, shape (k,)
        Codes of the customers, in ascending order.
    place : ndarray of int, shape (k,)
        Days (or seconds, or other periods) from ``first`` on, ascending for each customer.
    start : ndarray of int64, shape (c,)
        Where each customer begins.
    first : int
        The day (or second, or period) at place 0.
    """

    customer: _Array
    place: _Array
    start: IntArray
    first: int

    @classmethod
    def of(cls, code: IntArray, codes: int, when: IntArray, first: int, last: int, *, distinct: bool = True) -> Visits:
        """Sort the rows of a log.

        Parameters
        ----------
        code : ndarray of int, shape (n,)
            Customer of each row.
        codes : int
            Number of codes.
        when : ndarray of int64, shape (n,)
            Day (or second) of each row.
        first, last : int
            The least and the greatest of ``when``.
        distinct : bool
            Whether equal rows are one visit.

        Returns
        -------
        Visits
        """
        key, span = (distinct_keys if distinct else ordered_keys)(code, codes, when, first, last)
        customer = key // key.dtype.type(span)
        key -= customer * key.dtype.type(span)
        return cls(customer, key, np.flatnonzero(_fresh(customer)), first)

    @property
    def code(self) -> IntArray:
        """The code of each customer, shape (c,)."""
        return self.customer[self.start].astype(np.int64)

    @property
    def count(self) -> IntArray:
        """The number of visits of each customer, shape (c,)."""
        return np.diff(self.start, append=len(self.place))

    @property
    def begun(self) -> IntArray:
        """The first day (or second, or period) of each customer, shape (c,)."""
        return self.place[self.start].astype(np.int64) + self.first

    @property
    def ended(self) -> IntArray:
        """The last day (or second, or period) of each customer, shape (c,)."""
        return self.place[self.start + self.count - 1].astype(np.int64) + self.first

    @property
    def repeats(self) -> int:
        """The number of visits in the period (or second) of the customer's visit before."""
        same = self.place[1:] == self.place[:-1]
        same[self.start[1:] - 1] = False
        return int(np.count_nonzero(same))

    def in_periods(self, occasion: Occasion) -> Visits:
        """Return the distinct calendar periods of each customer, from days.

        Parameters
        ----------
        occasion : {"D", "W", "M"}
            What a period is.

        Returns
        -------
        Visits
        """
        if occasion == "D" or not len(self.start):
            return self
        days = np.arange(self.first, self.first + int(self.place.max()) + 1)
        periods = periods_of_days(days, occasion)
        first = int(periods[0])
        period = (periods - first).astype(self.place.dtype)[self.place]
        fresh = _fresh(period)
        fresh[self.start] = True
        customer = self.customer[fresh]
        return Visits(customer, period[fresh], np.flatnonzero(_fresh(customer)), first)

    def gap_counts(self, end: int, most: int, per: int = 1) -> tuple[IntArray, IntArray]:
        """Count the gaps between the visits of customers, and those from their last visits to the end.

        Parameters
        ----------
        end : int
            The period (or second) that ends the observation.
        most : int
            Gaps after so many visits or more are counted together.
        per : int
            Periods in a unit of length; a unit that has begun counts in full.

        Returns
        -------
        ended, lasting : ndarray of int64, shape (most + 1, span)
            How many gaps have each number of visits before them, none of them 0, and each length.
        """
        count = self.count
        silence = _begun(end - self.first - self.place[self.start + count - 1].astype(np.int64), per)
        span = 1 + _begun(end - self.first, per)
        size = (most + 1) * span
        ended = np.zeros(size, np.int64)
        first = np.arange(0, len(self.place), max(_AT_ONCE, 4 * size))
        for begin, stop in pairwise([*np.unique(np.searchsorted(self.start, first)).tolist(), len(self.start)]):
            ended += np.bincount(self._gap_keys(begin, stop, most, span, per), minlength=size)
        lasting = np.bincount(np.minimum(count, most) * span + silence, minlength=size)
        ended, lasting = ended.reshape(-1, span), lasting.reshape(-1, span)
        ended[0] = 0
        return ended, lasting

    def log_gaps(self) -> tuple[FloatArray, FloatArray]:
        """Return the sums of the logarithms of the gaps of each customer in two whole parts, shape (c,)."""
        if not len(self.start):
            return np.zeros(0), np.zeros(0)
        place = self.place.astype(np.int64)
        gap = np.ones(len(place), np.int64)
        np.subtract(place[1:], place[:-1], out=gap[1:])
        gap[self.start] = 1
        longest = int(gap.max())
        if longest < len(gap):
            parts: list[IntArray] = [part[gap - 1] for part in whole_logs(np.arange(1, longest + 1))]
        else:
            parts = list(whole_logs(gap))
        coarse, fine = (np.add.reduceat(part, self.start).astype(np.float64) for part in parts)
        return coarse, fine

    def _gap_keys(self, begin: int, stop: int, most: int, span: int, per: int) -> IntArray:
        """Return ``span`` times the visits before, plus the length of the gap, of the visits of some customers."""
        first, last = (int(self.start[one]) if one < len(self.start) else len(self.place) for one in (begin, stop))
        starts = self.start[begin:stop] - first
        place = self.place[first:last].astype(np.int64)
        key = np.arange(len(place))
        key -= np.repeat(starts, np.diff(starts, append=len(place)))
        np.minimum(key, most, out=key)
        key *= span
        key[1:] += _begun(place[1:] - place[:-1], per)
        key[starts] = 0
        return key


def _begun(length: Any, per: int) -> Any:
    """Return lengths in units of so many periods, a begun one in full."""
    return length if per == 1 else (length + per - 1) // per


def distinct_keys(code: IntArray, codes: int, place: IntArray, first: int, last: int) -> tuple[_Array, int]:
    """Return the distinct keys of :func:`ordered_keys`, and the span."""
    key, span = ordered_keys(code, codes, place, first, last)
    return key[_fresh(key)], span


def ordered_keys(code: IntArray, codes: int, place: IntArray, first: int, last: int) -> tuple[_Array, int]:
    """Return ``code * span + place - first`` in order, in few bits, and the span.

    Parameters
    ----------
    code : ndarray of int, shape (n,)
        From 0 to ``codes - 1``.
    codes : int
        Number of codes.
    place : ndarray of int, shape (n,)
        From ``first`` to ``last``.
    first, last : int
        Bounds of ``place``.

    Returns
    -------
    key : ndarray of int, shape (n,)
    span : int
    """
    span = last - first + 1
    kind = np.uint32 if codes * span < 2**32 else np.int64
    key: _Array = code.astype(kind)
    np.multiply(key, kind(span), out=key)
    np.add(key, np.subtract(place, first).astype(kind, copy=False), out=key)
    key.sort()
    return key, span


def _fresh(ordered: _Array) -> BoolArray:
    """Return where a new value begins."""
    fresh = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return fresh
