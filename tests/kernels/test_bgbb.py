"""BG/BB formulas against the model's story in many digits, over the whole domain."""

from __future__ import annotations

import math
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp

from evergreen.kernels import bgbb as kernel
from evergreen.kernels.silence import Parameters
from evergreen.typing import FloatArray, IntArray
from tests.reference import bgbb_story as story

TINY = 1e-290  # below it doubles lose digits, and nobody needs any

positive = st.floats(np.log(1e-6), np.log(1e6)).map(lambda y: float(np.exp(y)))
moderate = st.floats(np.log(0.1), np.log(20)).map(lambda y: float(np.exp(y)))
near_one = st.sampled_from([1.0, 1 - 1e-12, 1 + 1e-12, 1 + 1e-5])
parameter_sets = st.one_of(
    st.tuples(positive, positive, st.one_of(positive, near_one), positive), st.tuples(*[moderate] * 4)
)
horizons = st.one_of(st.integers(1, 6), st.integers(1, 120))
rates = st.sampled_from([1e-5, 1e-2, 0.7])


class History(NamedTuple):
    x: int
    t_x: int
    T: int

    @property
    def arrays(self) -> tuple[IntArray, FloatArray, FloatArray]:
        return np.array([self.x]), np.array([float(self.t_x)]), np.array([float(self.T)])


@st.composite
def histories(draw: st.DrawFn) -> History:
    T = draw(st.one_of(st.integers(0, 8), st.integers(0, 150)))
    t_x = draw(st.integers(0, T))
    return History(draw(st.integers(1, t_x)) if t_x else 0, t_x, T)


def close(found: Any, exact: Any, rel: float) -> bool:
    """Compare with a number of many digits, which a double may not hold."""
    return bool(np.isfinite(found)) and bool(abs(mp.mpf(float(found)) - exact) <= max(rel * abs(exact), TINY))


# ------------------------------------------------------------------------------- against the story


@given(parameters=parameter_sets, history=histories())
@example(parameters=(1.2e6, 5e-5, 6e4, 2.5e4), history=History(2, 14, 60))
@example(parameters=(1e-6, 1e6, 1e-6, 1e6), history=History(150, 150, 150))
def test_likelihood_and_p_alive(parameters: Parameters, history: History) -> None:
    value = kernel.log_likelihood(parameters, kernel.gather(*history.arrays, np.array([1])))[0]
    with mp.workdps(40):
        letters = story.exactly(*parameters)
        exact = mp.log(story.likelihood(letters, *history))
        alive = story.p_alive(letters, *history)
    assert abs(value - float(exact)) < 1e-13 * (1 + abs(float(exact)))
    assert close(kernel.p_alive(parameters, *history.arrays)[0], alive, 1e-11)


@given(parameters=parameter_sets, history=histories(), horizon=horizons, delta=rates)
def test_forecasts(parameters: Parameters, history: History, horizon: int, delta: float) -> None:
    found = kernel.forecast(parameters, float(horizon), delta, *history.arrays)
    with mp.workdps(40):
        letters = story.exactly(*parameters)
        later = story.later(letters, history.x, history.T)
        there = story.path(letters, history.x, history.T) / story.likelihood(letters, *history)
        exact = (
            story.p_alive(letters, *history),
            there * story.p_purchase(later, horizon),
            there * story.purchases(later, horizon),
            there * story.purchases(later, horizon, delta),
        )
    for part, true, name in zip(found, exact, found._fields, strict=True):
        assert close(part[0], true, 1e-11), name


@given(parameters=parameter_sets, history=histories(), horizon=horizons, n=st.integers(0, 120))
@example(parameters=(1.6e4, 86.7, 1e-4, 1e3), history=History(0, 0, 0), horizon=2, n=0)  # 1 - P(alive) is exactly 0
def test_numbers_of_purchases(parameters: Parameters, history: History, horizon: int, n: int) -> None:
    with mp.workdps(40):
        letters = story.exactly(*parameters)
        new = story.pmf(letters, n, horizon)
        there = story.path(letters, history.x, history.T) / story.likelihood(letters, *history)
        later = story.pmf(story.later(letters, history.x, history.T), n, horizon)
        ahead = there * later + (1 - there if n == 0 else 0)
    assert close(kernel.pmf(parameters, np.array([n]), float(horizon))[0], new, 1e-11)
    assert close(kernel.pmf_ahead(parameters, np.array([n]), float(horizon), *history.arrays)[0], ahead, 1e-11)


