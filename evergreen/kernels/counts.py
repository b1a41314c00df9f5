"""Quantiles of numbers of purchases, from their probabilities alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from evergreen.typing import FloatArray, IntArray

_BLOCK: Final = 4_096  # probabilities at a time, where few rows are left


def quantiles(
    pmf: Callable[[IntArray, IntArray], FloatArray], rows: int, levels: Sequence[float], *, most: int = 100_000
) -> IntArray:
    """Return the smallest number whose cumulative probability reaches each level, for each row.

    Numbers are walked through from 0 by all rows at once; a row that has reached its highest level is left out from
    there on. So a row costs as many probabilities as its highest quantile is large, whatever the others are.

    Parameters
    ----------
    pmf : callable
        ``pmf(n, row)`` gives the probability of the number n in a row, elementwise over int64 arrays of shape (k,).
    rows : int
        Number of rows; they are numbered from 0.
    levels : sequence of float, length q
        Between 0 and 1, in any order.
    most : int
        Where the walk ends: a quantile beyond is given as this number.

    Returns
    -------
    ndarray of int64, shape (rows, q)

    Examples
    --------
    A geometric number of purchases, after each of which the customer stays with probability 0.5 or 0.9.

    >>> stays = np.array([0.5, 0.9])
    >>> quantiles(lambda n, row: (1 - stays[row]) * stays[row] ** n, 2, [0.5, 0.95])
    array([[ 0,  4],
           [ 6, 28]])
    """
    wanted = np.asarray(levels, np.float64)
    found = np.full((rows, len(wanted)), most)
    active = np.arange(rows)
    reached = np.zeros(rows)
    start = 0
    while len(active) and start < most:
        width = min(max(_BLOCK // len(active), 1), most - start)
        n = np.arange(start, start + width)
        steps = pmf(np.tile(n, len(active)), np.repeat(active, width)).reshape(len(active), width)
        up_to = np.cumsum(np.column_stack((reached, steps)), axis=1)[:, 1:]  # one by one: blocks change no sum
        for column, level in enumerate(wanted):
            enough = up_to >= level
            at = np.where(enough[:, -1], start + enough.argmax(axis=1), most)
            found[active, column] = np.minimum(found[active, column], at)
        reached = up_to[:, -1]
        left = reached < wanted.max()
        active, reached = active[left], reached[left]
        start += width
    return found
