"""Purchase histories together with what else is known of the customers: their attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from evergreen.durations import check_time_unit
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.kernels.grouping import distinct_rows
from evergreen.models.checks import check_histories
from evergreen.models.histories import PurchaseHistories, check_parallel
from evergreen.typing import ArrayLike, FloatArray, IntArray, TimeUnit

Column: TypeAlias = npt.NDArray[Any]
"""Values of an attribute: text, booleans, int64 or float64."""


@dataclass(frozen=True, slots=True, eq=False)
class AttributedHistories:
    """Distinct pairs of a purchase history and attributes, and the number of customers that share each.

    Build one with :meth:`of`, which checks and groups; add two to merge partitions of a base.

    Parameters
    ----------
    frequency : ndarray of int64, shape (m,)
        Number of repeat occasions.
    recency : ndarray of float64, shape (m,)
        Time from the first to the last occasion, in ``time_unit``.
    T : ndarray of float64, shape (m,)
        Time from the first occasion to the end of observation, in ``time_unit``.
    count : ndarray of int64, shape (m,)
        Number of customers with this history and these attributes.
    values : mapping of str to ndarray, each of shape (m,)
        The attributes by name: text, booleans, int64 or float64, nothing missing.
    time_unit : {"h", "D", "W", "M", "Y"}
        Unit of ``recency`` and ``T``.

    Examples
    --------
    >>> rows = AttributedHistories.of([0, 2, 0], [0, 5, 0], [9, 9, 9], {"channel": ["web", "store", "web"]})
    >>> rows.values["channel"], rows.count
    (array(['store', 'web'], dtype='<U5'), array([1, 2]))
    """

    frequency: IntArray
    recency: FloatArray
    T: FloatArray
    count: IntArray
    values: Mapping[str, Column]
    time_unit: TimeUnit = "D"

    @classmethod
    def of(
        cls,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        values: Mapping[str, ArrayLike],
        *,
        count: ArrayLike | None = None,
        time_unit: TimeUnit = "D",
    ) -> Self:
        """Check and group customers' histories and attributes.

        Parameters
        ----------
        frequency, recency, T : array_like, shape (n,)
            One row per customer (or per group of ``count`` customers): whole repeat occasions, and times in
            ``time_unit`` with ``0 <= recency <= T``.
        values : mapping of str to array_like, each of shape (n,)
            The attributes by name: text, booleans or numbers.
        count : array_like of int, shape (n,), optional
            Customers per row; one by default.
        time_unit : {"h", "D", "W", "M", "Y"}
            Unit of the times.

        Returns
        -------
        AttributedHistories
            The distinct rows, in lexicographic order of the attributes and then of the histories.

        Raises
        ------
        InputTypeError
            If an attribute is neither text nor booleans nor numbers.
        InvalidInputError
            If a value is missing, infinite, negative, not whole where it must be, or out of order.
        """
        unit = check_time_unit(time_unit)
        counts = check_parallel(count, frequency=frequency, recency=recency, T=T, **_titled(values))
        x, t_x, age = check_histories(frequency, recency, T)
        checked = {name: check_attribute(name, column) for name, column in values.items()}
        rows, position = distinct_attributes(checked, len(x))
        (group, x, t_x, age), n = _distinct([position, x, t_x, age], counts)
        return cls(x, t_x, age, n, {name: column[group] for name, column in rows.items()}, unit)

    @property
    def customers(self) -> int:
        """Number of customers in all."""
        return int(self.count.sum())

    def __len__(self) -> int:
        """Return the number of distinct rows."""
        return len(self.count)

    def __add__(self, other: Self) -> Self:
        """Return the rows of both partitions together."""
        if not isinstance(other, AttributedHistories):
            return NotImplemented
        if self.time_unit != other.time_unit:
            raise InvalidInputError(
                f"Cannot add histories in {self.time_unit!r} and in {other.time_unit!r}: use one time_unit for both."
            )
        kinds, others = ({name: _kind(column) for name, column in rows.values.items()} for rows in (self, other))
        if kinds != others:
            raise InvalidInputError(f"Cannot add histories with the attributes {kinds} and {others}.")
        return self.of(
            np.concatenate((self.frequency, other.frequency)),
            np.concatenate((self.recency, other.recency)),
            np.concatenate((self.T, other.T)),
            {name: np.concatenate((column, other.values[name])) for name, column in self.values.items()},
            count=np.concatenate((self.count, other.count)),
            time_unit=self.time_unit,
        )

    def histories(self) -> PurchaseHistories:
        """Return the purchase histories without the attributes.

        Returns
        -------
        PurchaseHistories
        """
        (x, t_x, age), count = distinct_rows([self.frequency, self.recency, self.T], self.count)
        return PurchaseHistories(x, t_x, age, count, self.time_unit)

    def by(self, *names: str) -> tuple[dict[str, Column], list[PurchaseHistories]]:
        """Group the customers by some of their attributes.

        Parameters
        ----------
        *names : str
            The attributes.

        Returns
        -------
        rows : dict of str to ndarray, each of shape (g,)
            The distinct rows of these attributes, in lexicographic order.
        parts : list of PurchaseHistories
            The customers with each of them.

        Raises
        ------
        InvalidInputError
            If there is no attribute of a name.

        Examples
        --------
        >>> base = AttributedHistories.of([0, 2, 0], [0, 5, 0], [9, 9, 9], {"channel": ["web", "store", "web"]})
        >>> rows, parts = base.by("channel")
        >>> rows["channel"].tolist(), [part.customers for part in parts]
        (['store', 'web'], [1, 2])
        """
        rows, position = distinct_attributes(chosen_attributes(self.values, names), len(self))
        (group, x, t_x, age), count = _distinct([position, self.frequency, self.recency, self.T], self.count)
        borders = [*np.flatnonzero(np.diff(group, prepend=-1)).tolist(), len(group)]
        pieces = [slice(*pair) for pair in pairwise(borders)]
        return rows, [PurchaseHistories(x[i], t_x[i], age[i], count[i], self.time_unit) for i in pieces]


def check_attribute(name: str, values: ArrayLike) -> Column:
    """Return the values of an attribute as text, booleans, int64 or float64.

    Parameters
    ----------
    name : str
        Name of the attribute, for the message.
    values : array_like
        Its values.

    Returns
    -------
    ndarray
        Of the same shape.

    Raises
    ------
    InputTypeError
        If they are neither text nor booleans nor numbers.
    InvalidInputError
        If values are missing or infinite, with their number.
    """
    given = np.asarray(values)
    if given.dtype.kind == "O":
        given = _read_objects(name, given)
    match given.dtype.kind:
        case "U" | "b":
            return given
        case "T" | "S":
            return given.astype(str)
        case "i" | "u":
            return given.astype(np.int64)
        case "f":
            numbers = given.astype(np.float64)
            _refuse_missing(name, ~np.isfinite(numbers), numbers)
            return numbers
        case _:
            raise InputTypeError(f"Attribute {name!r} must be text, booleans or numbers, got {given.dtype}.")


def chosen_attributes(values: Mapping[str, Column], names: tuple[str, ...]) -> dict[str, Column]:
    """Return some of the attributes.

    Parameters
    ----------
    values : mapping of str to ndarray
        All attributes.
    names : tuple of str
        Those wanted.

    Returns
    -------
    dict of str to ndarray
        In the order wanted.

    Raises
    ------
    InvalidInputError
        If some are not there.
    """
    missing = [name for name in names if name not in values]
    if missing:
        raise InvalidInputError(f"There is no attribute {', '.join(map(repr, missing))}; there are {list(values)}.")
    return {name: values[name] for name in names}


def distinct_attributes(values: Mapping[str, Column], rows: int) -> tuple[dict[str, Column], IntArray]:
    """Return the distinct rows of attributes, and which of them each row is.

    Parameters
    ----------
    values : mapping of str to ndarray, each of shape (n,)
        The attributes.
    rows : int
        Their number n.

    Returns
    -------
    distinct : dict of str to ndarray, each of shape (g,)
        In lexicographic order.
    position : ndarray of int64, shape (n,)
        Index into the distinct rows.

    Examples
    --------
    >>> distinct_attributes({"age": np.array([40, 30, 40])}, 3)
    ({'age': array([30, 40])}, array([1, 0, 1]))
    """
    position = np.zeros(rows, np.int64)
    for column in values.values():
        levels = np.array(sorted(set(column.tolist())), column.dtype) if column.dtype.kind == "U" else np.unique(column)
        packed = position * max(len(levels), 1) + np.searchsorted(levels, column)
        position = np.unique(packed, return_inverse=True)[1].astype(np.int64, copy=False)
    first = np.unique(position, return_index=True)[1]
    return {name: column[first] for name, column in values.items()}, position


def _distinct(columns: list[Column], count: IntArray) -> tuple[list[Column], IntArray]:
    try:
        return distinct_rows(columns, count)
    except OverflowError:
        raise InvalidInputError(
            f"{len(count):,} rows hold too many distinct values: round the attributes (age in years, income in "
            "thousands) and the times."
        ) from None


def _read_objects(name: str, given: Column) -> Column:
    """Return Python objects as text, booleans or float64."""
    items = given.ravel().tolist()
    _refuse_missing(name, [_is_missing(item) for item in items], items)
    if any(isinstance(item, str) for item in items):
        if not all(isinstance(item, str) for item in items):
            raise InputTypeError(f"Attribute {name!r} mixes text with other values: give it as text throughout.")
        return given.astype(str)
    if items and all(isinstance(item, bool) for item in items):
        return given.astype(np.bool_)
    try:
        return given.astype(np.float64)
    except (TypeError, ValueError):
        raise InputTypeError(f"Attribute {name!r} must be text, booleans or numbers, got {items[0]!r}.") from None


def _is_missing(item: Any) -> bool:
    try:
        return item is None or bool(item != item)  # noqa: PLR0124 - nan
    except TypeError:  # pandas.NA
        return True


def _titled(values: Mapping[str, ArrayLike]) -> dict[str, ArrayLike]:
    return {f"attribute {name!r}": column for name, column in values.items()}


def _kind(column: Column) -> str:
    return {"U": "text", "b": "boolean"}.get(column.dtype.kind, "number")


def _refuse_missing(name: str, missing: ArrayLike, values: ArrayLike) -> None:
    where = np.ravel(missing)
    if np.any(where):
        raise InvalidInputError.rows(
            f"Attribute {name!r} must not be missing or infinite",
            int(where.sum()),
            where.size,
            example=np.ravel(np.asarray(values, object))[int(np.argmax(where))],
            todo="Leave these customers out, or give them a value of their own, such as 'unknown'.",
        )
