"""The day of alarm is the one that a walk day by day finds, by every model and from the gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evergreen import BGNBD, BGCNBDk, Covariate, CovariateModel, GapHistories
from evergreen.churn.chances import FAR, Chances, ModelChances, whole_days
from evergreen.churn.returns import ReturnChances, ReturnCurves
from evergreen.models.transactions import HistoryModel
from evergreen.typing import FloatArray, IntArray, TimeUnit
from tests.contracts.registry import TRANSACTION_MODELS

DAYS = 800
"""How far the walk goes."""


def histories(customers: int = 60) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return customers of all kinds: one-time buyers, heavy ones, some silent for long and some who just bought."""
    random = np.random.default_rng(4)
    x = np.concatenate((np.zeros(8, np.int64), random.integers(1, 12, customers - 10), [60, 150]))
    t_x = np.where(x > 0, x + random.integers(0, 200, customers), 0)
    silence = random.integers(0, 250, customers)
    silence[::7] = 0
    return x, t_x.astype(np.float64), (t_x + silence).astype(np.float64)


def walk(chances: Chances, alarm: float, x: IntArray, t_x: FloatArray, T: FloatArray, *known: Any) -> IntArray:
    """Return the first whole day of further silence at which the chance is at the cut."""
    found = np.full(len(x), FAR)
    for day in range(DAYS, -1, -1):
        found[chances.p_churn(x, t_x, T + day, *known) >= alarm] = day
    return found


@pytest.mark.parametrize("alarm", [0.3, 0.8, 0.97])
@pytest.mark.parametrize("name", TRANSACTION_MODELS)
def test_the_day_of_alarm_is_that_of_a_walk(name: str, alarm: float) -> None:
    model = TRANSACTION_MODELS[name]
    chances = ModelChances(model, 45.0, "D")
    rows = histories()
    wanted = walk(chances, alarm, *rows)
    found = whole_days(chances.seconds_to(alarm, *rows))
    near = wanted <= DAYS
    assert near.any()
    np.testing.assert_array_equal(found[near], wanted[near])
    assert (found[~near] > DAYS).all()


def test_very_regular_buyers_are_looked_after_one_by_one() -> None:
    """Right after a purchase hardly anybody buys again within a few days: above the cut, then below it, then above."""
    chances = ModelChances(BGCNBDk(k=12, r=40.0, alpha=100.0, a=0.8, b=2.4), 8.0, "D")
    days = np.arange(0.0, 120.0)
    x, t_x = np.full(len(days), 5), np.full(len(days), 150.0)
    above = chances.p_churn(x, t_x, t_x + days) >= 0.8
    assert above[0]
    assert np.flatnonzero(np.diff(above)).size == 2
    found = whole_days(chances.seconds_to(0.8, x, t_x, t_x + days))
    np.testing.assert_array_equal(found, walk(chances, 0.8, x, t_x, t_x + days))
    np.testing.assert_array_equal(found == 0, above)


def test_times_of_day_round_up_to_whole_days() -> None:
    model = TRANSACTION_MODELS["bg/nbd"]
    x, t_x, T = histories()
    later = T + np.linspace(0, 0.999, len(T))
    chances = ModelChances(model, 45.0, "D")
    found = whole_days(chances.seconds_to(0.8, x, t_x, later))
    np.testing.assert_array_equal(found, walk(chances, 0.8, x, t_x, later))


@pytest.mark.parametrize(("unit", "length"), [("h", 1 / 24), ("W", 7.0), ("M", 365.2425 / 12)])
def test_days_do_not_know_the_unit(unit: TimeUnit, length: float) -> None:
    x, t_x, T = histories()
    model = BGNBD(0.9, 21.0, 0.8, 2.4)
    days = ModelChances(model, 45.0, "D").seconds_to(0.8, x, t_x, T)
    other = ModelChances(BGNBD(0.9, 21.0 / length, 0.8, 2.4), 45.0 / length, unit)
    np.testing.assert_array_equal(other.seconds_to(0.8, x, t_x / length, T / length), days)


def test_opportunities_are_whole() -> None:
    model = TRANSACTION_MODELS["bg/bb"]
    x, t_x, T = histories()
    found = ModelChances(model, 6.0, "W").seconds_to(0.8, x, t_x, T) / 86_400
    finite = np.isfinite(found)
    assert (found[finite] % 7 == 0).all()
    steps = (found[finite] / 7).astype(np.int64)
    chance = 1 - model.p_purchase(6, x[finite], t_x[finite], T[finite] + steps)
    assert (chance >= 0.8).all()
    later = steps > 0
    before = 1 - model.p_purchase(6, x[finite][later], t_x[finite][later], T[finite][later] + steps[later] - 1)
    assert (before < 0.8).all()


def test_each_customer_follows_the_model_of_his_attributes() -> None:
    base: HistoryModel = BGNBD(0.9, 21.0, 0.8, 2.4)
    model = CovariateModel(base, (Covariate("channel", levels=("shop", "web")),), ("channel",), (), (0.7,))
    x, t_x, T = histories()
    channel = np.where(np.arange(len(x)) % 3 == 0, "web", "shop")
    found = ModelChances(model, 45.0, "D").seconds_to(0.8, x, t_x, T, channel)
    for name in ("shop", "web"):
        rows = channel == name
        alone = ModelChances(model.at({"channel": name}), 45.0, "D")
        np.testing.assert_array_equal(found[rows], alone.seconds_to(0.8, x[rows], t_x[rows], T[rows]))


def test_who_never_turns_takes_a_hundred_years() -> None:
    model = BGNBD(r=1e5, alpha=1e5, a=1e-5, b=1e5)  # one purchase a day, and nobody leaves
    chances = ModelChances(model, 365.0, "D")
    one = np.array([3]), np.array([4.0]), np.array([5.0])
    assert np.isinf(chances.seconds_to(0.99999, np.array([0]), np.zeros(1), np.array([1.0])))
    assert whole_days(chances.seconds_to(0.8, np.array([0]), np.zeros(1), np.array([1.0]))).tolist() == [FAR]
    assert chances.p_churn(*one) < 0.1


@pytest.fixture(scope="module")
def curves() -> ReturnCurves:
    random = np.random.default_rng(11)
    order = np.repeat([1, 2, 3, 4, 9], 900)
    length = np.ceil(random.gamma(0.8, 30.0, len(order)) * (1 + 6 * (random.random(len(order)) < 0.4)))
    seen = random.integers(20, 400, len(order))
    ended = length <= seen
    return ReturnCurves.of(GapHistories.of(order, np.minimum(length, seen), ended, ~ended))


@pytest.mark.parametrize("alarm", [0.4, 0.6, 0.8])
def test_the_day_of_alarm_on_the_curves_is_that_of_a_walk(curves: ReturnCurves, alarm: float) -> None:
    chances = ReturnChances(curves, 45.0)
    rows = histories()
    wanted = walk(chances, alarm, *rows)
    found = whole_days(chances.seconds_to(alarm, *rows))
    np.testing.assert_array_equal(found, wanted)
    assert 0 < (found == 0).sum() < len(found)
