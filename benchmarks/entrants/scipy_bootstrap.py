"""Intervals of the Gini by scipy's bootstrap, with the usual one-line Gini on sorted values."""

from __future__ import annotations

import numpy as np
from scipy.stats import bootstrap

NAME = "scipy bootstrap"
LARGEST = 10**6


def hold(customers):
    return customers.frame["total_value"].to_numpy()


def gini_interval(values, draws):
    found = bootstrap(
        (values,), _gini, n_resamples=draws, vectorized=False, method="percentile", rng=np.random.default_rng(0)
    )
    return _gini(values), *found.confidence_interval


def _gini(values):
    ordered, n = np.sort(values), len(values)
    return 2 * (np.arange(1, n + 1) * ordered).sum() / (n * ordered.sum()) - (n + 1) / n
