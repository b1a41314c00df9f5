"""Counted moves: shares, priors, draws, and intervals that hold what they should, by simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen import MarkovChain, Transitions
from evergreen.errors import DataWarning, EvergreenError, InputTypeError, InvalidInputError
from evergreen.typing import IntArray

RUNGS = ("first-time", "repeat", "client", "loyal", "lapsed")
TRUTH = MarkovChain(
    RUNGS,
    np.array(
        [
            [0.55, 0.20, 0.00, 0.00, 0.25],
            [0.00, 0.60, 0.20, 0.00, 0.20],
            [0.00, 0.10, 0.65, 0.15, 0.10],
            [0.00, 0.00, 0.12, 0.83, 0.05],
            [0.00, 0.04, 0.00, 0.00, 0.96],
        ]
    ),
    period_days=91.0,
)
REWARD = {"first-time": 5.0, "repeat": 12.0, "client": 30.0, "loyal": 70.0, "lapsed": 0.0}
COUNTS = np.array([[70, 30, 0], [20, 60, 20], [0, 2, 8]])


def moves(counts: Any = COUNTS, **settings: Any) -> Transitions:
    return Transitions(("first-time", "repeat", "loyal"), counts, 91.0, **settings)


def test_bare_shares_and_their_prior() -> None:
    np.testing.assert_allclose(moves().rates(prior=0), COUNTS / COUNTS.sum(axis=1, keepdims=True))
    stays = np.trace(COUNTS) / COUNTS.sum()
    away = (1 - stays) * np.array([20, 32]) / 52
    np.testing.assert_allclose(moves().rates(prior=5)[2], (np.array([0, 2, 8]) + 5 * np.append(away, stays)) / 15)
    pulled = moves().rates(prior=1e12)
    np.testing.assert_allclose(np.diag(pulled), stays, rtol=1e-9)


@given(st.lists(st.integers(0, 50), min_size=9, max_size=9), st.sampled_from([0.5, 1.0, 20.0, "fit"]))
def test_rates_are_rates_and_every_move_counts(cells: list[int], prior: Any) -> None:
    counts = np.array(cells).reshape(3, 3) + np.eye(3, dtype=np.int64)
    found = moves(counts)
    rates = found.rates(prior=prior)
    np.testing.assert_allclose(rates.sum(axis=1), 1.0, rtol=1e-12)
    assert (rates[counts > 0] > 0).all()
    both = found + found
    assert both.customers == 2 * found.customers
    np.testing.assert_allclose(both.rates(prior=0), found.rates(prior=0))


def test_states_are_not_tied_to_their_order() -> None:
    order = [2, 0, 1]
    other = Transitions(tuple(moves().states[at] for at in order), COUNTS[np.ix_(order, order)], 91.0)
    priors: tuple[Any, ...] = (1.0, "fit")
    for prior in priors:
        expected = moves().rates(prior=prior)[np.ix_(order, order)]
        np.testing.assert_allclose(other.rates(prior=prior), expected, rtol=1e-6)


def test_a_row_without_customers_is_the_prior_and_says_so() -> None:
    counts = np.array([[70, 30, 0], [20, 60, 20], [0, 0, 0]])
    with pytest.warns(DataWarning, match="Nobody was in 'loyal'"):
        rates = moves(counts).rates()
    np.testing.assert_allclose(rates[2], [0.35 * 20 / 50, 0.35 * 30 / 50, 0.65])
    with pytest.raises(InvalidInputError, match="Nobody was in 'loyal'"):
        moves(counts).rates(prior=0)
    lower, upper = moves(counts).intervals()
    assert (lower[2].tolist(), upper[2].tolist()) == ([0.0] * 3, [1.0] * 3)
    assert np.isnan(moves(counts).columns()["share"][6:]).all()


def test_absorbing_states_are_left_by_nobody_in_no_draw() -> None:
    counts = np.array([[70, 30, 0], [20, 60, 20], [0, 0, 0]])
    found = moves(counts, absorbing=("loyal",))
    np.testing.assert_array_equal(found.rates(prior=5)[2], [0, 0, 1])
    assert (found.draws(50, seed=1)[:, 2] == [0, 0, 1]).all()
    chain = found.chain(draws=50, seed=1)
    assert chain.reach("loyal").estimate.tolist() == [1.0, 1.0, 1.0]
    assert chain.steady_state().classes == (("loyal",),)
    np.testing.assert_array_equal(chain.steady_state().lower, [[0, 0, 1]])


def test_times_without_an_end_have_bounds_without_an_end() -> None:
    counts = np.array([[80, 10, 10], [0, 0, 0], [0, 0, 0]])
    chain = moves(counts, absorbing=("repeat", "loyal")).chain(draws=50, seed=1)
    for found, away in ((chain.time_to("loyal"), np.inf), (chain.time_to("loyal", if_reached=True), np.nan)):
        np.testing.assert_array_equal(found.columns()["estimate"][1:], [away, 0.0])
        np.testing.assert_array_equal(found.lower[1:], [away, 0.0])
        np.testing.assert_array_equal(found.upper[1:], [away, 0.0])
    assert chain.time_to("loyal").lower[0] == np.inf
    assert chain.time_to("loyal", if_reached=True).lower[0] < 5.0 < chain.time_to("loyal", if_reached=True).upper[0]
    assert chain.steady_state().outcome == "several ends"


def test_the_same_seed_gives_the_same_intervals() -> None:
    one, two = (moves().chain(draws=50, seed=4).values({"first-time": 1, "repeat": 2, "loyal": 9}) for _ in range(2))
    np.testing.assert_array_equal(one.lower, two.lower)
    assert (one.lower < one.estimate).all()
    assert (one.upper > one.estimate).all()


def simulated(customers: int, seed: int) -> IntArray:
    random = np.random.default_rng(seed)
    return np.stack([random.multinomial(customers, row) for row in TRUTH.rates])


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 150 logs with 100 customers on each rung. Longer runs are told of in the notes of Transitions."""
    value = TRUTH.values(REWARD).estimate
    gain = TRUTH.gain("repeat", "client", REWARD).estimate
    point = TRUTH.gain_per_point("repeat", "client", REWARD).estimate[1]
    time = TRUTH.time_to("loyal").estimate[:3]
    share = TRUTH.steady_state().share[0, 1:]
    held = []
    for seed in range(150):
        chain = Transitions(RUNGS, simulated(100, seed), 91.0).chain(draws=200, seed=seed)
        v, t, s = chain.values(REWARD), chain.time_to("loyal"), chain.steady_state()
        g = chain.gain("repeat", "client", REWARD)
        p = chain.gain_per_point("repeat", "client", REWARD)["repeat"]
        held.append(
            [
                ((v.lower <= value) & (value <= v.upper)).mean(),
                g.lower <= gain <= g.upper,
                p.lower <= point <= p.upper,
                ((t.lower[:3] <= time) & (time <= t.upper[:3])).mean(),
                ((s.lower[0, 1:] <= share) & (share <= s.upper[0, 1:])).mean(),
            ]
        )
    coverage = np.mean(held, axis=0)
    assert (coverage > 0.89).all(), coverage
    assert (coverage < 0.995).all(), coverage


