"""BG/CNBD-k formulas against the models' story in many digits."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp
from scipy.special import digamma

from evergreen.kernels.beta_rule import beta_rule
from evergreen.kernels.bgcnbd import Condensed
from evergreen.kernels.bgnbd import BetaGeometric, Parameters
from evergreen.kernels.every_kth import mean_purchases
from evergreen.typing import FloatArray, IntArray
from tests.reference import bgcnbd_story as story
from tests.reference.bgnbd_story import Number, exactly


class History(NamedTuple):
    x: int
    t_x: float
    T: float

    @property
    def arrays(self) -> tuple[IntArray, FloatArray, FloatArray]:
        return self.times(1)

    def times(self, n: int) -> tuple[IntArray, FloatArray, FloatArray]:
        return np.full(n, self.x), np.full(n, self.t_x, np.float64), np.full(n, self.T, np.float64)


def log_scale(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(math.log(low), math.log(high)).map(math.exp)


@st.composite
def histories(draw: st.DrawFn, most: int = 60) -> History:
    x = draw(st.one_of(st.integers(0, 4), st.integers(0, most)))
    T = draw(st.one_of(st.just(0.0), log_scale(1e-2, 1e3)))
    share = draw(st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1)))
    return History(x, T * share if x else 0.0, T)


kernels = st.builds(Condensed, st.sampled_from([1, 2, 3, 5, 12]), st.booleans())
ordinary = log_scale(1e-2, 1e2)
parameter_sets = st.tuples(ordinary, ordinary, st.one_of(ordinary, st.just(1.0)), ordinary)
anything = log_scale(1e-6, 1e6)
FEW = settings(max_examples=max(settings().max_examples // 3, 10))

ORDINARY = (0.7, 2.0, 0.8, 2.4)


def customers(kernel: Condensed, n: int = 400, seed: int = 0) -> tuple[IntArray, FloatArray, FloatArray]:
    random = np.random.default_rng(seed)
    T = random.uniform(1, 60, n)
    x, t_x, _, _ = kernel.simulate(ORDINARY, T, random)
    return x, t_x, T


def of_story(kernel: Condensed, parameters: Parameters, history: History) -> tuple[story.Living, Number]:
    letters, teller = exactly(*parameters), story.Story(kernel.k, kernel.at_first)
    seen = (history.x, mp.mpf(history.t_x), mp.mpf(history.T))
    return teller.living(letters, *seen), teller.p_alive(letters, *seen)


# ------------------------------------------------------------------------------- k = 1


@pytest.mark.parametrize("at_first", [False, True])
def test_every_event_a_purchase(at_first: bool) -> None:
    condensed, plain = Condensed(1, at_first), BetaGeometric(at_first)
    x, t_x, T = customers(condensed, 20)
    each = np.ones(len(x), np.int64)
    value, gradient, hessian = condensed.log_likelihood(ORDINARY, condensed.gather(x, t_x, T, each))
    plain_value, plain_gradient, plain_hessian = plain.log_likelihood(ORDINARY, plain.gather(x, t_x, T, each))
    assert value == pytest.approx(plain_value, rel=1e-13)
    np.testing.assert_allclose(gradient, plain_gradient, rtol=1e-11)
    np.testing.assert_allclose(hessian, plain_hessian, rtol=1e-11)
    for horizon in (0.0, 1e-3, 30.0, 1e4, math.inf):
        found, theirs = (kernel.forecast(ORDINARY, horizon, 0.01, x, t_x, T) for kernel in (condensed, plain))
        for name, wanted in theirs._asdict().items():
            np.testing.assert_allclose(getattr(found, name), wanted, rtol=1e-12, err_msg=name)
    n = np.arange(len(x)) % 7
    columns = (n, 20.0, x, t_x, T)
    np.testing.assert_allclose(condensed.pmf_ahead(ORDINARY, *columns), plain.pmf_ahead(ORDINARY, *columns), rtol=1e-12)
    np.testing.assert_allclose(condensed.pmf(ORDINARY, n, 20.0), plain.pmf(ORDINARY, n, 20.0), rtol=1e-12)
    ahead = np.array([0.0, 1e-3, 30.0, 1e4, math.inf])
    one, other = (kernel.expected_purchases_new(ORDINARY, ahead) for kernel in (condensed, plain))
    np.testing.assert_allclose(one, other, rtol=1e-12)


# ------------------------------------------------------------------------------- against the story


@given(kernel=kernels, parameters=parameter_sets, history=histories())
def test_likelihood_and_p_alive(kernel: Condensed, parameters: Parameters, history: History) -> None:
    value = kernel.log_likelihood(parameters, kernel.gather(*history.arrays, np.array([1])))[0]
    with mp.workdps(40):
        letters, teller = exactly(*parameters), story.Story(kernel.k, kernel.at_first)
        seen = (history.x, mp.mpf(history.t_x), mp.mpf(history.T))
        exact, alive = float(teller.log_likelihood(letters, *seen)), float(teller.p_alive(letters, *seen))
    events = kernel.k * history.x
    size = 1 + (events + parameters[0]) * (1 + abs(math.log(parameters[1] + history.T)) + math.log1p(events))
    assert abs(value - exact) < 1e-13 * size
    np.testing.assert_allclose(kernel.p_alive(parameters, *history.arrays), alive, rtol=1e-10, atol=1e-290)


@FEW
@given(kernel=kernels, parameters=parameter_sets, history=histories(most=12), events=log_scale(1e-3, 40))
@example(kernel=Condensed(12, at_first=False), parameters=(0.5, 9.0, 1.0, 2.0), history=History(0, 0, 0), events=0.1)
@example(kernel=Condensed(3, at_first=True), parameters=(0.5, 9.0, 50.0, 0.02), history=History(2, 5, 9), events=30.0)
def test_forecasts(kernel: Condensed, parameters: Parameters, history: History, events: float) -> None:
    r, alpha, _, _ = parameters
    horizon = events * (alpha + history.T) / (r + kernel.k * history.x)
    forecast = kernel.forecast(parameters, horizon, 0.0, *history.arrays)
    with mp.workdps(60):
        living, alive = of_story(kernel, parameters, history)
        if horizon > 20 * (alpha + history.T):  # too many terms to add up
            return
        expected, numbers = story.purchases(living, mp.mpf(horizon)), story.pmf(living, mp.mpf(horizon))
        buys = float(alive * sum(numbers[1:]))
        expected, numbers = float(alive * expected), [float(alive * chance) for chance in numbers]
    numbers[0] += 1 - float(alive)
    np.testing.assert_allclose(forecast.expected_purchases, expected, rtol=1e-11, atol=1e-40)
    np.testing.assert_allclose(forecast.p_purchase, buys, rtol=1e-11, atol=1e-40)
    n = np.arange(min(len(numbers), 30))
    found = kernel.pmf_ahead(parameters, n, horizon, *history.times(len(n)))
    np.testing.assert_allclose(found, numbers[: len(n)], rtol=1e-10, atol=1e-40)


@pytest.mark.parametrize("k", [1, 2, 3, 12])
@pytest.mark.parametrize("R", [1, 30])
@pytest.mark.parametrize("ratio", [1e-3, 0.5, 30.0, 1e6])
def test_any_horizon_and_any_probability_to_leave(k: int, R: int, ratio: float) -> None:
    for p in (1e-13, 1e-4, 0.3, 0.79, 0.81, 1.0):
        found = mean_purchases(k, R, np.array([ratio]), np.array([p]), np.ones(1))[:, 0]
        with mp.workdps(100):
            exact = [float(each) for each in story.purchases_by_chain(k, R, mp.mpf(ratio), mp.mpf(p))]
        np.testing.assert_allclose(found, exact, rtol=1e-12)


@pytest.mark.parametrize(("k", "x", "delta"), [(1, 1, 2.0), (2, 0, 0.01), (3, 2, 0.5)])
def test_present_value(k: int, x: int, delta: float) -> None:
    kernel, parameters, history = Condensed(k, at_first=False), (1.5, 9.0, 0.7, 2.0), History(x, 5.0 if x else 0.0, 8.0)
    found = kernel.forecast(parameters, 6.0, delta, *history.arrays).discounted_purchases
    with mp.workdps(20):
        living, alive = of_story(kernel, parameters, history)
        exact = float(alive * story.discounted(living, mp.mpf(6), mp.mpf(delta)))
    np.testing.assert_allclose(found, exact, rtol=1e-11)


# ------------------------------------------------------------------------------- laws


@pytest.mark.parametrize("k", [1, 2, 3, 12])
@pytest.mark.parametrize("at_first", [False, True])
def test_numbers_add_up(k: int, at_first: bool) -> None:
    kernel, n = Condensed(k, at_first), np.arange(3_000)
    for horizon in (0.5, 40.0):
        chance = kernel.pmf(ORDINARY, n, horizon)
        np.testing.assert_allclose(chance.sum(), 1, rtol=1e-12)
        np.testing.assert_allclose(n @ chance, kernel.expected_purchases_new(ORDINARY, np.array([horizon])), rtol=1e-11)


@pytest.mark.parametrize("k", [2, 3, 12])
def test_tables_are_exact(k: int) -> None:
    """What is interpolated for many ages is what is computed for each."""
    kernel = Condensed(k, at_first=False)
    r, alpha, a, b = ORDINARY
    T = np.random.default_rng(1).uniform(0, 300, 200)
    for x in (0, 1, 300):
        p, weight = beta_rule(a, b + x, smallest=1e-9)
        for horizon in (1e-3, 8.0, 1e4):
            found = kernel.expected_purchases(ORDINARY, horizon, np.full(200, x), T * (x > 0), T)
            if x == 0:  # phases of their own
                z = T / (alpha + T)
                phases = np.cumprod([np.ones(200), *(z * (r + j) / (j + 1) for j in range(k - 1))], axis=0)
                exact = (phases * mean_purchases(k, r, horizon / (alpha + T), p, weight)).sum(axis=0) / phases.sum(
                    axis=0
                )
            else:
                alive = kernel.p_alive(ORDINARY, np.full(200, x), T, T)
                exact = alive * mean_purchases(k, r + k * x, horizon / (alpha + T), p, weight)[0]
            np.testing.assert_allclose(found, exact, rtol=2e-12)


@pytest.mark.parametrize("delta", [0.02, 0.3])
def test_present_value_of_purchases_in_step(delta: float) -> None:
    """Who has bought a thousand times goes on like a clock: purchases worth as much as their sum over short spans."""
    kernel, columns = Condensed(12, at_first=False), (np.array([1_000]), np.array([999.0]), np.array([1_000.0]))
    edge = np.linspace(0, 10, 51)
    node, weight = np.polynomial.legendre.leggauss(8)
    times = (edge[:-1, None] + 0.1 * (1 + node)).ravel()
    by_then = np.array([kernel.expected_purchases(ORDINARY, float(t), *columns)[0] for t in (*times, 10.0)])
    worth = by_then[-1] * math.exp(-10 * delta) + delta * by_then[:-1] @ (
        np.tile(0.1 * weight, 50) * np.exp(-delta * times)
    )
    found = kernel.forecast(ORDINARY, 10.0, delta, *columns).discounted_purchases
    np.testing.assert_allclose(found, worth, rtol=1e-11)


@pytest.mark.parametrize("k", [1, 2, 3, 12])
@pytest.mark.parametrize("at_first", [False, True])
def test_derivatives(k: int, at_first: bool) -> None:
    kernel = Condensed(k, at_first)
    x, t_x, T = customers(kernel)
    evidence = kernel.gather(x, t_x, T, 1 + np.arange(len(x)) % 3)
    _, gradient, hessian = kernel.log_likelihood(ORDINARY, evidence)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-12)
    for i, step in enumerate(1e-4 * np.diag(ORDINARY)):
        beside = [
            kernel.log_likelihood(tuple((np.array(ORDINARY) + shift * step).tolist()), evidence)
            for shift in (-2, -1, 1, 2)
        ]
        for order, exact in enumerate((gradient[i], hessian[i])):
            far_below, below, above, far_above = (value[order] for value in beside)
            slope = (8 * (above - below) - (far_above - far_below)) / (12 * step[i])
            np.testing.assert_allclose(slope, exact, rtol=1e-7, atol=1e-8 * np.abs(hessian).max())


@given(
    kernel=kernels,
    parameters=st.tuples(anything, anything, anything, anything),
    history=st.one_of(histories(100_000), st.builds(History, st.integers(1, 100_000), st.just(0.0), st.just(0.0))),
    horizon=st.one_of(st.sampled_from([0.0, 1e12, math.inf]), anything),
    delta=st.one_of(st.just(0.0), anything),
)
def test_nothing_breaks(
    kernel: Condensed, parameters: Parameters, history: History, horizon: float, delta: float
) -> None:
    forecast = kernel.forecast(parameters, horizon, delta, *history.arrays)
    for values in forecast:
        assert not np.isnan(values).any()
        assert (values >= 0).all()
    assert forecast.p_purchase <= forecast.p_alive <= 1
    assert forecast.discounted_purchases <= forecast.expected_purchases * (1 + 1e-9)
    assert np.isfinite(forecast.discounted_purchases) or delta == 0
    for new in (kernel.expected_purchases_new(parameters, np.array([horizon])), forecast.expected_purchases):
        assert horizon == 0 or (new > 0).all() or forecast.p_alive < 1e-290
    assert kernel.discounted_purchases_new(parameters, horizon, delta) >= 0
    if 0 < horizon < math.inf:
        n = np.array([0, 1, 2, 1_000])
        ahead = kernel.pmf_ahead(parameters, n, horizon, *history.times(4))
        for chance in (ahead, kernel.pmf(parameters, n, horizon)):
            assert ((chance >= 0) & (chance <= 1 + 1e-9)).all()
    value, gradient, hessian = kernel.log_likelihood(parameters, kernel.gather(*history.arrays, np.array([1])))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert np.isfinite(hessian).all()


# ------------------------------------------------------------------------------- simulation


@pytest.mark.parametrize("k", [1, 3])
def test_simulated_customers_buy_as_expected(k: int) -> None:
    kernel, n = Condensed(k, at_first=True), 40_000
    random = np.random.default_rng(k)
    x, t_x, rate, p = kernel.simulate(ORDINARY, np.full(n, 30.0), random)
    assert (t_x <= 30).all()
    assert ((x > 0) == (t_x > 0)).all()
    assert rate.mean() == pytest.approx(0.7 / 2 / k, rel=0.03)
    assert p.mean() == pytest.approx(0.25, rel=0.03)
    chance = kernel.pmf(ORDINARY, np.arange(6), 30.0)
    seen = np.bincount(x, minlength=6)[:6]
    assert (np.abs(seen - n * chance) < 5 * np.sqrt(n * chance)).all()


@pytest.mark.parametrize("k", [1, 2, 12])
def test_gaps_of_simulated_customers(k: int) -> None:
    """A share of t_x has the distribution beta(k, k (x - 1)): the mean of its logarithm is known."""
    x = np.tile([0, 1, 2, 9], 5_000)
    t_x = np.where(x > 0, 7.0, 0.0)
    sums = Condensed(k, at_first=False).simulate_log_gaps(x, t_x, np.random.default_rng(2))
    np.testing.assert_allclose(sums[x <= 1], np.where(x > 0, math.log(7), 0)[x <= 1], atol=1e-14)
    for number in (2, 9):
        these = sums[x == number] / number
        mean = math.log(7) + digamma(k) - digamma(k * number)
        assert abs(these.mean() - mean) < 5 * these.std() / math.sqrt(len(these))
