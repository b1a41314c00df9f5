"""Rungs put every customer on one rung, or say who is left out."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from evergreen import Rung, Rungs
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.models.rungs import FIRST_LOOK
from tests.contracts.registry import pickled

SILENT = Rung("lapsed", {"days_since_last": (180, None)})
HERE = {"days_since_last": (None, 180)}


def inside(rung: Rung, values: dict[str, float]) -> bool:
    """Tell by the words of the rule whether a customer is in a box."""
    return all(
        (low is None or values[column] >= low) and (high is None or values[column] < high)
        for column, (low, high) in rung.ranges.items()
    )


def test_ranges_begin_inside_and_end_outside() -> None:
    rungs = Rungs([Rung("small", {"total_value": (None, 100)}), Rung("large", {"total_value": (100, None)})])
    values = np.array([-5.0, 99.99, math.nextafter(100, 0), 100.0, 1e9])
    assert rungs.number({"total_value": values}).tolist() == [1, 1, 1, 2, 2]


def test_names_columns_and_cuts() -> None:
    assert FIRST_LOOK.names == ("lapsed", "first-time", "repeat", "client", "loyal")
    assert FIRST_LOOK.columns == ("days_since_last", "orders")
    assert {name: cuts.tolist() for name, cuts in FIRST_LOOK.cuts.items()} == {
        "days_since_last": [365.0],
        "orders": [2.0, 4.0, 8.0],
    }


def test_the_first_look_counts_orders() -> None:
    orders = np.arange(1, 12)
    numbers = FIRST_LOOK.number({"orders": orders, "days_since_last": np.full(11, 364.99)})
    assert numbers.tolist() == [2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5]
    assert FIRST_LOOK.number({"orders": orders, "days_since_last": np.full(11, 365.0)}).tolist() == [1] * 11


@st.composite
def ladders(draw: st.DrawFn) -> Rungs:
    """Draw a ladder whose boxes tile the cells of two or three columns, names given by chance."""
    columns = draw(st.permutations(["orders", "days_since_last", "total_value"]))[: draw(st.integers(1, 3))]
    numbers = st.integers(2, 20) if draw(st.booleans()) else st.floats(1.5, 300)
    cuts = {column: sorted(set(draw(st.lists(numbers, max_size=3)))) for column in columns}
    if "orders" in cuts:
        cuts["orders"] = sorted({float(math.ceil(cut)) for cut in cuts["orders"]})
    sides = [list(zip([None, *points], [*points, None], strict=True)) for points in cuts.values()]
    boxes = [dict(zip(columns, box, strict=True)) for box in product(*sides)]
    names = draw(st.lists(st.sampled_from("abcd"), min_size=len(boxes), max_size=len(boxes)))
    return Rungs([Rung(name, box) for name, box in zip(names, boxes, strict=True)])


@given(rungs=ladders(), seed=st.integers(0, 1_000))
def test_every_customer_is_where_the_one_box_around_him_says(rungs: Rungs, seed: int) -> None:
    random = np.random.default_rng(seed)
    edges = {column: np.append(cuts, [1.0, 5.0, 400.0]) for column, cuts in rungs.cuts.items()}
    values = {column: random.choice(points, 30) for column, points in edges.items()}
    numbers = rungs.number(values)
    for at, number in enumerate(numbers.tolist()):
        found = [rung.name for rung in rungs.rungs if inside(rung, {name: v[at] for name, v in values.items()})]
        assert found == [rungs.names[number - 1]]


@given(rungs=ladders(), data=st.data())
def test_a_box_more_or_less_is_noticed(rungs: Rungs, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(rungs.rungs) - 1))
    boxes = list(rungs.rungs)
    with pytest.raises(InvalidInputError, match=r"cells? belongs? to several boxes"):
        Rungs([*boxes, boxes[place]])
    if len(boxes) > 1:
        with pytest.raises(InvalidInputError, match=r"cells? belongs? to no rung"):
            Rungs(
                [*boxes[:place], *boxes[place + 1 :], Rung("never", dict(boxes[place].ranges) | {"orders": (9, 9.5)})]
            )


def test_gaps_and_overlaps_are_told_by_example() -> None:
    with pytest.raises(InvalidInputError) as caught:
        Rungs([SILENT, Rung("new", {**HERE, "orders": (1, 2)}), Rung("old", {"orders": (3, None)})])
    assert str(caught.value) == (
        "Every customer must stand on one rung, ranges being (from, below).\n"
        "1 cell belongs to no rung: days_since_last from 0 below 180, orders 2\n"
        "1 cell belongs to several boxes: days_since_last from 180, orders from 3 (lapsed, old)"
    )


def test_many_gaps_are_counted_and_five_told() -> None:
    with pytest.raises(
        InvalidInputError, match=r"9 cells belong to no rung: orders 2; (orders \d+; ){3}orders 10 \.\.\."
    ):
        Rungs([Rung(f"{n}", {"orders": (n, n + 1)}) for n in (1, 3, 5, 7, 9, 11, 13, 15, 17)])


def test_boxes_in_which_nobody_can_be_are_refused() -> None:
    with pytest.raises(
        InvalidInputError, match=r"nobody can be in the box: Rung\(name='none', ranges={'orders': \(0.0, 1.0\)}"
    ):
        Rungs([Rung("none", {"orders": (0, 1)}), Rung("some", {"orders": (1, None)})])


def test_cells_that_cannot_be_need_no_rung() -> None:
    rungs = Rungs(
        [
            Rung("quiet", {"days_since_last": (50, None), "days_since_first": (50, None)}),
            Rung("new", {"days_since_last": (None, 50), "days_since_first": (None, 50)}),
            Rung("old", {"days_since_last": (None, 50), "days_since_first": (50, None)}),
        ]
    )
    assert rungs.cells.tolist() == [[2, 3], [0, 1]]
    later = {"days_since_last": np.array([60.0, 60.0]), "days_since_first": np.array([60.0, 40.0])}
    assert rungs.number(later).tolist() == [1, 0]


def test_fractions_of_an_order_need_no_rung() -> None:
    rungs = Rungs([Rung("few", {"orders": (1, 2.2)}), Rung("many", {"orders": (2.8, None)})])
    assert rungs.number({"orders": np.array([1, 2, 3])}).tolist() == [1, 1, 2]


def test_too_many_cells_are_refused() -> None:
    stairs = [Rung(str(n), {"orders": (n, n + 1), "days_since_last": (n, n + 1)}) for n in range(1, 500)]
    with pytest.raises(InvalidInputError, match=r"into 250,500 cells, more than the 200,000 that can be checked"):
        Rungs(stairs)


def test_later_changes_of_what_was_given_do_not_reach_the_rungs() -> None:
    ranges: dict[str, Any] = {"orders": [1, 2]}
    rungs = Rungs([Rung("one", ranges), Rung("more", {"orders": (2, None)})])
    ranges["orders"][1] = 7
    assert rungs.rungs[0].ranges == {"orders": (1, 2)}
    assert pickled(rungs) == rungs


@pytest.mark.parametrize(
    ("rungs", "error", "message"),
    [
        ("loyal", InputTypeError, "rungs must be a sequence of Rung.name, ranges., got str"),
        (None, InputTypeError, "got NoneType"),
        ([{"orders": (1, 2)}], InputTypeError, "A rung must be a Rung.name, ranges., got dict"),
        ([Rung(3, {})], InputTypeError, "A Rung has a name"),  # type: ignore[arg-type]
        ([Rung("a", {"orders": 3})], InputTypeError, "A Rung has a name"),  # type: ignore[dict-item]
        ([Rung("a", {"orders": (1, 2, 3)})], InputTypeError, "A Rung has a name"),  # type: ignore[dict-item]
        ([Rung("a", {"orders": ("1", None)})], InputTypeError, "A Rung has a name"),  # type: ignore[dict-item]
        ([Rung("a", {"orders": (True, None)})], InputTypeError, "A Rung has a name"),
        ([Rung("a", {"orders": (1, math.inf)})], InputTypeError, "pair of finite numbers or None"),
        ([Rung("a", {"orders": (1, 10**400)})], InputTypeError, "pair of finite numbers or None"),
        ([Rung("a", {"orders": (math.nan, None)})], InputTypeError, "pair of finite numbers or None"),
        ([Rung("a", {"orders": (3, 3)})], InvalidInputError, "must begin before it ends; orders does not"),
        ([], InvalidInputError, "look at some column"),
        ([Rung("all", {})], InvalidInputError, "look at some column"),
    ],
)
def test_what_is_no_ladder_is_refused(rungs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Rungs(rungs)
