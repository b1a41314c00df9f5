"""Distinct rows of a few columns, with their counts: the arithmetic behind the waist."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from evergreen.typing import FloatArray, IntArray

_Column = npt.NDArray[Any]
_FEW = 16
_ROOM = 2**63
_EXACT = 2**53  # floats below are whole numbers without gaps


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
        The distinct rows in lexicographic order, with the values and types that were given.
    count : ndarray of int64, shape (m,)
        The number of times each of them occurs.

    Raises
    ------
    OverflowError
        If the columns hold more combinations of values than an integer can number.

    Examples
    --------
    >>> distinct, count = distinct_rows([np.array([2, 1, 2]), np.array([0.5, 0.5, 0.5])])
    >>> distinct, count
    ([array([1, 2]), array([0.5, 0.5])], array([1, 2]))
    """
    if len(columns[0]) == 0:
        return [column.copy() for column in columns], np.zeros(0, np.int64)
    key, coded = _keys(columns)
    if counts is None:
        key = np.sort(key)
        start = _run_starts(key)
        count = np.diff(start, append=len(key))
    else:
        order = np.argsort(key, kind="stable")
        key = key[order]
        start = _run_starts(key)
        count = np.add.reduceat(counts[order], start)
    return _unpacked(key[start], coded), count


def distinct_sums(
    columns: Sequence[_Column], weights: Sequence[FloatArray]
) -> tuple[list[_Column], IntArray, list[FloatArray]]:
    """Return the distinct rows of parallel columns, how often each occurs, and what weights add up to.

    Parameters
    ----------
    columns : sequence of ndarray, each of shape (n,)
        Integer or float columns without missing values.
    weights : sequence of ndarray of float64, each of shape (n,)
        What is added up over equal rows.

    Returns
    -------
    distinct : list of ndarray, each of shape (m,)
        As from :func:`distinct_rows`.
    count : ndarray of int64, shape (m,)
    sums : list of ndarray of float64, each of shape (m,)

    Examples
    --------
    >>> distinct_sums([np.array([2, 1, 2])], [np.array([0.5, 1.0, 0.25])])
    ([array([1, 2])], array([1, 2]), [array([1.  , 0.75])])
    """
    if len(columns[0]) == 0:
        return [column.copy() for column in columns], np.zeros(0, np.int64), [weight.copy() for weight in weights]
    key, coded = _keys(columns)
    order = np.argsort(key, kind="stable")
    key = key[order]
    start = _run_starts(key)
    sums = [np.asarray(np.add.reduceat(weight[order], start), np.float64) for weight in weights]
    return _unpacked(key[start], coded), np.diff(start, append=len(key)), sums


def places_of_distinct(columns: Sequence[_Column]) -> tuple[IntArray, IntArray]:
    """Return where each distinct row of parallel columns stands, and which of them each row is.

    Parameters
    ----------
    columns : sequence of ndarray, each of shape (n,)
        Columns that can be sorted, without missing values.

    Returns
    -------
    place : ndarray of int64, shape (m,)
        A row of each kind, in lexicographic order.
    which : ndarray of int64, shape (n,)
        Index into the kinds.

    Examples
    --------
    >>> places_of_distinct([np.array([2, 1, 2]), np.array([0.5, 0.5, 0.5])])
    (array([1, 0]), array([1, 0, 1]))
    """
    order = np.lexsort(columns[::-1])
    fresh = np.zeros(len(order), np.bool_)
    fresh[:1] = True
    for column in columns:
        ordered = column[order]
        fresh[1:] |= ordered[1:] != ordered[:-1]
    which = np.empty(len(order), np.int64)
    which[order] = np.cumsum(fresh) - 1
    return order[fresh], which


def sums_by_level(column: _Column, *weights: FloatArray) -> tuple[_Column, ...]:
    """Return the distinct values of a column and the sum of each weight over their rows.

    Parameters
    ----------
    column : ndarray, shape (n,)
        Without missing values.
    *weights : ndarray of float64, shape (n,)
        What is added up.

    Returns
    -------
    values : ndarray, shape (m,)
        The distinct values in order; where hardly two rows are equal the column as it is, which sums up to the same.
    *sums : ndarray of float64, shape (m,)

    Examples
    --------
    >>> sums_by_level(np.array([0.5, 2.0, 0.5, 0.5]), np.array([1.0, 2.0, 3.0, 4.0]))
    (array([0.5, 2. ]), array([8., 2.]))
    """
    values = np.unique(column)
    if 2 * len(values) > len(column):
        return column, *weights
    position = _positions(values, column)
    return values, *(np.asarray(np.bincount(position, weight), np.float64) for weight in weights)


