"""The BG/BB told step by step in exact arithmetic: from its story, not from its formulas."""

from __future__ import annotations

from typing import Any

from mpmath import mp

Letters = tuple[Any, Any, Any, Any]


def exactly(*parameters: float) -> Letters:
    alpha, beta, gamma, delta = (mp.mpf(value) for value in parameters)
    return alpha, beta, gamma, delta


def path(letters: Letters, x: int, n: int) -> Any:
    """Return the probability to be there at n opportunities and to buy at x given ones of them."""
    alpha, beta, gamma, delta = letters
    bought = mp.beta(alpha + x, beta + n - x) / mp.beta(alpha, beta)
    return bought * mp.beta(gamma, delta + n) / mp.beta(gamma, delta)


def leaves(letters: Letters, n: int) -> Any:
    """Return the probability to leave at the beginning of opportunity n + 1, of who was there at n."""
    _, _, gamma, delta = letters
    return gamma / (gamma + delta + n)


def likelihood(letters: Letters, x: int, t_x: int, n: int) -> Any:
    """Sum over when the customer left: after t_x, ... n - 1, or not yet."""
    gone = mp.fsum(path(letters, x, s) * leaves(letters, s) for s in range(t_x, n))
    return gone + path(letters, x, n)


def p_alive(letters: Letters, x: int, t_x: int, n: int) -> Any:
    """Return the probability to be there at n + 1."""
    return path(letters, x, n) * (1 - leaves(letters, n)) / likelihood(letters, x, t_x, n)


def later(letters: Letters, x: int, n: int) -> Letters:
    """Return the letters of who was there at n, as if he were new."""
    alpha, beta, gamma, delta = letters
    return alpha + x, beta + n - x, gamma, delta + n


def p_purchase(letters: Letters, horizon: int) -> Any:
    """Return one minus the probability of a history without a purchase."""
    return 1 - likelihood(letters, 0, 0, horizon)


def purchases(letters: Letters, horizon: int, delta: Any = 0) -> Any:
    """Count one by one: be there, and buy."""
    alpha, beta, gamma, stay = letters
    there, total = mp.mpf(1), mp.mpf(0)
    for j in range(1, horizon + 1):
        there *= (stay + j - 1) / (gamma + stay + j - 1)
        total += there * mp.exp(-mp.mpf(delta) * j)
    return total * alpha / (alpha + beta)


def pmf(letters: Letters, n: int, horizon: int) -> Any:
    """Sum over when the customer left, and over the orders of purchases before."""
    if n > horizon:
        return mp.mpf(0)
    gone = mp.fsum(mp.binomial(s, n) * path(letters, n, s) * leaves(letters, s) for s in range(n, horizon))
    return gone + mp.binomial(horizon, n) * path(letters, n, horizon)
