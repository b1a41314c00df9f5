"""Every transaction model: its fit, its forecasts of a year, and what is left of each customer's lifetime (DERT).

The customers are those of the other tests, who follow a BG/NBD; what is measured does not depend on whether a model is
right. Optimizers stop at different points, some rivals' far from the maximum: answers are compared by log-likelihood
where both tell one, to a percent where they do not.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import problems
from evergreen.models.catalog import TRANSACTION_MODELS

pytestmark = pytest.mark.usefixtures("within_limit")

CONTINUOUS = [name for name, model in TRANSACTION_MODELS.items() if not model.discrete]
NEAR = 0.02


@pytest.fixture
def possible(entrant, model, size):
    """Skip models that an entrant does not have, or not at this size."""
    largest = entrant.LARGEST_OF_MODEL.get(model, 0)
    if problems.number(size) > largest:
        pytest.skip(f"{entrant.NAME} is asked for {model} with {largest:,} customers at most")


@pytest.mark.task("fit_model")
@pytest.mark.parametrize("model", CONTINUOUS)
@pytest.mark.usefixtures("possible")
def test_fit_model(entrant, size, model, measure):
    held = entrant.hold(problems.customers(size))
    problem = f"{model}, {size} customers by day"
    measure("fit", problem, entrant, lambda: entrant.fit_model(held, model), tolerance=NEAR)


@pytest.mark.task("forecast_model")
@pytest.mark.parametrize("model", CONTINUOUS)
@pytest.mark.usefixtures("possible")
def test_forecast_model(entrant, size, model, measure):
    held = entrant.hold(problems.customers(size))
    measure(
        "P(alive) and purchases of a year",
        f"{model}, {size} customers by day",
        entrant,
        lambda: entrant.forecast_model(held, model),
        answer=lambda found: dict(zip(("alive", "purchases"), map(np.sum, found), strict=True)),
        tolerance=1e-5,
    )


@pytest.mark.task("dert")
@pytest.mark.parametrize("model", CONTINUOUS)
@pytest.mark.usefixtures("possible")
def test_dert(entrant, size, model, measure):
    held = entrant.hold(problems.customers(size))
    problem = f"{model}, {size} customers by day"
    answer = lambda found: {"purchases": np.sum(found)}  # noqa: E731
    measure("DERT", problem, entrant, lambda: entrant.dert(held, model), answer=answer)


@pytest.mark.task("fit_opportunities")
@pytest.mark.parametrize("model", ["bg/bb"])
@pytest.mark.usefixtures("possible")
def test_fit_opportunities(entrant, size, model, measure):
    columns = problems.opportunities(size)
    problem = f"{model}, {size} donors by year"
    measure("fit", problem, entrant, lambda: entrant.fit_opportunities(columns), tolerance=NEAR)


@pytest.mark.task("forecast_opportunities")
@pytest.mark.parametrize("model", ["bg/bb"])
@pytest.mark.usefixtures("possible")
def test_forecast_opportunities(entrant, size, model, measure):
    columns = problems.opportunities(size)
    measure(
        "P(alive) and purchases of ten years",
        f"{model}, {size} donors by year",
        entrant,
        lambda: entrant.forecast_opportunities(columns),
        answer=lambda found: dict(zip(("alive", "purchases"), map(np.sum, found), strict=True)),
        tolerance=1e-5,
    )
