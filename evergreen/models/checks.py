"""Checks that every model makes of its parameters and arguments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, TypeVar

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.typing import ArrayLike, BoolArray, FloatArray, IntArray

Choice = TypeVar("Choice")

_BEYOND_INT64: Final = np.uint64(2**63)


def check_choice(name: str, given: object, choices: Mapping[str, Choice]) -> Choice:
    """Return what a setting stands for.

    Parameters
    ----------
    name : str
        Name of the setting, for the message.
    given : object
        What it is set to.
    choices : mapping of str to object
        What it may be set to.

    Returns
    -------
    object
        The value of the choice.

    Raises
    ------
    InvalidInputError
        If it is none of the choices.
    """
    if isinstance(given, str) and given in choices:
        return choices[given]
    raise InvalidInputError.not_allowed(name, given, choices)


def check_parameters(model: str, parameters: Mapping[str, float]) -> None:
    """Raise unless every parameter is positive and finite.

    Parameters
    ----------
    model : str
        Name of the model, for the message.
    parameters : mapping of str to float
        The parameters by name.

    Raises
    ------
    InputTypeError
        If a parameter is not one number.
    InvalidInputError
        With the parameters that are not.
    """
    numbers = {name: _one_number(name, value) for name, value in parameters.items()}
    bad = {name: value for name, value in numbers.items() if not (value > 0 and math.isfinite(value))}
    if bad:
        given = ", ".join(f"{name}={parameters[name]!r}" for name in bad)
        raise InvalidInputError(f"{model} parameters must be positive and finite, got {given}.")


def check_not_negative(name: str, value: float) -> float:
    """Return a finite number of at least 0.

    Parameters
    ----------
    name : str
        What the number is, for the message.
    value : float
        The number.

    Returns
    -------
    float

    Raises
    ------
    InputTypeError
        If it is not one number: text and booleans are not taken for numbers.
    InvalidInputError
        If it is negative, infinite or nan.
    """
    number = _one_number(name, value)
    if not (number >= 0 and math.isfinite(number)):
        raise InvalidInputError(f"{name} must be finite and at least 0, got {number!r}.")
    return number


def check_finite_number(name: str, value: float) -> float:
    """Return a finite number of either sign.

    Parameters
    ----------
    name : str
        What the number is, for the message.
    value : float
        The number.

    Returns
    -------
    float

    Raises
    ------
    InputTypeError
        If it is not one number: text and booleans are not taken for numbers.
    InvalidInputError
        If it is infinite or nan.
    """
    number = _one_number(name, value)
    if not math.isfinite(number):
        raise InvalidInputError(f"{name} must be finite, got {number!r}.")
    return number


def check_number(name: str, number: int, least: int = 0) -> int:
    """Return a whole number.

    Parameters
    ----------
    name : str
        What the number is, for the message.
    number : int
        The number.
    least : int
        The smallest that is allowed.

    Returns
    -------
    int

    Raises
    ------
    InputTypeError
        If it is not one number: text and booleans are not taken for numbers.
    InvalidInputError
        If it is too small or not whole.
    """
    if not (check_not_negative(name, number) >= least and float(number).is_integer()):
        raise InvalidInputError(f"{name}={number!r} must be a whole number of at least {least}.")
    return int(number)


def check_horizon(horizon: float, *, whole: bool = False, finite: bool = False) -> float:
    """Return a time ahead.

    Parameters
    ----------
    horizon : float
        At least 0.
    whole : bool
        It counts opportunities.
    finite : bool
        It must not be infinite.

    Returns
    -------
    float

    Raises
    ------
    InputTypeError
        If it is not one number.
    InvalidInputError
        If it is negative, nan, or infinite or not whole where it must be.
    """
    number = _one_number("horizon", horizon)
    if not number >= 0 or (finite and math.isinf(number)):
        raise InvalidInputError(f"horizon must be at least 0{' and finite' if finite else ''}, got {number!r}.")
    if whole and math.isfinite(number) and not number.is_integer():
        raise InvalidInputError(f"horizon counts opportunities and must be a whole number, got {number!r}.")
    return number


def check_share(name: str, value: float) -> float:
    """Return a number from 0 to 1.

    Parameters
    ----------
    name : str
        What the share is, for the message.
    value : float
        The number.

    Returns
    -------
    float

    Raises
    ------
    InputTypeError
        If it is not one number.
    InvalidInputError
        If it lies outside 0 to 1, or is nan.
    """
    number = _one_number(name, value)
    if not 0 <= number <= 1:
        raise InvalidInputError(f"{name} is a share and must lie from 0 to 1 (30 % is 0.3), got {number!r}.")
    return number


def check_level(level: float) -> float:
    """Return the coverage of an interval.

    Parameters
    ----------
    level : float
        Above 0 and below 1.

    Returns
    -------
    float

    Raises
    ------
    InputTypeError
        If it is not one number.
    InvalidInputError
        If it lies outside, or is nan.
    """
    number = _one_number("level", level)
    if not 0 < number < 1:
        raise InvalidInputError(f"level must lie between 0 and 1, got {level!r}.")
    return number


def _one_number(name: str, value: object) -> float:
    array = np.asarray(value)
    if array.ndim or array.dtype.kind not in "iuf":
        raise InputTypeError.kind(name, value, "a number")
    return float(array)


def check_whole(name: str, values: ArrayLike) -> IntArray:
    """Return whole numbers of at least 0.

    Parameters
    ----------
    name : str
        What they are, for the message.
    values : array_like
        The numbers.

    Returns
    -------
    ndarray of int64

    Raises
    ------
    InputTypeError
        If they are text, times or no array of numbers.
    InvalidInputError
        If one of them is not a whole number of at least 0 that int64 holds; nothing is truncated.
    """
    array = _numbers(name, values, None)
    if array.dtype.kind not in "iu":
        array = _numbers(name, array, np.float64)
        refuse(f"{name} must be a whole number", ~np.isfinite(array) | (array != np.floor(array)), array)
    refuse(f"{name} must be at least 0", array < 0, array)
    refuse(f"{name} must be below 2**63", array >= _BEYOND_INT64, array)
    return array.astype(np.int64)


def check_finite(name: str, values: ArrayLike) -> FloatArray:
    """Return finite float numbers.

    Parameters
    ----------
    name : str
        What they are, for the message.
    values : array_like
        The numbers.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    InputTypeError
        If they are text, times or no array of numbers.
    InvalidInputError
        If one of them is missing or infinite.
    """
    array = _numbers(name, values, np.float64)
    refuse(f"{name} must be finite", ~np.isfinite(array), array)
    return array


def _numbers(name: str, values: ArrayLike, dtype: type[np.float64] | None) -> np.ndarray:
    """Return an array, of a type if there is one; times and text are no numbers, though numpy would make them some."""
    try:
        array = np.asarray(values, None if _are_times(values) else dtype)
        text = _are_text(values)
    except (TypeError, ValueError):
        raise InputTypeError.kind(name, values, "numbers") from None
    if text:
        raise InputTypeError.kind(name, values, "numbers, not text")
    if _are_times(array):
        raise InputTypeError.kind(name, values, f"numbers, not times: divide {array.dtype} by a unit first")
    return array


def _are_times(values: object) -> bool:
    return getattr(getattr(values, "dtype", None), "kind", "") in ("m", "M")


def _are_text(values: object) -> bool:
    if getattr(getattr(values, "dtype", None), "kind", "O") not in "OUST":
        return False
    array = np.asarray(values)
    return array.dtype.kind in "OUST" and any(isinstance(value, str | bytes) for value in array.flat)


def check_shapes(**columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return arrays broadcast to one shape.

    Parameters
    ----------
    **columns : ndarray
        The arrays, by the name that the user knows them by.

    Returns
    -------
    tuple of ndarray
        In the given order.

    Raises
    ------
    InvalidInputError
        If their shapes do not go together.
    """
    try:
        return np.broadcast_arrays(*columns.values())
    except ValueError:
        shapes = ", ".join(f"{name} {column.shape}" for name, column in columns.items())
        raise InvalidInputError(f"Arrays must be of one shape, or single numbers, got {shapes}.") from None


