r"""Pareto/NBD: customers buy at their own rate until, at any time, they leave (Schmittlein, Morrison & Colombo, 1987).

While alive a customer buys at rate :math:`\lambda \sim Gamma(r, \alpha)`; he leaves for good at rate
:math:`\mu \sim Gamma(s, \beta)`. Letters are those of Fader & Hardie (2005), "A note on deriving the Pareto/NBD model
and related expressions": x repeat purchases, t_x recency, T age; all times in one unit. Parameters come as the tuple
(r, alpha, s, beta).

The likelihood is taken apart at the last purchase. Until then the customer was there, and bought x times; silence
since has the probability that :mod:`evergreen.kernels.next_event` is about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import exprel, gammaln

from evergreen.kernels.discounting import discount_nodes, discounted
from evergreen.kernels.grouping import places_of_distinct, sums_by_level
from evergreen.kernels.leaving import leaves_after
from evergreen.kernels.next_event import (
    NextEvent,
    Parameters,
    Silence,
    gone_and_back,
    log_ratio,
    shares_at,
    with_derivatives,
)
from evergreen.kernels.shape import Forecast
from evergreen.kernels.special import log_gamma_ratio
from evergreen.kernels.tabulate import AgePanels
from evergreen.typing import ArrayLike, FloatArray, IntArray

_LONG: Final = 1e16  # a horizon of so many mean waits: what is left to come no longer cancels
_I, _J = np.triu_indices(4)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the likelihood needs of a customer base; terms in x alone and in t_x alone are summed up front.

    Attributes
    ----------
    beyond : ndarray, shape (max x,)
        Customers with more than 0, 1, 2, ... repeat purchases.
    t_x, with_t_x, purchases_t_x : ndarray, shape (m,)
        Recencies, the customers of that recency and their repeat purchases.
    x_last, t_last : ndarray, shape (p,)
        Distinct (x, t_x).
    x_end, t_end : ndarray, shape (q,)
        Distinct (x, T).
    at_last, at_end : ndarray of int64, shape (n,)
        Positions of each distinct history among these.
    count : ndarray, shape (n,)
        Customers that share it.
    """

    beyond: FloatArray
    t_x: FloatArray
    with_t_x: FloatArray
    purchases_t_x: FloatArray
    x_last: IntArray
    t_last: FloatArray
    x_end: IntArray
    t_end: FloatArray
    at_last: IntArray
    at_end: IntArray
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
    beyond = np.asarray(np.cumsum(np.bincount(x, weight)[::-1])[::-1][1:], np.float64)
    last, at_last = places_of_distinct([x, t_x])
    end, at_end = places_of_distinct([x, T])
    recencies, with_t_x, purchases_t_x = sums_by_level(t_x, weight, weight * x)
    return Evidence(
        beyond, recencies, with_t_x, purchases_t_x, x[last], t_x[last], x[end], T[end], at_last, at_end, weight
    )


def log_likelihood(parameters: Parameters, evidence: Evidence) -> tuple[float, FloatArray, FloatArray]:
    """Return the log-likelihood with its gradient and Hessian.

    Fader & Hardie (2005), as a sum of positive terms.

    Parameters
    ----------
    parameters : (r, alpha, s, beta)
        Above 0.
    evidence : Evidence
        The customer base.

    Returns
    -------
    value : float
        Sum over all customers.
    gradient : ndarray, shape (4,)
        With respect to r, alpha, s, beta.
    hessian : ndarray, shape (4, 4)
    """
    until, since = _until_last_purchase(parameters, evidence), _since_last_purchase(parameters, evidence)
    return until[0] + since[0], until[1] + since[1], until[2] + since[2]


