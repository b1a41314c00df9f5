"""RFM scores.

Quantile bins with ties broken by position score frequency differently by design: that score is not compared. How many
customers change a score when rows are shuffled is told beside the time.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import problems
from evergreen import RFMScorer, split
from evergreen.rfm.cut_points import METHODS


@pytest.mark.task("rfm")
@pytest.mark.usefixtures("within_limit")
def test_rfm(entrant, size, measure):
    held = entrant.hold(problems.customers(size))
    problem = f"{size} customers by day"

    def answer(scored):
        moved = changed_by_shuffling(entrant, size, scored)
        sums = {"sum of r": scored["r"].sum(), "sum of m": scored["m"].sum()}
        return {**sums, f"{entrant.NAME}: changed by shuffling": moved}

    measure("RFM scores", problem, entrant, lambda: entrant.rfm(held), answer=answer, tolerance=0.01)


@pytest.mark.task("rfm_by")
@pytest.mark.parametrize("method", [name for name in METHODS if name != "breaks"])
def test_methods(entrant, size, method, measure):
    held = entrant.hold(problems.customers(size))
    measure(
        f"RFM scores, {method}",
        f"{size} customers by day",
        entrant,
        lambda: entrant.rfm_by(held, method),
        answer=lambda scored: {name: scored[name].sum() for name in "rfm"},
    )


@pytest.mark.task("moves")
def test_moves(entrant, size, measure):
    halves = split(problems.long_log(problems.number(size)), at="2025-06-30")
    held = halves.calibration, entrant.whole(problems.long_log(problems.number(size)))
    scorer = RFMScorer().fit(held[0])
    measure(
        "moves between segments",
        f"{size} customers",
        entrant,
        lambda: entrant.moves(scorer, *held),
        answer=lambda moves: {"stayed": np.trace(moves.customers[:-1, :-1])},
    )


def changed_by_shuffling(entrant, size, scored):
    """Return how many customers have another score when the rows of the frame stand in another order."""
    shuffled = problems.customers(size).frame.sample(frac=1.0, random_state=1, ignore_index=True)
    again = entrant.rfm(entrant.hold(problems.customers_of(shuffled)))
    before, after = (found.sort_values("customer_id")[list("rfm")].to_numpy() for found in (scored, again))
    return int((before != after).any(axis=1).sum())
