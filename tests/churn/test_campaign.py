"""Whom it pays to contact, by the definition: every outcome with its chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen import BGNBD, ChurnDetector, CustomerBase, profit_threshold
from evergreen.errors import InputTypeError, InvalidInputError

MONEY = st.floats(0, 50)


def profit(p: float, value: float, c: float, o: float, won: float) -> float:
    """Add up what happens to a contacted customer: lost anyway, won back, or with us all along."""
    outcomes = [(p * (1 - won), -c), (p * won, value - o - c), (1 - p, -o - c)]
    return sum(chance * money for chance, money in outcomes)


@given(st.floats(-100, 400), MONEY, MONEY, st.floats(0, 1))
def test_it_pays_above_the_threshold_alone(value: float, c: float, o: float, won: float) -> None:
    cut = float(profit_threshold(value, contact_cost=c, offer_cost=o, success_rate=won))
    assert cut >= 0
    for p in np.linspace(0, 1, 21).tolist():
        gained = profit(p, value, c, o, won)
        if abs(p - cut) > 1e-9 and abs(gained) > 1e-9:
            assert (gained > 0) == (p > cut)


def test_where_it_never_pays() -> None:
    never = profit_threshold([0.0, 5.0, -1e9], contact_cost=1.0, offer_cost=10.0, success_rate=1.0)
    assert (never > 1).all()
    assert np.isinf(never[2])
    assert np.isinf(profit_threshold(9.0, contact_cost=0.0, offer_cost=0.0, success_rate=0.0))
    assert profit_threshold(9.0, contact_cost=0.0, offer_cost=0.0, success_rate=0.5) == 0.0


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"value": [np.nan]}, InvalidInputError, "value must be finite"),
        ({"contact_cost": -1.0}, InvalidInputError, "contact_cost must be finite and at least 0"),
        ({"offer_cost": np.inf}, InvalidInputError, "offer_cost must be finite and at least 0"),
        ({"success_rate": 30}, InvalidInputError, "success_rate is a share"),
        ({"success_rate": "high"}, InputTypeError, "success_rate must be a number"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, object], error: type[Exception], message: str) -> None:
    given: dict[str, object] = {"value": [9.0], "contact_cost": 1.0, "offer_cost": 1.0, "success_rate": 0.3}
    with pytest.raises(error, match=message):
        profit_threshold(**{**given, **wrong})  # type: ignore[arg-type]


def test_a_campaign_is_the_threshold_beside_the_customers() -> None:
    drawn = BGNBD(0.9, 21.0, 0.8, 2.4).simulate(200.0, customers=300, seed=2)
    summary = pd.DataFrame({"frequency": drawn.frequency, "recency": drawn.recency, "T": drawn.T})
    worth = pd.DataFrame({"customer_id": range(300), "clv": np.linspace(-40, 260, 300)})
    base = CustomerBase.from_summary(summary.assign(customer_id=range(300))).with_attributes(worth)
    detector = ChurnDetector.from_model(BGNBD(0.9, 21.0, 0.8, 2.4), time_unit="D", horizon="60D")
    settings = {"contact_cost": 1.0, "offer_cost": 8.0, "success_rate": 0.25}
    found = detector.campaign(base, value="clv", **settings)
    assert found.columns.tolist() == ["customer_id", "p_churn", "threshold", "expected_profit", "contact"]
    wanted = profit_threshold(worth["clv"], **settings)
    np.testing.assert_allclose(found["threshold"], np.minimum(wanted, 1.0), rtol=1e-12)
    gained = [profit(p, value, 1.0, 8.0, 0.25) for p, value in zip(found["p_churn"], worth["clv"], strict=True)]
    np.testing.assert_allclose(found["expected_profit"], gained, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(found["contact"], found["p_churn"] > wanted)
    assert 0 < found["contact"].sum() < 300
