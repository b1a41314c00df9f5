r"""BG/BB: beta-Bernoulli purchasing and beta-geometric dropout, at opportunities that come one by one.

Time is a row of opportunities: yearly appeals, monthly boxes, weekly markets. At the beginning of each a customer
leaves for good with probability :math:`\theta \sim Beta(\gamma, \delta)`; who is there buys with probability
:math:`p \sim Beta(\alpha, \beta)`.

Fader, Hardie & Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting". Letters are the
paper's: x purchases, the last at opportunity t_x, out of T opportunities after the first purchase (the paper's n);
t_x and T are whole numbers held as floats, and so are horizons. Parameters come as the tuple (alpha, beta, gamma,
delta).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from evergreen.kernels import sbg
from evergreen.kernels.discounting import discount_nodes
from evergreen.kernels.shape import Forecast
from evergreen.kernels.silence import Block, Parameters, blocks, log_p_there, silence_likelihood
from evergreen.kernels.special import digamma_difference, log_gamma_ratio
from evergreen.typing import FloatArray, IntArray

_STEPS: Final = 1_000  # opportunities ahead that are followed one by one; what comes later is an integral
_SURE: Final = 1e-17  # a chance that changes no digit of the sum it would be added to


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the likelihood needs of a customer base.

    Attributes
    ----------
    bought : sbg.Evidence
        Customers with more than 0, 1, 2, ... purchases.
    silence : tuple of (Block, ndarray)
        Histories by their number of purchases, and the customers with each.
    """

    bought: sbg.Evidence
    silence: tuple[tuple[Block, FloatArray], ...]


def gather(x: IntArray, t_x: FloatArray, T: FloatArray, count: IntArray) -> Evidence:
    """Return the evidence of distinct histories.

    Parameters
    ----------
    x : ndarray of int64, shape (n,)
        Purchases after the first.
    t_x, T : ndarray of float64, shape (n,)
        Opportunity of the last of them, and number of opportunities: whole, ``x <= t_x <= T``.
    count : ndarray of int64, shape (n,)
        Customers with this history.

    Returns
    -------
    Evidence
    """
    bought = sbg.gather(x, np.zeros(len(x), np.bool_), count)
    weight = count.astype(np.float64)
    return Evidence(bought, tuple((block, weight[block.histories]) for block in blocks(x, t_x, T)))


def log_likelihood(parameters: Parameters, evidence: Evidence) -> tuple[float, FloatArray, FloatArray]:
    """Return the log-likelihood with its gradient and Hessian.

    The probability of the order in which purchases came does not matter: a path with x of them is as likely as x
    purchases in a row, which is the likelihood of x renewals in buying and in staying, and silence after that.

    Parameters
    ----------
    parameters : (alpha, beta, gamma, delta)
        Above 0.
    evidence : Evidence
        The customer base.

    Returns
    -------
    value : float
        Sum over all customers.
    gradient : ndarray, shape (4,)
        With respect to alpha, beta, gamma, delta.
    hessian : ndarray, shape (4, 4)
    """
    alpha, beta, gamma, delta = parameters
    buys, buys_slope, buys_bend = sbg.log_likelihood((beta, alpha), evidence.bought)
    stays, stays_slope, stays_bend = sbg.log_likelihood((gamma, delta), evidence.bought)
    value, gradient = buys + stays, np.concatenate((buys_slope[::-1], stays_slope))
    hessian = np.zeros((4, 4))
    hessian[:2, :2], hessian[2:, 2:] = buys_bend[::-1, ::-1], stays_bend
    for block, count in evidence.silence:
        more, slope, bend = silence_likelihood(parameters, block, count)
        value += more
        gradient += slope
        hessian += bend
    return value, gradient, hessian


