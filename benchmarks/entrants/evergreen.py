"""evergreen, as its documentation tells people to call it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from benchmarks.problems import (
    GIVEN,
    HORIZON_DAYS,
    LOOKED_BACK,
    MONTHLY_DISCOUNT,
    PARAMETERS,
    REGULARITY,
    SPEND,
    TRANSACTIONS,
)
from evergreen import (
    BGBB,
    BGNBD,
    ChurnDetector,
    CLVModel,
    Concentration,
    CustomerBase,
    CustomerBaseAudit,
    GammaGamma,
    LoyaltyLadder,
    ParetoSegmenter,
    PurchaseHistories,
    RFMScorer,
)
from evergreen.models.catalog import TRANSACTION_MODELS

NAME = "evergreen"
LARGEST = 10**9
STATEMENT = "import evergreen"
LARGEST_OF_MODEL = dict.fromkeys(TRANSACTION_MODELS, LARGEST)

MODEL = CLVModel.from_models(TRANSACTIONS, SPEND, time_unit="D")
ANNUAL_DISCOUNT = (1 + MONTHLY_DISCOUNT) ** (365.2425 / 30) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A customer base, and whole frequencies with times as arrays."""

    base: CustomerBase
    arrays: tuple[np.ndarray, np.ndarray, np.ndarray]


def hold(customers):
    base = CustomerBase.from_summary(customers.frame, time_unit="D")
    return Held(base, (customers.frequency.astype(np.int64), customers.recency, customers.T))


def summarize(log):
    return CustomerBase.from_transactions(log).frame


def audit(log):
    found = CustomerBaseAudit.from_transactions(log)
    before, after = found.periods[:2]
    deciles = found.one_period(before).deciles()
    pair = found.two_periods(before, after)
    return found.cohorts("customers", by="period").fillna(0.0), deciles["revenue"].iloc[0], pair.customers[:4]


def count_gaps(log):
    gaps = CustomerBase.from_transactions(log).gaps()
    rows = pd.MultiIndex.from_arrays([gaps.order, gaps.length])
    return pd.Series(gaps.returned, rows), pd.Series(gaps.silent, rows)


def climb(log, dates):
    return LoyaltyLadder().fit(CustomerBase.from_transactions(log)).movement(log, at=dates).counts


def fit(held):
    return BGNBD.fit(held.base.histories()).parameters


def fit_arrays(held):
    return BGNBD.fit(PurchaseHistories.of(*held.arrays)).parameters


def fit_spend(held):
    return GammaGamma.fit(held.base.spends()).parameters


def fit_both(held):
    model = CLVModel().fit(held.base)
    return {**asdict(model.transaction_model_), **asdict(model.spend_model_)}


def fit_model(held, name):
    model = TRANSACTION_MODELS[name]
    histories = held.base.histories()
    return model.fit(histories, **_regularity(name)).parameters


def forecast_model(held, name):
    forecast = _known(name).forecast(HORIZON_DAYS, *held.arrays)
    return forecast.p_alive, forecast.expected_purchases


def fit_opportunities(columns):
    return BGBB.fit(PurchaseHistories.of(*columns)).parameters


def forecast_opportunities(columns):
    forecast = GIVEN.forecast(10, *columns)
    return forecast.p_alive, forecast.expected_purchases


def dert(held, name):
    delta = np.log1p(ANNUAL_DISCOUNT) / 365.2425
    return _known(name).forecast(np.inf, *held.arrays, delta=delta).discounted_purchases


def _regularity(name):
    return {"k": REGULARITY} if name.endswith("-k") else {}


def _known(name):
    return TRANSACTION_MODELS[name](*_regularity(name).values(), *PARAMETERS[name])


def p_alive(held):
    return TRANSACTIONS.p_alive(*held.arrays)


def expected_purchases(held):
    return TRANSACTIONS.expected_purchases(HORIZON_DAYS, *held.arrays)


def clv(held):
    """Return the value alone; the call computes the rest as well."""
    return _predict(held)["clv"]


def score(held):
    scored = _predict(held)
    return scored["p_alive"], scored["expected_purchases"], scored["clv"]


def rfm(held):
    return RFMScorer(segments=None).fit(held.base).transform(held.base)


def churn(base, name):
    return ChurnDetector(transactions=name).fit(base).transform(base)


def churn_backtest(log, name):
    last = log["date"].max()
    dates = [last - np.timedelta64(days, "D") for days in LOOKED_BACK]
    return ChurnDetector(transactions=name).backtest(log, at=dates)


def rfm_by(held, method):
    return RFMScorer(method=method, segments=None).fit(held.base).transform(held.base)


def whole(log):
    return CustomerBase.from_transactions(log)


def moves(scorer, before, after):
    return scorer.compare(before, after)


def pareto(held, draws):
    return ParetoSegmenter(draws=draws).fit(held.base).transform(held.base)


def gini_interval(held, draws):
    found = Concentration.of(held.base.array("total_value"), draws=draws).gini
    return found.estimate, found.lower, found.upper


def _predict(held):
    return MODEL.predict(held.base, horizon=f"{HORIZON_DAYS}D", discount_rate=ANNUAL_DISCOUNT)
