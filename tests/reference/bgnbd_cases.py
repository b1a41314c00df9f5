"""What the tests of BG/NBD and MBG/NBD draw from: parameters, histories, and both models with their story."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import strategies as st
from mpmath import mp

from evergreen.kernels.bgnbd import BG_NBD, MBG_NBD, BetaGeometric
from evergreen.typing import FloatArray, IntArray
from tests.reference import bgnbd_story as story

TINY = 1e-290  # below it doubles lose digits, and nobody needs any


class Model(NamedTuple):
    kernel: BetaGeometric
    story: story.Story


MODELS = {"bg": Model(BG_NBD, story.BG), "mbg": Model(MBG_NBD, story.MBG)}
both = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


class History(NamedTuple):
    x: int
    t_x: float
    T: float

    @property
    def arrays(self) -> tuple[IntArray, FloatArray, FloatArray]:
        return np.array([self.x]), np.array([self.t_x]), np.array([self.T])

    @property
    def exactly(self) -> tuple[int, story.Number, story.Number]:
        return self.x, mp.mpf(self.t_x), mp.mpf(self.T)


def log_uniform(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(math.log(low), math.log(high)).map(math.exp)


positive = log_uniform(1e-4, 1e4)
moderate = log_uniform(0.1, 20)
near_one = st.sampled_from([1.0, 1 - 1e-12, 1 + 1e-12, 1 - 1e-8, 1 + 1e-5])
parameter_sets = st.tuples(positive, positive, st.one_of(positive, near_one), positive)
moderate_sets = st.tuples(moderate, moderate, st.one_of(moderate, near_one), moderate)
extreme_sets = st.tuples(*[log_uniform(1e-6, 1e6)] * 4)
horizons = log_uniform(1e-4, 3e3)
counts = st.one_of(st.integers(0, 5), st.integers(0, 5_000))


@st.composite
def histories(draw: st.DrawFn, x: st.SearchStrategy[int] = counts) -> History:
    bought = draw(x)
    T = draw(st.one_of(st.just(0.0), log_uniform(1e-3, 3e3)))
    share = draw(st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1)))
    return History(bought, T * share if bought else 0.0, T)


def close(found: Any, exact: Any, rel: float) -> bool:
    """Compare with a number of many digits, which a double may not hold."""
    if not np.isfinite(float(found)):
        return False
    return bool(abs(mp.mpf(float(found)) - exact) <= max(rel * abs(exact), TINY))
