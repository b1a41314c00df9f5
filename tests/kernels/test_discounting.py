"""Present values against integrals that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from evergreen.kernels.discounting import discount_nodes, discounted

rates = st.floats(np.log(1e-6), np.log(0.5)).map(np.exp)
horizons = st.floats(np.log(1e-4), np.log(3e3)).map(np.exp)


@given(delta=rates, horizon=horizons, scale=st.floats(np.log(1e-2), np.log(1e3)).map(np.exp))
def test_purchases_at_a_falling_rate(delta: float, horizon: float, scale: float) -> None:
    # rate 1 / (scale + t): the present value is an exponential integral
    found = float(discounted(lambda t: np.array([np.log1p(t / scale)]), horizon, scale, delta)[0])
    with mp.workdps(40):
        d, h, s = mp.mpf(delta), mp.mpf(horizon), mp.mpf(scale)
        exact = mp.exp(d * s) * (mp.expint(1, d * s) - mp.expint(1, d * (s + h)))
    assert found == pytest.approx(float(exact), rel=1e-11, abs=0)


@given(delta=rates, horizon=horizons)
def test_purchases_at_an_even_rate(delta: float, horizon: float) -> None:
    found = float(discounted(lambda t: np.array([t]), horizon, 1.0, delta)[0])
    assert found == pytest.approx(-np.expm1(-delta * horizon) / delta, rel=1e-11, abs=0)


@given(delta=rates, horizon=horizons, scale=st.floats(np.log(1e-2), np.log(1e3)).map(np.exp))
def test_nodes_lie_inside_and_weigh_the_horizon(delta: float, horizon: float, scale: float) -> None:
    t, weight = discount_nodes(horizon, scale, delta)
    assert np.all((t > 0) & (t < horizon))
    assert np.all(weight > 0)
    assert weight.sum() == pytest.approx(horizon, rel=1e-11, abs=0)


def test_no_discount_is_no_discount() -> None:
    np.testing.assert_array_equal(discounted(lambda t: np.array([t, 2 * t]), 7.0, 1.0, 0.0), [7.0, 14.0])
