"""Scores of every customer under one known model: P(alive), expected purchases, value of twelve months.

lifetimes discounts each month at its end, evergreen every purchase when it is made: half a month of interest
lies between them, half a percent here. Everything else agrees closely.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import problems

pytestmark = pytest.mark.usefixtures("within_limit")

HALF_A_MONTH = 0.006
CLOSE = 1e-6


def summed(name):
    """Return what makes a sum and a spread of the scores."""
    return lambda found: {name: np.sum(found), "root mean square": np.sqrt(np.mean(np.square(found)))}


@pytest.mark.task("p_alive")
def test_p_alive(entrant, size, measure):
    held = entrant.hold(problems.customers(size))
    problem = f"{size} customers by day"
    measure("P(alive)", problem, entrant, lambda: entrant.p_alive(held), answer=summed("alive"), tolerance=CLOSE)


@pytest.mark.task("expected_purchases")
@pytest.mark.parametrize("grain", problems.GRAINS)
def test_expected_purchases(entrant, size, grain, measure):
    held = entrant.hold(problems.customers(size, grain))
    measure(
        "expected purchases",
        f"{size} customers by {grain}",
        entrant,
        lambda: entrant.expected_purchases(held),
        answer=summed("purchases"),
        tolerance=CLOSE,
    )


@pytest.mark.task("clv")
def test_clv(entrant, size, measure):
    held = entrant.hold(problems.customers(size))
    problem = f"{size} customers by day"
    measure("12 months' CLV", problem, entrant, lambda: entrant.clv(held), answer=summed("CLV"), tolerance=HALF_A_MONTH)


@pytest.mark.task("score")
@pytest.mark.parametrize("grain", problems.GRAINS)
def test_score(entrant, size, grain, measure):
    held = entrant.hold(problems.customers(size, grain))
    measure(
        "P(alive), purchases and CLV",
        f"{size} customers by {grain}",
        entrant,
        lambda: entrant.score(held),
        answer=lambda found: dict(zip(("alive", "purchases", "CLV"), map(np.sum, found), strict=True)),
        tolerance=HALF_A_MONTH,
    )
