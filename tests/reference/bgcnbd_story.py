"""BG/CNBD-k and MBG/CNBD-k from their story alone, in as many digits as asked for.

A customer has hidden events at rate L ~ gamma(r, rate alpha); every k-th is a purchase, and after each repeat purchase
(in the MBG/CNBD-k after the first one, too) he leaves with probability P ~ beta(a, b). Everything here averages what
holds for known L and P by moments of the two distributions and by sums over the numbers of hidden events. Nothing is
taken from the package under test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from mpmath import mp

from tests.reference.bgnbd_story import Number, Parameters, log_beta_moment, log_gamma_moment


@dataclass(frozen=True)
class Living:
    """A living customer: of his hidden events so many have come since the last purchase, with these chances."""

    k: int
    phases: list[Number]
    R: Number
    A: Number
    a: Number
    b: Number


@dataclass(frozen=True)
class Story:
    """One of the two models, of one k."""

    k: int
    at_first: bool

    def log_paths(self, parameters: Parameters, x: int, t_x: Number, T: Number) -> tuple[list[Number], Number]:
        """Return the log-probabilities of the history by a customer alive in each phase, and by one who left at t_x.

        The density of the times of the events is taken where they are all known but for those within the gaps: of
        the k - 1 hidden events within a gap g the density is g^(k-1) / (k-1)!, of which g^(k-1) is left out.
        """
        r, alpha, a, b = parameters
        k, chances = self.k, x + int(self.at_first)
        within = -x * mp.loggamma(k)
        alive = []
        for j in range(k):
            silent = j * mp.log(T - t_x) if j and t_x < T else mp.mpf(0) if j == 0 else -mp.inf
            events = log_gamma_moment(r, alpha, k * x + j, T) + silent - mp.loggamma(j + 1)
            alive.append(log_beta_moment(a, b, 0, chances) + events + within)
        if chances == 0:
            return alive, -mp.inf
        return alive, log_beta_moment(a, b, 1, chances - 1) + log_gamma_moment(r, alpha, k * x, t_x) + within

    def log_likelihood(self, parameters: Parameters, x: int, t_x: Number, T: Number) -> Number:
        alive, left = self.log_paths(parameters, x, t_x, T)
        top = max(*alive, left)
        return top + mp.log(sum(mp.exp(path - top) for path in (*alive, left)))

    def p_alive(self, parameters: Parameters, x: int, t_x: Number, T: Number) -> Number:
        alive, left = self.log_paths(parameters, x, t_x, T)
        return 1 / (1 + mp.exp(left - alive[0]) / sum(mp.exp(path - alive[0]) for path in alive))

    def living(self, parameters: Parameters, x: int, t_x: Number, T: Number) -> Living:
        r, alpha, a, b = parameters
        alive, _ = self.log_paths(parameters, x, t_x, T)
        weights = [mp.exp(path - alive[0]) for path in alive]
        phases = [weight / sum(weights) for weight in weights]
        return Living(self.k, phases, r + self.k * x, alpha + T, a, b + x + int(self.at_first))


def p_events(R: Number, A: Number, t: Number) -> Iterator[Number]:
    """Yield the probabilities of 0, 1, 2, ... events at a gamma(R, A) rate within t."""
    z = t / (A + t)
    chance = mp.exp(R * mp.log1p(-z))
    for n in count():
        yield chance
        chance *= z * (R + n) / (n + 1)


def p_purchases(living: Living, t: Number) -> list[Number]:
    """Return the probabilities that the events within t would suffice for 0, 1, 2, ... purchases."""
    found: list[Number] = []
    for j, weight in enumerate(living.phases):
        if weight == 0:
            continue
        rest = mp.mpf(1)
        for n, chance in enumerate(p_events(living.R + j, living.A, t)):
            number = (n + j) // living.k
            if number == len(found):
                found.append(mp.mpf(0))
            found[number] += weight * chance
            rest -= chance
            if rest < mp.mpf(10) ** (5 - mp.dps):
                break
    return found


def stayed(living: Living, n: int) -> Number:
    return mp.exp(log_beta_moment(living.a, living.b, 0, n))


def pmf(living: Living, t: Number) -> list[Number]:
    """Return the probabilities of 0, 1, 2, ... purchases: he stays n times, or leaves at the n-th."""
    would = p_purchases(living, t)
    found, least = [], sum(would)
    for n, chance in enumerate(would):
        left_at_last = mp.exp(log_beta_moment(living.a, living.b, 1, n - 1)) if n else mp.mpf(0)
        found.append(stayed(living, n) * chance + left_at_last * least)
        least -= chance
    return found


def purchases(living: Living, t: Number) -> Number:
    """Return the expected purchases: the m-th comes if the events suffice and he has stayed m - 1 times."""
    would = p_purchases(living, t)
    least = [sum(would[m:]) for m in range(1, len(would))]
    return sum((stayed(living, m) * chance for m, chance in enumerate(least)), mp.mpf(0))


def discounted(living: Living, t: Number, delta: Number) -> Number:
    """Return the present value of the purchases: the density of the m-th against exp(-delta t)."""
    most = len(p_purchases(living, t))

    def density(time: Number) -> Number:
        total = mp.mpf(0)
        for j, weight in enumerate(living.phases):
            for m in range(1, most):
                n = m * living.k - j
                log_density = log_gamma_moment(living.R + j, living.A, n, time) + (n - 1) * mp.log(time)
                total += weight * stayed(living, m - 1) * mp.exp(log_density - mp.loggamma(n))
        return total * mp.exp(-delta * time)

    return mp.quad(density, mp.linspace(0, t, 5))


def purchases_by_chain(k: int, R: int, ratio: Number, p: Number) -> list[Number]:
    """Return the expected purchases in each phase over any horizon, given P and a whole shape R of the rates.

    The phases of the living are a Markov chain with generator -L M, so that the chance to be alive at t is the gamma
    mean of exp(-L t M), a power of a matrix: (1 + t M / A)^-R. Purchases are (1 - alive) / P.
    """
    M = mp.eye(k)
    for j in range(k):
        M[j, (j + 1) % k] -= 1 if j < k - 1 else 1 - p
    step, alive, found = (mp.eye(k) + M * ratio) ** -1, mp.ones(k, 1), []
    for power in range(1, R + k):
        alive = step * alive
        if power >= R:
            found.append((1 - alive[power - R]) / p)
    return found
