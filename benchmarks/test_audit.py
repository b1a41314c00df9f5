"""From a pandas log to cohorts, deciles and what became of the customers of two quarters."""

from __future__ import annotations

import pytest

from benchmarks import problems


def totals(found):
    customers, best, groups = found
    return {
        "customers": customers.to_numpy().trace(),
        "active": customers.to_numpy().sum(),
        "best tenth": best,
        **dict(zip(("kept", "lost", "new", "back"), map(int, groups), strict=True)),
    }


@pytest.mark.task("audit")
@pytest.mark.parametrize("ids", ["numbers", "text"])
def test_audit(entrant, size, ids, measure):
    log = problems.log(size, ids)
    problem = f"{size} rows, ids are {ids}"
    measure("audit of a log", problem, entrant, lambda: entrant.audit(log), answer=totals, tolerance=1e-9)
