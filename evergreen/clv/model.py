"""Customer lifetime value: when customers buy, what they spend, and what that is worth today."""

from __future__ import annotations

import math
import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np

from evergreen.clv.parts import SPEND_MODELS, TRANSACTION_MODELS, CLVFit, fit_spend
from evergreen.clv.value import Outlook
from evergreen.durations import check_time_unit
from evergreen.errors import DataWarning, InputTypeError, InvalidInputError
from evergreen.frames import Arithmetic, CustomerBase, HistoryScore, check_base, parameter_table
from evergreen.models.checks import check_choice, check_level, check_share
from evergreen.models.estimator import Estimator
from evergreen.models.fitting import FitResult, WeakPrior
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.models.protocols import SpendModel
from evergreen.models.transactions import HistoryModel
from evergreen.typing import Duration, FloatArray, IntArray, TimeUnit

if TYPE_CHECKING:
    import pandas as pd


@final
class CLVModel(Estimator):
    """Customer lifetime value from a transaction model and a spend model.

    Parameters
    ----------
    transactions : {"bg/nbd", "mbg/nbd"}
        Model of when customers buy and leave: :class:`BGNBD` or :class:`MBGNBD`.
    spend : {"gamma-gamma"} or None
        Model of what they spend: :class:`GammaGamma`. None leaves money out.
    first_purchase : bool
        Whether the value of first purchases counts as evidence of what customers spend. By default it does not,
        as in the literature: first orders are often unlike later ones. With it one-time buyers are told apart.
    prior : WeakPrior, optional
        Keeps parameters that a small base does not determine near ordinary values.

    Attributes
    ----------
    transaction_model_ : HistoryModel
        The fitted transaction model; its times are in ``time_unit_``.
    spend_model_ : GammaGamma or None
        The fitted spend model.
    fit_ : CLVFit
        How both fits ended, with standard errors; absent after :meth:`from_models`.
    time_unit_ : {"h", "D", "W", "M", "Y"}
        Unit of the model's times.

    Notes
    -----
    The value of a customer is ``margin`` times the expected value of an occasion times the expected number of
    occasions within the horizon, each discounted to the end of observation. The spend model takes the value of an
    occasion to be independent of how often a customer buys: look at ``fit_.spend_correlation``.

    Examples
    --------
    >>> from evergreen import CLVModel, datasets, split
    >>> base = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W").calibration
    >>> model = CLVModel().fit(base)
    >>> model.summary()[["parameter", "estimate", "standard_error"]].round(3)
      parameter  estimate  standard_error
    0         r     0.243           0.013
    1     alpha     4.414           0.378
    2         a     0.793           0.186
    3         b     2.426           0.705
    4         p     6.250           1.190
    5         q     3.744           0.290
    6         v    15.444           4.159
    >>> model.predict(base, horizon="365D", discount_rate=0.1, margin=0.3).columns.tolist()
    ['customer_id', 'p_alive', 'p_purchase', 'expected_purchases', 'expected_spend', 'clv']
    """

    transaction_model_: HistoryModel
    spend_model_: GammaGamma | None
    fit_: CLVFit
    time_unit_: TimeUnit

    def __init__(
        self,
        *,
        transactions: str = "bg/nbd",
        spend: str | None = "gamma-gamma",
        first_purchase: bool = False,
        prior: WeakPrior | None = None,
    ) -> None:
        self.transactions = transactions
        self.spend = spend
        self.first_purchase = first_purchase
        self.prior = prior

    @classmethod
    def from_models(cls, transactions: HistoryModel, spend: GammaGamma | None = None, *, time_unit: TimeUnit) -> Self:
        """Return a model that is ready to predict, from parameters that are known already.

        Parameters
        ----------
        transactions : BGNBD or another transaction model
            The transaction model.
        spend : GammaGamma, optional
            The spend model.
        time_unit : {"h", "D", "W", "M", "Y"}
            The unit of the transaction model's times.

        Returns
        -------
        CLVModel
            Without ``fit_``: nothing is known of how the parameters were found.

        Examples
        --------
        >>> from evergreen import BGNBD
        >>> CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W").transaction_model_
        BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
        """
        if isinstance(transactions, type) or not isinstance(transactions, HistoryModel):
            raise InputTypeError.kind("transactions", transactions, "a model with parameters, such as BGNBD(...)")
        if spend is not None and (isinstance(spend, type) or not isinstance(spend, SpendModel)):
            raise InputTypeError.kind("spend", spend, "a model with parameters, such as GammaGamma(...), or None")
        model = cls(spend=None if spend is None else "gamma-gamma")
        model.transaction_model_ = transactions
        model.spend_model_ = spend
        model.time_unit_ = check_time_unit(time_unit)
        return model

    def fit(self, base: CustomerBase) -> Self:
        """Learn both models from a customer base.

        Parameters
        ----------
        base : CustomerBase
            The customers; on a lazy base nothing but their distinct histories is collected.

        Returns
        -------
        CLVModel
            The object itself, fitted.

        Raises
        ------
        InputTypeError
            If it is not a customer base.
        InvalidInputError
            If a setting is unknown, the base has no money although a spend model is asked for, or there is nothing to
            learn from (no repeat purchase).

        Warns
        -----
        FitWarning
            If a fit ended otherwise than in an inner maximum; the message says what that means.
        DataWarning
            If repeat buyers without positive value are left out of the spend model.
        """
        check_base(base)
        transactions = check_choice("transactions", self.transactions, TRANSACTION_MODELS)
        spend_model = None if self.spend is None else check_choice("spend", self.spend, SPEND_MODELS)
        if spend_model is not None and not base.has_value:
            raise InvalidInputError(
                "A spend model needs money and this base has none: build it with an amount, or use "
                "CLVModel(spend=None)."
            )
        found = transactions.fit(base.histories(), prior=self.prior)
        spend, correlation = None, math.nan
        if spend_model is not None:
            spend, correlation = fit_spend(spend_model, base, self.prior, first_purchase=self.first_purchase)
        self.transaction_model_ = found.model
        self.spend_model_ = None if spend is None else spend.model
        self.fit_ = CLVFit(found, spend, correlation)
        self.time_unit_ = base.time_unit
        self.fit_.warn(stacklevel=2)
        return self

    def predict(
        self,
        base: CustomerBase,
        *,
        horizon: Duration = "365D",
        discount_rate: float = 0.1,
        margin: float | str = 1.0,
    ) -> Any:
        """Return what to expect of every customer within a horizon.

        Parameters
        ----------
        base : CustomerBase
            Customers to score; the base of the fit or another one in the same time unit.
        horizon : str, datetime.timedelta or numpy.timedelta64
            Length of time after the end of observation, such as ``"365D"``; ``"inf"`` for all the time to come.
        discount_rate : float
            Per year: 0.1 makes a purchase one year ahead worth 1 / 1.1 of one today.
        margin : float or str
            Share of the value that is profit, from 0 to 1; or the attribute of the base that holds the margin of each
            customer (:meth:`CustomerBase.with_attributes`).

        Returns
        -------
        frame
            Of the base's own kind (lazy if the base is lazy), one row per customer: the customer id, ``p_alive``
            (probability of being alive at the end of observation), ``p_purchase`` (of at least one purchase within
            the horizon), ``expected_purchases``, ``expected_spend`` (per occasion) and ``clv`` (margin on the
            discounted purchases); the last two only with a spend model.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InputTypeError
            If it is not a customer base, or the horizon does not say its unit.
        InvalidInputError
            If the base is in another time unit, has no money, or a setting is out of range.

        Warns
        -----
        DataWarning
            If the fitted spend has no finite mean (``q <= 1``) and customers therefore have an infinite value.

        Examples
        --------
        >>> from evergreen import BGNBD, CLVModel, CustomerBase, GammaGamma, datasets
        >>> model = CLVModel.from_models(
        ...     BGNBD(0.243, 4.414, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44), time_unit="W"
        ... )
        >>> base = CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")
        >>> forecast = model.predict(base, horizon="52W", discount_rate=0.1, margin=0.3)
        >>> forecast[["p_alive", "p_purchase", "expected_purchases", "expected_spend", "clv"]].loc[0].round(2).tolist()
        [0.73, 0.6, 1.56, 24.66, 11.04]
        """
        self._require("transaction_model_", "predict")
        self._check_base(base)
        outlook = Outlook.of(horizon, discount_rate, margin, self.time_unit_)
        outlook.check_base(base)
        table = base.scores().with_histories(self._forecast(outlook))
        names = ["p_alive", "p_purchase", "expected_purchases"]
        if self.spend_model_ is None:
            return table.to_native(*names)
        _warn_of_infinite(self.spend_model_)
        profit = outlook.profit
        table = table.with_columns(
            own_spend=_own_spend(first_purchase=self.first_purchase),
            expected_spend=lambda c: c["spend_level"] + c["spend_weight"] * c["own_spend"],
            clv=lambda c: profit(c) * (c["value_level"] + c["value_weight"] * c["own_spend"]),
        )
        return table.to_native(*names, "expected_spend", "clv")

    def new_customer_value(
        self,
        *,
        horizon: Duration = "inf",
        discount_rate: float = 0.1,
        margin: float = 1.0,
        first_purchase: bool = True,
    ) -> float:
        """Return what a customer is worth who is about to buy for the first time: what may be spent to win one.

        Parameters
        ----------
        horizon : str, datetime.timedelta or numpy.timedelta64
            Length of time after the first purchase; ``"inf"`` for all the time to come.
        discount_rate : float
            Per year.
        margin : float
            Share of the value that is profit, from 0 to 1.
        first_purchase : bool
            Whether the first purchase itself counts.

        Returns
        -------
        float
            In the currency of the log; infinite if the fitted spend has no finite mean.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidInputError
            If there is no spend model, or a setting is out of range.

        Examples
        --------
        >>> from evergreen import BGNBD, CLVModel, GammaGamma
        >>> model = CLVModel.from_models(
        ...     BGNBD(0.243, 4.414, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44), time_unit="W"
        ... )
        >>> round(model.new_customer_value(discount_rate=0.15, margin=0.3), 2)
        49.25
        """
        self._require("transaction_model_", "new_customer_value")
        if self.spend_model_ is None:
            raise InvalidInputError("Without a spend model a customer has no value: fit CLVModel(spend='gamma-gamma').")
        outlook = Outlook.of(horizon, discount_rate, check_share("margin", margin), self.time_unit_)
        purchases = self.transaction_model_.discounted_purchases_new(outlook.horizon, delta=outlook.delta)
        occasions = purchases + bool(first_purchase)
        return margin * occasions * self.spend_model_.mean if margin else 0.0

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return the parameters with their uncertainty.

        Parameters
        ----------
        level : float
            Coverage of the intervals.

        Returns
        -------
        pandas.DataFrame
            One row per parameter: ``model``, ``parameter``, ``estimate``, ``standard_error``, ``lower``, ``upper``;
            the last three are missing after :meth:`from_models` and on a boundary.

        Raises
        ------
        NotFittedError
            Before ``fit``.

        Examples
        --------
        >>> from evergreen import BGNBD
        >>> CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W").summary().estimate.tolist()
        [0.243, 4.414, 0.793, 2.426]
        """
        self._require("transaction_model_", "summary")
        check_level(level)
        fit = getattr(self, "fit_", None)
        parts: list[tuple[object, dict[str, float], FitResult[Any] | None]] = [
            (self.transaction_model_, self.transaction_model_.parameters, fit and fit.transactions)
        ]
        if self.spend_model_ is not None:
            parts.append((self.spend_model_, asdict(self.spend_model_), fit and fit.spend))
        return parameter_table(parts, level)

    def _forecast(self, outlook: Outlook) -> HistoryScore:
        """Return the forecasts of a purchase history as a function that engines can call."""
        transactions, spend = self.transaction_model_, self.spend_model_
        first = int(self.first_purchase)

        def score(frequency: IntArray, recency: FloatArray, T: FloatArray) -> dict[str, FloatArray]:
            columns = transactions.forecast(outlook.horizon, frequency, recency, T, delta=outlook.delta)._asdict()
            if spend is not None:
                level, weight = spend.credibility(frequency + first)
                ahead = columns["discounted_purchases"] if outlook.margin != 0 else np.zeros_like(weight)
                columns |= {"spend_level": level, "spend_weight": weight, "value_weight": ahead * weight}
                columns["value_level"] = np.multiply(ahead, level, where=ahead > 0, out=np.zeros_like(ahead))
            return columns

        return score

    def _check_base(self, base: CustomerBase) -> None:
        check_base(base)
        if base.time_unit != self.time_unit_:
            raise InvalidInputError(
                f"The model's times are in {self.time_unit_!r}, the base's in {base.time_unit!r}: build the base with "
                f"time_unit={self.time_unit_!r}."
            )
        if self.spend_model_ is not None and not base.has_value:
            raise InvalidInputError(
                "The model has a spend part and this base has no money: give the base an amount, or fit "
                "CLVModel(spend=None)."
            )


def _own_spend(*, first_purchase: bool) -> Arithmetic:
    """Return a customer's mean value per occasion, as a function of the columns of a base."""
    if first_purchase:
        return lambda c: (c["total_value"] + c["refunds"]) / (c["frequency"] + 1)
    return lambda c: c["monetary_value"] * 1.0


def _warn_of_infinite(spend: SpendModel) -> None:
    if not math.isfinite(spend.mean):
        warnings.warn(
            f"The spend model {spend!r} has no finite mean: customers who have shown too little of their spend have an "
            "infinite expected spend and CLV. Fit it on more customers, or look for extreme amounts in the log.",
            DataWarning,
            stacklevel=3,
        )
