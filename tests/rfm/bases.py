"""Bases made of what RFM looks at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evergreen import CustomerBase


def summary_base(days: Any, orders: Any, value: Any, *, with_orders: bool = True, **settings: Any) -> CustomerBase:
    """Return a base in which customers were silent for `days`, bought `orders` times, for `value` in all."""
    days, orders = np.asarray(days, float), np.asarray(orders)
    repeat = orders - 1
    recency = np.where(repeat > 0, 1_000.0 - days, 0.0)
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(len(days)),
            "frequency": repeat,
            "recency": recency,
            "T": recency + days,
            "orders": orders,
            "total_value": np.asarray(value, float),
        }
    )
    return CustomerBase.from_summary(frame if with_orders else frame.drop(columns="orders"), **settings)
