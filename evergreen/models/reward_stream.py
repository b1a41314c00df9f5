"""Money that customers bring by the state in which they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias, final

from evergreen.durations import DAYS_PER_UNIT, in_days
from evergreen.errors import InvalidInputError
from evergreen.kernels import markov as kernel
from evergreen.models.checks import check_not_negative
from evergreen.models.states import numbers_of
from evergreen.typing import Duration, FloatArray

Horizon: TypeAlias = Duration | Literal["inf"]
"""How far to look ahead: a duration, or without an end."""

_ROUNDING: Final = 1e-9  # of a period


def periods_in(horizon: Horizon, period_days: float) -> float:
    """Return how many periods a horizon has; a rounded number of them is whole.

    Examples
    --------
    >>> periods_in("26W", 91.0), periods_in("inf", 91.0)
    (2.0, inf)
    """
    if isinstance(horizon, str) and horizon == "inf":
        return math.inf
    periods = in_days(horizon) / period_days
    return float(round(periods)) if abs(periods - round(periods)) < _ROUNDING else periods


def period_factor(discount_rate: float, period_days: float) -> float:
    """Return what money is worth that comes one period later.

    Examples
    --------
    >>> round(period_factor(0.21, 365.2425 / 2), 9) == round(1 / 1.1, 9)
    True
    """
    return math.exp(-math.log1p(check_not_negative("discount_rate", discount_rate)) * period_days / DAYS_PER_UNIT["Y"])


@final
@dataclass(frozen=True, slots=True, eq=False)
class RewardStream:
    """Money by state, and what it is worth when it comes.

    Parameters
    ----------
    reward : ndarray of float64, shape (k,)
        Per period, at its beginning.
    factor : float
        What money is worth that comes one period later.
    periods : float
        How many rewards count.
    """

    reward: FloatArray
    factor: float
    periods: float

    @classmethod
    def of(
        cls,
        states: Sequence[str],
        reward: Mapping[str, float],
        discount_rate: float,
        horizon: Horizon,
        period_days: float,
    ) -> Self:
        """Check what was given, and express it in periods."""
        money = numbers_of(states, reward, "reward")
        factor, periods = period_factor(discount_rate, period_days), periods_in(horizon, period_days)
        if math.isinf(periods) and factor == 1:
            raise InvalidInputError(
                f"Without an end money must be discounted: give a discount_rate above 0 (got {discount_rate!r}), or a "
                "horizon such as '5Y'."
            )
        return cls(money, factor, periods)

    def values(self, rates: FloatArray) -> FloatArray:
        """Return the value of each state; one row for each matrix of a stack."""
        return kernel.values(rates, self.reward, self.factor, self.periods)

    def gain(self, rates: FloatArray, move: tuple[int, int, int]) -> FloatArray:
        """Return what one customer is worth who goes another way at the end of the period."""
        _, j, h = move
        later = kernel.values(rates, self.reward, self.factor, max(self.periods - 1, 0.0))
        return self.factor * (later[..., j] - later[..., h])

    def slope(self, rates: FloatArray, move: tuple[int, int, int]) -> FloatArray:
        """Return how fast values grow with the rate of a move."""
        return kernel.value_slope(rates, self.reward, self.factor, move, self.periods)
