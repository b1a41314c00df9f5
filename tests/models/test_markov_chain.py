"""Markov chains of named states: values, gains, times and shares, against simulated customers and plain arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from evergreen import MarkovChain
from evergreen.errors import EvergreenError, InputTypeError, InvalidInputError
from evergreen.models.steady_state import SteadyState

YEAR = 365.2425
RUNGS = ("first-time", "repeat", "loyal", "lapsed")
RATES = np.array([[0.5, 0.2, 0.0, 0.3], [0.0, 0.7, 0.15, 0.15], [0.0, 0.1, 0.85, 0.05], [0.0, 0.1, 0.0, 0.9]])
REWARD = {"first-time": 5.0, "repeat": 20.0, "loyal": 60.0, "lapsed": -1.0}


def ladder(period_days: float = YEAR / 4) -> MarkovChain:
    return MarkovChain(RUNGS, RATES, period_days)


def test_the_discount_rate_is_annual() -> None:
    """Four quarters at the quarter's rate are one year at the annual rate."""
    rate = 0.2
    v = (1 + rate) ** -0.25
    by_hand = np.linalg.solve(np.eye(4) - v * RATES, list(REWARD.values()))
    np.testing.assert_allclose(ladder().values(REWARD, discount_rate=rate).estimate, by_hand, rtol=1e-12)


@pytest.mark.parametrize(("horizon", "periods"), [("26W", 2.0), ("65W", 5.0), (timedelta(weeks=6.5), 0.5)])
def test_a_horizon_counts_the_periods_that_begin_in_it(horizon: Any, periods: float) -> None:
    chain, v = ladder(period_days=91.0), 1.1 ** (-91 / YEAR)
    whole = math.floor(periods)
    R = np.array(list(REWARD.values()))
    by_hand = sum((v**t * np.linalg.matrix_power(RATES, t) @ R for t in range(whole)), np.zeros(4))
    by_hand = by_hand + (periods - whole) * v**whole * np.linalg.matrix_power(RATES, whole) @ R
    np.testing.assert_allclose(chain.values(REWARD, horizon=horizon).estimate, by_hand, rtol=1e-12)


def test_without_discount_a_horizon_adds_up_money() -> None:
    found = ladder(91.0).values(dict.fromkeys(RUNGS, 3.0), discount_rate=0.0, horizon="52W")
    np.testing.assert_allclose(found.estimate, 12.0)


def test_one_more_promotion_is_worth_what_moved_customers_bring_more() -> None:
    """The base with one customer moved at the end of the first period, less the base without."""
    chain, v, R = ladder(), 1.1**-0.25, np.array(list(REWARD.values()))
    now = np.array([0.0, 1.0, 0.0, 0.0])
    moved = now @ RATES + np.array([0.0, -1.0, 1.0, 0.0])
    worth = [
        R @ now + sum(v**t * R @ (then @ np.linalg.matrix_power(RATES, t - 1)) for t in range(1, 8))
        for then in (now @ RATES, moved)
    ]
    found = chain.gain("repeat", "loyal", REWARD, horizon=timedelta(days=8 * YEAR / 4))
    assert found.estimate == pytest.approx(worth[1] - worth[0], rel=1e-9)
    assert math.isnan(found.lower)
    endless = chain.values(REWARD)
    gain = chain.gain("repeat", "loyal", REWARD, instead_of="lapsed").estimate
    assert gain == pytest.approx(v * (endless["loyal"].estimate - endless["lapsed"].estimate))


@pytest.mark.parametrize("horizon", ["inf", "2Y"])
def test_a_point_more_is_the_change_of_values(horizon: str) -> None:
    other = RATES.copy()
    other[1, 2], other[1, 3] = other[1, 2] + 1e-5, other[1, 3] - 1e-5
    change = MarkovChain(RUNGS, other, YEAR / 4).values(REWARD, horizon=horizon).estimate
    change = (change - ladder().values(REWARD, horizon=horizon).estimate) * 1e3
    found = ladder().gain_per_point("repeat", "loyal", REWARD, instead_of="lapsed", horizon=horizon)
    np.testing.assert_allclose(found.estimate, change, rtol=1e-3)


