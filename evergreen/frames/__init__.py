"""The only door for dataframes: logs and summaries in, customer bases and scores out, on any engine."""

from __future__ import annotations

from evergreen.frames.audit import Dropped
from evergreen.frames.customer_base import CustomerBase
from evergreen.frames.holdout import Split, split
from evergreen.frames.results import ColumnTotals, ScoreTable
from evergreen.frames.tables import parameter_table

__all__ = ["ColumnTotals", "CustomerBase", "Dropped", "ScoreTable", "Split", "parameter_table", "split"]
