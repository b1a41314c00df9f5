"""The rhythm of customers is found again in what was drawn from it, in any unit, and in its limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evergreen import PurchaseHistories, overdue_ratio
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.models.fitting import FitStatus
from evergreen.models.rhythm import Rhythm


def drawn(k: float, gap: float, customers: int = 4_000, seed: int = 1) -> PurchaseHistories:
    """Return customers with a number of gaps that has nothing to do with their rate."""
    random = np.random.default_rng(seed)
    x = random.integers(0, 6, customers)
    rate = np.full(customers, 1 / gap) if np.isinf(k) else random.gamma(k, 1 / (k * gap), customers)
    t_x = random.gamma(np.where(x, x, 1), 1 / rate) * (x > 0)
    return PurchaseHistories.of(x, t_x, t_x + 1.0)


def test_truth_is_found_again() -> None:
    fit = Rhythm.fit(drawn(1.4, 60.0))
    assert fit.status is FitStatus.CONVERGED
    for name, truth in (("k", 1.4), ("population_gap", 60.0)):
        low, high = fit.intervals(0.999)[name]
        assert low < truth < high
        assert high / low < 2
    assert fit.model == Rhythm(fit.parameters["k"], fit.parameters["population_gap"])


def test_unit_of_time_scales_the_gap_alone() -> None:
    days = drawn(1.4, 60.0, 500)
    weeks = PurchaseHistories.of(days.frequency, days.recency / 7, days.T / 7, count=days.count, time_unit="W")
    in_days, in_weeks = Rhythm.fit(days), Rhythm.fit(weeks)
    assert in_weeks.model.k == pytest.approx(in_days.model.k, rel=1e-8)
    assert 7 * in_weeks.model.population_gap == pytest.approx(in_days.model.population_gap, rel=1e-8)
    jacobian = float(days.frequency @ days.count) * np.log(7)
    assert in_weeks.log_likelihood == pytest.approx(in_days.log_likelihood + jacobian, rel=1e-10)


def test_customers_who_are_all_alike_are_named() -> None:
    random = np.random.default_rng(3)
    t_x = random.uniform(19.0, 21.0, 300) * 4
    fit = Rhythm.fit(PurchaseHistories.of(np.full(300, 4), t_x, t_x))
    assert fit.status is FitStatus.BOUNDARY
    assert "all customers have the same rhythm" in fit.message
    assert fit.model.population_gap == pytest.approx(t_x.mean() / 4, rel=1e-4)
    np.testing.assert_allclose(fit.model.overdue_ratio(40.0, [0, 4], [0.0, 200.0]), 40 / (t_x.mean() / 4), rtol=1e-3)


def test_overdue_is_silence_over_the_shrunk_gap() -> None:
    found = overdue_ratio([60, 60, 0], [4, 0, 2], [40, 0, 10], population_gap=90.0, k=1.0)
    np.testing.assert_allclose(found, [60 / (130 / 5), 60 / 90, 0.0])
    np.testing.assert_array_equal(found, Rhythm(1.0, 90.0).overdue_ratio([60, 60, 0], [4, 0, 2], [40, 0, 10]))
    assert overdue_ratio(60, 4, 40, population_gap=90.0, k=1.0).shape == ()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"silence": [-1.0]}, "silence must be at least 0: 1 of 1 rows"),
        ({"silence": [np.nan]}, "silence must be finite"),
        ({"frequency": [0.5]}, "frequency must be a whole number"),
        ({"recency": [-2.0]}, "recency must be at least 0"),
        ({"population_gap": 0.0}, "parameters must be positive and finite, got population_gap=0.0"),
        ({"k": np.inf}, "parameters must be positive and finite, got k=inf"),
        ({"silence": [1.0, 2.0], "recency": [1.0, 2.0, 3.0]}, "Arrays must be of one shape"),
    ],
)
def test_impossible_values_are_refused(wrong: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"silence": [1.0], "frequency": [1], "recency": [1.0], "population_gap": 9.0, "k": 1.0}
    with pytest.raises(InvalidInputError, match=message):
        overdue_ratio(**{**given, **wrong})


def test_nothing_to_learn_from_is_said() -> None:
    for recency in (0.0, 0.0):
        with pytest.raises(InvalidInputError, match="None of 3 customers has come back at a later time"):
            Rhythm.fit(PurchaseHistories.of([0, 0, 1], [0.0, 0.0, recency], [9.0, 9.0, 9.0]))
    wrong: Any = [1, 2]
    with pytest.raises(InputTypeError, match="histories must be PurchaseHistories"):
        Rhythm.fit(wrong)
