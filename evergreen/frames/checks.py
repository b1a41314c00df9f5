"""What every measure asks of its input."""

from __future__ import annotations

from collections.abc import Iterable

import narwhals.stable.v2 as nw

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames.customer_base import CustomerBase
from evergreen.typing import TimeUnit


def check_base(base: object) -> CustomerBase:
    """Return a customer base, and refuse whatever is given in its place.

    Parameters
    ----------
    base : object
        What the user gave.

    Returns
    -------
    CustomerBase
        The same object.

    Raises
    ------
    InputTypeError
        If it is something else, such as a log.

    Examples
    --------
    >>> check_base([1, 2])
    Traceback (most recent call last):
    evergreen.errors.InputTypeError: base must be a CustomerBase (build it with CustomerBase.from_transactions or
    CustomerBase.from_summary), got list.
    """
    if not isinstance(base, CustomerBase):
        wanted = "a CustomerBase (build it with CustomerBase.from_transactions or CustomerBase.from_summary)"
        raise InputTypeError.kind("base", base, wanted)
    return base


def check_fits_model(base: object, time_unit: TimeUnit, attributes: Iterable[str]) -> CustomerBase:
    """Return a customer base that a fitted transaction model can score.

    Parameters
    ----------
    base : object
        What the user gave.
    time_unit : {"h", "D", "W", "M", "Y"}
        Unit of the model's times.
    attributes : iterable of str
        Attributes of customers that the model looks at.

    Returns
    -------
    CustomerBase
        The same object.

    Raises
    ------
    InputTypeError
        If it is no customer base.
    InvalidInputError
        If its times are in another unit, or it lacks an attribute.
    """
    checked = check_base(base)
    if checked.time_unit != time_unit:
        raise InvalidInputError(
            f"The model's times are in {time_unit!r}, the base's in {checked.time_unit!r}: build the base with "
            f"time_unit={time_unit!r}."
        )
    missing = [name for name in attributes if name not in checked.attributes]
    if missing:
        raise InvalidInputError(
            f"The model has covariates that this base lacks: {missing}. Add them by base.with_attributes(...)."
        )
    return checked


def check_numbers(base: CustomerBase, setting: str, column: object) -> str:
    """Return the name of a column of numbers.

    Parameters
    ----------
    base : CustomerBase
    setting : str
        What the column was given as, for the message.
    column : object
        What the user gave.

    Returns
    -------
    str

    Raises
    ------
    InputTypeError
        If it is no name, or the column does not hold numbers.
    InvalidInputError
        If the base has no such column.
    """
    if not isinstance(column, str):
        raise InputTypeError.kind(setting, column, "the name of a column of the base")
    schema = nw.from_native(base.frame).collect_schema()
    numbers = [name for name, kind in schema.items() if kind.is_numeric()]
    if column not in schema:
        raise InvalidInputError(
            f"{setting}={column!r} is no column of this base; its numbers are {numbers}. Add the column by "
            f"base.with_attributes(frame, {column!r})."
        )
    if column not in numbers:
        raise InputTypeError(f"{setting}={column!r} holds {schema[column]} and must hold numbers, such as {numbers}.")
    return column
