"""What the laws of transaction models are tried on: each model, and customers drawn from it."""

from __future__ import annotations

import numpy as np
import pytest

from evergreen import PurchaseHistories
from evergreen.models.fitting import FitResult
from evergreen.models.protocols import SimulatedCustomers
from evergreen.models.transactions import HistoryModel
from tests.contracts.registry import TRANSACTION_MODELS


@pytest.fixture(scope="session", params=TRANSACTION_MODELS, ids=str)
def truth(request: pytest.FixtureRequest) -> HistoryModel:
    return TRANSACTION_MODELS[request.param]


@pytest.fixture(scope="session")
def drawn(truth: HistoryModel) -> SimulatedCustomers:
    ages = np.random.default_rng(5).integers(60, 365, 4_000).astype(np.float64)
    return truth.simulate(ages, seed=6)


@pytest.fixture(scope="session")
def customers(drawn: SimulatedCustomers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return drawn.frequency, np.ceil(drawn.recency), drawn.T


@pytest.fixture(scope="session")
def some(customers: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Return customers of all kinds, the heaviest buyers among them, and one who has just come."""
    rows = [*range(0, len(customers[0]), 400), *np.argsort(customers[0])[-5:].tolist()]
    return tuple(np.append(column[rows], 0) for column in customers)


@pytest.fixture(scope="session")
def histories(customers: tuple[np.ndarray, ...]) -> PurchaseHistories:
    return PurchaseHistories.of(*customers)


@pytest.fixture(scope="session")
def fitted(truth: HistoryModel, histories: PurchaseHistories) -> FitResult[HistoryModel]:
    return truth.refit(histories)
