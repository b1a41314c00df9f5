"""Markov chains: exact fractions, high precision, brute force and simulation beside the closed forms."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.kernels.markov import (
    closed_classes,
    expected_customers,
    reach,
    reach_within,
    simulated_moves,
    stationary,
    value_slope,
    values,
)
from evergreen.typing import FloatArray

PUBLISHED = (52.32, 5.55, 1.25, -1.82, 0.0)
RESPONSE = (0.30, 0.20, 0.15, 0.05)


def recency_chain() -> tuple[FloatArray, FloatArray]:
    """Return moves and rewards of Pfeifer & Carraway (2000): a purchase is worth 40, a mailing costs 4.

    Whoever has just bought (recency 1) brings the 40 at the beginning of the period and is mailed like those of recency
    2 to 4; who does not answer at recency 4 is a former customer, and mailed no more.
    """
    P = np.zeros((5, 5))
    for row, p in enumerate(RESPONSE):
        P[row, 0], P[row, row + 1] = p, 1 - p
    P[4, 4] = 1.0
    return P, np.array([40.0 - 4.0, -4.0, -4.0, -4.0, 0.0])


def random_chain(seed: int, k: int = 4, zeros: float = 0.3) -> FloatArray:
    random = np.random.default_rng(seed)
    raw = random.gamma(0.5, size=(k, k)) * (random.random((k, k)) > zeros) + 1e-3 * np.eye(k)
    return np.asarray(raw / raw.sum(axis=1, keepdims=True))


# ------------------------------------------------------------------------------------------------ values


def test_the_example_of_pfeifer_and_carraway() -> None:
    P, R = recency_chain()
    np.testing.assert_allclose(values(P, R, 1 / 1.2), PUBLISHED, atol=0.005)


def test_the_example_derived_without_a_matrix() -> None:
    """Each value is a + b V1, from the last state up; then V1 = a + b V1. In fractions, without rounding."""
    v = Fraction(5, 6)
    a, b = Fraction(0), Fraction(0)
    lines = []
    for row, p in reversed(list(enumerate(map(Fraction, ("3/10", "1/5", "3/20", "1/20"))))):
        own = Fraction(36) if row == 0 else Fraction(-4)
        a, b = own + v * (1 - p) * a, v * p + v * (1 - p) * b
        lines.append((a, b))
    first = a / (1 - b)
    by_hand = [float(a + b * first) for a, b in reversed(lines)]
    P, R = recency_chain()
    np.testing.assert_allclose(values(P, R, 1 / 1.2)[:4], by_hand, rtol=1e-13)


@pytest.mark.parametrize("periods", [0.0, 0.4, 1.0, 2.0, 7.25, 400.0])
def test_finite_values_are_sums_of_rewards(periods: float) -> None:
    P, R = recency_chain()
    v, n = 1 / 1.05, math.floor(periods)
    found = sum((v**t * np.linalg.matrix_power(P, t) @ R for t in range(n)), np.zeros(5))
    found = found + (periods - n) * v**n * np.linalg.matrix_power(P, n) @ R
    np.testing.assert_allclose(values(P, R, v, periods), found, rtol=1e-11)


def test_values_tend_to_those_without_an_end() -> None:
    P, R = random_chain(1), np.array([1.0, -2.0, 5.0, 0.5])
    np.testing.assert_allclose(values(P, R, 0.97, 3_000.0), values(P, R, 0.97), rtol=1e-10)


def test_values_at_a_discount_near_one_agree_with_high_precision() -> None:
    P, R, v = random_chain(2), np.array([1.0, -2.0, 5.0, 0.5]), 1 - 1e-6
    with mp.workdps(50):
        exact = mp.lu_solve(mp.eye(4) - mp.mpf(v) * mp.matrix(P.tolist()), mp.matrix(R.tolist()))
    np.testing.assert_allclose(values(P, R, v), [float(x) for x in exact], rtol=1e-9)


def test_values_agree_with_simulated_customers() -> None:
    P, R = recency_chain()
    v, n, random = 1 / 1.2, 40_000, np.random.default_rng(5)
    state, total, edge = np.zeros(n, np.int64), np.zeros(n), P.cumsum(axis=1)
    for t in range(60):
        total += v**t * R[state]
        state = (random.random(n)[:, None] > edge[state]).sum(axis=1)
    error = total.std() / math.sqrt(n)
    assert abs(total.mean() - values(P, R, v)[0]) < 4 * error
    assert error < 0.3


@given(st.integers(0, 10_000), st.floats(0.1, 0.99), st.sampled_from([1.0, 3.0, 4.5, math.inf]), st.floats(-3, 3))
def test_values_are_linear_in_rewards(seed: int, v: float, periods: float, factor: float) -> None:
    P, random = random_chain(seed), np.random.default_rng(seed)
    one, two = random.normal(size=4), random.normal(size=4)
    both = values(P, factor * one + two, v, periods)
    parts = factor * values(P, one, v, periods) + values(P, two, v, periods)
    np.testing.assert_allclose(both, parts, rtol=1e-9, atol=1e-9)
    even = sum(v**t for t in range(math.floor(periods))) if math.isfinite(periods) else 1 / (1 - v)
    if math.isfinite(periods):
        even += (periods % 1) * v ** math.floor(periods)
    np.testing.assert_allclose(values(P, np.ones(4), v, periods), even, rtol=1e-9)


def test_a_stack_of_matrices_is_valued_at_once() -> None:
    stack, R = np.stack([random_chain(seed) for seed in range(3)]), np.array([1.0, 2.0, 3.0, 4.0])
    for periods in (2.5, math.inf):
        each = [values(P, R, 0.9, periods) for P in stack]
        np.testing.assert_allclose(values(stack, R, 0.9, periods), each, rtol=1e-12)
        slopes = [value_slope(P, R, 0.9, (0, 1, 2), periods) for P in stack]
        np.testing.assert_allclose(value_slope(stack, R, 0.9, (0, 1, 2), periods), slopes, rtol=1e-12)


@pytest.mark.parametrize("periods", [1.0, 2.0, 5.5, math.inf])
def test_slopes_agree_with_differences_in_high_precision(periods: float) -> None:
    P, R, v, h = random_chain(3, zeros=0.0), np.array([1.0, -2.0, 5.0, 0.5]), 0.93, 1e-6
    more = np.zeros((4, 4))
    more[1, 2], more[1, 0] = h, -h
    difference = (values(P + more, R, v, periods) - values(P - more, R, v, periods)) / (2 * h)
    np.testing.assert_allclose(value_slope(P, R, v, (1, 2, 0), periods), difference, rtol=1e-6, atol=1e-8)


# ------------------------------------------------------------------------------------------------ reach


def exact_reach(P: FloatArray, target: int) -> tuple[list[float], list[float]]:
    """Return probability and conditional time by linear systems of 60 digits; every state leads to the target."""
    others = [state for state in range(len(P)) if state != target]
    with mp.workdps(60):
        m = len(others)
        A = mp.matrix(m, m)
        for r, i in enumerate(others):
            for c, j in enumerate(others):
                stays = mp.fsum(mp.mpf(P[i, to]) for to in range(len(P)) if to != i)
                A[r, c] = stays if i == j else -mp.mpf(P[i, j])
        h = mp.lu_solve(A, mp.matrix([mp.mpf(P[i, target]) for i in others]))
        g = mp.lu_solve(A, h)
        return [float(x) for x in h], [float(g[r] / h[r]) for r in range(m)]


@pytest.mark.parametrize("seed", range(5))
def test_reach_agrees_with_high_precision(seed: int) -> None:
    P = random_chain(seed, zeros=0.0)
    h, time = exact_reach(P, 3)
    found = reach(P, np.array([False, False, False, True]))
    np.testing.assert_allclose(found.probability[:3], h, rtol=1e-12)
    np.testing.assert_array_equal(found.probability, 1.0)
    np.testing.assert_allclose(found.periods[:3], time, rtol=1e-12)
    np.testing.assert_allclose(found.periods_if_reached[:3], time, rtol=1e-12)


def test_rare_ways_out_do_not_cancel() -> None:
    P = np.array([[1.0, 1e-200, 0.0], [1e-3, 1 - 1e-3, 1e-40], [0.0, 0.0, 1.0]])
    found = reach(P, np.array([False, False, True]))
    np.testing.assert_array_equal(found.probability, 1.0)
    np.testing.assert_allclose(found.periods[:2], [1e237, 1e237], rtol=1e-9)


def test_the_ladder_with_a_loss_agrees_with_simulation() -> None:
    P = np.array([[0.6, 0.3, 0.0, 0.1], [0.1, 0.6, 0.2, 0.1], [0.0, 0.2, 0.8, 0.0], [0.0, 0.0, 0.0, 1.0]])
    found = reach(P, np.array([False, False, True, False]))
    n, random = 40_000, np.random.default_rng(11)
    state, arrived, edge = np.zeros(n, np.int64), np.full(n, -1), P.cumsum(axis=1)
    for t in range(200):
        arrived[(state == 2) & (arrived < 0)] = t
        state = (random.random(n)[:, None] > edge[state]).sum(axis=1)
    there = arrived >= 0
    assert abs(there.mean() - found.probability[0]) < 4 * math.sqrt(0.25 / n)
    assert abs(arrived[there].mean() - found.periods_if_reached[0]) < 4 * arrived[there].std() / math.sqrt(there.sum())
    assert found.periods.tolist() == [math.inf, math.inf, 0.0, math.inf]
    assert found.probability[2:].tolist() == [1.0, 0.0]
    assert np.isnan(found.periods_if_reached[3])


def test_a_closed_pair_is_a_trap_whatever_the_order() -> None:
    P = np.array([[0.5, 0.25, 0.25, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]):
        found = reach(P[np.ix_(order, order)], np.array(order) == 2)
        assert found.probability[order.index(0)] == pytest.approx(0.5)
        assert found.probability[order.index(1)] == found.probability[order.index(3)] == 0.0
        assert found.periods[order.index(0)] == found.periods[order.index(1)] == math.inf
        assert found.periods_if_reached[order.index(0)] == pytest.approx(2.0)


@given(st.integers(0, 10_000))
def test_reach_is_a_probability_and_takes_its_time(seed: int) -> None:
    found = reach(random_chain(seed, 5, 0.6), np.array([True, False, False, False, False]))
    assert ((found.probability >= 0) & (found.probability <= 1 + 1e-12)).all()
    away = found.probability[1:] > 0
    assert (found.periods_if_reached[1:][away] >= 1 - 1e-12).all()
    assert np.isnan(found.periods_if_reached[1:][~away]).all()


# ------------------------------------------------------------------------------------------------ the long run


@pytest.mark.parametrize("seed", range(4))
def test_stationary_shares_stay(seed: int) -> None:
    P = random_chain(seed, 5, 0.0)
    share = stationary(P)
    np.testing.assert_allclose(share @ P, share, rtol=1e-13)
    np.testing.assert_allclose(np.linalg.matrix_power(P, 100_000)[0], share, rtol=1e-9)
    assert share.sum() == pytest.approx(1.0, abs=1e-15)


def test_stationary_shares_of_nearly_separate_halves_are_exact() -> None:
    e = 1e-15
    P = np.array([[0.5, 0.5 - e, e], [0.5, 0.5, 0.0], [2 * e, 0.0, 1 - 2 * e]])
    np.testing.assert_allclose(stationary(P), [0.4, 0.4, 0.2], rtol=1e-12)


def test_two_closed_classes_and_a_cycle() -> None:
    P = np.zeros((5, 5))
    P[0, [0, 1, 3]] = 0.5, 0.2, 0.3
    P[1, 2] = P[2, 1] = 1.0
    P[3, [3, 4]] = P[4, [3, 4]] = 0.5
    found = closed_classes(P)
    assert found.number.tolist() == [-1, 0, 0, 1, 1]
    assert found.cycle.tolist() == [2, 1]
    np.testing.assert_allclose(found.share, [[0, 0.5, 0.5, 0, 0], [0, 0, 0, 0.5, 0.5]])
    np.testing.assert_allclose(found.ends_in[0], [0.4, 0.6])
    np.testing.assert_array_equal(found.ends_in[1:], [[1, 0], [1, 0], [0, 1], [0, 1]])


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_cycles_have_their_length(length: int) -> None:
    P = np.roll(np.eye(length), 1, axis=1)
    assert closed_classes(P).cycle.tolist() == [length]
    np.testing.assert_allclose(closed_classes(P).share, 1 / length)


@given(st.integers(0, 10_000))
def test_everyone_ends_somewhere_and_time_averages_agree(seed: int) -> None:
    P = random_chain(seed, 5, 0.7)
    found = closed_classes(P)
    np.testing.assert_allclose(found.ends_in.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(found.share.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(found.share @ P, found.share, rtol=1e-10, atol=1e-15)


# ------------------------------------------------------------------------------------------------ customers


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_customers_are_neither_made_nor_lost(seed: int, periods: int) -> None:
    P, start = random_chain(seed), np.array([40, 0, 7, 3])
    moves = simulated_moves(P, start, periods, np.random.default_rng(seed))
    np.testing.assert_array_equal(moves.sum(axis=(1, 2)), 50)
    np.testing.assert_array_equal(moves[0].sum(axis=1), start)
    np.testing.assert_array_equal(moves[1:].sum(axis=2), moves[:-1].sum(axis=1))
    assert not moves[:, P == 0].any()
    np.testing.assert_allclose(expected_customers(P, start.astype(float), periods).sum(axis=1), 50, rtol=1e-12)


def test_expected_customers_and_reach_within_agree_with_simulation() -> None:
    P, start = random_chain(4, zeros=0.0), np.array([100_000, 0, 0, 0])
    moves = simulated_moves(P, start, 4, np.random.default_rng(3))
    expected = expected_customers(P, start.astype(float), 4)
    np.testing.assert_allclose(moves.sum(axis=2), expected, atol=4 * math.sqrt(25_000))
    stopped = P.copy()
    stopped[2] = np.eye(4)[2]
    arrived = simulated_moves(stopped, start, 3, np.random.default_rng(4))[-1].sum(axis=0)[2]
    found = reach_within(P, np.array([False, False, True, False]), 3)
    assert arrived / 100_000 == pytest.approx(found[0], abs=4 * math.sqrt(0.25 / 100_000))
    assert found[2] == 1.0


def test_reach_within_tends_to_reach() -> None:
    P, target = random_chain(8, 5, 0.6), np.array([True, False, False, False, False])
    np.testing.assert_allclose(reach_within(P, target, 100_000), reach(P, target).probability, rtol=1e-9, atol=1e-12)
