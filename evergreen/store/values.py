"""How a value of a declared type becomes JSON and comes back: one :class:`Codec` for each sort of type.

JSON has no nan and no infinity; where a number is declared they are the texts ``"nan"``, ``"inf"`` and ``"-inf"``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np

from evergreen.errors import InputTypeError, SavedFileError
from evergreen.typing import FloatArray

_NOT_FINITE: Final = frozenset({"nan", "inf", "-inf"})


@dataclass(frozen=True, slots=True)
class Codec:
    """A declared type, as Python and as JSON.

    Parameters
    ----------
    wanted : str
        What a value must be, for messages.
    holds, reads : callable
        Whether a value is of this type, and whether JSON may stand for one, as far as the outside tells.
    written, made : callable
        (value, its place) to JSON, and (JSON, its place) to the value, where the outside is right.
    """

    wanted: str
    holds: Callable[[Any], bool]
    reads: Callable[[Any], bool]
    written: Callable[[Any, str], Any]
    made: Callable[[Any, str], Any]

    def write(self, value: Any, place: str) -> Any:
        """Return the JSON of a value.

        Parameters
        ----------
        value : object
            Of the declared type.
        place : str
            Where it stands, for messages.

        Returns
        -------
        object
            None, a boolean, a number, text, or lists and dicts of these.

        Raises
        ------
        InputTypeError
            If it is of another type.
        """
        if not self.holds(value):
            raise InputTypeError.kind(place, value, self.wanted)
        return self.written(value, place)

    def read(self, json: Any, place: str) -> Any:
        """Return the value that JSON stands for.

        Parameters
        ----------
        json : object
            What was parsed.
        place : str
            Where it stands, for messages.

        Returns
        -------
        object
            Of the declared type.

        Raises
        ------
        SavedFileError
            If it stands for no value of this type.
        """
        if not self.reads(json):
            raise SavedFileError.value(place, json, self.wanted)
        return self.made(json, place)


def plain(of: type, wanted: str, accepted: tuple[type, ...] = ()) -> Codec:
    """Return the codec of what JSON has itself: text, whole numbers, booleans, nothing.

    One is never taken for another: a boolean is no number. Types in ``accepted``, such as numpy's own, are converted.

    Examples
    --------
    >>> plain(int, "a whole number", (np.integer,)).write(np.int64(3), "here")
    3
    """
    return Codec(
        wanted,
        holds=lambda value: type(value) is of or isinstance(value, accepted),
        reads=lambda json: type(json) is of,
        written=lambda value, _: of(value) if accepted else value,
        made=lambda json, _: json,
    )


NUMBER: Final = Codec(
    "a number",
    holds=lambda value: isinstance(value, (float, int, np.floating, np.integer)) and not isinstance(value, bool),
    reads=lambda json: type(json) in (float, int) or _is_spelled(json),
    written=lambda value, _: _spelled(float(value)),
    made=lambda json, place: float(_floats([json], place)[0]),
)
"""Floats."""


SECONDS: Final = Codec(
    "a length of time",
    holds=lambda value: isinstance(value, (timedelta, np.timedelta64)),
    reads=lambda json: isinstance(json, dict) and set(json) == {"seconds"},
    written=lambda value, place: {"seconds": NUMBER.write(_seconds(value), inside(place, "seconds"))},
    made=lambda json, place: timedelta(seconds=NUMBER.read(json["seconds"], inside(place, "seconds"))),
)
"""Lengths of time that are no text; they come back as ``datetime.timedelta``."""


DAY: Final = Codec(
    "a day",
    holds=lambda value: isinstance(value, date) and not isinstance(value, datetime),
    reads=lambda json: isinstance(json, dict) and set(json) == {"day"},
    written=lambda value, _: {"day": value.isoformat()},
    made=lambda json, place: _day(json["day"], inside(place, "day")),
)
"""Days of the calendar."""


def choice(values: Mapping[str, Any]) -> Codec:
    """Return the codec of one of a few values, each under a text of its own.

    Examples
    --------
    >>> choice({"D": "D", "W": "W"}).wanted
    "one of 'D', 'W'"
    """
    return Codec(
        f"one of {', '.join(map(repr, values))}",
        holds=lambda value: isinstance(value, str) and value in values.values(),
        reads=lambda json: isinstance(json, str) and json in values,
        written=lambda value, _: next(text for text, known in values.items() if value == known),
        made=lambda json, _: values[json],
    )


def array(dtype: np.dtype[Any]) -> Codec:
    """Return the codec of arrays of float64 or of int64: lists of numbers, or lists of such lists.

    Examples
    --------
    >>> array(np.dtype(np.float64)).write(np.array([[0.1, np.nan]]), "here")
    [[0.1, 'nan']]
    """
    real = dtype.kind == "f"

    def holds(value: Any) -> bool:
        return isinstance(value, np.ndarray) and value.dtype == dtype and value.ndim > 0

    def written(value: np.ndarray[Any, Any], _: str) -> Any:
        listed = value.tolist()
        return listed if np.isfinite(value).all() else _spelled_all(listed)

    def made(json: list[Any], place: str) -> np.ndarray[Any, Any]:
        if json and all(isinstance(row, list) for row in json):
            rows = [made(row, place) for row in json]
            if len({row.shape for row in rows}) > 1:
                raise SavedFileError(f"{place} must have rows of one length.")
            return np.stack(rows)
        return _floats(json, place) if real else _wholes(json, place)

    return Codec(
        f"a list of {'numbers' if real else 'whole numbers'}",
        holds=holds,
        reads=lambda json: isinstance(json, list),
        written=written,
        made=made,
    )


def row(items: Sequence[Codec]) -> Codec:
    """Return the codec of tuples of a fixed length, each place of its own type.

    Examples
    --------
    >>> row([NUMBER, NUMBER]).read([1.5, "inf"], "here")
    (1.5, inf)
    """

    def fits(value: Any) -> bool:
        return isinstance(value, (tuple, list)) and len(value) == len(items)

    return Codec(
        f"a list of {len(items)}",
        holds=fits,
        reads=fits,
        written=lambda value, place: [items[at].write(part, f"{place}[{at}]") for at, part in enumerate(value)],
        made=lambda json, place: tuple(items[at].read(part, f"{place}[{at}]") for at, part in enumerate(json)),
    )


def series(item: Codec) -> Codec:
    """Return the codec of tuples of any length, all of one type.

    Examples
    --------
    >>> series(NUMBER).read([0.5], "here")
    (0.5,)
    """
    return Codec(
        "a list",
        holds=lambda value: isinstance(value, (tuple, list)),
        reads=lambda json: isinstance(json, list),
        written=lambda value, place: [item.write(part, f"{place}[{at}]") for at, part in enumerate(value)],
        made=lambda json, place: tuple(item.read(part, f"{place}[{at}]") for at, part in enumerate(json)),
    )


def named(item: Codec) -> Codec:
    """Return the codec of dicts from names to values of one type; the order of names means nothing to JSON.

    Examples
    --------
    >>> named(NUMBER).read({"a": "a"}, "here")
    Traceback (most recent call last):
    evergreen.errors.SavedFileError: here.a must be a number, got 'a'.
    """
    return Codec(
        "an object",
        holds=lambda value: isinstance(value, Mapping) and all(isinstance(name, str) for name in value),
        reads=lambda json: isinstance(json, dict),
        written=lambda value, place: {name: item.write(part, inside(place, name)) for name, part in value.items()},
        made=lambda json, place: {name: item.read(part, inside(place, name)) for name, part in json.items()},
    )


def either(options: Sequence[Codec]) -> Codec:
    """Return the codec of values of one of several types; the first that accepts a value speaks for it.

    Examples
    --------
    >>> either([NUMBER, named(NUMBER)]).wanted
    'a number or an object'
    """
    return Codec(
        " or ".join(option.wanted for option in options),
        holds=lambda value: any(option.holds(value) for option in options),
        reads=lambda json: any(option.reads(json) for option in options),
        written=lambda value, place: next(it for it in options if it.holds(value)).written(value, place),
        made=lambda json, place: next(it for it in options if it.reads(json)).made(json, place),
    )


def inside(place: str, name: str) -> str:
    """Return the place of a named part.

    Examples
    --------
    >>> inside("", "fit_"), inside("fit_", "values")
    ('fit_', 'fit_.values')
    """
    return f"{place}.{name}" if place else name


def _seconds(length: timedelta | np.timedelta64) -> float:
    return length.total_seconds() if isinstance(length, timedelta) else float(length / np.timedelta64(1, "s"))


def _day(json: Any, place: str) -> date:
    try:
        return date.fromisoformat(json)
    except (TypeError, ValueError):
        raise SavedFileError.value(place, json, "a day such as 2026-12-31") from None


def _is_spelled(json: Any) -> bool:
    return isinstance(json, str) and json in _NOT_FINITE


def _spelled(number: float) -> float | str:
    return number if math.isfinite(number) else str(number)


def _spelled_all(numbers: list[Any]) -> list[Any]:
    return [_spelled_all(part) if isinstance(part, list) else _spelled(part) for part in numbers]


def _floats(json: list[Any], place: str) -> FloatArray:
    """Return numbers as an array; those that are not finite have to be spelled."""
    others = [at for at, item in enumerate(json) if type(item) is not float and type(item) is not int]
    for at in others:
        if not _is_spelled(json[at]):
            raise SavedFileError.value(place, json[at], NUMBER.wanted)
    try:
        numbers = np.array([0.0 if type(item) is str else item for item in json] if others else json, np.float64)
        beyond = not np.isfinite(numbers).all()
    except OverflowError:
        numbers, beyond = np.zeros(len(json)), True
    if beyond:
        raise SavedFileError(f'{place} has a number beyond the range of floats; infinity is written as "inf".')
    numbers[others] = [float(json[at]) for at in others]
    return numbers


def _wholes(json: list[Any], place: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    for item in json:
        if type(item) is not int:
            raise SavedFileError.value(place, item, "a whole number")
    try:
        return np.array(json, np.int64)
    except OverflowError:
        raise SavedFileError(f"{place} has a whole number beyond 64 bits.") from None
