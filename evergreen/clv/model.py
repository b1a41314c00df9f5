"""Customer lifetime value: when customers buy, what they spend, and what that is worth today."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np

from evergreen.clv.choice import ModelChoice, choose, later_of
from evergreen.clv.equity import CustomerEquity, Portfolio, draws_of
from evergreen.clv.evaluation import Evaluation, evaluate
from evergreen.clv.intervals import with_intervals
from evergreen.clv.parts import SPEND_MODELS, CLVFit, fit_spend
from evergreen.clv.scoring import scored
from evergreen.clv.value import Outlook, check_margin
from evergreen.durations import check_time_unit, in_units
from evergreen.errors import DataWarning, InputTypeError, InvalidInputError
from evergreen.frames import CustomerBase, Split, check_base, check_fits_model, parameter_table
from evergreen.models.buyers import Buyers, attributes_of, evidence_with, fit_buyers
from evergreen.models.catalog import TRANSACTION_MODELS, name_of
from evergreen.models.checks import check_choice, check_level, check_share
from evergreen.models.estimator import Estimator
from evergreen.models.fitting import FitResult, WeakPrior
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.models.protocols import SpendModel
from evergreen.models.transactions import HistoryModel
from evergreen.typing import Duration, TimeUnit

if TYPE_CHECKING:
    import pandas as pd


@final
class CLVModel(Estimator):
    """Customer lifetime value from a transaction model and a spend model.

    Parameters
    ----------
    transactions : {"bg/nbd", "mbg/nbd", "pareto/nbd", "bg/cnbd-k", "mbg/cnbd-k", "bg/bb", "auto"}
        Model of when customers buy and leave: :class:`BGNBD`, :class:`MBGNBD`, :class:`ParetoNBD`, :class:`BGCNBDk`,
        :class:`MBGCNBDk` (of a base with ``log_gaps``) or :class:`BGBB`; "auto" fits all in continuous time and
        chooses by likelihood and, given a :class:`Split`, by what they foretold.
    spend : {"gamma-gamma"} or None
        Model of what they spend: :class:`GammaGamma`. None leaves money out.
    purchase_covariates, dropout_covariates : sequence of str
        Attributes of the base (:meth:`CustomerBase.with_attributes`) that may move the rate at which customers buy, and
        how they leave: :class:`CovariateModel`. For BG/NBD, MBG/NBD and Pareto/NBD.
    first_purchase : bool
        Whether the value of first purchases counts as evidence of what customers spend. By default it does not,
        as in the literature: first orders are often unlike later ones. With it one-time buyers are told apart.
    prior : WeakPrior, optional
        Keeps parameters that a small base does not determine near ordinary values.

    Attributes
    ----------
    transaction_model_ : HistoryModel or CovariateModel
        The fitted transaction model; its times are in ``time_unit_``.
    spend_model_ : GammaGamma or None
        The fitted spend model.
    fit_ : CLVFit
        How both fits ended, with standard errors; absent after :meth:`from_models`.
    choice_ : ModelChoice
        Which transaction model was chosen and why; only with ``transactions="auto"``.
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

    transaction_model_: Buyers
    spend_model_: GammaGamma | None
    fit_: CLVFit
    choice_: ModelChoice
    time_unit_: TimeUnit

    def __init__(
        self,
        *,
        transactions: str = "bg/nbd",
        spend: str | None = "gamma-gamma",
        purchase_covariates: Sequence[str] = (),
        dropout_covariates: Sequence[str] = (),
        first_purchase: bool = False,
        prior: WeakPrior | None = None,
    ) -> None:
        self.transactions = transactions
        self.spend = spend
        self.purchase_covariates = purchase_covariates
        self.dropout_covariates = dropout_covariates
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
        model = cls(transactions=name_of(transactions), spend=None if spend is None else "gamma-gamma")
        model.transaction_model_ = transactions
        model.spend_model_ = spend
        model.time_unit_ = check_time_unit(time_unit)
        return model

    def fit(self, base: CustomerBase | Split) -> Self:
        """Learn both models from a customer base.

        Parameters
        ----------
        base : CustomerBase or Split
            The customers; on a lazy base nothing but their distinct histories is collected. Of a split the calibration
            is learned from, and ``transactions="auto"`` also looks at who foretold its holdout.

        Returns
        -------
        CLVModel
            The object itself, fitted.

        Raises
        ------
        InputTypeError
            If it is neither.
        InvalidInputError
            If a setting is unknown, the base has no money although a spend model is asked for, or there is nothing to
            learn from (no repeat purchase).

        Warns
        -----
        FitWarning
            If a fit ended otherwise than in an inner maximum; the message says what that means.
        DataWarning
            If customers without positive value are left out of the spend model.
        """
        later = later_of(base) if isinstance(base, Split) and self.transactions == "auto" else None
        base = base.calibration if isinstance(base, Split) else check_base(base)
        models: dict[str, type[HistoryModel] | None] = {**TRANSACTION_MODELS, "auto": None}
        transactions = check_choice("transactions", self.transactions, models)
        spend_model = None if self.spend is None else check_choice("spend", self.spend, SPEND_MODELS)
        if spend_model is not None and not base.has_value:
            raise InvalidInputError(
                "A spend model needs money and this base has none: build it with an amount, or use "
                "CLVModel(spend=None)."
            )
        vars(self).pop("choice_", None)  # of an earlier fit
        if transactions is None:
            if self.purchase_covariates or self.dropout_covariates:
                raise InvalidInputError("transactions='auto' chooses among models without covariates: name a model.")
            self.choice_ = choose(base.histories(), later, self.prior)
            found = self.choice_.fit
        else:
            purchase, dropout = self.purchase_covariates, self.dropout_covariates
            evidence = evidence_with(base, (*purchase, *dropout))
            found = fit_buyers(transactions, evidence, purchase=purchase, dropout=dropout, prior=self.prior)
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
        names = ["p_alive", "p_purchase", "expected_purchases"]
        if self.spend_model_ is not None:
            _warn_of_infinite(self.spend_model_)
            names += ["expected_spend", "clv"]
        table = scored(base, self.transaction_model_, self.spend_model_, outlook, first_purchase=self.first_purchase)
        return table.to_native(*names)

    def predict_intervals(
        self, base: CustomerBase, *, horizon: Duration = "365D", level: float = 0.8, margin: float | str = 1.0
    ) -> Any:
        """Return how far each customer may come out from what is expected of him.

        Parameters
        ----------
        base : CustomerBase
            Customers to score.
        horizon : str, datetime.timedelta or numpy.timedelta64
            Length of time after the end of observation; finite.
        level : float
            Coverage, between 0 and 1: at least so many customers will come out inside, and equally few on both sides,
            as far as whole numbers allow.
        margin : float or str
            As for :meth:`predict`.

        Returns
        -------
        frame
            Of the base's own kind, one row per customer: the id, ``purchases_lower`` and ``purchases_upper`` and, with
            a spend model, ``value_lower`` and ``value_upper`` (margin on the money spent within the horizon, not
            discounted). Exact quantiles of the models at the fitted parameters, which are taken to be known.

        Raises
        ------
        NotFittedError, InputTypeError, InvalidInputError
            As :meth:`predict`; also for an infinite horizon.

        Examples
        --------
        >>> from evergreen import BGNBD, CLVModel, CustomerBase, GammaGamma, datasets
        >>> model = CLVModel.from_models(
        ...     BGNBD(0.243, 4.414, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44), time_unit="W"
        ... )
        >>> base = CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")
        >>> model.predict_intervals(base, horizon="52W").loc[0].round(2).tolist()
        [1.0, 0.0, 4.0, 0.0, 105.1]
        """
        self._require("transaction_model_", "predict_intervals")
        self._check_base(base)
        outlook = Outlook(in_units(horizon, self.time_unit_), 0.0, check_margin(margin))
        outlook.check_base(base)
        table = with_intervals(
            base,
            self.transaction_model_,
            self.spend_model_,
            outlook,
            check_level(level),
            first_purchase=self.first_purchase,
        )
        money = [] if self.spend_model_ is None else ["value_lower", "value_upper"]
        return table.to_native("purchases_lower", "purchases_upper", *money)

    def customer_equity(
        self,
        base: CustomerBase,
        *,
        horizon: Duration = "inf",
        discount_rate: float = 0.1,
        margin: float | str = 1.0,
        level: float = 0.95,
        draws: int = 200,
        method: str = "posterior",
        fitted_on: CustomerBase | None = None,
        seed: int | np.random.Generator | None = 0,
    ) -> CustomerEquity:
        """Return what the customers of a base are worth together, and how sure that is.

        Parameters
        ----------
        base : CustomerBase
            The customers to add up.
        horizon, discount_rate, margin
            As for :meth:`predict`; by default all the time to come.
        level : float
            Coverage of the intervals, between 0 and 1.
        draws : int
            Sets of parameters behind the intervals; 0 for none. Each costs a forecast of all distinct histories.
        method : {"posterior", "bootstrap"}
            Where the sets come from: draws about the fit, weighted by their likelihood (:func:`posterior`), or fits to
            resampled customers (:func:`bootstrap`), which cost a fit each and need no inner maximum.
        fitted_on : CustomerBase, optional
            The customers that the model was fitted to, if they are not those of ``base``.
        seed : int, numpy.random.Generator or None
            For the same draws again; None for others each time.

        Returns
        -------
        CustomerEquity

        Raises
        ------
        NotFittedError
            Before ``fit``; intervals also after :meth:`from_models`, which knows no fit.
        InvalidInputError
            If there is no spend model, a setting is out of range, or the fit ended on a boundary, about which there
            are no draws.

        Examples
        --------
        >>> from evergreen import CLVModel, datasets, split
        >>> base = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W").calibration
        >>> model = CLVModel().fit(base)
        >>> equity = model.customer_equity(base, horizon="52W", margin=0.3, level=0.9, draws=100)
        >>> {name: round(getattr(equity.value, name), -2) for name in ("lower", "estimate", "upper")}
        {'lower': 20300.0, 'estimate': 21800.0, 'upper': 23700.0}
        """
        self._require("transaction_model_", "customer_equity")
        self._check_base(base)
        spend = self._spend("customer_equity")
        outlook = Outlook.of(horizon, discount_rate, margin, self.time_unit_)
        outlook.check_base(base)
        check_level(level)
        _warn_of_infinite(spend)
        known = None
        if draws:
            self._require("fit_", "customer_equity (with intervals; draws=0 needs no fit)")
            evidence = base if fitted_on is None else check_base(fitted_on)
            known = draws_of(method, self.fit_, evidence, draws, self.prior, seed, first_purchase=self.first_purchase)
        portfolio = Portfolio.of(base, outlook, self.transaction_model_, first_purchase=self.first_purchase)
        return portfolio.equity(self.transaction_model_, spend, known, level)

    def evaluate(self, halves: Split, *, period: Duration = "7D") -> Evaluation:
        """Put the forecasts of a calibration beside what happened in its holdout.

        Parameters
        ----------
        halves : Split
            Its calibration is the base that the model was fitted to.
        period : str, datetime.timedelta or numpy.timedelta64
            Length of the periods in which purchases are tracked over time.

        Returns
        -------
        Evaluation
            Measures of purchases, chances and value, beside those of rules without a model, and the tables behind
            them. Customers are brought into memory, also those of a lazy split.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidInputError
            If the calibration is in another time unit, or has no money although there is a spend model.

        Examples
        --------
        >>> from evergreen import CLVModel, datasets, split
        >>> halves = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W")
        >>> CLVModel().fit(halves).evaluate(halves).by_frequency.round(2).head(3)
           frequency  customers  actual  expected
        0          0       1411    0.24      0.23
        1          1        439    0.70      0.52
        2          2        214    1.39      1.04
        """
        self._require("transaction_model_", "evaluate")
        if not isinstance(halves, Split):
            raise InputTypeError.kind("halves", halves, "a Split, such as split(log, at='2024-06-30')")
        self._check_base(halves.calibration)
        length = in_units(period, self.time_unit_)
        return evaluate(halves, self.transaction_model_, self.spend_model_, length, first_purchase=self.first_purchase)

    def new_customer_value(
        self,
        *,
        horizon: Duration = "inf",
        discount_rate: float = 0.1,
        margin: float = 1.0,
        first_purchase: bool = True,
        attributes: Mapping[str, str | float | bool] | None = None,
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
        attributes : mapping of str to str, float or bool, optional
            Who the customer is, for a model with covariates.

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
        spend = self._spend("new_customer_value")
        outlook = Outlook.of(horizon, discount_rate, check_share("margin", margin), self.time_unit_)
        purchases = self._plain(attributes).discounted_purchases_new(outlook.horizon, delta=outlook.delta)
        occasions = purchases + bool(first_purchase)
        return margin * occasions * spend.mean if margin else 0.0

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

    def _plain(self, attributes: Mapping[str, str | float | bool] | None) -> HistoryModel:
        """Return the transaction model of customers with given attributes."""
        model = self.transaction_model_
        if isinstance(model, HistoryModel):
            return model
        if attributes is None:
            raise InvalidInputError(
                f"The model has covariates: say attributes={dict.fromkeys(attributes_of(model), ...)}."
            )
        return model.at(attributes)

    def _spend(self, wanted: str) -> GammaGamma:
        """Return the spend model, without which there is no value."""
        if self.spend_model_ is None:
            raise InvalidInputError(f"{wanted} needs a spend model: fit CLVModel(spend='gamma-gamma').")
        return self.spend_model_

    def _check_base(self, base: CustomerBase) -> None:
        check_fits_model(base, self.time_unit_, attributes_of(self.transaction_model_))
        if self.spend_model_ is not None and not base.has_value:
            raise InvalidInputError(
                "The model has a spend part and this base has no money: give the base an amount, or fit "
                "CLVModel(spend=None)."
            )


def _warn_of_infinite(spend: SpendModel) -> None:
    if not math.isfinite(spend.mean):
        warnings.warn(
            f"The spend model {spend!r} has no finite mean: customers who have shown too little of their spend have an "
            "infinite expected spend and CLV. Fit it on more customers, or look for extreme amounts in the log.",
            DataWarning,
            stacklevel=3,
        )
