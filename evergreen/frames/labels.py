"""Finding the place of each row's combination of whole scores in a list of combinations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.typing import IntArray


def places_of(columns: Sequence[str], given: Sequence[np.ndarray[Any, Any]], keys: IntArray) -> IntArray:
    """Return for each row the place of its combination among the keys.

    Parameters
    ----------
    columns : sequence of str, shape (k,)
        Names of the columns, for the message.
    given : sequence of ndarray of int64, each of shape (n,)
        The columns.
    keys : ndarray of int64, shape (m, k)
        The combinations.

    Returns
    -------
    ndarray of int64, shape (n,)
        Rows of ``keys``.

    Raises
    ------
    InvalidInputError
        If a combination is not among the keys.

    Examples
    --------
    >>> places_of(["r"], [np.array([5, 1, 5])], np.array([[1], [5]]))
    array([1, 0, 1])
    """
    low, high = keys.min(axis=0), keys.max(axis=0)
    spans = high - low + 1
    table = np.full(int(np.prod(spans)), -1, np.int64)
    table[np.ravel_multi_index(tuple((keys - low).T), tuple(spans))] = np.arange(len(keys))
    inside = np.ones(len(given[0]), np.bool_)
    for column, least, most in zip(given, low, high, strict=True):
        inside &= (column >= least) & (column <= most)
    at = tuple(np.where(inside, column - least, 0) for column, least in zip(given, low, strict=True))
    places = np.where(inside, table[np.ravel_multi_index(at, tuple(spans))], -1)
    if (places < 0).any():
        row = int(np.argmin(places))
        raise InvalidInputError.rows(
            f"No label for a combination of {', '.join(columns)}",
            int((places < 0).sum()),
            len(places),
            example=tuple(int(column[row]) for column in given),
            todo="Name every combination that can occur.",
        )
    return places
