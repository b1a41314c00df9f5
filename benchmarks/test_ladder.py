"""From a pandas log to the moves between rungs of a loyalty ladder at 24 month ends."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks import problems

MONTHS = 24


def steps(counts):
    """Return what was counted, each cell with its weight, so that no two tables answer alike."""
    customers = counts.sum(axis=(1, 2))
    return {
        "customers": int(customers[0]),
        "lost": int(customers.max() - customers.min()),
        **{f"moves from {before} to {after}": int(n) for (before, after), n in _moved(counts)},
    }


def _moved(counts):
    total = counts.sum(axis=0)
    return [
        ((before, after), total[before, after]) for before in range(6) for after in range(6) if total[before, after]
    ]


@pytest.mark.task("climb")
def test_ladder(entrant, size, measure):
    log = problems.log(size)
    dates = list(pd.date_range(end=log["date"].max().normalize(), periods=MONTHS, freq="30D"))
    problem = f"{size} rows, {MONTHS} dates"
    measure("moves on a ladder", problem, entrant, lambda: entrant.climb(log, dates), answer=steps, tolerance=0)
