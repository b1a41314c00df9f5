"""The budget: by hand, and its intervals by simulation."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from evergreen import MarkovChain, Transitions, reward_budget
from evergreen.errors import EvergreenError, InputTypeError, InvalidInputError
from tests.ladder.test_plan import PLAN

STATES = ("first-time", "repeat", "loyal", "lapsed")
RATES = np.array([[0.5, 0.3, 0.0, 0.2], [0.0, 0.7, 0.2, 0.1], [0.0, 0.1, 0.85, 0.05], [0.0, 0.05, 0.0, 0.95]])
QUARTER = 365.2425 / 4
CHAIN = MarkovChain(STATES, RATES, QUARTER)
START = {"first-time": 400, "repeat": 200, "loyal": 50, "lapsed": 300}


def test_the_cost_by_hand() -> None:
    found = reward_budget(PLAN, CHAIN, START, horizon="1Y", discount_rate=0.21)
    now, each = np.array(list(START.values()), float), np.array([4.0, 4.0, 17.0, 0.0]) / 4
    total = worth = 0.0
    for t in range(4):
        np.testing.assert_allclose(found.cost[t], now * each)
        total += float(now @ each)
        worth += float(now @ each) / 1.21 ** (t / 4)
        now = now @ RATES
    assert found.total.estimate == pytest.approx(total)
    assert found.present_value.estimate == pytest.approx(worth)
    assert math.isnan(found.total.lower)
    assert found.surprise.tolist() == pytest.approx([125.0] * 4)
    np.testing.assert_allclose(found.customers.sum(axis=1), 950)


def test_half_a_period_costs_half() -> None:
    whole, cut = (reward_budget(PLAN, CHAIN, START, horizon=f"{years}Y") for years in (0.5, 0.375))
    np.testing.assert_allclose(cut.cost, whole.cost * [[1.0], [0.5]])
    np.testing.assert_allclose(cut.surprise, [125.0, 62.5])


def test_the_table_adds_up() -> None:
    frame = reward_budget(PLAN, CHAIN, START, horizon="1Y").to_frame()
    np.testing.assert_allclose(frame[list(STATES)].sum(axis=1), frame["total"])
    assert frame["period"].tolist() == [1, 2, 3, 4]


def test_intervals_hold_what_a_plan_will_cost() -> None:
    """Rates are learned from 80 customers a rung; then 950 customers move by chance. 95 % of costs should be inside."""
    random, inside = np.random.default_rng(7), []
    for seed in range(250):
        counts = np.stack([random.multinomial(80, row) for row in RATES])
        chain = Transitions(STATES, counts, QUARTER).chain(draws=200, seed=seed)
        found = reward_budget(PLAN, chain, START, horizon="1Y", seed=seed)
        heads = CHAIN.simulate(START, 4, seed=random).sum(axis=2)
        actual = float((heads @ np.array([1.0, 1.0, 4.25, 0.0])).sum())
        inside.append(found.total.lower <= actual <= found.total.upper)
    assert 0.89 < np.mean(inside) < 0.995


def test_intervals_are_the_same_for_the_same_seed_and_start_with_what_is_known() -> None:
    chain = Transitions(STATES, (80 * RATES).astype(np.int64), QUARTER).chain(draws=50, seed=1)
    one, two = (reward_budget(PLAN, chain, START, horizon="1Y", seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.upper, two.upper)
    assert one.lower[0] == one.upper[0] == pytest.approx(one.cost[0].sum())
    assert (one.lower[1:] < one.upper[1:]).all()


WRONG: list[tuple[dict[str, Any], type[EvergreenError], str]] = [
    ({"plan": None}, InputTypeError, "plan must be a LoyaltyPlan"),
    ({"chain": RATES}, InputTypeError, "chain must be a MarkovChain"),
    ({"chain": MarkovChain(("repeat", "lapsed"), np.eye(2), 30.0)}, InvalidInputError, "'first-time', 'loyal'"),
    ({"customers": {"vip": 3}}, InvalidInputError, "unknown 'vip'"),
    ({"customers": {"loyal": 10**19}}, InvalidInputError, "more than the 2**53"),
    ({"customers": {"loyal": 2.5}}, InvalidInputError, "whole number"),
    ({"horizon": "inf"}, InvalidInputError, "horizon='inf' is inf periods"),
    ({"horizon": timedelta(microseconds=1)}, InvalidInputError, "is no part of a period of"),
    ({"horizon": "9000Y"}, InvalidInputError, "a budget has at most 10,000"),
    ({"horizon": 4}, InputTypeError, "A duration must be"),
    ({"discount_rate": -0.1}, InvalidInputError, "discount_rate"),
]


@pytest.mark.parametrize(("change", "error", "words"), WRONG)
def test_wrong_calls_say_what_is_wrong(change: dict[str, Any], error: type[EvergreenError], words: str) -> None:
    call: dict[str, Any] = {"plan": PLAN, "chain": CHAIN, "customers": START, "horizon": "1Y", **change}
    with pytest.raises(error) as caught:
        reward_budget(**call)
    assert words in str(caught.value)
