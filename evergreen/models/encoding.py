"""Attributes of customers as numbers that a model can work with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.models.attributed import AttributedHistories, Column
from evergreen.models.checks import check_finite
from evergreen.typing import FloatArray, IntArray

_SAME: Final = 1e-9  # columns that go together to this share of their size say the same


@dataclass(frozen=True, slots=True)
class Covariate:
    """An attribute as columns of numbers: a number less its center, or one 0/1 column per level but the first.

    Parameters
    ----------
    name : str
        The attribute.
    center : float
        Of a number: the value that becomes 0.
    levels : tuple of str
        Of text or booleans: all values there are; the first is the reference, for which all columns are 0. Empty for a
        number.

    Raises
    ------
    InvalidInputError
        If there is one level alone, or one twice, or the center is not finite.

    Examples
    --------
    >>> channel = Covariate("channel", levels=("shop", "phone", "web"))
    >>> channel.columns
    ('channel=phone', 'channel=web')
    >>> channel.encode(np.array(["web", "shop"]))
    array([[0., 1.],
           [0., 0.]])
    """

    name: str
    center: float = 0.0
    levels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the levels and the center."""
        check_finite(f"center of {self.name!r}", self.center)
        if self.levels and (len(self.levels) < 2 or len(set(self.levels)) < len(self.levels)):
            raise InvalidInputError(f"levels of {self.name!r} must be two or more and distinct, got {self.levels!r}.")

    @classmethod
    def learn(cls, name: str, values: Column, customers: IntArray) -> Self:
        """Return the covariate of an attribute as the customers have it.

        Parameters
        ----------
        name : str
            The attribute.
        values : ndarray, shape (g,)
            Its values, as :func:`~evergreen.models.attributed.check_attribute` returns them.
        customers : ndarray of int64, shape (g,)
            How many have each.

        Returns
        -------
        Covariate
            Centered at the mean of the customers, or with the levels in sorted order.

        Raises
        ------
        InvalidInputError
            If all customers have the same.
        """
        found = np.unique(values)
        if len(found) < 2:
            raise InvalidInputError(
                f"All {int(customers.sum()):,} customers have the same {name!r}: nothing can be learned of it. "
                "Leave it out."
            )
        if values.dtype.kind in "Ub":
            return cls(name, levels=tuple(found.astype(str).tolist()))
        return cls(name, center=float(values.astype(np.float64) @ customers) / int(customers.sum()))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(f"{self.name}={level}" for level in self.levels[1:]) or (self.name,)

    @property
    def steps(self) -> tuple[str, ...]:
        """What it means to go up by 1 in each column."""
        return tuple(f"{level} instead of {self.levels[0]}" for level in self.levels[1:]) or ("1 more",)

    def encode(self, values: Column) -> FloatArray:
        """Return the columns of customers.

        Parameters
        ----------
        values : ndarray, shape (n,)
            The attribute, as :func:`~evergreen.models.attributed.check_attribute` returns it.

        Returns
        -------
        ndarray of float64, shape (n, c)

        Raises
        ------
        InputTypeError
            If it is text where numbers are known, or the other way round.
        InvalidInputError
            If there is a level that is not known, with the number of rows.
        """
        if values.size and (values.dtype.kind in "Ub") != bool(self.levels):
            wanted = "text or booleans" if self.levels else "numbers"
            raise InputTypeError(f"Attribute {self.name!r} must be {wanted}, got {values.dtype}.")
        if not self.levels:
            return (values.astype(np.float64) - self.center)[:, None]
        text = values.astype(str)
        is_level = text[:, None] == np.array(self.levels)
        unseen = ~is_level.any(axis=1)
        if unseen.any():
            raise InvalidInputError.rows(
                f"Attribute {self.name!r} must be one of {', '.join(map(repr, self.levels))}",
                int(unseen.sum()),
                len(text),
                example=str(text[int(np.argmax(unseen))]),
                todo="Nothing is known of other levels: leave these customers out, or fit with them.",
            )
        return is_level[:, 1:].astype(np.float64)


def learn_covariates(histories: AttributedHistories, *sets: Sequence[str]) -> tuple[Covariate, ...]:
    """Return the covariates of customers, after a check that each has something to say of its own.

    Parameters
    ----------
    histories : AttributedHistories
        The customers.
    *sets : sequence of str
        Attributes whose effects are to be told apart from each other within each set.

    Returns
    -------
    tuple of Covariate
        Each attribute once, in order of first appearance.

    Raises
    ------
    InvalidInputError
        If an attribute is not there, is the same for all customers, or follows from others of its set.
    """
    names = tuple(dict.fromkeys(name for chosen in sets for name in chosen))
    rows, parts = histories.by(*names)
    customers = np.array([part.customers for part in parts])
    covariates = {name: Covariate.learn(name, column, customers) for name, column in rows.items()}
    for chosen in sets:
        _check_distinct([covariates[name] for name in dict.fromkeys(chosen)], rows)
    return tuple(covariates.values())


def encode_rows(covariates: Sequence[Covariate], values: Mapping[str, Column]) -> FloatArray:
    """Return the columns of all covariates side by side.

    Parameters
    ----------
    covariates : sequence of Covariate
        The covariates.
    values : mapping of str to ndarray, each of shape (n,)
        The attributes, one or more.

    Returns
    -------
    ndarray of float64, shape (n, c)
    """
    return np.hstack([covariate.encode(values[covariate.name]) for covariate in covariates])


def _check_distinct(covariates: Sequence[Covariate], rows: Mapping[str, Column]) -> None:
    """Raise if a column is a sum of others."""
    if not covariates:
        return
    columns = encode_rows(covariates, rows)
    columns = columns - columns.mean(axis=0)
    columns = columns / np.linalg.norm(columns, axis=0)
    _, sizes, axes = np.linalg.svd(np.linalg.qr(columns, mode="r"))
    if len(columns) > len(axes) and sizes[-1] > _SAME * sizes[0]:
        return
    names = np.array([name for covariate in covariates for name in covariate.columns])
    together = names[np.abs(axes[-1]) > 1e-6]
    raise InvalidInputError(
        f"The effects of {', '.join(together)} cannot be told apart: each follows from the others in all "
        f"{len(columns):,} distinct rows. Leave one of these attributes out."
    )
