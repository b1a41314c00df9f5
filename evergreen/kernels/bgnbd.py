r"""BG/NBD: beta-geometric dropout, negative binomial purchasing (Fader, Hardie & Lee, 2005).

While alive a customer buys at rate :math:`\lambda \sim Gamma(r, \alpha)`; after each purchase he leaves for good
with probability :math:`p \sim Beta(a, b)`. Letters are the paper's: x repeat purchases, t_x recency, T age; all
times in one unit. Parameters come as the tuple (r, alpha, a, b).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import betainc, betaincc, expit

from evergreen.kernels.beta_rule import beta_rule
from evergreen.kernels.discounting import discounted
from evergreen.kernels.grouping import sums_by_level
from evergreen.kernels.special import log_rising_ratio, softplus_and_expit
from evergreen.kernels.tabulate import AgePanels
from evergreen.typing import FloatArray, IntArray

Parameters = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the likelihood needs of a customer base; terms in x alone and in T alone are summed up front.

    Attributes
    ----------
    customers : float
        Number of customers.
    with_x : ndarray, shape (max x + 1,)
        Customers by number of repeat purchases.
    T, with_T, purchases_T : ndarray, shape (m,)
        Ages, the customers of that age and their repeat purchases.
    x, t_x, age, count : ndarray, shape (n,)
        Distinct histories of repeat buyers and how many customers share each.
    """

    customers: float
    with_x: FloatArray
    T: FloatArray
    with_T: FloatArray
    purchases_T: FloatArray
    x: FloatArray
    t_x: FloatArray
    age: FloatArray
    count: FloatArray


def gather(x: IntArray, t_x: FloatArray, T: FloatArray, count: IntArray) -> Evidence:
    """Return the evidence of distinct histories.

    Parameters
    ----------
    x : ndarray of int64, shape (n,)
        Repeat purchases.
    t_x, T : ndarray of float64, shape (n,)
        Recency and age.
    count : ndarray of int64, shape (n,)
        Customers with this history.

    Returns
    -------
    Evidence
    """
    weight = count.astype(np.float64)
    ages, with_T, purchases_T = sums_by_level(T, weight, weight * x)
    repeat = x > 0
    return Evidence(
        float(weight.sum()),
        np.asarray(np.bincount(x, weight), np.float64),
        ages,
        with_T,
        purchases_T,
        x[repeat].astype(np.float64),
        t_x[repeat],
        T[repeat],
        weight[repeat],
    )


def log_likelihood(parameters: Parameters, evidence: Evidence) -> tuple[float, FloatArray, FloatArray]:
    """Return the log-likelihood with its gradient and Hessian.

    Fader, Hardie & Lee (2005), equation 6, arranged so that nothing overflows (Hardie's note 027).

    Parameters
    ----------
    parameters : (r, alpha, a, b)
        Above 0.
    evidence : Evidence
        The customer base.

    Returns
    -------
    value : float
        Sum over all customers.
    gradient : ndarray, shape (4,)
        With respect to r, alpha, a, b.
    hessian : ndarray, shape (4, 4)
    """
    value, gradient, hessian = _tables_part(parameters, evidence)
    r, alpha, a, b = parameters
    x, t_x, age, count = evidence.x, evidence.t_x, evidence.age, evidence.count
    k = r + x
    u = (t_x - age) / ((alpha + age) * (alpha + t_x))  # 1/(alpha + T) - 1/(alpha + t_x)
    v = 1 / (b + (x - 1))
    length = np.log1p((age - t_x) / (alpha + t_x))
    odds = np.log(a * v) + k * length
    softplus, dead = softplus_and_expit(odds)
    value += float(count @ softplus)

    steps = np.stack((length, k * u, np.full_like(k, 1 / a), -v))
    weight = count * dead
    gradient += steps @ weight
    hessian += (steps * (weight * (1 - dead))) @ steps.T
    hessian[0, 1] += (mixed := float(weight @ u))
    hessian[1, 0] += mixed
    hessian[1, 1] -= float(weight @ (k * u * (1 / (alpha + age) + 1 / (alpha + t_x))))
    hessian[2, 2] -= float(weight.sum()) / a**2
    hessian[3, 3] += float(weight @ (v * v))
    return value, gradient, hessian


