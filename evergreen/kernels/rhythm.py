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
    i = np.arange(int(x.max(initial=0)), dtype=np.float64)
    rising = running_sum(np.log1p(i / k))[x]
    rising_1 = running_sum(-i / (k * (k + i)))[x]
    rising_2 = running_sum(i * (2 * k + i) / (k * (k + i)) ** 2)[x]
    log_1p = np.log1p(t_x / (k * gap))
    w = t_x / (k * gap + t_x)
    events, mixed = k + x, w * (1 - w)
    value = count @ (rising - x * np.log(gap) - events * log_1p)
    by_k = count @ (rising_1 - log_1p + events * w / k)
    by_gap = count @ (events * w - x) / gap
    k_k = count @ (rising_2 + 2 * w / k - events * (mixed + w) / k**2)
    k_gap = count @ (w - events * mixed / k) / gap
    gap_gap = count @ (x - events * (w + mixed)) / gap**2
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
