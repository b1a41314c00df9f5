"""From a pandas log to one row per customer."""

from __future__ import annotations

import pytest

from benchmarks import problems


def totals(summary):
    return {
        "customers": len(summary),
        **{name: summary[name].sum() for name in ("frequency", "recency", "T", "monetary_value")},
    }


@pytest.mark.task("summarize")
@pytest.mark.parametrize("ids", ["numbers", "text"])
def test_summary(entrant, size, ids, measure):
    if problems.number(size) > 10 * entrant.LARGEST:
        pytest.skip(f"{entrant.NAME} is asked for {10 * entrant.LARGEST:,} rows at most")
    log = problems.log(size, ids)
    problem = f"{size} rows, ids are {ids}"
    measure("summary of a log", problem, entrant, lambda: entrant.summarize(log), answer=totals, tolerance=1e-9)
