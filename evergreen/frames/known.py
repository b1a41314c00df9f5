"""What measures that need no model look at: days of silence, days since the first purchase, orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from evergreen.frames.customer_base import CustomerBase
from evergreen.frames.results import Arithmetic, ScoreTable

DAYS: Final[Mapping[str, Arithmetic]] = MappingProxyType(
    {"days_since_last": lambda c: c["T"] - c["recency"], "days_since_first": lambda c: c["T"]}
)
"""The columns of days, as times of a purchase history."""


def with_known(base: CustomerBase, wanted: Iterable[str]) -> ScoreTable:
    """Return the customers of a base with chosen columns, its own or those that follow from it.

    Parameters
    ----------
    base : CustomerBase
        Any base.
    wanted : iterable of str
        Columns of the base, those of :data:`DAYS` (to the end of observation), and ``"orders"``, which are occasions
        where the base does not count orders.

    Returns
    -------
    ScoreTable

    Raises
    ------
    ColumnNotFoundError
        If another column is not in the base.

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame({"customer_id": [1], "frequency": [2], "recency": [3.0], "T": [8.0]})
    >>> base = CustomerBase.from_summary(summary, time_unit="W")
    >>> with_known(base, ["days_since_last", "orders"]).to_native("days_since_last", "orders")
       customer_id  days_since_last  orders
    0            1             35.0       3
    """
    names = list(dict.fromkeys(wanted))
    counted = "orders" in base.columns
    own = [name for name in names if name not in DAYS and (counted or name != "orders")]
    table = base.scores().only(*own).with_days(base.time_unit, **{name: DAYS[name] for name in DAYS if name in names})
    return table if counted or "orders" not in names else table.with_columns(orders=lambda c: c["frequency"] + 1)
