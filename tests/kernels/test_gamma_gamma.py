"""Gamma-gamma formulas against quadrature over what is not seen of a customer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from scipy.stats import kstest

from evergreen.kernels import gamma_gamma as kernel
from tests.reference import gamma_gamma_story as story
from tests.reference.bgnbd_story import exactly

positive = st.floats(np.log(1e-2), np.log(1e3)).map(lambda y: float(np.exp(y)))
parameter_sets = st.tuples(positive, positive, positive)
means = st.floats(np.log(1e-2), np.log(1e5)).map(lambda y: float(np.exp(y)))
PUBLISHED = (6.25, 3.74, 15.44)


def value_of(parameters: kernel.Parameters, x: int, mean: float) -> float:
    evidence = kernel.gather(np.array([x]), np.array([mean]), np.array([1]))
    return kernel.log_likelihood(parameters, evidence)[0]


@settings(max_examples=settings().max_examples // 2)
@given(parameters=parameter_sets, x=st.integers(1, 1_000), mean=means)
def test_likelihood(parameters: kernel.Parameters, x: int, mean: float) -> None:
    with mp.workdps(20):
        letters = exactly(*parameters)
        exact = float(story.log_likelihood((letters[0], letters[1], letters[2]), x, mp.mpf(mean)))
    size = 10 + (parameters[0] * x + parameters[1]) * (1 + abs(np.log(parameters[2] / (x * mean))))
    assert abs(value_of(parameters, x, mean) - exact) < 1e-12 * size


@settings(max_examples=settings().max_examples // 2)
@given(parameters=st.tuples(positive, positive.map(lambda q: 1.01 + q), positive), x=st.integers(0, 1_000), mean=means)
def test_expected_spend(parameters: kernel.Parameters, x: int, mean: float) -> None:
    level, weight = kernel.credibility(parameters, np.array([x]))
    with mp.workdps(20):
        letters = exactly(*parameters)
        exact = story.expected_spend((letters[0], letters[1], letters[2]), x, mp.mpf(mean))
    assert level[0] + weight[0] * mean == pytest.approx(float(exact), rel=1e-11, abs=0)


@given(parameters=parameter_sets, x=st.lists(st.integers(1, 50), min_size=1, max_size=8), seed=st.integers(0, 10**6))
def test_grouped_evidence_is_the_plain_sum(parameters: kernel.Parameters, x: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    mean, count = np.exp(random.normal(3, 1, len(x))), random.integers(1, 9, len(x))
    value = kernel.log_likelihood(parameters, kernel.gather(np.array(x), mean, count))[0]
    with mp.workdps(30):
        letters = exactly(*parameters)
        each = [
            float(story.closed_log_likelihood((letters[0], letters[1], letters[2]), k, mp.mpf(m)))
            for k, m in zip(x, mean.tolist(), strict=True)
        ]
    size = sum(
        n * (10 + (parameters[0] * k + parameters[1]) * (1 + abs(np.log(parameters[2] / (k * m)))))
        for k, m, n in zip(x, mean, count, strict=True)
    )
    assert abs(value - float(count @ each)) < 1e-12 * size


@pytest.mark.parametrize(
    "parameters", [PUBLISHED, (0.05, 0.7, 100.0), (300.0, 2.0, 0.1), (2.0, 800.0, 3e4), (900.0, 900.0, 30.0)]
)
def test_derivatives(parameters: kernel.Parameters) -> None:
    base = ([1, 1, 2, 7, 300], [12.0, 80.5, 33.3, 41.0, 38.2], [30, 2, 8, 5, 1])

    def plain(p: story.Number, q: story.Number, v: story.Number) -> story.Number:
        return mp.fsum(n * story.closed_log_likelihood((p, q, v), x, mp.mpf(m)) for x, m, n in zip(*base, strict=True))

    columns = np.array(base[0]), np.array(base[1]), np.array(base[2])
    value, gradient, hessian = kernel.log_likelihood(parameters, kernel.gather(*columns))
    scale = np.array(parameters)
    with mp.workdps(40):
        letters = exactly(*parameters)
        assert value == pytest.approx(float(plain(*letters)), rel=1e-11, abs=0)
        unit = np.eye(3, dtype=int)
        size = 46 * (1 + parameters[0] * 10 + parameters[1])
        for i in range(3):
            slope = float(mp.diff(plain, letters, unit[i].tolist())) * scale[i]
            assert gradient[i] * scale[i] == pytest.approx(slope, rel=1e-9, abs=1e-12 * size)
            for j in range(3):
                bend = float(mp.diff(plain, letters, (unit[i] + unit[j]).tolist())) * scale[i] * scale[j]
                assert hessian[i, j] * scale[i] * scale[j] == pytest.approx(bend, rel=1e-8, abs=1e-11 * size)


@given(parameters=parameter_sets, x=st.integers(0, 10_000))
def test_no_mean_is_negative(parameters: kernel.Parameters, x: int) -> None:
    level, weight = kernel.credibility(parameters, np.array([x]))
    assert level[0] > 0
    assert weight[0] >= 0
    p, q, _ = parameters
    assert np.isinf(level[0]) == (p * x + q - 1 <= 0)


@given(parameters=parameter_sets, x=st.integers(1, 500), mean=means, unit=st.sampled_from([0.01, 100.0, 157.3]))
def test_the_currency_changes_nothing(parameters: kernel.Parameters, x: int, mean: float, unit: float) -> None:
    p, q, v = parameters
    level, weight = kernel.credibility(parameters, np.array([x]))
    level_in_cents, same_weight = kernel.credibility((p, q, v * unit), np.array([x]))
    assert same_weight[0] == weight[0]
    assert level_in_cents[0] == pytest.approx(level[0] * unit, rel=1e-14, abs=0)
    here, there = value_of(parameters, x, mean), value_of((p, q, v * unit), x, mean * unit)
    size = 10 + (p * x + q) * (1 + abs(np.log(v / (x * mean))))
    assert abs(here - there - np.log(unit)) < 1e-12 * size


@pytest.mark.parametrize("parameters", [PUBLISHED, (1.0, 2.5, 40.0), (30.0, 12.0, 5.0)])
def test_simulator(parameters: kernel.Parameters) -> None:
    p, q, v = parameters
    n = 100_000
    x = np.repeat([0, 1, 4, 30], n // 4)
    mean, level = kernel.simulate(parameters, x, np.random.default_rng(3))
    assert np.all(mean[x == 0] == 0)
    assert kstest(p / level * v, "gamma", (q,)).pvalue > 1e-4
    for count in (1, 4, 30):  # x m / v is a ratio of gammas: x m / (v + x m) ~ beta(p x, q)
        total = count * mean[x == count]
        assert kstest(total / (v + total), "beta", (p * count, q)).pvalue > 1e-4
    # the expectation is right for those of a like mean
    population, weight = kernel.credibility(parameters, x)
    error = level - (population + weight * mean)
    for count in (1, 4, 30):
        for inside in (mean < np.median(mean[x == count]), mean >= np.median(mean[x == count])):
            chosen = error[inside & (x == count)]
            assert abs(chosen.mean()) < 5 * chosen.std() / np.sqrt(len(chosen))
