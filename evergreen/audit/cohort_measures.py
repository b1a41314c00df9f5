"""What cohorts are compared by."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from evergreen.audit.one_period import divided
from evergreen.frames import CohortCells
from evergreen.typing import FloatArray, IntArray

CohortMeasure: TypeAlias = Literal[
    "customers",
    "share_active",
    "orders",
    "orders_per_active",
    "average_order_value",
    "revenue",
    "revenue_per_active",
    "cumulative_revenue_per_customer",
]
"""What cohorts can be compared by."""

MEASURES: Final[tuple[CohortMeasure, ...]] = get_args(CohortMeasure)


def measures_of(cells: CohortCells, unit: float) -> dict[CohortMeasure, FloatArray]:
    """Return each measure by cohort (rows) and period, missing before the first purchase.

    Parameters
    ----------
    cells : CohortCells
        Sums of shape (p, p).
    unit : float
        What whole money is divided by.

    Returns
    -------
    dict of str to ndarray of float64, shape (p, p)
    """
    seen = np.triu(np.ones(cells.net.shape, np.bool_))
    customers, orders, money = (np.where(seen, table, np.nan) for table in (cells.customers, cells.orders, cells.net))
    size = np.repeat(np.diagonal(cells.customers)[:, None], len(seen), axis=1).astype(np.float64)
    so_far = np.where(seen, np.cumsum(np.where(seen, cells.net, 0), axis=1), np.nan)
    return {
        "customers": customers,
        "share_active": divided(customers, size),
        "orders": orders,
        "orders_per_active": divided(orders, customers),
        "average_order_value": divided(money, orders) / unit,
        "revenue": money / unit,
        "revenue_per_active": divided(money, customers) / unit,
        "cumulative_revenue_per_customer": divided(so_far, size) / unit,
    }


def column_of(name: CohortMeasure, values: FloatArray) -> FloatArray | IntArray:
    """Return counts, of which none is missing, as whole numbers, and other measures as they are."""
    return values.astype(np.int64) if name in ("customers", "orders") else values
