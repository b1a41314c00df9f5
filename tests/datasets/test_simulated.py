"""Simulated logs come from the model they name: fitting finds it again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen import BGNBD, CLVModel, CustomerBase, GammaGamma
from evergreen.datasets import simulate_log
from evergreen.errors import InputTypeError, InvalidInputError


def test_shape_and_types() -> None:
    log = simulate_log(200, start="2023-03-01", acquired=100, observed=300, seed=1)
    assert log.columns.tolist() == ["customer_id", "date", "amount"]
    assert log.dtypes["customer_id"] == "int64"
    assert log.dtypes["date"] == "datetime64[us]"
    assert log.dtypes["amount"] == "float64"
    assert sorted(log["customer_id"].unique()) == list(range(200))
    assert log["date"].is_monotonic_increasing
    first = log.groupby("customer_id")["date"].min()
    assert first.min() >= pd.Timestamp("2023-03-01")
    assert first.max() < pd.Timestamp("2023-03-01") + pd.Timedelta(days=100)
    assert log["date"].max() < pd.Timestamp("2023-03-01") + pd.Timedelta(days=300)
    assert (log["amount"] >= 0.01).all()
    np.testing.assert_array_equal(log["amount"], log["amount"].round(2))


def test_the_seed_decides() -> None:
    one, same, other = (simulate_log(50, seed=seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)
    generator = np.random.default_rng(3)
    pd.testing.assert_frame_equal(simulate_log(50, seed=generator), one)


def test_fitting_finds_the_model_again() -> None:
    """Within 4 standard errors; 2 % of purchases share a day with another, so times are taken by the row."""
    truth = BGNBD(r=0.8, alpha=60.0, a=0.7, b=2.5)
    spend = GammaGamma(p=5.0, q=4.0, v=20.0)
    log = simulate_log(12_000, transactions=truth, spend=spend, acquired=200, observed=730, seed=12)
    base = CustomerBase.from_transactions(log, occasion="row", observation_end="2025-12-30")
    found = CLVModel().fit(base)
    assert found.fit_.spend is not None
    for fit, true in ((found.fit_.transactions, truth), (found.fit_.spend, spend)):
        for name, value in fit.parameters.items():
            away = (value - getattr(true, name)) / fit.standard_errors[name]
            assert abs(away) < 4, (name, away)
    assert abs(found.fit_.spend_correlation) < 0.05


def test_purchases_are_as_many_as_the_model_expects() -> None:
    truth = BGNBD(r=0.8, alpha=60.0, a=0.7, b=2.5)
    log = simulate_log(20_000, transactions=truth, acquired=1, observed=366, seed=5)
    repeats = log.groupby("customer_id").size().to_numpy() - 1
    expected = float(truth.expected_purchases_new(365))
    assert abs(repeats.mean() - expected) < 4 * repeats.std() / np.sqrt(len(repeats))


def test_amounts_are_as_high_as_the_model_expects() -> None:
    spend = GammaGamma(p=5.0, q=6.0, v=20.0)
    log = simulate_log(20_000, spend=spend, seed=6)
    per_customer = log.groupby("customer_id")["amount"].mean()
    assert abs(per_customer.mean() - spend.mean) < 4 * per_customer.std() / np.sqrt(len(per_customer))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"customers": 0}, InvalidInputError, "customers=0 must be a whole number of at least 1."),
        ({"customers": 2.5}, InvalidInputError, "customers=2.5 must be a whole number of at least 1."),
        ({"customers": "5"}, InputTypeError, "customers must be a number, got str."),
        (
            {"customers": 5, "start": None},
            InvalidInputError,
            "start=None is not an ISO day, such as '2024-01-01'.",
        ),
        ({"customers": -5}, InvalidInputError, "customers must be finite and at least 0, got -5.0."),
        (
            {"customers": 5, "acquired": 0},
            InvalidInputError,
            "acquired=0 must be a whole number of at least 1.",
        ),
        (
            {"customers": 5, "acquired": 400, "observed": 365},
            InvalidInputError,
            "acquired=400 must not be greater than observed=365 days.",
        ),
        (
            {"customers": 5, "start": "2024-13-01"},
            InvalidInputError,
            "start='2024-13-01' is not an ISO day, such as '2024-01-01'.",
        ),
        (
            {"customers": 5, "transactions": GammaGamma(1, 2, 3)},
            InputTypeError,
            "transactions must be a BGNBD(...), got GammaGamma.",
        ),
        ({"customers": 5, "spend": 30.0}, InputTypeError, "spend must be a GammaGamma(...), got float."),
    ],
)
def test_refused(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        simulate_log(**arguments)
    assert str(caught.value) == message
