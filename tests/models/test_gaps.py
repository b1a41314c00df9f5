"""Laws of gaps: grouping, adding, parts and checks."""

from __future__ import annotations

from collections import Counter

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from evergreen.errors import InvalidInputError
from evergreen.models.gaps import MOST_OCCASIONS, GapHistories

lengths = st.sampled_from([0.0, 1.0, 1 / 7, 38.86])
row = st.tuples(st.integers(1, 25), lengths, st.integers(0, 3), st.integers(0, 10**12))
bases = st.lists(row, min_size=1, max_size=30)

Row = tuple[int, float, int, int]


def of(rows: list[Row]) -> GapHistories:
    return GapHistories.of(*zip(*rows, strict=True), time_unit="W")


def counts(gaps: GapHistories) -> dict[tuple[int, float], tuple[int, int]]:
    columns = (gaps.order, gaps.length, gaps.returned, gaps.silent)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {(order, length): (returned, silent) for order, length, returned, silent in rows}


@given(rows=bases)
def test_grouping_counts(rows: list[Row]) -> None:
    returned: Counter[tuple[int, float]] = Counter()
    silent: Counter[tuple[int, float]] = Counter()
    for order, length, ended, lasting in rows:
        returned[min(order, MOST_OCCASIONS), length] += ended
        silent[min(order, MOST_OCCASIONS), length] += lasting
    expected = {key: (returned[key], silent[key]) for key in sorted(returned) if returned[key] + silent[key]}
    gaps = of(rows)
    assert counts(gaps) == expected
    assert list(counts(gaps)) == list(expected)
    assert len(gaps) == len(expected)
    assert (gaps.gaps, gaps.customers) == (returned.total(), silent.total())
    assert gaps.time_unit == "W"


@given(one=bases, two=bases, three=bases)
def test_adding_is_putting_together(one: list[Row], two: list[Row], three: list[Row]) -> None:
    together = counts(of(one + two + three))
    assert counts(of(one) + of(two) + of(three)) == together
    assert counts(of(three) + (of(two) + of(one))) == together


@given(rows=bases, order=st.integers(1, MOST_OCCASIONS))
def test_parts_are_of_their_order(rows: list[Row], order: int) -> None:
    gaps = of(rows)
    assert counts(gaps.at(order)) == {key: value for key, value in counts(gaps).items() if key[0] == order}
    assert counts(gaps.from_order(order)) == {key: value for key, value in counts(gaps).items() if key[0] >= order}
    assert gaps.at(order).time_unit == "W"


def test_a_curve_is_of_all_orders() -> None:
    gaps = GapHistories.of([1, 1, 2, 2], [3, 5, 3, 4], [2, 1, 1, 0], [0, 1, 0, 1])
    curve = gaps.curve()
    np.testing.assert_allclose(curve.survival([3, 4, 5]), [3 / 6, 3 / 6, 3 / 6 * 1 / 2])
    np.testing.assert_allclose(gaps.at(2).curve().survival([3, 4]), [0.5, 0.5])


def test_an_order_that_nobody_reached_is_empty() -> None:
    gaps = GapHistories.of([1], [3], [0], [1])
    assert (len(gaps.at(2)), gaps.at(2).customers, gaps.from_order(2).gaps) == (0, 0, 0)
    with pytest.raises(InvalidInputError, match="nobody made so many purchases"):
        gaps.at(2).curve()


@pytest.mark.parametrize("order", [0, -1, 1.5, 21])
def test_orders_that_are_not_told_apart(order: int) -> None:
    gaps = GapHistories.of([1], [3], [0], [1])
    for part in (gaps.at, gaps.from_order):
        with pytest.raises(InvalidInputError, match="order"):
            part(order)


def test_units_do_not_mix() -> None:
    with pytest.raises(InvalidInputError, match="Cannot add gaps in 'D' and in 'W': use one time_unit"):
        _ = GapHistories.of([1], [1], [1], [0]) + GapHistories.of([1], [1], [1], [0], time_unit="W")
    with pytest.raises(TypeError):
        _ = GapHistories.of([1], [1], [1], [0]) + 1  # type: ignore[operator]


def test_input_is_left_alone() -> None:
    columns = np.array([30, 1, 30]), np.array([1.0, 0.0, 1.0]), np.array([1, 0, 2]), np.array([0, 0, 1])
    before = [column.copy() for column in columns]
    GapHistories.of(*columns)
    for column, was in zip(columns, before, strict=True):
        np.testing.assert_array_equal(column, was)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (([0], [1], [1], [0]), "order must be at least 1: 1 of 1 rows"),
        (([1.5], [1], [1], [0]), "order must be a whole number"),
        (([1], [-1], [1], [0]), "length must be at least 0"),
        (([1], [np.nan], [1], [0]), "length must be finite"),
        (([1], [1], [-1], [0]), "returned must be at least 0"),
        (([1], [1], [1], [0.5]), "silent must be a whole number"),
        (([1, 1], [1], [1], [0]), "one length"),
    ],
)
def test_what_cannot_be(columns: tuple[list[float], ...], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        GapHistories.of(*columns)
