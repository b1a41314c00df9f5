"""From a pandas log to the gaps between purchases, counted by order and length."""

from __future__ import annotations

import pytest

from benchmarks import problems


def totals(found):
    return {
        f"{name} {kind}": (counts * weight).sum()
        for name, counts in zip(("returned", "silent"), found, strict=True)
        for kind, weight in (("gaps", 1), ("days", counts.index.get_level_values(1)))
    }


@pytest.mark.task("count_gaps")
def test_gaps(entrant, size, measure):
    log = problems.log(size)
    measure("gaps of a log", f"{size} rows", entrant, lambda: entrant.count_gaps(log), answer=totals, tolerance=1e-12)
