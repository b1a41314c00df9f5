r"""Opportunities without a purchase, in the BG/BB: the customer has left, or it is chance.

The likelihood of a history sums over when a silent customer may have left. It is not summed customer by customer.
Of those who have bought x times and are there after k opportunities without a purchase, let

- ``gone`` be the share that leaves before the next purchase, within a window of opportunities, and
- ``there`` the share that does not: it buys before, or sits the window out.

Both follow from one opportunity to the one before it,

.. math:: gone_k = leave_k + quiet_k\, gone_{k+1}, \qquad there_k = buy_k + quiet_k\, there_{k+1},

and all terms are positive. With :math:`A_k` the probability to be there and silent until k, a customer who was last
seen at k and is observed until m has the likelihood :math:`A_k\, gone_k + A_m\, there_m`, whatever the window. So
one table for each x serves all customers, whenever they bought last and however long they are observed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from scipy.linalg import solve_banded

from evergreen.kernels.special import softplus_and_expit
from evergreen.typing import FloatArray, IntArray

Parameters = tuple[float, float, float, float]

_CELLS: Final = 1 << 15  # of a table at a time, so that it stays in the cache
_I, _J = np.triu_indices(4)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Customers whose numbers of purchases share one table.

    The table has a row for each number of purchases and a column for 0, 1, ..., ``width`` opportunities without one.

    Attributes
    ----------
    x : ndarray of int64, shape (rows,)
        Distinct numbers of purchases.
    width : int
        The window: more opportunities without a purchase than any of the customers has had.
    histories : ndarray of int64, shape (n,)
        Which of the given histories these are.
    at_last, at_end : ndarray of int64, shape (n,)
        Their cells in the flattened table, at t_x and at T.
    """

    x: IntArray
    width: int
    histories: IntArray
    at_last: IntArray
    at_end: IntArray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the table."""
        return len(self.x), self.width + 1


def blocks(x: IntArray, t_x: FloatArray, T: FloatArray, width: int | None = None) -> Iterator[Block]:
    """Yield the histories by number of purchases, as many numbers at a time as a table has room for.

    Parameters
    ----------
    x : ndarray of int64, shape (n,)
        Purchases after the first.
    t_x, T : ndarray of float64, shape (n,)
        Opportunity of the last of them, and number of opportunities: whole, ``x <= t_x <= T``.
    width : int, optional
        The window of all blocks; each its own by default.

    Yields
    ------
    Block
    """
    distinct, place = np.unique(x, return_inverse=True)
    last, end = (np.rint(time).astype(np.int64) - x for time in (t_x, T))
    longest = int(end.max(initial=0)) + 1 if width is None else width
    room = max(1, _CELLS // (longest + 1))
    order = np.argsort(place, kind="stable")
    bounds = np.searchsorted(place[order], np.arange(0, len(distinct) + room, room))
    for first, (start, stop) in zip(range(0, len(distinct), room), pairwise(bounds.tolist()), strict=True):
        chosen = order[start:stop]
        columns = 1 + (int(end[chosen].max()) + 1 if width is None else width)
        row = (place[chosen] - first) * columns
        yield Block(distinct[first : first + room], columns - 1, chosen, row + last[chosen], row + end[chosen])


def log_p_there(parameters: Parameters, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Return the logarithm of the probability that a customer was there at T, the last opportunity observed.

    Parameters
    ----------
    parameters : (alpha, beta, gamma, delta)
    x, t_x, T : ndarray, shape (n,)
        As for :func:`blocks`.

    Returns
    -------
    ndarray of float64, shape (n,)
        The windows depend on a customer's own silence alone, so that no bit depends on who else is there.
    """
    found = np.empty(len(x))
    window = 2 ** np.ceil(np.log2(T - x + 2)).astype(np.int64)
    for width in np.unique(window).tolist():
        rows = np.flatnonzero(window == width)
        for block in blocks(x[rows], t_x[rows], T[rows], width):
            leave, buy, quiet = _chances(parameters, block)
            gone = _backwards(quiet, leave, last=0.0, shape=block.shape)
            there = _backwards(quiet, buy, last=1.0, shape=block.shape)
            path = _path(parameters, block)
            left = np.log(gone[block.at_last]) + (path[block.at_last] - path[block.at_end])
            found[rows[block.histories]] = -np.logaddexp(np.log(there[block.at_end]), left)
    return np.where(t_x == T, 0.0, np.minimum(found, 0.0))  # who has just bought was there


class _Table(NamedTuple):
    """A function in every cell, with derivatives in the four parameters."""

    value: FloatArray
    """Shape (cells,)."""
    first: FloatArray
    """Shape (4, cells)."""
    second: FloatArray
    """The upper triangle of the second derivatives, shape (10, cells)."""


