"""What customers will do: probabilities of numbers, and forecasts without an end, of BG/NBD and MBG/NBD."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp

from evergreen.kernels.bgnbd import Parameters
from tests.reference import bgnbd_story as story
from tests.reference.bgnbd_cases import (
    TINY,
    History,
    Model,
    both,
    close,
    counts,
    extreme_sets,
    histories,
    horizons,
    log_uniform,
    moderate_sets,
    parameter_sets,
)

NEW = History(0, 0.0, 0.0)
rates = log_uniform(1e-8, 10.0)
any_history = histories(st.sampled_from([0, 1, 2, 100, 1_000, 100_000]))
half = settings(max_examples=settings().max_examples // 2)
few = settings(max_examples=settings().max_examples // 6)

# ------------------------------------------------------------------------------- numbers of purchases


@both
@given(parameters=parameter_sets, history=histories(), n=st.one_of(st.integers(0, 5), st.integers(0, 400)), h=horizons)
def test_numbers_ahead(model: Model, parameters: Parameters, history: History, n: int, h: float) -> None:
    found = model.kernel.pmf_ahead(parameters, np.array([n]), h, *history.arrays)[0]
    with mp.workdps(40):
        exact = model.story.pmf_ahead(story.exactly(*parameters), n, mp.mpf(h), *history.exactly)
    assert close(found, exact, 1e-9)


@both
@pytest.mark.parametrize("n", [0, 1, 3_000, 30_000, 100_000])
@pytest.mark.parametrize("parameters", [(0.243, 4.414, 0.793, 2.426), (2.0, 0.5, 1e-3, 40.0), (30.0, 1.0, 900.0, 1e6)])
def test_numbers_ahead_of_heavy_buyers(model: Model, parameters: Parameters, n: int) -> None:
    history = History(100_000, 999.0, 1_000.0)
    found = model.kernel.pmf_ahead(parameters, np.array([n]), 300.0, *history.arrays)[0]
    with mp.workdps(60):
        exact = model.story.pmf_ahead(story.exactly(*parameters), n, mp.mpf(300), *history.exactly)
    assert close(found, exact, 1e-8)


@both
@given(parameters=moderate_sets, history=histories(st.integers(0, 60)), share=st.floats(0.01, 0.9))
def test_numbers_ahead_are_a_distribution(model: Model, parameters: Parameters, history: History, share: float) -> None:
    h = (parameters[1] + history.T) * share / (1 - share)
    n = np.arange(3_000)  # terms fall like share^n
    x, t_x, T = history.arrays
    p = model.kernel.pmf_ahead(parameters, n, h, x.repeat(len(n)), t_x.repeat(len(n)), T.repeat(len(n)))
    assert np.all((p >= 0) & (p <= 1))
    assert p.sum() == pytest.approx(1, rel=1e-11, abs=0)
    buys = model.kernel.p_purchase(parameters, h, *history.arrays)[0]
    assert p[1:].sum() == pytest.approx(buys, rel=1e-10, abs=0)
    assert p[0] == pytest.approx(1 - buys, rel=1e-12, abs=1e-15)
    expected = model.kernel.expected_purchases(parameters, h, *history.arrays)[0]
    assert n @ p == pytest.approx(expected, rel=1e-9, abs=0)


@both
@given(parameters=parameter_sets, n=st.integers(0, 400), h=horizons)
def test_numbers_ahead_of_a_new_customer(model: Model, parameters: Parameters, n: int, h: float) -> None:
    ahead = model.kernel.pmf_ahead(parameters, np.array([n]), h, *NEW.arrays)[0]
    assert ahead == pytest.approx(model.kernel.pmf(parameters, np.array([n]), h)[0], rel=1e-9, abs=TINY)


@both
@pytest.mark.parametrize("h", [1e-280, 1e-12, 1.0, 1e12, 1e280])
@half
@given(parameters=extreme_sets, people=st.lists(any_history, min_size=1, max_size=6))
def test_numbers_ahead_anywhere(model: Model, h: float, parameters: Parameters, people: list[History]) -> None:
    """Nothing but probabilities, each as if the customer were alone."""
    each = np.array([0, 1, 2, 1_000, 100_000])
    n = np.tile(each, len(people))
    x, t_x, T = (np.repeat([person[i] for person in people], len(each)) for i in range(3))
    together = model.kernel.pmf_ahead(parameters, n, h, x.astype(np.int64), t_x, T)
    assert np.all((together >= 0) & (together <= 1 + 1e-9))
    alone = [model.kernel.pmf_ahead(parameters, each[[j]], h, *person.arrays)[0] for person in people for j in range(5)]
    np.testing.assert_array_equal(together, alone)


# ------------------------------------------------------------------------------- without an end


@both
@given(parameters=extreme_sets, history=any_history)
def test_who_is_alive_will_buy(model: Model, parameters: Parameters, history: History) -> None:
    alive = model.kernel.p_alive(parameters, *history.arrays)[0]
    assert model.kernel.p_purchase(parameters, math.inf, *history.arrays)[0] == alive


@both
@given(parameters=parameter_sets, history=any_history, surplus=log_uniform(1e-6, 1e4))
def test_purchases_without_end_are_chances_to_leave(
    model: Model, parameters: Parameters, history: History, surplus: float
) -> None:
    """A living customer has another chance to leave with each purchase, so E[1/P] of them."""
    r, alpha, _, b = parameters
    a = 1 + surplus
    found = model.kernel.expected_purchases((r, alpha, a, b), math.inf, *history.arrays)[0]
    with mp.workdps(40):
        letters = story.exactly(r, alpha, a, b)
        _, _, _, stays = model.story.living(letters, history.x, mp.mpf(history.T))
        exact = model.story.p_alive(letters, *history.exactly) * story.beta_moment(letters[2], stays, -1, 0)
    assert close(found, exact, 1e-11)


@both
@given(parameters=extreme_sets, history=any_history, h=horizons)
def test_purchases_without_end_are_at_least_those_within_any_horizon(
    model: Model, parameters: Parameters, history: History, h: float
) -> None:
    ever = model.kernel.forecast(parameters, math.inf, 0.0, *history.arrays)
    within = model.kernel.forecast(parameters, h, 0.0, *history.arrays)
    assert ever.p_alive[0] == within.p_alive[0]
    assert ever.p_purchase[0] >= within.p_purchase[0]
    assert ever.expected_purchases[0] * (1 + 1e-11) >= within.expected_purchases[0]
    assert ever.discounted_purchases[0] == ever.expected_purchases[0]
    assert np.isinf(ever.expected_purchases[0]) == (parameters[2] <= 1)


@both
def test_infinite_even_if_hardly_anybody_is_alive(model: Model) -> None:
    gone = History(1_000, 1.0, 1e4)
    parameters = (0.5, 4.0, 1.0, 2.0)
    assert model.kernel.p_alive(parameters, *gone.arrays)[0] == 0  # below the smallest double
    assert model.kernel.expected_purchases(parameters, math.inf, *gone.arrays)[0] == math.inf
    assert model.kernel.expected_purchases((0.5, 4.0, 1.5, 2.0), math.inf, *gone.arrays)[0] == 0
    ever = model.kernel.forecast(parameters, math.inf, 1e-3, *gone.arrays)
    assert ever.expected_purchases[0] == math.inf
    assert ever.discounted_purchases[0] == 0


@both
@half
@given(parameters=extreme_sets, h=horizons, delta=rates)
def test_new_customers_without_end(model: Model, parameters: Parameters, h: float, delta: float) -> None:
    kernel = model.kernel
    within, ever = kernel.expected_purchases_new(parameters, np.array([h, math.inf])).tolist()
    assert ever == pytest.approx(kernel.expected_purchases(parameters, math.inf, *NEW.arrays)[0], rel=1e-12, abs=0)
    assert within == kernel.expected_purchases_new(parameters, np.array([h]))[0] <= ever * (1 + 1e-11)
    for horizon in (h, math.inf):
        found = kernel.discounted_purchases_new(parameters, horizon, delta)
        fresh = kernel.forecast(parameters, horizon, delta, *NEW.arrays).discounted_purchases[0]
        assert found == pytest.approx(fresh, rel=1e-11, abs=TINY)
    assert kernel.discounted_purchases_new(parameters, h, 0.0) == within
    assert kernel.discounted_purchases_new(parameters, math.inf, 0.0) == ever
    assert kernel.discounted_purchases_new(parameters, 0.0, delta) == 0


# ------------------------------------------------------------------------------- discounted without an end


@both
@few
@given(parameters=moderate_sets, x=st.integers(0, 30), T=st.floats(0, 100), delta=rates)
def test_discounted_purchases_over_time(model: Model, parameters: Parameters, x: int, T: float, delta: float) -> None:
    history = History(x, T if x else 0.0, T)
    found = model.kernel.forecast(parameters, math.inf, delta, *history.arrays).discounted_purchases[0]
    with mp.workdps(20):
        letters = story.exactly(*parameters)
        exact = story.discounted_by_quadrature(model.story.living(letters, x, mp.mpf(T)), mp.inf, mp.mpf(delta))
        exact *= model.story.p_alive(letters, *history.exactly)
    assert close(found, exact, 1e-10)


@both
@few
@given(parameters=parameter_sets, x=st.one_of(counts, st.just(100_000)), T=st.floats(0, 3e3), delta=rates)
@example(parameters=(0.243, 4.414, 0.793, 2.426), x=100_000, T=39.0, delta=1e-8)
@example(parameters=(1e4, 1e-4, 1e-4, 1e4), x=100_000, T=0.0, delta=10.0)
def test_discounted_purchases_over_dropout(
    model: Model, parameters: Parameters, x: int, T: float, delta: float
) -> None:
    history = History(x, T if x else 0.0, T)
    found = model.kernel.forecast(parameters, math.inf, delta, *history.arrays).discounted_purchases[0]
    with mp.workdps(17):
        letters = story.exactly(*parameters)
        exact = story.discounted_by_exponential_integral(model.story.living(letters, x, mp.mpf(T)), mp.mpf(delta))
        exact *= model.story.p_alive(letters, *history.exactly)
    assert close(found, exact, 1e-10)


@both
@half
@given(parameters=extreme_sets, history=any_history, delta=rates)
def test_longer_horizons_come_near_the_value_without_end(
    model: Model, parameters: Parameters, history: History, delta: float
) -> None:
    horizons = [reach / delta for reach in (0.01, 1.0, 5.0, 20.0, 100.0)]
    values = [
        float(model.kernel.forecast(parameters, horizon, delta, *history.arrays).discounted_purchases[0])
        for horizon in (*horizons, math.inf)
    ]
    assert all(near <= far * (1 + 1e-11) for near, far in itertools.pairwise(values))
    assert math.isfinite(values[-1])
    assert values[-2] == values[-1]
    # purchases come at a falling rate, so that those beyond h are worth at most exp(-delta h) of all
    assert values[3] >= values[-1] * (1 - math.exp(-20)) * (1 - 1e-11)
