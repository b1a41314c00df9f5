"""Gamma-gamma from its story alone: quadrature over a customer's unseen nu.

The mean of x occasions is gamma(p x, rate nu x), nu is gamma(q, rate v), and the customer's level is p / nu.
Nothing is taken from the package under test.
"""

from __future__ import annotations

from typing import Any

from mpmath import mp

Number = Any
"""A number of mpmath."""
Parameters = tuple[Number, Number, Number]


def log_gamma_density(value: Number, shape: Number, rate: Number) -> Number:
    return shape * mp.log(rate) + (shape - 1) * mp.log(value) - rate * value - mp.loggamma(shape)


def over_nu(parameters: Parameters, x: int, mean: Number, power: int) -> tuple[Number, Number]:
    """Return the logarithm c and the number i with E[nu^power f(mean | nu)] = i exp(c), on the scale log nu."""
    p, q, v = parameters

    def log_integrand(y: Number) -> Number:
        nu = mp.exp(y)
        density = log_gamma_density(nu, q, v) + y + power * y
        return density + log_gamma_density(mean, p * x, nu * x) if x else density

    total = p * x + q + power
    peak = mp.log(total / (v + x * mean))
    width = 1 / mp.sqrt(total)
    reach = (mp.dps * mp.log(10) + 10) * max(width, 1 / total)
    right = max(mp.log1p(reach), 12 * width)
    height = log_integrand(peak)
    split = [peak - reach, peak - 30 * width, peak - 6 * width, peak, peak + 6 * width, peak + right + 30 * width]
    split += [peak - 0.2 * reach, peak + 0.3 * right]
    return height, mp.quad(lambda y: mp.exp(log_integrand(y) - height), sorted(split))


def log_likelihood(parameters: Parameters, x: int, mean: Number) -> Number:
    height, integral = over_nu(parameters, x, mean, 0)
    return height + mp.log(integral)


def expected_spend(parameters: Parameters, x: int, mean: Number) -> Number:
    """Return E[p / nu | mean]; x = 0 stands for a customer of whom nothing is known."""
    above, inverse = over_nu(parameters, x, mean, -1)
    below, one = over_nu(parameters, x, mean, 0)
    return parameters[0] * mp.exp(above - below) * inverse / one


def closed_log_likelihood(parameters: Parameters, x: int, mean: Number) -> Number:
    """Return the logarithm of the integral over nu, which is a gamma function: for derivatives."""
    p, q, v = parameters
    shape = p * x
    return (
        shape * mp.log(x)
        + (shape - 1) * mp.log(mean)
        - mp.loggamma(shape)
        + q * mp.log(v)
        - mp.loggamma(q)
        + mp.loggamma(shape + q)
        - (shape + q) * mp.log(v + x * mean)
    )
