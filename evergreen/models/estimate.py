"""A number and how sure it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval.

    Attributes
    ----------
    estimate : float
        The number itself.
    lower, upper : float
        Bounds of the interval; nan where no draws were asked for.

    Examples
    --------
    >>> str(Estimate(1000.0, 900.0, 1150.0))
    '1,000 (900 to 1,150)'
    >>> Estimate(0.6746, 0.6613, 0.6891).percent
    '67.5 % (66.1 to 68.9)'
    """

    estimate: float
    lower: float = math.nan
    upper: float = math.nan

    def __str__(self) -> str:
        """Return the numbers in words."""
        return self._written("{:,.6g}")

    @property
    def percent(self) -> str:
        """The numbers in words, times a hundred, with one decimal."""
        hundred = Estimate(100 * self.estimate, 100 * self.lower, 100 * self.upper)
        return hundred._written("{:,.1f}", " %")

    def _written(self, number: str, unit: str = "") -> str:
        interval = "" if math.isnan(self.lower) else f" ({number.format(self.lower)} to {number.format(self.upper)})"
        return f"{number.format(self.estimate)}{unit}{interval}"
