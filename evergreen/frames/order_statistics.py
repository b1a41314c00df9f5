"""Exact order statistics of a column: in memory by partition, in an engine by two small group-bys.

In an engine, values are first counted in coarse bins (logarithmic), with the least and the greatest value
of each; then only the bins that hold the wanted ranks are grouped by value. The result is exact whatever
the bins are, because bins whose values overlap are read together. Nothing is sorted in the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.typing import FloatArray, IntArray

_PER_OCTAVE: Final = 16
_MIDDLE: Final = 100_000
_MOST_RUNS: Final = 32
_BIN: Final = "evergreen_bin"
_VALUE: Final = "evergreen_value"


def order_statistics_of_array(values: np.ndarray[Any, Any], ranks: Sequence[int]) -> FloatArray:
    """Return the values at 1-based ranks of an array.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Numbers without missing values.
    ranks : sequence of int, shape (k,)
        Each from 1 (least) to n (greatest).

    Returns
    -------
    ndarray of float64, shape (k,)
        The values at these ranks.

    Raises
    ------
    InvalidInputError
        If a rank lies outside 1 to n.

    Examples
    --------
    >>> order_statistics_of_array(np.array([30, 10, 20]), [1, 3])
    array([10., 30.])
    """
    wanted = check_ranks(ranks, len(values))
    if not len(wanted):
        return np.zeros(0)
    return np.partition(values, np.unique(wanted - 1))[wanted - 1].astype(np.float64)


def order_statistics_of_frame(frame: nw.LazyFrame[Any], column: str, ranks: Sequence[int]) -> FloatArray:
    """Return the values at 1-based ranks of a column of a lazy frame, by two queries with small results.

    Parameters
    ----------
    frame : narwhals LazyFrame
        The rows.
    column : str
        A numeric column without missing values.
    ranks : sequence of int, shape (k,)
        Each from 1 (least) to the number of rows (greatest).

    Returns
    -------
    ndarray of float64, shape (k,)
        The values at these ranks.

    Raises
    ------
    InvalidInputError
        If a rank lies outside 1 to the number of rows.
    """
    values = frame.select(nw.col(column).cast(nw.Float64).alias(_VALUE))
    value = nw.col(_VALUE)
    binned = values.with_columns(_bins(value).alias(_BIN)).with_columns(value.alias("low"), value.alias("high"))
    found = binned.group_by(_BIN).agg(nw.len().alias("rows"), nw.col("low").min(), nw.col("high").max()).collect()
    low, high, rows = (found.get_column(name).to_numpy() for name in ("low", "high", "rows"))
    wanted = check_ranks(ranks, int(rows.sum()))
    if not len(wanted):
        return np.zeros(0)
    low, high, rows = _merged(low, high, rows.astype(np.int64))
    upto = np.cumsum(rows)
    group = np.searchsorted(upto, wanted, side="left")
    taken, intervals = _to_read(np.unique(group))
    inside = [(value >= float(low[one])) & (value <= float(high[other])) for one, other in intervals]
    few = values.filter(reduce(or_, inside)).group_by(_VALUE).agg(nw.len().alias("rows")).collect()
    return _read_off(few, wanted - (upto - rows)[group], np.searchsorted(taken, group), rows[taken])


def check_ranks(ranks: Sequence[int], rows: int) -> IntArray:
    """Return ranks as an array, refusing those outside 1 to the number of rows."""
    wanted = np.asarray(ranks, np.int64)
    if len(wanted) and (wanted.min() < 1 or wanted.max() > rows):
        raise InvalidInputError(f"Ranks must lie between 1 and {rows:,}, got {wanted.min():,} to {wanted.max():,}.")
    return wanted


def _bins(value: nw.Expr) -> nw.Expr:
    """Return whole numbers that rise with the value: a fixed number of bins per doubling, both signs."""
    size = nw.when(value != 0).then(value.abs()).otherwise(nw.lit(1.0))
    step = (size.log(2.0) * _PER_OCTAVE).floor().cast(nw.Int64) + _MIDDLE
    below = nw.when(value < 0).then(nw.lit(0) - step).otherwise(nw.lit(0))
    return nw.when(value > 0).then(step).otherwise(below)


def _merged(low: FloatArray, high: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return bins in order, those that overlap made one."""
    order = np.argsort(low, kind="stable")
    low, high, rows = low[order], high[order], rows[order]
    reach = np.maximum.accumulate(high)
    start = np.flatnonzero(np.concatenate(([True], low[1:] > reach[:-1])))
    return low[start], np.maximum.reduceat(high, start), np.add.reduceat(rows, start)


def _to_read(bins: IntArray) -> tuple[IntArray, list[tuple[int, int]]]:
    """Return the bins to read, and runs of neighbors among them as (first, last); one run if they are many."""
    stop = np.flatnonzero(np.diff(bins, append=bins[-1] + 2) != 1)
    if len(stop) > _MOST_RUNS:
        return np.arange(bins[0], bins[-1] + 1), [(int(bins[0]), int(bins[-1]))]
    start = np.concatenate(([0], stop[:-1] + 1))
    return bins, [(int(bins[one]), int(bins[other])) for one, other in zip(start, stop, strict=True)]


def _read_off(few: nw.DataFrame[Any], within: IntArray, at: IntArray, sizes: IntArray) -> FloatArray:
    """Return the values at ranks ``within`` the chosen bins ``at``, of which each has its size."""
    value, rows = few.get_column(_VALUE).to_numpy(), few.get_column("rows").to_numpy().astype(np.int64)
    order = np.argsort(value)
    rank = within + (np.cumsum(sizes) - sizes)[at]
    return value[order][np.searchsorted(np.cumsum(rows[order]), rank, side="left")]
