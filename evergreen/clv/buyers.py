"""Transaction models with and without covariates, behind one door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from evergreen.frames import CustomerBase
from evergreen.kernels.shape import Forecast
from evergreen.models.covariates import CovariateModel
from evergreen.models.histories import PurchaseHistories
from evergreen.models.transactions import HistoryModel
from evergreen.typing import FloatArray, IntArray

Buyers: TypeAlias = HistoryModel | CovariateModel
"""A model of when customers buy; one with covariates is a plain model for each distinct row of attributes."""

_Column: TypeAlias = np.ndarray[Any, Any]


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


def evidence_of(buyers: Buyers, base: CustomerBase) -> Any:
    """Return what the likelihood of a model needs of a base.

    Parameters
    ----------
    buyers : HistoryModel or CovariateModel
    base : CustomerBase

    Returns
    -------
    PurchaseHistories or AttributedHistories
        As the model's own ``problem`` and ``refit`` take it.
    """
    names = attributes_of(buyers)
    return base.histories_by(*names) if names else base.histories()


def cohorts_of(buyers: Buyers, base: CustomerBase) -> list[tuple[HistoryModel, PurchaseHistories]]:
    """Return the plain models that the customers of a base follow, with the histories of those who follow each.

    Parameters
    ----------
    buyers : HistoryModel or CovariateModel
    base : CustomerBase

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