def _until_last_purchase(parameters: Parameters, evidence: Evidence) -> tuple[float, FloatArray, FloatArray]:
    """Return the part of x purchases until t_x by customers who are there."""
    r, alpha, s, beta = parameters
    beyond, t, customers, purchases = evidence.beyond, evidence.t_x, evidence.with_t_x, evidence.purchases_t_x
    r_j = r + np.arange(len(beyond))
    A, B = alpha + t, beta + t
    to_buy, to_leave = np.log1p(t / alpha), np.log1p(t / beta)
    near_to_buy, near_to_leave = t / (alpha * A), t / (beta * B)  # 1 / alpha - 1 / (alpha + t)
    value = beyond @ np.log(r_j) - purchases @ np.log(A) - customers @ (r * to_buy + s * to_leave)
    gradient = np.array(
        [
            beyond @ (1 / r_j) - customers @ to_buy,
            r * (customers @ near_to_buy) - purchases @ (1 / A),
            -(customers @ to_leave),
            s * (customers @ near_to_leave),
        ]
    )
    hessian = np.zeros((4, 4))
    hessian[0, 0] = -(beyond @ r_j**-2)
    hessian[0, 1] = hessian[1, 0] = customers @ near_to_buy
    hessian[1, 1] = purchases @ A**-2 - r * (customers @ (near_to_buy * (1 / alpha + 1 / A)))
    hessian[2, 3] = hessian[3, 2] = customers @ near_to_leave
    hessian[3, 3] = -s * (customers @ (near_to_leave * (1 / beta + 1 / B)))
    return float(value), gradient, hessian


def _since_last_purchase(parameters: Parameters, evidence: Evidence) -> tuple[float, FloatArray, FloatArray]:
    """Return the part of silence from t_x until T by customers who are there at t_x."""
    r, alpha, s, beta = parameters
    at_last, at_end, count = evidence.at_last, evidence.at_end, evidence.count
    groups = (evidence.x_last, evidence.x_end), (evidence.t_last, evidence.t_end)
    last, end = (NextEvent(*shares) for shares in shares_at(with_derivatives, parameters, *groups))
    k, t, T = r + evidence.x_last[at_last], evidence.t_last[at_last], evidence.t_end[at_end]
    to_buy, to_leave = np.log1p((T - t) / (alpha + t)), np.log1p((T - t) / (beta + t))
    silence = Silence.of(k * to_buy + s * to_leave, last.gone[at_last], last.back[at_last], end.back[at_end])
    there = count * silence.there
    gone = count - there

    slope_last, bend_last = _log_derivatives(parameters, evidence.t_last, last, last.gone)
    slope_end, bend_end = _log_derivatives(parameters, evidence.t_end, end, -end.back)
    u = (t - T) / ((alpha + t) * (alpha + T))  # 1 / (alpha + T) - 1 / (alpha + t)
    v = (t - T) / ((beta + t) * (beta + T))
    steps = slope_last[:, at_last] - slope_end[:, at_end] + np.stack((to_buy, k * u, to_leave, s * v))
    by_last, by_end = np.bincount(at_last, gone, len(evidence.t_last)), np.bincount(at_end, there, len(evidence.t_end))

    gradient = slope_last @ np.bincount(at_last, count, len(evidence.t_last)) - steps @ there
    hessian = np.zeros((4, 4))
    hessian[_I, _J] = bend_last @ by_last + bend_end @ by_end
    hessian[0, 1] -= there @ u
    hessian[1, 1] += there @ (k * u * (1 / (alpha + t) + 1 / (alpha + T)))
    hessian[2, 3] -= there @ v
    hessian[3, 3] += s * (there @ (v * (1 / (beta + t) + 1 / (beta + T))))
    hessian[_J, _I] = hessian[_I, _J]
    hessian += (steps * (gone * silence.there)) @ steps.T
    return float(count @ silence.log), gradient, hessian