def test_reach_and_time_agree_with_simulated_customers() -> None:
    rates = RATES.copy()
    rates[2] = np.eye(4)[2]  # who has been loyal once is counted
    stopped = MarkovChain(RUNGS, rates, 91.0)
    moves = stopped.simulate({"first-time": 50_000}, 80, seed=3)
    loyal = moves[:, :, 2].sum(axis=1) / 50_000
    within = stopped.reach("loyal", within="52W")["first-time"].estimate
    assert loyal[3] == pytest.approx(within, abs=0.01)
    assert stopped.reach("loyal")["first-time"].estimate == 1.0
    arrivals = np.diff(loyal, prepend=0.0)
    mean = (arrivals * np.arange(1, 81)).sum() + (1 - loyal[-1]) * 80
    longer = stopped.time_to("loyal")["first-time"].estimate
    assert mean == pytest.approx(longer, rel=0.05)
    assert mean < longer


def test_several_states_are_reached_with_the_first_of_them() -> None:
    chain = ladder()
    either, one = chain.time_to(["loyal", "lapsed"]).estimate, chain.time_to("loyal").estimate
    assert (either[:2] < one[:2]).all()
    assert either[2:].tolist() == [0.0, 0.0]


def test_expected_customers_are_the_mean_of_simulated_ones() -> None:
    chain, start = ladder(), {"first-time": 600, "repeat": 400}
    mean = np.mean([chain.simulate(start, 5, seed=seed).sum(axis=2) for seed in range(200)], axis=0)
    expected = chain.expected_customers(start, 5)
    np.testing.assert_allclose(mean, expected, atol=5)
    np.testing.assert_allclose(expected.sum(axis=1), 1_000)


# ------------------------------------------------------------------------------------------------ the long run


def test_one_mix_is_where_every_base_comes_to() -> None:
    found = ladder().steady_state()
    late = ladder().expected_customers({"first-time": 1}, 400)[-1]
    assert found.outcome == "one mix"
    np.testing.assert_allclose(found.share[0], late, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.share_of({"lapsed": 5}), late, rtol=1e-9, atol=1e-12)


def test_two_states_that_swap_swing_for_ever() -> None:
    found = MarkovChain(("a", "b"), np.array([[0.0, 1.0], [1.0, 0.0]]), 30.0).steady_state()
    assert found.outcome == "one cycle"
    assert found.cycle.tolist() == [2]
    np.testing.assert_allclose(found.share, [[0.5, 0.5]])


