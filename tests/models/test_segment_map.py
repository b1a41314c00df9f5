"""Segment maps are total and exclusive, or they are refused with the cells that are wrong."""

from __future__ import annotations

import copy
import pickle
from itertools import product
from typing import Any

import pytest

from evergreen import SegmentMap, SegmentRule
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.models.segment_map import PRESETS

LEVELS = {"r": range(1, 6), "f": range(1, 6), "m": range(1, 6), "fm": range(2, 11)}
SIZES = {"rf25": (25, 10), "rfm11": (45, 11), "rf6": (25, 6)}


def rules(**ranges: tuple[tuple[int, int], ...]) -> list[SegmentRule]:
    return [SegmentRule(name, pairs) for name, pairs in ranges.items()]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_cover_every_cell_once(name: str) -> None:
    """Counted here rule by rule, not by the class itself."""
    preset = PRESETS[name]
    cells = list(product(*(LEVELS[axis] for axis in preset.axes)))
    for cell in cells:
        covering = [
            rule.segment
            for rule in preset.rules
            if all(low <= score <= high for score, (low, high) in zip(cell, rule.ranges, strict=True))
        ]
        assert covering == [preset.cells[cell]]
    assert sorted(preset.cells) == cells
    assert (len(cells), len(preset.segments)) == SIZES[name]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_keep_the_order_of_the_scores(name: str) -> None:
    """The best of all is a champion, the worst of all is not, and a newcomer is recent."""
    preset = PRESETS[name]
    best, worst = tuple(max(LEVELS[a]) for a in preset.axes), tuple(min(LEVELS[a]) for a in preset.axes)
    assert preset.cells[best] == "champion"
    assert preset.cells[worst] in {"hibernating", "lost"}
    assert all(cell[0] >= 4 for cell, segment in preset.cells.items() if segment in {"new", "promising"})
    assert all(cell[0] <= 2 for cell, segment in preset.cells.items() if segment in {"can't lose", "at risk"})


def test_presets_are_sealed() -> None:
    with pytest.raises(TypeError):
        PRESETS["mine"] = PRESETS["rf6"]  # type: ignore[index]


def test_all_presets_are_there() -> None:
    assert set(PRESETS) == set(SIZES)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "gap": (
        {"axes": ("r",), "rules": rules(low=((1, 2),), high=((4, 5),))},
        "A segment map on r must cover each cell once; 1 cells belong to no segment: (3,).",
    ),
    "overlap": (
        {"axes": ("r",), "rules": rules(low=((1, 3),), high=((3, 5),))},
        "A segment map on r must cover each cell once; 1 cells belong to several segments: (3,) (low, high).",
    ),
    "both, in two dimensions": (
        {"axes": ("r", "f"), "rules": rules(low=((1, 2), (1, 5)), high=((2, 5), (1, 4)))},
        (
            "A segment map on r x f must cover each cell once; 3 cells belong to no segment: (3, 5), (4, 5), "
            "(5, 5); 4 cells belong to several segments: (2, 1) (low, high), (2, 2) (low, high), "
            "(2, 3) (low, high), (2, 4) (low, high)."
        ),
    ),
    "many gaps": (
        {"axes": ("r", "m"), "rules": rules(low=((1, 1), (1, 5)))},
        (
            "A segment map on r x m must cover each cell once; 20 cells belong to no segment: (2, 1), (2, 2), "
            "(2, 3), (2, 4), (2, 5) ...."
        ),
    ),
    "out of range": (
        {"axes": ("r",), "rules": rules(all=((1, 6),))},
        "A segment map on r must cover each cell once; 1 rules reach out of the scores: all.",
    ),
    "fm starts at 2": (
        {"axes": ("fm",), "rules": rules(all=((1, 10),))},
        "A segment map on fm must cover each cell once; 1 rules reach out of the scores: all.",
    ),
    "no rules": (
        {"axes": ("f",), "rules": []},
        ("A segment map on f must cover each cell once; 5 cells belong to no segment: (1,), (2,), (3,), (4,), (5,)."),
    ),
    "unknown axis": (
        {"axes": ("r", "x"), "rules": []},
        "axes=('r', 'x') must be different ones of 'r', 'f', 'm', 'fm'.",
    ),
    "no axis": ({"axes": (), "rules": []}, "axes=() must be different ones of 'r', 'f', 'm', 'fm'."),
    "axis twice": (
        {"axes": ("r", "r"), "rules": rules(all=((1, 5), (1, 5)))},
        "axes=('r', 'r') must be different ones of 'r', 'f', 'm', 'fm'.",
    ),
    "two bins": (
        {"axes": ("r",), "rules": rules(all=((1, 5),)), "bins": (5, 5)},
        "bins=(5, 5) must be three whole numbers of at least 1: of r, f and m.",
    ),
    "one number for bins": (
        {"axes": ("r",), "rules": rules(all=((1, 5),)), "bins": 5},
        "bins=5 must be three whole numbers of at least 1: of r, f and m.",
    ),
    "no bins": (
        {"axes": ("r",), "rules": rules(all=((1, 5),)), "bins": (0, 5, 5)},
        "bins=(0, 5, 5) must be three whole numbers of at least 1: of r, f and m.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    arguments, message = REFUSED[case]
    with pytest.raises(InvalidInputError) as caught:
        SegmentMap(**arguments)
    assert str(caught.value) == message


def test_reversed_ranges_are_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"1 rules reach out of the scores: all; 5 cells belong to no"):
        SegmentMap(axes=("r",), rules=rules(all=((5, 1),)))


