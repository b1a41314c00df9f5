"""Intervals of shares against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from evergreen.kernels.rates import wilson_interval


@given(st.integers(1, 10**6), st.data(), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_wilson_interval(trials: int, data: st.DataObject, level: float) -> None:
    successes = data.draw(st.integers(0, trials))
    lower, upper = wilson_interval(np.array([float(successes)]), np.array([float(trials)]), level)
    wanted = binomtest(successes, trials).proportion_ci(level, method="wilson")
    assert lower[0] == pytest.approx(wanted.low, rel=1e-6, abs=1e-12)
    assert upper[0] == pytest.approx(wanted.high, rel=1e-9)
    assert 0 <= lower[0] <= successes / trials <= upper[0] <= 1
