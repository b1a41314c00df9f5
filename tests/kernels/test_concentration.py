"""The top of a base, against exact fractions and sorting."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.kernels.concentration import top_count, value_of_top


@given(st.integers(1, 10**6), st.integers(1, 1_000))
def test_top_count_is_the_ceiling_of_the_exact_share(customers: int, per_mille: int) -> None:
    """A share of 0.07 of 100 customers is 7, though 0.07 * 100 is a little more in floats."""
    exact = math.ceil(Fraction(per_mille, 1_000) * customers)
    assert top_count(customers, per_mille / 1_000) == exact


@pytest.mark.parametrize(
    ("customers", "share", "wanted"),
    [
        (2_357, 0.2, 472),
        (23_570, 0.2, 4_714),
        (100, 0.07, 7),
        (10, 1.0, 10),
        (10, 1e-12, 1),
        (1, 0.5, 1),
        (3, 1 / 3, 1),
        (10**9, 0.29, 290_000_000),
    ],
)
def test_top_count(customers: int, share: float, wanted: int) -> None:
    assert top_count(customers, share) == wanted


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=40), st.data())
def test_value_of_top_is_that_of_the_sorted_best(values: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(values)))
    best = sorted(values, reverse=True)
    threshold = best[count - 1]
    above = [value for value in values if value > threshold]
    assert value_of_top(count, threshold, len(above), sum(above)) == sum(best[:count])
