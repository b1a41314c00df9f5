"""sBG formulas against the story of renewals in many digits."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mpmath import mp

from evergreen.kernels import sbg as kernel
from evergreen.kernels.sbg import Parameters

positive = st.floats(np.log(1e-6), np.log(1e6)).map(lambda y: float(np.exp(y)))
parameter_sets = st.tuples(st.one_of(positive, st.sampled_from([1.0, 1 - 1e-12, 1 + 1e-9])), positive)
rates = st.sampled_from([0.0, 1e-4, 0.1, 2.0])


def story(parameters: Parameters, horizon: int, delta: float) -> Any:
    """Count renewals one by one."""
    alpha, beta = map(mp.mpf, parameters)
    there, total = mp.mpf(1), mp.mpf(0)
    for j in range(1, horizon + 1):
        there *= (beta + j - 1) / (alpha + beta + j - 1)
        total += there * mp.exp(-mp.mpf(delta) * j)
    return total


@given(parameters=parameter_sets, horizon=st.integers(1, 300), delta=rates)
@example(parameters=(1.0, 1e-6), horizon=300, delta=0.0)
def test_discounted_renewals(parameters: Parameters, horizon: int, delta: float) -> None:
    with mp.workdps(30):
        exact = float(story(parameters, horizon, delta))
    assert kernel.discounted_renewals(parameters, float(horizon), delta) == pytest.approx(exact, rel=1e-12, abs=0)


@pytest.mark.parametrize("parameters", [(0.668, 3.806), (0.704, 1.182), (3.8, 15.2), (1e-3, 1.0), (5.0, 400.0)])
@pytest.mark.parametrize("rate", [0.001, 0.1, 1.0])
def test_discounted_renewals_without_end(parameters: Parameters, rate: float) -> None:
    """The closed form of Fader & Hardie (2010), a Gaussian hypergeometric function."""
    alpha, beta = map(mp.mpf, parameters)
    with mp.workdps(30):
        exact = beta / (alpha + beta) / (1 + mp.mpf(rate))
        exact *= mp.hyp2f1(1, beta + 1, alpha + beta + 1, 1 / (1 + mp.mpf(rate)))
    found = kernel.discounted_renewals(parameters, math.inf, math.log1p(rate))
    assert found == pytest.approx(float(exact), rel=1e-12, abs=0)


def test_renewals_without_end_and_discount() -> None:
    assert kernel.discounted_renewals((2.0, 3.0), math.inf, 0.0) == 3.0
    assert kernel.discounted_renewals((1.0, 3.0), math.inf, 0.0) == math.inf
    near = kernel.discounted_renewals((2.0, 3.0), 1e12, 0.0)
    assert near == pytest.approx(3.0, rel=1e-9, abs=0)


def test_nothing_and_one() -> None:
    assert kernel.discounted_renewals((0.668, 3.806), 0.0, 0.1) == 0
    assert kernel.discounted_renewals((0.668, 3.806), 1.0, 0.0) == 3.806 / (0.668 + 3.806)


@given(parameters=parameter_sets, t=st.one_of(st.integers(0, 50), st.integers(0, 10**12)))
def test_survival(parameters: Parameters, t: int) -> None:
    alpha, beta = map(mp.mpf, parameters)
    with mp.workdps(50):
        exact = mp.loggamma(beta + t) + mp.loggamma(alpha + beta) - mp.loggamma(beta) - mp.loggamma(alpha + beta + t)
    found = kernel.log_survival(parameters, np.array([t, 0]))
    # far out, alpha times the logarithm of time is what cancels
    size = 1 + abs(float(exact)) + (parameters[0] * math.log(t + sum(parameters)) if t > 1e4 else 0)
    assert abs(found[0] - float(exact)) < 1e-12 * size
    assert found[1] == 0


@given(parameters=parameter_sets, n=st.integers(0, 10**6))
def test_retention_is_survival_from_one_renewal_to_the_next(parameters: Parameters, n: int) -> None:
    before, after = kernel.log_survival(parameters, np.array([n, n + 1]))
    rate = kernel.retention(parameters, np.array([n]))[0]
    assert math.log(rate) == pytest.approx(after - before, abs=1e-11 * (1 + abs(before)))


@given(parameters=parameter_sets, renewals=st.integers(0, 200), lost=st.booleans())
def test_likelihood_and_derivatives(parameters: Parameters, renewals: int, lost: bool) -> None:
    evidence = kernel.gather(np.array([renewals]), np.array([lost]), np.array([3]))
    value, gradient, hessian = kernel.log_likelihood(parameters, evidence)
    scale = np.array(parameters)

    def exact(a: Any, b: Any) -> Any:
        alpha, beta = mp.exp(a), mp.exp(b)
        return 3 * mp.log(mp.beta(alpha + lost, beta + renewals) / mp.beta(alpha, beta))

    with mp.workdps(50):
        a, b = (mp.log(mp.mpf(parameter)) for parameter in parameters)
        h = mp.mpf(10) ** -15
        assert abs(float(exact(a, b)) - value) < 1e-13 * (1 + abs(value))
        slope = [(exact(a + h, b) - exact(a - h, b)) / (2 * h), (exact(a, b + h) - exact(a, b - h)) / (2 * h)]
        cross = mp.fsum(s * t * exact(a + s * h, b + t * h) for s, t in product((1, -1), repeat=2)) / (4 * h * h)
        middle = 2 * exact(a, b)
        bend = [
            (exact(a + h, b) + exact(a - h, b) - middle) / h**2,
            (exact(a, b + h) + exact(a, b - h) - middle) / h**2,
        ]
    size = 1e-12 * (1 + abs(value))
    np.testing.assert_allclose(gradient * scale, [float(part) for part in slope], rtol=0, atol=size)
    found = hessian * np.outer(scale, scale) + np.diag(gradient * scale)
    np.testing.assert_allclose(np.diag(found), [float(part) for part in bend], rtol=0, atol=10 * size)
    assert abs(found[0, 1] - float(cross)) < 10 * size
    assert found[0, 1] == found[1, 0]


def test_evidence_counts_renewals_and_losses() -> None:
    evidence = kernel.gather(np.array([0, 2, 2]), np.array([True, False, True]), np.array([5, 3, 2]))
    np.testing.assert_array_equal(evidence.renewed, [5, 5, 0])
    np.testing.assert_array_equal(evidence.lost, [5, 0, 2])


def test_simulated_contracts_survive_as_they_should() -> None:
    parameters, size = (0.704, 1.182), 300_000
    renewals, lost, theta = kernel.simulate(parameters, np.full(size, 5), np.random.default_rng(2))
    np.testing.assert_array_equal(lost, renewals < 5)
    assert theta.mean() == pytest.approx(0.704 / 1.886, abs=5 * theta.std() / math.sqrt(size))
    for t in range(1, 6):
        share = math.exp(kernel.log_survival(parameters, np.array([t]))[0])
        assert abs(np.mean(renewals >= t) - share) < 5 * math.sqrt(share * (1 - share) / size)


def test_customers_who_hardly_ever_leave() -> None:
    renewals, lost, _ = kernel.simulate((1e-6, 1e6), np.full(50, 10**6), np.random.default_rng(2))
    assert not lost.any()
    assert (renewals == 10**6).all()
