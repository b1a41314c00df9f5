"""The waist: a customer base as its distinct histories, with how many customers share each.

A transaction model of the BG/NBD family sees of a customer only how often, how recently and for how long:
the triple (frequency, recency, T). A spend model sees (frequency, mean value). Engines group customers to
these; fits and special functions run on them; results are joined back. Histories of separate partitions add.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self, TypeAlias

import numpy as np

from evergreen.durations import check_time_unit
from evergreen.errors import InvalidInputError
from evergreen.kernels.grouping import distinct_rows
from evergreen.models.checks import check_histories, check_whole, refuse
from evergreen.typing import ArrayLike, FloatArray, IntArray, TimeUnit

_Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseHistories:
    """Distinct purchase histories and the number of customers that share each.

    Build one with :meth:`of`, which checks and groups; add two to merge partitions of a base.

    Parameters
    ----------
    frequency : ndarray of int64, shape (m,)
        Number of repeat occasions.
    recency : ndarray of float64, shape (m,)
        Time from the first to the last occasion, in ``time_unit``.
    T : ndarray of float64, shape (m,)
        Time from the first occasion to the end of observation, in ``time_unit``.
    count : ndarray of int64, shape (m,)
        Number of customers with this history.
    time_unit : {"h", "D", "W", "M", "Y"}
        Unit of ``recency`` and ``T``.
    log_gaps : float, optional
        Sum over all customers of the natural logarithms of the times between their consecutive occasions, for models
        that ask how regularly customers buy; None if it is not known.
    log_gaps_rest : float
        What ``log_gaps`` lacks to the exact sum because a float has only so many digits. It is carried along so that
        partitions add up to the same sum in any order.

    Examples
    --------
    >>> monday = PurchaseHistories.of([0, 2], [0, 5], [9, 9])
    >>> tuesday = PurchaseHistories.of([0], [0], [9])
    >>> merged = monday + tuesday
    >>> merged.customers, merged.count
    (3, array([2, 1]))
    """

    frequency: IntArray
    recency: FloatArray
    T: FloatArray
    count: IntArray
    time_unit: TimeUnit = "D"
    log_gaps: float | None = None
    log_gaps_rest: float = 0.0

    @classmethod
    def of(
        cls,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        *,
        count: ArrayLike | None = None,
        time_unit: TimeUnit = "D",
        log_gaps: ArrayLike | None = None,
    ) -> Self:
        """Check and group customers' histories.

        Parameters
        ----------
        frequency, recency, T : array_like, shape (n,)
            One row per customer (or per group of ``count`` customers): whole repeat occasions, and times in
            ``time_unit`` with ``0 <= recency <= T``.
        count : array_like of int, shape (n,), optional
            Customers per row; one by default.
        time_unit : {"h", "D", "W", "M", "Y"}
            Unit of the times.
        log_gaps : array_like, shape (n,), or float, optional
            Sum of the natural logarithms of the times between consecutive occasions of the customers of each row, or
            of all customers. Their total does not depend on the order of the rows.

        Returns
        -------
        PurchaseHistories
            The distinct histories, in lexicographic order.

        Raises
        ------
        InvalidInputError
            If a value is missing, infinite, negative, not whole where it must be, or out of order.
        """
        unit = check_time_unit(time_unit)
        counts = check_parallel(count, frequency=frequency, recency=recency, T=T)
        x, t_x, age = check_histories(frequency, recency, T)
        total, rest = (None, 0.0) if log_gaps is None else _total_of(log_gaps, len(x))
        (x, t_x, age), n = distinct_rows([x, t_x, age], None if count is None else counts)
        return cls(x, t_x, age, n, unit, total, rest)

    @property
    def customers(self) -> int:
        """Number of customers in all."""
        return int(self.count.sum())

    def __len__(self) -> int:
        """Return the number of distinct histories."""
        return len(self.count)

    def __add__(self, other: Self) -> Self:
        """Return the histories of both partitions together."""
        if not isinstance(other, PurchaseHistories):
            return NotImplemented
        if self.time_unit != other.time_unit:
            raise InvalidInputError(
                f"Cannot add histories in {self.time_unit!r} and in {other.time_unit!r}: use one time_unit for both."
            )
        pairs = (self.frequency, other.frequency), (self.recency, other.recency), (self.T, other.T)
        (x, t_x, age), count = _together(pairs, (self.count, other.count))
        return type(self)(x, t_x, age, count, self.time_unit, *self._log_gaps_with(other))

    def _log_gaps_with(self, other: Self) -> tuple[float | None, float]:
        """Return the sum of the logarithms of both partitions, rounded once, and its rest."""
        if self.log_gaps is None or other.log_gaps is None:
            return None, 0.0
        return rounded_with_rest(_exact_sum(self.log_gaps, self.log_gaps_rest, other.log_gaps, other.log_gaps_rest))


@dataclass(frozen=True, slots=True, eq=False)
class SpendHistories:
    """Distinct spends of customers and the number of customers that share each.

    The occasions are the repeat occasions, or all of them, as :meth:`CustomerBase.spends` was asked. Build one with
    :meth:`of`, which checks and groups; add two, of the same kind of occasions, to merge partitions of a base.

    Parameters
    ----------
    frequency : ndarray of int64, shape (m,)
        Number of occasions, at least 1.
    value : ndarray of float64, shape (m,)
        Mean value of these occasions, in the currency of the log, above 0.
    count : ndarray of int64, shape (m,)
        Number of customers with this spend.
    without_repeat : int
        Customers left out because they have none of these occasions: no repeat occasion, or nobody where first
        purchases count.
    without_value : int
        Customers left out because their mean value is not positive.

    Examples
    --------
    >>> spends = SpendHistories.of([0, 2, 1, 1], [0.0, 10.0, 0.0, 4.0])
    >>> spends.customers, spends.without_repeat, spends.without_value
    (2, 1, 1)
    >>> both = spends + SpendHistories.of([2, 0], [10.0, 0.0])
    >>> both.frequency, both.value, both.count, both.without_repeat
    (array([1, 2]), array([ 4., 10.]), array([1, 2]), 2)
    """

    frequency: IntArray
    value: FloatArray
    count: IntArray
    without_repeat: int = 0
    without_value: int = 0

    @classmethod
    def of(cls, frequency: ArrayLike, value: ArrayLike, *, count: ArrayLike | None = None) -> Self:
        """Check and group customers' spends, leaving out (and counting) those who show none.

        Parameters
        ----------
        frequency : array_like, shape (n,)
            Whole number of repeat occasions per customer.
        value : array_like, shape (n,)
            Mean value of the repeat occasions; ignored, and allowed to be missing, where frequency is 0.
        count : array_like of int, shape (n,), optional
            Customers per row; one by default.

        Returns
        -------
        SpendHistories
            The distinct pairs with ``frequency >= 1`` and ``value > 0``.

        Raises
        ------
        InvalidInputError
            If a value of a repeat buyer is missing, infinite or negative.
        """
        n = check_parallel(count, frequency=frequency, value=value)
        x, m = check_whole("frequency", frequency), np.asarray(value, np.float64)
        repeat = x > 0
        refuse("value of a repeat buyer must be finite", repeat & ~np.isfinite(m), m)
        refuse("value must be at least 0", repeat & (m < 0), m)
        kept = repeat & (m > 0)
        (x_kept, m_kept), n_kept = distinct_rows([x[kept], m[kept]], None if count is None else n[kept])
        return cls(x_kept, m_kept, n_kept, int(n[~repeat].sum()), int(n[repeat & ~kept].sum()))

    @property
    def customers(self) -> int:
        """Number of customers in all."""
        return int(self.count.sum())

    def __len__(self) -> int:
        """Return the number of distinct spends."""
        return len(self.count)

    def __add__(self, other: Self) -> Self:
        """Return the spends of both partitions together."""
        if not isinstance(other, SpendHistories):
            return NotImplemented
        pairs = (self.frequency, other.frequency), (self.value, other.value)
        (x, m), count = _together(pairs, (self.count, other.count))
        without = self.without_repeat + other.without_repeat, self.without_value + other.without_value
        return type(self)(x, m, count, *without)


def _together(
    columns: Iterable[tuple[_Array, _Array]], counts: tuple[IntArray, IntArray]
) -> tuple[list[_Array], IntArray]:
    """Return the distinct rows of two groupings and their counts added up."""
    return distinct_rows([np.concatenate(pair) for pair in columns], np.concatenate(counts))


def _total_of(log_gaps: ArrayLike, rows: int) -> tuple[float, float]:
    """Return the total of sums per row, or the total as it is given; rounded once, whatever the order, and its rest."""
    sums = np.asarray(log_gaps, np.float64)
    if sums.shape not in ((), (rows,)):
        raise InvalidInputError(f"log_gaps must be one number or of shape ({rows},), got shape {sums.shape}.")
    refuse("log_gaps must be finite", np.atleast_1d(~np.isfinite(sums)), np.atleast_1d(sums))
    parts = np.atleast_1d(sums).tolist()
    total = math.fsum(parts)
    return total, math.fsum([*parts, -total])


def _exact_sum(*numbers: float) -> Fraction:
    """Return the sum of finite numbers without rounding."""
    return sum((Fraction(number) for number in numbers), Fraction())


def rounded_with_rest(exact: Fraction) -> tuple[float, float]:
    """Return the nearest float to a number, and what it lacks to it.

    Examples
    --------
    >>> rounded_with_rest(Fraction(2**60 + 1))
    (1.152921504606847e+18, 1.0)
    """
    nearest = float(exact)
    return nearest, float(exact - Fraction(nearest))


def check_parallel(count: ArrayLike | None, **named: ArrayLike) -> IntArray:
    """Return the counts, ones by default, after a check that all columns are of one length.

    Parameters
    ----------
    count : array_like of int, shape (n,), or None
        Customers per row.
    **named : array_like, shape (n,)
        The columns.

    Returns
    -------
    ndarray of int64, shape (n,)

    Raises
    ------
    InvalidInputError
        If a shape differs, or a count is not a whole number of at least 0.
    """
    shapes = {name: np.shape(values) for name, values in named.items()}
    if count is not None:
        shapes["count"] = np.shape(count)
    if len(set(shapes.values())) != 1 or any(len(shape) != 1 for shape in shapes.values()):
        raise InvalidInputError(f"Columns must be one-dimensional and of one length, got shapes {shapes}.")
    if count is None:
        return np.ones(next(iter(shapes.values())), np.int64)
    return check_whole("count", count)
