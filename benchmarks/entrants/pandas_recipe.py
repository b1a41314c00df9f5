"""What notebooks do by hand.

RFM scores of five quantile bins each, ties of frequency broken by position; gaps by sorting and taking differences;
rungs of a ladder by a table of customers for each date; the audit by group-bys.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

NAME = "pandas by hand"
LARGEST = 10**9


def hold(customers):
    return customers.frame


def count_gaps(log):
    visits = log[["customer_id", "date"]].assign(date=log["date"].dt.floor("D")).drop_duplicates()
    visits = visits.sort_values(["customer_id", "date"])
    customers = visits.groupby("customer_id")
    ended = pd.DataFrame({"order": customers.cumcount(), "length": customers["date"].diff().dt.days})
    returned = ended.dropna().astype("int64").value_counts()
    last = customers["date"].agg(["size", "max"])
    lasting = pd.DataFrame({"order": last["size"], "length": (visits["date"].max() - last["max"]).dt.days})
    return returned, lasting.value_counts()


def climb(log, dates):
    visits = log[["customer_id", "date"]].assign(date=log["date"].dt.floor("D")).drop_duplicates()
    rung = pd.DataFrame(0, index=visits["customer_id"].unique(), columns=list(dates))
    for date in dates:
        known = visits[visits["date"] <= date].groupby("customer_id")["date"].agg(["size", "max"])
        by_orders = pd.cut(known["size"], [0, 1, 3, 7, np.inf], labels=[2, 3, 4, 5]).astype("int64")
        rung[date] = by_orders.mask((date - known["max"]).dt.days >= 365, 1).reindex(rung.index, fill_value=0)
    pairs = [pd.crosstab(rung[before], rung[after]) for before, after in pairwise(dates)]
    return np.stack([pair.reindex(index=range(6), columns=range(6), fill_value=0) for pair in pairs])


def audit(log):
    rows = log[["customer_id", "amount"]].assign(period=log["date"].dt.to_period("Q"))
    cells = rows.groupby(["customer_id", "period"])["amount"].sum().reset_index()
    first = cells.groupby("customer_id")["period"].transform("min")
    customers = cells.assign(cohort=first).groupby(["cohort", "period"]).size().unstack(fill_value=0)
    before, after = sorted(cells["period"].unique())[:2]
    early, late = (cells[cells["period"] == name].set_index("customer_id") for name in (before, after))
    better = early["amount"].rank(method="min", ascending=False) - 1
    best = early["amount"][10 * better // len(early) == 0].sum()
    both = early.index.isin(late.index)
    came = late.index.difference(early.index)
    new = came.isin(cells.loc[first == after, "customer_id"])
    return customers, best, [both.sum(), (~both).sum(), new.sum(), (~new).sum()]


def rfm(frame):
    r = pd.qcut(frame["days_since_last"], 5, labels=[5, 4, 3, 2, 1]).astype("int64")
    f = pd.qcut(frame["orders"].rank(method="first"), 5, labels=[1, 2, 3, 4, 5]).astype("int64")
    m = pd.qcut(frame["total_value"], 5, labels=[1, 2, 3, 4, 5]).astype("int64")
    scored = frame[["customer_id", "days_since_last", "orders", "total_value"]].copy()
    scored["r"], scored["f"], scored["m"] = r, f, m
    scored["rfm"] = 100 * r + 10 * f + m
    return scored
