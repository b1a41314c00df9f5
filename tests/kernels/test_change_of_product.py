"""What each factor contributes to the change of a product."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import floor, prod

import hypothesis.strategies as st
import pytest
from hypothesis import given

from evergreen.kernels.change_of_product import shapley_changes, whole_parts

FACTORS = st.fractions(-50, 50, max_denominator=20)
PAIRS = st.lists(st.tuples(FACTORS, FACTORS), min_size=1, max_size=4)


@given(PAIRS)
def test_it_is_the_mean_over_all_orders(pairs: list[tuple[Fraction, Fraction]]) -> None:
    a, b = (list(side) for side in zip(*pairs, strict=True))
    orders = list(permutations(range(len(a))))
    wanted = [Fraction(0)] * len(a)
    for order in orders:
        now = list(a)
        for place in order:
            before = prod(now, start=Fraction(1))
            now[place] = b[place]
            wanted[place] += (prod(now, start=Fraction(1)) - before) / len(orders)
    assert shapley_changes(a, b) == wanted
    assert sum(wanted) == prod(b, start=Fraction(1)) - prod(a, start=Fraction(1))


@given(PAIRS)
def test_the_way_back_undoes_the_way_there(pairs: list[tuple[Fraction, Fraction]]) -> None:
    a, b = (list(side) for side in zip(*pairs, strict=True))
    assert shapley_changes(b, a) == [-change for change in shapley_changes(a, b)]


def test_a_factor_that_stayed_contributes_nothing() -> None:
    assert shapley_changes([Fraction(2), Fraction(3)], [Fraction(2), Fraction(5)]) == [0, 4]


@given(st.fractions(-50, 50, max_denominator=8), st.lists(st.fractions(-50, 50, max_denominator=8), max_size=8))
def test_rounded_steps_lead_from_one_rounded_total_to_the_other(start: Fraction, parts: list[Fraction]) -> None:
    early, late = (floor(total + Fraction(1, 2)) for total in (start, start + sum(parts, start=Fraction(0))))
    if all(part == floor(part) for part in parts):
        assert late - early == sum(parts)
    whole = whole_parts(parts, late - early)
    assert sum(whole) == late - early
    for rounded, part in zip(whole, parts, strict=True):
        assert abs(rounded - part) < 1


@pytest.mark.parametrize(
    ("parts", "total", "wanted"),
    [([], 0, []), ([Fraction(1, 2)] * 4, 2, [1, 1, 0, 0]), ([Fraction(-1, 3), Fraction(1, 3)], 0, [0, 0])],
)
def test_the_largest_remainders_go_up(parts: list[Fraction], total: int, wanted: list[int]) -> None:
    assert whole_parts(parts, total) == wanted