@given(parameters=parameter_sets, horizon=horizons, delta=rates)
def test_new_customers(parameters: Parameters, horizon: int, delta: float) -> None:
    with mp.workdps(40):
        letters = story.exactly(*parameters)
        exact, discounted = story.purchases(letters, horizon), story.purchases(letters, horizon, delta)
    found = kernel.expected_purchases_new(parameters, np.array([horizon, 0.0, horizon]))
    assert close(found[0], exact, 1e-12)
    assert found[1] == 0
    assert found[2] == found[0]
    assert close(kernel.discounted_purchases_new(parameters, float(horizon), delta), discounted, 1e-12)


@settings(max_examples=8)
@given(parameters=parameter_sets, history=histories())
def test_derivatives_of_the_likelihood(parameters: Parameters, history: History) -> None:
    """In log-parameters, where a fit searches."""
    value, gradient, hessian = kernel.log_likelihood(parameters, kernel.gather(*history.arrays, np.array([1])))
    scale = np.array(parameters)
    slope, bend = gradient * scale, hessian * np.outer(scale, scale) + np.diag(gradient * scale)
    np.testing.assert_array_equal(hessian, hessian.T)

    def exact(*logs: Any) -> Any:
        alpha, beta, gamma, delta = map(mp.exp, logs)
        return mp.log(story.likelihood((alpha, beta, gamma, delta), *history))

    with mp.workdps(50):
        point = [mp.log(mp.mpf(parameter)) for parameter in parameters]
        h = mp.mpf(10) ** -15
        for i in range(4):
            up, down = ([p + sign * h * (i == k) for k, p in enumerate(point)] for sign in (1, -1))
            assert abs(float((exact(*up) - exact(*down)) / (2 * h)) - slope[i]) < 1e-12 * (1 + abs(value)), i
            for j in range(i + 1):
                corners = [
                    s * t * exact(*(p + h * (s * (i == k) + t * (j == k)) for k, p in enumerate(point)))
                    for s, t in product((1, -1), repeat=2)
                ]
                assert abs(float(mp.fsum(corners) / (4 * h * h)) - bend[i, j]) < 1e-11 * (1 + abs(value)), (i, j)


# ------------------------------------------------------------------------------- long horizons


@pytest.mark.parametrize(
    "parameters",
    [(1.2, 0.75, 0.66, 2.78), (0.03, 140.0, 0.036, 11.0), (180.0, 1.5e5, 0.003, 6.7e3), (7e-6, 21.0, 1e-3, 2e4)],
)
def test_purchase_beyond_the_steps(parameters: Parameters) -> None:
    """Long horizons are an integral; here they are followed to the end, and split in two."""
    alpha, beta, gamma, delta = parameters
    total, silent = 0.0, 1.0
    for j in range(5_000):
        there, every = (delta + j) / (gamma + delta + j), alpha + beta + j
        total, silent = total + silent * there * alpha / every, silent * there * (beta + j) / every
    new = (np.array([0]), np.array([0.0]), np.array([0.0]))
    assert kernel.p_purchase(parameters, 5_000.0, *new)[0] == pytest.approx(total, rel=1e-11, abs=0)
    ever = kernel.p_purchase(parameters, math.inf, *new)[0]
    later = kernel.p_purchase((alpha, beta + 5_000, gamma, delta + 5_000), math.inf, *new)[0]
    assert ever == pytest.approx(total + silent * later, rel=1e-10, abs=0)