def test_two_ends_depend_on_the_start() -> None:
    rates = np.array([[0.5, 0.2, 0.3], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    found = MarkovChain(("here", "x", "y"), rates, 30.0).steady_state()
    assert found.outcome == "several ends"
    np.testing.assert_allclose(found.share_of({"here": 1}), [0.0, 0.4, 0.6])
    assert isinstance(found, SteadyState)


def test_intervals_come_from_the_draws() -> None:
    drawn = np.stack([np.array([[1 - p, p], [0.5, 0.5]]) for p in np.linspace(0.1, 0.3, 101)])
    chain = MarkovChain(("low", "high"), np.array([[0.8, 0.2], [0.5, 0.5]]), 30.0, drawn, level=0.9)
    found = chain.time_to("high")["low"]
    assert (found.estimate, found.lower, found.upper) == pytest.approx((5.0, 1 / 0.29, 1 / 0.11), rel=0.02)


# ------------------------------------------------------------------------------------------------ wrong calls

CASES: list[tuple[Callable[[], Any], type[EvergreenError], str]] = [
    (lambda: MarkovChain("abc", np.eye(3), 30.0), InputTypeError, "states must be a sequence of names"),  # type: ignore[arg-type]
    (lambda: MarkovChain(("a", "a"), np.eye(2), 30.0), InvalidInputError, "different names"),
    (lambda: MarkovChain((), np.eye(0), 30.0), InvalidInputError, "at least one"),
    (lambda: MarkovChain(("a", "b"), np.eye(3), 30.0), InvalidInputError, "shape"),
    (lambda: MarkovChain(("a", "b"), np.full((2, 2), 0.6), 30.0), InvalidInputError, "add up to 1"),
    (lambda: MarkovChain(("a", "b"), np.array([[1.2, -0.2], [0, 1]]), 30.0), InvalidInputError, "from 0 to 1"),
    (lambda: MarkovChain(("a", "b"), np.array([[np.nan, 1], [0, 1]]), 30.0), InvalidInputError, "finite"),
    (lambda: MarkovChain(("a",), np.eye(1), 0.0), InvalidInputError, "period_days must be above 0"),
    (lambda: MarkovChain(("a",), np.eye(1), "91D"), InputTypeError, "period_days must be a number"),  # type: ignore[arg-type]
    (lambda: MarkovChain(("a",), np.eye(1), 9.0, np.eye(1)), InvalidInputError, "drawn must have the shape (n, 1, 1)"),
    (lambda: MarkovChain(("a",), np.eye(1), 9.0, [[1.0]]), InvalidInputError, "drawn must have the shape (n, 1, 1)"),  # type: ignore[arg-type]
    (
        lambda: MarkovChain(("a",), np.eye(1), 9.0, np.full((3, 1, 1), np.nan)),
        InvalidInputError,
        "drawn must be finite",
    ),
    (lambda: MarkovChain(("a",), np.eye(1), 9.0, np.full((3, 1, 1), 7.0)), InvalidInputError, "drawn must lie from 0"),
    (lambda: MarkovChain(("a",), np.eye(1), 9.0, np.full((3, 1, 1), 0.5)), InvalidInputError, "row of drawn must add"),
    (lambda: MarkovChain(("a",), np.eye(1), 9.0, level=1.0), InvalidInputError, "level"),
    (lambda: ladder().values({"loyal": 3.0}), InvalidInputError, "reward lacks 'first-time', 'repeat', 'lapsed'"),
    (lambda: ladder().values({**REWARD, "vip": 1.0}), InvalidInputError, "unknown 'vip'"),
    (lambda: ladder().values([1, 2, 3, 4]), InputTypeError, "mapping"),  # type: ignore[arg-type]
    (lambda: ladder().values({**REWARD, "loyal": math.inf}), InvalidInputError, "finite"),
    (lambda: ladder().values({**REWARD, "loyal": "60"}), InputTypeError, "number"),  # type: ignore[dict-item]
    (lambda: ladder().values(REWARD, discount_rate=0.0), InvalidInputError, "discount_rate above 0"),
    (lambda: ladder().values(REWARD, discount_rate=-0.1), InvalidInputError, "at least 0"),
    (lambda: ladder().values(REWARD, horizon="soon"), InvalidInputError, "Cannot read the duration"),
    (lambda: ladder().values(REWARD, horizon=5), InputTypeError, "A duration must be"),  # type: ignore[arg-type]
    (lambda: ladder().gain("repeat", "vip", REWARD), InvalidInputError, "state='vip' is not allowed"),
    (lambda: ladder().reach([]), InvalidInputError, "at least one"),
    (lambda: ladder().reach(3), InputTypeError, "states must be a state or a sequence of states, got int"),  # type: ignore[arg-type]
    (lambda: ladder().time_to(None), InputTypeError, "states must be a state or a sequence of states, got NoneType"),  # type: ignore[arg-type]
    (lambda: ladder().time_to("vip"), InvalidInputError, "not allowed"),
    (lambda: ladder().expected_customers({}, 3), InvalidInputError, "no customers"),
    (lambda: ladder().expected_customers({"loyal": -1}, 3), InvalidInputError, "at least 0"),
    (lambda: ladder().simulate({"loyal": 10**19}, 3), InvalidInputError, "1e+19 customers, more than the 2**53"),
    (lambda: ladder().expected_customers({"loyal": 1}, 0), InvalidInputError, "at least 1"),
    (lambda: ladder().simulate({"loyal": 1.5}, 3), InvalidInputError, "whole number"),  # type: ignore[dict-item]
]


@pytest.mark.parametrize(("call", "error", "words"), CASES)
def test_wrong_calls_say_what_is_wrong(call: Callable[[], Any], error: type[EvergreenError], words: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
