"""What is asked of customers by period of the calendar, and the small tables of whole numbers that answer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self

from evergreen.frames.audit import Dropped, MoneyScale
from evergreen.frames.calendar import Calendar
from evergreen.typing import IntArray

COUNTS = ("occasions", "orders", "spent", "net")
"""What is counted of each customer in each period."""

KEPT, LOST, NEW, BACK, REFUNDED = range(5)
"""What became of a customer between two periods: bought in both; in the earlier alone; in the later alone, for the
first time since the earlier or again; or in neither, so that all that is left are refunds."""


@dataclass(frozen=True, slots=True, eq=False)
class CohortCells:
    """Sums by the period of the first purchase (rows) and the period of the calendar (columns), of shape (p, p).

    Parameters
    ----------
    customers : ndarray of int64
        Who bought in the period.
    occasions, orders : ndarray of int64
        Days with a purchase, and orders.
    spent, net : ndarray of int64
        Whole money before and after refunds; a refund may come before the first purchase.
    """

    customers: IntArray
    occasions: IntArray
    orders: IntArray
    spent: IntArray
    net: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class PeriodBuyers:
    """Who bought in one period, by what they did; arrays of shape (m,), in ascending order of money and orders.

    Parameters
    ----------
    orders : ndarray of int64
        Orders of each of them in the period.
    net : ndarray of int64
        Whole money of each of them, after refunds.
    count : ndarray of int64
        How many customers are alike.
    """

    orders: IntArray
    net: IntArray
    count: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class PairSums:
    """What became of the customers of two periods; arrays of shape (5,) in the order KEPT to REFUNDED.

    Parameters
    ----------
    customers : ndarray of int64
        How many they are.
    orders, net : ndarray of int64, shape (2, 5)
        Their orders and whole money in the earlier and the later period.
    """

    customers: IntArray
    orders: IntArray
    net: IntArray


class CustomerPeriods(Protocol):
    """What every customer did in every period."""

    def cells(self, periods: int) -> CohortCells:
        """Return the sums by cohort and period."""
        ...

    def buyers(self, period: int) -> PeriodBuyers:
        """Return those who bought in a period."""
        ...

    def pair(self, before: int, after: int) -> PairSums:
        """Return what became of the customers of two periods."""
        ...

    def of_segment(self, name: Any) -> Self:
        """Return what the customers of one segment did."""
        ...

    def persist(self) -> Self:
        """Return the same, computed once."""
        ...

    def unpersist(self) -> None:
        """Let go of what was kept."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PeriodLog:
    """A log by customer and period.

    Parameters
    ----------
    rows : CustomerPeriods
        What every customer did in every period.
    calendar : Calendar
        The periods.
    dropped : Dropped
        What was left out.
    scale : MoneyScale
        How money was made whole.
    segments : tuple of str or int
        The segments of the customers, if they were asked for.
    """

    rows: CustomerPeriods
    calendar: Calendar
    dropped: Dropped
    scale: MoneyScale
    segments: tuple[Any, ...] = ()
