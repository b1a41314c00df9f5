"""The likelihood of gaps agrees with quadrature, its derivatives with differences, its limit with one rate for all."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import gamma

from evergreen.kernels.rhythm import log_likelihood, shrunk_gap

X = np.array([0, 1, 2, 5, 40])
T_X = np.array([0.0, 0.7, 3.1, 2.2, 55.0])
COUNT = np.array([9, 4, 2, 1, 3])
POINTS = [(0.3, 2.0), (1.0, 1.0), (7.5, 0.4), (2_000.0, 1.3)]


@pytest.mark.parametrize(("k", "gap"), POINTS)
def test_value_is_the_mean_over_rates(k: float, gap: float) -> None:
    """A customer with rate l has density l^x exp(-l t_x); rates are gamma distributed, taken here on a log grid."""
    log_rate, step = np.linspace(-150.0, 12.0, 64_801, retstep=True)
    prior = gamma(k, scale=1 / (k * gap)).logpdf(np.exp(log_rate)) + log_rate
    log_density = prior + np.outer(X, log_rate) - np.outer(T_X, np.exp(log_rate))
    wanted = COUNT @ (logsumexp(log_density, axis=1) + np.log(step))
    assert log_likelihood(k, gap, X, T_X, COUNT)[0] == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize(("k", "gap"), POINTS)
def test_derivatives_are_those_of_high_precision(k: float, gap: float) -> None:
    def exact(k: Any, gap: Any) -> Any:
        alpha = k * gap
        return sum(
            n * (mpmath.log(mpmath.rf(k, x)) + k * mpmath.log(alpha) - (k + x) * mpmath.log(alpha + t_x))
            for x, t_x, n in zip(X.tolist(), T_X.tolist(), COUNT.tolist(), strict=True)
        )

    with mpmath.workdps(40):
        value, gradient, hessian = log_likelihood(k, gap, X, T_X, COUNT)
        assert value == pytest.approx(float(exact(mpmath.mpf(k), mpmath.mpf(gap))), rel=1e-12)
        wanted = [float(mpmath.diff(exact, (k, gap), order)) for order in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2))]
    found = [*gradient, hessian[0, 0], hessian[0, 1], hessian[1, 1]]
    assert hessian[1, 0] == hessian[0, 1]
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


def test_many_gaps_of_the_population_make_all_alike() -> None:
    value = log_likelihood(1e9, 1.3, X, T_X, COUNT)[0]
    assert value == pytest.approx(float(COUNT @ (-X * np.log(1.3) - T_X / 1.3)), rel=1e-6)


def test_shrunk_gap_lies_between_the_own_and_that_of_all() -> None:
    own, gap = T_X[1:] / X[1:], 2.0
    found = shrunk_gap(X[1:], T_X[1:], 3.0, gap)
    assert (found >= np.minimum(own, gap)).all()
    assert (found <= np.maximum(own, gap)).all()
    np.testing.assert_allclose(shrunk_gap(X[1:], T_X[1:], 1e-12, gap), own, rtol=1e-10)
