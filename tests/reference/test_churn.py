"""Churn on CDNOW: what the chance of being alive, the chance of a purchase, and silence alone are worth.

Known of this data: AUC .316 of 1 - P(alive), .757 of the chance of no purchase with a calibration error of .053, .771
of the days since the last purchase. The error depends on how bins are made: .053 with ten bins that tear customers of
equal chances apart, .056 where they stay together, .043 with ten bins of equal width.
"""

from __future__ import annotations

import numpy as np
import pytest

from evergreen import BGNBD, ChurnDetector, PurchaseHistories, datasets, split
from evergreen.kernels import forecast_quality as quality


@pytest.fixture(scope="module", params=[True, False], ids=["sample", "all"])
def sample(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_backtest(sample: bool) -> None:
    log = datasets.load_cdnow(sample=sample)
    found = ChurnDetector(horizon="39W").backtest(log, at="1997-09-30", time_unit="W").table
    assert found["score"].tolist() == ["bg/nbd", "days since last", "overdue ratio"]
    assert found["customers"].tolist() == [2_357 if sample else 23_570] * 3
    wanted = (0.757, 0.771, 0.161, 0.056) if sample else (0.747, 0.759, 0.165, 0.048)
    measured = [*found["auc"][:2], found["brier"][0], found["calibration_error"][0]]
    assert tuple(np.round(measured, 3)) == wanted
    assert found["auc_lead"][0] < -1.96 * found["standard_error"][0]


def test_being_alive_is_no_score(sample: bool) -> None:
    halves = split(datasets.load_cdnow(sample=sample), at="1997-09-30", time_unit="W")
    base = halves.calibration
    history = base.purchase_arrays()
    model = BGNBD.fit(PurchaseHistories.of(*history)).model
    left = halves.holdout["frequency_holdout"].to_numpy() == 0
    assert round(quality.auc(1 - model.p_alive(*history), left), 3) == (0.316 if sample else 0.319)


def test_calibration_error_by_the_way_bins_are_made() -> None:
    halves = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W")
    history = halves.calibration.purchase_arrays()
    p = BGNBD.fit(PurchaseHistories.of(*history)).model.p_purchase(39, *history)
    bought = halves.holdout["frequency_holdout"].to_numpy() > 0
    assert round(quality.calibration(p, bought).error, 3) == 0.056
    assert round(quality.calibration(p, bought, by="width").error, 3) == 0.043
    torn = np.array_split(np.argsort(p, kind="stable"), 10)
    error = sum(len(rows) * abs(p[rows].mean() - bought[rows].mean()) for rows in torn) / len(p)
    assert round(error, 3) == 0.053
