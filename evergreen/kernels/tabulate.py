"""Smooth functions of a customer's age, evaluated at few ages and interpolated at all.

What costs much (a mean over a distribution, for a heavy buyer, over a long horizon) depends on the number of
purchases and on the age alone, and is analytic in the logarithm of the age plus a scale. So it is computed at
the Chebyshev points of fixed panels and interpolated. The panels depend on the scale only, never on who else is
in the batch: a customer's score is the same to the last bit, alone or among millions. Other axes than the age serve
as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from evergreen.typing import FloatArray, IntArray

_POINTS: Final = 18  # with panels of width 1 in log age the error is below 1e-14 (strip of half-width pi/2)
_BLOCK: Final = 32_768  # rows at a time, so that they stay in the cache
_ANGLES: Final = (np.arange(_POINTS) + 0.5) * np.pi / _POINTS
_NODES: Final = np.cos(_ANGLES)  # on [-1, 1]
_TO_COEFFICIENTS: Final = (2 / _POINTS) * np.cos(np.outer(np.arange(_POINTS), _ANGLES))
_TO_COEFFICIENTS[0] /= 2


class Panels:
    """Customers sorted into the cells (number of purchases, panel) that a table has to cover.

    Parameters
    ----------
    count : ndarray of int64, shape (n,)
        The whole number of each customer.
    depth : ndarray of float64, shape (n,)
        Where each customer lies on the axis that is cut into panels of width 1, at least 0.

    Examples
    --------
    >>> panels = Panels(np.array([1, 3]), np.array([0.0, 2.5]))
    >>> panels.interpolated(lambda x, depth: x * np.exp(depth)).round(6)
    array([ 1.      , 36.547482])
    """

    def __init__(self, count: IntArray, depth: FloatArray) -> None:
        panel = depth.astype(np.int64)
        width = int(panel.max(initial=0)) + 1
        cells, position = _distinct(count * width + panel, (int(count.max(initial=0)) + 1) * width)
        self._counts, self._panels = np.divmod(cells, width)
        self._position = position
        self._place = np.asarray(2 * (depth - panel) - 1, np.float64)

    def interpolated(self, function: Callable[[int, FloatArray], FloatArray]) -> FloatArray:
        """Return one or several functions of (count, depth) for all customers.

        Parameters
        ----------
        function : callable
            ``function(x, depths)`` for one whole number x and an array of depths, shape (m,) to (m,), or to (q, m) for
            q functions; analytic within a distance of pi/2 from the axis.

        Returns
        -------
        ndarray of float64, shape (n,) or (q, n)
            The functions' values, to about 1e-14 of what they are nearby.
        """
        counts = np.unique(self._counts)
        if not len(counts):
            return function(0, np.zeros(0))
        lines = []
        for x in counts:
            depths = self._panels[self._counts == x, None] + 0.5 * (1 + _NODES)
            values = function(int(x), depths.ravel())
            lines.append(_coefficients(values.reshape(*values.shape[:-1], *depths.shape)))
        table = np.concatenate(lines, axis=-2)
        each = [_clenshaw(one, self._position, self._place) for one in table.reshape(-1, *table.shape[-2:])]
        return np.array(each).reshape(*table.shape[:-2], len(self._place))


class AgePanels(Panels):
    """Customers sorted into cells by the number of purchases and the logarithm of the age plus a scale.

    Parameters
    ----------
    count : ndarray of int64, shape (n,)
        The whole number of each customer.
    age : ndarray of float64, shape (n,)
        The age of each customer, at least 0.
    scale : float
        The positive scale of the age.

    Examples
    --------
    >>> panels = AgePanels(np.array([1, 3]), np.array([0.0, 4.0]), 2.0)
    >>> panels.interpolated(lambda x, age: x / (2.0 + age))
    array([0.5, 0.5])
    """

    def __init__(self, count: IntArray, age: FloatArray, scale: float) -> None:
        super().__init__(count, np.log1p(age / scale))
        self._scale = scale

    def interpolated(self, function: Callable[[int, FloatArray], FloatArray]) -> FloatArray:
        """Return one or several functions of (count, age) for all customers.

        Parameters
        ----------
        function : callable
            ``function(x, ages)`` as in :meth:`Panels.interpolated`; analytic in ``log(scale + age)``.

        Returns
        -------
        ndarray of float64, shape (n,) or (q, n)
            The functions' values, to about 1e-14 of what they are nearby.
        """
        return super().interpolated(lambda x, depth: function(x, self._scale * np.expm1(depth)))


def _coefficients(values: FloatArray) -> FloatArray:
    """Return the Chebyshev coefficients of each line; row by row, so that no line depends on its neighbors."""
    return np.asarray((values[..., None, :] * _TO_COEFFICIENTS).sum(axis=-1))


def _distinct(cell: IntArray, span: int) -> tuple[IntArray, IntArray]:
    """Return the distinct cells and each row's position among them, without a sort where the span is small."""
    if span > 4 * len(cell) + 1024:
        cells, position = np.unique(cell, return_inverse=True)
        return cells, position
    present = np.zeros(span, np.bool_)
    present[cell] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[cell]


def _clenshaw(table: FloatArray, position: IntArray, s: FloatArray) -> FloatArray:
    """Sum the Chebyshev series of each row's table line at its place s in [-1, 1], a block of rows at a time."""
    columns = np.ascontiguousarray(table.T)
    total = np.empty_like(s)
    for start in range(0, len(s), _BLOCK):
        line, place = position[start : start + _BLOCK], s[start : start + _BLOCK]
        double = 2 * place
        later, latest = np.zeros_like(place), np.zeros_like(place)
        for column in columns[:0:-1]:
            term = column.take(line)
            term += double * later
            term -= latest
            later, latest = term, later
        total[start : start + _BLOCK] = columns[0].take(line) + place * later - latest
    return total
