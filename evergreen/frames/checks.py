"""What every measure asks of its input."""

from __future__ import annotations

from evergreen.errors import InputTypeError
from evergreen.frames.customer_base import CustomerBase


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
