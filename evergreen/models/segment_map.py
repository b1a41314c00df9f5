"""Segment maps: which name a customer's scores get, declared as data and checked to be total and exclusive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from numbers import Integral
from types import MappingProxyType
from typing import Any, Final

from evergreen.errors import InputTypeError, InvalidInputError

AXES: Final = ("r", "f", "m", "fm")
"""What a map may look at: the three scores, and ``fm`` = f + m."""

_PLACES: Final = 100  # digits have two places: f + m may be 10 and more


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """One rectangle of scores and the segment it belongs to.

    Parameters
    ----------
    segment : str
        Name of the segment; several rules may share one.
    ranges : tuple of (int, int)
        Lowest and highest score, both included, one pair for each axis of the map.

    Examples
    --------
    >>> SegmentRule("champion", ((5, 5), (4, 5)))
    SegmentRule(segment='champion', ranges=((5, 5), (4, 5)))
    """

    segment: str
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class SegmentMap:
    """A name for every combination of scores, and only one.

    Parameters
    ----------
    axes : tuple of {"r", "f", "m", "fm"}
        The scores that the rules look at; ``fm`` is the sum f + m, which runs from 2 on.
    rules : sequence of SegmentRule
        Rectangles that cover every cell exactly once. The order in which segments first appear is the order in
        which they are reported.
    bins : tuple of int
        Number of scores of r, f and m.

    Raises
    ------
    InputTypeError
        If a rule is not a SegmentRule with a name and pairs of whole scores.
    InvalidInputError
        If axes or bins are not possible, a cell is covered by no rule or by several, or a rule reaches out of the
        scores; the message lists them.

    Examples
    --------
    >>> halves = SegmentMap(
    ...     axes=("r",),
    ...     rules=[SegmentRule("asleep", ((1, 2),)), SegmentRule("awake", ((3, 5),))],
    ... )
    >>> halves.segments
    ('asleep', 'awake')
    >>> halves.cells[(5,)]
    'awake'
    """

    axes: tuple[str, ...]
    rules: Sequence[SegmentRule]
    bins: tuple[int, int, int] = (5, 5, 5)

    def __post_init__(self) -> None:
        """Check that the rules cover every cell exactly once."""
        for name, wanted in (("axes", "names of scores"), ("rules", "SegmentRules")):
            given: Any = getattr(self, name)
            if not isinstance(given, Iterable):
                raise InputTypeError.kind(name, given, f"a sequence of {wanted}")
            object.__setattr__(self, name, tuple(given))
        unknown = [axis for axis in self.axes if axis not in AXES]
        if unknown or not self.axes or len(set(self.axes)) < len(self.axes):
            raise InvalidInputError(f"axes={self.axes!r} must be different ones of {', '.join(map(repr, AXES))}.")
        bins = tuple(self.bins) if isinstance(self.bins, Sequence) else ()
        if len(bins) != len("rfm") or not all(isinstance(count, int) and count >= 1 for count in bins):
            raise InvalidInputError(f"bins={self.bins!r} must be three whole numbers of at least 1: of r, f and m.")
        object.__setattr__(self, "bins", bins)
        for rule in self.rules:
            if not isinstance(rule, SegmentRule):
                raise InputTypeError.kind("A rule", rule, "a SegmentRule(segment, ranges)")
            if not (isinstance(rule.segment, str) and _are_pairs(rule.ranges)):
                raise InputTypeError(
                    "A rule has a name and a pair of whole scores for each axis, such as SegmentRule('champion', "
                    f"((5, 5), (4, 5))), got {rule!r}."
                )
        covers = {cell: self._covering(cell) for cell in product(*self._levels)}
        gaps = [cell for cell, names in covers.items() if not names]
        overlaps = [f"{cell} ({', '.join(names)})" for cell, names in covers.items() if len(names) > 1]
        beyond = [rule.segment for rule in self.rules if not self._fits(rule)]
        said = [
            f"{len(cells)} {what}: {', '.join(str(cell) for cell in cells[:5])}{' ...' if len(cells) > 5 else ''}"
            for cells, what in (
                (beyond, "rules reach out of the scores"),
                (gaps, "cells belong to no segment"),
                (overlaps, "cells belong to several segments"),
            )
            if cells
        ]
        if said:
            raise InvalidInputError(
                f"A segment map on {' x '.join(self.axes)} must cover each cell once; " + "; ".join(said) + "."
            )

    @property
    def segments(self) -> tuple[str, ...]:
        """Names of the segments, in order of first appearance in the rules."""
        return tuple(dict.fromkeys(rule.segment for rule in self.rules))

    @property
    def cells(self) -> dict[tuple[int, ...], str]:
        """The segment of each combination of scores on :attr:`axes`."""
        return {cell: self._covering(cell)[0] for cell in product(*self._levels)}

    def place(self, scores: Sequence[Any]) -> Any:
        """Return the number of each combination of scores, the scores as its digits.

        Parameters
        ----------
        scores : sequence of int, ndarray or engine expression
            One for each axis.

        Returns
        -------
        int, ndarray or engine expression
            Above 0: scores begin at 1.

        Examples
        --------
        >>> PRESETS["rf25"].place([5, 4])
        504
        """
        number = scores[0]
        for score in scores[1:]:
            number = number * _PLACES + score
        return number

    @property
    def _levels(self) -> tuple[range, ...]:
        r, f, m = self.bins
        levels = {"r": range(1, r + 1), "f": range(1, f + 1), "m": range(1, m + 1), "fm": range(2, f + m + 1)}
        return tuple(levels[axis] for axis in self.axes)

    def _covering(self, cell: tuple[int, ...]) -> list[str]:
        return [
            rule.segment
            for rule in self.rules
            if len(rule.ranges) == len(cell)
            and all(low <= score <= high for score, (low, high) in zip(cell, rule.ranges, strict=True))
        ]

    def _fits(self, rule: SegmentRule) -> bool:
        return len(rule.ranges) == len(self.axes) and all(
            low in levels and high in levels and low <= high
            for (low, high), levels in zip(rule.ranges, self._levels, strict=True)
        )


def _are_pairs(ranges: Any) -> bool:
    return isinstance(ranges, (tuple, list)) and all(
        isinstance(pair, (tuple, list)) and len(pair) == 2 and all(isinstance(score, Integral) for score in pair)
        for pair in ranges
    )


def _map(axes: tuple[str, ...], **rules: Sequence[tuple[tuple[int, int], ...]]) -> SegmentMap:
    return SegmentMap(
        axes,
        [
            SegmentRule(name.replace("_", " ").replace("cant", "can't"), ranges)
            for name, rectangles in rules.items()
            for ranges in rectangles
        ],
    )


PRESETS: Final[Mapping[str, SegmentMap]] = MappingProxyType(
    {
        "rf25": _map(
            ("r", "f"),
            champion=[((5, 5), (4, 5))],
            loyal=[((3, 4), (4, 5))],
            potential_loyalist=[((4, 5), (2, 3))],
            new=[((5, 5), (1, 1))],
            promising=[((4, 4), (1, 1))],
            need_attention=[((3, 3), (3, 3))],
            about_to_sleep=[((3, 3), (1, 2))],
            cant_lose=[((1, 2), (5, 5))],
            at_risk=[((1, 2), (3, 4))],
            hibernating=[((1, 2), (1, 2))],
        ),
        "rfm11": _map(
            ("r", "fm"),
            champion=[((4, 5), (8, 10))],
            loyal=[((4, 5), (6, 7)), ((3, 3), (8, 10))],
            potential_loyalist=[((4, 5), (4, 5))],
            new=[((5, 5), (2, 3))],
            promising=[((4, 4), (2, 3))],
            need_attention=[((3, 3), (5, 7))],
            about_to_sleep=[((3, 3), (2, 4))],
            cant_lose=[((1, 1), (8, 10))],
            at_risk=[((2, 2), (6, 10)), ((1, 1), (6, 7))],
            hibernating=[((2, 2), (2, 5)), ((1, 1), (4, 5))],
            lost=[((1, 1), (2, 3))],
        ),
        "rf6": _map(
            ("r", "f"),
            champion=[((4, 5), (4, 5))],
            developing=[((4, 5), (2, 3))],
            new=[((4, 5), (1, 1))],
            slipping=[((3, 3), (1, 5))],
            at_risk=[((1, 2), (3, 5))],
            lost=[((1, 2), (1, 2))],
        ),
    }
)
"""The segment maps that come with evergreen, all for five scores a dimension."""
