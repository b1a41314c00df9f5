"""How time and margins turn purchases into money."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from evergreen.durations import DAYS_PER_UNIT, check_time_unit, in_units
from evergreen.errors import InvalidInputError
from evergreen.frames import Arithmetic, CustomerBase, mean_spend
from evergreen.models.checks import check_not_negative, check_share
from evergreen.typing import Duration, TimeUnit


def annual_to_continuous(discount_rate: float, time_unit: TimeUnit) -> float:
    """Return the continuous discount rate per time unit of an annual rate.

    Parameters
    ----------
    discount_rate : float
        Per year, at least 0.
    time_unit : {"h", "D", "W", "M", "Y"}
        The unit wanted.

    Returns
    -------
    float
        ``log(1 + discount_rate)`` times the length of the unit in years.

    Examples
    --------
    >>> round(annual_to_continuous(0.1, "Y"), 6)
    0.09531
    """
    yearly = math.log1p(check_not_negative("discount_rate", discount_rate))
    return yearly * DAYS_PER_UNIT[check_time_unit(time_unit)] / DAYS_PER_UNIT["Y"]


def check_margin(margin: float | str) -> float | str:
    """Return a margin: a share from 0 to 1, or the name of a column.

    Parameters
    ----------
    margin : float or str
        What the user gave.

    Returns
    -------
    float or str

    Raises
    ------
    InputTypeError, InvalidInputError
        If it is neither.
    """
    return margin if isinstance(margin, str) else check_share("margin", margin)


@dataclass(frozen=True, slots=True)
class Outlook:
    """How far to look ahead, what waiting costs, and how much of the money is profit.

    Parameters
    ----------
    horizon : float
        In time units of the model; may be infinite.
    delta : float
        Continuous discount rate per time unit.
    margin : float or str
        A share of the value, or the column that holds each customer's own.
    """

    horizon: float
    delta: float
    margin: float | str

    @classmethod
    def of(cls, horizon: Duration, discount_rate: float, margin: float | str, time_unit: TimeUnit) -> Self:
        """Check the settings of a user.

        Parameters
        ----------
        horizon : str, datetime.timedelta or numpy.timedelta64
            Length of time that names its unit, or ``"inf"``.
        discount_rate : float
            Per year.
        margin : float or str
            A share of the value, or the name of a column.
        time_unit : {"h", "D", "W", "M", "Y"}
            Unit of the model's times.

        Returns
        -------
        Outlook

        Raises
        ------
        InvalidInputError
            If a setting is out of range, or nothing ends or discounts the future.
        """
        endless = isinstance(horizon, str) and horizon == "inf"
        ahead = math.inf if endless else in_units(horizon, time_unit)
        delta = annual_to_continuous(discount_rate, time_unit)
        if endless and delta == 0:
            raise InvalidInputError(
                "An infinite horizon needs a discount_rate above 0: without one, the value of a customer has no bound."
            )
        return cls(ahead, delta, check_margin(margin))

    def check_base(self, base: CustomerBase) -> None:
        """Refuse a base that lacks the column of margins.

        Parameters
        ----------
        base : CustomerBase
            The customers.

        Raises
        ------
        InvalidInputError
            If there is no such column.
        """
        if isinstance(self.margin, str) and self.margin not in base.attributes:
            raise InvalidInputError(
                f"margin={self.margin!r} is no attribute of this base (it has {list(base.attributes)}): give a share, "
                f"or add the column by base.with_attributes(frame, {self.margin!r})."
            )

    @property
    def profit(self) -> Callable[[Mapping[str, Any]], Any]:
        """The margin as a function of the columns of a base."""
        margin = self.margin
        return (lambda columns: columns[margin]) if isinstance(margin, str) else (lambda _: margin)


def own_spend(base: CustomerBase, *, first_purchase: bool) -> Arithmetic:
    """Return a customer's mean value per occasion, as a function of the columns of a base.

    Parameters
    ----------
    base : CustomerBase
        With money.
    first_purchase : bool
        Whether the first purchase is one of the occasions.

    Returns
    -------
    callable

    Raises
    ------
    InvalidInputError
        If the base does not know the money of first purchases.
    """
    return mean_spend(base.columns) if first_purchase else lambda c: c["monetary_value"] * 1.0
