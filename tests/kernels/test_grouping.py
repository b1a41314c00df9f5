"""Distinct rows against pandas and numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.kernels.grouping import distinct_rows
from evergreen.typing import IntArray

few = st.sampled_from([0, 1, 2, 5, 40])
wide = st.integers(-(2**40), 2**40)
fractions = st.sampled_from([0.0, 0.1, 1 / 3, 2.5, 1e-300, 1e300])
rows = st.lists(
    st.tuples(st.one_of(few, wide), fractions, st.integers(-3, 3), st.integers(1, 9)), min_size=1, max_size=80
)


@given(rows=rows)
def test_like_group_by(rows: list[tuple[int, float, int, int]]) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b", "c", "n"])
    columns = [frame[name].to_numpy() for name in "abc"]
    grouped = frame.groupby(["a", "b", "c"])["n"].agg(["size", "sum"]).reset_index()
    for counts, wanted in ((None, "size"), (frame["n"].to_numpy(), "sum")):
        distinct, count = distinct_rows(columns, counts)
        np.testing.assert_array_equal(count, grouped[wanted])
        for name, column in zip("abc", distinct, strict=True):
            np.testing.assert_array_equal(column, grouped[name])


@given(seed=st.integers(0, 10**6), n=st.integers(1, 300))
def test_like_unique_rows(seed: int, n: int) -> None:
    table = np.random.default_rng(seed).integers(0, 6, (n, 3)).astype(np.float64)
    exact, times = np.unique(table, axis=0, return_counts=True)
    distinct, count = distinct_rows(list(table.T))
    np.testing.assert_array_equal(np.stack(distinct, axis=1), exact)
    np.testing.assert_array_equal(count, times)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.float32, np.float64])
def test_values_come_back_as_given(dtype: type) -> None:
    column: npt.NDArray[Any] = np.array([100, 3, 100, 27], dtype)
    (distinct,), count = distinct_rows([column])
    np.testing.assert_array_equal(distinct, [3, 27, 100])
    np.testing.assert_array_equal(count, [1, 1, 2])


def test_neighboring_floats_stay_apart() -> None:
    near = np.array([1.0, np.nextafter(1.0, 2.0), 1.0])
    (distinct,), count = distinct_rows([near])
    assert len(distinct) == 2
    np.testing.assert_array_equal(count, [2, 1])


def test_input_is_left_alone() -> None:
    column, counts = np.array([2, 1, 2]), np.array([1, 1, 4])
    distinct_rows([column], counts)
    np.testing.assert_array_equal(column, [2, 1, 2])
    np.testing.assert_array_equal(counts, [1, 1, 4])


def test_no_rows() -> None:
    empty: IntArray = np.zeros(0, np.int64)
    (distinct,), count = distinct_rows([empty])
    assert len(distinct) == len(count) == 0


def test_too_many_levels_are_refused() -> None:
    random = np.random.default_rng(1)
    with pytest.raises(OverflowError, match="63 bits"):
        distinct_rows([random.random(10_000) for _ in range(5)])
