r"""BG/CNBD-k and MBG/CNBD-k: the BG/NBD family for customers who buy more regularly than at random.

Of the events of a hidden Poisson process at rate :math:`\lambda \sim Gamma(r, \alpha)` every k-th is a purchase, so
that the times between purchases are Erlang-k; after each repeat purchase (BG), or after the first one too (MBG), a
customer leaves for good with probability :math:`p \sim Beta(a, b)` (Platzer & Reutterer, 2016). With k = 1 these are
the BG/NBD and the MBG/NBD.

Who is alive at T has seen j = 0, ..., k - 1 hidden events since his last purchase, his phase; in phase j his rate is
:math:`Gamma(r + k x + j, \alpha + T)`. All forecasts are means over the phases, and none is approximated.

Letters are the paper's: x repeat purchases, t_x recency, T age; all times in one unit. Parameters come as the tuple
(r, alpha, a, b).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit, gammaln

from evergreen.kernels.beta_rule import beta_rule
from evergreen.kernels.bgnbd import Evidence, Parameters, at_least, bend, chances_in_all, tables_part
from evergreen.kernels.discounting import discount_rule, foreseeable
from evergreen.kernels.every_kth import mean_purchases, phases_of, silence
from evergreen.kernels.grouping import sums_by_level
from evergreen.kernels.shape import Forecast
from evergreen.kernels.special import log_gamma_ratio, softplus_and_expit
from evergreen.kernels.tabulate import Panels
from evergreen.typing import FloatArray, IntArray

_SELDOM: Final = 0.1  # one minus a chance is exact enough above


@dataclass(frozen=True, slots=True)
class Condensed:
    """The formulas of both models.

    Parameters
    ----------
    k : int
        Hidden events per purchase, at least 1.
    at_first : bool
        Whether customers may leave after the first purchase, too: the MBG/CNBD-k.
    """

    k: int
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
            That of the BG/NBD with hidden events in place of purchases, but with the histories of all customers.
        """
        weight = count.astype(np.float64)
        ages, with_T, purchases_T = sums_by_level(T, weight, weight * x)
        customers = float(weight.sum())
        beyond = np.cumsum(np.bincount(x, weight)[::-1], dtype=np.float64)[::-1][1:]
        stayed = np.concatenate(([customers], beyond)) if self.at_first else beyond
        events = np.repeat(beyond, self.k)
        return Evidence(
            customers, events, stayed, ages, with_T, self.k * purchases_T, x.astype(np.float64), t_x, T, weight
        )

    def log_likelihood(self, parameters: Parameters, evidence: Evidence) -> tuple[float, FloatArray, FloatArray]:
        r"""Return the log-likelihood with its gradient and Hessian, but for what the gaps bring.

        Given (x, t_x), the times between purchases bring a term without parameters: (k - 1) times the sum of their
        logarithms is to be added.

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
        R, A = r + self.k * x, alpha + age
        silent = silence(self.k, R, A, (age - t_x) / A)
        u = (t_x - age) / (A * (alpha + t_x))  # 1/(alpha + T) - 1/(alpha + t_x)
        chances = self._chances(x)
        v = 1 / (b + (np.maximum(chances, 1) - 1))
        length = np.log1p((age - t_x) / (alpha + t_x))
        odds = np.where(chances > 0, np.log(a * v) + R * length - silent.log_sum, -np.inf)
        softplus, left = softplus_and_expit(odds)
        value += float(count @ (silent.log_sum + softplus)) - float(evidence.beyond.sum()) / self.k * math.lgamma(
            self.k
        )

        by_r, by_alpha = silent.slope
        steps = np.stack((length - by_r, R * u - by_alpha, np.full_like(R, 1 / a), -v))
        stays, leaves = count * (1 - left), count * left
        gradient += steps @ leaves
        gradient[:2] += silent.slope @ count
        hessian += (steps * (leaves * (1 - left))) @ steps.T
        r_r, r_alpha, alpha_alpha = silent.curvature @ stays
        hessian[0, 0] += float(r_r)
        hessian[0, 1] += (mixed := float(r_alpha + leaves @ u))
        hessian[1, 0] += mixed
        hessian[1, 1] += float(alpha_alpha - leaves @ (R * u * (1 / A + 1 / (alpha + t_x))))
        hessian[2, 2] -= float(leaves.sum()) / a**2
        hessian[3, 3] += float(leaves @ (v * v))
        return value, gradient, hessian

    def p_alive(self, parameters: Parameters, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Return the probability that a customer is still alive at T.

        Platzer & Reutterer (2016), on the log-odds scale. It is 1 for every customer who has not had a
        chance to leave.

        Parameters
        ----------
        parameters : (r, alpha, a, b)
        x, t_x, T : ndarray, shape (n,)

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        return self._alive(parameters, x, t_x, T, self._phases(parameters, x, t_x, T).sum(axis=0))

    def p_purchase(
        self, parameters: Parameters, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray
    ) -> FloatArray:
        """Return the probability of at least one purchase within the horizon after T.

        In phase j that takes k - j events; without one the silence since t_x goes on.

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
        phases = self._phases(parameters, x, t_x, T)
        alive = self._alive(parameters, x, t_x, T, phases.sum(axis=0))
        return alive * self._buys_if_alive(parameters, horizon, x, t_x, T, phases)

    def expected_purchases(
        self, parameters: Parameters, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray
    ) -> FloatArray:
        """Return the expected number of purchases within the horizon after T.

        P(alive) times the mean over the phases of :func:`~evergreen.kernels.every_kth.mean_purchases`. Over an
        infinite horizon it is infinite unless a > 1.

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
        phases = self._phases(parameters, x, t_x, T)
        total = phases.sum(axis=0)
        alive = self._alive(parameters, x, t_x, T, total)
        return self._expected(parameters, horizon, alive, x, phases / total, self._panels(parameters, x, T))

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
        phases = self._phases(parameters, x, t_x, T)
        total = phases.sum(axis=0)
        share = phases / total
        alive = self._alive(parameters, x, t_x, T, total)
        panels = self._panels(parameters, x, T)
        expected = self._expected(parameters, horizon, alive, x, share, panels)
        worth = expected
        if delta > 0 and horizon > 0:
            worth = alive * self._mean(share, panels, self._if_alive(parameters, horizon, delta))
        buys = self._buys_if_alive(parameters, horizon, x, t_x, T, phases)
        return Forecast(alive, alive * buys, expected, worth)

    def expected_purchases_new(self, parameters: Parameters, horizon: FloatArray) -> FloatArray:
        """Return the expected number of repeat purchases of a new customer within each horizon.

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
        remains, stays = (b / (a + b), b + 1) if self.at_first else (1.0, b)
        near = np.isfinite(horizon) & (horizon > 0)
        ratio = horizon[near] / alpha
        p, weight = beta_rule(a, stays, smallest=bend(r + self.k, float(ratio.max(initial=0.0))))
        expected = np.where(horizon > 0, chances_in_all(a, stays), 0.0)
        expected[near] = mean_purchases(self.k, r, ratio, p, weight)[0]
        return remains * expected

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
        _, _, a, b = parameters
        remains = b / (a + b) if self.at_first else 1.0
        return remains * float(self._if_alive(parameters, horizon, delta)(0, np.zeros(1))[0, 0])

    def pmf(self, parameters: Parameters, n: IntArray, horizon: float) -> FloatArray:
        """Return the probability that a new customer makes n repeat purchases within the horizon.

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
        just_now = np.zeros(n.size)
        new = np.zeros(n.size, np.int64)
        return self.pmf_ahead(parameters, n.ravel(), horizon, new, just_now, just_now).reshape(n.shape)

    def pmf_ahead(
        self, parameters: Parameters, n: IntArray, horizon: float, x: IntArray, t_x: FloatArray, T: FloatArray
    ) -> FloatArray:
        """Return the probability that a customer makes n purchases within the horizon after T.

        A living customer makes n purchases if he stays n times and the events suffice for n purchases, but not for
        one more; or if they suffice for n, and he leaves at the n-th.

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
        _, alpha, a, b = parameters
        R, A, stays = self._shape(parameters, x), alpha + T, b + self._chances(x)
        before = np.maximum(n - 1, 0)
        stayed = np.exp(log_gamma_ratio(stays, n) - log_gamma_ratio(a + stays, n))
        left_at_last = np.exp(log_gamma_ratio(stays, before) - log_gamma_ratio(a + stays, before))
        left_at_last *= np.where(n > 0, a / (a + stays + before), 0.0)
        phases = self._phases(parameters, x, t_x, T)
        total = phases.sum(axis=0)
        if_alive = np.zeros(n.shape)
        for j, phase in enumerate(phases):
            events = np.maximum(self.k * n - j, 0)
            makes = stayed * _between(events, self.k * (n + 1) - j, R + j, horizon, A)
            makes += left_at_last * at_least(events, R + j, horizon, A)
            if_alive += phase / total * makes
        alive = self._alive(parameters, x, t_x, T, total)
        return alive * if_alive + np.where(n == 0, 1 - alive, 0.0)

    def simulate(
        self, parameters: Parameters, T: FloatArray, random: np.random.Generator
    ) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
        """Draw customers from the model's own story and observe each until T.

        As in the BG/NBD, with hidden events as the Poisson process: x purchases end at the (k x)-th of them.

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
            The rate of purchases (a k-th of the rate of events) and the dropout probability drawn for each.
        """
        r, alpha, a, b = parameters
        n = len(T)
        rate = random.gamma(r, 1 / alpha, n)
        p = random.beta(a, b, n)
        events = random.poisson(rate * T)
        leaves_at = np.ceil(np.log(random.random(n)) / np.log1p(-np.clip(p, 1e-300, 1 - 1e-16)))
        x = np.minimum(events // self.k, np.maximum(leaves_at, 1.0) - self.at_first).astype(np.int64)
        last = self.k * x  # of so many uniform times
        share = random.beta(np.maximum(last, 1), events - last + 1.0)
        return x, np.where(x > 0, share * T, 0.0), rate / self.k, p

    def simulate_log_gaps(self, x: IntArray, t_x: FloatArray, random: np.random.Generator) -> FloatArray:
        """Draw, for each customer, the sum of the logarithms of the times between his purchases.

        Given x and t_x the gaps share t_x like a Dirichlet distribution with all parameters equal to k, whatever the
        rate and the dropout: this completes a draw of :meth:`simulate`.

        Parameters
        ----------
        x : ndarray of int64, shape (n,)
        t_x : ndarray of float64, shape (n,)
        random : numpy.random.Generator

        Returns
        -------
        ndarray of float64, shape (n,)
            0 without a repeat purchase.
        """
        owner = np.repeat(np.arange(len(x)), x)
        gap = random.standard_gamma(self.k, len(owner))
        logs, sums = (np.bincount(owner, each, len(x)).astype(np.float64) for each in (np.log(gap), gap))
        bought = x > 0
        return logs + x * np.log(np.where(bought, t_x, 1.0) / np.where(bought, sums, 1.0))

    def _chances(self, x: IntArray | FloatArray) -> FloatArray:
        """Return how often customers with x repeat purchases have had the chance to leave."""
        return x.astype(np.float64) + self.at_first

    def _phases(self, parameters: Parameters, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Return how much each phase weighs among the living, relative to phase 0; shape (k, n)."""
        return phases_of(self.k, self._shape(parameters, x), (T - t_x) / (parameters[1] + T))

    def _shape(self, parameters: Parameters, x: IntArray) -> FloatArray:
        """Return the shape of the rates of customers with x repeat purchases, in phase 0."""
        return np.asarray(parameters[0] + self.k * x, np.float64)

    def _alive(
        self, parameters: Parameters, x: IntArray, t_x: FloatArray, T: FloatArray, phases: FloatArray
    ) -> FloatArray:
        """Return P(alive), given the sum of the phases."""
        _, alpha, a, b = parameters
        chances = self._chances(x)
        odds = np.log(a) - np.log(b + (np.maximum(chances, 1) - 1))
        odds += self._shape(parameters, x) * np.log1p((T - t_x) / (alpha + t_x)) - np.log(phases)
        return np.where(chances > 0, expit(-odds), 1.0)

    def _buys_if_alive(
        self,
        parameters: Parameters,
        horizon: float,
        x: IntArray,
        t_x: FloatArray,
        T: FloatArray,
        phases: FloatArray,
    ) -> FloatArray:
        """Return one minus the chance of a longer silence, given the silence so far; by phase where that is small."""
        if math.isinf(horizon):
            return np.ones(x.shape)
        R, A = self._shape(parameters, x), parameters[1] + T
        total = phases.sum(axis=0)
        longer = phases_of(self.k, R, (T - t_x + horizon) / (A + horizon)).sum(axis=0)
        buys = np.asarray(-np.expm1(np.log(longer / total) - R * np.log1p(horizon / A)))
        seldom = (buys < _SELDOM) & (self.k > 1)
        if seldom.any():
            phase = np.arange(self.k)[:, None]
            by_phase = at_least(self.k - phase, R[seldom] + phase, horizon, A[seldom])
            buys[seldom] = (phases[:, seldom] / total[seldom] * by_phase).sum(axis=0)
        return buys

    def _expected(
        self,
        parameters: Parameters,
        horizon: float,
        alive: FloatArray,
        x: IntArray,
        share: FloatArray,
        panels: Panels,
    ) -> FloatArray:
        if math.isinf(horizon):
            _, _, a, b = parameters
            in_all = chances_in_all(a, b + self._chances(x))
            return alive * in_all if a > 1 else in_all
        if horizon == 0:
            return np.zeros(x.shape)
        return alive * self._mean(share, panels, self._if_alive(parameters, horizon, 0.0))

    def _panels(self, parameters: Parameters, x: IntArray, T: FloatArray) -> Panels:
        """Return panels of the logarithm of the age: the finer, the more purchases come in step."""
        return Panels(x, self._fine * np.log1p(T / parameters[1]))

    @property
    def _fine(self) -> int:
        """Panels per unit of log age: the complex roots of unity leave the functions less room to be smooth in."""
        return -(-self.k // 3)

    def _mean(self, share: FloatArray, panels: Panels, if_alive: Callable[[int, FloatArray], FloatArray]) -> FloatArray:
        """Return the mean over the phases."""
        return np.asarray((share * _interpolated(panels, if_alive)).sum(axis=0))

    def _if_alive(
        self, parameters: Parameters, horizon: float, delta: float
    ) -> Callable[[int, FloatArray], FloatArray]:
        """Return the (discounted) purchases expected in each phase, as a function of x and the depth in the panels."""
        r, alpha, a, b = parameters
        reach = foreseeable(horizon, delta) if delta > 0 else horizon

        def if_alive(x: int, depth: FloatArray) -> FloatArray:
            R, stays = r + self.k * x, b + x + self.at_first
            p, weight = beta_rule(a, stays, smallest=bend(R + self.k, reach / alpha))

            def by_then(depth: FloatArray) -> FloatArray:  # all that matters is the time ahead over alpha + T
                return mean_purchases(self.k, R, reach / alpha * np.exp(-depth / self._fine), p, weight)

            if delta == 0:
                return by_then(depth)
            times, worth = discount_rule(reach, alpha / (1 + R / self.k), delta, finer=max(1.0, self.k / 4))
            earlier = (depth[:, None] + self._fine * np.log(reach / times)).ravel()
            purchases = _interpolated(Panels(np.zeros(earlier.shape, np.int64), earlier), lambda _, deep: by_then(deep))
            return np.asarray((purchases.reshape(self.k, len(depth), len(times)) * worth).sum(axis=-1))

        return if_alive


def _interpolated(panels: Panels, function: Callable[[int, FloatArray], FloatArray]) -> FloatArray:
    """Return positive functions at all depths, interpolated on the log scale: short horizons make powers of the age."""
    return np.exp(panels.interpolated(lambda x, depth: np.log(function(x, depth))))


def _between(least: IntArray, below: IntArray, R: FloatArray, horizon: float, A: FloatArray) -> FloatArray:
    """Return the probability of at least so many events, but fewer than ``below``, by terms that are all positive."""
    z = horizon / (A + horizon)
    log_first = log_gamma_ratio(R, least) - gammaln(least + 1.0)
    log_first -= R * np.log1p(horizon / A) + least * np.log1p(A / horizon)
    term = np.exp(log_first)
    total = term.copy()
    for more in range(1, int((below - least).max(initial=0))):
        term *= z * (R + least + (more - 1)) / (least + more)
        total += np.where(least + more < below, term, 0.0)
    return total
