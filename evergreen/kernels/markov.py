r"""Customers who move between states from period to period, as a Markov chain.

``P`` holds in row i the probabilities to be in each state one period later; a customer in state i brings ``R[i]`` at
the beginning of each period, the first one at once; money that comes one period later is worth ``v = 1 / (1 + d)``.
Every function takes one matrix or a stack of them.

What must not cancel is computed by elimination of states, as Grassmann, Taksar and Heyman (1985) do: sums of positive
numbers only, so that a way out that is taken once in 1e200 periods is still a way out.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from evergreen.typing import BoolArray, FloatArray, IntArray


class Reach(NamedTuple):
    """How surely and how soon a set of states is reached; arrays of shape (..., k), by the state at the start."""

    probability: FloatArray
    """Probability to be there ever; 1 for the states of the set."""
    periods: FloatArray
    """Expected number of periods until then; infinite where it is not certain."""
    periods_if_reached: FloatArray
    """The same among customers who get there; nan where nobody does."""


class ClosedClasses(NamedTuple):
    """The sets of states that are never left: where customers end."""

    number: IntArray
    """The closed class of each state, from 0; -1 for states that are left for good sooner or later; shape (k,)."""
    share: FloatArray
    """Share of the time spent in each state by a customer of each class, shape (m, k)."""
    cycle: IntArray
    """Length of the cycle of each class, shape (m,): 1 where shares settle, above where they swing for ever."""
    ends_in: FloatArray
    """Probability that a customer who is in each state ends in each class, shape (k, m)."""


def values(P: FloatArray, R: FloatArray, v: float, periods: float = math.inf) -> FloatArray:
    r"""Return the present value of a customer in each state.

    :math:`V = \sum_{t=0}^{n-1} (vP)^t R`, and without an end :math:`V = (I - vP)^{-1} R` (Pfeifer & Carraway, 2000;
    their horizon T has the rewards 0 to T, which are n = T + 1).

    Parameters
    ----------
    P : ndarray of float64, shape (..., k, k)
        Probabilities, rows add up to 1.
    R : ndarray of float64, shape (k,)
        Reward at the beginning of each period.
    v : float
        Discount factor of a period, in (0, 1]; below 1 without an end.
    periods : float
        How many rewards. A fraction counts that share of one more.

    Returns
    -------
    ndarray of float64, shape (..., k)

    Examples
    --------
    Four states of recency and the former customer, the numbers of the paper:

    >>> p = np.array([0.30, 0.20, 0.15, 0.05])
    >>> P = np.diag(np.append(1 - p, 0.0)[:4], 1)
    >>> P[:4, 0], P[4, 4] = p, 1.0
    >>> values(P, np.array([36.0, -4.0, -4.0, -4.0, 0.0]), 1 / 1.2).round(2)
    array([52.32,  5.55,  1.25, -1.82,  0.  ])
    """
    k = len(R)
    if math.isinf(periods):
        return _solve(np.eye(k) - v * P, R)
    step = np.zeros((*P.shape[:-2], k + 1, k + 1))
    step[..., :k, :k], step[..., :k, k], step[..., k, k] = v * P, R, 1.0
    return _after(step, periods, np.append(R, 0.0), np.eye(k + 1)[k])[..., :k]


def value_slope(
    P: FloatArray, R: FloatArray, v: float, move: tuple[int, int, int], periods: float = math.inf
) -> FloatArray:
    r"""Return how fast the value of each state grows with the probability of a move, at the expense of another one.

    Where :math:`p_{ij}` grows and :math:`p_{ih}` falls by as much,
    :math:`dV/dp_{ij} = v (I - vP)^{-1} e_i (V_j - V_h)`.

    Parameters
    ----------
    P : ndarray of float64, shape (..., k, k)
    R : ndarray of float64, shape (k,)
    v : float
    move : tuple of int
        The states i, j and h.
    periods : float
        As for :func:`values`.

    Returns
    -------
    ndarray of float64, shape (..., k)
        Per unit of probability: a point is a hundredth of it.

    Examples
    --------
    >>> P, R = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([1.0, 5.0])
    >>> more = np.array([[-1e-6, 1e-6], [0.0, 0.0]])
    >>> ((values(P + more, R, 0.9) - values(P, R, 0.9)) / 1e-6).round(2)
    array([73.63, 47.33])
    >>> value_slope(P, R, 0.9, (0, 1, 0)).round(2)
    array([73.63, 47.33])
    """
    k = len(R)
    i, j, h = move
    if math.isinf(periods):
        V = values(P, R, v)
        column = _solve(np.eye(k) - v * P, np.eye(k)[i])
        return v * column * (V[..., j] - V[..., h])[..., None]
    step = np.zeros((*P.shape[:-2], 2 * k + 1, 2 * k + 1))
    step[..., :k, :k] = step[..., k:-1, k:-1] = v * P
    step[..., k:-1, -1], step[..., -1, -1] = R, 1.0
    step[..., i, k + j] += v
    step[..., i, k + h] -= v
    part = np.concatenate((np.zeros(k), R, [0.0]))
    return _after(step, periods, part, np.eye(2 * k + 1)[-1])[..., :k]


def reach(P: FloatArray, target: BoolArray) -> Reach:
    """Return how surely and how soon customers reach a set of states.

    Parameters
    ----------
    P : ndarray of float64, shape (..., k, k)
    target : ndarray of bool, shape (k,)
        The set; what customers do afterwards plays no part.

    Returns
    -------
    Reach

    Examples
    --------
    From the first state half of the customers are lost for good:

    >>> P = np.array([[0.8, 0.1, 0.1], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> found = reach(P, np.array([False, False, True]))
    >>> found.probability, found.periods, found.periods_if_reached.round(9)
    (array([0.5, 0. , 1. ]), array([inf, inf,  0.]), array([ 5., nan,  0.]))
    """
    other = np.flatnonzero(~target)
    m = len(other)
    inner = np.array(P[..., other[:, None], other])
    into = P[..., other, :][..., target].sum(axis=-1)
    lost = np.zeros_like(into)  # moves to states that nobody leaves
    ways = np.zeros_like(into)  # out of each state, once those after it are eliminated
    for s in range(m - 1, -1, -1):
        ways[..., s] = inner[..., s, :s].sum(axis=-1) + into[..., s] + lost[..., s]
        trapped = ways[..., s] == 0
        each = np.where(trapped, 1.0, ways[..., s])
        stuck = np.where(trapped, 1.0, lost[..., s] / each)
        came = inner[..., :s, s]
        inner[..., :s, :s] += came[..., None] * (inner[..., s, :s] / each[..., None])[..., None, :]
        into[..., :s] += came * (into[..., s] / each)[..., None]
        lost[..., :s] += came * stuck[..., None]
    probability = _substituted(inner, ways, into)
    certain = np.where((ways == 0) | (lost > 0), np.inf, _time(inner, ways, np.ones_like(ways)))
    periods = _substituted(inner, ways, certain)
    among = _substituted(inner, ways, _time(inner, ways, probability))
    found = [np.full(P.shape[:-1], there) for there in (1.0, 0.0, 0.0)]
    with np.errstate(invalid="ignore"):
        parts = (probability, periods, among / probability)
    for whole, part in zip(found, parts, strict=True):
        whole[..., other] = part
    return Reach(*found)


def reach_within(P: FloatArray, target: BoolArray, periods: int) -> FloatArray:
    """Return the probability to have been in a set of states after so many periods.

    Parameters
    ----------
    P : ndarray of float64, shape (..., k, k)
    target : ndarray of bool, shape (k,)
    periods : int

    Returns
    -------
    ndarray of float64, shape (..., k)

    Examples
    --------
    >>> reach_within(np.array([[0.8, 0.2], [0.5, 0.5]]), np.array([False, True]), 2).round(3)
    array([0.36, 1.  ])
    """
    stopped = np.where(target[:, None], np.eye(len(target)), P)
    return np.asarray(np.linalg.matrix_power(stopped, periods)[..., target].sum(axis=-1), np.float64)


def expected_customers(P: FloatArray, customers: FloatArray, periods: int) -> FloatArray:
    """Return how many customers are expected in each state at the beginning of each period.

    Parameters
    ----------
    P : ndarray of float64, shape (k, k)
    customers : ndarray of float64, shape (k,)
        Those of the first period.
    periods : int
        At least 1.

    Returns
    -------
    ndarray of float64, shape (periods, k)
        Rows have one sum.

    Examples
    --------
    >>> expected_customers(np.array([[0.8, 0.2], [0.5, 0.5]]), np.array([100.0, 0.0]), 3)
    array([[100.,   0.],
           [ 80.,  20.],
           [ 74.,  26.]])
    """
    found = [customers]
    for _ in range(periods - 1):
        found.append(found[-1] @ P)
    return np.stack(found)


def simulated_moves(P: FloatArray, customers: IntArray, periods: int, random: np.random.Generator) -> IntArray:
    """Return moves between states that chance might bring.

    Parameters
    ----------
    P : ndarray of float64, shape (..., k, k)
    customers : ndarray of int64, shape (k,)
        Those of the first period.
    periods : int
        At least 1.
    random : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (periods, ..., k, k)
        From the state of the row to that of the column; sums over columns are the customers of each period.

    Examples
    --------
    >>> moves = simulated_moves(np.eye(2)[::-1], np.array([3, 1]), 2, np.random.default_rng(0))
    >>> moves.sum(axis=2)
    array([[3, 1],
           [1, 3]])
    """
    now, found = np.broadcast_to(customers, P.shape[:-1]), []
    for _ in range(periods):
        moves = random.multinomial(now, P)
        now = moves.sum(axis=-2)
        found.append(moves)
    return np.stack(found)


def closed_classes(P: FloatArray) -> ClosedClasses:
    """Return where customers end, how their time is spread there, and with what probability.

    Parameters
    ----------
    P : ndarray of float64, shape (k, k)

    Returns
    -------
    ClosedClasses
        At least one class. With one of cycle 1 the shares are those of any base after a long time.

    Examples
    --------
    >>> found = closed_classes(np.array([[0.5, 0.5, 0.0], [0.25, 0.75, 0.0], [0.2, 0.3, 0.5]]))
    >>> found.number, found.share.round(3), found.cycle
    (array([ 0,  0, -1]), array([[0.333, 0.667, 0.   ]]), array([1]))
    """
    k = len(P)
    leads = _leads_to(P > 0)
    closed = (leads <= leads.T).all(axis=1)
    number = np.full(k, -1)
    members: list[IntArray] = []
    for state in np.flatnonzero(closed):
        if number[state] < 0:
            number[leads[state]] = len(members)
            members.append(np.flatnonzero(leads[state]))
    share, cycle = np.zeros((len(members), k)), np.empty(len(members), np.int64)
    for at, states in enumerate(members):
        inside = P[np.ix_(states, states)]
        share[at, states], cycle[at] = stationary(inside), _cycle(inside > 0)
    ends_in = np.stack([reach(P, number == at).probability for at in range(len(members))], axis=1)
    return ClosedClasses(number, share, cycle, ends_in)


def stationary(P: FloatArray) -> FloatArray:
    """Return the share of time that customers spend in each state, where every state leads to every other.

    Grassmann, Taksar & Heyman (1985), "Regenerative analysis and steady state distributions for Markov chains",
    Operations Research 33(5), 1107-1116.

    Parameters
    ----------
    P : ndarray of float64, shape (..., k, k)

    Returns
    -------
    ndarray of float64, shape (..., k)
        Adds up to 1.

    Examples
    --------
    >>> stationary(np.array([[0.9, 0.1], [0.3, 0.7]])).round(12)
    array([0.75, 0.25])
    """
    left, k = np.array(P), P.shape[-1]
    for s in range(k - 1, 0, -1):
        left[..., :s, s] /= left[..., s, :s].sum(axis=-1)[..., None]
        left[..., :s, :s] += left[..., :s, s, None] * left[..., s, None, :s]
    share = np.ones(P.shape[:-1])
    for s in range(1, k):
        share[..., s] = (share[..., :s] * left[..., :s, s]).sum(axis=-1)
    return share / share.sum(axis=-1, keepdims=True)


def _solve(A: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.solve(A, np.broadcast_to(b, A.shape[:-1])[..., None])[..., 0], np.float64)


def _after(step: FloatArray, periods: float, part: FloatArray, start: FloatArray) -> FloatArray:
    """Return the state after so many steps; the last reward to come, if any, is a part of one."""
    n = math.floor(periods)
    return np.asarray(np.linalg.matrix_power(step, n) @ (start + (periods - n) * part), np.float64)


def _time(inner: FloatArray, ways: FloatArray, spent: FloatArray) -> FloatArray:
    """Return what is spent in each state, that of the eliminated ones on the way included."""
    total = spent.copy()
    for s in range(ways.shape[-1] - 1, -1, -1):
        visit = total[..., s] / np.where(ways[..., s] > 0, ways[..., s], 1.0)
        total[..., :s] += inner[..., :s, s] * visit[..., None]
    return total


def _substituted(inner: FloatArray, ways: FloatArray, own: FloatArray) -> FloatArray:
    """Return the solution for each state from those before it; that of a state without a way out is its own."""
    found = np.zeros_like(ways)
    for s in range(ways.shape[-1]):
        came = inner[..., s, :s]
        before = (came * np.where(came > 0, found[..., :s], 0.0)).sum(axis=-1)
        found[..., s] = (before + own[..., s]) / np.where(ways[..., s] > 0, ways[..., s], 1.0)
    return found


def _leads_to(moves: BoolArray) -> BoolArray:
    """Return which states are reached from which, in no step or more."""
    leads = moves | np.eye(len(moves), dtype=np.bool_)
    for _ in range(len(moves).bit_length()):
        leads = (leads.astype(np.int64) @ leads.astype(np.int64)) > 0
    return leads


def _cycle(moves: BoolArray) -> int:
    """Return the greatest number that divides the length of every way back, where each state leads to each."""
    level = np.full(len(moves), -1)
    level[0], queue = 0, [0]
    for state in queue:
        new = np.flatnonzero(moves[state] & (level < 0))
        level[new] = level[state] + 1
        queue.extend(new.tolist())
    origin, destination = np.nonzero(moves)
    return int(np.gcd.reduce(level[origin] + 1 - level[destination]))
