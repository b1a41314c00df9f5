"""Quantiles of counts against scipy's, row by row."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from evergreen.kernels.counts import quantiles
from evergreen.typing import FloatArray, IntArray

means = st.lists(st.floats(0, 60), min_size=1, max_size=12)
levels = st.lists(st.integers(1, 999).map(lambda per_mille: per_mille / 1_000), min_size=1, max_size=4)


def poisson_rows(mean: list[float] | FloatArray) -> Callable[[IntArray, IntArray], FloatArray]:
    array = np.asarray(mean)
    return lambda n, row: np.asarray(poisson.pmf(n, array[row]))


@given(means, levels)
def test_poisson(mean: list[float], wanted: list[float]) -> None:
    found = quantiles(poisson_rows(mean), len(mean), wanted)
    exact = poisson.cdf(found, np.array(mean)[:, None])
    below = poisson.cdf(found - 1, np.array(mean)[:, None])
    assert found.dtype == np.int64
    assert np.all(exact >= np.array(wanted) - 1e-13)
    assert np.all(below < np.array(wanted) + 1e-13)


@pytest.mark.parametrize("rows", [1, 7, 5_000])
def test_negative_binomial(rows: int) -> None:
    random = np.random.default_rng(rows)
    shape, p = random.gamma(0.5, 2.0, rows) + 0.01, random.uniform(0.02, 1, rows)
    found = quantiles(lambda n, row: np.asarray(nbinom.pmf(n, shape[row], p[row])), rows, [0.95, 0.05, 0.5])
    np.testing.assert_array_equal(found, nbinom.ppf([0.95, 0.05, 0.5], shape[:, None], p[:, None]))


def test_a_row_does_not_know_its_neighbors() -> None:
    mean = np.random.default_rng(1).gamma(0.5, 20.0, 300)
    wanted = [0.1, 0.5, 0.975]
    together = quantiles(poisson_rows(mean), len(mean), wanted)
    alone = [quantiles(poisson_rows(mean[i : i + 1]), 1, wanted)[0] for i in range(len(mean))]
    np.testing.assert_array_equal(together, alone)


def test_the_walk_ends() -> None:
    assert quantiles(poisson_rows([50.0, 1.0]), 2, [0.5, 0.01], most=10).tolist() == [[10, 10], [1, 0]]
    assert quantiles(poisson_rows([1e4]), 1, [0.5]).tolist() == [[10_000]]
    never = quantiles(lambda n, row: np.zeros(len(n)), 2, [0.5], most=9_999)
    assert never.tolist() == [[9_999], [9_999]]


def test_what_was_given_stays_as_it_is() -> None:
    table = np.full(4_096, 0.25)
    table.setflags(write=False)
    assert quantiles(lambda n, row: table[: len(n)], 1, [0.5]).tolist() == [[1]]


def test_no_rows() -> None:
    assert quantiles(poisson_rows([]), 0, [0.5]).shape == (0, 1)