def test_wilson_intervals_hold_the_rates() -> None:
    inside = []
    for seed in range(200):
        lower, upper = Transitions(RUNGS, simulated(60, seed), 91.0).intervals()
        inside.append(((lower <= TRUTH.rates) & (TRUTH.rates <= upper))[TRUTH.rates > 0].mean())
    assert 0.93 < np.mean(inside) < 0.97


def test_simulated_moves_can_be_learned_from() -> None:
    counts = TRUTH.simulate(dict.fromkeys(RUNGS, 20_000), 4, seed=2).sum(axis=0)
    np.testing.assert_allclose(Transitions(RUNGS, counts, 91.0).rates(), TRUTH.rates, atol=0.01)


CASES: list[tuple[Callable[[], Any], type[EvergreenError], str]] = [
    (lambda: moves(COUNTS[:2]), InvalidInputError, "shape (3, 3), got (2, 3)"),
    (lambda: moves(COUNTS / 3), InvalidInputError, "whole number"),
    (lambda: moves(-COUNTS), InvalidInputError, "at least 0"),
    (lambda: moves(COUNTS.astype(np.int64) * 2**55), InvalidInputError, "more than the 2**53"),
    (lambda: moves(np.full((3, 3), "many")), InputTypeError, "numbers"),
    (lambda: moves(absorbing=("loyal",)), InvalidInputError, "2 customers left 'loyal'"),
    (lambda: moves(absorbing=("vip",)), InvalidInputError, "state='vip'"),
    (lambda: moves(absorbing="loyal"), InputTypeError, "sequence of names"),
    (lambda: Transitions(("a",), np.eye(1, dtype=np.int64), -1.0), InvalidInputError, "period_days"),
    (lambda: moves().rates(prior=-1), InvalidInputError, "prior must be finite and at least 0"),
    (lambda: moves().rates(prior="auto"), InvalidInputError, "prior='auto' is not allowed"),  # type: ignore[arg-type]
    (lambda: moves(0 * COUNTS).rates(prior="fit"), InvalidInputError, "no customers to fit"),
    (lambda: moves().draws(1), InvalidInputError, "at least 2"),
    (lambda: moves().chain(draws=1), InvalidInputError, "at least 2"),
    (lambda: moves().intervals(2.0), InvalidInputError, "level"),
    (lambda: moves() + Transitions(("a",), np.eye(1, dtype=np.int64), 91.0), InvalidInputError, "states are the same"),
    (lambda: moves() + Transitions(moves().states, COUNTS, 30.0), InvalidInputError, "period_days are the same"),
]


@pytest.mark.parametrize(("call", "error", "words"), CASES)
def test_wrong_calls_say_what_is_wrong(call: Callable[[], Any], error: type[EvergreenError], words: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)


def test_moves_are_added_to_moves_alone() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        moves() + 1  # type: ignore[operator]
