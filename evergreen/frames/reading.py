"""How a log is to be read: the roles of its columns, the grain of an occasion, the window of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from evergreen.durations import check_time_unit
from evergreen.errors import ColumnNotFoundError, InputTypeError, InvalidInputError
from evergreen.frames.periods import OCCASIONS, Boundary, Moment, boundary
from evergreen.typing import Occasion, TimeUnit

ZeroAmounts: TypeAlias = Literal["keep", "drop"]
"""Whether rows with an amount of zero count as occasions or are left out."""

SUMMARY_COLUMNS = (
    "frequency",
    "recency",
    "T",
    "monetary_value",
    "first_purchase",
    "last_purchase",
    "orders",
    "total_value",
    "refunds",
    "log_gaps",
)
"""The columns of a summary besides the customer id."""


@dataclass(frozen=True, slots=True)
class LogColumns:
    """Names of a log's columns by their role; ``None`` for a role that the log does not have."""

    customer: str
    date: str
    amount: str | None
    order: str | None

    @property
    def roles(self) -> dict[str, str]:
        """The roles that are there, with their columns."""
        pairs = {"customer": self.customer, "date": self.date, "amount": self.amount, "order": self.order}
        return {role: name for role, name in pairs.items() if name is not None}

    def check(self, available: Iterable[str]) -> None:
        """Refuse missing columns, columns named twice and one column in two roles."""
        check_columns(self.roles, available)


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that decides how rows become occasions.

    Parameters
    ----------
    columns : LogColumns
        Roles of the columns.
    occasion : {"row", "D", "W", "M"}
        What one occasion is.
    time_unit : {"h", "D", "W", "M", "Y"}
        Unit of the times.
    zero_amounts : {"keep", "drop"}
        Whether rows of amount zero count.
    end : Boundary, optional
        End of the window; the latest row by default.
    after : Boundary, optional
        Rows up to here lie before the window (they are the calibration of a split).
    log_gaps : bool
        Whether the logarithms of the times between occasions are added up.
    """

    columns: LogColumns
    occasion: Occasion
    time_unit: TimeUnit
    zero_amounts: ZeroAmounts
    end: Boundary | None = None
    after: Boundary | None = None
    log_gaps: bool = False


def reading_of(
    columns: LogColumns,
    *,
    occasion: str,
    time_unit: str,
    zero_amounts: str,
    observation_end: Moment | None,
    log_gaps: bool = False,
) -> Reading:
    """Return the checked reading that a user asked for."""
    grain: Occasion | None = next((known for known in OCCASIONS if known == occasion), None)
    if grain is None:
        raise InvalidInputError.not_allowed("occasion", occasion, OCCASIONS)
    if zero_amounts not in ("keep", "drop"):
        raise InvalidInputError.not_allowed("zero_amounts", zero_amounts, ("keep", "drop"))
    needed = {"customer": columns.customer, "date": columns.date}
    for role, name in {**needed, **columns.roles}.items():
        if not isinstance(name, str):
            raise InputTypeError.kind(role, name, "the name of a column (text)")
    if not isinstance(log_gaps, bool):
        raise InputTypeError.kind("log_gaps", log_gaps, "True or False")
    end = None if observation_end is None else boundary("observation_end", observation_end)
    zeros: ZeroAmounts = "keep" if zero_amounts == "keep" else "drop"
    return Reading(columns, grain, check_time_unit(time_unit), zeros, end, log_gaps=log_gaps)


def check_columns(roles: dict[str, str], available: Iterable[str]) -> None:
    """Refuse roles whose column is missing, doubled, or taken by another role."""
    names = list(available)
    missing = {role: name for role, name in roles.items() if name not in names}
    if missing:
        raise ColumnNotFoundError.missing(missing, [str(name) for name in names])
    for name, times in Counter(roles.values()).items():
        if times > 1:
            shared = " and ".join(role for role, column in roles.items() if column == name)
            raise InvalidInputError(f"Column {name!r} is given as {shared}: each role needs its own column.")
        if names.count(name) > 1:
            raise InvalidInputError(
                f"The frame has {names.count(name)} columns named {name!r}: rename or drop all but one."
            )
