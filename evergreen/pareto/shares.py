"""The plain numbers of inequality, for any array of values."""

from __future__ import annotations

import math

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.kernels import concentration as curves
from evergreen.models.checks import check_finite, check_share, check_whole
from evergreen.typing import ArrayLike, FloatArray, IntArray


def gini(values: ArrayLike, *, count: ArrayLike | None = None) -> float:
    """Return the coefficient of Gini (1912) of values: 0 if all are equal, near 1 if one has everything.

    Parameters
    ----------
    values : array_like, shape (n,)
        A finite number for each customer.
    count : array_like of int, shape (n,), optional
        How many customers have each of them; one by default.

    Returns
    -------
    float
        Half the mean difference of two customers, over the mean; at most 1 - 1/n without negative values. With them it
        may exceed 1. Nan if the total is not positive.

    Raises
    ------
    InvalidInputError
        If there are no values, one is missing or infinite, or shapes differ.

    Examples
    --------
    >>> gini([0, 0, 0, 8]), gini([5, 5, 5])
    (0.75, 0.0)
    """
    return curves.gini(curves.whale_curve(*levels_of_values(values, count)))


def lorenz(values: ArrayLike, *, count: ArrayLike | None = None) -> tuple[FloatArray, FloatArray]:
    """Return the curve of Lorenz (1905): what share of the total the worst customers bring.

    Parameters
    ----------
    values : array_like, shape (n,)
        A finite number for each customer.
    count : array_like of int, shape (n,), optional
        How many customers have each of them; one by default.

    Returns
    -------
    customers : ndarray of float64, shape (m + 1,)
        Shares of customers, from 0 to 1, after each distinct value in ascending order.
    value : ndarray of float64, shape (m + 1,)
        Share of the total that they bring, from 0 to 1; below 0 where the worst bring losses. Nan if the total is not
        positive.

    Raises
    ------
    InvalidInputError
        If there are no values, one is missing or infinite, or shapes differ.

    Examples
    --------
    >>> lorenz([1, 1, 2, 4])
    (array([0.  , 0.5 , 0.75, 1.  ]), array([0.  , 0.25, 0.5 , 1.  ]))
    """
    curve = curves.whale_curve(*levels_of_values(values, count))
    customers, total = float(curve.customers[-1]), float(curve.value[-1])
    below = 1 - curve.value[::-1] / total if total > 0 else np.full(len(curve.value), np.nan)
    return 1 - curve.customers[::-1] / customers, below


def share_of_top(values: ArrayLike, share: float = 0.2, *, count: ArrayLike | None = None) -> float:
    """Return what share of the total the best customers bring.

    Parameters
    ----------
    values : array_like, shape (n,)
        A finite number for each customer.
    share : float
        Share of customers, above 0; their number is rounded up. Where equal customers stand on both sides of the
        line, it does not matter which of them are taken.
    count : array_like of int, shape (n,), optional
        How many customers have each of the values; one by default.

    Returns
    -------
    float
        Above 1 if the others bring losses; nan if the total is not positive.

    Raises
    ------
    InvalidInputError
        If there are no values, one is missing or infinite, shapes differ, or the share is not above 0 and up to 1.

    Examples
    --------
    >>> share_of_top([1, 1, 1, 1, 16], 0.2)
    0.8
    """
    curve = curves.whale_curve(*levels_of_values(values, count))
    part = check_part("share", share)
    return curves.share_of_top(curve, part) if curve.value[-1] > 0 else math.nan


def smallest_share(values: ArrayLike, share: float = 0.8, *, count: ArrayLike | None = None) -> float:
    """Return how few customers, as a share of all, bring a share of the total.

    Parameters
    ----------
    values : array_like, shape (n,)
        A finite number for each customer.
    share : float
        Share of the total, above 0.
    count : array_like of int, shape (n,), optional
        How many customers have each of the values; one by default.

    Returns
    -------
    float
        Of whole customers, over all of them; nan if the total is not positive.

    Raises
    ------
    InvalidInputError
        If there are no values, one is missing or infinite, shapes differ, or the share is not above 0 and up to 1.

    Examples
    --------
    >>> smallest_share([1, 1, 1, 1, 16], 0.8), smallest_share([1, 1, 1, 1, 16], 0.81)
    (0.2, 0.4)
    """
    curve = curves.whale_curve(*levels_of_values(values, count))
    part = check_part("share", share)
    return int(curves.smallest_counts(curve, [part])[0]) / int(curve.customers[-1]) if curve.value[-1] > 0 else math.nan


def levels_of_values(values: ArrayLike, count: ArrayLike | None) -> tuple[FloatArray, IntArray]:
    """Return the distinct values that a user gave, with their customers.

    Raises
    ------
    InvalidInputError
        If there are none, one is missing or infinite, or shapes differ.
    """
    numbers = check_finite("values", values)
    customers = None if count is None else check_whole("count", count)
    if numbers.ndim != 1 or (customers is not None and customers.shape != numbers.shape):
        shapes = "" if customers is None else f" and count of shape {customers.shape}"
        raise InvalidInputError(
            f"values must be one-dimensional, and count of the same shape; got values of shape {numbers.shape}{shapes}."
        )
    if customers is not None:
        numbers, customers = numbers[customers > 0], customers[customers > 0]
    if not len(numbers):
        raise InvalidInputError("There are no values: at least one customer is needed.")
    return curves.levels_of(numbers, customers)


def check_part(name: str, value: float) -> float:
    """Return a share above 0.

    Raises
    ------
    InvalidInputError
        If it lies outside 0 to 1, or is 0.
    """
    number = check_share(name, value)
    if number == 0:
        raise InvalidInputError(f"{name} must be above 0, got {value!r}.")
    return number
