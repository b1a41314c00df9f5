"""A customer base as its distinct histories, with sums over the customers who share each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.frames.customer_base import CustomerBase
from evergreen.frames.holdout import Split
from evergreen.frames.results import HISTORY, Arithmetic, ScoreTable
from evergreen.kernels.grouping import distinct_sums
from evergreen.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class HistorySums:
    """Distinct histories, their customers, and sums over them.

    Attributes
    ----------
    frequency : ndarray of int64, shape (m,)
    recency, T : ndarray of float64, shape (m,)
        The distinct histories, in the time unit of the base.
    customers : ndarray of int64, shape (m,)
        How many customers share each.
    sums : dict of str to ndarray of float64, shape (m,)
        What was added up over them.
    attributes : tuple of ndarray, each of shape (m,)
        What the histories were also told apart by.
    """

    frequency: IntArray
    recency: FloatArray
    T: FloatArray
    customers: IntArray
    sums: dict[str, FloatArray]
    attributes: tuple[np.ndarray[Any, Any], ...] = ()


def history_sums(base: CustomerBase, *attributes: str, **made: Arithmetic) -> HistorySums:
    """Add up arithmetic on the columns of a base over the customers of each distinct history.

    Parameters
    ----------
    base : CustomerBase
        The customers; on a lazy base nothing but the distinct histories with the sums is collected.
    *attributes : str
        Attributes of the base that histories are told apart by, too.
    **made : callable
        For each sum a function of the columns by name.

    Returns
    -------
    HistorySums
        In lexicographic order; with attributes in memory, one row per customer.

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame({"customer_id": [1, 2, 3], "frequency": [0, 1, 1], "recency": [0.0, 4, 4],
    ...     "T": [9.0, 9, 9], "monetary_value": [0.0, 10, 30]})
    >>> found = history_sums(CustomerBase.from_summary(summary), money=lambda c: c["monetary_value"])
    >>> found.customers, found.sums["money"]
    (array([1, 2]), array([ 0., 40.]))
    """
    return _summed(base.scores().with_columns(**made), attributes, list(made))


def history_outcomes(halves: Split, *attributes: str) -> HistorySums:
    """Count who bought in a holdout, for each distinct history of its calibration.

    Parameters
    ----------
    halves : Split
        Of a lazy log nothing but the distinct histories with the counts is collected.
    *attributes : str
        Attributes of the calibration that histories are told apart by, too.

    Returns
    -------
    HistorySums
        With the sum ``"buyers"``: how many of the customers of each history made a purchase.

    Examples
    --------
    >>> from evergreen import datasets, split
    >>> found = history_outcomes(split(datasets.load_cdnow(sample=True), at="1997-09-30"))
    >>> int(found.customers.sum()), float(found.sums["buyers"].sum())
    (2357, 684.0)
    """
    base = halves.calibration.with_attributes(halves.holdout, "frequency_holdout")
    table = base.scores().with_cuts("buyers", "frequency_holdout", [0.0])  # 2 for a buyer, 1 for others
    found = _summed(table, attributes, ["buyers"])
    return replace(found, sums={"buyers": found.sums["buyers"] - found.customers})


def _summed(table: ScoreTable, attributes: Sequence[str], wanted: Sequence[str]) -> HistorySums:
    """Add up columns over the customers of each distinct history."""
    keys = [*HISTORY, *attributes]
    if isinstance(table.frame, nw.LazyFrame):
        totals = [nw.col(name).sum() for name in wanted]
        found = table.frame.group_by(*keys).agg(nw.len().alias("evergreen_customers"), *totals).collect()
        column: dict[str, np.ndarray[Any, Any]] = {name: found.get_column(name).to_numpy() for name in found.columns}
        order = np.lexsort([column[name] for name in reversed(HISTORY)])
        x, t_x, age, *known = (column[name][order] for name in keys)
        customers = column["evergreen_customers"][order].astype(np.int64)
        sums = {name: column[name][order].astype(np.float64) for name in wanted}
        return HistorySums(x, t_x, age, customers, sums, tuple(known))
    x, t_x, age, *known = (table.array(name) for name in keys)
    weights = [np.asarray(table.array(name), np.float64) for name in wanted]
    if known:
        ones = np.ones(len(x), np.int64)
        return HistorySums(x, t_x, age, ones, dict(zip(wanted, weights, strict=True)), tuple(known))
    (x, t_x, age), customers, added = distinct_sums([x, t_x, age], weights)
    return HistorySums(x, t_x, age, customers, dict(zip(wanted, added, strict=True)))
