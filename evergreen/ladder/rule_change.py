"""What other rules would do to the same customers: :class:`RuleChange`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames import plain_table
from evergreen.kernels.concentration import shares_of_sum
from evergreen.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

_CHANGES: Final = {-1: "falls", 0: "stays", 1: "rises"}


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RuleChange:
    """Customers by their rung under the old rules and under the new ones, on the same day.

    Parameters
    ----------
    old, new : tuple of str, shape (k,) and (m,)
        Names of the rungs, the lowest first.
    customers : ndarray of int64, shape (k, m)
        How many customers stand on the rung of the row and would stand on that of the column.
    total_value : ndarray of float64, shape (k, m), optional
        What these customers have brought, if the base has money.

    Examples
    --------
    >>> from evergreen import CustomerBase, LoyaltyLadder, Rung, Rungs, datasets
    >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    >>> def rules(least):
    ...     return Rungs([Rung("guest", {"orders": (1, least)}), Rung("member", {"orders": (least, None)})])
    >>> change = LoyaltyLadder(rungs=rules(4)).fit(base).compare(rules(5), base)
    >>> change.summary().round(3)
      change  customers  share  total_value  share_of_value
    0  rises          0  0.000         0.00           0.000
    1  stays       2208  0.937    224036.83           0.918
    2  falls        149  0.063     20055.11           0.082
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    customers: IntArray
    total_value: FloatArray | None

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each pair of rungs.

        Returns
        -------
        pandas.DataFrame
            ``old``, ``new``, ``change`` (rises, stays or falls), ``customers`` and, with money, ``total_value``. They
            add up to those of the base.
        """
        old, new = zip(*product(self.old, self.new), strict=True)
        change = [_CHANGES[sign] for sign in self._directions().ravel().tolist()]
        columns: dict[str, np.ndarray[Any, Any]] = {
            **{name: np.array(words, object) for name, words in (("old", old), ("new", new), ("change", change))},
            "customers": self.customers.ravel(),
        }
        if self.total_value is not None:
            columns["total_value"] = self.total_value.ravel()
        return plain_table(columns)

    def summary(self) -> pd.DataFrame:
        """Return how many customers would rise, stay and fall, and what they have brought.

        Returns
        -------
        pandas.DataFrame
            Three rows: ``change``, ``customers``, ``share`` and, with money, ``total_value`` and ``share_of_value``.
        """
        masks = [self._directions() == sign for sign in (1, 0, -1)]
        customers = np.array([self.customers[mask].sum() for mask in masks])
        columns: dict[str, np.ndarray[Any, Any]] = {
            "change": np.array([_CHANGES[sign] for sign in (1, 0, -1)], object),
            "customers": customers,
            "share": shares_of_sum(customers),
        }
        if self.total_value is not None:
            value = np.array([self.total_value[mask].sum() for mask in masks])
            columns |= {"total_value": value, "share_of_value": shares_of_sum(value)}
        return plain_table(columns)

    def _directions(self) -> IntArray:
        """Return 1 where a customer rises, 0 where he stays, -1 where he falls; shape (k, m)."""
        scale = {name: rank for rank, name in enumerate(self.new if len(self.new) >= len(self.old) else self.old)}
        before, after = (np.array([scale[name] for name in names]) for names in (self.old, self.new))
        return np.sign(after - before[:, None])

    def __repr__(self) -> str:
        """Return how many customers rise, fall and stay."""
        found = self.summary()
        rise, stay, fall = (f"{customers:,}" for customers in found["customers"])
        worth = "" if self.total_value is None else f" (worth {found['total_value'].iloc[-1]:,.0f})"
        return f"{self.customers.sum():,} customers under other rules: {rise} rise, {fall} fall{worth}, {stay} stay"


def change_between(old: Sequence[str], new: Sequence[str], pairs: Mapping[str, np.ndarray[Any, Any]]) -> RuleChange:
    """Return what changes between two ladders.

    Parameters
    ----------
    old, new : sequence of str, shape (k,) and (m,)
        Names of the rungs.
    pairs : mapping of str to ndarray
        ``evergreen_pair`` (number of the old rung times m + 1, plus that of the new one), ``customers`` and, with
        money, ``total_value``.

    Returns
    -------
    RuleChange

    Raises
    ------
    InvalidInputError
        If the names of one are not among those of the other, in the same order.
    """
    longer, shorter = (new, old) if len(new) >= len(old) else (old, new)
    if [name for name in longer if name in shorter] != list(shorter):
        raise InvalidInputError(
            "The names of one ladder must be among those of the other, in the same order, so that it is clear who "
            f"rises: the rungs are {', '.join(old)}, the new ones {', '.join(new)}."
        )
    size = (len(old), len(new))
    at = tuple(place - 1 for place in np.divmod(pairs["evergreen_pair"], len(new) + 1))
    customers, value = np.zeros(size, np.int64), None
    customers[at] = pairs["customers"]
    if "total_value" in pairs:
        value = np.zeros(size)
        value[at] = pairs["total_value"]
    return RuleChange(tuple(old), tuple(new), customers, value)
