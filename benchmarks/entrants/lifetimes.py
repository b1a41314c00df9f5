"""lifetimes, by the calls that serve it best: float arrays, and Series with plain indexes where it must."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from functools import wraps

import numpy as np
import pandas as pd

from benchmarks.problems import GIVEN, HORIZON_DAYS, MONTHLY_DISCOUNT, PARAMETERS, SPEND, TRANSACTIONS, Customers

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its import sets an option that newer pandas has retired
    from lifetimes import (
        BetaGeoBetaBinomFitter,
        BetaGeoFitter,
        GammaGammaFitter,
        ModifiedBetaGeoFitter,
        ParetoNBDFitter,
    )
    from lifetimes.utils import summary_data_from_transaction_data

NAME = "lifetimes"
LARGEST = 1_000_000
STATEMENT = "import warnings; warnings.simplefilter('ignore'); import lifetimes"


FITTERS = {"bg/nbd": BetaGeoFitter, "mbg/nbd": ModifiedBetaGeoFitter, "pareto/nbd": ParetoNBDFitter}
PARAMETER_NAMES = {
    "bg/nbd": ("r", "alpha", "a", "b"),
    "mbg/nbd": ("r", "alpha", "a", "b"),
    "pareto/nbd": ("r", "alpha", "s", "beta"),
}
LARGEST_OF_MODEL = {"bg/nbd": LARGEST, "mbg/nbd": LARGEST, "pareto/nbd": 10_000, "bg/bb": 10_000}  # minutes beyond


def quietly(function):
    """Let warnings of the arithmetic pass; pytest would make errors of them."""

    @wraps(function)
    def quiet(*arguments):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*arguments)

    return quiet


def _known(fitter, model):
    fitter.params_ = pd.Series(asdict(model))
    return fitter


PURCHASES = _known(BetaGeoFitter(), TRANSACTIONS)
PURCHASES.predict = PURCHASES.conditional_expected_number_of_purchases_up_to_time  # as its fit does
VALUES = _known(GammaGammaFitter(), SPEND)


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Arrays, and the same as Series."""

    customers: Customers
    series: tuple[pd.Series, pd.Series, pd.Series, pd.Series]

    @property
    def arrays(self):
        return self.customers.frequency, self.customers.recency, self.customers.T


def hold(customers):
    columns = (customers.frequency, customers.recency, customers.T, customers.monetary_value)
    return Held(customers, tuple(pd.Series(column) for column in columns))


@quietly
def summarize(log):
    return summary_data_from_transaction_data(log, "customer_id", "date", monetary_value_col="amount")


@quietly
def fit(held):
    return BetaGeoFitter().fit(*held.arrays).params_.to_dict()


fit_arrays = fit


@quietly
def fit_spend(held):
    x, value = held.customers.frequency, held.customers.monetary_value
    repeat = x > 0
    return GammaGammaFitter().fit(x[repeat], value[repeat]).params_.to_dict()


def fit_both(held):
    return {**fit(held), **fit_spend(held)}


@quietly
def fit_model(held, name):
    return FITTERS[name]().fit(*held.arrays).params_.to_dict()


@quietly
def forecast_model(held, name):
    fitter = FITTERS[name]()
    fitter.params_ = pd.Series(dict(zip(PARAMETER_NAMES[name], PARAMETERS[name], strict=True)))
    return (
        fitter.conditional_probability_alive(*held.arrays),
        fitter.conditional_expected_number_of_purchases_up_to_time(HORIZON_DAYS, *held.arrays),
    )


@quietly
def fit_opportunities(columns):
    return BetaGeoBetaBinomFitter().fit(*columns).params_.to_dict()


@quietly
def forecast_opportunities(columns):
    fitter = BetaGeoBetaBinomFitter()
    fitter.params_ = pd.Series(asdict(GIVEN))
    frequency, recency, periods = columns
    return (
        fitter.conditional_probability_alive(1, frequency, recency, periods),
        fitter.conditional_expected_number_of_purchases_up_to_time(10, frequency, recency, periods),
    )


@quietly
def p_alive(held):
    return PURCHASES.conditional_probability_alive(*held.arrays)


@quietly
def expected_purchases(held):
    return PURCHASES.predict(HORIZON_DAYS, *held.arrays)


@quietly
def clv(held):
    months = HORIZON_DAYS // 30
    found = VALUES.customer_lifetime_value(
        PURCHASES, *held.series, time=months, discount_rate=MONTHLY_DISCOUNT, freq="D"
    )
    return np.asarray(found)


def score(held):
    return p_alive(held), expected_purchases(held), clv(held)