def silence_likelihood(parameters: Parameters, block: Block, count: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Return the log-likelihood of the opportunities without a purchase, given those with one.

    Parameters
    ----------
    parameters : (alpha, beta, gamma, delta)
        Above 0.
    block : Block
        The histories.
    count : ndarray of float64, shape (n,)
        Customers with each.

    Returns
    -------
    value : float
    gradient : ndarray, shape (4,)
        With respect to alpha, beta, gamma, delta.
    hessian : ndarray, shape (4, 4)
    """
    leave, buy, quiet = _chances(parameters, block)
    leave_slope, buy_slope, quiet_slope = _slopes(parameters, block)
    path = _Table(_path(parameters, block), *(_before(part, block.shape) for part in quiet_slope))
    gone, there = (
        _Table(*(part + along for part, along in zip(share, path, strict=True)))
        for share in (
            _log_share(leave, leave_slope, quiet, quiet_slope, last=0.0, shape=block.shape),
            _log_share(buy, buy_slope, quiet, quiet_slope, last=1.0, shape=block.shape),
        )
    )
    at_last, at_end, cells = block.at_last, block.at_end, len(quiet)
    softplus, left = softplus_and_expit(gone.value[at_last] - there.value[at_end])
    in_gone, in_there = np.bincount(at_last, count * left, cells), np.bincount(at_end, count * (1 - left), cells)
    apart = gone.first[:, at_last] - there.first[:, at_end]
    upper = gone.second @ in_gone + there.second @ in_there + (apart[_I] * apart[_J]) @ (count * left * (1 - left))
    hessian = np.empty((4, 4))
    hessian[_I, _J] = hessian[_J, _I] = upper
    value = float(count @ (there.value[at_end] + softplus))
    return value, gone.first @ in_gone + there.first @ in_there, hessian


def _updated(parameters: Parameters, block: Block) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return alpha, beta and delta of who is there, in every cell."""
    alpha, beta, _, delta = parameters
    x, silent = block.x[:, None], np.arange(block.width + 1.0)
    a, b, d = np.broadcast_arrays(alpha + x, beta + silent, delta + (x + silent))
    return a.ravel(), b.ravel(), d.ravel()


def _chances(parameters: Parameters, block: Block) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the probability to leave, to buy, and to stay silent at the next opportunity, in every cell."""
    gamma = parameters[2]
    a, b, d = _updated(parameters, block)
    stay, all_ = d / (gamma + d), a + b
    return gamma / (gamma + d), stay * (a / all_), stay * (b / all_)


def _slopes(parameters: Parameters, block: Block) -> tuple[tuple[FloatArray, FloatArray], ...]:
    """Return the derivatives of the logarithms of the chances: the first, and the second's upper triangle."""
    gamma = parameters[2]
    a, b, d = _updated(parameters, block)
    u, w = 1 / (a + b), 1 / (gamma + d)
    o, u2, w2 = np.zeros_like(d), u**2, w**2
    in_d, in_dd = gamma * w / d, w2 - 1 / d**2
    leave = [o, o, d * w / gamma, -w], [o, o, o, o, o, o, o, w2 - 1 / gamma**2, w2, w2]
    buy = [b * u / a, -u, -w, in_d], [u2 - 1 / a**2, u2, o, o, u2, o, o, w2, w2, in_dd]
    quiet = [-u, a * u / b, -w, in_d], [u2, u2, o, o, u2 - 1 / b**2, o, o, w2, w2, in_dd]
    return tuple((np.stack(first), np.stack(second)) for first, second in (leave, buy, quiet))


def _path(parameters: Parameters, block: Block) -> FloatArray:
    """Return the logarithm of the probability to be there and silent from the first column on."""
    a, b, d = _updated(parameters, block)
    return _before(-np.log1p(a / b) - np.log1p(parameters[2] / d), block.shape)


def _before(steps: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Return the sums of the cells of a row that come before each."""
    along = steps.reshape(*steps.shape[:-1], *shape)
    sums = np.zeros_like(along)
    np.cumsum(along[..., :-1], axis=-1, out=sums[..., 1:])
    return sums.reshape(steps.shape)


def _log_share(
    source: FloatArray,
    source_slope: tuple[FloatArray, FloatArray],
    quiet: FloatArray,
    quiet_slope: tuple[FloatArray, FloatArray],
    *,
    last: float,
    shape: tuple[int, int],
) -> _Table:
    """Return the logarithm of share = source + quiet next(share), a share of ``last`` being left at the window's end.

    Its derivatives solve the same equations, with what the derivatives of source and quiet bring as sources.
    """
    (f1, f2), (q1, q2) = source_slope, quiet_slope
    share = _backwards(quiet, source, last=last, shape=shape)
    stays = quiet * _next(share)
    first = _backwards(quiet, source * f1 + stays * q1, last=0.0, shape=shape)
    later = quiet * _next(first)
    brought = source * (f2 + f1[_I] * f1[_J]) + stays * (q2 + q1[_I] * q1[_J])
    brought += q1[_I] * later[_J] + q1[_J] * later[_I]
    second = _backwards(quiet, brought, last=0.0, shape=shape)
    share.reshape(shape)[:, -1] = 1.0  # nobody is in the last column, where it may be 0
    slope = first / share
    return _Table(np.log(share), slope, second / share - slope[_I] * slope[_J])


def _backwards(quiet: FloatArray, source: FloatArray, *, last: float, shape: tuple[int, int]) -> FloatArray:
    """Solve share = source + quiet next(share) along every row, from its last column back: a bidiagonal system."""
    step, known = -quiet.reshape(shape), source.reshape(*source.shape[:-1], *shape).copy()
    step[:, -1] = 0.0
    known[..., -1] = last
    bands = np.stack((np.roll(step.ravel(), 1), np.ones(quiet.size)))
    return np.asarray(solve_banded((0, 1), bands, known.reshape(source.shape).T, check_finite=False)).T


def _next(share: FloatArray) -> FloatArray:
    """Return what stands in the next column; in the last column it does not matter."""
    return np.roll(share, -1, axis=-1)
