"""The curve of a total, against exact fractions, loops over customers, and laws of inequality."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from evergreen.kernels.concentration import (
    Gains,
    class_floors,
    gini,
    levels_of,
    share_of_top,
    shares_of_sum,
    smallest_counts,
    top_count,
    value_of_top,
    whale_curve,
)
from evergreen.typing import FloatArray


@given(st.integers(1, 10**6), st.integers(1, 1_000))
def test_top_count_is_the_ceiling_of_the_exact_share(customers: int, per_mille: int) -> None:
    """A share of 0.07 of 100 customers is 7, though 0.07 * 100 is a little more in floats."""
    exact = math.ceil(Fraction(per_mille, 1_000) * customers)
    assert top_count(customers, per_mille / 1_000) == exact


@pytest.mark.parametrize(
    ("customers", "share", "wanted"),
    [
        (2_357, 0.2, 472),
        (23_570, 0.2, 4_714),
        (100, 0.07, 7),
        (10, 1.0, 10),
        (10, 1e-12, 1),
        (1, 0.5, 1),
        (3, 1 / 3, 1),
        (10**9, 0.29, 290_000_000),
    ],
)
def test_top_count(customers: int, share: float, wanted: int) -> None:
    assert top_count(customers, share) == wanted


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=40), st.data())
def test_value_of_top_is_that_of_the_sorted_best(values: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(values)))
    best = sorted(values, reverse=True)
    threshold = best[count - 1]
    above = [value for value in values if value > threshold]
    assert value_of_top(count, threshold, len(above), sum(above)) == sum(best[:count])


# ------------------------------------------------------------------------------------------------ by hand

some_values = st.lists(st.integers(-20, 60), min_size=1, max_size=40)
"""Money in whole units, with losses and many ties."""


def curve_of(values: list[int]) -> Gains:
    return whale_curve(*levels_of(np.array(values, np.float64)))


@given(some_values)
def test_gini_is_the_mean_difference_of_all_pairs(values: list[int]) -> None:
    total, n = sum(values), len(values)
    if total <= 0:
        assert math.isnan(gini(curve_of(values)))
        return
    differences = sum(abs(one - other) for one in values for other in values)
    assert gini(curve_of(values)) == pytest.approx(float(Fraction(differences, 2 * n * total)), abs=1e-14)


@given(some_values, st.integers(1, 1_000))
def test_share_of_top_is_that_of_the_sorted_best(values: list[int], per_mille: int) -> None:
    assume(sum(values) > 0)
    top = math.ceil(Fraction(per_mille, 1_000) * len(values))
    best = sorted(values, reverse=True)
    assert share_of_top(curve_of(values), per_mille / 1_000) == pytest.approx(sum(best[:top]) / sum(values), rel=1e-13)


@given(some_values, st.lists(st.integers(1, 1_000), min_size=1, max_size=5))
def test_smallest_counts_are_found_one_customer_after_the_other(values: list[int], per_mille: list[int]) -> None:
    assume(sum(values) > 0)
    best = sorted(values, reverse=True)
    wanted = []
    for share in per_mille:
        count = reached = 0
        while reached * 1_000 < share * sum(values):
            reached += best[count]
            count += 1
        wanted.append(count)
    assert smallest_counts(curve_of(values), [share / 1_000 for share in per_mille]).tolist() == wanted


@given(some_values, st.lists(st.integers(1, 999), min_size=1, max_size=4, unique=True))
def test_class_floors_are_found_one_customer_after_the_other(values: list[int], per_mille: list[int]) -> None:
    assume(sum(values) > 0)
    distinct, count = levels_of(np.array(values, np.float64))
    found = class_floors(distinct, whale_curve(distinct, count), [share / 1_000 for share in per_mille])
    for share, floor in zip(per_mille, found.tolist(), strict=True):
        inside = [
            value
            for value in values
            if 1_000 * sum(better for better in values if better > value) < share * sum(values)
        ]
        assert floor == min(inside)
        assert floor > 0
        assert max(values) in inside


@given(some_values)
def test_the_curve_goes_through_every_level(values: list[int]) -> None:
    curve, best = curve_of(values), sorted(values, reverse=True)
    assert curve.customers[-1] == len(values)
    assert curve.value.tolist() == [sum(best[:count]) for count in curve.customers.tolist()]
    slopes = np.diff(curve.value) / np.diff(curve.customers)
    assert (np.diff(slopes) < 0).all()


@given(some_values, st.lists(st.integers(1, 5), min_size=40, max_size=40))
def test_levels_count_customers(values: list[int], times: list[int]) -> None:
    given_counts = np.array(times[: len(values)])
    found = levels_of(np.array(values, np.float64), given_counts)
    repeated = levels_of(np.repeat(np.array(values, np.float64), given_counts))
    for one, other in zip(found, repeated, strict=True):
        np.testing.assert_array_equal(one, other)


def test_whole_shares_are_met_although_sums_are_rounded() -> None:
    """Ten times a tenth is less than 1 in floats: the tenth customer is the last one needed, not an eleventh."""
    curve = whale_curve(*levels_of(np.append(np.full(10, 0.1), 0.0)))
    assert smallest_counts(curve, [0.1, 0.3, 0.7, 1.0]).tolist() == [1, 3, 7, 10]
    values = np.array([0.1, 0.2, 0.7])
    assert class_floors(values, whale_curve(values, np.ones(3, np.int64)), [0.7, 0.9]).tolist() == [0.7, 0.2]


def test_shares_of_nothing_are_nan() -> None:
    assert shares_of_sum(np.array([1, 3])).tolist() == [0.25, 0.75]
    assert np.isnan(shares_of_sum(np.zeros(2))).all()


# ------------------------------------------------------------------------------------------------ laws

positive = st.lists(st.integers(0, 1_000), min_size=2, max_size=40).filter(any)


@given(positive, st.floats(1e-6, 1e6))
def test_money_has_no_unit(values: list[int], factor: float) -> None:
    scaled = whale_curve(*levels_of(np.array(values, np.float64) * factor))
    assert gini(scaled) == pytest.approx(gini(curve_of(values)), abs=1e-12)


@given(positive, st.integers(2, 5))
def test_a_base_twice_is_as_unequal_as_once(values: list[int], times: int) -> None:
    assert gini(curve_of(values * times)) == pytest.approx(gini(curve_of(values)), abs=1e-13)


@given(positive)
def test_gini_lies_between_none_and_all_for_one(values: list[int]) -> None:
    assert -1e-15 <= gini(curve_of(values)) <= 1 - 1 / len(values) + 1e-15
    assert gini(curve_of([7] * len(values))) == 0
    assert gini(curve_of([7, *[0] * (len(values) - 1)])) == pytest.approx(1 - 1 / len(values), abs=1e-15)


@given(positive, st.data())
def test_what_the_rich_give_to_the_poor_makes_more_equal(values: list[int], data: st.DataObject) -> None:
    """The principle of transfers of Pigou (1912) and Dalton (1920)."""
    ordered = sorted(values)
    poor = data.draw(st.integers(0, len(values) - 2))
    rich = data.draw(st.integers(poor + 1, len(values) - 1))
    assume(ordered[rich] - ordered[poor] >= 2)
    ordered[rich] -= 1
    ordered[poor] += 1
    assert gini(curve_of(ordered)) < gini(curve_of(values))


def test_with_losses_gini_exceeds_one_and_the_curve_is_a_whale() -> None:
    curve = curve_of([10, 5, -6, -6])
    assert gini(curve) == pytest.approx(sum(abs(a - b) for a in (10, 5, -6, -6) for b in (10, 5, -6, -6)) / (2 * 4 * 3))
    assert gini(curve) > 1
    assert curve.value.max() == 15
    assert share_of_top(curve, 0.5) == 5


# ------------------------------------------------------------------------------------------------ populations

N = 200_000
U = (np.arange(N) + 0.5) / N
"""Quantile levels: the values at them are a population without chance."""


@pytest.mark.parametrize(
    ("quantile", "wanted"),
    [
        (lambda u: -np.log1p(-u), 1 / 2),
        (lambda u: u, 1 / 3),
        (lambda u: (1 - u) ** (-1 / 3.0), 1 / (2 * 3.0 - 1)),
        (lambda u: np.exp(1.2 * ndtri(u)), float(2 * ndtr(1.2 / math.sqrt(2)) - 1)),
    ],
    ids=["exponential", "uniform", "Pareto 3", "lognormal 1.2"],
)
def test_gini_of_known_populations(quantile: Callable[[FloatArray], FloatArray], wanted: float) -> None:
    assert gini(whale_curve(*levels_of(quantile(U)))) == pytest.approx(wanted, abs=3e-4)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.8])
def test_shares_of_known_populations(share: float) -> None:
    """A Pareto tail of exponent a leaves the top p with p to the power 1 - 1/a; a = 1.16 is 80/20."""
    pareto = whale_curve(*levels_of((1 - U) ** (-1 / 3.0)))
    assert share_of_top(pareto, share) == pytest.approx(share ** (1 - 1 / 3.0), abs=3e-4)
    assert smallest_counts(pareto, [share])[0] / N == pytest.approx(share ** (1 / (1 - 1 / 3.0)), abs=1e-3)
    lognormal = whale_curve(*levels_of(np.exp(1.2 * ndtri(U))))
    assert share_of_top(lognormal, share) == pytest.approx(float(ndtr(1.2 - ndtri(1 - share))), abs=3e-4)