def _tables_part(parameters: Parameters, evidence: Evidence) -> tuple[float, FloatArray, FloatArray]:
    """Return the terms of the log-likelihood that depend on x alone or on T alone."""
    r, alpha, a, b = parameters
    n, with_x = evidence.customers, evidence.with_x
    j = np.arange(len(with_x) - 1)
    beyond = np.cumsum(with_x[::-1])[::-1][1:]  # customers with more than j purchases: each brings the factor j
    by_T = r * evidence.with_T + evidence.purchases_T
    A = alpha + evidence.T
    value = float(beyond @ (np.log(r + j) - np.log1p(a / (b + j))))
    value += float(evidence.with_T @ (-r * np.log1p(evidence.T / alpha)) - evidence.purchases_T @ np.log(A))
    in_r, in_b, in_ab = 1 / (r + j), 1 / (b + j), 1 / (a + b + j)
    gradient = np.array(
        [
            beyond @ in_r - evidence.with_T @ np.log1p(evidence.T / alpha),
            n * r / alpha - by_T @ (1 / A),
            -(beyond @ in_ab),
            beyond @ (in_b - in_ab),
        ]
    )
    hessian = np.zeros((4, 4))
    hessian[0, 0] = -(beyond @ in_r**2)
    hessian[0, 1] = hessian[1, 0] = n / alpha - evidence.with_T @ (1 / A)
    hessian[1, 1] = -n * r / alpha**2 + by_T @ (1 / A**2)
    hessian[2:, 2:] = beyond @ in_ab**2
    hessian[3, 3] -= beyond @ in_b**2
    return value, gradient, hessian