def _log_derivatives(
    parameters: Parameters, t: FloatArray, event: NextEvent, share: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return gradient (4, m) and Hessian (10, m: the upper triangle) of log(gone) or, for -back, of log(back)."""
    _, alpha, _, beta = parameters
    a, b = 1 / (alpha + t), -1 / (beta + t)  # derivatives of the log-ratio
    gradient = np.stack((event.gone_k, event.gone_l * a, event.gone_s, event.gone_l * b)) / share
    second = (
        event.gone_kk,
        event.gone_kl * a,
        event.gone_ks,
        event.gone_kl * b,
        (event.gone_ll - event.gone_l) * a**2,
        event.gone_ls * a,
        event.gone_ll * a * b,
        event.gone_ss,
        event.gone_ls * b,
        (event.gone_ll + event.gone_l) * b**2,
    )
    return gradient, np.stack(second) / share - gradient[_I] * gradient[_J]


def p_alive(parameters: Parameters, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Return the probability that a customer is still alive at T.

    Nothing has happened since t_x, given silence: Fader & Hardie (2005), without a difference.

    Parameters
    ----------
    parameters : (r, alpha, s, beta)
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    r, alpha, s, beta = parameters
    (gone, back), (_, back_later) = shares_at(gone_and_back, parameters, (x, x), (t_x, T))
    hazard = (r + x) * np.log1p((T - t_x) / (alpha + t_x)) + s * np.log1p((T - t_x) / (beta + t_x))
    return Silence.of(hazard, gone, back, back_later).alive


def p_purchase(parameters: Parameters, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Return the probability of at least one purchase within the horizon after T.

    P(alive) times the probability that the next event is a purchase and comes in time.

    Parameters
    ----------
    parameters : (r, alpha, s, beta)
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

    P(alive) times the mean rate :math:`(r + x) / (\alpha + T)` times the mean time alive within the horizon: the two
    rates of a living customer are independent. Fader & Hardie (2005), whose form is 0/0 at s = 1. Over an
    infinite horizon it is infinite unless s > 1.

    Parameters
    ----------
    parameters : (r, alpha, s, beta)
    horizon : float
        Time ahead.
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    return _expected(parameters, horizon, p_alive(parameters, x, t_x, T), x, T)


def forecast(
    parameters: Parameters, horizon: float, delta: float, x: IntArray, t_x: FloatArray, T: FloatArray
) -> Forecast:
    """Return all forecasts of one horizon, at little more than the cost of one.

    Parameters
    ----------
    parameters : (r, alpha, s, beta)
    horizon : float
        Time ahead.
    delta : float
        Continuous discount rate per time unit, at least 0.
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    Forecast
    """
    r, alpha, s, beta = parameters
    alive = p_alive(parameters, x, t_x, T)
    expected = _expected(parameters, horizon, alive, x, T)
    discounted = expected
    if delta > 0:
        panels = AgePanels(np.zeros_like(x), T, beta)
        time = panels.interpolated(lambda _, age: _discounted_time_alive(s, beta + age, horizon, delta, beta))
        discounted = alive * (r + x) / (alpha + T) * time
    return Forecast(alive, alive * _buys_if_alive(parameters, horizon, x, T), expected, discounted)


def expected_purchases_new(parameters: Parameters, horizon: FloatArray) -> FloatArray:
    """Return the expected number of repeat purchases of a new customer within each horizon.

    Fader & Hardie (2005), whose form is 0/0 at s = 1.

    Parameters
    ----------
    parameters : (r, alpha, s, beta)
    horizon : ndarray of float64, shape (m,)
        Times since the first purchase, at least 0.

    Returns
    -------
    ndarray of float64, shape (m,)
    """
    r, alpha, s, beta = parameters
    return r / alpha * _time_alive(s, beta, horizon)


def discounted_purchases_new(parameters: Parameters, horizon: float, delta: float) -> float:
    """Return the discounted number of repeat purchases that a new customer is expected to make.

    Parameters
    ----------
    parameters : (r, alpha, s, beta)
    horizon : float
        Time since the first purchase.
    delta : float
        Continuous discount rate per time unit, at least 0.

    Returns
    -------
    float
    """
    r, alpha, s, beta = parameters
    return r / alpha * float(_discounted_time_alive(s, np.array([beta]), horizon, delta, beta)[0])


def pmf(parameters: Parameters, n: IntArray, horizon: float) -> FloatArray:
    """Return the probability that a new customer makes n repeat purchases within the horizon.

    Fader & Hardie (2006), "Deriving an expression for P(X(t) = x) under the Pareto/NBD model", before its integral over
    the moment of leaving is turned into hypergeometric functions.

    Parameters
    ----------
    parameters : (r, alpha, s, beta)
    n : ndarray of int64
        Numbers of purchases, at least 0.
    horizon : float
        Time since the first purchase, above 0 and finite.

    Returns
    -------
    ndarray of float64
        Of the shape of n.
    """
    flat = n.ravel()
    return _pmf_if_alive(parameters, flat, horizon, np.zeros_like(flat), np.zeros(flat.shape)).reshape(n.shape)


def pmf_ahead(
    parameters: Parameters, n: IntArray, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray
) -> FloatArray:
    """Return the probability that a customer makes n purchases within the horizon after T.

    Who is alive buys on like a new customer with the parameters r + x, alpha + T, s, beta + T.

    Parameters
    ----------
    parameters : (r, alpha, s, beta)
    n : ndarray of int64, shape (n,)
        Numbers of purchases, at least 0.
    horizon : float
        Time ahead, above 0 and finite.
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    alive = p_alive(parameters, x, t_x, T)
    return alive * _pmf_if_alive(parameters, n, horizon, x, T) + np.where(n == 0, 1 - alive, 0.0)


def simulate(
    parameters: Parameters, T: FloatArray, random: np.random.Generator
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Draw customers from the model's own story and observe each until T.

    Parameters
    ----------
    parameters : (r, alpha, s, beta)
    T : ndarray of float64, shape (n,)
        Ages to observe them at.
    random : numpy.random.Generator

    Returns
    -------
    x : ndarray of int64, shape (n,)
    t_x : ndarray of float64, shape (n,)
    rate, leaving : ndarray of float64, shape (n,)
        The rates of purchase and of leaving drawn for each.
    """
    r, alpha, s, beta = parameters
    n = len(T)
    rate, leaving = random.gamma(r, 1 / alpha, n), random.gamma(s, 1 / beta, n)
    there = np.minimum(T, random.standard_exponential(n) / np.maximum(leaving, 1e-300))
    x = random.poisson(rate * there).astype(np.int64)
    last = random.beta(np.maximum(x, 1), 1.0)  # the largest of x uniform times
    return x, np.where(x > 0, last * there, 0.0), rate, leaving


def _expected(parameters: Parameters, horizon: float, alive: FloatArray, x: IntArray, T: FloatArray) -> FloatArray:
    r, alpha, s, beta = parameters
    if_alive = (r + x) / (alpha + T) * _time_alive(s, beta + T, horizon)
    return if_alive if math.isinf(horizon) and s <= 1 else alive * if_alive


def _time_alive(s: float, B: ArrayLike, horizon: ArrayLike) -> FloatArray:
    """Return the expected time within the horizon that a customer alive with rates Gamma(s, B) stays."""
    rate, finite = np.asarray(B, np.float64), np.isfinite(horizon)
    length = np.log1p(np.where(finite, horizon, 0.0) / rate)
    return np.where(finite, rate * length * exprel((1 - s) * length), rate / (s - 1) if s > 1 else np.inf)


def _discounted_time_alive(s: float, B: FloatArray, horizon: float, delta: float, beta: float) -> FloatArray:
    """Return the expected present value of that time, for B from beta on."""
    return discounted(lambda t: _time_alive(s, B, t), horizon, beta / (1 + s), delta)


def _buys_if_alive(parameters: Parameters, horizon: float, x: IntArray, T: FloatArray) -> FloatArray:
    """Return the probability that the next event after T is a purchase and comes within the horizon."""
    r, alpha, s, beta = parameters
    farthest = float(log_ratio(parameters, 0.0))

    def if_alive(x: int, age: FloatArray) -> FloatArray:
        k = r + x
        if horizon * (k / alpha + s / beta) > _LONG:
            hazard = k * np.log1p(horizon / (alpha + age)) + s * np.log1p(horizon / (beta + age))
            gone, back = gone_and_back(k, log_ratio(parameters, age), s, farthest)
            _, back_later = gone_and_back(k, log_ratio(parameters, age + horizon), s, farthest)
            return Silence.of(hazard, gone, back, back_later).bought
        A, B = (alpha + age)[:, None], (beta + age)[:, None]
        u, weight = discount_nodes(horizon, min(alpha, beta, 1 / (k / alpha + s / beta)), 0.0, finer=1.5)
        with np.errstate(under="ignore"):
            density = k / (A + u) * np.exp(-k * np.log1p(u / A) - s * np.log1p(u / B))
            return np.asarray((density * weight).sum(axis=1))

    return np.minimum(AgePanels(x, T, min(alpha, beta)).interpolated(if_alive), 1.0)  # which rounding may exceed


def _pmf_if_alive(parameters: Parameters, n: IntArray, horizon: float, x: IntArray, T: FloatArray) -> FloatArray:
    r, alpha, s, beta = parameters
    k, A, B, bought = r + x.astype(np.float64), alpha + T, beta + T, n.astype(np.float64)
    log_bought = log_gamma_ratio(k, bought) - gammaln(bought + 1)
    log_bought -= k * np.log1p(horizon / A) + bought * np.log1p(A / horizon)
    stays = np.exp(log_bought - s * np.log1p(horizon / B))
    return stays + leaves_after(bought, horizon, k, A, s, B)
