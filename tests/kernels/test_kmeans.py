"""K-means on a line against all ways to cut it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.kernels.kmeans import optimal_starts
from evergreen.typing import FloatArray, IntArray


def spread(values: FloatArray, count: IntArray, starts: tuple[int, ...]) -> float:
    """Return the sum of squared distances to the means of the groups."""
    total = 0.0
    for begin, end in zip(starts, (*starts[1:], len(values)), strict=True):
        part, weight = values[begin:end], count[begin:end]
        total += float((weight * (part - np.average(part, weights=weight)) ** 2).sum())
    return total


levels = st.dictionaries(st.integers(-40, 40), st.integers(1, 9), min_size=1, max_size=9)


@given(levels, st.data())
def test_no_other_cut_is_better(found: dict[int, int], data: st.DataObject) -> None:
    values = np.array(sorted(found), np.float64)
    count = np.array([found[int(value)] for value in values])
    groups = data.draw(st.integers(1, len(values)))
    starts = optimal_starts(values, count, groups)
    assert starts[0] == 0
    assert (np.diff(starts) > 0).all()
    best = min(spread(values, count, (0, *cut)) for cut in combinations(range(1, len(values)), groups - 1))
    assert spread(values, count, tuple(starts.tolist())) == pytest.approx(best, rel=1e-12, abs=1e-9)


@given(levels, st.integers(1, 4), st.sampled_from([1e-6, 7.0, 1e9]), st.sampled_from([0.0, -3.0, 1e5]))
def test_units_change_nothing(found: dict[int, int], groups: int, scale: float, shift: float) -> None:
    values = np.array(sorted(found), np.float64)
    count = np.array([found[int(value)] for value in values])
    groups = min(groups, len(values))
    moved = scale * (values + shift)
    ours, theirs = (optimal_starts(line, count, groups) for line in (values, moved))
    assert spread(values, count, tuple(theirs.tolist())) == pytest.approx(
        spread(values, count, tuple(ours.tolist())), rel=1e-9, abs=1e-6
    )


def test_many_values_fall_into_the_clumps_they_came_from() -> None:
    random = np.random.default_rng(4)
    clumps = [np.unique(random.normal(center, 1.0, 20_000)) for center in (0, 30, 45, 90, 300)]
    values = np.concatenate(clumps)
    starts = optimal_starts(values, np.ones(len(values), np.int64), 5)
    assert starts.tolist() == np.cumsum([0, *(len(clump) for clump in clumps[:-1])]).tolist()


@pytest.mark.parametrize("scale", [1e-300, 2.0**-900, 1e300])
def test_squares_neither_vanish_nor_overflow(scale: float) -> None:
    values = np.array([1.0, 2.0, 10.0, 11.0, 50.0])
    assert optimal_starts(values * scale, np.array([3, 1, 1, 2, 1]), 3).tolist() == [0, 2, 4]
    assert optimal_starts(np.zeros(1), np.array([3]), 1).tolist() == [0]


def test_a_group_of_its_own_for_each_value() -> None:
    assert optimal_starts(np.array([1.0, 5.0, 6.0]), np.array([3, 1, 1]), 3).tolist() == [0, 1, 2]
