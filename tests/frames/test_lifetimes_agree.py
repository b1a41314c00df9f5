"""An independent route: the summaries of ``lifetimes`` on CDNOW."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen.datasets import load_cdnow
from evergreen.frames import CustomerBase, split
from evergreen.typing import TimeUnit


@pytest.fixture(scope="module")
def rival() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import utils
    return utils


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("unit", ["D", "W"])
def test_summary(rival: Any, unit: TimeUnit) -> None:
    log = load_cdnow()
    theirs = rival.summary_data_from_transaction_data(
        log,
        "customer_id",
        "date",
        "amount",
        observation_period_end="1998-06-30",
        freq="D",
        freq_multiplier={"D": 1, "W": 7}[unit],
    )
    base = CustomerBase.from_transactions(log, observation_end="1998-06-30", time_unit=unit)
    ours = base.frame.set_index("customer_id")
    assert len(ours) == 23_570
    for column in ("frequency", "recency", "T", "monetary_value"):
        np.testing.assert_allclose(ours[column], theirs[column].loc[ours.index], rtol=1e-12, err_msg=column)
    np.testing.assert_allclose(ours["total_value"].sum(), log["amount"].sum(), rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_split(rival: Any) -> None:
    log = load_cdnow(sample=True)
    theirs = rival.calibration_and_holdout_data(
        log,
        "customer_id",
        "date",
        calibration_period_end="1997-09-30",
        observation_period_end="1998-06-30",
        monetary_value_col="amount",
    )
    halves = split(log, at="1997-09-30", end="1998-06-30")
    calibration = halves.calibration.frame.set_index("customer_id")
    holdout = halves.holdout.set_index("customer_id")
    assert calibration.index.equals(holdout.index)
    theirs = theirs.loc[calibration.index]
    np.testing.assert_array_equal(calibration["frequency"], theirs["frequency_cal"])
    np.testing.assert_array_equal(calibration["recency"], theirs["recency_cal"])
    np.testing.assert_array_equal(calibration["T"], theirs["T_cal"])
    np.testing.assert_array_equal(holdout["frequency_holdout"], theirs["frequency_holdout"])
    assert (theirs["duration_holdout"] == halves.duration).all()


def test_the_sample_has_the_published_size() -> None:
    """2,357 customers, 1,411 of them without a repeat purchase in 39 weeks (Fader & Hardie, 2005)."""
    halves = split(load_cdnow(sample=True), at="1997-09-30", end="1998-06-30", time_unit="W")
    frequency = halves.calibration.array("frequency")
    assert len(frequency) == 2_357
    assert (frequency == 0).sum() == 1_411
    assert isinstance(halves.holdout, pd.DataFrame)