def p_alive(parameters: Parameters, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Return the probability that a customer is still alive at T.

    Hardie's note 021, on the log-odds scale. It is 1 for every customer without a repeat purchase, by the
    model's definition: dropout happens only at a repeat purchase.

    Parameters
    ----------
    parameters : (r, alpha, a, b)
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    r, alpha, a, b = parameters
    odds = np.log(a) - np.log(b + (np.maximum(x, 1) - 1)) + (r + x) * np.log1p((T - t_x) / (alpha + t_x))
    return np.where(x > 0, expit(-odds), 1.0)


def p_purchase(parameters: Parameters, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Return the probability of at least one purchase within the horizon after T.

    P(alive) times one minus the probability that a gamma(r + x, alpha + T) purchaser stays silent.

    Parameters
    ----------
    parameters : (r, alpha, a, b)
    horizon : float
        Time ahead.
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    return _buys_if_alive(parameters, horizon, x, T) * p_alive(parameters, x, t_x, T)


def expected_purchases(
    parameters: Parameters, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray
) -> FloatArray:
    r"""Return the expected number of purchases within the horizon after T.

    Fader, Hardie & Lee (2005), equation 10, before it is turned into a hypergeometric function:
    :math:`P(alive)\, E_p[(1 - (1 + p h / (\alpha + T))^{-(r + x)}) / p]` with :math:`p \sim Beta(a, b + x)`.
    All terms are positive, and nothing is special at a = 1.

    Parameters
    ----------
    parameters : (r, alpha, a, b)
    horizon : float
        Time ahead.
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    ahead = AgePanels(x, T, parameters[1]).interpolated(_purchases_if_alive(parameters, horizon, 0.0))
    return ahead * p_alive(parameters, x, t_x, T)


class Forecast(NamedTuple):
    """All forecasts of one horizon, each of shape (n,)."""

    p_alive: FloatArray
    p_purchase: FloatArray
    expected: FloatArray
    discounted: FloatArray


def forecast(
    parameters: Parameters, horizon: float, delta: float, x: IntArray, t_x: FloatArray, T: FloatArray
) -> Forecast:
    """Return all forecasts of one horizon, at little more than the cost of one.

    Parameters
    ----------
    parameters : (r, alpha, a, b)
    horizon : float
        Time ahead.
    delta : float
        Continuous discount rate per time unit, at least 0.
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    Forecast
        P(alive), P(at least one purchase), expected and discounted expected purchases.
    """
    alive = p_alive(parameters, x, t_x, T)
    panels = AgePanels(x, T, parameters[1])
    expected = alive * panels.interpolated(_purchases_if_alive(parameters, horizon, 0.0))
    discounted = expected
    if delta > 0:
        discounted = alive * panels.interpolated(_purchases_if_alive(parameters, horizon, delta))
    return Forecast(alive, alive * _buys_if_alive(parameters, horizon, x, T), expected, discounted)


def expected_purchases_new(parameters: Parameters, horizon: FloatArray) -> FloatArray:
    """Return the expected number of repeat purchases of a new customer within each horizon.

    Fader, Hardie & Lee (2005), equation 9, as the mean over p ~ Beta(a, b) of a positive function.

    Parameters
    ----------
    parameters : (r, alpha, a, b)
    horizon : ndarray of float64, shape (m,)
        Times since the first purchase, at least 0.

    Returns
    -------
    ndarray of float64, shape (m,)
    """
    r, alpha, a, b = parameters
    p, weight = beta_rule(a, b, smallest=_bend(r, float(horizon.max(initial=0.0)) / alpha))
    return _mean_purchases(r, p, weight, horizon[:, None] * (p / alpha))


def _buys_if_alive(parameters: Parameters, horizon: float, x: IntArray, T: FloatArray) -> FloatArray:
    r, alpha, _, _ = parameters
    return -np.expm1(-(r + x) * np.log1p(horizon / (alpha + T)))


def _bend(k: float, ratio: float) -> float:
    """Return the p below which (1 - (1 + p ratio)^-k) / p is flat: where p ratio or k p ratio reaches 1."""
    return 1 / (1 + max(k, 1.0) * ratio)


def _mean_purchases(k: float, p: FloatArray, weight: FloatArray, ratio: FloatArray) -> FloatArray:
    """Return E[(1 - (1 + ratio)^-k) / p] over the nodes of p, which lie along the last axis."""
    return np.asarray((-np.expm1(-k * np.log1p(ratio)) * (weight / p)).sum(axis=-1))


def _purchases_if_alive(
    parameters: Parameters, horizon: float, delta: float
) -> Callable[[int, FloatArray], FloatArray]:
    """Return the (discounted) purchases expected of a living customer, as a function of x and the age."""
    r, alpha, a, b = parameters

    def if_alive(x: int, age: FloatArray) -> FloatArray:
        k = r + x
        p, weight = beta_rule(a, b + x, smallest=_bend(k, horizon / alpha))
        ratio = p / (alpha + age[:, None])
        leaving = k * min(1.0, (a + 3) / (a + b + x))  # per alpha: the fastest rates of dropout that matter
        return discounted(lambda t: _mean_purchases(k, p, weight, t * ratio), horizon, alpha / (1 + leaving), delta)

    return if_alive


def pmf(parameters: Parameters, n: IntArray, horizon: float) -> FloatArray:
    """Return the probability that a new customer makes n repeat purchases within the horizon.

    Fader, Hardie & Lee (2005), equation 8, its sum being a regularized incomplete beta function.

    Parameters
    ----------
    parameters : (r, alpha, a, b)
    n : ndarray of int64
        Numbers of purchases, at least 0.
    horizon : float
        Time since the first purchase.

    Returns
    -------
    ndarray of float64
        Of the shape of n.
    """
    r, alpha, a, b = parameters
    silent = np.log1p(horizon / alpha)  # minus the log of alpha / (alpha + horizon)
    log_bought = log_rising_ratio(r, 1.0, n) - r * silent - n * np.log1p(alpha / horizon)
    alive = np.exp(log_rising_ratio(b, a + b, n) + log_bought)
    before = np.maximum(n - 1, 0)
    at_least = np.where(
        alpha > horizon,
        betainc(before + 1, r, horizon / (alpha + horizon)),
        betaincc(r, before + 1, alpha / (alpha + horizon)),
    )
    left_at_last = np.exp(log_rising_ratio(b, a + b, before)) * a / (a + b + before)
    return alive + np.where(n > 0, left_at_last * at_least, 0.0)


def simulate(
    parameters: Parameters, T: FloatArray, random: np.random.Generator
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Draw customers from the model's own story and observe each until T.

    Given a customer's dropout probability, the number of purchases until he leaves is geometric; purchases while
    alive are a Poisson process, so that x of them lie uniformly in (0, T), and cutting the process at the last
    purchase is exact.

    Parameters
    ----------
    parameters : (r, alpha, a, b)
    T : ndarray of float64, shape (n,)
        Ages to observe them at.
    random : numpy.random.Generator

    Returns
    -------
    x : ndarray of int64, shape (n,)
    t_x : ndarray of float64, shape (n,)
    rate, p : ndarray of float64, shape (n,)
        The purchase rate and dropout probability drawn for each.
    """
    r, alpha, a, b = parameters
    n = len(T)
    rate = random.gamma(r, 1 / alpha, n)
    p = random.beta(a, b, n)
    possible = random.poisson(rate * T)
    leaves_at = np.ceil(np.log(random.random(n)) / np.log1p(-np.clip(p, 1e-300, 1 - 1e-16)))
    x = np.minimum(possible, np.maximum(leaves_at, 1.0)).astype(np.int64)
    share = random.beta(np.maximum(x, 1), possible - x + 1.0)  # the x-th of `possible` uniform times
    return x, np.where(x > 0, share * T, 0.0), rate, p
