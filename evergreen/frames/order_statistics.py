"""Exact order statistics of a column: in memory by a sort, in an engine by two small group-bys.

In an engine, values are first counted in coarse bins (logarithmic), with the least and the greatest value
of each; then only the bins that hold the wanted ranks are grouped by value. The result is exact whatever
the bins are, because bins whose values overlap are read together. Nothing is sorted in the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.typing import FloatArray, IntArray

_PER_OCTAVE: Final = 16
_MIDDLE: Final = 100_000
_MOST_RUNS: Final = 32
_BIN: Final = "evergreen_bin"
_VALUE: Final = "evergreen_value"
_CELL: Final = "evergreen_cell"

Ranks: TypeAlias = Callable[[int], Sequence[int]]
"""The ranks wanted of so many rows."""


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
    # numpy sorts by vector instructions: on such machines several times as fast as one partition by all ranks
    return np.sort(values)[wanted - 1].astype(np.float64)


def order_statistics_of_arrays(cells: IntArray, values: np.ndarray[Any, Any], ranks: Ranks) -> dict[int, FloatArray]:
    """Return the values at 1-based ranks within each cell of an array.

    Parameters
    ----------
    cells : ndarray of int64, shape (n,)
        The cell of each row.
    values : ndarray, shape (n,)
        Numbers without missing values.
    ranks : callable
        The ranks wanted in a cell of so many rows.

    Returns
    -------
    dict of int to ndarray of float64
        For each cell that has rows.

    Examples
    --------
    >>> order_statistics_of_arrays(np.array([1, 2, 1]), np.array([30, 10, 20]), lambda rows: [rows])
    {1: array([30.]), 2: array([10.])}
    """
    order = np.argsort(cells, kind="stable")
    names, start = np.unique(cells[order], return_index=True)
    parts = np.split(values[order], start[1:])
    return {
        int(name): order_statistics_of_array(part, ranks(len(part))) for name, part in zip(names, parts, strict=True)
    }


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
    found = order_statistics_of_cells(frame, None, column, lambda _: ranks)
    return found[0] if found else order_statistics_of_array(np.zeros(0), ranks)


def order_statistics_of_cells(
    frame: nw.LazyFrame[Any], by: str | None, column: str, ranks: Ranks
) -> dict[int, FloatArray]:
    """Return the values at 1-based ranks within each cell of a lazy frame, by two queries with small results.

    Parameters
    ----------
    frame : narwhals LazyFrame
        The rows.
    by : str or None
        A column of whole numbers, the cells; None for all rows as the cell 0.
    column : str
        A numeric column without missing values.
    ranks : callable
        The ranks wanted in a cell of so many rows.

    Returns
    -------
    dict of int to ndarray of float64
        For each cell that has rows.

    Raises
    ------
    InvalidInputError
        If a rank lies outside 1 to the number of rows of its cell.
    """
    keys = [] if by is None else [_CELL]
    cell = [] if by is None else [nw.col(by).alias(_CELL)]
    value = nw.col(_VALUE)
    values = frame.select(*cell, nw.col(column).cast(nw.Float64).alias(_VALUE))
    binned = values.with_columns(_bins(value).alias(_BIN)).with_columns(value.alias("low"), value.alias("high"))
    counted = binned.group_by(*keys, _BIN).agg(nw.len().alias("rows"), nw.col("low").min(), nw.col("high").max())
    plans = {name: _Plan.of(bins, ranks) for name, bins in _by_cell(counted.collect(), by, ("low", "high", "rows"))}
    wanted = {name: plan for name, plan in plans.items() if len(plan.within)}
    empty = {name: np.zeros(0) for name in plans}
    if not wanted:
        return empty
    inside = [plan.inside(value) if by is None else plan.inside(value, cell=name) for name, plan in wanted.items()]
    few = values.filter(_any(inside)).group_by(*keys, _VALUE).agg(nw.len().alias("rows")).collect()
    return empty | {name: wanted[name].read_off(*column) for name, column in _by_cell(few, by, (_VALUE, "rows"))}


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


class _Plan(NamedTuple):
    """Which bins of a cell to read for the ranks wanted of it."""

    intervals: list[tuple[float, float]]
    """Least and greatest value to read, of each run of bins."""
    within: IntArray
    """Each rank within the bin that holds it."""
    at: IntArray
    """That bin, as a place among those read."""
    sizes: IntArray
    """Rows of each bin read."""

    @classmethod
    def of(cls, bins: Sequence[np.ndarray[Any, Any]], ranks: Ranks) -> _Plan:
        low, high, rows = bins[0], bins[1], bins[2].astype(np.int64)
        wanted = check_ranks(ranks(int(rows.sum())), int(rows.sum()))
        if not len(wanted):
            return cls([], wanted, wanted, wanted)
        low, high, rows = _merged(low, high, rows)
        upto = np.cumsum(rows)
        group = np.searchsorted(upto, wanted, side="left")
        taken, runs = _to_read(np.unique(group))
        intervals = [(float(low[one]), float(high[other])) for one, other in runs]
        return cls(intervals, wanted - (upto - rows)[group], np.searchsorted(taken, group), rows[taken])

    def inside(self, value: nw.Expr, cell: int | None = None) -> nw.Expr:
        """Return whether a value, of one cell alone if there are cells, is to be read."""
        found = _any([(value >= low) & (value <= high) for low, high in self.intervals])
        return found if cell is None else found & (nw.col(_CELL) == cell)

    def read_off(self, value: FloatArray, rows: IntArray) -> FloatArray:
        """Return the values at the ranks, from the distinct values read and how often each occurs."""
        order = np.argsort(value)
        rank = self.within + (np.cumsum(self.sizes) - self.sizes)[self.at]
        return value[order][np.searchsorted(np.cumsum(rows[order]), rank, side="left")]


def _by_cell(
    found: nw.DataFrame[Any], by: str | None, names: Sequence[str]
) -> Iterator[tuple[int, list[np.ndarray[Any, Any]]]]:
    """Return the columns of each cell."""
    columns = [found.get_column(name).to_numpy() for name in names]
    cells = np.zeros(len(found), np.int64) if by is None else found.get_column(_CELL).to_numpy()
    for cell in np.unique(cells).tolist():
        rows = cells == cell
        yield cell, [column[rows] for column in columns]


def _any(conditions: Sequence[nw.Expr]) -> nw.Expr:
    """Return whether one of many conditions holds, as a tree that is not deep."""
    half = len(conditions) // 2
    return _any(conditions[:half]) | _any(conditions[half:]) if half else conditions[0]


def _to_read(bins: IntArray) -> tuple[IntArray, list[tuple[int, int]]]:
    """Return the bins to read, and runs of neighbors among them as (first, last); one run if they are many."""
    stop = np.flatnonzero(np.diff(bins, append=bins[-1] + 2) != 1)
    if len(stop) > _MOST_RUNS:
        return np.arange(bins[0], bins[-1] + 1), [(int(bins[0]), int(bins[-1]))]
    start = np.concatenate(([0], stop[:-1] + 1))
    return bins, [(int(bins[one]), int(bins[other])) for one, other in zip(start, stop, strict=True)]
