"""How often intervals hold the truth, over many bases drawn from a known model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scipy.stats import binom

from evergreen import FitResult, FitStatus


@dataclass(frozen=True)
class Coverage:
    """Counts over fits; an interval that a fit does not give, at a boundary, is neither held nor missed."""

    level: float
    given: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    ended: Counter[FitStatus] = field(default_factory=Counter)

    def share(self, name: str) -> float:
        return self.held[name] / self.given[name]

    def least(self, name: str, chance: float) -> int:
        """Return the number of held intervals that right ones fall short of with this chance."""
        return int(binom.ppf(chance, self.given[name], self.level))


def coverage(truth: Mapping[str, float], fits: Iterable[FitResult[Any]], level: float = 0.9) -> Coverage:
    """Count the intervals of each parameter that hold the truth, and how fits ended."""
    found = Coverage(level)
    for fit in fits:
        found.ended[fit.status] += 1
        for name, (low, high) in fit.intervals(level).items():
            if not math.isnan(low):
                found.given[name] += 1
                found.held[name] += low <= truth[name] <= high
    return found
