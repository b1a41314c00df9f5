"""The rungs of a loyalty ladder: who stands where, declared as data and checked to be total and exclusive."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.typing import BoolArray, FloatArray, IntArray

HISTORY_COLUMNS: Final = ("orders", "days_since_last", "days_since_first", "total_value")
"""What a log tells of a customer at any date; other columns are attributes of a base."""

_LEAST: Final = {"orders": 1.0, "days_since_last": 0.0, "days_since_first": 0.0}
_WHOLE: Final = ("orders",)
_MOST_CELLS: Final = 200_000
_SHOWN: Final = 5
_HUGE: Final = 1e300

Range = tuple[float | None, float | None]
"""From where, this value included, and below what; None where it is open."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One box of values and the rung that customers within it stand on.

    Parameters
    ----------
    name : str
        Name of the rung; several boxes may share one.
    ranges : mapping of str to (float or None, float or None)
        For each column that the box looks at ``(from, below)``: the first value is inside, the second is not, and None
        leaves a side open. So ``{"orders": (2, 4)}`` is 2 or 3 orders, ``{"total_value": (100, 500)}`` is 100.00 to
        499.99, and the next box begins at the very number at which this one ends, in whole numbers and in money.

    Examples
    --------
    >>> Rung("repeat", {"orders": (2, 4), "days_since_last": (None, 365)})
    Rung(name='repeat', ranges={'orders': (2, 4), 'days_since_last': (None, 365)})
    """

    name: str
    ranges: Mapping[str, Range]


@dataclass(frozen=True, slots=True)
class Rungs:
    """The rungs of a ladder, the lowest first: every customer stands on one, and only one.

    All values at which a box begins or ends cut the space of customers into cells. Each cell that a customer can be in
    must lie in exactly one box. Cells that cannot be are left out on purpose: no orders at all, a fraction of an order,
    a last order before the first one.

    Parameters
    ----------
    rungs : sequence of Rung
        Boxes in the order of the ladder, the lowest rung first. Columns are ``orders``, ``days_since_last``,
        ``days_since_first``, ``total_value`` (net of refunds, so it may be below 0), and any attribute of a base that
        holds numbers, such as ``referrals``.

    Raises
    ------
    InputTypeError
        If a box is not a Rung with a name and pairs of numbers.
    InvalidInputError
        If a cell lies in no box or in several, or nobody can be in a box; the message gives examples.

    Examples
    --------
    >>> ladder = Rungs([
    ...     Rung("lapsed", {"days_since_last": (180, None)}),
    ...     Rung("new", {"days_since_last": (None, 180), "orders": (None, 2)}),
    ...     Rung("regular", {"days_since_last": (None, 180), "orders": (2, None)}),
    ... ])
    >>> ladder.names, ladder.columns
    (('lapsed', 'new', 'regular'), ('days_since_last', 'orders'))
    >>> ladder.number({"days_since_last": np.array([179.0, 180.0, 3.0]), "orders": np.array([1, 5, 2])})
    array([2, 1, 3])
    """

    rungs: Sequence[Rung]

    def __post_init__(self) -> None:
        """Check that the boxes cover every cell exactly once."""
        given: Any = self.rungs
        if not isinstance(given, Iterable) or isinstance(given, (str, Mapping)):
            raise InputTypeError.kind("rungs", given, "a sequence of Rung(name, ranges)")
        object.__setattr__(self, "rungs", tuple(_checked(rung) for rung in given))
        if not self.columns:
            raise InvalidInputError("A ladder needs rungs that look at some column, such as orders: none does.")
        size = math.prod(len(starts) for starts in self._starts)
        if size > _MOST_CELLS:
            raise InvalidInputError(
                f"The rungs cut {', '.join(self.columns)} into {size:,} cells, more than the {_MOST_CELLS:,} that can "
                "be checked: use fewer different values."
            )
        self._check_cover()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the rungs, the lowest first."""
        return tuple(dict.fromkeys(rung.name for rung in self.rungs))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that boxes look at, in order of first appearance."""
        return tuple(dict.fromkeys(column for rung in self.rungs for column in rung.ranges))

    @property
    def cuts(self) -> dict[str, FloatArray]:
        """For each column the values at which a new cell begins, in ascending order."""
        return {column: starts[1:] for column, starts in zip(self.columns, self._starts, strict=True)}

    @property
    def cells(self) -> IntArray:
        """The number of the rung in each cell, one axis for each column: from 1, the lowest, and 0 where nobody can be.

        The cell of a value is the number of :attr:`cuts` that it reaches.
        """
        place = {name: number for number, name in enumerate(self.names, 1)}
        found = np.zeros(self._possible.shape, np.int64)
        for rung in self.rungs:
            found[self._inside(rung)] = place[rung.name]
        return np.where(self._possible, found, 0)

    def number(
        self, values: Mapping[str, np.ndarray[Any, Any]], cuts: Mapping[str, np.ndarray[Any, Any]] | None = None
    ) -> IntArray:
        """Return the number of each customer's rung.

        Parameters
        ----------
        values : mapping of str to ndarray
            The :attr:`columns`, of one shape.
        cuts : mapping of str to ndarray, optional
            :attr:`cuts` in the unit of the values, where that is another one.

        Returns
        -------
        ndarray of int64
            From 1, the lowest; 0 where the values cannot be.
        """
        at = [_reached(values[column], points) for column, points in (self.cuts if cuts is None else cuts).items()]
        return self.cells[tuple(at)]

    @property
    def _starts(self) -> list[FloatArray]:
        """Where the cells of each column begin."""
        return [self._starts_of(column) for column in self.columns]

    def _starts_of(self, column: str) -> FloatArray:
        least = _LEAST.get(column, -math.inf)
        bounds = {float(bound) for rung in self.rungs for bound in rung.ranges.get(column, ()) if bound is not None}
        return np.array([least, *sorted(bound for bound in bounds if bound > least)])

    @property
    def _possible(self) -> BoolArray:
        """Whether a customer can be in each cell."""
        starts = dict(zip(self.columns, self._starts, strict=True))
        ends = {column: np.append(values[1:], np.inf) for column, values in starts.items()}
        possible = np.ones([len(values) for values in starts.values()], np.bool_)
        for column in _WHOLE:
            if column in starts:
                possible &= self._along(column, np.ceil(starts[column]) < ends[column])
        if {"days_since_last", "days_since_first"} <= starts.keys():
            last = self._along("days_since_last", starts["days_since_last"])
            possible &= last < self._along("days_since_first", ends["days_since_first"])
        return possible

    def _along(self, column: str, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return values of one column's cells along its axis."""
        shape = [1] * len(self.columns)
        shape[self.columns.index(column)] = len(values)
        return values.reshape(shape)

    def _inside(self, rung: Rung) -> BoolArray:
        """Return which cells lie in a box."""
        inside = np.ones([len(starts) for starts in self._starts], np.bool_)
        for column, starts in zip(self.columns, self._starts, strict=True):
            low, high = rung.ranges.get(column, (None, None))
            fits = (starts >= (-math.inf if low is None else low)) & (starts < (math.inf if high is None else high))
            inside &= self._along(column, fits)
        return inside

    def _check_cover(self) -> None:
        possible = self._possible
        inside = [self._inside(rung) & possible for rung in self.rungs]
        times = np.sum(inside, axis=0)
        gaps = [self._told(cell) for cell in np.argwhere(possible & (times == 0))]
        overlaps = [f"{self._told(cell)} ({self._boxes_at(inside, cell)})" for cell in np.argwhere(times > 1)]
        empty = [repr(rung) for rung, cells in zip(self.rungs, inside, strict=True) if not cells.any()]
        said = [
            f"{what}: {'; '.join(found[:_SHOWN])}{' ...' if len(found) > _SHOWN else ''}"
            for found, what in (
                (empty, "nobody can be in the box"),
                (gaps, f"{_cells_belong(gaps)} to no rung"),
                (overlaps, f"{_cells_belong(overlaps)} to several boxes"),
            )
            if found
        ]
        if said:
            raise InvalidInputError(
                "Every customer must stand on one rung, ranges being (from, below).\n" + "\n".join(said)
            )

    def _boxes_at(self, inside: Sequence[BoolArray], cell: IntArray) -> str:
        return ", ".join(rung.name for rung, cells in zip(self.rungs, inside, strict=True) if cells[tuple(cell)])

    def _told(self, cell: IntArray) -> str:
        """Return a cell in words."""
        parts = []
        for column, starts, at in zip(self.columns, self._starts, cell.tolist(), strict=True):
            low, high = starts[at], starts[at + 1] if at + 1 < len(starts) else math.inf
            if column in _WHOLE and math.isfinite(high) and math.ceil(high) - math.ceil(low) == 1:
                parts.append(f"{column} {math.ceil(low)}")
                continue
            below = f" below {high:g}" if math.isfinite(high) else ""
            begin = f" from {low:g}" if math.isfinite(low) else ""
            parts.append(f"{column}{begin}{below}" if begin or below else f"any {column}")
        return ", ".join(parts)


