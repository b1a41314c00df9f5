"""The waist of contracts: how often each was renewed, and whether the customer has left, with counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, final

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.kernels.grouping import distinct_rows
from evergreen.models.checks import check_shapes, check_whole, refuse
from evergreen.typing import ArrayLike, BoolArray, IntArray


@final
@dataclass(frozen=True, slots=True, eq=False)
class ContractHistories:
    """Distinct histories of contracts and the number of customers that share each.

    Build one with :meth:`of` or :meth:`from_survivors`; add two to have cohorts of different ages in one base.

    Parameters
    ----------
    renewals : ndarray of int64, shape (m,)
        How often the contract was renewed.
    lost : ndarray of bool, shape (m,)
        Whether the customer left at the renewal that followed; False for a customer who is still there.
    count : ndarray of int64, shape (m,)
        Number of customers with this history.

    Examples
    --------
    Of 1,000 customers 869 renewed a first time and 743 a second time; a younger cohort came up for renewal once.

    >>> base = ContractHistories.from_survivors([1000, 869, 743]) + ContractHistories.from_survivors([500, 430])
    >>> base.customers, base.active
    (1500, 1173)
    >>> base.renewals, base.lost, base.count
    (array([0, 1, 1, 2]), array([ True, False,  True, False]), array([201, 430, 126, 743]))
    """

    renewals: IntArray
    lost: BoolArray
    count: IntArray

    @classmethod
    def of(cls, renewals: ArrayLike, lost: ArrayLike, *, count: ArrayLike | None = None) -> Self:
        """Check and group customers' contracts.

        Parameters
        ----------
        renewals : array_like of int, shape (n,)
            How often each contract was renewed, at least 0. The first contract is no renewal.
        lost : array_like of bool, shape (n,)
            Whether the customer left at the renewal that followed.
        count : array_like of int, shape (n,), optional
            Customers per row; one by default.

        Returns
        -------
        ContractHistories
            The distinct histories, in lexicographic order; none without customers.

        Raises
        ------
        InvalidInputError
            If a number is missing, negative or not whole, ``lost`` is not true or false, or lengths differ.

        Examples
        --------
        >>> ContractHistories.of(renewals=[0, 3, 3], lost=[True, False, False]).count
        array([1, 2])
        """
        times, gone = check_whole("renewals", renewals), np.asarray(lost)
        if gone.dtype.kind != "b":
            gone = check_whole("lost", lost)
            refuse("lost must be true or false (1 or 0)", gone > 1, gone)
        number = np.ones(times.shape, np.int64) if count is None else check_whole("count", count)
        times, gone, number = check_shapes(renewals=times, lost=gone, count=number)
        if times.ndim != 1:
            raise InvalidInputError(f"Columns must be one-dimensional, got shape {times.shape}.")
        return cls._grouped(times, gone.astype(np.bool_), number)

    @classmethod
    def from_survivors(cls, survivors: ArrayLike) -> Self:
        """Return the histories of one cohort from how many of its customers were left.

        Parameters
        ----------
        survivors : array_like of int, shape (k + 1,)
            Customers at the start, after the first renewal, ... after the k-th. Who is left at the end is active.

        Returns
        -------
        ContractHistories

        Raises
        ------
        InvalidInputError
            If there is no number, one is negative or not whole, or they rise.

        Examples
        --------
        >>> ContractHistories.from_survivors([1000, 869, 743]).active
        743
        """
        left = check_whole("survivors", survivors)
        if left.ndim != 1 or not left.size:
            raise InvalidInputError(f"survivors must be a list of numbers of customers, got shape {left.shape}.")
        refuse(
            "survivors must not rise: a customer who has left is another one when he returns", np.diff(left) > 0, left
        )
        renewals = np.arange(len(left))
        lost = renewals < len(left) - 1
        return cls._grouped(renewals, lost, left - np.append(left[1:], 0))

    @property
    def customers(self) -> int:
        """Number of customers in all."""
        return int(self.count.sum())

    @property
    def active(self) -> int:
        """Number of customers who have not left."""
        return int(self.count[~self.lost].sum())

    def __len__(self) -> int:
        """Return the number of distinct histories."""
        return len(self.count)

    def __add__(self, other: Self) -> Self:
        """Return the histories of both together."""
        if not isinstance(other, ContractHistories):
            return NotImplemented
        return self._grouped(
            np.concatenate((self.renewals, other.renewals)),
            np.concatenate((self.lost, other.lost)),
            np.concatenate((self.count, other.count)),
        )

    @classmethod
    def _grouped(cls, renewals: IntArray, lost: BoolArray, count: IntArray) -> Self:
        some = count > 0
        (times, gone), number = distinct_rows([renewals[some], lost[some].astype(np.int64)], count[some])
        return cls(times, gone.astype(np.bool_), number)