@pytest.mark.parametrize("parameters", [(1.204, 0.75, 0.657, 2.783), (0.5, 2.0, 1.5, 4.0)])
@pytest.mark.parametrize("history", [History(0, 0, 0), History(0, 0, 6), History(3, 5, 6), History(6, 6, 6)])
@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_dert_of_the_paper(parameters: Parameters, history: History, rate: float) -> None:
    """Its closed form: a Gaussian hypergeometric function, the first purchase discounted by one period."""
    found = kernel.forecast(parameters, math.inf, math.log1p(rate), *history.arrays)
    alpha, beta, gamma, delta = story.exactly(*parameters)
    x, _, n = history
    with mp.workdps(30):
        share = mp.beta(alpha + x + 1, beta + n - x) / mp.beta(alpha, beta)
        share *= mp.beta(gamma, delta + n + 1) / mp.beta(gamma, delta) / (1 + mp.mpf(rate))
        series = mp.hyp2f1(1, delta + n + 1, gamma + delta + n + 1, 1 / (1 + mp.mpf(rate)))
        exact = share * series / story.likelihood((alpha, beta, gamma, delta), *history)
    assert found.discounted_purchases[0] == pytest.approx(float(exact), rel=1e-12, abs=0)


def test_expectations_that_are_infinite_are_said() -> None:
    history = History(3, 5, 6).arrays
    assert kernel.expected_purchases((1.2, 0.75, 0.66, 2.78), math.inf, *history)[0] == math.inf
    assert kernel.forecast((1.2, 0.75, 0.66, 2.78), math.inf, 0.0, *history).discounted_purchases[0] == math.inf
    near = kernel.expected_purchases((1.2, 0.75, 1.66, 2.78), 1e9, *history)[0]
    assert kernel.expected_purchases((1.2, 0.75, 1.66, 2.78), math.inf, *history)[0] == pytest.approx(near, rel=1e-4)


# ------------------------------------------------------------------------------- laws


@given(parameters=parameter_sets, people=st.lists(histories(), min_size=2, max_size=25), horizon=horizons)
def test_a_score_does_not_depend_on_the_batch(parameters: Parameters, people: list[History], horizon: int) -> None:
    x, t_x, T = (np.concatenate(column) for column in zip(*(person.arrays for person in people), strict=True))
    together = kernel.forecast(parameters, float(horizon), 0.01, x, t_x, T)
    backwards = kernel.forecast(parameters, float(horizon), 0.01, x[::-1], t_x[::-1], T[::-1])
    for i, person in enumerate(people):
        alone = kernel.forecast(parameters, float(horizon), 0.01, *person.arrays)
        for part, turned, single in zip(together, backwards, alone, strict=True):
            assert part[i] == single[0]
            assert turned[len(people) - 1 - i] == single[0]


@given(parameters=parameter_sets, people=st.lists(histories(), min_size=2, max_size=25))
def test_likelihoods_add(parameters: Parameters, people: list[History]) -> None:
    x, t_x, T = (np.concatenate(column) for column in zip(*(person.arrays for person in people), strict=True))
    count = np.arange(1, len(people) + 1)
    value, gradient, hessian = kernel.log_likelihood(parameters, kernel.gather(x, t_x, T, count))
    parts = [kernel.log_likelihood(parameters, kernel.gather(*p.arrays, np.array([1]))) for p in people]
    assert value == pytest.approx(sum(n * part[0] for n, part in zip(count, parts, strict=True)), rel=1e-12)
    scale = np.array(parameters)
    for found, place, unit in ((gradient, 1, scale), (hessian, 2, np.outer(scale, scale))):
        pieces = np.array([n * np.asarray(part[place]) * unit for n, part in zip(count, parts, strict=True)])
        size = 1 + np.abs(pieces).max(axis=tuple(range(1, pieces.ndim))).sum() + abs(value)
        np.testing.assert_allclose(found * unit, pieces.sum(axis=0), rtol=0, atol=1e-12 * size)


