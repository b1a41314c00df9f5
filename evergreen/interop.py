"""From and to the fitters of ``lifetimes``."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from evergreen.clv import CLVModel
from evergreen.errors import InputTypeError, NotFittedError
from evergreen.models.bgnbd import BGNBD
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.typing import TimeUnit

if TYPE_CHECKING:
    from types import ModuleType


def from_lifetimes(transactions: Any, spend: Any = None, *, time_unit: TimeUnit) -> CLVModel:
    """Return a model with the parameters of fitted ``lifetimes`` fitters.

    Parameters
    ----------
    transactions : lifetimes.BetaGeoFitter
        A fitted BG/NBD.
    spend : lifetimes.GammaGammaFitter, optional
        A fitted gamma-gamma model.
    time_unit : {"h", "D", "W", "M", "Y"}
        The unit of recency and T that it was fitted in: ``lifetimes`` does not know it.

    Returns
    -------
    CLVModel
        Ready to predict. It knows no standard errors: ``fit_`` is absent.

    Raises
    ------
    InputTypeError
        If a fitter is of another class; a ``ModifiedBetaGeoFitter`` is another model.
    NotFittedError
        If a fitter has no parameters yet.

    Examples
    --------
    >>> model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W")
    >>> fitter, _ = to_lifetimes(model)
    >>> from_lifetimes(fitter, time_unit="W").transaction_model_
    BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    """
    lifetimes = _lifetimes()
    bgnbd = BGNBD(**_parameters("transactions", transactions, lifetimes.BetaGeoFitter))
    if spend is None:
        return CLVModel.from_models(bgnbd, time_unit=time_unit)
    gamma_gamma = GammaGamma(**_parameters("spend", spend, lifetimes.GammaGammaFitter))
    return CLVModel.from_models(bgnbd, gamma_gamma, time_unit=time_unit)


def to_lifetimes(model: CLVModel) -> tuple[Any, Any]:
    """Return ``lifetimes`` fitters that hold the parameters of a model.

    Parameters
    ----------
    model : CLVModel
        A fitted model.

    Returns
    -------
    transactions : lifetimes.BetaGeoFitter
        It predicts as if it had been fitted; times are in the model's ``time_unit_``.
    spend : lifetimes.GammaGammaFitter or None
        None if the model has no spend model.

    Raises
    ------
    InputTypeError
        If it is another kind of object.
    NotFittedError
        If the model has no parameters yet.

    Examples
    --------
    >>> model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W")
    >>> fitter, _ = to_lifetimes(model)
    >>> float(fitter.predict(39, 2, 30.43, 38.86).round(3))
    1.226
    """
    import pandas as pd

    if not isinstance(model, CLVModel):
        raise InputTypeError.kind("model", model, "a CLVModel")
    if not hasattr(model, "transaction_model_"):
        raise NotFittedError.of(model, "to_lifetimes")
    bgnbd, gamma_gamma = model.transaction_model_, model.spend_model_
    if not isinstance(bgnbd, BGNBD):
        raise InputTypeError.kind("transaction_model_", bgnbd, "a BGNBD")
    lifetimes = _lifetimes()
    transactions = lifetimes.BetaGeoFitter()
    transactions.params_ = pd.Series({"r": bgnbd.r, "alpha": bgnbd.alpha, "a": bgnbd.a, "b": bgnbd.b})
    transactions.predict = transactions.conditional_expected_number_of_purchases_up_to_time
    if gamma_gamma is None:
        return transactions, None
    spend = lifetimes.GammaGammaFitter()
    spend.params_ = pd.Series({"p": gamma_gamma.p, "q": gamma_gamma.q, "v": gamma_gamma.v})
    return transactions, spend


def _parameters(role: str, fitter: Any, wanted: type) -> dict[str, float]:
    if type(fitter) is not wanted:  # a ModifiedBetaGeoFitter is a BetaGeoFitter to isinstance, and another model
        raise InputTypeError.kind(role, fitter, f"a lifetimes.{wanted.__name__}")
    if not hasattr(fitter, "params_"):
        raise NotFittedError.of(fitter, "from_lifetimes")
    return {str(name): float(value) for name, value in fitter.params_.items()}


def _lifetimes() -> ModuleType:
    """Import lifetimes, whose import sets a pandas option that newer pandas call deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes
    return lifetimes
