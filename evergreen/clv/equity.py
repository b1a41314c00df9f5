"""What the customers of a base are worth together, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self, final

import numpy as np

from evergreen.clv.parts import CLVFit
from evergreen.clv.value import Outlook, own_spend
from evergreen.frames import CustomerBase, HistorySums, history_sums, plain_table
from evergreen.models.buyers import Buyers, attributes_of, evidence_of, forecast_of
from evergreen.models.checks import check_choice
from evergreen.models.draws import ParameterDraws, bootstrap, posterior
from evergreen.models.estimate import Estimate
from evergreen.models.fitting import WeakPrior
from evergreen.models.gamma_gamma import GammaGamma

if TYPE_CHECKING:
    import pandas as pd


@final
@dataclass(frozen=True, slots=True, eq=False)
class CustomerEquity:
    """The worth of a customer base: the sum of its customers' lifetime values.

    Attributes
    ----------
    customers : int
        Number of customers.
    value : Estimate
        Sum of their lifetime values, in the currency of the log.
    expected_purchases : Estimate
        Purchases expected of them within the horizon; infinite where the horizon and the expectation are.
    level : float
        Coverage of the intervals. They tell how sure the parameters are; what chance does to the customers comes on
        top, and is small for a large base.
    transaction_draws, spend_draws : ParameterDraws or None
        The draws behind the intervals; their ``k_hat`` says how good they are.

    Examples
    --------
    >>> from evergreen import BGNBD, CLVModel, CustomerBase, GammaGamma, datasets
    >>> base = CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")
    >>> model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44), time_unit="W")
    >>> equity = model.customer_equity(base, discount_rate=0.15, margin=0.3, draws=0)
    >>> equity.customers, round(equity.value.estimate)
    (2357, 73162)
    """

    customers: int
    value: Estimate
    expected_purchases: Estimate
    level: float
    transaction_draws: ParameterDraws | None
    spend_draws: ParameterDraws | None

    @property
    def value_per_customer(self) -> float:
        """The mean lifetime value."""
        return self.value.estimate / self.customers

    def to_frame(self) -> pd.DataFrame:
        """Return the totals as a table.

        Returns
        -------
        pandas.DataFrame
            One row per total: ``total``, ``estimate``, ``lower``, ``upper``.
        """
        totals = {"value": self.value, "expected_purchases": self.expected_purchases}
        return plain_table(
            {
                "total": np.array(list(totals), object),
                **{
                    name: np.array([getattr(total, name) for total in totals.values()])
                    for name in ("estimate", "lower", "upper")
                },
            }
        )


@dataclass(frozen=True, slots=True, eq=False)
class Portfolio:
    """The customers of a base as their total needs them: distinct histories with their margins and money.

    Attributes
    ----------
    histories : HistorySums
        With the sums ``evergreen_margin`` and ``evergreen_money`` (margin times the customer's own mean value) over
        customers; an attribute may well be named ``margin``.
    outlook : Outlook
    first : int
        1 if the first purchase counts as an occasion of the spend model, else 0.
    """

    histories: HistorySums
    outlook: Outlook
    first: int

    @classmethod
    def of(cls, base: CustomerBase, outlook: Outlook, transactions: Buyers, *, first_purchase: bool) -> Self:
        """Group the customers of a base.

        Parameters
        ----------
        base : CustomerBase
            With money.
        outlook : Outlook
            Horizon, discount and margin.
        transactions : HistoryModel or CovariateModel
            The model to come, for the attributes that it looks at.
        first_purchase : bool
            Whether first purchases count as evidence of spend.

        Returns
        -------
        Portfolio
        """
        own, profit = own_spend(base, first_purchase=first_purchase), outlook.profit
        histories = history_sums(
            base,
            *attributes_of(transactions),
            evergreen_margin=lambda c: profit(c) + c["T"] * 0.0,  # a column, also where one margin holds for all
            evergreen_money=lambda c: profit(c) * own(c),
        )
        return cls(histories, outlook, int(first_purchase))

    def purchases_and_value(self, transactions: Buyers, spend: GammaGamma) -> tuple[float, float]:
        """Return the expected purchases and the value of all customers under given models.

        Parameters
        ----------
        transactions : HistoryModel or CovariateModel
        spend : GammaGamma

        Returns
        -------
        purchases, value : float
        """
        known = self.histories
        history = known.frequency, known.recency, known.T
        forecast = forecast_of(transactions, self.outlook.horizon, self.outlook.delta, *history, *known.attributes)
        level, weight = spend.credibility(known.frequency + self.first)
        margin, money = known.sums["evergreen_margin"], known.sums["evergreen_money"]
        paid = margin != 0
        worth = np.multiply(level, margin, where=paid, out=np.zeros_like(margin)) + weight * money
        value = np.multiply(forecast.discounted_purchases, worth, where=paid, out=np.zeros_like(margin))
        return float(known.customers @ forecast.expected_purchases), float(value.sum())

    def equity(
        self,
        transactions: Buyers,
        spend: GammaGamma,
        draws: tuple[ParameterDraws, ParameterDraws] | None,
        level: float,
    ) -> CustomerEquity:
        """Return the worth of all customers, with intervals if there are draws.

        Parameters
        ----------
        transactions : HistoryModel or CovariateModel
        spend : GammaGamma
        draws : pair of ParameterDraws or None
            Of either model, equally many.
        level : float
            Coverage of the intervals.

        Returns
        -------
        CustomerEquity
        """
        purchases, value = self.purchases_and_value(transactions, spend)
        customers = int(self.histories.customers.sum())
        if draws is None:
            return CustomerEquity(customers, Estimate(value), Estimate(purchases), level, None, None)
        buying, spending = draws
        pairs = zip(buying.values.tolist(), spending.values.tolist(), strict=True)
        drawn = np.array(
            [
                self.purchases_and_value(transactions.with_parameters(*bought), spend.with_parameters(*spent))
                for bought, spent in pairs
            ]
        )
        both = replace(buying, weights=(joint := buying.weights * spending.weights) / joint.sum())
        return CustomerEquity(
            customers,
            Estimate(value, *both.interval(drawn[:, 1], level)),
            Estimate(purchases, *buying.interval(drawn[:, 0], level)),
            level,
            buying,
            spending,
        )


def draws_of(
    method: str,
    fit: CLVFit,
    base: CustomerBase,
    draws: int,
    prior: WeakPrior | None,
    seed: int | np.random.Generator | None,
    *,
    first_purchase: bool,
) -> tuple[ParameterDraws, ParameterDraws]:
    """Return parameters of both models as they may be, given the customers that they were fitted to.

    Parameters
    ----------
    method : {"posterior", "bootstrap"}
    fit : CLVFit
        With a spend model.
    base : CustomerBase
        The customers of the fit.
    draws : int
        How many.
    prior : WeakPrior or None
        The prior of the fit.
    seed : int, numpy.random.Generator or None
    first_purchase : bool
        Whether first purchases count as evidence of spend.

    Returns
    -------
    transactions, spend : ParameterDraws

    Raises
    ------
    InvalidInputError
        If the method is unknown, or there are no draws about the fit.
    """
    of_posterior = check_choice("method", method, {"posterior": True, "bootstrap": False})
    histories, spends = evidence_of(fit.transactions.model, base), base.spends(first_purchase=first_purchase)
    random = np.random.default_rng(seed)
    assert fit.spend is not None, "there is no value without a spend model"  # noqa: S101 - for the type checkers
    if of_posterior:
        return (
            posterior(fit.transactions, histories, draws=draws, prior=prior, seed=random),
            posterior(fit.spend, spends, draws=draws, prior=prior, seed=random),
        )
    return (
        bootstrap(fit.transactions.model, histories, replicates=draws, prior=prior, seed=random),
        bootstrap(fit.spend.model, spends, replicates=draws, prior=prior, seed=random),
    )