def check_histories(frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return purchase histories as arrays of one shape.

    Parameters
    ----------
    frequency, recency, T : array_like
        Repeat occasions and times, of shapes that broadcast.

    Returns
    -------
    frequency : ndarray of int64
    recency, T : ndarray of float64

    Raises
    ------
    InvalidInputError
        If a history cannot be: missing or negative values, recency beyond T, recency without a repeat occasion.
    """
    x, t_x, age = check_shapes(
        frequency=check_whole("frequency", frequency), recency=check_finite("recency", recency), T=check_finite("T", T)
    )
    refuse("recency must be at least 0", t_x < 0, t_x)
    refuse("recency must not be greater than T", t_x > age, t_x)
    refuse("recency must be 0 where frequency is 0", (x == 0) & (t_x != 0), t_x)
    return x, t_x, age


def check_opportunities(x: IntArray, t_x: FloatArray, T: FloatArray) -> None:
    """Raise unless purchase histories count opportunities: whole times, and one purchase at each at most.

    Parameters
    ----------
    x, t_x, T : ndarray, shape (n,)
        Histories that :func:`check_histories` accepts.

    Raises
    ------
    InvalidInputError
        If one of them does not.
    """
    todo = (
        "This model's time is a row of opportunities: build the base with occasion and time_unit the same period, such "
        "as 'W' and 'W', so that one purchase a period counts and times are whole periods."
    )
    refuse("recency must be a whole number of opportunities", t_x != np.rint(t_x), t_x, todo)
    refuse("T must be a whole number of opportunities", np.rint(T) != T, T, todo)
    refuse("frequency must not be greater than recency", x > t_x, x, todo)


def refuse(
    rule: str, broken: BoolArray | np.bool_, values: np.ndarray, todo: str = "Correct or leave out these rows."
) -> None:
    """Raise if a rule is broken anywhere, with the number of rows and the first of them.

    Parameters
    ----------
    rule : str
        What must hold.
    broken : ndarray of bool
        Where it does not.
    values : ndarray
        The values it is about.
    todo : str
        What to do.

    Raises
    ------
    InvalidInputError
    """
    if not np.any(broken):
        return
    where = np.ravel(broken)
    example = np.ravel(values)[int(np.argmax(where))].item()
    raise InvalidInputError.rows(rule, int(where.sum()), where.size, example=example, todo=todo)
