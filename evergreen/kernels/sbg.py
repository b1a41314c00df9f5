r"""Shifted beta-geometric (sBG): contracts that come up for renewal at fixed dates.

At each renewal a customer leaves with a probability of their own, :math:`\theta \sim Beta(\alpha, \beta)`, for good.
So a customer who has renewed n times is like a new one with :math:`Beta(\alpha, \beta + n)`: those who stay are
those who tend to stay.

Fader & Hardie (2007), "How to project customer retention". Parameters come as the tuple (alpha, beta); time is
counted in renewals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from evergreen.kernels.beta_rule import beta_rule
from evergreen.kernels.discounting import foreseeable
from evergreen.kernels.special import log_gamma_ratio, log_rising_ratio
from evergreen.typing import BoolArray, FloatArray, IntArray

Parameters = tuple[float, float]

_TABLE: Final = 10_000  # renewals up to which survival is a running sum; beyond, Stirling's series has no error
_BELOW_ONE: Final = 1 - 2**-53


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the likelihood needs of contracts.

    Attributes
    ----------
    renewed, lost : ndarray, shape (m,)
        Customers who renewed, and who left, at the 1st, 2nd, ... m-th renewal.
    """

    renewed: FloatArray
    lost: FloatArray


def gather(renewals: IntArray, lost: BoolArray, count: IntArray) -> Evidence:
    """Return the evidence of distinct histories.

    Parameters
    ----------
    renewals : ndarray of int64, shape (n,)
        How often the contract was renewed.
    lost : ndarray of bool, shape (n,)
        Whether the customer left at the renewal that followed; otherwise it was not seen yet.
    count : ndarray of int64, shape (n,)
        Customers with this history.

    Returns
    -------
    Evidence
    """
    length = int(renewals.max(initial=0)) + 1
    weight = count.astype(np.float64)
    seen: FloatArray = np.bincount(renewals, weight, length).astype(np.float64)
    left: FloatArray = np.bincount(renewals, weight * lost, length).astype(np.float64)
    return Evidence(np.cumsum(seen[::-1])[::-1] - seen, left)


def log_likelihood(parameters: Parameters, evidence: Evidence) -> tuple[float, FloatArray, FloatArray]:
    r"""Return the log-likelihood with its gradient and Hessian.

    Fader & Hardie (2007), appendix B, renewal by renewal: who has renewed j times renews again with probability
    :math:`(\beta + j) / (\alpha + \beta + j)`.

    Parameters
    ----------
    parameters : (alpha, beta)
        Above 0.
    evidence : Evidence
        The contracts.

    Returns
    -------
    value : float
        Sum over all customers.
    gradient : ndarray, shape (2,)
        With respect to alpha, beta.
    hessian : ndarray, shape (2, 2)
    """
    alpha, beta = parameters
    renewed, lost = evidence.renewed, evidence.lost
    stays = beta + np.arange(len(renewed))
    in_alpha, in_stays, in_all = 1 / alpha, 1 / stays, 1 / (alpha + stays)
    value = -float(renewed @ np.log1p(alpha / stays) + lost @ np.log1p(stays / alpha))
    gradient = np.array(
        [
            in_alpha * (lost @ (stays * in_all)) - renewed @ in_all,
            alpha * (renewed @ (in_stays * in_all)) - lost @ in_all,
        ]
    )
    hessian = np.full((2, 2), (renewed + lost) @ in_all**2)
    hessian[0, 0] -= in_alpha**2 * lost.sum()
    hessian[1, 1] -= renewed @ in_stays**2
    return value, gradient, hessian


def log_survival(parameters: Parameters, t: IntArray) -> FloatArray:
    """Return the logarithm of the probability to renew t times or more.

    Fader & Hardie (2007), equation 6.

    Parameters
    ----------
    parameters : (alpha, beta)
    t : ndarray of int64
        Renewals, at least 0.

    Returns
    -------
    ndarray of float64
        Of the shape of t.
    """
    alpha, beta = parameters
    near, far = np.minimum(t, _TABLE), np.maximum(t, _TABLE)
    beyond = log_gamma_ratio(beta + _TABLE, alpha) - log_gamma_ratio(beta + far, alpha)
    return log_rising_ratio(beta, alpha + beta, near) + np.where(t > _TABLE, beyond, 0.0)


def retention(parameters: Parameters, n: IntArray) -> FloatArray:
    """Return the probability that a customer who has renewed n times renews again.

    Fader & Hardie (2007), equation 8.

    Parameters
    ----------
    parameters : (alpha, beta)
    n : ndarray of int64
        Renewals so far, at least 0.

    Returns
    -------
    ndarray of float64
        Of the shape of n.
    """
    alpha, beta = parameters
    return (beta + n) / (alpha + beta + n)


def discounted_renewals(parameters: Parameters, horizon: float, delta: float) -> float:
    r"""Return the discounted number of renewals that a new customer is expected to make.

    The mean over :math:`\theta \sim Beta(\alpha, \beta)` of :math:`\sum_{j=1}^{h} e^{-\delta j} (1 - \theta)^j`, a
    geometric sum; the first factor :math:`1 - \theta` makes it a mean over :math:`Beta(\alpha, \beta + 1)` of a
    function that is nowhere small. Over an infinite horizon this is the sum of Fader & Hardie (2010) without its
    hypergeometric function.

    Parameters
    ----------
    parameters : (alpha, beta)
    horizon : float
        Number of renewals ahead, whole or infinite.
    delta : float
        Continuous discount rate per renewal, at least 0: the first renewal counts ``exp(-delta)``.

    Returns
    -------
    float
        Infinite for an infinite horizon without discount where ``alpha <= 1``.
    """
    alpha, beta = parameters
    if delta == 0 and math.isinf(horizon):
        return beta / (alpha - 1) if alpha > 1 else math.inf
    reach = foreseeable(horizon, delta) if delta > 0 else horizon
    theta, weight = beta_rule(alpha, beta + 1, smallest=1 / (1 + reach))
    decay = np.log1p(-np.minimum(theta, _BELOW_ONE)) - delta
    total = float((weight * (np.expm1(horizon * decay) / np.expm1(decay))).sum())
    total = max(total, min(horizon, 1.0))  # a horizon of 1 is the first renewal alone, to the last bit
    return math.exp(-delta) * beta / (alpha + beta) * total


def simulate(
    parameters: Parameters, seen: IntArray, random: np.random.Generator
) -> tuple[IntArray, BoolArray, FloatArray]:
    """Draw customers from the model's own story and observe some renewals of each.

    Parameters
    ----------
    parameters : (alpha, beta)
    seen : ndarray of int64, shape (n,)
        How many renewals to observe, unless the customer leaves before.
    random : numpy.random.Generator

    Returns
    -------
    renewals : ndarray of int64, shape (n,)
    lost : ndarray of bool, shape (n,)
    theta : ndarray of float64, shape (n,)
        The probability to leave drawn for each.
    """
    alpha, beta = parameters
    theta = random.beta(alpha, beta, len(seen))
    possible = survived(theta, random)
    return np.minimum(possible, seen).astype(np.int64), possible < seen, theta


def survived(p: FloatArray, random: np.random.Generator) -> FloatArray:
    """Draw how many trials pass before the first success: geometric, starting from 0.

    Parameters
    ----------
    p : ndarray of float64, shape (n,)
        Probability of success of each trial.
    random : numpy.random.Generator

    Returns
    -------
    ndarray of float64, shape (n,)
        Whole numbers; they may be too large for an integer.
    """
    return np.floor(np.log1p(-random.random(len(p))) / np.log1p(-np.clip(p, 1e-300, _BELOW_ONE)))