def test_a_rule_of_too_few_ranges_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="1 rules reach out of the scores: all; 25 cells belong to no"):
        SegmentMap(axes=("r", "f"), rules=rules(all=((1, 5),)))


def test_a_rule_that_is_no_rule_is_refused() -> None:
    with pytest.raises(InputTypeError) as caught:
        SegmentMap(axes=("r",), rules=[("all", ((1, 5),))])  # type: ignore[list-item]
    assert str(caught.value) == "A rule must be a SegmentRule(segment, ranges), got tuple."


@pytest.mark.parametrize("ranges", [None, 5, "15", (1, 5), ((1,),), ((1, 2, 3),), (("a", "b"),), ((1.5, 5),)], ids=repr)
def test_ranges_that_are_no_pairs_are_refused(ranges: Any) -> None:
    with pytest.raises(InputTypeError, match="a pair of whole scores for each axis") as caught:
        SegmentMap(("r",), [SegmentRule("all", ranges)])
    assert repr(ranges) in str(caught.value)


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(InputTypeError, match=r"got SegmentRule\(segment=5, ranges"):
        SegmentMap(("r",), [SegmentRule(5, ((1, 5),))])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["axes", "rules"])
def test_what_is_no_sequence_is_refused(name: str) -> None:
    settings: dict[str, Any] = {"axes": ("r",), "rules": [SegmentRule("all", ((1, 5),))]}
    settings[name] = 5
    with pytest.raises(InputTypeError, match=f"{name} must be a sequence of"):
        SegmentMap(**settings)


def test_segments_may_have_several_rectangles_and_keep_their_order() -> None:
    made = SegmentMap(axes=("r",), rules=[*rules(edge=((5, 5),), middle=((2, 4),)), SegmentRule("edge", ((1, 1),))])
    assert made.segments == ("edge", "middle")
    assert made.cells == {(1,): "edge", (2,): "middle", (3,): "middle", (4,): "middle", (5,): "edge"}


def test_bins_make_the_cells() -> None:
    made = SegmentMap(axes=["fm", "r"], rules=rules(all=((2, 5), (1, 9))), bins=(9, 2, 3))  # type: ignore[arg-type]
    assert len(made.cells) == 4 * 9
    assert made.axes == ("fm", "r")


def test_is_a_value() -> None:
    made = SegmentMap(axes=("r",), rules=rules(all=((1, 5),)))
    for twin in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301 - our own bytes
        assert twin == made
        assert hash(twin) == hash(made)
    with pytest.raises(AttributeError):
        made.bins = (1, 1, 1)  # type: ignore[misc]
