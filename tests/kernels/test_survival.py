"""Kaplan-Meier: against scipy, by brute force, and where the answer is known."""

from __future__ import annotations

import math
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from scipy.stats import CensoredData, ecdf

from evergreen.kernels import survival as kernel
from evergreen.kernels.survival import SurvivalCurve, kaplan_meier
from evergreen.typing import FloatArray, IntArray

gaps = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40)


def curve_of(rows: list[tuple[int, bool]]) -> SurvivalCurve:
    length, ended = (np.array(column) for column in zip(*rows, strict=True))
    return kaplan_meier(length.astype(np.float64), ended.astype(np.int64), 1 - ended.astype(np.int64))


def exact(rows: list[tuple[int, bool]], start: int, end: int) -> tuple[Fraction, Fraction]:
    """Return the chance to exceed the end for what exceeds the start, and Greenwood's sum, as fractions."""
    share, sums = Fraction(1), Fraction(0)
    for t in range(start + 1, end + 1):
        n = sum(length >= t for length, _ in rows)
        d = sum(length == t and ended for length, ended in rows)
        if d:
            share *= Fraction(n - d, n)
            sums += Fraction(d, n * (n - d)) if n > d else 0
    return share, sums


def drawn(
    random: np.random.Generator, size: int, *, staying: float, mean: float, watched: tuple[int, int]
) -> tuple[FloatArray, IntArray]:
    """Return lengths in whole days of customers of whom some never come back, and which of them ended."""
    gap = np.where(random.random(size) < staying, np.ceil(random.exponential(mean, size)), math.inf)
    seen = np.floor(random.uniform(*watched, size))
    return np.minimum(gap, seen), (gap <= seen).astype(np.int64)


@given(rows=gaps)
def test_it_is_that_of_scipy(rows: list[tuple[int, bool]]) -> None:
    curve = curve_of(rows)
    length, ended = (np.array(column) for column in zip(*rows, strict=True))
    theirs = ecdf(CensoredData.right_censored(length.astype(np.float64), ~ended)).sf
    np.testing.assert_allclose(curve.survival, np.asarray(theirs.probabilities), rtol=1e-12)
    np.testing.assert_array_equal(curve.time, np.asarray(theirs.quantiles))
    np.testing.assert_array_equal(curve.at_risk, [(length >= t).sum() for t in curve.time])


@given(rows=gaps, start=st.integers(-1, 14), within=st.integers(1, 14))
def test_windows_by_brute_force(rows: list[tuple[int, bool]], start: int, within: int) -> None:
    curve, t = curve_of(rows), np.array([float(start)])
    share, sums = exact(rows, start, start + within)
    alive, _ = exact(rows, -1, start)
    ends = exact(rows, -1, start + within)[0] == 0
    found = kernel.no_return(curve, t, float(within))[0]
    if alive == 0 or (start + within > max(length for length, _ in rows) and not ends):
        assert math.isnan(found)
        return
    assert found == pytest.approx(float(share), rel=1e-12)
    known = [ended or length >= start + within for length, ended in rows if length > start]
    assert kernel.known_outcomes(curve, t, float(within))[0] == sum(known)
    lower, upper = (bound[0] for bound in kernel.no_return_interval(curve, t, float(within)))
    if 0 < share < 1:
        z2, n = 1.959963984540054**2, float((1 - share) / (share * sums))
        middle, half = found + z2 / 2 / n, math.sqrt(z2) * math.sqrt(found * (1 - found) / n + z2 / 4 / n**2)
        assert (lower, upper) == pytest.approx(((middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)))
    else:
        assert lower <= found <= upper or (math.isnan(lower) and sum(known) == 0)


@given(rows=gaps, times=st.permutations(range(40)))
def test_rows_in_any_order_and_with_counts(rows: list[tuple[int, bool]], times: list[int]) -> None:
    curve = curve_of(rows)
    shuffled = curve_of([rows[i] for i in times if i < len(rows)])
    cells = sorted(set(rows))
    counts = np.array([rows.count(cell) for cell in cells])
    length, ended = (np.array(column) for column in zip(*cells, strict=True))
    grouped = kaplan_meier(length.astype(np.float64), counts * ended, counts * ~ended)
    for name in SurvivalCurve._fields:
        np.testing.assert_array_equal(getattr(shuffled, name), getattr(curve, name))
        np.testing.assert_array_equal(getattr(grouped, name), getattr(curve, name))


def test_a_curve_that_a_person_can_check() -> None:
    curve = curve_of([(0, True), (2, True), (2, False), (5, True), (7, False)])
    assert curve.time.tolist() == [0, 2, 5, 7]
    assert curve.at_risk.tolist() == [5, 4, 2, 1]
    np.testing.assert_allclose(curve.survival, [4 / 5, 3 / 5, 3 / 10, 3 / 10])
    np.testing.assert_allclose(curve.log_variance, np.cumsum([1 / 20, 1 / 12, 1 / 2, 0]))
    at = np.array([-1.0, 0.0, 1.9, 2.0, 6.9, 7.0, 7.1])
    np.testing.assert_allclose(kernel.survival_at(curve, at), [1, 0.8, 0.8, 0.6, 0.3, 0.3, math.nan])
    np.testing.assert_allclose(kernel.no_return(curve, np.array([0.0, 2.0, 4.0]), 3.0), [0.75, 0.5, 0.5])


