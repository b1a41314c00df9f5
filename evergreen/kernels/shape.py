"""What the kernel of every transaction model looks like, so that one class of models serves them all."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from evergreen.typing import FloatArray, IntArray

Parameters = tuple[float, ...]
"""Parameters in the order of the paper, all above 0."""


class Forecast(NamedTuple):
    """What a transaction model expects of customers within one horizon; arrays of one shape."""

    p_alive: FloatArray
    """Probability of being alive at the end of observation."""
    p_purchase: FloatArray
    """Probability of at least one purchase within the horizon."""
    expected_purchases: FloatArray
    """Expected number of purchases within the horizon."""
    discounted_purchases: FloatArray
    """Expected number of purchases within the horizon, each discounted to the end of observation."""


class Kernel(Protocol):
    """A model's formulas: a module, or an object where a family of models shares them.

    Arrays of customers are of shape (n,), with ``x`` repeat purchases (int64), recency ``t_x`` and age ``T``
    (float64) in one unit of time. A horizon may be infinite where the signature does not say otherwise.
    """

    def gather(self, x: IntArray, t_x: FloatArray, T: FloatArray, count: IntArray, /) -> Any:
        """Return what the likelihood needs of distinct histories and the customers that share each."""
        ...

    def log_likelihood(self, parameters: Any, evidence: Any, /) -> tuple[float, FloatArray, FloatArray]:
        """Return the log-likelihood of all customers with its gradient and Hessian."""
        ...

    def p_alive(self, parameters: Any, x: IntArray, t_x: FloatArray, T: FloatArray, /) -> FloatArray:
        """Return the probability of being alive at T."""
        ...

    def p_purchase(self, parameters: Any, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray, /) -> FloatArray:
        """Return the probability of at least one purchase within the horizon after T."""
        ...

    def expected_purchases(
        self, parameters: Any, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray, /
    ) -> FloatArray:
        """Return the expected number of purchases within the horizon after T."""
        ...

    def forecast(
        self, parameters: Any, horizon: float, delta: float, x: IntArray, t_x: FloatArray, T: FloatArray, /
    ) -> Forecast:
        """Return all forecasts of one horizon."""
        ...

    def expected_purchases_new(self, parameters: Any, horizon: FloatArray, /) -> FloatArray:
        """Return the expected repeat purchases of a new customer within each horizon."""
        ...

    def discounted_purchases_new(self, parameters: Any, horizon: float, delta: float, /) -> float:
        """Return the discounted repeat purchases expected of a new customer."""
        ...

    def pmf(self, parameters: Any, n: IntArray, horizon: float, /) -> FloatArray:
        """Return the probability that a new customer makes n repeat purchases within a finite horizon."""
        ...

    def pmf_ahead(
        self, parameters: Any, n: IntArray, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray, /
    ) -> FloatArray:
        """Return the probability of n purchases within a finite horizon after T, row by row."""
        ...

    def simulate(
        self, parameters: Any, T: FloatArray, random: np.random.Generator, /
    ) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
        """Draw customers: x, t_x, and the rate and the dropout (probability or rate) behind each."""
        ...
