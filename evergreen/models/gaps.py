"""The second waist: the times between purchases as distinct lengths, with how many gaps share each.

Histories say how often and how recently a customer bought, not when in between. How long customers wait for the next
purchase, and when waiting has become useless, is told by their gaps: those that a purchase ended, and the silence
since the last one, of which no more is known than how long it has lasted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from evergreen.durations import check_time_unit
from evergreen.errors import InvalidInputError
from evergreen.kernels.grouping import places_of_distinct
from evergreen.kernels.survival import kaplan_meier
from evergreen.models.checks import check_finite, check_whole, refuse
from evergreen.models.histories import check_parallel
from evergreen.models.returns import ReturnCurve
from evergreen.typing import ArrayLike, BoolArray, FloatArray, IntArray, TimeUnit

MOST_OCCASIONS: Final = 20
"""Gaps after so many occasions, or more, are counted together."""


@dataclass(frozen=True, slots=True, eq=False)
class GapHistories:
    """Distinct gaps between occasions, and how many customers' gaps share each.

    :meth:`CustomerBase.gaps` builds one from a log, :meth:`of` from arrays; add two to merge partitions of a base.

    Parameters
    ----------
    order : ndarray of int64, shape (m,)
        How many occasions the customer had made when the gap began: 1 is the wait for the second purchase. 20 stands
        for 20 and more.
    length : ndarray of float64, shape (m,)
        Length of the gap in ``time_unit``, ascending within an order.
    returned : ndarray of int64, shape (m,)
        Gaps of this length that a purchase ended.
    silent : ndarray of int64, shape (m,)
        Customers for whom this is the silence from their last purchase to the end of observation.
    time_unit : {"h", "D", "W", "M", "Y"}
        Unit of ``length``.

    Examples
    --------
    >>> shop = GapHistories.of([1, 1, 2], [7, 30, 23], [1, 0, 0], [0, 1, 1])
    >>> shop.customers, shop.gaps
    (2, 1)
    >>> web = GapHistories.of([1], [30], [0], [4])
    >>> (shop + web).at(1).silent
    array([0, 5])
    """

    order: IntArray
    length: FloatArray
    returned: IntArray
    silent: IntArray
    time_unit: TimeUnit = "D"

    @classmethod
    def of(
        cls,
        order: ArrayLike,
        length: ArrayLike,
        returned: ArrayLike,
        silent: ArrayLike,
        *,
        time_unit: TimeUnit = "D",
    ) -> Self:
        """Check and group gaps.

        Parameters
        ----------
        order, length : array_like, shape (n,)
            Whole occasions that came before, at least 1; and lengths of at least 0, in ``time_unit``.
        returned, silent : array_like of int, shape (n,)
            How many gaps of this kind a purchase ended, and how many last at the end of observation.
        time_unit : {"h", "D", "W", "M", "Y"}
            Unit of the lengths.

        Returns
        -------
        GapHistories
            The distinct gaps, by order and length; rows that count nothing are left out.

        Raises
        ------
        InvalidInputError
            If a value is missing, infinite, negative, not whole where it must be, or an order is 0.
        """
        unit = check_time_unit(time_unit)
        check_parallel(None, order=order, length=length, returned=returned, silent=silent)
        before, lasted = check_whole("order", order), check_finite("length", length)
        refuse("order must be at least 1", before < 1, before)
        refuse("length must be at least 0", lasted < 0, lasted)
        ended, lasting = check_whole("returned", returned), check_whole("silent", silent)
        there = ended + lasting > 0
        before, lasted = np.minimum(before[there], MOST_OCCASIONS), lasted[there]
        place, which = places_of_distinct([before, lasted])
        ends, silences = np.zeros((2, len(place)), np.int64)
        np.add.at(ends, which, ended[there])
        np.add.at(silences, which, lasting[there])
        return cls(before[place], lasted[place], ends, silences, unit)

    @property
    def customers(self) -> int:
        """Number of customers: each of them is silent since the last purchase, if only for a time of 0."""
        return int(self.silent.sum())

    @property
    def gaps(self) -> int:
        """Number of gaps that a purchase ended."""
        return int(self.returned.sum())

    def __len__(self) -> int:
        """Return the number of distinct gaps."""
        return len(self.order)

    def __add__(self, other: Self) -> Self:
        """Return the gaps of both partitions together."""
        if not isinstance(other, GapHistories):
            return NotImplemented
        if self.time_unit != other.time_unit:
            raise InvalidInputError(
                f"Cannot add gaps in {self.time_unit!r} and in {other.time_unit!r}: use one time_unit for both."
            )
        names = ("order", "length", "returned", "silent")
        columns = (np.concatenate((getattr(self, name), getattr(other, name))) for name in names)
        return type(self).of(*columns, time_unit=self.time_unit)

    def at(self, order: int) -> Self:
        """Return the gaps that began after so many occasions.

        Parameters
        ----------
        order : int
            From 1 on; 20 is 20 and more.

        Returns
        -------
        GapHistories

        Raises
        ------
        InvalidInputError
            If it is not a whole number from 1 to 20.
        """
        return self._part(self.order == _checked(order))

    def from_order(self, order: int) -> Self:
        """Return the gaps that began after so many occasions or more.

        Parameters
        ----------
        order : int
            From 1 on, which is all gaps, to 20.

        Returns
        -------
        GapHistories

        Raises
        ------
        InvalidInputError
            If it is not a whole number from 1 to 20.
        """
        return self._part(self.order >= _checked(order))

    def curve(self) -> ReturnCurve:
        """Return when customers come back, by the estimate of Kaplan and Meier (1958).

        Returns
        -------
        ReturnCurve
            Of all gaps here, whatever their order: a customer who often buys is in it with many. Take :meth:`at` for
            one gap of each customer.

        Raises
        ------
        InvalidInputError
            If there are no gaps.
        """
        if not len(self):
            raise InvalidInputError("There are no gaps here: nobody made so many purchases.")
        return ReturnCurve(kaplan_meier(self.length, self.returned, self.silent), self.time_unit)

    def _part(self, wanted: BoolArray) -> Self:
        return replace(
            self,
            order=self.order[wanted],
            length=self.length[wanted],
            returned=self.returned[wanted],
            silent=self.silent[wanted],
        )


def _checked(order: int) -> int:
    number = int(check_whole("order", order))
    if not 1 <= number <= MOST_OCCASIONS:
        raise InvalidInputError(
            f"order={order!r} must lie from 1 to {MOST_OCCASIONS}, from where on gaps are counted together."
        )
    return number
