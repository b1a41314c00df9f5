"""Pictures of results: each function takes a result and draws it on matplotlib axes, which it returns.

The extra ``plot`` brings matplotlib.
"""

from evergreen.plots.audit import bridge, cohort_map, deciles, revenue_by_cohort
from evergreen.plots.churn import churn_backtest
from evergreen.plots.clv import history_map
from evergreen.plots.evaluation import by_frequency, calibration, tracking
from evergreen.plots.loyalty import ladder
from evergreen.plots.pareto import concentration, overlap
from evergreen.plots.returns import return_curve
from evergreen.plots.rfm import cells, moves, segments

__all__ = [
    "bridge",
    "by_frequency",
    "calibration",
    "cells",
    "churn_backtest",
    "cohort_map",
    "concentration",
    "deciles",
    "history_map",
    "ladder",
    "moves",
    "overlap",
    "return_curve",
    "revenue_by_cohort",
    "segments",
    "tracking",
]