def test_where_everybody_came_back_nothing_is_unknown() -> None:
    curve = curve_of([(3, True), (4, True)])
    np.testing.assert_array_equal(kernel.survival_at(curve, np.array([3.0, 4.0, 99.0])), [0.5, 0, 0])
    np.testing.assert_array_equal(kernel.no_return(curve, np.array([0.0, 3.0, 4.0]), 50.0), [0, 0, math.nan])
    lower, upper = kernel.survival_interval(curve, curve.time)
    assert lower[1] == 0
    assert 0.5 < upper[1] < 1


def test_sums_of_times_that_round_are_still_those_times() -> None:
    days = np.arange(0.0, 60.0)
    ended = np.ones(60, np.int64)
    by_day, by_week = (kaplan_meier(days / per, ended, 1 - ended) for per in (1, 7))
    for within in range(1, 30):
        expected = kernel.no_return(by_day, days, float(within))
        np.testing.assert_array_equal(kernel.no_return(by_week, days / 7, within / 7), expected)
        known = kernel.known_outcomes(by_day, days, float(within))
        np.testing.assert_array_equal(kernel.known_outcomes(by_week, days / 7, within / 7), known)


def test_exponential_times_come_out() -> None:
    length, ended = drawn(np.random.default_rng(4), 200_000, staying=0.7, mean=50, watched=(0, 400))
    curve = kaplan_meier(length, ended, 1 - ended)
    at = np.array([0.0, 10.0, 100.0, 300.0])
    truth = 0.3 + 0.7 * np.exp(-at / 50)
    np.testing.assert_allclose(kernel.survival_at(curve, at), truth, atol=0.005)
    later = 0.3 + 0.7 * np.exp(-(at + 30) / 50)
    np.testing.assert_allclose(kernel.no_return(curve, at, 30.0), later / truth, atol=0.01)


@pytest.mark.parametrize(("size", "watched"), [(60, (0, 400)), (300, (0, 200)), (300, (150, 400))])
def test_intervals_hold_the_truth_as_often_as_they_say(size: int, watched: tuple[int, int]) -> None:
    random, at, hits, told = np.random.default_rng(8), np.array([0.0, 60.0, 120.0]), np.zeros(3), np.zeros(3)
    truth = (0.4 + 0.6 * np.exp(-(at + 30) / 60)) / (0.4 + 0.6 * np.exp(-at / 60))
    for _ in range(1_000):
        length, ended = drawn(random, size, staying=0.6, mean=60, watched=watched)
        lower, upper = kernel.no_return_interval(kaplan_meier(length, ended, 1 - ended), at, 30.0)
        hits += (lower <= truth) & (truth <= upper)
        told += ~np.isnan(lower)
    np.testing.assert_allclose(hits / told, 0.95, atol=0.025)


def test_the_cut_is_where_the_chance_falls_below() -> None:
    staying = np.concatenate(([1.0], 0.4 + 0.6 * np.exp(-np.arange(1.0, 601.0) / 60)))
    ended = -np.diff(np.rint(10**9 * staying)).astype(np.int64)
    censored = np.where(np.arange(600) == 599, 10**9 - ended.sum(), 0)
    curve = kaplan_meier(np.arange(1.0, 601.0), ended, censored)
    for within, chance in ((30.0, 0.1), (90.0, 0.1), (7.0, 0.02)):
        later = 0.4 + 0.6 * np.exp(-(np.arange(500) + within) / 60)
        returning = 1 - later / (0.4 + 0.6 * np.exp(-np.arange(500) / 60))
        assert kernel.lapse_cut(curve, within, chance) == np.argmax(returning <= chance)
    assert kernel.lapse_cut(curve, 30.0, 1.0) == 0.0
    assert math.isnan(kernel.lapse_cut(curve, 590.0, 0.01))


@pytest.mark.parametrize(("size", "slack"), [(1_000, 25), (20_000, 6)])
def test_the_cut_of_a_sample_is_near(size: int, slack: int) -> None:
    random, found = np.random.default_rng(5), []
    for _ in range(20):
        length, ended = drawn(random, size, staying=0.6, mean=60, watched=(0, 500))
        found.append(kernel.lapse_cut(kaplan_meier(length, ended, 1 - ended), 30.0, 0.1))
    np.testing.assert_allclose(found, 89, atol=2 * slack)
    assert abs(np.median(found) - 89) < slack


def test_a_rhythm_is_no_lapse_and_an_accident_no_return() -> None:
    monthly = [(day, True) for day in range(25, 36) for _ in range(40)]
    assert kernel.lapse_cut(curve_of([*monthly, *[(200, False)] * 60]), 7.0, 0.1) == 35.0
    accident = [(150, True)] * 8
    assert kernel.lapse_cut(curve_of([*monthly, *accident, *[(200, False)] * 60]), 7.0, 0.1) == 35.0
    clearly = [(150, True)] * 20
    assert kernel.lapse_cut(curve_of([*monthly, *clearly, *[(200, False)] * 60]), 7.0, 0.1) == 150.0


def test_no_cut_from_few() -> None:
    few = [(1, True)] * 10 + [(50, False)] * (kernel.MIN_KNOWN - 1)
    assert math.isnan(kernel.lapse_cut(curve_of(few), 7.0, 0.1))
    assert kernel.lapse_cut(curve_of([*few, (50, False)]), 7.0, 0.1) == 1.0
