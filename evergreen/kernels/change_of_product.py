"""Whose doing the change of a product is, in exact fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import factorial, floor, prod


def shapley_changes(a: Sequence[Fraction], b: Sequence[Fraction]) -> list[Fraction]:
    """Return what each factor contributes to the change of a product.

    Parameters
    ----------
    a, b : sequence of Fraction, shape (m,)
        The factors before and after.

    Returns
    -------
    list of Fraction, shape (m,)
        The mean, over all orders in which the factors could have changed one after another, of the change that each
        made in its turn. They add up to ``prod(b) - prod(a)`` exactly, whatever the signs, and a factor that did not
        change contributes nothing.

    Notes
    -----
    The value of Shapley (1953, eq. 12) in the game where a set of factors is worth the product with these factors, and
    no others, changed.

    Examples
    --------
    >>> shapley_changes([Fraction(10), Fraction(3)], [Fraction(12), Fraction(4)])
    [Fraction(7, 1), Fraction(11, 1)]
    """
    m = len(a)
    changes = []
    for i in range(m):
        others = [j for j in range(m) if j != i]
        mean = Fraction(0)
        for s in range(m):
            weight = Fraction(factorial(s) * factorial(m - s - 1), factorial(m))
            for changed in combinations(others, s):
                mean += weight * prod((b[j] if j in changed else a[j] for j in others), start=Fraction(1))
        changes.append((b[i] - a[i]) * mean)
    return changes


def whole_parts(parts: Sequence[Fraction], total: int) -> list[int]:
    """Return parts as whole numbers that add up to a whole total.

    Parameters
    ----------
    parts : sequence of Fraction, shape (m,)
        Parts of any sign.
    total : int
        Less than 1 from their sum, and equal to it if they are all whole.

    Returns
    -------
    list of int, shape (m,)
        Each part rounded down or up. Those with the largest remainders go up, the earlier first where these are equal;
        a whole part stays as it is.

    Examples
    --------
    >>> whole_parts([Fraction(7, 2), Fraction(-5, 3), Fraction(5)], 7)
    [4, -2, 5]
    """
    whole = [floor(part) for part in parts]
    remainders = [part - low for part, low in zip(parts, whole, strict=True)]
    up = sorted(range(len(parts)), key=lambda place: -remainders[place])[: total - sum(whole)]
    for place in up:
        whole[place] += 1
    return whole
