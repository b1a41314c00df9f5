"""The visits of a log in memory: sorted whole numbers, from which counts, gaps and periods are read off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from evergreen.frames.gaps import whole_logs
from evergreen.frames.periods import periods_of_days
from evergreen.typing import BoolArray, FloatArray, IntArray, Occasion

_Array: TypeAlias = np.ndarray[Any, Any]


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
    def of(cls, code: IntArray, codes: int, when: IntArray, first: int, last: int) -> Visits:
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

        Returns
        -------
        Visits
        """
        key, span = distinct_keys(code, codes, when, first, last)
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
        period = periods_of_days(days, occasion)[self.place]
        fresh = _fresh(period)
        fresh[self.start] = True
        customer = self.customer[fresh]
        return Visits(customer, period[fresh], np.flatnonzero(_fresh(customer)), 0)

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


def distinct_keys(code: IntArray, codes: int, place: IntArray, first: int, last: int) -> tuple[_Array, int]:
    """Return the distinct ``code * span + place - first`` in order, in few bits, and the span.

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
    key : ndarray of int, shape (k,)
    span : int
    """
    span = last - first + 1
    kind = np.uint32 if codes * span < 2**32 else np.int64
    key: _Array = code.astype(kind)
    np.multiply(key, kind(span), out=key)
    np.add(key, np.subtract(place, first).astype(kind, copy=False), out=key)
    key.sort()
    return key[_fresh(key)], span


def _fresh(ordered: _Array) -> BoolArray:
    """Return where a new value begins."""
    fresh = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return fresh
