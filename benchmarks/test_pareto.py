"""Pareto: classes of a customer base, and the Gini with its bootstrap interval.

The bounds of an interval from 200 replicates are themselves subject to chance: of the answers the Gini is compared
exactly and the bounds roughly.
"""

from __future__ import annotations

import pytest

from benchmarks import problems

DRAWS = 200
pytestmark = pytest.mark.usefixtures("within_limit")


@pytest.mark.task("pareto")
@pytest.mark.parametrize("draws", [0, DRAWS])
def test_pareto(entrant, size, draws, measure):
    held = entrant.hold(problems.customers(size))
    measure(
        "classes of value",
        f"{size} customers by day, {draws} replicates",
        entrant,
        lambda: entrant.pareto(held, draws),
        answer=lambda scored: {"customers in class A": (scored["value_class"] == "A").sum()},
    )


@pytest.mark.task("gini_interval")
def test_gini_interval(entrant, size, measure):
    held = entrant.hold(problems.customers(size))
    measure(
        "Gini with its interval",
        f"{size} customers by day, {DRAWS} replicates",
        entrant,
        lambda: entrant.gini_interval(held, DRAWS),
        answer=lambda found: dict(zip(("gini", "lower", "upper"), found, strict=True)),
        tolerance=5e-3,
    )
