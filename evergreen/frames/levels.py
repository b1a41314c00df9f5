"""The distinct values of a column with their customers: how a total is spread needs no more of a base."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InputTypeError
from evergreen.frames.columns import AnyFrame
from evergreen.kernels.concentration import levels_of
from evergreen.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The distinct values of a column.

    Attributes
    ----------
    values : ndarray of float64, shape (m,)
        In ascending order.
    count : ndarray of int64, shape (m,)
        Customers who have each.
    unit : float
        The values times this are whole numbers, whose sums are exact; 1 if nothing is known of that.

    Examples
    --------
    >>> Levels(np.array([0.1, 0.7]), np.array([1, 2]), 10.0).whole
    array([1., 7.])
    """

    values: FloatArray
    count: IntArray
    unit: float = 1.0

    @property
    def whole(self) -> FloatArray:
        """The values times the unit."""
        return self.values if self.unit == 1.0 else np.rint(self.values * self.unit)


LevelScore: TypeAlias = Callable[[Levels], Mapping[str, np.ndarray[Any, Any]]]
"""A function of the distinct values of a column that returns named columns of the same length."""


def levels_in(frame: nw.LazyFrame[Any], column: str, unit: float) -> Levels:
    """Return the distinct values of a numeric column of a lazy frame.

    Parameters
    ----------
    frame : narwhals LazyFrame
        One row per customer.
    column : str
        A column without missing values.
    unit : float
        What makes the values whole numbers.

    Returns
    -------
    Levels
        The same, whatever the engine.
    """
    found = frame.group_by(column).agg(nw.len().alias("evergreen_customers")).collect()
    values, customers = (found.get_column(name).to_numpy() for name in (column, "evergreen_customers"))
    return Levels(*levels_of(values.astype(np.float64), customers.astype(np.int64)), unit)


def check_numbers(frame: AnyFrame, columns: Iterable[str]) -> None:
    """Refuse columns that do not hold numbers.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
    columns : iterable of str
        Columns of the frame.

    Raises
    ------
    InputTypeError
        With the first that does not.
    """
    kinds = frame.collect_schema()
    for name in columns:
        if not kinds[name].is_numeric():
            raise InputTypeError(f"The column {name!r} holds {kinds[name]}, not numbers: give one that does.")
