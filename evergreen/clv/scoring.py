"""What both models say of every customer, beside the customers."""

from __future__ import annotations

from typing import Any

import numpy as np

from evergreen.clv.value import Outlook, own_spend
from evergreen.frames import CustomerBase, HistoryScore, ScoreTable
from evergreen.models.buyers import Buyers, attributes_of, forecast_of
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.typing import FloatArray, IntArray


def scored(
    base: CustomerBase,
    transactions: Buyers,
    spend: GammaGamma | None,
    outlook: Outlook,
    *,
    first_purchase: bool,
) -> ScoreTable:
    """Add forecasts to the customers of a base.

    Parameters
    ----------
    base : CustomerBase
        With money if there is a spend model.
    transactions : HistoryModel or CovariateModel
    spend : GammaGamma or None
    outlook : Outlook
        Horizon, discount and margin.
    first_purchase : bool
        Whether first purchases count as evidence of spend.

    Returns
    -------
    ScoreTable
        With ``p_alive``, ``p_purchase``, ``expected_purchases``, ``discounted_purchases`` and, with a spend model,
        ``expected_spend`` and ``clv``.
    """
    score = _forecast(transactions, spend, outlook, int(first_purchase))
    table = base.scores().with_histories(score, *attributes_of(transactions))
    if spend is None:
        return table
    profit = outlook.profit
    return table.with_columns(
        own_spend=own_spend(base, first_purchase=first_purchase),
        expected_spend=lambda c: c["spend_level"] + c["spend_weight"] * c["own_spend"],
        clv=lambda c: profit(c) * (c["value_level"] + c["value_weight"] * c["own_spend"]),
    )


def _forecast(transactions: Buyers, spend: GammaGamma | None, outlook: Outlook, first: int) -> HistoryScore:
    """Return the forecasts of a purchase history as a function that engines can call."""

    def score(frequency: IntArray, recency: FloatArray, T: FloatArray, *known: Any) -> dict[str, FloatArray]:
        history = frequency, recency, T
        columns = forecast_of(transactions, outlook.horizon, outlook.delta, *history, *known)._asdict()
        if spend is not None:
            level, weight = spend.credibility(frequency + first)
            ahead = columns["discounted_purchases"] if outlook.margin != 0 else np.zeros_like(weight)
            columns |= {"spend_level": level, "spend_weight": weight, "value_weight": ahead * weight}
            columns["value_level"] = np.multiply(ahead, level, where=ahead > 0, out=np.zeros_like(ahead))
        return columns

    return score
