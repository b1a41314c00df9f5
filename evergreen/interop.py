"""From and to the fitters of ``lifetimes``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from evergreen.clv import CLVModel
from evergreen.errors import InputTypeError, NotFittedError
from evergreen.models.bgbb import BGBB
from evergreen.models.bgnbd import BGNBD, MBGNBD
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.models.pareto_nbd import ParetoNBD
from evergreen.models.transactions import HistoryModel
from evergreen.typing import TimeUnit

if TYPE_CHECKING:
    from types import ModuleType

Model = TypeVar("Model")

_TRANSACTIONS: Final[Mapping[str, type[HistoryModel]]] = MappingProxyType(
    {
        "BetaGeoFitter": BGNBD,
        "ModifiedBetaGeoFitter": MBGNBD,
        "ParetoNBDFitter": ParetoNBD,
        "BetaGeoBetaBinomFitter": BGBB,
    }
)
"""Our models by the fitters of theirs; parameters have the same names on both sides."""
_SPEND: Final[Mapping[str, type[GammaGamma]]] = MappingProxyType({"GammaGammaFitter": GammaGamma})


def from_lifetimes(transactions: Any, spend: Any = None, *, time_unit: TimeUnit) -> CLVModel:
    """Return a model with the parameters of fitted ``lifetimes`` fitters.

    Parameters
    ----------
    transactions : lifetimes.BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter or BetaGeoBetaBinomFitter
        A fitted BG/NBD, MBG/NBD, Pareto/NBD or BG/BB.
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
        If a fitter is of another class.
    NotFittedError
        If a fitter has no parameters yet.

    Examples
    --------
    >>> model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W")
    >>> fitter, _ = to_lifetimes(model)
    >>> from_lifetimes(fitter, time_unit="W").transaction_model_
    BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    """
    purchases = _ours("transactions", transactions, _TRANSACTIONS)
    return CLVModel.from_models(
        purchases, None if spend is None else _ours("spend", spend, _SPEND), time_unit=time_unit
    )


def to_lifetimes(model: CLVModel) -> tuple[Any, Any]:
    """Return ``lifetimes`` fitters that hold the parameters of a model.

    Parameters
    ----------
    model : CLVModel
        A fitted model.

    Returns
    -------
    transactions : lifetimes.BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter or BetaGeoBetaBinomFitter
        It predicts as if it had been fitted; times are in the model's ``time_unit_``.
    spend : lifetimes.GammaGammaFitter or None
        None if the model has no spend model.

    Raises
    ------
    InputTypeError
        If it is another kind of object, or ``lifetimes`` does not have its transaction model.
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
    purchases, spend = model.transaction_model_, model.spend_model_
    names = [name for name, ours in _TRANSACTIONS.items() if type(purchases) is ours]
    if not names:
        known = " or ".join(ours.__name__ for ours in _TRANSACTIONS.values())
        raise InputTypeError.kind("transaction_model_", purchases, f"a model that lifetimes has, {known}")
    lifetimes = _lifetimes()
    fitter = getattr(lifetimes, names[0])()
    fitter.params_ = pd.Series(purchases.parameters)
    fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
    if spend is None:
        return fitter, None
    spend_fitter = lifetimes.GammaGammaFitter()
    spend_fitter.params_ = pd.Series(asdict(spend))
    return fitter, spend_fitter


def _ours(role: str, fitter: Any, models: Mapping[str, type[Model]]) -> Model:
    """Return our model with the parameters of a fitter, which has to be of a known class itself.

    A subclass is another model: a ``ModifiedBetaGeoFitter`` is a ``BetaGeoFitter``.
    """
    lifetimes = _lifetimes()
    for name, model in models.items():
        if type(fitter) is getattr(lifetimes, name):
            if not hasattr(fitter, "params_"):
                raise NotFittedError.of(fitter, "from_lifetimes")
            return model(**{str(name): float(value) for name, value in fitter.params_.items()})
    raise InputTypeError.kind(role, fitter, "a lifetimes." + " or ".join(models))


def _lifetimes() -> ModuleType:
    """Import lifetimes, whose import sets a pandas option that newer pandas call deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes
    return lifetimes
