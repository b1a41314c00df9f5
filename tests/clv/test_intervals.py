"""Intervals for each customer: exact quantiles, of the coverage that they promise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evergreen import BGNBD, CLVModel, CustomerBase, GammaGamma, datasets, split
from evergreen.errors import InvalidInputError, NotFittedError

TRUTH, SPEND = BGNBD(0.9, 21.0, 0.8, 2.4), GammaGamma(6.25, 3.74, 15.44)


def test_they_hold_what_comes_as_often_as_said() -> None:
    log = datasets.simulate_log(8_000, transactions=TRUTH, spend=SPEND, acquired=120, observed=500, seed=5)
    halves = split(log, at="2024-12-31")
    model = CLVModel.from_models(TRUTH, SPEND, time_unit="D")
    days = round(halves.duration)
    rows = model.predict_intervals(halves.calibration, horizon=f"{days}D", level=0.8).merge(halves.holdout)
    inside = rows["frequency_holdout"].between(rows["purchases_lower"], rows["purchases_upper"])
    assert inside.mean() > 0.8 - 0.02  # whole numbers cover more
    beyond = (rows["frequency_holdout"] > rows["purchases_upper"]).mean()
    assert beyond <= 0.1 + 0.015
    may_pay = rows[rows["value_upper"] > 0]  # of the others nothing is more probable than the level
    assert (may_pay["value_holdout"] <= may_pay["value_upper"]).mean() == pytest.approx(0.9, abs=0.02)


def test_they_are_the_quantiles_of_a_simulation() -> None:
    """One customer, lived on many times from the model's own story."""
    x, t_x, T, mean, ahead = 4, 90.0, 100.0, 30.0, 60.0
    random = np.random.default_rng(1)
    n = 200_000
    alive = random.random(n) < float(TRUTH.p_alive(x, t_x, T))
    rate = random.gamma(TRUTH.r + x, 1 / (TRUTH.alpha + T), n)
    p = random.beta(TRUTH.a, TRUTH.b + x, n)
    stays = np.ceil(np.log(random.random(n)) / np.log1p(-p))
    bought = np.where(alive, np.minimum(random.poisson(rate * ahead), stays), 0)
    nu = random.gamma(SPEND.q + SPEND.p * x, 1 / (SPEND.v + x * mean), n)
    money = np.where(bought > 0, random.gamma(SPEND.p * np.maximum(bought, 1)) / nu, 0.0)

    base = CustomerBase.from_summary(
        pd.DataFrame({"customer_id": [1], "frequency": [x], "recency": [t_x], "T": [T], "monetary_value": [mean]})
    )
    model = CLVModel.from_models(TRUTH, SPEND, time_unit="D")
    found = model.predict_intervals(base, horizon="60D", level=0.7, margin=0.5).iloc[0]
    for bound, tail in (("lower", 0.15), ("upper", 0.85)):
        assert found[f"purchases_{bound}"] == np.quantile(bought, tail, method="inverted_cdf")
        assert found[f"value_{bound}"] == pytest.approx(0.5 * np.quantile(money, tail), rel=0.02, abs=1e-9)


def test_they_do_not_depend_on_the_batch() -> None:
    base = CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")
    model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), SPEND, time_unit="W")
    together = model.predict_intervals(base, horizon="52W")
    for row in (0, 17, 1_000, int(base.frame["frequency"].argmax())):
        one = CustomerBase.from_summary(base.frame.iloc[[row]], time_unit="W")
        alone = model.predict_intervals(one, horizon="52W")
        assert alone.iloc[0].tolist() == together.iloc[row].tolist()


def test_levels_nest_and_no_time_brings_nothing() -> None:
    model = BGNBD(0.243, 4.414, 0.793, 2.426)
    wide, narrow = (
        model.purchase_quantiles(tails, 39, [0, 2, 30], [0, 30, 38], 39) for tails in ([0.01, 0.99], [0.3, 0.7])
    )
    assert (wide[:, 0] <= narrow[:, 0]).all()
    assert (narrow[:, 1] <= wide[:, 1]).all()
    assert not model.purchase_quantiles([0.5, 0.999], 0, [0, 2], [0, 30], 39).any()
    assert model.purchase_quantiles([0.5], 39, [[0, 2]], 0, 39).shape == (1, 2, 1)


def test_what_there_are_no_intervals_for() -> None:
    base = CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")
    model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W")
    assert model.predict_intervals(base).columns.tolist() == ["customer_id", "purchases_lower", "purchases_upper"]
    with pytest.raises(InvalidInputError):
        model.predict_intervals(base, horizon="inf")
    with pytest.raises(InvalidInputError, match="level"):
        model.predict_intervals(base, level=80)
    with pytest.raises(NotFittedError):
        CLVModel().predict_intervals(base)
