"""The entrant that does nothing: what it takes is the cost of the harness."""

from __future__ import annotations

NAME = "nothing"
LARGEST = 10**9
STATEMENT = "pass"


def hold(customers):
    return customers


def summarize(log):
    """Return nothing."""


def fit(held):
    """Return nothing."""


fit_arrays = fit_spend = fit_both = p_alive = expected_purchases = clv = score = rfm = fit
