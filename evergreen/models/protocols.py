"""What the measures ask of any transaction model and of any spend model."""

from __future__ import annotations

from typing import NamedTuple, Protocol, Self, runtime_checkable

import numpy as np

from evergreen.kernels.shape import Forecast
from evergreen.models.attributed import AttributedHistories
from evergreen.models.fitting import FitResult, WeakPrior
from evergreen.models.histories import PurchaseHistories, SpendHistories
from evergreen.typing import ArrayLike, FloatArray, IntArray


class SimulatedCustomers(NamedTuple):
    """Customers drawn from a transaction model, with what is never seen of real ones; arrays of shape (n,)."""

    frequency: IntArray
    """Repeat purchases until T."""
    recency: FloatArray
    """Time from the first to the last purchase."""
    T: FloatArray
    """Time from the first purchase to the end of observation."""
    purchase_rate: FloatArray
    """Purchases per time unit while alive."""
    dropout: FloatArray
    """Probability of leaving for good at each chance, or rate of leaving per time unit, as the model has it."""
    log_gaps: FloatArray | None = None
    """Sum of the logarithms of the times between consecutive purchases, from models of how regularly customers buy."""


class HasHistories(Protocol):
    """Customers that can be grouped to what models see of them, such as a :class:`CustomerBase`."""

    def histories(self) -> PurchaseHistories:
        """Group the customers to distinct purchase histories."""
        ...

    def histories_by(self, *attributes: str) -> AttributedHistories:
        """Group the customers to distinct purchase histories with attributes."""
        ...


@runtime_checkable
class TransactionModel(Protocol):
    """When customers buy and when they leave."""

    @classmethod
    def fit(cls, histories: PurchaseHistories, *, prior: WeakPrior | None = None) -> FitResult[Self]:
        """Return the model of highest likelihood."""
        ...

    def p_alive(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> FloatArray:
        """Return the probability of being alive at T."""
        ...

    def p_purchase(self, horizon: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> FloatArray:
        """Return the probability of at least one purchase in (T, T + horizon]."""
        ...

    def expected_purchases(self, horizon: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> FloatArray:
        """Return the expected number of purchases in (T, T + horizon]."""
        ...

    def expected_purchases_new(self, horizon: ArrayLike) -> FloatArray:
        """Return the expected number of repeat purchases of a new customer."""
        ...

    def discounted_purchases_new(self, horizon: float, *, delta: float) -> float:
        """Return the discounted number of repeat purchases expected of a new customer."""
        ...

    def pmf(self, n: ArrayLike, horizon: float) -> FloatArray:
        """Return the probability that a new customer makes n repeat purchases."""
        ...

    def pmf_ahead(
        self, n: ArrayLike, horizon: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> FloatArray:
        """Return the probability of n purchases in (T, T + horizon]."""
        ...

    def forecast(
        self, horizon: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, *, delta: float = 0.0
    ) -> Forecast:
        """Return all forecasts of one horizon at once."""
        ...

    def simulate(
        self, T: ArrayLike, *, customers: int | None = None, seed: int | np.random.Generator | None = None
    ) -> SimulatedCustomers:
        """Draw customers and observe each until T."""
        ...


@runtime_checkable
class SpendModel(Protocol):
    """What customers spend per occasion."""

    @classmethod
    def fit(cls, spends: SpendHistories, *, prior: WeakPrior | None = None) -> FitResult[Self]:
        """Return the model of highest likelihood."""
        ...

    @property
    def mean(self) -> float:
        """Expected value per occasion of a customer of whom nothing is known."""
        ...

    def expected_spend(self, frequency: ArrayLike, monetary_value: ArrayLike) -> FloatArray:
        """Return the expected value per occasion."""
        ...

    def credibility(self, frequency: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return level and weight: expected spend is ``level + weight * monetary_value``."""
        ...
