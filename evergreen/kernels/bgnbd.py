r"""BG/NBD and MBG/NBD: beta-geometric dropout, negative binomial purchasing.

While alive a customer buys at rate :math:`\lambda \sim Gamma(r, \alpha)`; at each chance he leaves for good with
probability :math:`p \sim Beta(a, b)`. In the BG/NBD (Fader, Hardie & Lee, 2005) a chance comes with each repeat
purchase, in the MBG/NBD (Batislam, Denizel & Filiztekin, 2007) with the first purchase too. So all that differs is
the number of chances that x repeat purchases have brought: x, or x + 1.

Letters are the papers': x repeat purchases, t_x recency, T age; all times in one unit. Parameters come as the tuple
(r, alpha, a, b).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betainc, betaincc, expit, gammaln

from evergreen.kernels.beta_rule import beta_rule
from evergreen.kernels.discounting import discounted, foreseeable
from evergreen.kernels.grouping import sums_by_level
from evergreen.kernels.shape import Forecast
from evergreen.kernels.special import log_gamma_ratio, log_rising_ratio, softplus_and_expit
from evergreen.kernels.tabulate import AgePanels
from evergreen.typing import ArrayLike, FloatArray, IntArray

Parameters = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the likelihood needs of a customer base; terms in x alone and in T alone are summed up front.

    Attributes
    ----------
    customers : float
        Number of customers.
    beyond : ndarray, shape (max x,)
        Customers with more than 0, 1, 2, ... repeat purchases.
    stayed : ndarray, shape (max chances,)
        Customers who have had more than 0, 1, 2, ... chances to leave.
    T, with_T, purchases_T : ndarray, shape (m,)
        Ages, the customers of that age and their repeat purchases.
    x, t_x, age, count : ndarray, shape (n,)
        Distinct histories of customers who have had a chance to leave, and how many customers share each.
    """

    customers: float
    beyond: FloatArray
    stayed: FloatArray
    T: FloatArray
    with_T: FloatArray
    purchases_T: FloatArray
    x: FloatArray
    t_x: FloatArray
    age: FloatArray
    count: FloatArray


