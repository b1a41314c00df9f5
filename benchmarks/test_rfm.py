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

    def answer(scores):
        r, _, m = scores
        moved = changed_by_shuffling(entrant, size, scores)
        return {"sum of r": r.sum(), "sum of m": m.sum(), f"{entrant.NAME}: changed by shuffling": moved}

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
        answer=lambda scores: {name: score.sum() for name, score in zip("rfm", scores, strict=True)},
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


def changed_by_shuffling(entrant, size, scores):
    """Return how many customers have another score when the rows of the frame stand in another order."""
    customers = problems.customers(size)
    order = np.random.default_rng(1).permutation(len(customers.frame))
    shuffled = problems.customers_of(customers.frame.iloc[order].reset_index(drop=True))
    changed = np.zeros(len(order), bool)
    for before, after in zip(scores, entrant.rfm(entrant.hold(shuffled)), strict=True):
        changed |= before.to_numpy()[order] != after.to_numpy()
    return int(changed.sum())
