"""BG/NBD from its story alone, in as many digits as asked for.

A customer buys at rate L ~ gamma(r, rate alpha) while alive, and leaves after each repeat purchase with
probability P ~ beta(a, b). Everything here averages what holds for a customer of known L and P over these two
distributions, by moments of the gamma and the beta distribution, by sums of positive terms, or by quadrature.
Nothing is taken from the package under test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


def log_paths(parameters: Parameters, x: int, t_x: Number, T: Number) -> tuple[Number, Number]:
    """Return the log-probabilities of the history by a customer who is alive at T, and by one who left at t_x.

    Alive: x purchases with their densities, x times stayed, silent from t_x to T. Left: x purchases, x - 1 times
    stayed, then left; what follows is silent by itself.
    """
    r, alpha, a, b = parameters
    alive = log_beta_moment(a, b, 0, x) + log_gamma_moment(r, alpha, x, T)
    if x == 0:
        return alive, -mp.inf
    return alive, log_beta_moment(a, b, 1, x - 1) + log_gamma_moment(r, alpha, x, t_x)


def log_likelihood(parameters: Parameters, x: int, t_x: Number, T: Number) -> Number:
    alive, left = log_paths(parameters, x, t_x, T)
    return alive + mp.log1p(mp.exp(left - alive))


def p_alive(parameters: Parameters, x: int, t_x: Number, T: Number) -> Number:
    alive, left = log_paths(parameters, x, t_x, T)
    return 1 / (1 + mp.exp(left - alive))


def p_buys_if_alive(parameters: Parameters, horizon: Number, x: int, T: Number) -> Number:
    """Return one minus the chance of silence; the rate of a customer alive at T is gamma(r + x, alpha + T)."""
    r, alpha, _, _ = parameters
    return -mp.expm1(log_gamma_moment(r + x, alpha + T, 0, horizon))


def purchases_by_counting(parameters: Parameters, horizon: Number, x: int, T: Number) -> Number:
    """Return the purchases of a living customer as the sum over m of P(an (m+1)-th purchase happens).

    It does if he would buy more than m times and stayed after each of the first m: a negative binomial tail
    times a beta moment.
    """
    r, alpha, a, b = parameters
    k, A = r + x, alpha + T
    z = horizon / (A + horizon)
    exactly_m, stayed, total, m = mp.exp(k * mp.log1p(-z)), mp.mpf(1), mp.mpf(0), 0
    more = -mp.expm1(k * mp.log1p(-z))
    while more > 1e6 * mp.eps:  # what rounding leaves of it
        total += more * stayed
        stayed *= (b + x + m) / (a + b + x + m)
        m += 1
        exactly_m *= z * (k + m - 1) / m
        more -= exactly_m
    return total


def purchases_by_hypergeometric(parameters: Parameters, horizon: Number, x: int, T: Number) -> Number:
    """Return the same sum in closed form: Fader, Hardie & Lee (2005), equation 10, at a point beside a = 1.

    The form cancels without bound, so digits are added until they no longer matter.
    """
    r, alpha, a, b = parameters
    k, z = r + x, horizon / (alpha + T + horizon)
    digits, before, now = 4 * mp.dps, mp.mpf(-1), mp.mpf(-2)
    while abs(now - before) > mp.eps * abs(now):
        digits, before = 2 * digits, now
        with mp.workdps(digits):
            beside = a + mp.mpf(10) ** (-digits // 2) if a == 1 or a + b + x == 1 else a
            c = beside + b + x - 1
            hypergeometric = mp.hyp2f1(k, b + x, c, z, maxprec=20_000, maxterms=20_000)
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


def purchases_by_quadrature(parameters: Parameters, horizon: Number, x: int, T: Number) -> Number:
    """Return the mean over P of (1 - E[exp(-L P h)]) / P: purchases at rate L until leaving at rate L P."""
    r, alpha, a, b = parameters
    k, A = r + x, alpha + T

    def given(p: Number) -> Number:
        return -mp.expm1(-k * mp.log1p(p * horizon / A)) / p

    return mean_over_dropout(given, a, b + x, [A / (k * horizon), A / horizon])


def discounted_by_quadrature(parameters: Parameters, horizon: Number, delta: Number, x: int, T: Number) -> Number:
    """Return the present value of a living customer's purchases within the horizon.

    Given P, purchases come at time t with the density k/A (1 + P t/A)^(-k-1); the inner integral against
    exp(-delta t) is taken over t, the outer over P in closed form by a 2F1.
    """
    r, alpha, a, b = parameters
    k, A = r + x, alpha + T

    def density(u: Number) -> Number:
        t = A * mp.expm1(u)
        # 2F1(k + 1, a; a + b + x; -t / A), by Pfaff's transformation
        return (
            k
            * mp.exp((1 - a) * u - delta * t)
            * mp.hyp2f1(a + b - r - 1, a, a + b + x, t / (A + t), maxprec=20_000, maxterms=20_000)
        )

    end = mp.log1p(horizon / A)
    inner = [mp.log1p(1 / (delta * A)), mp.log1p(30 / (delta * A)), mp.log1p(1 / k), mp.log1p((a + b + x) / (k * a))]
    return mp.quad(density, [0, *sorted(point for point in inner if 0 < point < end), end])


def pmf(parameters: Parameters, n: int, t: Number) -> Number:
    """Return P(n repeat purchases of a new customer in (0, t]).

    Either n purchases of a Poisson process and n times stayed, or at least n of them and left at the n-th.
    """
    r, alpha, a, b = parameters
    z = t / (alpha + t)
    would_buy = mp.exp(log_gamma_moment(r, alpha, n, t) + n * mp.log(t) - mp.loggamma(n + 1))
    result = beta_moment(a, b, 0, n) * would_buy
    if n > 0:
        result += beta_moment(a, b, 1, n - 1) * _at_least(n, r, z, would_buy)
    return result


def _at_least(n: int, r: Number, z: Number, would_buy: Number) -> Number:
    """Return the negative binomial tail from n on: a short sum where terms fall fast, its complement elsewhere."""
    if z * max(r + n, n + 1) / (n + 1) < 0.9:
        total, term, m = mp.mpf(0), would_buy, n
        while term > mp.eps * total:
            total += term
            term *= z * (r + m) / (m + 1)
            m += 1
        return total
    with mp.workdps(2 * mp.dps):
        fewer, term = mp.mpf(0), mp.exp(r * mp.log1p(-z))
        for m in range(n):
            fewer += term
            term *= z * (r + m) / (m + 1)
    return 1 - fewer
