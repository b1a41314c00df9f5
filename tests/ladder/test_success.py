"""The scorecard: verdicts by day, target and interval."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pytest

from evergreen import Estimate, scorecard
from evergreen.errors import EvergreenError, InputTypeError, InvalidInputError
from tests.ladder.test_plan import PLAN

LATE, BETWEEN = date(2027, 6, 30), date(2027, 2, 1)


@pytest.mark.parametrize(
    ("actual", "verdict"),
    [
        (0.35, "met"),
        (0.3499, "not met"),
        (Estimate(0.40, 0.36, 0.44), "met"),
        (Estimate(0.40, 0.35, 0.44), "met"),
        (Estimate(0.40, 0.30, 0.50), "too close to tell"),
        (Estimate(0.33, 0.30, 0.36), "too close to tell"),
        (Estimate(0.20, 0.15, 0.25), "not met"),
        (np.float64(0.5), "met"),
    ],
)
def test_what_is_to_be_reached(actual: Any, verdict: str) -> None:
    assert scorecard(PLAN, {"repeat rate": actual}, on=BETWEEN).lines[0].verdict.value == verdict


@pytest.mark.parametrize(
    ("actual", "verdict"),
    [
        (4.0, "met"),
        (4.1, "not met"),
        (Estimate(3.5, 3.2, 3.9), "met"),
        (Estimate(3.5, 3.2, 4.2), "too close to tell"),
        (Estimate(5.5, 4.2, 6.2), "not met"),
    ],
)
def test_what_is_not_to_be_exceeded(actual: Any, verdict: str) -> None:
    assert scorecard(PLAN, {"cost per member": actual}, on=LATE).lines[1].verdict.value == verdict


def test_before_its_day_nothing_is_met_or_missed() -> None:
    found = scorecard(PLAN, {"repeat rate": 0.9, "cost per member": 99}, on=date(2027, 1, 30))
    assert [line.verdict.value for line in found.lines] == ["too early to tell"] * 2
    assert found.to_frame()["actual"].tolist() == [0.9, 99.0]


def test_a_criterion_without_a_number_says_so() -> None:
    frame = scorecard(PLAN, {}, on=LATE).to_frame()
    assert frame["verdict"].tolist() == ["not measured"] * 2
    assert frame["actual"].isna().all()
    assert frame["is"].tolist() == ["at least", "at most"]
    assert frame["target"].tolist() == [0.35, 4.0]


WRONG: list[tuple[dict[str, Any], type[EvergreenError], str]] = [
    ({"plan": "plan"}, InputTypeError, "plan must be a LoyaltyPlan"),
    ({"actuals": [0.3]}, InputTypeError, "mapping from metric"),
    ({"actuals": {"sales": 3}}, InvalidInputError, "No criterion of the plan measures"),
    ({"actuals": {"repeat rate": "0.3"}}, InputTypeError, "an Estimate or a number"),
    ({"actuals": {"repeat rate": True}}, InputTypeError, "an Estimate or a number"),
    ({"actuals": {"repeat rate": math.nan}}, InvalidInputError, "leave out what was not measured"),
    ({"on": "2027-01-01"}, InputTypeError, "on must be a datetime.date"),
]


@pytest.mark.parametrize(("change", "error", "words"), WRONG)
def test_wrong_calls_say_what_is_wrong(change: dict[str, Any], error: type[EvergreenError], words: str) -> None:
    call: dict[str, Any] = {"plan": PLAN, "actuals": {}, "on": LATE, **change}
    with pytest.raises(error) as caught:
        scorecard(**call)
    assert words in str(caught.value)
