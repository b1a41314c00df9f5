"""A customer base as its distinct histories, with sums over the customers who share each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.frames.customer_base import CustomerBase
from evergreen.frames.results import Arithmetic
from evergreen.kernels.grouping import distinct_sums
from evergreen.typing import FloatArray, IntArray

_HISTORY = ("frequency", "recency", "T")


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
    """

    frequency: IntArray
    recency: FloatArray
    T: FloatArray
    customers: IntArray
    sums: dict[str, FloatArray]


def history_sums(base: CustomerBase, **made: Arithmetic) -> HistorySums:
    """Add up arithmetic on the columns of a base over the customers of each distinct history.

    Parameters
    ----------
    base : CustomerBase
        The customers; on a lazy base nothing but the distinct histories with the sums is collected.
    **made : callable
        For each sum a function of the columns by name.

    Returns
    -------
    HistorySums
        In lexicographic order.

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame({"customer_id": [1, 2, 3], "frequency": [0, 1, 1], "recency": [0.0, 4, 4],
    ...     "T": [9.0, 9, 9], "monetary_value": [0.0, 10, 30]})
    >>> found = history_sums(CustomerBase.from_summary(summary), money=lambda c: c["monetary_value"])
    >>> found.customers, found.sums["money"]
    (array([1, 2]), array([ 0., 40.]))
    """
    table = base.scores().with_columns(**made)
    if isinstance(table.frame, nw.LazyFrame):
        totals = [nw.col(name).sum() for name in made]
        found = table.frame.group_by(*_HISTORY).agg(nw.len().alias("customers"), *totals).collect()
        column: dict[str, np.ndarray[Any, Any]] = {name: found.get_column(name).to_numpy() for name in found.columns}
        order = np.lexsort([column[name] for name in reversed(_HISTORY)])
        x, t_x, age = (column[name][order] for name in _HISTORY)
        customers = column["customers"][order].astype(np.int64)
        return HistorySums(x, t_x, age, customers, {name: column[name][order].astype(np.float64) for name in made})
    weights = [np.asarray(table.array(name), np.float64) for name in made]
    (x, t_x, age), customers, sums = distinct_sums([table.array(name) for name in _HISTORY], weights)
    return HistorySums(x, t_x, age, customers, dict(zip(made, sums, strict=True)))