def weights_of(count: IntArray | None, rows: int) -> FloatArray:
    """Return how many customers each row stands for, as floats.

    Parameters
    ----------
    count : ndarray of int64, shape (n,), or None
        None for one each.
    rows : int
        Number of rows n.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> weights_of(None, 2)
    array([1., 1.])
    """
    return np.ones(rows) if count is None else count.astype(np.float64)


def places_and_sums(values: FloatArray | IntArray, *weights: FloatArray) -> tuple[IntArray, list[FloatArray]]:
    """Return each row's position among the distinct values, and the sum of each weight at each of them.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Without missing values.
    *weights : ndarray of float64, shape (n,)
        What is added up.

    Returns
    -------
    position : ndarray of int64, shape (n,)
        0 for the least value.
    sums : list of ndarray of float64, each of shape (m,)

    Examples
    --------
    >>> places_and_sums(np.array([0.5, 2.0, 0.5]), np.array([1.0, 2.0, 3.0]))
    (array([0, 1, 0]), [array([4., 2.])])
    """
    levels, position = np.unique(values, return_inverse=True)
    sums = [np.asarray(np.bincount(position, weight, len(levels)), np.float64) for weight in weights]
    return position.astype(np.int64, copy=False), sums


class _Coded(NamedTuple):
    """A column as whole numbers from 0 to below ``span``, with what turns them back."""

    code: IntArray
    span: int
    values: _Column | int  # a table, or the number at code 0
    dtype: np.dtype[Any]


def _keys(columns: Sequence[_Column]) -> tuple[IntArray, list[_Coded]]:
    """Return one whole number for each row that orders like it, and what turns it back."""
    coded = [_shifted(column) or _ranked(column) for column in columns]
    if _span(coded) >= _ROOM:
        coded = [_ranked(column) for column in columns]
    return _packed(coded), coded


def _shifted(column: _Column) -> _Coded | None:
    """Return whole numbers, of whatever type, as their own codes."""
    low, high = column.min(), column.max()
    if column.dtype.kind == "f" and not (low > -_EXACT and high < _EXACT and bool((column == np.rint(column)).all())):
        return None
    span = int(high) - int(low) + 1
    return None if span >= _ROOM else _Coded(column.astype(np.int64) - int(low), span, int(low), column.dtype)


def _ranked(column: _Column) -> _Coded:
    """Return the ranks of a column's values as codes: as few as there can be, at the cost of a sort."""
    values = np.unique(column)
    return _Coded(_positions(values, column), len(values), values, column.dtype)


def _positions(values: _Column, column: _Column) -> IntArray:
    """Return the position of each row's value among the distinct values."""
    if len(values) * _FEW < len(column):  # a search in a short table beats the sort that gives all positions
        return np.searchsorted(values, column)
    return np.unique(column, return_inverse=True)[1].astype(np.int64, copy=False)


def _span(coded: Sequence[_Coded]) -> int:
    return prod(column.span for column in coded)


def _packed(coded: Sequence[_Coded]) -> IntArray:
    """Return one integer a row that orders like the row."""
    if _span(coded) >= _ROOM:
        raise OverflowError(f"{len(coded[0].code):,} rows hold too many distinct values to be packed into 63 bits.")
    key = coded[0].code
    for column in coded[1:]:
        key = key * column.span + column.code
    return key


def _run_starts(key: IntArray) -> IntArray:
    return np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))


def _unpacked(key: IntArray, coded: Sequence[_Coded]) -> list[_Column]:
    columns: list[_Column] = []
    for _, span, values, dtype in reversed(coded):
        key, code = np.divmod(key, span)
        columns.append(values[code] if isinstance(values, np.ndarray) else (code + values).astype(dtype, copy=False))
    return columns[::-1]
