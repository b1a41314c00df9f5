"""The problems: customers and logs drawn with fixed seeds, built when first asked for and kept.

A size, written ``100k`` or ``1m``, is a number of customers or, for a log, about the number of its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import pandas as pd

from evergreen import BGBB, BGNBD, CustomerBase, GammaGamma, datasets

TRANSACTIONS: Final = BGNBD(r=0.243, alpha=30.9, a=0.793, b=2.426)
"""Customers who mostly buy once; about the fit to CDNOW, in days."""
BUSY: Final = BGNBD(r=0.5, alpha=12.0, a=0.7, b=7.0)
"""Customers with about ten purchases within two years, for long logs."""
PARAMETERS: Final = {
    "bg/nbd": (0.243, 30.9, 0.793, 2.426),
    "mbg/nbd": (0.485, 44.8, 0.978, 2.22),
    "pareto/nbd": (0.539, 81.0, 0.730, 175.0),
    "bg/cnbd-k": (0.243, 30.9, 0.793, 2.426),
    "mbg/cnbd-k": (0.485, 44.8, 0.978, 2.22),
}
"""Parameters under which every transaction model scores those customers: about its fit to them."""
REGULARITY: Final = 2
"""k of the models that have one."""
GIVEN: Final = BGBB(1.204, 0.750, 0.657, 2.783)
"""Donors with yearly opportunities; the published fit."""
SPEND: Final = GammaGamma(p=6.25, q=3.74, v=15.44)
"""What they spend; the published fit to CDNOW."""

HORIZON_DAYS: Final = 360
"""Twelve months of thirty days, which is how lifetimes counts months when times are in days."""
MONTHLY_DISCOUNT: Final = 0.01
OBSERVED_DAYS: Final = 730
LOOKED_BACK: Final = (180, 90)
"""Days before the end of a log to which a backtest goes back."""

GRAINS: Final = ("day", "second")
"""Grain of time: at ``day`` many customers share a history, at ``second`` hardly two do."""

_SUFFIXES: Final = {"k": 1_000, "m": 1_000_000}


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """A customer base as a frame and as the arrays behind it; times in days.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``customer_id``, ``frequency``, ``recency``, ``T``, ``monetary_value``, ``orders``, ``total_value``,
        ``days_since_last``.
    frequency, recency, T, monetary_value : ndarray of float64
        lifetimes takes floats, and makes them itself in its summary.
    """

    frame: pd.DataFrame
    frequency: np.ndarray
    recency: np.ndarray
    T: np.ndarray
    monetary_value: np.ndarray


def number(size: str) -> int:
    """Return the number that a size such as ``100k`` stands for."""
    return int(size[:-1]) * _SUFFIXES[size[-1].lower()]


@cache
def customers(size: str, grain: str = "day") -> Customers:
    """Return so many customers who mostly buy once."""
    return customers_of(_by_day(number(size)) if grain == "day" else _by_second(number(size)))


@cache
def opportunities(size: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frequency, recency and number of opportunities, up to ten, of so many donors.

    With many more, the floor that lifetimes puts under its likelihood is above what it is put under.
    """
    random = np.random.default_rng(17)
    drawn = GIVEN.simulate(random.integers(2, 11, number(size)).astype(np.float64), seed=random)
    return drawn.frequency, drawn.recency, drawn.T


@cache
def log(size: str, ids: str = "numbers") -> pd.DataFrame:
    """Return a log of about so many rows, by date, of a tenth as many customers; ids are numbers or text."""
    if ids == "text":
        table = log(size)
        return table.assign(customer_id="C" + table["customer_id"].astype(str).str.zfill(9))
    return datasets.simulate_log(number(size) // 10, transactions=BUSY, spend=SPEND, observed=OBSERVED_DAYS, seed=7)


def long_log(size: int) -> pd.DataFrame:
    """Return the log of so many customers who mostly buy once, for the whole way from log to scores."""
    return datasets.simulate_log(size, transactions=TRANSACTIONS, spend=SPEND, observed=OBSERVED_DAYS, seed=5)


@cache
def watched_log(size: str) -> pd.DataFrame:
    """Return the log of so many customers who come within half a year and are watched for two."""
    return datasets.simulate_log(
        number(size), transactions=BUSY, spend=SPEND, acquired=OBSERVED_DAYS // 4, observed=OBSERVED_DAYS, seed=13
    )


@cache
def watched(size: str) -> CustomerBase:
    """Return the base of that log."""
    return CustomerBase.from_transactions(watched_log(size))


def _by_day(size: int) -> pd.DataFrame:
    base = CustomerBase.from_transactions(long_log(size))
    names = ["customer_id", "frequency", "recency", "T", "monetary_value", "orders", "total_value"]
    return base.frame[names]


def _by_second(size: int) -> pd.DataFrame:
    random = np.random.default_rng(11)
    age = np.floor(random.uniform(OBSERVED_DAYS / 2, OBSERVED_DAYS, size) * 86_400) / 86_400
    drawn = TRANSACTIONS.simulate(age, seed=random)
    recency = np.floor(drawn.recency * 86_400) / 86_400
    value, level = SPEND.simulate(drawn.frequency, seed=random)
    value = np.where(drawn.frequency > 0, np.maximum(value.round(2), 0.01), 0.0)
    orders = drawn.frequency + 1
    return pd.DataFrame(
        {
            "customer_id": np.arange(size),
            "frequency": drawn.frequency,
            "recency": recency,
            "T": age,
            "monetary_value": value,
            "orders": orders,
            "total_value": (value * drawn.frequency + level).round(2),
        }
    )


def customers_of(frame: pd.DataFrame) -> Customers:
    """Return the customers of a frame with the arrays behind it."""
    frame = frame.assign(days_since_last=frame["T"] - frame["recency"])
    column: Callable[[str], np.ndarray] = lambda name: np.array(frame[name], np.float64)  # noqa: E731
    return Customers(frame, column("frequency"), column("recency"), column("T"), column("monetary_value"))
