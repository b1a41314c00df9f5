"""The rule for means over a beta distribution, on means that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp

from evergreen.kernels.beta_rule import beta_rule
from tests.reference.bgnbd_story import beta_moment, mean_over_dropout

shape = st.floats(np.log(1e-4), np.log(1e4)).map(np.exp)


@given(a=shape, b=shape, smallest=st.floats(np.log(1e-12), 0).map(np.exp))
@example(a=1e-4, b=1e-4, smallest=1.0)
@example(a=1e-4, b=1e4, smallest=1e-12)
@example(a=1e4, b=1e-4, smallest=1.0)
@example(a=1e4, b=1e4, smallest=1e-12)
def test_weights_are_a_distribution(a: float, b: float, smallest: float) -> None:
    p, weight = beta_rule(a, b, smallest)
    assert np.all(p > 0)
    assert np.all(p <= 1)
    assert np.all(weight >= 0)
    assert np.sum(weight) == pytest.approx(1, rel=1e-14, abs=0)
    assert len(p) < 800


@given(a=shape, b=shape, i=st.sampled_from([0.0, 0.5, 1.0, 2.0]), j=st.sampled_from([0.0, 1.0, 3.0]))
@example(a=1.0, b=float(np.exp(6.0)), i=2.0, j=0.0)
def test_moments(a: float, b: float, i: float, j: float) -> None:
    # p^i (1-p)^j changes its course on the whole scale of log p where the mass is, and nowhere else
    p, weight = beta_rule(a, b, 1e-6)
    with mp.workdps(30):
        exact = float(beta_moment(mp.mpf(a), mp.mpf(b), i, j))
        share = float(exact / beta_moment(mp.mpf(a), mp.mpf(b), i, 0)) if j else 1.0
    # 1 - p is rounded where p is next to 1: what is left of it carries the error
    if share > 1e-3:
        assert weight @ (p**i * (1 - p) ** j) == pytest.approx(exact, rel=1e-12, abs=0)


@settings(max_examples=settings().max_examples // 2)
@given(a=shape, b=shape, ratio=st.floats(np.log(1e-8), np.log(1e8)).map(np.exp))
def test_a_mean_that_bends_at_any_scale(a: float, b: float, ratio: float) -> None:
    p, weight = beta_rule(a, b, 1 / (1 + ratio))
    with mp.workdps(30):
        y = mp.mpf(ratio)
        exact = mean_over_dropout(lambda u: 1 / (1 + y * u), mp.mpf(a), mp.mpf(b), [1 / y])
    assert weight @ (1 / (1 + ratio * p)) == pytest.approx(float(exact), rel=1e-11, abs=0)