def _reached(values: np.ndarray[Any, Any], cuts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return how many cuts each value reaches."""
    cell = np.zeros(values.shape, np.intp)
    for cut in cuts:
        cell += values >= cut
    return cell


def _cells_belong(cells: Sequence[str]) -> str:
    return f"{len(cells):,} cells belong" if len(cells) != 1 else "1 cell belongs"


def _checked(rung: Any) -> Rung:
    """Return a box of its own in floats, which later changes of the given one do not reach."""
    if not isinstance(rung, Rung):
        raise InputTypeError.kind("A rung", rung, "a Rung(name, ranges)")
    ranges: Any = rung.ranges
    if not (
        isinstance(rung.name, str)
        and isinstance(ranges, Mapping)
        and all(isinstance(column, str) and _is_pair(pair) for column, pair in ranges.items())
    ):
        raise InputTypeError(
            "A Rung has a name, and for each column a pair of finite numbers or None, such as "
            f"Rung('repeat', {{'orders': (2, 4)}}), got {rung!r}."
        )
    upside_down = [column for column, pair in ranges.items() if None not in pair and not pair[0] < pair[1]]
    if upside_down:
        raise InvalidInputError(
            f"A range is (from, below) and must begin before it ends; {', '.join(upside_down)} does not in {rung!r}."
        )
    return Rung(rung.name, {column: (_number(low), _number(high)) for column, (low, high) in ranges.items()})


def _number(bound: float | None) -> float | None:
    return None if bound is None else float(bound)


def _is_pair(pair: Any) -> bool:
    return (
        isinstance(pair, (tuple, list)) and len(pair) == 2 and all(bound is None or _is_bound(bound) for bound in pair)
    )


def _is_bound(bound: Any) -> bool:
    number = isinstance(bound, (int, float, np.integer, np.floating)) and not isinstance(bound, bool)
    return number and bool(abs(bound) < _HUGE)


FIRST_LOOK: Final = Rungs(
    [
        Rung("lapsed", {"days_since_last": (365, None)}),
        Rung("first-time", {"days_since_last": (None, 365), "orders": (1, 2)}),
        Rung("repeat", {"days_since_last": (None, 365), "orders": (2, 4)}),
        Rung("client", {"days_since_last": (None, 365), "orders": (4, 8)}),
        Rung("loyal", {"days_since_last": (None, 365), "orders": (8, None)}),
    ]
)
"""Rungs for a first look, from orders and silence alone. The numbers are a start: a year of silence and 2, 4 and 8
orders fit some shops and not others. Advocates are missing, since a log does not tell who has referred others."""
