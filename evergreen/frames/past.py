"""What a base remembers of its log, so that later rows can be added without reading it again.

Most of it stands in the base: whole numbers of periods and of money are read back from its columns. The rest is
little: how the log was read, what was found in it, the refunds of customers who have no purchase yet, and the
logarithms of gaps before they were rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evergreen.errors import InvalidInputError
from evergreen.frames.audit import Audit, MoneyScale
from evergreen.frames.periods import Boundary
from evergreen.frames.reading import Reading
from evergreen.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class ArrayBesides:
    """What the base of a pandas log does not tell of its customers.

    Parameters
    ----------
    ids : pandas series, index or array of length a
        Customers with refunds and no purchase.
    net : ndarray of float64, shape (a,)
        Their refunds, in whole money.
    rows : ndarray of int64, shape (a,)
        The number of their rows.
    parts : tuple of ndarray of float64, each of shape (n,), or None
        For each row of the base the sum of the logarithms of its gaps, in two whole parts.
    """

    ids: Any
    net: FloatArray
    rows: IntArray
    parts: tuple[FloatArray, FloatArray] | None


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What a base remembers of its log.

    Parameters
    ----------
    reading : Reading
        How the log was read.
    end : Boundary
        End of the observation.
    audit : Audit
        What was found in the log.
    besides : ArrayBesides, native frame or None
        What the base does not tell of its customers; None where it tells all.
    customers : native lazy frame or None
        In an engine what both the base and ``besides`` are made from, in whole numbers.
    frame : native lazy frame or None
        That base.
    """

    reading: Reading
    end: Boundary
    audit: Audit
    besides: Any
    customers: Any = None
    frame: Any = None

    def scale(self) -> MoneyScale:
        """Return how the money of the base was made whole."""
        return scale_of(self.audit, self.reading)


def scale_of(audit: Audit, reading: Reading) -> MoneyScale:
    """Return how the money of a log is made whole."""
    return MoneyScale() if reading.columns.amount is None else audit.scale(reading.occasion)


def later_end(past: Past, audit: Audit, reading: Reading) -> Boundary:
    """Return the end of an observation to which rows were added: as given, the latest of them, or as it was.

    Parameters
    ----------
    past : Past
        What a base remembers.
    audit : Audit
        What was found in the rows.
    reading : Reading
        How they were read.

    Returns
    -------
    Boundary
    """
    if reading.end is not None or not audit.counts.get("kept", 0):
        return reading.end or past.end
    return Boundary.of_second(audit.last) if reading.occasion == "row" else Boundary.of_day(audit.last)


def no_past() -> InvalidInputError:
    """Return the error for a base that does not know how its log was read."""
    return InvalidInputError(
        "This base was made from a summary, which does not tell how its log was read: build it from the log by "
        "from_transactions(), then update it."
    )


def other_customers(customers: int, of_log: int) -> InvalidInputError:
    """Return the error for a base whose customers are others than those of its log."""
    return InvalidInputError(
        f"This base has {customers:,} customers and its log had {of_log:,}, whose gaps cannot be told apart: build the "
        "base from the log of these customers."
    )


def check_no_attributes(attributes: tuple[str, ...]) -> None:
    """Refuse a base with attributes, which new customers would not have."""
    if attributes:
        raise InvalidInputError(
            f"This base has the attributes {list(attributes)}, and new customers would have none: update the base as "
            "it was before, and add the attributes of all customers by with_attributes() afterwards."
        )
