"""RFM scores as most notebooks make them: five quantile bins each, ties of frequency broken by position."""

from __future__ import annotations

import pandas as pd

NAME = "pandas qcut"
LARGEST = 10**9


def hold(customers):
    return customers.frame


def rfm(frame):
    r = pd.qcut(frame["days_since_last"], 5, labels=[5, 4, 3, 2, 1]).astype("int64")
    f = pd.qcut(frame["orders"].rank(method="first"), 5, labels=[1, 2, 3, 4, 5]).astype("int64")
    m = pd.qcut(frame["total_value"], 5, labels=[1, 2, 3, 4, 5]).astype("int64")
    scored = frame[["customer_id", "days_since_last", "orders", "total_value"]].copy()
    scored["r"], scored["f"], scored["m"] = r, f, m
    scored["rfm"] = 100 * r + 10 * f + m
    return scored["r"], scored["f"], scored["m"]
