"""Pareto/NBD from its story alone, in as many digits as asked for.

A customer buys at rate L ~ gamma(r, rate alpha) while alive, and leaves at rate M ~ gamma(s, rate beta). Averaged over
M, the moment of leaving has the density s beta^s / (beta + t)^(s + 1); averaged over L, what he does until then is a
moment of the gamma distribution. What remains is one integral over the moment of leaving, by quadrature. Nothing is
taken from the package under test.
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


def log_gamma_moment(r: Number, alpha: Number, x: int, t: Number) -> Number:
    """Return log E[L^x exp(-L t)]."""
    return mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) - (r + x) * mp.log(alpha + t)


def log_still_there(s: Number, beta: Number, t: Number) -> Number:
    """Return log E[exp(-M t)]."""
    return -s * mp.log1p(t / beta)


def log_leaving(s: Number, beta: Number, t: Number) -> Number:
    """Return log E[M exp(-M t)]."""
    return mp.log(s / (beta + t)) + log_still_there(s, beta, t)


def over_time(function: Callable[[Number], Number], span: Number, bends: list[Number]) -> Number:
    """Return the integral over u from 0 to a span, split at decades below, between and beyond where functions bend."""
    if span == 0:
        return mp.mpf(0)
    low, high = min([span, *bends]) / 1000, min(span, 1000 * max([*bends]))
    decades = [mp.mpf(10) ** i for i in range(int(mp.floor(mp.log10(low))), int(mp.ceil(mp.log10(high))) + 1)]
    inner = sorted({point for point in [*decades, *bends] if 0 < point < span})
    unit = max(function(point) * point for point in [*inner, span])  # the rule stops at an absolute error
    return mp.quad(lambda u: function(u) / unit, [0, *inner, span]) * unit


def log_paths(parameters: Parameters, x: int, t_x: Number, T: Number) -> tuple[Number, Number]:
    """Return the log-probabilities of the history by a customer who is alive at T, and by one who left in between."""
    r, alpha, s, beta = parameters
    alive = log_gamma_moment(r, alpha, x, T) + log_still_there(s, beta, T)
    if t_x == T:
        return alive, -mp.inf

    def path(u: Number) -> Number:
        return mp.exp(log_gamma_moment(r, alpha, x, t_x + u) + log_leaving(s, beta, t_x + u))

    A, B = alpha + t_x, beta + t_x
    return alive, mp.log(over_time(path, T - t_x, [A, B, A / (r + x), B / (s + 1), 60 * A / (r + x)]))


def log_likelihood(parameters: Parameters, x: int, t_x: Number, T: Number) -> Number:
    alive, left = log_paths(parameters, x, t_x, T)
    return alive + mp.log1p(mp.exp(left - alive))


def p_alive(parameters: Parameters, x: int, t_x: Number, T: Number) -> Number:
    alive, left = log_paths(parameters, x, t_x, T)
    return 1 / (1 + mp.exp(left - alive))


def log_likelihood_in_closed_form(parameters: Parameters, x: int, t_x: Number, T: Number) -> Number:
    """Return the same by Gauss's hypergeometric function; Fader & Hardie (2005), digits added where it cancels."""
    r, alpha, s, beta = parameters
    k = r + x

    def tail(t: Number) -> Number:
        """Return the integral over the moment of leaving from t on, less factors."""
        A, B = alpha + t, beta + t
        if A >= B:
            return mp.exp(-s * mp.log(B) - k * mp.log(A)) * mp.hyp2f1(k, 1, s + k + 1, 1 - B / A) * s / (s + k)
        return mp.exp(-s * mp.log(B) - k * mp.log(A)) * mp.hyp2f1(s + 1, 1, s + k + 1, 1 - A / B) * s / (s + k) * A / B

    with mp.workdps(2 * mp.dps):
        alive = mp.exp(-s * mp.log(beta + T) - k * mp.log(alpha + T))
        front = mp.loggamma(k) - mp.loggamma(r) + r * mp.log(alpha) + s * mp.log(beta)
        return front + mp.log(alive + tail(t_x) - tail(T))


def pmf(parameters: Parameters, n: int, t: Number) -> Number:
    """Return P(n purchases of a new customer in (0, t]): alive until t, or left at some time before."""
    r, alpha, s, beta = parameters

    def bought(u: Number) -> Number:
        return mp.exp(log_gamma_moment(r, alpha, n, u) + n * mp.log(u) - mp.loggamma(n + 1))

    def path(u: Number) -> Number:
        return bought(u) * mp.exp(log_leaving(s, beta, u)) if u > 0 else mp.mpf(0)

    near, far = t * (n + 1) / (n + 2), alpha * (n + 1) / r
    bends = [alpha, beta, alpha / r, beta / (s + 1), near, far, far / 2, 2 * far, far * (1 + 9 / mp.sqrt(n + 1))]
    bends += [t * (1 - mp.mpf(c) / (n + c + 1)) for c in (10, 60)] + [far / (1 + 9 / mp.sqrt(n + 1))]
    return bought(t) * mp.exp(log_still_there(s, beta, t)) + over_time(path, t, bends)


def ahead(parameters: Parameters, x: int, T: Number) -> Parameters:
    """Return the parameters of a customer who is alive at T: his rates given x purchases and no leaving."""
    r, alpha, s, beta = parameters
    return r + x, alpha + T, s, beta + T


def p_buys(parameters: Parameters, t: Number) -> Number:
    """Return the probability that a new customer buys again within (0, t]: the density of the first such purchase."""
    r, alpha, s, beta = parameters

    def first(u: Number) -> Number:
        return mp.exp(log_gamma_moment(r, alpha, 1, u) + log_still_there(s, beta, u))

    return over_time(first, t, [alpha, beta, alpha / (r + 1), beta / s, 60 * alpha / (r + 1)])


def purchases(parameters: Parameters, t: Number, delta: Number) -> Number:
    """Return the discounted purchases of a new customer in (0, t]: his mean rate while he is there."""
    r, alpha, s, beta = parameters

    def rate(u: Number) -> Number:
        return mp.exp(log_still_there(s, beta, u) - delta * u)

    bends = [beta, beta / s, *([1 / delta, 60 / delta] if delta else [])]
    return r / alpha * over_time(rate, t, bends)
