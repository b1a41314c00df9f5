"""What the MBG/NBD has of its own: a chance to leave at the first purchase."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.kernels.bgnbd import BG_NBD, MBG_NBD, Parameters
from tests.reference.bgnbd_cases import TINY, History, histories, horizons, parameter_sets

CDNOW = (0.525, 6.183, 0.891, 1.614)


def with_one_more_stay(parameters: Parameters) -> Parameters:
    r, alpha, a, b = parameters
    return r, alpha, a, b + 1


def test_one_time_buyers_may_be_gone() -> None:
    _, _, a, b = CDNOW
    T = np.array([0.0, 1.0, 10.0, 100.0, 1e6])
    alive = MBG_NBD.p_alive(CDNOW, np.zeros(5, np.int64), np.zeros(5), T)
    assert alive[0] == pytest.approx(b / (a + b), rel=1e-15, abs=0)
    assert np.all(np.diff(alive) < 0)
    assert alive[-1] < 1e-2


@given(parameters=parameter_sets, history=histories(st.integers(1, 5_000)), h=horizons)
def test_repeat_buyers_are_those_of_a_bg_nbd_who_stayed_once_more(
    parameters: Parameters, history: History, h: float
) -> None:
    ours = MBG_NBD.forecast(parameters, h, 0.01, *history.arrays)
    theirs = BG_NBD.forecast(with_one_more_stay(parameters), h, 0.01, *history.arrays)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=TINY)


@given(parameters=parameter_sets, h=st.one_of(horizons, st.just(math.inf)))
def test_new_customers_who_stay_are_new_to_a_bg_nbd(parameters: Parameters, h: float) -> None:
    _, _, a, b = parameters
    stays, theirs = b / (a + b), with_one_more_stay(parameters)
    np.testing.assert_allclose(
        MBG_NBD.expected_purchases_new(parameters, np.array([h])),
        stays * BG_NBD.expected_purchases_new(theirs, np.array([h])),
        rtol=1e-14,
    )
    assert MBG_NBD.discounted_purchases_new(parameters, h, 0.01) == pytest.approx(
        stays * BG_NBD.discounted_purchases_new(theirs, h, 0.01), rel=1e-14, abs=0
    )


@given(parameters=parameter_sets, h=horizons)
def test_numbers_of_those_who_stay_are_those_of_a_bg_nbd(parameters: Parameters, h: float) -> None:
    _, _, a, b = parameters
    n = np.arange(300)
    ours = MBG_NBD.pmf(parameters, n, h)
    theirs = BG_NBD.pmf(with_one_more_stay(parameters), n, h) * b / (a + b) + np.where(n == 0, a / (a + b), 0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=TINY)


def test_evidence_of_one_time_buyers_counts() -> None:
    """What is known of a and b from customers without a repeat purchase: the longer silent, the more have left."""
    x, t_x, count = np.zeros(2, np.int64), np.zeros(2), np.array([40, 7])
    slope = MBG_NBD.log_likelihood(CDNOW, MBG_NBD.gather(x, t_x, np.array([50.0, 90.0]), count))[1]
    assert slope[2] > 0 > slope[3]
    same = BG_NBD.log_likelihood(CDNOW, BG_NBD.gather(x, t_x, np.array([50.0, 90.0]), count))[1]
    assert same[2] == same[3] == 0
