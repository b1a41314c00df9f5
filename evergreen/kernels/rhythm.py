r"""How long customers wait between purchases, and how different they are.

The gaps of a customer are exponential with his own rate, and rates are gamma distributed with shape ``k`` and mean
``1 / gap``. Then the mean rate of a customer after ``x`` gaps of ``t_x`` in all is :math:`(k + x) / (k\,gap + t_x)`:
his own mean gap, shrunk towards that of all as if he had made ``k`` more gaps of that length.
"""

from __future__ import annotations

import numpy as np

from evergreen.kernels.special import running_sum
from evergreen.typing import FloatArray, IntArray


def log_likelihood(
    k: float, gap: float, x: IntArray, t_x: FloatArray, count: IntArray
) -> tuple[float, FloatArray, FloatArray]:
    r"""Return the log-likelihood of the gaps that ended, with gradient and Hessian in (k, gap).

    Parameters
    ----------
    k, gap : float
        Above 0.
    x : ndarray of int64, shape (m,)
        Gaps of a customer; whoever has none says nothing.
    t_x : ndarray of float64, shape (m,)
        Their sum.
    count : ndarray of int64, shape (m,)
        Customers with each.

    Returns
    -------
    value : float
    gradient : ndarray of float64, shape (2,)
    hessian : ndarray of float64, shape (2, 2)

    Notes
    -----
    :math:`\sum n [\log (k)_x + k \log \alpha - (k + x) \log(\alpha + t_x)]` with :math:`\alpha = k\,gap`, written so
    that nothing cancels where k is large.

    Examples
    --------
    >>> log_likelihood(1.0, 2.0, np.array([1]), np.array([2.0]), np.array([1]))[0]  # log(2 / (2 + 2)^2)
    -2.0794415416798357
    """
    customers = np.bincount(x, count)
    i = np.arange(len(customers) - 1, dtype=np.float64)
    rising = customers @ running_sum(np.log1p(i / k))
    rising_1 = customers @ running_sum(-i / (k * (k + i)))
    rising_2 = customers @ running_sum(i * (2 * k + i) / (k * (k + i)) ** 2)
    log_1p = np.log1p(t_x / (k * gap))
    w = t_x / (k * gap + t_x)
    square, gaps = w * w, x * count
    all_gaps, all_w = int(gaps.sum()), count @ w
    events_w = k * all_w + gaps @ w  # sums of (k + x) w, and of (k + x) w (1 - w)
    events_mixed = events_w - k * (count @ square) - gaps @ square
    value = rising - all_gaps * np.log(gap) - k * (count @ log_1p) - gaps @ log_1p
    by_k = rising_1 - count @ log_1p + events_w / k
    by_gap = (events_w - all_gaps) / gap
    k_k = rising_2 + 2 * all_w / k - (events_mixed + events_w) / k**2
    k_gap = (all_w - events_mixed / k) / gap
    gap_gap = (all_gaps - events_w - events_mixed) / gap**2
    return float(value), np.array([by_k, by_gap]), np.array([[k_k, k_gap], [k_gap, gap_gap]])


def shrunk_gap(x: IntArray, t_x: FloatArray, k: float, gap: float) -> FloatArray:
    """Return the personal gap of customers: one over the mean of what their rate may be.

    Parameters
    ----------
    x : ndarray of int64, shape (n,)
        Gaps that ended.
    t_x : ndarray of float64, shape (n,)
        Their sum.
    k : float
        How many gaps of the population count as much as one's own; above 0.
    gap : float
        That of the population, above 0.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> shrunk_gap(np.array([0, 4]), np.array([0.0, 8.0]), 2.0, 5.0)
    array([5., 3.])
    """
    return (t_x + k * gap) / (x + k)
