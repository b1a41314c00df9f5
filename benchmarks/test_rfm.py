"""RFM scores.

Quantile bins with ties broken by position score frequency differently by design: that score is not compared.
"""

from __future__ import annotations

import pytest

from benchmarks import problems


def totals(scores):
    r, _, m = scores
    return {"sum of r": r.sum(), "sum of m": m.sum()}


@pytest.mark.task("rfm")
@pytest.mark.usefixtures("within_limit")
def test_rfm(entrant, size, measure):
    held = entrant.hold(problems.customers(size))
    problem = f"{size} customers by day"
    measure("RFM scores", problem, entrant, lambda: entrant.rfm(held), answer=totals, tolerance=0.01)
