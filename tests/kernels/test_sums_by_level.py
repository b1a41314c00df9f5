"""Sums by level: few levels are summed, many are left as they are, and the totals are the same."""

from __future__ import annotations

import numpy as np
import pytest

from evergreen.kernels.grouping import distinct_rows, sums_by_level


@pytest.mark.parametrize("levels", [1, 7, 400, 10**9])
def test_like_a_loop(levels: int) -> None:
    random = np.random.default_rng(3)
    column = random.integers(0, levels, 1_000) / 7
    weight, other = random.random(1_000), random.random(1_000)
    values, of_weight, of_other = sums_by_level(column, weight, other)
    assert len(values) <= len(column)
    for sums, given in ((of_weight, weight), (of_other, other)):
        for value in np.unique(column):
            assert sums[values == value].sum() == pytest.approx(given[column == value].sum(), rel=1e-12)


def test_whole_floats_come_back_as_floats() -> None:
    column = np.array([3.0, -2.0, 3.0, 2.0**52])
    (distinct,), count = distinct_rows([column])
    assert distinct.dtype == np.float64
    np.testing.assert_array_equal(distinct, [-2.0, 3.0, 2.0**52])
    np.testing.assert_array_equal(count, [1, 2, 1])


def test_wide_numbers_that_do_not_fit_side_by_side_are_ranked() -> None:
    column = np.array([2**60, -(2**60), 5, 5])
    distinct, count = distinct_rows([column, column[::-1].copy()])
    np.testing.assert_array_equal(np.stack(distinct, 1), [[-(2**60), 5], [5, -(2**60)], [5, 2**60], [2**60, 5]])
    np.testing.assert_array_equal(count, [1, 1, 1, 1])
