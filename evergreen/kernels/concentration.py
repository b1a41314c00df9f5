"""How unequally a total is spread over customers."""

from __future__ import annotations

import math


def top_count(customers: int, share: float) -> int:
    """Return how many customers the top share of a base is: rounded up, at least one.

    Parameters
    ----------
    customers : int
        Number of customers.
    share : float
        Share of customers, in (0, 1].

    Returns
    -------
    int

    Examples
    --------
    >>> top_count(2357, 0.2)
    472
    """
    return min(customers, max(1, math.ceil(share * customers - 1e-9)))


def value_of_top(count: int, threshold: float, above: int, value_above: float) -> float:
    """Return the value of the best ``count`` customers from one threshold.

    Parameters
    ----------
    count : int
        How many customers are the top.
    threshold : float
        Value of the last of them.
    above : int
        Customers whose value strictly exceeds the threshold; fewer than ``count``.
    value_above : float
        Their summed value.

    Returns
    -------
    float

    Examples
    --------
    >>> value_of_top(3, threshold=5.0, above=1, value_above=9.0)  # 9 + 5 + 5
    19.0
    """
    return value_above + (count - above) * threshold
