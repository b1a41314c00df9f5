"""Sums of a column over all customers and above thresholds, from one row of aggregates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evergreen.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class ColumnTotals:
    """Sum of a column, and of its part above thresholds.

    Parameters
    ----------
    rows : int
        Number of customers.
    total : float
        Sum over all of them.
    thresholds : ndarray of float64, shape (k,)
        The thresholds asked for.
    rows_above : ndarray of int64, shape (k,)
        Customers whose value is greater than the threshold.
    total_above : ndarray of float64, shape (k,)
        Sum over these customers.
    """

    rows: int
    total: float
    thresholds: FloatArray
    rows_above: IntArray
    total_above: FloatArray


def totals_of_row(row: Mapping[str, Any], thresholds: Sequence[float], unit: float) -> ColumnTotals:
    """Return the totals from one row of aggregates (``rows``, ``total``, ``rows_0``, ``total_0``, ...).

    Parameters
    ----------
    row : mapping of str to number
        The aggregates; sums of nothing may be missing.
    thresholds : sequence of float, shape (k,)
        The thresholds asked for.
    unit : float
        What sums are to be divided by.

    Returns
    -------
    ColumnTotals
    """
    places = range(len(thresholds))
    return ColumnTotals(
        int(row["rows"]),
        float(row["total"] or 0) / unit,
        np.asarray(thresholds, np.float64),
        np.array([int(row[f"rows_{place}"] or 0) for place in places], np.int64),
        np.array([float(row[f"total_{place}"] or 0) / unit for place in places], np.float64),
    )


def unscaled(sums: np.ndarray[Any, Any], unit: float) -> np.ndarray[Any, Any]:
    """Return sums of whole numbers in their own unit; counts stay int64."""
    if unit == 1.0 and sums.dtype.kind in "iu":
        return sums.astype(np.int64)
    return sums.astype(np.float64) / unit


def totals_in_order(
    totals: Mapping[str, np.ndarray[Any, Any]], by: str, groups: Sequence[Any]
) -> dict[str, np.ndarray[Any, Any]]:
    """Return totals of groups in a given order, zeros for those that are not there.

    Parameters
    ----------
    totals : mapping of str to ndarray
        Columns of one length, ``by`` among them.
    by : str
        The column of the groups.
    groups : sequence of str or int
        The groups wanted.

    Returns
    -------
    dict of str to ndarray

    Examples
    --------
    >>> totals_in_order({"band": np.array(["ok"]), "customers": np.array([3])}, "band", ["alarm", "ok"])["customers"]
    array([0, 3])
    """
    place = {name: row for row, name in enumerate(totals[by].tolist())}
    rows = np.array([place.get(name, len(place)) for name in groups])
    wanted = np.array(groups, object) if isinstance(groups[0], str) else np.array(groups)
    return {name: wanted if name == by else np.append(column, 0)[rows] for name, column in totals.items()}
