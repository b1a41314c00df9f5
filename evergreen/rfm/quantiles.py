"""Quantile scores of plain arrays."""

from __future__ import annotations

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.kernels.binning import cut_ranks, scores
from evergreen.models.checks import check_finite
from evergreen.typing import ArrayLike, IntArray


def quantile_scores(values: ArrayLike, bins: int = 5, *, lowest_best: bool = False) -> IntArray:
    """Return scores that cut customers into equal parts without tearing equal customers apart.

    Parameters
    ----------
    values : array_like, shape (n,)
        One number for each customer.
    bins : int
        Number of scores K, at least 2.
    lowest_best : bool
        Whether the lowest values are the best, as for days of silence.

    Returns
    -------
    ndarray of int64, shape (n,)
        ``1 + floor(K * share of customers strictly worse)``: from 1 to K, the best the largest. Equal values have equal
        scores in whatever order they stand, so that scores may be left out: where half the customers are the worst
        together, the next score of five is 3.

    Raises
    ------
    InvalidInputError
        If values are missing or infinite, there are none, or ``bins`` is not a whole number of at least 2.

    Examples
    --------
    >>> quantile_scores([1, 1, 1, 2, 7])
    array([1, 1, 1, 4, 5])
    >>> quantile_scores([30, 2, 365, 90], bins=4, lowest_best=True)
    array([3, 4, 1, 2])
    """
    worth = check_finite("values", values) * (-1.0 if lowest_best else 1.0)
    if worth.ndim != 1 or not len(worth):
        raise InvalidInputError(f"values must be one number for each customer, at least one, got shape {worth.shape}.")
    if not isinstance(bins, (int, np.integer)) or bins < 2:
        raise InvalidInputError(f"bins must be a whole number of at least 2, got {bins!r}.")
    return scores(worth, np.sort(worth)[cut_ranks(len(worth), int(bins)) - 1])
