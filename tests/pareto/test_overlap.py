"""Two sides in one table."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen import Overlap

stats = pytest.importorskip("scipy.stats")


def overlap(customers: list[list[int]]) -> Overlap:
    table = np.array(customers)
    return Overlap(tuple("ABC"[: len(table)]), table, table * 2.0, table / 4)


tables = st.lists(st.integers(0, 30), min_size=9, max_size=9).filter(any)


@given(tables)
def test_two_by_two_is_class_a_against_the_others(cells: list[int]) -> None:
    table = np.array(cells).reshape(3, 3)
    found = overlap(table.tolist())
    (both, one), (other, neither) = found.two_by_two.tolist()
    assert both == table[0, 0] == found.both
    assert one == table[0, 1:].sum()
    assert other == table[1:, 0].sum()
    assert neither == table[1:, 1:].sum()
    assert found.expected == pytest.approx(table[0].sum() * table[:, 0].sum() / table.sum())


@given(tables)
def test_p_value_is_the_hypergeometric_sum(cells: list[int]) -> None:
    """Fisher's two-sided p: all tables of these margins that are no more probable than this one."""
    found = overlap(np.array(cells).reshape(3, 3).tolist())
    (both, one), (other, neither) = found.two_by_two.tolist()
    total, a, b = both + one + other + neither, both + one, both + other
    ways = [math.comb(a, k) * math.comb(total - a, b - k) for k in range(min(a, b) + 1)]
    wanted = sum(way for way in ways if way <= ways[both]) / math.comb(total, b)
    assert found.p_value == pytest.approx(wanted, rel=1e-6)


def test_jaccard_and_odds_are_those_of_sets() -> None:
    found = overlap([[30, 50, 120], [20, 80, 200], [50, 150, 300]])
    assert found.jaccard == 30 / (200 + 100 - 30)
    assert found.odds_ratio == pytest.approx((30 / 170) / (70 / 730))
    assert found.expected == 20
    assert str(found) == (
        "30 of 1,000 customers are in class A of both value and trouble; were these independent, it would be 20. "
        "Jaccard 0.111, odds ratio 1.84."
    )
    assert repr(found) == f"Overlap({found})"


@pytest.mark.parametrize(
    ("customers", "odds"),
    [([[5, 0], [0, 5]], math.inf), ([[0, 5], [5, 0]], 0.0), ([[5, 0], [0, 0]], math.nan), ([[0, 3], [4, 0]], 0.0)],
)
def test_odds_at_the_edge(customers: list[list[int]], odds: float) -> None:
    assert overlap(customers).odds_ratio == pytest.approx(odds, nan_ok=True)


def test_a_base_without_anybody_in_class_a_is_described() -> None:
    """The classes were learned elsewhere."""
    found = overlap([[0, 0, 0], [0, 1, 0], [0, 0, 2]])
    assert math.isnan(found.jaccard)
    assert "0 of 3 customers" in str(found)
    assert "Jaccard nan" in found._repr_html_()


def test_the_table_has_every_cell() -> None:
    found = overlap([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    table = found.to_frame()
    assert (table["value_class"] + table["trouble_class"]).tolist() == [a + b for a in "ABC" for b in "ABC"]
    assert table["customers"].tolist() == list(range(1, 10))
    assert table["value"].tolist() == [2.0 * cell for cell in range(1, 10)]
    assert table["trouble"].tolist() == [cell / 4 for cell in range(1, 10)]
    assert table["expected"].sum() == pytest.approx(45)
    assert table["expected"][5] == pytest.approx(15 * 18 / 45)
    assert found._repr_html_().count("<td>") == 9
