"""Quantile scores against counting one by one, in whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evergreen.kernels.binning import cut_ranks, cuts_of_equal_weight, scores

ties = st.lists(st.integers(0, 6), min_size=1, max_size=80)
spread = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=80)
bins = st.integers(1, 12)


def cut_points(values: np.ndarray, bins: int) -> np.ndarray:
    """The values at the ranks that a quantile score cuts at."""
    return np.sort(values)[cut_ranks(len(values), bins) - 1]


def by_force(values: list[float], count: int) -> list[int]:
    """Return 1 + floor(K * share of customers strictly worse)."""
    return [1 + count * sum(other < value for other in values) // len(values) for value in values]


@given(st.one_of(ties, spread), bins)
def test_scores_are_the_formula(values: list[float], count: int) -> None:
    array = np.array(values, np.float64)
    assert scores(array, cut_points(array, count)).tolist() == by_force(values, count)


@given(ties, bins, st.integers(0, 2**32))
def test_order_of_rows_changes_nobody(values: list[float], count: int, seed: int) -> None:
    array = np.array(values, np.float64)
    order = np.random.default_rng(seed).permutation(len(array))
    before = scores(array, cut_points(array, count))
    np.testing.assert_array_equal(scores(array[order], cut_points(array[order], count)), before[order])


@given(st.integers(1, 10**12), bins)
def test_ranks_are_the_smallest_that_reach_their_share(customers: int, count: int) -> None:
    ranks = cut_ranks(customers, count).tolist()
    assert len(ranks) == count - 1
    for k, rank in enumerate(ranks, 1):
        assert 1 <= rank <= customers
        assert count * rank >= customers * k
        assert count * (rank - 1) < customers * k


def test_ranks_of_the_largest_bases_do_not_overflow() -> None:
    assert cut_ranks(10**15, 9).tolist() == [-(-(10**15) * k // 9) for k in range(1, 9)]


@given(st.lists(st.integers(-50, 50), unique=True, min_size=1, max_size=60), bins)
def test_without_ties_scores_are_as_even_as_they_can_be(values: list[int], count: int) -> None:
    array = np.array(values, np.float64)
    sizes = np.bincount(scores(array, cut_points(array, count)), minlength=count + 1)[1:]
    assert sizes.max() - sizes.min() <= 1


@given(ties, bins, st.integers(1, 5))
def test_every_customer_many_times_over_scores_the_same(values: list[float], count: int, times: int) -> None:
    once, often = np.array(values, np.float64), np.repeat(np.array(values, np.float64), times)
    np.testing.assert_array_equal(
        scores(often, cut_points(often, count)), np.repeat(scores(once, cut_points(once, count)), times)
    )


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1, 1, 1, 1, 1], [1, 1, 1, 1, 1]),
        ([1, 1, 1, 5, 5], [1, 1, 1, 4, 4]),
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        ([1, 2], [1, 3]),
        ([7], [1]),
        ([-0.0, 0.0, 1.0], [1, 1, 4]),
    ],
)
def test_small_cases(values: list[float], wanted: list[int]) -> None:
    array = np.array(values, np.float64)
    assert scores(array, cut_points(array, 5)).tolist() == wanted


def test_input_is_left_alone() -> None:
    values = np.array([3.0, 1.0, 2.0])
    values.setflags(write=False)
    cuts = cut_points(values, 3)
    cuts.setflags(write=False)
    scores(values, cuts)
    assert values.tolist() == [3.0, 1.0, 2.0]


# ----------------------------------------------------------------------------------------- equal weight

weighted = st.dictionaries(st.integers(-9, 9), st.integers(0, 20), min_size=1, max_size=12).filter(
    lambda found: any(found.values())
)


@given(weighted, bins, st.sampled_from([1, 10, 100]))
@example({0: 3, 1: 1, 2: 2}, 2, 10)  # in doubles .3 is less than half of .3 + .1 + .2
def test_scores_of_equal_weight_are_the_formula(found: dict[int, int], count: int, unit: int) -> None:
    """Whatever the unit of money is, in which sums may be rounded."""
    levels = np.array(sorted(found), np.float64)
    weight = np.array([found[int(level)] for level in levels], np.float64) / unit
    given_scores = scores(levels, cuts_of_equal_weight(levels, weight, count))
    total = sum(found.values())
    for level, score in zip(levels.tolist(), given_scores.tolist(), strict=True):
        worse = sum(weight for other, weight in found.items() if other < level)
        assert score == min(count, 1 + count * worse // total)


@given(ties, bins)
def test_a_weight_of_one_each_makes_quantiles(values: list[int], count: int) -> None:
    array = np.array(values, np.float64)
    levels, customers = np.unique(array, return_counts=True)
    cuts = cuts_of_equal_weight(levels, customers.astype(np.float64), count)
    np.testing.assert_array_equal(scores(array, cuts), scores(array, cut_points(array, count)))


def test_more_cut_points_than_a_byte_holds() -> None:
    values = np.arange(1_000.0)
    assert scores(values, values).tolist() == (1 + values).astype(int).tolist()
