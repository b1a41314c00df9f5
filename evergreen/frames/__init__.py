"""The only door for dataframes: logs and summaries in, customer bases and scores out, on any engine."""

from __future__ import annotations

from evergreen.frames.audit import Dropped
from evergreen.frames.calendar import PERIOD_NAMES, check_period
from evergreen.frames.checks import check_base, check_fits_model, check_numbers
from evergreen.frames.cohorts import read_periods
from evergreen.frames.customer_base import CustomerBase
from evergreen.frames.grouped import mean_spend
from evergreen.frames.history_sums import HistorySums, history_outcomes, history_sums
from evergreen.frames.holdout import Split, split
from evergreen.frames.instants import regular_dates
from evergreen.frames.known import with_known
from evergreen.frames.levels import Levels
from evergreen.frames.moves import ABSENT, PairTotals, pair_totals
from evergreen.frames.period_sums import BACK, KEPT, LOST, NEW, CohortCells, PeriodLog
from evergreen.frames.periods import Moment, moment_after
from evergreen.frames.reading import SUMMARY_COLUMNS, LogColumns, ZeroAmounts, reading_of
from evergreen.frames.results import Arithmetic, HistoryScore, ScoreTable
from evergreen.frames.snapshot_arrays import UNKNOWN
from evergreen.frames.snapshots import RungMoves, rung_moves, rung_standing
from evergreen.frames.tables import arrays_of, parameter_table, plain_matrix, plain_table
from evergreen.frames.totals import ColumnTotals
from evergreen.frames.tracking import RepeatOccasions

__all__ = [
    "ABSENT",
    "BACK",
    "KEPT",
    "LOST",
    "NEW",
    "PERIOD_NAMES",
    "SUMMARY_COLUMNS",
    "UNKNOWN",
    "Arithmetic",
    "CohortCells",
    "ColumnTotals",
    "CustomerBase",
    "Dropped",
    "HistoryScore",
    "HistorySums",
    "Levels",
    "LogColumns",
    "Moment",
    "PairTotals",
    "PeriodLog",
    "RepeatOccasions",
    "RungMoves",
    "ScoreTable",
    "Split",
    "ZeroAmounts",
    "arrays_of",
    "check_base",
    "check_fits_model",
    "check_numbers",
    "check_period",
    "history_outcomes",
    "history_sums",
    "mean_spend",
    "moment_after",
    "pair_totals",
    "parameter_table",
    "plain_matrix",
    "plain_table",
    "read_periods",
    "reading_of",
    "regular_dates",
    "rung_moves",
    "rung_standing",
    "split",
    "with_known",
]
