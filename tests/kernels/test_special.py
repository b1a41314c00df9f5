"""Sums of logarithms against mpmath."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from evergreen.kernels.special import (
    digamma_difference,
    log_gamma_ratio,
    log_rising_ratio,
    running_sum,
    softplus_and_expit,
)

wide = st.floats(np.log(1e-4), np.log(1e4)).map(np.exp)
very_wide = st.floats(np.log(1e-4), np.log(1e9)).map(np.exp)
ORDERS: tuple[Literal[0, 1], ...] = (0, 1)


@given(a=wide, b=wide, n=st.integers(0, 5_000))
def test_log_rising_ratio(a: float, b: float, n: int) -> None:
    found = log_rising_ratio(a, b, np.array([n]))[0]
    with mp.workdps(40):
        exact = mp.loggamma(mp.mpf(a) + n) - mp.loggamma(a) - mp.loggamma(mp.mpf(b) + n) + mp.loggamma(b)
    assert found == pytest.approx(float(exact), rel=1e-12, abs=1e-14)


def test_log_rising_ratio_of_lopsided_arguments() -> None:
    # log(1e-4 / (1e4 + 1e-4)): one minus the ratio has lost eight digits
    assert log_rising_ratio(1e-4, 1e4 + 1e-4, np.array([1]))[0] == pytest.approx(-np.log1p(1e8), rel=1e-15, abs=0)


@given(z=very_wide, q=wide)
def test_log_gamma_ratio(z: float, q: float) -> None:
    with mp.workdps(50):
        exact = mp.loggamma(mp.mpf(z) + q) - mp.loggamma(z)
        size = 1 + abs(exact) + (abs(mp.loggamma(z)) if z < 1e4 else 0)
    assert abs(float(log_gamma_ratio(z, q)) - float(exact)) < 1e-13 * size


@given(z=very_wide, q=wide)
def test_digamma_difference(z: float, q: float) -> None:
    with mp.workdps(50):
        for order in ORDERS:
            exact = mp.polygamma(order, mp.mpf(z) + q) - mp.polygamma(order, z)
            # one rounding of the terms that are subtracted; for large z these are the tails of the series
            size = abs(exact) + (abs(mp.polygamma(order, z)) if z < 1e4 else mp.mpf(z) ** (-order - 1) / 100)
            assert abs(float(digamma_difference(z, q, order)) - float(exact)) < 1e-13 * size


@pytest.mark.parametrize("q", [1e-4, 0.5, 3.0, 1e4])
def test_both_branches_meet(q: float) -> None:
    below, at = np.nextafter(1e4, 0), 1e4
    assert log_gamma_ratio(below, q) == pytest.approx(float(log_gamma_ratio(at, q)), rel=1e-9, abs=1e-10)
    assert digamma_difference(below, q) == pytest.approx(float(digamma_difference(at, q)), rel=1e-9, abs=1e-14)


@given(y=st.floats(-1e5, 1e5))
def test_softplus_and_expit(y: float) -> None:
    softplus, expit = softplus_and_expit(np.array([y]))
    with mp.workdps(60):
        exact, logistic = mp.log1p(mp.exp(y)), 1 / (1 + mp.exp(-mp.mpf(y)))
    assert softplus[0] == pytest.approx(float(exact), rel=1e-14, abs=1e-300)
    assert expit[0] == pytest.approx(float(logistic), rel=1e-14, abs=1e-300)


def test_running_sum_of_nothing() -> None:
    np.testing.assert_array_equal(running_sum(np.zeros(0)), [0.0])
