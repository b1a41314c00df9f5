"""Distinct rows of a few columns, with their counts: the arithmetic behind the waist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from evergreen.typing import IntArray

_Column = npt.NDArray[Any]
_FEW = 16
_DENSE = 4  # integers that span at most this many times the rows are their own codes, without a sort


def distinct_rows(columns: Sequence[_Column], counts: IntArray | None = None) -> tuple[list[_Column], IntArray]:
    """Return the distinct rows of parallel columns and how often each occurs.

    Parameters
    ----------
    columns : sequence of ndarray, each of shape (n,)
        Integer or float columns without missing values.
    counts : ndarray of int64, shape (n,), optional
        How many times each row stands for; once by default.

    Returns
    -------
    distinct : list of ndarray, each of shape (m,)
        The distinct rows in lexicographic order, bit for bit as given.
    count : ndarray of int64, shape (m,)
        The number of times each of them occurs.

    Examples
    --------
    >>> distinct, count = distinct_rows([np.array([2, 1, 2]), np.array([0.5, 0.5, 0.5])])
    >>> distinct, count
    ([array([1, 2]), array([0.5, 0.5])], array([1, 2]))
    """
    if len(columns[0]) == 0:
        return [column.copy() for column in columns], np.zeros(0, np.int64)
    codes, values = zip(*(_codes(column) for column in columns), strict=True)
    key, spans = _packed(codes)
    if counts is None:
        key = np.sort(key)
        start = _run_starts(key)
        count = np.diff(start, append=len(key))
    else:
        order = np.argsort(key, kind="stable")
        key = key[order]
        start = _run_starts(key)
        count = np.add.reduceat(counts[order], start)
    return _unpacked(key[start], spans, values), count


def levels(column: _Column) -> tuple[_Column, IntArray]:
    """Return the distinct values of a column in order, and the position of each row's value among them.

    Parameters
    ----------
    column : ndarray, shape (n,)
        Without missing values.

    Returns
    -------
    values : ndarray, shape (m,)
    position : ndarray of int64, shape (n,)

    Examples
    --------
    >>> levels(np.array([0.5, 2.0, 0.5]))
    (array([0.5, 2. ]), array([0, 1, 0]))
    """
    values = np.unique(column)
    if len(values) * _FEW < len(column):  # a search in a short table beats the sort that gives all positions
        return values, np.searchsorted(values, column)
    values, position = np.unique(column, return_inverse=True)
    return values, position.astype(np.int64, copy=False)


def _codes(column: _Column) -> tuple[IntArray, _Column | int]:
    """Return whole-number codes from 0 on, with what turns them back: a table, or the integer at code 0."""
    if column.dtype.kind in "iu":
        low, high = int(column.min()), int(column.max())
        if high - low < _DENSE * len(column):
            return column.astype(np.int64) - low, low
    table, codes = levels(column)
    return codes, table


def _packed(codes: Sequence[IntArray]) -> tuple[IntArray, list[int]]:
    """Return one integer a row that orders like the row, with the span of each column's codes."""
    spans = [int(code.max()) + 1 for code in codes]
    key, span = codes[0], spans[0]
    for code, width in zip(codes[1:], spans[1:], strict=True):
        if span * width >= 2**63:
            raise OverflowError(f"{len(code):,} rows hold too many distinct values to be packed into 63 bits.")
        key, span = key * width + code, span * width
    return key, spans


def _run_starts(key: IntArray) -> IntArray:
    return np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))


def _unpacked(key: IntArray, spans: Sequence[int], values: Sequence[_Column | int]) -> list[_Column]:
    columns: list[_Column] = []
    for width, value in zip(reversed(spans), reversed(values), strict=True):
        key, code = np.divmod(key, width)
        columns.append(value[code] if isinstance(value, np.ndarray) else code + value)
    return columns[::-1]
