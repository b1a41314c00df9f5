"""The two models that a customer lifetime value is made of, and how they are fitted."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, final

from evergreen.errors import DataWarning
from evergreen.frames import CustomerBase
from evergreen.models.fitting import FitResult, WeakPrior
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.typing import FloatArray, IntArray

SPEND_MODELS: Final[Mapping[str, type[GammaGamma]]] = MappingProxyType({"gamma-gamma": GammaGamma})
"""Spend models by the name that :class:`CLVModel` takes."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class CLVFit:
    """How the two parts of a CLV model were fitted.

    Attributes
    ----------
    transactions : FitResult
        The fit of the transaction model.
    spend : FitResult or None
        The fit of the spend model, if there is one.
    spend_correlation : float
        Correlation of frequency and mean value among repeat buyers, which the spend model takes to be 0; nan where
        it is not defined or there is no spend model.

    Examples
    --------
    >>> from evergreen import CLVModel, CustomerBase, datasets
    >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    >>> fit = CLVModel().fit(base).fit_
    >>> fit.transactions.status.value, fit.transactions.customers, round(fit.spend_correlation, 2)
    ('converged', 2357, 0.07)
    """

    transactions: FitResult[Any]
    spend: FitResult[Any] | None
    spend_correlation: float

    def warn(self, *, stacklevel: int) -> None:
        """Warn of every fit that ended otherwise than in an inner maximum.

        Parameters
        ----------
        stacklevel : int
            Of the warning, as seen from here.

        Warns
        -----
        FitWarning
        """
        for part in (self.transactions, self.spend):
            if part is not None:
                part.warn(stacklevel=stacklevel + 1)


def fit_spend(
    model: type[GammaGamma], base: CustomerBase, prior: WeakPrior | None, *, first_purchase: bool
) -> tuple[FitResult[GammaGamma], float]:
    """Fit a spend model, and measure what it takes to be 0.

    Parameters
    ----------
    model : type
        The spend model.
    base : CustomerBase
        Customers with money.
    prior : WeakPrior or None
        What is known before.
    first_purchase : bool
        Whether first purchases count.

    Returns
    -------
    fit : FitResult
    correlation : float
        Of the number of occasions and their mean value.

    Warns
    -----
    DataWarning
        If customers without positive value are left out.
    """
    spends = base.spends(first_purchase=first_purchase)
    if spends.without_value:
        who = "customers whose" if first_purchase else "repeat buyers whose repeat"
        warnings.warn(
            f"Left out of the spend model: {who} purchases have no positive value "
            f"({spends.without_value:,} of {spends.customers + spends.without_value:,}).",
            DataWarning,
            stacklevel=3,
        )
    return model.fit(spends, prior=prior), _correlation(spends.frequency, spends.value, spends.count)


def _correlation(x: IntArray, y: FloatArray, weight: IntArray) -> float:
    if x.min() == x.max() or y.min() == y.max():
        return math.nan
    share = weight / weight.sum()
    dx, dy = x - share @ x, y - share @ y
    spread = math.sqrt(float(share @ dx**2) * float(share @ dy**2))
    return float(share @ (dx * dy)) / spread if spread > 0 else math.nan
