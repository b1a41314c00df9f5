"""The error of a difference of two AUCs agrees with the definition, with resampling, and with its textbook limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.kernels.forecast_quality import auc
from evergreen.kernels.paired_auc import auc_difference
from evergreen.typing import BoolArray, FloatArray


def brute_force(first: FloatArray, second: FloatArray, outcome: BoolArray) -> tuple[float, float, float]:
    """DeLong, DeLong & Clarke-Pearson (1988): every pair, and the covariance of the components."""
    areas, cases, others = [], [], []
    for score in (first, second):
        pair = np.subtract.outer(score[outcome], score[~outcome])
        won = np.where(pair > 0, 1.0, np.where(pair == 0, 0.5, 0.0))
        areas.append(won.mean())
        cases.append(won.mean(axis=1))
        others.append(won.mean(axis=0))
    covariance = np.cov(cases) / outcome.sum() + np.cov(others) / (~outcome).sum()
    along = np.array([1.0, -1.0])
    return areas[0], areas[1], float(np.sqrt(max(along @ covariance @ along, 0.0)))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), min_size=4, max_size=40).filter(
        lambda rows: 2 <= sum(row[2] for row in rows) <= len(rows) - 2
    )
)
def test_agrees_with_all_pairs(rows: list[tuple[int, int, bool]]) -> None:
    first, second, outcome = (np.array(column) for column in zip(*rows, strict=True))
    found = auc_difference(first.astype(float), second.astype(float), outcome)
    np.testing.assert_allclose(found, brute_force(first, second, outcome), rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(found[:2], [auc(first, outcome), auc(second, outcome)], rtol=1e-12)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans(), st.integers(1, 4)), min_size=4, max_size=15
    ).filter(lambda rows: len({row[2] for row in rows}) == 2)
)
def test_counts_are_repeated_rows(rows: list[tuple[int, int, bool, int]]) -> None:
    first, second, outcome, count = (np.array(column) for column in zip(*rows, strict=True))
    a, b = first.astype(float), second.astype(float)
    all_of = auc_difference(np.repeat(a, count), np.repeat(b, count), np.repeat(outcome, count))
    np.testing.assert_allclose(auc_difference(a, b, outcome, count), all_of, rtol=1e-10, atol=1e-9)


def test_agrees_with_resampling() -> None:
    random = np.random.default_rng(8)
    truth = random.normal(size=600)
    outcome = truth + random.normal(size=600) > 0.3
    first, second = truth + random.normal(size=600), truth + 2 * random.normal(size=600)
    found = auc_difference(first, second, outcome)
    again = []
    for _ in range(600):
        rows = random.integers(0, 600, 600)
        again.append(auc(first[rows], outcome[rows]) - auc(second[rows], outcome[rows]))
    assert found.standard_error == pytest.approx(np.std(again), rel=0.1)
    assert found.first - found.second == pytest.approx(np.mean(again), abs=0.005)


def test_a_score_beside_itself_is_no_better() -> None:
    random = np.random.default_rng(1)
    score, outcome = random.normal(size=50), random.random(50) < 0.4
    assert auc_difference(score, 3 * score + 1, outcome).standard_error == pytest.approx(0.0, abs=1e-15)


def test_what_is_not_defined_is_nan() -> None:
    score = np.arange(3.0)
    assert np.isnan(auc_difference(score, score, np.ones(3, np.bool_))).all()
    lone = auc_difference(score, score[::-1].copy(), np.array([True, False, False]))
    assert (lone.first, lone.second) == (0.0, 1.0)
    assert np.isnan(lone.standard_error)
