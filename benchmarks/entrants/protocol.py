"""What a rival can be asked to do. An entrant is a module that has some of these functions and a limit.

``LARGEST`` is the number of customers (or tenths of rows) that it is asked for at most. ``hold`` turns a
problem into what a user of the package would have at hand before the call; it is not measured. Every other
function is measured, and what it returns is turned into a small ``answer`` afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd

from benchmarks.problems import Customers


class Entrant(Protocol):
    """One rival."""

    NAME: str
    LARGEST: int
    STATEMENT: str
    """Python that loads the package in a fresh interpreter."""

    def hold(self, customers: Customers) -> Any:
        """Return what a user holds."""

    def summarize(self, log: pd.DataFrame) -> Any:
        """Return one row per customer: frequency, recency, T, monetary_value."""

    def audit(self, log: pd.DataFrame) -> tuple[pd.DataFrame, float, Any]:
        """Return customers by quarter of first purchase and quarter, what the best tenth of the first quarter brought,
        and how many customers were kept, lost, new and back in the second."""

    def count_gaps(self, log: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
        """Return how many gaps between days with a purchase ended, and last at the end, by order and length in days."""

    def climb(self, log: pd.DataFrame, dates: list[pd.Timestamp]) -> np.ndarray:
        """Return how many customers went from which rung to which, from each date to the next, 0 for not yet there."""

    def fit(self, held: Any) -> Mapping[str, float]:
        """Fit BG/NBD to customers as held; return the parameters."""

    def fit_arrays(self, held: Any) -> Mapping[str, float]:
        """Fit BG/NBD to plain arrays; return the parameters."""

    def fit_spend(self, held: Any) -> Mapping[str, float]:
        """Fit gamma-gamma; return the parameters."""

    def fit_both(self, held: Any) -> Mapping[str, float]:
        """Fit both models; return all parameters."""

    LARGEST_OF_MODEL: Mapping[str, int]
    """The number of customers that it is asked for at most, for each transaction model that it has."""

    def fit_model(self, held: Any, name: str) -> Mapping[str, float]:
        """Fit a transaction model by its name; return the parameters."""

    def forecast_model(self, held: Any, name: str) -> tuple[Any, Any]:
        """Return P(alive) and the purchases expected within the horizon, under known parameters."""

    def fit_opportunities(self, columns: Any) -> Mapping[str, float]:
        """Fit BG/BB to frequency, recency and number of opportunities; return the parameters."""

    def forecast_opportunities(self, columns: Any) -> tuple[Any, Any]:
        """Return P(alive) at the next opportunity, and the purchases expected in the next ten."""

    def dert(self, held: Any, name: str) -> Any:
        """Return the discounted purchases expected in all the time to come, under known parameters."""

    def p_alive(self, held: Any) -> Any:
        """Return P(alive) of every customer under the true model."""

    def expected_purchases(self, held: Any) -> Any:
        """Return the purchases expected within the horizon."""

    def clv(self, held: Any) -> Any:
        """Return the discounted value of the horizon."""

    def score(self, held: Any) -> tuple[Any, Any, Any]:
        """Return P(alive), expected purchases and value of every customer."""

    def pareto(self, held: Any, draws: int) -> Any:
        """Return the classes of value as a frame, after as many replicates for intervals."""

    def gini_interval(self, held: Any, draws: int) -> tuple[float, float, float]:
        """Return the Gini of total value with the bounds of its percentile bootstrap interval."""

    def rfm(self, held: Any) -> pd.DataFrame:
        """Return the scores r, f and m of every customer, 1 to 5, beside the id."""

    def churn(self, base: Any, name: str) -> Any:
        """Learn from a base by a model of this name, or from its gaps, and score the churn of every customer."""

    def churn_backtest(self, log: pd.DataFrame, name: str) -> Any:
        """Do that at two dates of a log, and compare with who bought within 90 days."""

    def rfm_by(self, held: Any, method: str) -> pd.DataFrame:
        """Return the scores by one of the ways to cut them."""

    def whole(self, log: pd.DataFrame) -> Any:
        """Return the customers of a log."""

    def moves(self, scorer: Any, before: Any, after: Any) -> Any:
        """Return who moved between segments."""
