"""Whether a base is large and long enough for RFM scores to mean something."""

from __future__ import annotations

import warnings
from typing import Final

from evergreen.durations import DAYS_PER_UNIT
from evergreen.errors import DataWarning
from evergreen.frames import ScoreTable
from evergreen.typing import TimeUnit

FEWEST_CUSTOMERS: Final = 500
SHORTEST_DAYS: Final = 180.0
LATEST_ORDER_DAYS: Final = 30.0
MOST_ORDERS: Final = 3
"""Below these a base is too small, too short, out of date, or without anybody who came back twice."""


def warn_of_thin_data(table: ScoreTable, customers: int, time_unit: TimeUnit, *, stacklevel: int) -> None:
    """Warn, once, of all that makes the scores of a base say little.

    Parameters
    ----------
    table : ScoreTable
        With ``T``, ``days_since_last`` and ``orders``.
    customers : int
        Their number.
    time_unit : {"h", "D", "W", "M", "Y"}
        Unit of ``T``.
    stacklevel : int
        Of the warning, as seen from here.

    Warns
    -----
    DataWarning
        With what was found and what is wanted.
    """
    found = table.extremes("T", "days_since_last", "orders")
    days = found["T"][1] * DAYS_PER_UNIT[time_unit]
    latest, orders = found["days_since_last"][0], found["orders"][1]
    said = []
    if customers < FEWEST_CUSTOMERS:
        said.append(f"{customers:,} customers (at least {FEWEST_CUSTOMERS} are wanted)")
    if days < SHORTEST_DAYS:
        said.append(f"{days:.0f} days from the first order to the end (at least {SHORTEST_DAYS:.0f})")
    if latest > LATEST_ORDER_DAYS:
        said.append(f"no order in the last {latest:.0f} days (at most {LATEST_ORDER_DAYS:.0f})")
    if orders < MOST_ORDERS:
        said.append(f"nobody with more than {orders:.0f} orders (somebody with {MOST_ORDERS})")
    if said:
        warnings.warn(f"RFM scores of this base say little: {'; '.join(said)}.", DataWarning, stacklevel=stacklevel + 1)
