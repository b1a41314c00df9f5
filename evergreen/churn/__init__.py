"""Churn: who is slipping away, and when a relationship is over.

- ``detector`` has :class:`ChurnDetector`; ``chances`` the chance of no purchase by a model, and when it will reach a
  cut; ``returns`` the same from the gaps between purchases; ``scoring`` what is said of every customer.
- ``campaign`` says whom it pays to contact.
- ``backtest`` puts scores beside what happened, at several dates, and beside rules that need no model.
"""

from evergreen.churn.backtest import ChurnBacktest
from evergreen.churn.campaign import profit_threshold
from evergreen.churn.detector import ChurnDetector

__all__ = ["ChurnBacktest", "ChurnDetector", "profit_threshold"]
