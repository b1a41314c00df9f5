"""Transaction logs drawn from a model, for tests, benchmarks and teaching."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.models.bgnbd import BGNBD
from evergreen.models.checks import check_not_negative
from evergreen.models.gamma_gamma import GammaGamma

if TYPE_CHECKING:
    import pandas as pd


def simulate_log(
    customers: int,
    *,
    transactions: BGNBD | None = None,
    spend: GammaGamma | None = None,
    start: str = "2024-01-01",
    acquired: int = 365,
    observed: int = 730,
    seed: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Draw the transaction log of a customer base.

    Parameters
    ----------
    customers : int
        Number of customers, ids 0 to ``customers - 1``.
    transactions : BGNBD, optional
        How they buy and leave, in days; by default about the fit to CDNOW.
    spend : GammaGamma, optional
        What they spend; by default the published fit to CDNOW.
    start : str
        First day, ISO.
    acquired : int
        First purchases are spread evenly over so many days.
    observed : int
        Days that the log covers, at least ``acquired``.
    seed : int or numpy.random.Generator, optional
        For the same log again.

    Returns
    -------
    pandas.DataFrame
        One row per purchase, by date: ``customer_id`` (int64), ``date`` (datetime64, a day), ``amount`` (float64,
        cents and not below one). Purchases of one customer can fall on the same day.

    Raises
    ------
    InputTypeError
        If a model is of another kind.
    InvalidInputError
        If the log would end before the last customer is acquired, there is no customer, or the start is not a day.

    Examples
    --------
    >>> log = simulate_log(100, seed=1)
    >>> log["customer_id"].nunique(), bool((log["amount"] > 0).all())
    (100, True)
    """
    import pandas as pd

    for name, count in (("customers", customers), ("acquired", acquired), ("observed", observed)):
        if not (check_not_negative(name, count) >= 1 and float(count).is_integer()):
            raise InvalidInputError(f"{name}={count!r} must be a whole number of at least 1.")
    if acquired > observed:
        raise InvalidInputError(f"acquired={acquired} must not be greater than observed={observed} days.")
    transactions = BGNBD(r=0.243, alpha=30.9, a=0.793, b=2.426) if transactions is None else transactions
    spend = GammaGamma(p=6.25, q=3.74, v=15.44) if spend is None else spend
    for role, model, wanted in (("transactions", transactions, BGNBD), ("spend", spend, GammaGamma)):
        if not isinstance(model, wanted):
            raise InputTypeError.kind(role, model, f"a {wanted.__name__}(...)")
    first_day = _day(start)
    random = np.random.default_rng(seed)
    first = random.integers(0, acquired, customers)
    drawn = transactions.simulate((observed - 1 - first).astype(np.float64), seed=random)
    repeats = np.repeat(np.arange(customers), drawn.frequency)
    place = random.random(len(repeats))
    last = np.cumsum(drawn.frequency) - 1
    place[last[drawn.frequency > 0]] = 1.0
    customer = np.concatenate((np.arange(customers), repeats))
    day = first[customer]
    day[customers:] += np.ceil(place * drawn.recency[repeats]).astype(np.int64)
    level = spend.v / random.gamma(spend.q, 1.0, customers)
    amount = np.maximum(np.round(random.gamma(spend.p, 1.0, len(customer)) * level[customer], 2), 0.01)
    order = np.argsort(day, kind="stable")
    dates = first_day + day[order]
    return pd.DataFrame(
        {"customer_id": customer[order], "date": dates.astype("datetime64[us]"), "amount": amount[order]}
    )


def _day(text: str) -> np.datetime64:
    day: np.datetime64
    try:
        day = np.datetime64(text, "D")
    except ValueError:
        day = np.datetime64("NaT", "D")
    if np.isnat(day):
        raise InvalidInputError(f"start={text!r} is not an ISO day, such as '2024-01-01'.")
    return day
