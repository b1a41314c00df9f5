"""How far a customer may come out from what is expected: intervals for purchases and for their value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from evergreen.clv.buyers import Buyers, attributes_of, groups_of
from evergreen.clv.value import Outlook, own_spend
from evergreen.frames import CustomerBase, ScoreTable
from evergreen.kernels.spend_total import total_quantile
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.typing import FloatArray, IntArray

_BLOCK: Final = 4_096  # rows at a time, each with the probabilities of all its numbers of purchases
_BEYOND: Final = 1e-9  # numbers of purchases that are less probable in all are left out of a value


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
        found = _quantiles(transactions, tails, horizon, frequency, recency, T, *known)
        return {"purchases_lower": found[:, 0], "purchases_upper": found[:, 1]}

    def value(
        frequency: IntArray, recency: FloatArray, T: FloatArray, own: FloatArray, *known: Any
    ) -> dict[str, FloatArray]:
        assert spend is not None, "value is asked for with a spend model only"  # noqa: S101 - for the type checkers
        letters = (spend.p, spend.q, spend.v)
        bounds = np.empty((2, len(own)))
        for start in range(0, len(own), _BLOCK):
            rows = slice(start, start + _BLOCK)
            seen = frequency[rows], recency[rows], T[rows]
            probability = _probabilities(transactions, horizon, *seen, *(column[rows] for column in known))
            for bound, tail in zip(bounds, tails, strict=True):
                bound[rows] = total_quantile(letters, tail, probability, frequency[rows] + first, own[rows])
        return {"spend_lower": bounds[0], "spend_upper": bounds[1]}

    attributes = attributes_of(transactions)
    table = base.scores().with_histories(purchases, *attributes)
    if spend is None:
        return table
    profit = outlook.profit
    return (
        table.with_columns(own_spend=own_spend(base, first_purchase=first_purchase))
        .with_histories(value, "own_spend", *attributes)
        .with_columns(
            value_lower=lambda c: profit(c) * c["spend_lower"], value_upper=lambda c: profit(c) * c["spend_upper"]
        )
    )


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