def p_alive(parameters: Parameters, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Return the probability that a customer is still alive at the next opportunity, T + 1.

    Fader, Hardie & Shang (2010), equation 11. Who has just bought was alive at T for sure, and may yet leave at the
    beginning of the next opportunity.

    Parameters
    ----------
    parameters : (alpha, beta, gamma, delta)
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    return _alive_at_end(parameters, x, t_x, T) * _stays(parameters, T)


def p_purchase(parameters: Parameters, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Return the probability of at least one purchase at the opportunities within the horizon after T.

    Parameters
    ----------
    parameters : (alpha, beta, gamma, delta)
    horizon : float
        Opportunities ahead.
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    return _alive_at_end(parameters, x, t_x, T) * _buys_if_alive(parameters, horizon, x, T)


def expected_purchases(
    parameters: Parameters, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray
) -> FloatArray:
    """Return the expected number of purchases at the opportunities within the horizon after T.

    Fader, Hardie & Shang (2010), equation 13, without its difference of ratios of gamma functions. Over an infinite
    horizon it is infinite unless gamma > 1.

    Parameters
    ----------
    parameters : (alpha, beta, gamma, delta)
    horizon : float
        Opportunities ahead.
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    return _expected(parameters, horizon, _alive_at_end(parameters, x, t_x, T), x, T)


def forecast(
    parameters: Parameters, horizon: float, delta: float, x: IntArray, t_x: FloatArray, T: FloatArray
) -> Forecast:
    """Return all forecasts of one horizon.

    Parameters
    ----------
    parameters : (alpha, beta, gamma, delta)
    horizon : float
        Opportunities ahead.
    delta : float
        Continuous discount rate per opportunity, at least 0: a purchase at the j-th opportunity ahead counts
        ``exp(-delta j)``, so that with an infinite horizon this is the paper's DERT.
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    Forecast
    """
    alive = _alive_at_end(parameters, x, t_x, T)
    expected = _expected(parameters, horizon, alive, x, T)
    discounted = expected if delta == 0 else alive * _expected_if_alive(parameters, horizon, delta, x, T)
    buys = alive * _buys_if_alive(parameters, horizon, x, T)
    return Forecast(alive * _stays(parameters, T), buys, expected, discounted)


def expected_purchases_new(parameters: Parameters, horizon: FloatArray) -> FloatArray:
    """Return the expected number of repeat purchases of a new customer within each horizon.

    Fader, Hardie & Shang (2010), equation 8.

    Parameters
    ----------
    parameters : (alpha, beta, gamma, delta)
    horizon : ndarray of float64, shape (m,)
        Opportunities after the first purchase, at least 0.

    Returns
    -------
    ndarray of float64, shape (m,)
    """
    distinct, place = np.unique(horizon, return_inverse=True)
    return np.array([discounted_purchases_new(parameters, h, 0.0) for h in distinct.tolist()])[place]


def discounted_purchases_new(parameters: Parameters, horizon: float, delta: float) -> float:
    """Return the discounted number of repeat purchases that a new customer is expected to make.

    Parameters
    ----------
    parameters : (alpha, beta, gamma, delta)
    horizon : float
        Opportunities after the first purchase.
    delta : float
        Continuous discount rate per opportunity, at least 0.

    Returns
    -------
    float
    """
    alpha, beta, gamma, stay = parameters
    return alpha / (alpha + beta) * sbg.discounted_renewals((gamma, stay), horizon, delta)


def pmf(parameters: Parameters, n: IntArray, horizon: float) -> FloatArray:
    """Return the probability that a new customer makes n repeat purchases within the horizon.

    Fader, Hardie & Shang (2010), equation 7.

    Parameters
    ----------
    parameters : (alpha, beta, gamma, delta)
    n : ndarray of int64
        Numbers of purchases, at least 0.
    horizon : float
        Opportunities after the first purchase, at least 1 and finite.

    Returns
    -------
    ndarray of float64
        Of the shape of n.
    """
    return _pmf_if_alive(parameters, n, horizon, np.zeros_like(n), np.zeros(n.shape))


def pmf_ahead(
    parameters: Parameters, n: IntArray, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray
) -> FloatArray:
    """Return the probability that a customer makes n purchases within the horizon after T.

    Who was alive at T buys on like a new customer with the parameters alpha + x, beta + T - x, gamma, delta + T.

    Parameters
    ----------
    parameters : (alpha, beta, gamma, delta)
    n : ndarray of int64, shape (n,)
        Numbers of purchases, at least 0.
    horizon : float
        Opportunities ahead, at least 1 and finite.
    x, t_x, T : ndarray, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    alive = _alive_at_end(parameters, x, t_x, T)
    return alive * _pmf_if_alive(parameters, n, horizon, x, T) + np.where(n == 0, 1 - alive, 0.0)


def simulate(
    parameters: Parameters, T: FloatArray, random: np.random.Generator
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Draw customers from the model's own story and observe each until T.

    Of the opportunities at which a customer is there, those after the last purchase are a geometric number; before
    it, purchases are binomial.

    Parameters
    ----------
    parameters : (alpha, beta, gamma, delta)
    T : ndarray of float64, shape (n,)
        Opportunities to observe them at: whole.
    random : numpy.random.Generator

    Returns
    -------
    x : ndarray of int64, shape (n,)
    t_x : ndarray of float64, shape (n,)
    p, theta : ndarray of float64, shape (n,)
        The probabilities to buy and to leave drawn for each.
    """
    alpha, beta, gamma, delta = parameters
    p, theta = random.beta(alpha, beta, len(T)), random.beta(gamma, delta, len(T))
    there = np.minimum(sbg.survived(theta, random), T)
    t_x = np.maximum(there - sbg.survived(p, random), 0.0)
    earlier = random.binomial(np.maximum(t_x - 1, 0.0).astype(np.int64), p)
    return np.where(t_x > 0, earlier + 1, 0), t_x, p, theta


def _alive_at_end(parameters: Parameters, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Return the probability of having been alive at T, the last opportunity observed."""
    return np.exp(log_p_there(parameters, x.ravel(), t_x.ravel(), T.ravel())).reshape(x.shape)


def _stays(parameters: Parameters, T: FloatArray) -> FloatArray:
    """Return the probability that who was alive at T is so at T + 1."""
    _, _, gamma, delta = parameters
    return (delta + T) / (gamma + (delta + T))


def _buys(parameters: Parameters, x: IntArray, T: FloatArray) -> FloatArray:
    """Return the probability to buy at an opportunity, of those who are there."""
    alpha, beta, _, _ = parameters
    return (alpha + x) / ((alpha + x) + (beta + (T - x)))


def _expected(parameters: Parameters, horizon: float, alive: FloatArray, x: IntArray, T: FloatArray) -> FloatArray:
    if_alive = _expected_if_alive(parameters, horizon, 0.0, x, T)
    infinite = math.isinf(horizon) and parameters[2] <= 1
    return if_alive if infinite else alive * if_alive


def _expected_if_alive(parameters: Parameters, horizon: float, delta: float, x: IntArray, T: FloatArray) -> FloatArray:
    """Return the (discounted) purchases expected of who was alive at T."""
    _, _, gamma, stay = parameters
    ages, place = np.unique(T, return_inverse=True)
    there = np.array([sbg.discounted_renewals((gamma, stay + age), horizon, delta) for age in ages.tolist()])
    return _buys(parameters, x, T) * there[place.reshape(T.shape)]


def _buys_if_alive(parameters: Parameters, horizon: float, x: IntArray, T: FloatArray) -> FloatArray:
    """Return the probability of at least one purchase, of who was alive at T: the sum over when the first comes."""
    alpha, beta, gamma, delta = parameters
    pairs, place = np.unique(np.stack((x.ravel(), T.ravel())), axis=1, return_inverse=True)
    a, b, d = alpha + pairs[0], beta + (pairs[1] - pairs[0]), delta + pairs[1]
    total, silent, first = np.zeros_like(a), np.ones_like(a), np.zeros_like(a)
    for j in range(int(min(horizon, _STEPS))):
        there, every = (d + j) / (gamma + (d + j)), a + (b + j)
        first = silent * there * (a / every)
        total += first
        silent *= there * ((b + j) / every)
        if not (silent > _SURE * total).any():
            break
    if horizon > _STEPS:
        for i in np.flatnonzero(silent > _SURE * total).tolist():
            total[i] += first[i] * _later(horizon, float(a[i]), float(b[i]), gamma, float(d[i]))
    return np.minimum(total[place.reshape(x.shape)], _stays(parameters, T))


def _later(horizon: float, a: float, b: float, gamma: float, d: float) -> float:
    r"""Return how likely a first purchase after ``_STEPS`` opportunities is, to one at the last of these.

    The chance of a first purchase at opportunity t + 1 is proportional to
    :math:`\Gamma(b + t) / \Gamma(a + b + t + 1) \cdot \Gamma(d + t + 1) / \Gamma(\gamma + d + t + 1)`. By now it
    hardly changes from one opportunity to the next, and its sum is an integral (Euler and Maclaurin's), which is
    smooth in the logarithm of time; far out it is a power of t.
    """
    start, end, far = _STEPS - 0.5, horizon - 0.5, 1e17 * (1 + a + b + gamma + d)
    last = log_gamma_ratio(b + _STEPS - 1, a + 1) + log_gamma_ratio(d + _STEPS, gamma)

    def chance(t: FloatArray) -> FloatArray:
        return np.exp(last - log_gamma_ratio(b + t, a + 1) - log_gamma_ratio(d + 1 + t, gamma))

    near = np.array([start, min(end, far)])
    rates = digamma_difference(b + near, a + 1) + digamma_difference(d + 1 + near, gamma)
    time, weight = discount_nodes(float(near[1]) - start, 1 / float(rates[0]), float(rates[0]))
    slopes = rates * chance(near)
    total = float((weight * chance(start + time)).sum()) - float(slopes[0] - slopes[1]) / 24
    if end > far:
        power = a + gamma
        total -= float(chance(np.array(far))) * far * math.expm1(-power * math.log(end / far)) / power
    return total


def _pmf_if_alive(parameters: Parameters, n: IntArray, horizon: float, x: IntArray, T: FloatArray) -> FloatArray:
    """Return the probability of n purchases within the horizon, of who was alive at T: the sum over when he leaves.

    The order of purchases does not matter to its probability: all paths to n purchases out of j opportunities are as
    likely as one that begins with them.
    """
    alpha, beta, gamma, delta = parameters
    a, b, d = alpha + x, beta + (T - x), delta + T
    log_path, total = np.zeros(n.shape), np.zeros(n.shape)
    for j in range(int(horizon)):
        silent = np.maximum(j - n, 0)
        life, every = gamma + (d + j), a + (b + j)
        total += np.where(j >= n, np.exp(log_path), 0.0) * (gamma / life)
        step = np.where(j < n, a + j, (b + silent) * ((j + 1) / (silent + 1)))
        log_path += np.log(step / every * ((d + j) / life))
    return np.where(n <= horizon, total + np.exp(log_path), 0.0)
