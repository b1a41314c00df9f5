"""Names of states, and numbers that are given by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.models.checks import check_finite, check_not_negative, refuse
from evergreen.typing import FloatArray

_MOST_HEADS: Final = 2.0**53


def place_of(states: Sequence[str], state: object) -> int:
    """Return which state that is.

    Parameters
    ----------
    states : sequence of str
        The names there are.
    state : str
        One of them.

    Returns
    -------
    int

    Raises
    ------
    InvalidInputError
        If it is none of them.
    """
    if isinstance(state, str) and state in states:
        return states.index(state)
    raise InvalidInputError.not_allowed("state", state, states)


def check_states(states: object) -> tuple[str, ...]:
    """Return different names of states, at least one."""
    if isinstance(states, str) or not isinstance(states, Sequence) or not all(isinstance(name, str) for name in states):
        raise InputTypeError.kind("states", states, "a sequence of names")
    if not states or len(set(states)) < len(states):
        raise InvalidInputError(f"states must be different names, at least one, got {tuple(states)!r}.")
    return tuple(states)


def check_period(period_days: float) -> float:
    """Return the length of a period in days, above 0."""
    if not check_not_negative("period_days", period_days) > 0:
        raise InvalidInputError(f"period_days must be above 0, got {period_days!r}.")
    return float(period_days)


def numbers_of(
    states: Sequence[str], given: Mapping[str, float], name: str, *, missing: float | None = None
) -> FloatArray:
    """Return a finite number for each state.

    Parameters
    ----------
    states : sequence of str
    given : mapping of str to float
        By name of the state.
    name : str
        What they are, for messages.
    missing : float, optional
        The number of states that are not named; all must be, by default.

    Returns
    -------
    ndarray of float64, shape (k,)

    Raises
    ------
    InputTypeError, InvalidInputError
        If it is no mapping to numbers, or names of states are unknown or missing.
    """
    if not isinstance(given, Mapping):
        raise InputTypeError.kind(name, given, "a mapping from state to number")
    unknown = [state for state in given if state not in states]
    absent = [state for state in states if state not in given] if missing is None else []
    if unknown or absent:
        parts = (("has unknown", unknown), ("lacks", absent))
        said = [f"{what} {', '.join(map(repr, which))}" for what, which in parts if which]
        raise InvalidInputError(f"{name} {' and '.join(said)}; states are {', '.join(map(repr, states))}.")
    numbers: list[object] = [given.get(state, missing) for state in states]
    for number in numbers:
        if isinstance(number, (str, bool)):
            raise InputTypeError.kind(name, number, "a mapping from state to number")
    return check_finite(name, np.array(numbers, object))


def head_counts(states: Sequence[str], customers: Mapping[str, float]) -> FloatArray:
    """Return how many customers are in each state, at least one in all.

    Parameters
    ----------
    states : sequence of str
    customers : mapping of str to float
        A state that is not named has none.

    Returns
    -------
    ndarray of float64, shape (k,)

    Raises
    ------
    InputTypeError, InvalidInputError
        If it is no mapping to numbers of at least 0, names an unknown state, or there is nobody, or more than can be
        counted exactly.

    Examples
    --------
    >>> head_counts(("low", "high"), {"high": 3})
    array([0., 3.])
    """
    found = numbers_of(states, customers, "customers", missing=0.0)
    refuse("customers must be at least 0", found < 0, found)
    if not found.any():
        raise InvalidInputError(f"There are no customers in {', '.join(map(repr, states))}.")
    if found.sum() > _MOST_HEADS:
        raise InvalidInputError(f"There are {found.sum():g} customers, more than the 2**53 that are counted exactly.")
    return found
