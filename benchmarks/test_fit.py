"""Fits: BG/NBD from a customer base and from arrays, gamma-gamma, and both.

Optimizers stop at slightly different points: parameters are compared to a tenth of a percent.
"""

from __future__ import annotations

import pytest

from benchmarks import problems

CLOSE = 1e-3
pytestmark = pytest.mark.usefixtures("within_limit")


@pytest.mark.task("fit")
@pytest.mark.parametrize("grain", problems.GRAINS)
def test_fit(entrant, size, grain, measure):
    held = entrant.hold(problems.customers(size, grain))
    measure("BG/NBD fit", f"{size} customers by {grain}", entrant, lambda: entrant.fit(held), tolerance=CLOSE)


@pytest.mark.task("fit_arrays")
@pytest.mark.parametrize("grain", problems.GRAINS)
def test_fit_arrays(entrant, size, grain, measure):
    held = entrant.hold(problems.customers(size, grain))
    problem = f"{size} customers by {grain}"
    measure("BG/NBD fit, from arrays", problem, entrant, lambda: entrant.fit_arrays(held), tolerance=CLOSE)


@pytest.mark.task("fit_spend")
def test_fit_spend(entrant, size, measure):
    held = entrant.hold(problems.customers(size))
    problem = f"{size} customers by day"
    measure("gamma-gamma fit", problem, entrant, lambda: entrant.fit_spend(held), tolerance=CLOSE)


@pytest.mark.task("fit_both")
def test_fit_both(entrant, size, measure):
    held = entrant.hold(problems.customers(size))
    problem = f"{size} customers by day"
    measure("both fits", problem, entrant, lambda: entrant.fit_both(held), tolerance=CLOSE)