@dataclass(frozen=True, slots=True)
class BetaGeometric:
    """The formulas of both models.

    Parameters
    ----------
    at_first : bool
        Whether the first purchase, too, is a chance to leave: the MBG/NBD.
    """

    at_first: bool

    def gather(self, x: IntArray, t_x: FloatArray, T: FloatArray, count: IntArray) -> Evidence:
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
        customers = float(weight.sum())
        beyond = np.asarray(np.cumsum(np.bincount(x, weight)[::-1])[::-1][1:], np.float64)
        stayed = np.concatenate(([customers], beyond)) if self.at_first else beyond
        tempted = self._chances(x) > 0
        return Evidence(
            customers,
            beyond,
            stayed,
            ages,
            with_T,
            purchases_T,
            x[tempted].astype(np.float64),
            t_x[tempted],
            T[tempted],
            weight[tempted],
        )

    def log_likelihood(self, parameters: Parameters, evidence: Evidence) -> tuple[float, FloatArray, FloatArray]:
        """Return the log-likelihood with its gradient and Hessian.

        Fader, Hardie & Lee (2005), equation 6, arranged so that nothing overflows (Hardie's note 027); Batislam,
        Denizel & Filiztekin (2007), equation 3, likewise.

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
        value, gradient, hessian = tables_part(parameters, evidence)
        r, alpha, a, b = parameters
        x, t_x, age, count = evidence.x, evidence.t_x, evidence.age, evidence.count
        k = r + x
        u = (t_x - age) / ((alpha + age) * (alpha + t_x))  # 1/(alpha + T) - 1/(alpha + t_x)
        v = 1 / (b + (self._chances(x) - 1))
        length = np.log1p((age - t_x) / (alpha + t_x))
        odds = np.log(a * v) + k * length
        softplus, left = softplus_and_expit(odds)
        value += float(count @ softplus)

        steps = np.stack((length, k * u, np.full_like(k, 1 / a), -v))
        weight = count * left
        gradient += steps @ weight
        hessian += (steps * (weight * (1 - left))) @ steps.T
        hessian[0, 1] += (mixed := float(weight @ u))
        hessian[1, 0] += mixed
        hessian[1, 1] -= float(weight @ (k * u * (1 / (alpha + age) + 1 / (alpha + t_x))))
        hessian[2, 2] -= float(weight.sum()) / a**2
        hessian[3, 3] += float(weight @ (v * v))
        return value, gradient, hessian

    def p_alive(self, parameters: Parameters, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Return the probability that a customer is still alive at T.

        Hardie's note 021, on the log-odds scale. It is 1 for every customer who has not had a chance to leave.

        Parameters
        ----------
        parameters : (r, alpha, a, b)
        x, t_x, T : ndarray, shape (n,)

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        r, alpha, a, b = parameters
        chances = self._chances(x)
        odds = np.log(a) - np.log(b + (np.maximum(chances, 1) - 1)) + (r + x) * np.log1p((T - t_x) / (alpha + t_x))
        return np.where(chances > 0, expit(-odds), 1.0)

    def p_purchase(
        self, parameters: Parameters, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray
    ) -> FloatArray:
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
        return _buys_if_alive(parameters, horizon, x, T) * self.p_alive(parameters, x, t_x, T)

    def expected_purchases(
        self, parameters: Parameters, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray
    ) -> FloatArray:
        r"""Return the expected number of purchases within the horizon after T.

        Fader, Hardie & Lee (2005), equation 10, before it is turned into a hypergeometric function:
        :math:`P(alive)\, E_p[(1 - (1 + p h / (\alpha + T))^{-(r + x)}) / p]` with :math:`p \sim Beta(a, b + n)`
        after n chances. All terms are positive, and nothing is special at a = 1. Over an infinite horizon it is
        infinite unless a > 1.

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
        alive = self.p_alive(parameters, x, t_x, T)
        return self._expected(parameters, horizon, alive, x, AgePanels(x, T, parameters[1]))

    def forecast(
        self, parameters: Parameters, horizon: float, delta: float, x: IntArray, t_x: FloatArray, T: FloatArray
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
        """
        alive = self.p_alive(parameters, x, t_x, T)
        panels = AgePanels(x, T, parameters[1])
        expected = self._expected(parameters, horizon, alive, x, panels)
        discounted = expected
        if delta > 0:
            discounted = alive * panels.interpolated(self._if_alive(parameters, horizon, delta))
        return Forecast(alive, alive * _buys_if_alive(parameters, horizon, x, T), expected, discounted)

    def expected_purchases_new(self, parameters: Parameters, horizon: FloatArray) -> FloatArray:
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
        r, alpha, a, _ = parameters
        remains, b = self._after_first(parameters)
        finite = np.isfinite(horizon)
        near = np.where(finite, horizon, 0.0)
        p, weight = beta_rule(a, b, smallest=bend(r, float(near.max(initial=0.0)) / alpha))
        expected = _mean_purchases(r, p, weight, near[:, None] * (p / alpha))
        return remains * np.where(finite, expected, chances_in_all(a, b))

    def discounted_purchases_new(self, parameters: Parameters, horizon: float, delta: float) -> float:
        """Return the discounted number of repeat purchases that a new customer is expected to make.

        Parameters
        ----------
        parameters : (r, alpha, a, b)
        horizon : float
            Time since the first purchase.
        delta : float
            Continuous discount rate per time unit, at least 0.

        Returns
        -------
        float
        """
        if horizon == 0 or delta == 0:
            return float(self.expected_purchases_new(parameters, np.array([horizon]))[0])
        remains, _ = self._after_first(parameters)
        return remains * float(self._if_alive(parameters, horizon, delta)(0, np.zeros(1))[0])

    def pmf(self, parameters: Parameters, n: IntArray, horizon: float) -> FloatArray:
        """Return the probability that a new customer makes n repeat purchases within the horizon.

        Fader, Hardie & Lee (2005), equation 8, its sum being a regularized incomplete beta function.

        Parameters
        ----------
        parameters : (r, alpha, a, b)
        n : ndarray of int64
            Numbers of purchases, at least 0.
        horizon : float
            Time since the first purchase, above 0 and finite.

        Returns
        -------
        ndarray of float64
            Of the shape of n.
        """
        r, alpha, a, b = parameters
        chances = self._chances(n)
        before = np.maximum(chances - 1, 0)
        silent = np.log1p(horizon / alpha)  # minus the log of alpha / (alpha + horizon)
        log_bought = log_rising_ratio(r, 1.0, n) - r * silent - n * np.log1p(alpha / horizon)
        alive = np.exp(log_rising_ratio(b, a + b, chances) + log_bought)
        left_at_last = np.exp(log_rising_ratio(b, a + b, before)) * a / (a + b + before)
        return alive + np.where(chances > 0, left_at_last * at_least(n, r, horizon, alpha), 0.0)

    def pmf_ahead(
        self, parameters: Parameters, n: IntArray, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray
    ) -> FloatArray:
        """Return the probability that a customer makes n purchases within the horizon after T.

        Who is alive buys on like a new customer of a BG/NBD with the parameters r + x, alpha + T, a, b + chances.

        Parameters
        ----------
        parameters : (r, alpha, a, b)
        n : ndarray of int64, shape (n,)
            Numbers of purchases, at least 0.
        horizon : float
            Time ahead, above 0 and finite.
        x, t_x, T : ndarray, shape (n,)

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        r, alpha, a, b = parameters
        k, A, stays = r + x, alpha + T, b + self._chances(x)
        before = np.maximum(n - 1, 0)
        log_bought = log_gamma_ratio(k, n) - gammaln(n + 1.0) - k * np.log1p(horizon / A) - n * np.log1p(A / horizon)
        stayed = log_gamma_ratio(stays, n) - log_gamma_ratio(a + stays, n)
        left_at_last = np.exp(log_gamma_ratio(stays, before) - log_gamma_ratio(a + stays, before))
        left_at_last *= a / (a + stays + before)
        if_alive = np.exp(stayed + log_bought) + np.where(n > 0, left_at_last * at_least(n, k, horizon, A), 0.0)
        alive = self.p_alive(parameters, x, t_x, T)
        return alive * if_alive + np.where(n == 0, 1 - alive, 0.0)

    def simulate(
        self, parameters: Parameters, T: FloatArray, random: np.random.Generator
    ) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
        """Draw customers from the model's own story and observe each until T.

        Given a customer's dropout probability, the number of chances until he leaves is geometric; purchases while
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
        x = np.minimum(possible, np.maximum(leaves_at, 1.0) - self.at_first).astype(np.int64)
        share = random.beta(np.maximum(x, 1), possible - x + 1.0)  # the x-th of `possible` uniform times
        return x, np.where(x > 0, share * T, 0.0), rate, p

    def _chances(self, x: np.ndarray) -> np.ndarray:
        """Return how often customers with x repeat purchases have had the chance to leave."""
        return x + 1 if self.at_first else x

    def _after_first(self, parameters: Parameters) -> tuple[float, float]:
        """Return the probability to stay after the first purchase, and b of those who do."""
        _, _, a, b = parameters
        return (b / (a + b), b + 1) if self.at_first else (1.0, b)

    def _expected(
        self, parameters: Parameters, horizon: float, alive: FloatArray, x: IntArray, panels: AgePanels
    ) -> FloatArray:
        if math.isinf(horizon):
            _, _, a, b = parameters
            in_all = chances_in_all(a, b + self._chances(x))
            return alive * in_all if a > 1 else in_all
        return alive * panels.interpolated(self._if_alive(parameters, horizon, 0.0))

    def _if_alive(
        self, parameters: Parameters, horizon: float, delta: float
    ) -> Callable[[int, FloatArray], FloatArray]:
        """Return the (discounted) purchases expected of a living customer, as a function of x and the age."""
        r, alpha, a, b = parameters
        reach = foreseeable(horizon, delta) if delta > 0 else horizon

        def if_alive(x: int, age: FloatArray) -> FloatArray:
            k, stays = r + x, b + x + self.at_first
            p, weight = beta_rule(a, stays, smallest=bend(k, reach / alpha))
            ratio = p / (alpha + age[:, None])
            leaving = k * min(1.0, (a + 3) / (a + stays))  # per alpha: the fastest rates of dropout that matter
            return discounted(lambda t: _mean_purchases(k, p, weight, t * ratio), reach, alpha / (1 + leaving), delta)

        return if_alive


BG_NBD: Final = BetaGeometric(at_first=False)
"""Nobody leaves before the first repeat purchase."""
MBG_NBD: Final = BetaGeometric(at_first=True)
"""Customers may leave right after the first purchase."""


def tables_part(parameters: Parameters, evidence: Evidence) -> tuple[float, FloatArray, FloatArray]:
    """Return the terms of the log-likelihood that depend on x alone or on T alone."""
    r, alpha, a, b = parameters
    n, beyond, stayed = evidence.customers, evidence.beyond, evidence.stayed
    r_j, b_j = r + np.arange(len(beyond)), b + np.arange(len(stayed))
    in_r, in_b, in_ab = 1 / r_j, 1 / b_j, 1 / (a + b_j)
    by_T = r * evidence.with_T + evidence.purchases_T
    A = alpha + evidence.T
    value = float(beyond @ np.log(r_j) - stayed @ np.log1p(a / b_j))
    value += float(evidence.with_T @ (-r * np.log1p(evidence.T / alpha)) - evidence.purchases_T @ np.log(A))
    gradient = np.array(
        [
            beyond @ in_r - evidence.with_T @ np.log1p(evidence.T / alpha),
            n * r / alpha - by_T @ (1 / A),
            -(stayed @ in_ab),
            stayed @ (in_b - in_ab),
        ]
    )
    hessian = np.zeros((4, 4))
    hessian[0, 0] = -(beyond @ in_r**2)
    hessian[0, 1] = hessian[1, 0] = n / alpha - evidence.with_T @ (1 / A)
    hessian[1, 1] = -n * r / alpha**2 + by_T @ (1 / A**2)
    hessian[2:, 2:] = stayed @ in_ab**2
    hessian[3, 3] -= stayed @ in_b**2
    return value, gradient, hessian


def _buys_if_alive(parameters: Parameters, horizon: float, x: IntArray, T: FloatArray) -> FloatArray:
    r, alpha, _, _ = parameters
    return -np.expm1(-(r + x) * np.log1p(horizon / (alpha + T)))


def chances_in_all(a: float, b: ArrayLike) -> FloatArray:
    """Return E[1/p] over Beta(a, b): how often those who are there will have the chance to leave."""
    b = np.asarray(b, np.float64)
    return (a + b - 1) / (a - 1) if a > 1 else np.full_like(b, np.inf)


def at_least(n: IntArray, k: ArrayLike, horizon: float, A: ArrayLike) -> FloatArray:
    """Return the probability that a gamma(k, A) purchaser buys n times or more within the horizon; 1 for n = 0."""
    shape, rate, least = np.asarray(k, np.float64), np.asarray(A, np.float64), np.maximum(n, 1)
    by_share = np.where(
        rate > horizon,
        betainc(least, shape, horizon / (rate + horizon)),
        betaincc(shape, least, rate / (rate + horizon)),
    )
    return np.where(n > 0, by_share, 1.0)


def bend(k: float, ratio: float) -> float:
    """Return the p below which (1 - (1 + p ratio)^-k) / p is flat: where p ratio or k p ratio reaches 1."""
    return 1 / (1 + max(k, 1.0) * ratio)


def _mean_purchases(k: float, p: FloatArray, weight: FloatArray, ratio: FloatArray) -> FloatArray:
    """Return E[(1 - (1 + ratio)^-k) / p] over the nodes of p, which lie along the last axis."""
    return np.asarray((-np.expm1(-k * np.log1p(ratio)) * (weight / p)).sum(axis=-1))
