"""The plan: what it costs, how predictable it is, and what it refuses."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from evergreen import LoyaltyPlan, Reward, SuccessCriterion
from evergreen.errors import EvergreenError, InputTypeError, InvalidInputError, SavedFileError
from evergreen.store import dumps, loads

PLAN = LoyaltyPlan(
    rungs=("first-time", "repeat", "loyal"),
    goal="A second purchase within 90 days",
    data=("date of each order",),
    program=(Reward("repeat", "early access", 1.0, per_year=4), Reward("loyal", "gift", 12.0)),
    criteria=(
        SuccessCriterion("repeat rate", 0.35, date(2027, 1, 31)),
        SuccessCriterion("cost per member", 4.0, date(2027, 6, 30), at_most=True),
    ),
    entry="asked in the parcel of the first order",
    contacts=(Reward("first-time", "letter", 2.0, per_year=2), Reward("loyal", "call", 5.0)),
    surprise_budget=500.0,
    start=date(2026, 7, 1),
    end=date(2027, 6, 30),
)


def test_costs_add_up_by_rung() -> None:
    assert PLAN.cost_per_year.tolist() == [4.0, 4.0, 17.0]


def test_predictability_is_the_share_of_rewards_that_are_scheduled() -> None:
    """Contacts are no rewards: 50 * 4 + 25 * 12 = 500 are scheduled, 500 are not."""
    assert PLAN.predictability({"repeat": 50, "loyal": 25}) == 0.5
    assert PLAN.predictability({"first-time": 9}) == 0.0
    assert replace(PLAN, surprise_budget=0.0).predictability({"loyal": 1}) == 1.0
    assert math.isnan(replace(PLAN, surprise_budget=0.0).predictability({"first-time": 1}))


def test_a_plan_comes_back_from_its_text() -> None:
    assert loads(dumps(PLAN)) == PLAN


@pytest.mark.parametrize("day", ["2027-13-01", "soon", 20270101, None])
def test_a_file_with_an_impossible_day_is_refused(day: Any) -> None:
    document = json.loads(dumps(PLAN))
    document["fields"]["end"] = {"day": day}
    with pytest.raises(SavedFileError, match=r"end\.day must be a day such as 2026-12-31"):
        loads(json.dumps(document))


def test_lists_are_as_good_as_tuples() -> None:
    fields: dict[str, Any] = {"program": list(PLAN.program), "data": list(PLAN.data), "rungs": list(PLAN.rungs)}
    assert replace(PLAN, **fields) == PLAN


def criterion(**change: Any) -> SuccessCriterion:
    fields: dict[str, Any] = {"metric": "x", "target": 1.0, "by": date(2027, 1, 31), **change}
    return SuccessCriterion(**fields)


WRONG: list[tuple[dict[str, Any], type[EvergreenError], str]] = [
    ({"rungs": ("a", "a")}, InvalidInputError, "different names"),
    ({"goal": " "}, InvalidInputError, "goal must say something"),
    ({"entry": 3}, InvalidInputError, "entry must say something"),
    ({"data": ()}, InvalidInputError, "names the data"),
    ({"data": "orders"}, InputTypeError, "data must be a sequence of str"),
    ({"criteria": ()}, InvalidInputError, "at least one criterion"),
    ({"criteria": [0.3]}, InputTypeError, "sequence of SuccessCriterion"),
    ({"program": (Reward("vip", "gift", 1.0),)}, InvalidInputError, "state='vip' is not allowed"),
    ({"program": (Reward("loyal", "gift", -1.0),)}, InvalidInputError, "cost of 'gift' must be finite and at least 0"),
    ({"contacts": (Reward("loyal", "call", 1.0, -2),)}, InvalidInputError, "per_year of 'call'"),
    ({"contacts": (Reward("loyal", "call", "1"),)}, InputTypeError, "cost of 'call' must be a number"),  # type: ignore[arg-type]
    ({"surprise_budget": math.nan}, InvalidInputError, "surprise_budget"),
    ({"start": date(2027, 6, 30)}, InvalidInputError, "must end after it starts"),
    ({"start": datetime(2026, 7, 1, 12)}, InputTypeError, "start must be a datetime.date"),  # noqa: DTZ001
    ({"end": "2027-06-30"}, InputTypeError, "end must be a datetime.date"),
    ({"end": date(2027, 5, 31)}, InvalidInputError, "'cost per member' (2027-06-30)"),
    ({"criteria": PLAN.criteria[:1] * 2}, InvalidInputError, "judged once on a day"),
    (
        {"criteria": (SuccessCriterion("x", math.inf, date(2027, 1, 31)),)},
        InvalidInputError,
        "target of 'x' must be finite",
    ),
    ({"criteria": (criterion(metric=["x"]),)}, InputTypeError, "metric must be text, got list"),
    ({"criteria": (criterion(target="0.35"),)}, InputTypeError, "target of 'x' must be a number, got str"),
    ({"criteria": (criterion(target=[1, 2]),)}, InputTypeError, "target of 'x' must be a number, got list"),
    ({"criteria": (criterion(at_most="no"),)}, InputTypeError, "at_most of 'x' must be True or False, got str"),
    ({"program": (Reward("loyal", 3, 1.0),)}, InputTypeError, "The name of a reward must be text, got int"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("change", "error", "words"), WRONG)
def test_wrong_plans_say_what_is_wrong(change: dict[str, Any], error: type[EvergreenError], words: str) -> None:
    with pytest.raises(error) as caught:
        replace(PLAN, **change)
    assert words in str(caught.value)


def test_customers_are_on_rungs_of_the_plan() -> None:
    with pytest.raises(InvalidInputError, match="unknown 'vip'"):
        PLAN.predictability({"vip": 3})
    with pytest.raises(InvalidInputError, match="no customers"):
        PLAN.predictability({})
