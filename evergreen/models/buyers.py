"""Transaction models with and without covariates, behind one door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from evergreen.kernels.shape import Forecast
from evergreen.models.attributed import AttributedHistories
from evergreen.models.covariates import CovariateModel
from evergreen.models.fitting import FitResult, WeakPrior
from evergreen.models.histories import PurchaseHistories
from evergreen.models.protocols import HasHistories
from evergreen.models.transactions import HistoryModel
from evergreen.typing import FloatArray, IntArray

Buyers: TypeAlias = HistoryModel | CovariateModel
"""A model of when customers buy; one with covariates is a plain model for each distinct row of attributes."""

Evidence: TypeAlias = PurchaseHistories | AttributedHistories
"""Customers as the likelihood of such a model sees them."""

_Column: TypeAlias = np.ndarray[Any, Any]


def evidence_with(base: HasHistories, attributes: Sequence[str]) -> Evidence:
    """Return the customers of a base as a likelihood sees them.

    Parameters
    ----------
    base : CustomerBase, or whatever can be grouped to histories
    attributes : sequence of str
        What the model looks at besides; none for a plain model.

    Returns
    -------
    PurchaseHistories or AttributedHistories
    """
    return base.histories_by(*dict.fromkeys(attributes)) if attributes else base.histories()


def fit_buyers(
    model: type[HistoryModel],
    evidence: Evidence,
    *,
    purchase: Sequence[str] = (),
    dropout: Sequence[str] = (),
    prior: WeakPrior | None = None,
) -> FitResult[Any]:
    """Fit a transaction model; to histories with attributes, one whose parameters depend on them.

    Parameters
    ----------
    model : type
        The plain model.
    evidence : PurchaseHistories or AttributedHistories
        The customers.
    purchase, dropout : sequence of str
        Attributes that may move purchases, and leaving.
    prior : WeakPrior or None
        What is known before.

    Returns
    -------
    FitResult
        Of the plain model, or of a :class:`CovariateModel`.

    Raises
    ------
    InvalidInputError
        If there is nothing to learn from.
    """
    if isinstance(evidence, PurchaseHistories):
        return model.fit(evidence, prior=prior)
    return CovariateModel.fit(evidence, model=model, purchase=purchase, dropout=dropout, prior=prior)


def attributes_of(buyers: Buyers) -> tuple[str, ...]:
    """Return the attributes of customers that a model looks at.

    Parameters
    ----------
    buyers : HistoryModel or CovariateModel

    Returns
    -------
    tuple of str
    """
    return tuple(known.name for known in buyers.covariates) if isinstance(buyers, CovariateModel) else ()


def groups_of(buyers: Buyers, rows: int, attributes: Sequence[_Column]) -> list[tuple[HistoryModel, _Column]]:
    """Return the plain models that customers follow, and which customers follow each.

    Parameters
    ----------
    buyers : HistoryModel or CovariateModel
    rows : int
        Number of customers.
    attributes : sequence of ndarray, each of shape (n,)
        In the order of :func:`attributes_of`.

    Returns
    -------
    list of (HistoryModel, ndarray of int64)
    """
    if isinstance(buyers, HistoryModel):
        return [(buyers, np.arange(rows))]
    return [*buyers.groups(dict(zip(attributes_of(buyers), attributes, strict=True)))]


def forecast_of(
    buyers: Buyers,
    horizon: float,
    delta: float,
    frequency: IntArray,
    recency: FloatArray,
    T: FloatArray,
    *attributes: _Column,
) -> Forecast:
    """Return all forecasts of one horizon.

    Parameters
    ----------
    buyers : HistoryModel or CovariateModel
    horizon, delta : float
        As for :meth:`BGNBD.forecast`.
    frequency, recency, T : ndarray, shape (n,)
    *attributes : ndarray, shape (n,)
        In the order of :func:`attributes_of`.

    Returns
    -------
    Forecast
    """
    if isinstance(buyers, HistoryModel):
        return buyers.forecast(horizon, frequency, recency, T, delta=delta)
    known = dict(zip(attributes_of(buyers), attributes, strict=True))
    return buyers.forecast(horizon, frequency, recency, T, known, delta=delta)


def p_purchase_of(
    buyers: Buyers, horizon: float, frequency: IntArray, recency: FloatArray, T: FloatArray, *attributes: _Column
) -> FloatArray:
    """Return the probability of at least one purchase within the horizon.

    Parameters
    ----------
    buyers : HistoryModel or CovariateModel
    horizon : float
        Time ahead of T.
    frequency, recency, T : ndarray, shape (n,)
    *attributes : ndarray, shape (n,)
        In the order of :func:`attributes_of`.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    found = np.zeros(len(T))
    for model, at in groups_of(buyers, len(T), attributes):
        found[at] = model.p_purchase(horizon, frequency[at], recency[at], T[at])
    return found


def evidence_of(buyers: Buyers, base: HasHistories) -> Any:
    """Return what the likelihood of a model needs of a base.

    Parameters
    ----------
    buyers : HistoryModel or CovariateModel
    base : CustomerBase, or whatever can be grouped to histories

    Returns
    -------
    PurchaseHistories or AttributedHistories
        As the model's own ``problem`` and ``refit`` take it.
    """
    return evidence_with(base, attributes_of(buyers))


def cohorts_of(buyers: Buyers, base: HasHistories) -> list[tuple[HistoryModel, PurchaseHistories]]:
    """Return the plain models that the customers of a base follow, with the histories of those who follow each.

    Parameters
    ----------
    buyers : HistoryModel or CovariateModel
    base : CustomerBase, or whatever can be grouped to histories

    Returns
    -------
    list of (HistoryModel, PurchaseHistories)
    """
    if isinstance(buyers, HistoryModel):
        return [(buyers, base.histories())]
    names = attributes_of(buyers)
    rows, parts = base.histories_by(*names).by(*names)
    models = [buyers.at({name: rows[name][place].item() for name in names}) for place in range(len(parts))]
    return list(zip(models, parts, strict=True))
