"""How far a customer may come out from what is expected: intervals for purchases and for their value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from evergreen.clv.value import Outlook, own_spend
from evergreen.frames import CustomerBase, ScoreTable
from evergreen.kernels.grouping import places_of_distinct
from evergreen.kernels.spend_total import total_quantile
from evergreen.models.buyers import Buyers, attributes_of, groups_of
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.typing import FloatArray, IntArray

_BLOCK: Final = 4_096  # rows at a time, each with the probabilities of all its numbers of purchases
_BEYOND: Final = 1e-6  # numbers of purchases that are less probable in all are left out of a value


def with_intervals(
    base: CustomerBase,
    transactions: Buyers,
    spend: GammaGamma | None,
    outlook: Outlook,
    level: float,
    *,
    first_purchase: bool,
) -> ScoreTable:
    """Add intervals to the customers of a base.

    Parameters
    ----------
    base : CustomerBase
        With money if there is a spend model.
    transactions : HistoryModel or CovariateModel
    spend : GammaGamma or None
    outlook : Outlook
        A finite horizon, and the margin.
    level : float
        Coverage.
    first_purchase : bool
        Whether first purchases count as evidence of spend.

    Returns
    -------
    ScoreTable
        With ``purchases_lower`` and ``purchases_upper`` and, with a spend model, ``value_lower`` and ``value_upper``.
    """
    tails = ((1 - level) / 2, (1 + level) / 2)
    horizon, first = outlook.horizon, int(first_purchase)

    def purchases(frequency: IntArray, recency: FloatArray, T: FloatArray, *known: Any) -> dict[str, IntArray]:
        place, which = places_of_distinct((frequency, recency, T, *known))
        seen = frequency[place], recency[place], T[place]
        found = _quantiles(transactions, tails, horizon, *seen, *(column[place] for column in known))[which]
        return {"purchases_lower": found[:, 0], "purchases_upper": found[:, 1]}

    def multiples(frequency: IntArray, recency: FloatArray, T: FloatArray, *known: Any) -> dict[str, FloatArray]:
        assert spend is not None, "value is asked for with a spend model only"  # noqa: S101 - for the type checkers
        found = _multiples(transactions, (spend.p, spend.q), tails, horizon, first, frequency, recency, T, *known)
        return {"spend_lower": found[:, 0], "spend_upper": found[:, 1]}

    attributes = attributes_of(transactions)
    table = base.scores().with_histories(purchases, *attributes)
    if spend is None:
        return table
    profit, v = outlook.profit, spend.v

    def scale(c: Mapping[str, Any]) -> Any:
        """Return what a total is a multiple of: the money of the population and the customer's own."""
        return profit(c) * (v + (c["frequency"] + first) * c["own_spend"])

    return (
        table.with_histories(multiples, *attributes)
        .with_columns(own_spend=own_spend(base, first_purchase=first_purchase))
        .with_columns(
            value_lower=lambda c: scale(c) * c["spend_lower"], value_upper=lambda c: scale(c) * c["spend_upper"]
        )
    )


def _multiples(
    transactions: Buyers,
    shapes: tuple[float, float],
    levels: Sequence[float],
    horizon: float,
    first: int,
    *seen: Any,
) -> FloatArray:
    """Return quantiles of each customer's future spend as multiples of ``v + occasions * mean``, shape (n, q).

    They depend on the history alone, so that each distinct one is looked at once.
    """
    place, which = places_of_distinct(seen)
    bounds = np.empty((len(place), len(levels)))
    for start in range(0, len(place), _BLOCK):
        rows = slice(start, start + _BLOCK)
        x, t_x, T, *known = (column[place[rows]] for column in seen)
        probability = _probabilities(transactions, horizon, x, t_x, T, *known)
        for column, level in enumerate(levels):
            bounds[rows, column] = total_quantile((*shapes, 1.0), level, probability, x + first, np.zeros(len(x)))
    return bounds[which]


def _quantiles(
    transactions: Buyers,
    levels: Sequence[float],
    horizon: float,
    x: IntArray,
    t_x: FloatArray,
    T: FloatArray,
    *known: Any,
) -> IntArray:
    """Return quantiles of each customer's number of purchases, shape (n, q)."""
    found = np.empty((len(x), len(levels)), np.int64)
    for model, at in groups_of(transactions, len(x), known):
        found[at] = model.purchase_quantiles(levels, horizon, x[at], t_x[at], T[at])
    return found


def _probabilities(
    transactions: Buyers, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray, *known: Any
) -> FloatArray:
    """Return the probability of 0, 1, ... purchases of each customer, 0 beyond what he may reach."""
    most = _quantiles(transactions, [1 - _BEYOND], horizon, x, t_x, T, *known)[:, 0]
    probability = np.zeros((len(x), int(most.max(initial=0)) + 1))
    for model, at in groups_of(transactions, len(x), known):
        for n in range(int(most[at].max(initial=0)) + 1):
            rows = at[most[at] >= n]
            probability[rows, n] = model.pmf_ahead(n, horizon, x[rows], t_x[rows], T[rows])
    return probability
