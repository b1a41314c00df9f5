"""Churn: learning and scoring a base, and going back to two dates of a log.

No package in use offers these in one call; what stands beside the times is the answer, and the cost of each model.
Customers follow a BG/NBD; what is measured does not depend on whether a model is right.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import problems

pytestmark = pytest.mark.usefixtures("within_limit")

MODELS = ["bg/nbd", "pareto/nbd", "gaps"]


@pytest.mark.task("churn")
@pytest.mark.parametrize("model", MODELS)
def test_fit_and_transform(entrant, size, model, measure):
    base = problems.watched(size)
    measure(
        "fit and score churn",
        f"{model}, {size} customers by day",
        entrant,
        lambda: entrant.churn(base, model),
        answer=lambda found: {"churned": np.sum(found["p_churn"]), "days": np.sum(found["days_to_alarm"])},
    )


@pytest.mark.task("churn_backtest")
@pytest.mark.parametrize("model", MODELS)
def test_backtest(entrant, size, model, measure):
    log = problems.watched_log(size)
    measure(
        "backtest churn at two dates",
        f"{model}, {size} customers by day",
        entrant,
        lambda: entrant.churn_backtest(log, model),
        answer=lambda found: {
            "auc": np.mean(found.table["auc"][[0, 3]]),
            "calibration error": np.mean(found.table["calibration_error"][[0, 3]]),
        },
    )
