r"""Gamma-gamma: what a customer spends per occasion (Fader & Hardie, 2013, note 025).

An occasion's value is :math:`gamma(p, \nu)` about the customer's own level, levels vary by
:math:`\nu \sim gamma(q, v)`. x occasions are observed with mean m. Parameters come as the tuple (p, q, v);
v is in money.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from evergreen.kernels.special import digamma_difference, log_gamma_ratio
from evergreen.typing import FloatArray, IntArray

Parameters = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the likelihood needs of the repeat buyers; terms in x alone are grouped by x.

    Attributes
    ----------
    customers : float
        Number of customers.
    x, with_x : ndarray, shape (m,)
        Distinct numbers of occasions and the customers with each.
    total : ndarray, shape (n,)
        Summed value of the occasions of each distinct (x, mean).
    occasions, count : ndarray, shape (n,)
        x of each distinct (x, mean) and how many customers share it.
    log_mean : float
        Sum over all customers of the logarithm of the mean.
    """

    customers: float
    x: FloatArray
    with_x: FloatArray
    total: FloatArray
    occasions: FloatArray
    count: FloatArray
    log_mean: float


def gather(x: IntArray, mean: FloatArray, count: IntArray) -> Evidence:
    """Return the evidence of distinct spends.

    Parameters
    ----------
    x : ndarray of int64, shape (n,)
        Occasions, at least 1.
    mean : ndarray of float64, shape (n,)
        Mean value of the occasions, above 0.
    count : ndarray of int64, shape (n,)
        Customers that share it.

    Returns
    -------
    Evidence
    """
    weight = count.astype(np.float64)
    with_x = np.asarray(np.bincount(x, weight), np.float64)
    present = np.flatnonzero(with_x)
    return Evidence(
        float(weight.sum()),
        present.astype(np.float64),
        with_x[present],
        np.asarray(x * mean, np.float64),
        x.astype(np.float64),
        weight,
        float(weight @ np.log(mean)),
    )


def log_likelihood(parameters: Parameters, evidence: Evidence) -> tuple[float, FloatArray, FloatArray]:
    """Return the log-likelihood with its gradient and Hessian.

    Fader & Hardie (2013), equation 1a, with every power of money as the logarithm of a ratio.

    Parameters
    ----------
    parameters : (p, q, v)
        Above 0.
    evidence : Evidence

    Returns
    -------
    value : float
        Sum over all customers.
    gradient : ndarray, shape (3,)
        With respect to p, q, v.
    hessian : ndarray, shape (3, 3)
    """
    p, q, v = parameters
    n, x, with_x = evidence.customers, evidence.x, evidence.with_x
    px = p * x
    value = float(with_x @ log_gamma_ratio(px, q)) - n * float(gammaln(q)) - evidence.log_mean
    gradient, hessian = np.zeros(3), np.zeros((3, 3))
    in_z, in_zq = digamma(px + q), digamma_difference(px, q)
    gradient[0] = with_x @ (x * in_zq)
    gradient[1] = with_x @ in_z - n * digamma(q)
    trigamma = polygamma(1, px + q)
    hessian[0, 0] = with_x @ (x * x * digamma_difference(px, q, order=1))
    hessian[0, 1] = hessian[1, 0] = with_x @ (x * trigamma)
    hessian[1, 1] = with_x @ trigamma - n * polygamma(1, q)

    k, count = evidence.occasions, evidence.count
    over_v, over_total = np.log1p(evidence.total / v), np.log1p(v / evidence.total)
    both = 1 / (v + evidence.total)
    value -= float(count @ (p * k * over_total + q * over_v))
    gradient[0] -= count @ (k * over_total)
    gradient[1] -= count @ over_v
    gradient[2] = n * q / v - count @ ((p * k + q) * both)
    hessian[0, 2] = hessian[2, 0] = -(count @ (k * both))
    hessian[1, 2] = hessian[2, 1] = n / v - count @ both
    hessian[2, 2] = -n * q / v**2 + count @ ((p * k + q) * both * both)
    return value, gradient, hessian


def credibility(parameters: Parameters, x: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return what makes the expected value per occasion of customers with x occasions a straight line in their mean.

    Fader & Hardie (2013), equation 5: the mean of the population and the customer's own, weighted. With q <= 1 the
    population has no finite mean, and neither has a customer for whom p x + q <= 1: infinity.

    Parameters
    ----------
    parameters : (p, q, v)
    x : ndarray of int64, shape (n,)
        Occasions, 0 for a customer who has shown none.

    Returns
    -------
    level : ndarray of float64, shape (n,)
        Share of the population in the expectation, in the money of v.
    weight : ndarray of float64, shape (n,)
        Weight of the customer's own mean: the expectation is ``level + weight * mean``.
    """
    p, q, v = parameters
    known = p * x
    total = known + (q - 1)
    finite = total > 0
    divisor = np.where(finite, total, 1.0)
    return np.where(finite, p * v / divisor, np.inf), np.where(finite, known / divisor, 0.0)


def simulate(parameters: Parameters, x: IntArray, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw customers' levels and the mean of x occasions each.

    Parameters
    ----------
    parameters : (p, q, v)
    x : ndarray of int64, shape (n,)
        Occasions to draw; the mean of none is 0.
    random : numpy.random.Generator

    Returns
    -------
    mean : ndarray of float64, shape (n,)
        Observed mean values.
    level : ndarray of float64, shape (n,)
        Each customer's true expected value per occasion, p / nu.
    """
    p, q, v = parameters
    nu = random.gamma(q, 1 / v, len(x))
    total = random.gamma(p * np.maximum(x, 1)) / nu
    return np.where(x > 0, total / np.maximum(x, 1), 0.0), p / nu
