"""BG/NBD and MBG/NBD from their story alone, in as many digits as asked for.

A customer buys at rate L ~ gamma(r, rate alpha) while alive, and leaves after each repeat purchase with
probability P ~ beta(a, b); in the MBG/NBD after the first purchase, too. Everything here averages what holds for a
customer of known L and P over these two distributions, by moments of the gamma and the beta distribution, by sums
of positive terms, or by quadrature. Nothing is taken from the package under test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mpmath import mp

Number = Any
"""A number of mpmath."""
Parameters = tuple[Number, Number, Number, Number]


def exactly(*values: float) -> tuple[Number, ...]:
    """Return floats as the very numbers that they are."""
    return tuple(mp.mpf(value) for value in values)


def beta_moment(a: Number, b: Number, i: Number, j: Number) -> Number:
    """Return E[P^i (1-P)^j]."""
    return mp.exp(log_beta_moment(a, b, i, j))


def log_beta_moment(a: Number, b: Number, i: Number, j: Number) -> Number:
    return mp.loggamma(a + i) + mp.loggamma(b + j) - mp.loggamma(a + b + i + j) - log_beta(a, b)


def log_beta(a: Number, b: Number) -> Number:
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def log_gamma_moment(r: Number, alpha: Number, x: int, t: Number) -> Number:
    """Return log E[L^x exp(-L t)]."""
    return mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) - (r + x) * mp.log(alpha + t)


def log_buys(r: Number, alpha: Number, n: int, t: Number) -> Number:
    """Return the log-probability that a gamma purchaser buys n times in (0, t]."""
    return log_gamma_moment(r, alpha, n, t) + (n * mp.log(t) if n else 0) - mp.loggamma(n + 1)


@dataclass(frozen=True)
class Story:
    """What the two models differ in: whether the first purchase is a chance to leave."""

    at_first: bool

    def chances(self, x: int) -> int:
        return x + int(self.at_first)

    def log_paths(self, parameters: Parameters, x: int, t_x: Number, T: Number) -> tuple[Number, Number]:
        """Return the log-probabilities of the history by a customer who is alive at T, and by one who left at t_x.

        Alive: x purchases with their densities, stayed at each chance, silent from t_x to T. Left: x purchases,
        stayed at each chance but the last, then left; what follows is silent by itself.
        """
        r, alpha, a, b = parameters
        chances = self.chances(x)
        alive = log_beta_moment(a, b, 0, chances) + log_gamma_moment(r, alpha, x, T)
        if chances == 0:
            return alive, -mp.inf
        return alive, log_beta_moment(a, b, 1, chances - 1) + log_gamma_moment(r, alpha, x, t_x)

    def log_likelihood(self, parameters: Parameters, x: int, t_x: Number, T: Number) -> Number:
        alive, left = self.log_paths(parameters, x, t_x, T)
        return alive + mp.log1p(mp.exp(left - alive))

    def p_alive(self, parameters: Parameters, x: int, t_x: Number, T: Number) -> Number:
        alive, left = self.log_paths(parameters, x, t_x, T)
        return 1 / (1 + mp.exp(left - alive))

    def living(self, parameters: Parameters, x: int, T: Number) -> Parameters:
        """Return what is known at T of L and P of a customer who is alive then: gamma and beta, like before."""
        r, alpha, a, b = parameters
        return r + x, alpha + T, a, b + self.chances(x)

    def stays_at_first(self, parameters: Parameters) -> Number:
        """Return the probability that a new customer is still there after the first purchase."""
        _, _, a, b = parameters
        return beta_moment(a, b, 0, self.chances(0))

    def pmf_ahead(self, parameters: Parameters, n: int, horizon: Number, x: int, t_x: Number, T: Number) -> Number:
        """Return P(n purchases in (T, T + horizon] | history): of all paths of the history those that go on so.

        Either n purchases of a Poisson process and stayed at each, or at least n of them and left at the n-th. Who
        left before T makes none.
        """
        r, alpha, a, b = parameters
        alive, left = self.log_paths(parameters, x, t_x, T)
        chances = self.chances(x) + n
        goes_on = log_gamma_moment(r, alpha, x, T)
        stays = goes_on + log_beta_moment(a, b, 0, chances) + log_buys(r + x, alpha + T, n, horizon)
        leaves = left
        if n > 0:
            leaves = goes_on + log_beta_moment(a, b, 1, chances - 1)
            leaves += mp.log(buys_at_least(r + x, alpha + T, n, horizon))
        return (mp.exp(stays - alive) + mp.exp(leaves - alive)) / (1 + mp.exp(left - alive))

    def pmf(self, parameters: Parameters, n: int, t: Number) -> Number:
        """Return P(n repeat purchases of a new customer in (0, t]); nothing has happened before."""
        return self.pmf_ahead(parameters, n, t, 0, mp.mpf(0), mp.mpf(0))


BG: Final = Story(at_first=False)
MBG: Final = Story(at_first=True)


# ------------------------------------------------- what a living customer will do, from k, A, a and b as of today


def p_buys(living: Parameters, horizon: Number) -> Number:
    """Return one minus the chance of silence."""
    k, A, _, _ = living
    return -mp.expm1(log_gamma_moment(k, A, 0, horizon))


def purchases_by_counting(living: Parameters, horizon: Number) -> Number:
    """Return the expected purchases as the sum over m of P(an (m+1)-th purchase happens).

    It does if he would buy more than m times and stayed after each of the first m: a negative binomial tail
    times a beta moment.
    """
    k, A, a, b = living
    z = horizon / (A + horizon)
    exactly_m, stayed, total, m = mp.exp(k * mp.log1p(-z)), mp.mpf(1), mp.mpf(0), 0
    more = -mp.expm1(k * mp.log1p(-z))
    while more > 1e6 * mp.eps:  # what rounding leaves of it
        total += more * stayed
        stayed *= (b + m) / (a + b + m)
        m += 1
        exactly_m *= z * (k + m - 1) / m
        more -= exactly_m
    return total


def purchases_by_hypergeometric(living: Parameters, horizon: Number) -> Number:
    """Return the same sum in closed form: Fader, Hardie & Lee (2005), equation 10, at a point beside a = 1.

    The form cancels without bound, so digits are added until they no longer matter.
    """
    k, A, a, b = living
    z = horizon / (A + horizon)
    digits, before, now = 4 * mp.dps, mp.mpf(-1), mp.mpf(-2)
    while abs(now - before) > mp.eps * abs(now):
        digits, before = 2 * digits, now
        with mp.workdps(digits):
            beside = a + mp.mpf(10) ** (-digits // 2) if a == 1 or a + b == 1 else a
            c = beside + b - 1
            hypergeometric = mp.hyp2f1(k, b, c, z, maxprec=20_000, maxterms=20_000)
            now = c / (beside - 1) * (1 - mp.exp(k * mp.log1p(-z)) * hypergeometric)
    return +now


def mean_over_dropout(function: Callable[[Number], Number], a: Number, b: Number, features: list[Number]) -> Number:
    """Return E[f(P)], P ~ beta(a, b), by quadrature on the scale log(P / (1 - P)), split at the given P."""

    def density(y: Number) -> Number:
        return mp.exp(-a * mp.log1p(mp.exp(-y)) - b * mp.log1p(mp.exp(y)) - norm)

    norm = log_beta(a, b)
    mode, spread = mp.log(a / b), mp.sqrt(1 / a + 1 / b)
    reach = mp.mpf(mp.dps) * mp.log(10) + 5
    left, right = mode - reach * max(spread, 1 / a), mode + reach * max(spread, 1 / b)
    split = {mode, mode - 3 * spread, mode + 3 * spread, mode - 12 * spread, mode + 12 * spread, mp.mpf(0)}
    split |= {mp.log(p) - mp.log1p(-p) for p in features if 0 < p < 1}
    split |= {point + shift for point in list(split) for shift in (-8, 8)}
    inner = sorted(point for point in split if left < point < right)

    def integrand(y: Number) -> Number:
        return function(1 / (1 + mp.exp(-y))) * density(y)

    return mp.quad(integrand, [left, *inner, right])


def purchases_by_quadrature(living: Parameters, horizon: Number) -> Number:
    """Return the mean over P of (1 - E[exp(-L P h)]) / P: purchases at rate L until leaving at rate L P."""
    k, A, a, b = living

    def given(p: Number) -> Number:
        return -mp.expm1(-k * mp.log1p(p * horizon / A)) / p

    return mean_over_dropout(given, a, b, [A / (k * horizon), A / horizon])


def discounted_by_quadrature(living: Parameters, horizon: Number, delta: Number) -> Number:
    """Return the present value of purchases within the horizon, which may be infinite.

    Given P, purchases come at time t with the density k/A (1 + P t/A)^(-k-1); the integral against exp(-delta t) is
    taken over t, that over P is a 2F1.
    """
    k, A, a, b = living

    def density(u: Number) -> Number:
        t = A * mp.expm1(u)
        # 2F1(k + 1, a; a + b; -t / A), by Pfaff's transformation
        return (
            k
            * mp.exp((1 - a) * u - delta * t)
            * mp.hyp2f1(a + b - k - 1, a, a + b, t / (A + t), maxprec=20_000, maxterms=20_000)
        )

    end = mp.log1p(min(horizon, 3 * mp.dps / delta) / A)  # what comes later is worth less than the last digit
    inner = [mp.log1p(1 / (delta * A)), mp.log1p(30 / (delta * A)), mp.log1p(1 / k), mp.log1p((a + b) / (k * a))]
    return mp.quad(density, [0, *sorted(point for point in inner if 0 < point < end), end])


def discounted_by_exponential_integral(living: Parameters, delta: Number) -> Number:
    """Return the present value of all purchases to come, as the mean over P of k/P e^w E_(k+1)(w), w = delta A / P.

    Given P, that is the integral over t of exp(-delta t) k/A (1 + P t/A)^(-k-1).
    """
    k, A, a, b = living

    def given(p: Number) -> Number:
        w = delta * A / p
        return k / p * scaled_exponential_integral(k + 1, w)

    return mean_over_dropout(given, a, b, [delta * A, delta * A / k])


def scaled_exponential_integral(k: Number, w: Number) -> Number:
    """Return e^w E_k(w); from w = 1 on by its continued fraction (DLMF 8.19.17), the other way cancels for large k."""
    if w < 1:
        return mp.exp(w) * mp.expint(k, w)
    denominator = w + k
    above, below = mp.inf, 1 / denominator  # Lentz's method
    value, change, i = below, mp.mpf(0), 0
    while abs(change - 1) > mp.eps:
        i += 1
        numerator = -i * (k + i - 1)
        denominator += 2
        below = 1 / (denominator + numerator * below)
        above = denominator + numerator / above
        change = above * below
        value *= change
    return value


def buys_at_least(k: Number, A: Number, n: int, horizon: Number) -> Number:
    """Return the negative binomial tail from n on: a short sum where terms fall fast, its complement elsewhere."""
    z = horizon / (A + horizon)
    if z * max(k + n, n + 1) / (n + 1) < 0.9:
        total, term, m = mp.mpf(0), mp.exp(log_buys(k, A, n, horizon)), n
        while term > mp.eps * total:
            total += term
            term *= z * (k + m) / (m + 1)
            m += 1
        return total
    with mp.workdps(2 * mp.dps):
        fewer, term = mp.mpf(0), mp.exp(k * mp.log1p(-z))
        for m in range(n):
            fewer += term
            term *= z * (k + m) / (m + 1)
    return 1 - fewer
