"""What of a log is left out, why, and how its money becomes whole numbers."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, replace
from typing import Final, Self

import numpy as np

from evergreen.errors import DataWarning, InvalidInputError
from evergreen.frames.periods import periods_of_days
from evergreen.frames.reading import Reading
from evergreen.typing import Occasion

HUGE: Final = 1e300
"""Amounts from here on are as good as infinite."""
_EXACT: Final = 2.0**52
_ROOM: Final = 0.9182  # an irregular share of the room, so that no round sum sits on the edge
_MOST_DECIMALS: Final = 9

KEPT: Final = 0
REASONS: Final[tuple[str, ...]] = (
    "kept",
    "null_customer",
    "null_date",
    "date_out_of_range",
    "after_end",
    "bad_amount",
    "zero_amount",
    "before_window",
)
"""Why a row is left out, in the order in which the reasons are asked; the place is the code."""

_WORDS: Final = {
    "null_customer": "without a customer",
    "null_date": "without a date",
    "date_out_of_range": "with a date outside 1900 to 2140",
    "after_end": "after the end of observation",
    "bad_amount": "with a missing or infinite amount",
    "zero_amount": "with an amount of zero",
}


@dataclass(frozen=True, slots=True)
class Dropped:
    """What of a log was left out; each row counts once, for the first reason that applies, in this order.

    Parameters
    ----------
    rows : int
        Rows of the log.
    null_customer : int
        Rows without a customer id.
    null_date : int
        Rows without a date.
    date_out_of_range : int
        Rows dated before 1900-01-01 or after 2140-12-31.
    after_end : int
        Rows after the end of observation.
    bad_amount : int
        Rows whose amount is missing, NaN or infinite.
    zero_amount : int
        Rows of amount zero, if those are to be left out.
    refund_only : int
        Rows of customers who have refunds and no purchase.
    refund_only_customers : int
        The number of these customers.

    Examples
    --------
    >>> dropped = Dropped(rows=10, null_date=2)
    >>> dropped.total, dropped.kept, str(dropped)
    (2, 8, '2 of 10 rows left out: 2 without a date')
    """

    rows: int
    null_customer: int = 0
    null_date: int = 0
    date_out_of_range: int = 0
    after_end: int = 0
    bad_amount: int = 0
    zero_amount: int = 0
    refund_only: int = 0
    refund_only_customers: int = 0

    @property
    def total(self) -> int:
        """Number of rows left out."""
        return sum(getattr(self, reason) for reason in _WORDS) + self.refund_only

    @property
    def kept(self) -> int:
        """Number of rows that count."""
        return self.rows - self.total

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)

    def __str__(self) -> str:
        """Return one line that a person can read."""
        parts = [f"{getattr(self, reason):,} {words}" for reason, words in _WORDS.items() if getattr(self, reason)]
        if self.refund_only:
            parts.append(f"{self.refund_only:,} of {self.refund_only_customers:,} customers with refunds only")
        told = f": {', '.join(parts)}" if parts else ""
        return f"{self.total:,} of {self.rows:,} rows left out{told}"

    def warn(self, stacklevel: int) -> None:
        """Give one :class:`~evergreen.errors.DataWarning` if anything was left out."""
        if self.total:
            warnings.warn(f"{self}.", DataWarning, stacklevel=stacklevel + 1)


@dataclass(frozen=True, slots=True)
class MoneyScale:
    """A power of ten that turns money into whole numbers.

    Parameters
    ----------
    power : int
        Number of decimals kept; negative where sums are too large for single units.

    Notes
    -----
    ``whole = floor(amount * factor + 0.5)`` and ``amount = whole * up / down``; ``up`` or ``down`` is 1.
    """

    power: int = 0

    @property
    def factor(self) -> float:
        """What an amount is multiplied by to become whole."""
        return 10.0**self.power

    @property
    def up(self) -> float:
        """What whole money is multiplied by to become an amount again."""
        return 10.0 ** max(-self.power, 0)

    @property
    def down(self) -> float:
        """What whole money is then divided by."""
        return 10.0 ** max(self.power, 0)


@dataclass(frozen=True, slots=True)
class Audit:
    """What one pass over a log found before anything was summed.

    Parameters
    ----------
    counts : dict of str to int
        Rows by reason, ``"kept"`` among them.
    first, last : int
        First and last day (second for occasion ``"row"``) of the kept rows.
    money : float
        Sum of the absolute amounts kept.
    largest : float
        Largest absolute amount kept.
    refunds : int
        Kept rows with a negative amount.
    """

    counts: dict[str, int]
    first: int = 0
    last: int = 0
    money: float = 0.0
    largest: float = 0.0
    refunds: int = 0

    @property
    def rows(self) -> int:
        """Number of rows of the log."""
        return sum(self.counts.values())

    @property
    def dropped(self) -> Dropped:
        """The rows left out so far."""
        named = {reason: count for reason, count in self.counts.items() if reason in _WORDS}
        return Dropped(rows=self.rows, **named)

    def scale(self, occasion: Occasion) -> MoneyScale:
        """Return the finest power of ten at which all sums are exact.

        Parameters
        ----------
        occasion : {"row", "D", "W", "M"}
            Grain at which the number of the period is packed above the money into 62 bits: of sums of
            rows, or of single rows.

        Returns
        -------
        MoneyScale
            At most nine decimals; coarser than whole units where sums are beyond 2**52.

        Raises
        ------
        InvalidInputError
            If the amounts add up to more than a number can hold.
        """
        packed = self.largest if occasion == "row" else self.money
        room = 2.0 ** (62 - self.bits(occasion))
        for power in range(_MOST_DECIMALS, -300, -1):
            scale = MoneyScale(power)
            if self.money * scale.factor < _EXACT * _ROOM and packed * scale.factor < room * _ROOM:
                return scale
        raise InvalidInputError("The amounts add up to more than a number can hold: correct the largest of them.")

    def followed_by(self, later: Self) -> Self:
        """Return what was found in a log and in later rows together.

        Parameters
        ----------
        later : Audit
            Of rows after the end of this one. Rows of this one that lie after its end are forgotten: they were not
            read, and whoever wants them to count gives them among the later rows.

        Returns
        -------
        Audit
        """
        counts = {reason: count for reason, count in self.counts.items() if reason != "after_end"}
        for reason, count in later.counts.items():
            counts[reason] = counts.get(reason, 0) + count
        if not later.counts.get("kept", 0):
            return replace(self, counts=counts)
        return type(self)(
            counts,
            self.first,
            later.last,
            self.money + later.money,
            max(self.largest, later.largest),
            self.refunds + later.refunds,
        )

    def bits(self, occasion: Occasion) -> int:
        """Return the bits that the number of a period needs, counted from the first of the log."""
        low, high = self.periods(occasion)
        return max(1, (high - low).bit_length())

    def periods(self, occasion: Occasion) -> tuple[int, int]:
        """Return the first and the last period of the kept rows."""
        if occasion == "row":
            return self.first, self.last
        low, high = periods_of_days(np.array([self.first, self.last], np.int64), occasion)
        return int(low), int(high)

    def check(self, reading: Reading) -> None:
        """Refuse a log of which nothing is left."""
        if self.rows == 0:
            raise InvalidInputError("The log is empty: it has 0 rows.")
        if self.counts.get("kept", 0) == 0 and reading.after is None:
            told = str(self.dropped)
            end = reading.end
            if end is not None and self.counts.get("after_end", 0):
                told += f". The observation ends {end.moment(reading.occasion)}, before the first usable row"
            raise InvalidInputError(f"Nothing of the log is left: {told}.")