@given(parameters=parameter_sets, T=st.integers(1, 12))
def test_all_histories_have_probability_one(parameters: Parameters, T: int) -> None:
    """Of the orders in which x purchases come, those that end at t_x number C(t_x - 1, x - 1)."""
    every = [History(0, 0, T), *(History(x, t_x, T) for t_x in range(1, T + 1) for x in range(1, t_x + 1))]
    logs = [kernel.log_likelihood(parameters, kernel.gather(*h.arrays, np.array([1])))[0] for h in every]
    orders = [math.comb(max(h.t_x - 1, 0), max(h.x - 1, 0)) for h in every]
    assert math.fsum(n * math.exp(log) for n, log in zip(orders, logs, strict=True)) == pytest.approx(1, rel=1e-12)


@given(parameters=parameter_sets, horizon=horizons)
def test_pmf_is_a_distribution_with_the_right_mean(parameters: Parameters, horizon: int) -> None:
    n = np.arange(horizon + 2)
    p = kernel.pmf(parameters, n, float(horizon))
    assert p[-1] == 0
    assert p.sum() == pytest.approx(1, rel=1e-11)
    assert n @ p == pytest.approx(kernel.expected_purchases_new(parameters, np.array([float(horizon)]))[0], rel=1e-10)


@given(parameters=parameter_sets, history=histories(), horizon=horizons)
def test_forecasts_keep_their_order(parameters: Parameters, history: History, horizon: int) -> None:
    found = kernel.forecast(parameters, float(horizon), 0.01, *history.arrays)
    alive, buys, expected, discounted = (float(part[0]) for part in found)
    ulp = 1 + 1e-12
    assert 0 <= buys <= alive <= 1
    assert buys <= expected * ulp
    assert math.exp(-0.01 * horizon) * expected / ulp <= discounted <= expected * ulp
    assert expected <= alive * horizon * ulp


def test_who_has_just_bought_was_there() -> None:
    """An additive floor of 1e-15 under the likelihood once made this .0039."""
    x = np.array([60, 500, 5_000])
    T = x.astype(np.float64)
    alpha, beta, gamma, delta = 1.204, 0.750, 0.657, 2.783
    found = kernel.p_alive((alpha, beta, gamma, delta), x, T, T)
    np.testing.assert_array_equal(found, (delta + T) / (gamma + (delta + T)))


def test_at_the_corners_of_the_domain() -> None:
    people = [(0, 0, 0), (0, 0, 1_000), (5, 5, 5), (20_000, 20_000, 20_000), (3, 3, 1_000), (700, 900, 1_000)]
    x, t_x, T = (np.array(column) for column in zip(*people, strict=True))
    count = np.ones(len(x), np.int64)
    small_and_large = (1e-6, 1e6)
    for parameters in product(small_and_large, small_and_large, small_and_large, small_and_large):
        for part in kernel.log_likelihood(parameters, kernel.gather(x, t_x * 1.0, T * 1.0, count)):
            assert np.isfinite(part).all(), parameters
        found = kernel.forecast(parameters, 1e9, 1e-4, x, t_x * 1.0, T * 1.0)
        assert all(np.isfinite(part).all() for part in found), parameters
        assert (found.p_purchase <= found.p_alive).all()


# ------------------------------------------------------------------------------- simulation


def test_simulated_customers_are_those_of_the_likelihood() -> None:
    parameters = (1.204, 0.75, 0.657, 2.783)
    size = 400_000
    x, t_x, p, theta = kernel.simulate(parameters, np.full(size, 4.0), np.random.default_rng(11))
    assert np.all((x <= t_x) & (t_x <= 4) & ((x == 0) == (t_x == 0)))
    assert p.mean() == pytest.approx(1.204 / 1.954, abs=5 * p.std() / math.sqrt(size))
    assert theta.mean() == pytest.approx(0.657 / 3.44, abs=5 * theta.std() / math.sqrt(size))
    letters = story.exactly(*parameters)
    for history in (History(0, 0, 4), *(History(i, j, 4) for j in range(1, 5) for i in range(1, j + 1))):
        orders = math.comb(max(history.t_x - 1, 0), max(history.x - 1, 0))
        share = float(orders * story.likelihood(letters, *history))
        seen = np.mean((x == history.x) & (t_x == history.t_x))
        assert abs(seen - share) < 5 * math.sqrt(share * (1 - share) / size), history
