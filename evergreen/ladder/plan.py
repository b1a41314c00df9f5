"""The loyalty plan: six steps, written down before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.models.checks import check_finite_number, check_not_negative
from evergreen.models.states import check_states, head_counts, place_of
from evergreen.typing import FloatArray


@final
@dataclass(frozen=True, slots=True)
class Reward:
    """What customers on a rung get, and know that they get.

    Parameters
    ----------
    rung : str
        Who gets it.
    name : str
        What it is.
    cost : float
        What it costs the firm each time, for each customer.
    per_year : float
        How often a customer gets it.

    Examples
    --------
    >>> Reward("loyal", "free shipping", cost=4.5, per_year=6)
    Reward(rung='loyal', name='free shipping', cost=4.5, per_year=6)
    """

    rung: str
    name: str
    cost: float
    per_year: float = 1.0


@final
@dataclass(frozen=True, slots=True)
class SuccessCriterion:
    """A number by which the plan has to succeed.

    Parameters
    ----------
    metric : str
        What is measured.
    target : float
        What it must be.
    by : datetime.date
        When it is judged.
    at_most : bool
        The target is not to be exceeded; it is to be reached, by default.

    Examples
    --------
    >>> SuccessCriterion("share of repeat customers", 0.35, date(2027, 6, 30)).target
    0.35
    """

    metric: str
    target: float
    by: date
    at_most: bool = False


@final
@dataclass(frozen=True, slots=True)
class LoyaltyPlan:
    """A loyalty program in the six steps of Fleming (2015).

    Parameters
    ----------
    rungs : tuple of str, shape (k,)
        The ladder, from its lowest rung up.
    goal : str
        1. What is to change in what customers do.
    data : tuple of str
        2. The small data it is run on: what is known of every customer, and used.
    program : tuple of Reward
        3. What each rung gets.
    criteria : tuple of SuccessCriterion
        4. By what the plan is judged.
    entry : str
        5. The strategy: when and how customers become members.
    contacts : tuple of Reward
        And how they are kept in touch with; a contact costs money like a reward.
    surprise_budget : float
        6. What may be spent in a year on what nobody expects.
    start, end : datetime.date
        From when till when.

    Raises
    ------
    InputTypeError, InvalidInputError
        If a step is missing or of another kind, rungs are unknown, a cost is negative, a criterion stands there twice,
        or dates are not in order: the end after the start, and criteria judged in between.

    Notes
    -----
    The criteria are part of the plan so that nobody chooses them when the numbers are in.

    Examples
    --------
    >>> plan = LoyaltyPlan(
    ...     rungs=("first-time", "repeat", "loyal"),
    ...     goal="A second purchase within 90 days",
    ...     data=("date of each order", "referrals"),
    ...     program=(Reward("repeat", "early access", cost=1.0, per_year=4), Reward("loyal", "gift", cost=12.0)),
    ...     criteria=(SuccessCriterion("repeat rate", 0.35, date(2027, 6, 30)),),
    ...     entry="asked in the parcel of the first order",
    ...     contacts=(Reward("first-time", "letter by hand", cost=2.0, per_year=2),),
    ...     surprise_budget=500.0,
    ...     start=date(2026, 7, 1),
    ...     end=date(2027, 6, 30),
    ... )
    >>> plan.cost_per_year
    array([ 4.,  4., 12.])
    >>> plan.predictability({"first-time": 100, "repeat": 50, "loyal": 25})
    0.5
    """

    rungs: tuple[str, ...]
    goal: str
    data: tuple[str, ...]
    program: tuple[Reward, ...]
    criteria: tuple[SuccessCriterion, ...]
    entry: str
    contacts: tuple[Reward, ...]
    surprise_budget: float
    start: date
    end: date

    def __post_init__(self) -> None:
        """Check the six steps."""
        object.__setattr__(self, "rungs", check_states(self.rungs))
        for name, of in (("data", str), ("program", Reward), ("criteria", SuccessCriterion), ("contacts", Reward)):
            object.__setattr__(self, name, _series(name, getattr(self, name), of))
        for name, said in (("goal", self.goal), ("entry", self.entry)):
            if not (isinstance(said, str) and said.strip()):
                raise InvalidInputError(f"{name} must say something, got {said!r}.")
        if not (self.data and self.criteria):
            raise InvalidInputError("A plan names the data it is run on, and at least one criterion of success.")
        check_not_negative("surprise_budget", self.surprise_budget)
        for reward in self.program + self.contacts:
            _check_text("The name of a reward", reward.name)
            place_of(self.rungs, reward.rung)
            check_not_negative(f"cost of {reward.name!r}", reward.cost)
            check_not_negative(f"per_year of {reward.name!r}", reward.per_year)
        for each in self.criteria:
            _check_text("metric", each.metric)
            check_finite_number(f"target of {each.metric!r}", each.target)
            if not isinstance(each.at_most, bool):
                raise InputTypeError.kind(f"at_most of {each.metric!r}", each.at_most, "True or False")
        self._check_dates()

    @property
    def cost_per_year(self) -> FloatArray:
        """What a customer on each rung costs in a year, rewards and contacts, shape (k,)."""
        return self._cost(self.program + self.contacts)

    def predictability(self, customers: Mapping[str, float]) -> float:
        """Return which share of the rewards of a year is known in advance.

        Parameters
        ----------
        customers : mapping of str to float
            How many are on each rung; a rung that is not named has none.

        Returns
        -------
        float
            The cost of the program over that of the program and of surprises; 1 where nothing is left to surprise, nan
            where there are no rewards at all. Contacts are no rewards.

        Raises
        ------
        InputTypeError, InvalidInputError
            If it is no mapping to numbers of at least 0, names an unknown rung, or there is nobody.
        """
        scheduled = float(head_counts(self.rungs, customers) @ self._cost(self.program))
        rewards = scheduled + self.surprise_budget
        return scheduled / rewards if rewards else float("nan")

    def _cost(self, rewards: Sequence[Reward]) -> FloatArray:
        found = np.zeros(len(self.rungs))
        for reward in rewards:
            found[place_of(self.rungs, reward.rung)] += reward.cost * reward.per_year
        return found

    def _check_dates(self) -> None:
        days = [
            ("start", self.start),
            ("end", self.end),
            *((f"by of {each.metric!r}", each.by) for each in self.criteria),
        ]
        for name, day in days:
            check_day(name, day)
        if not self.start < self.end:
            raise InvalidInputError(f"The plan must end after it starts, got {self.start} to {self.end}.")
        outside = [f"{each.metric!r} ({each.by})" for each in self.criteria if not self.start < each.by <= self.end]
        if outside:
            within = f"after {self.start} and until {self.end}"
            raise InvalidInputError(f"Criteria must be judged within the plan, {within}: {', '.join(outside)}.")
        metrics = [(each.metric, each.by) for each in self.criteria]
        if len(set(metrics)) < len(metrics):
            raise InvalidInputError(f"A metric is judged once on a day, got {', '.join(each for each, _ in metrics)}.")


def check_day(name: str, day: object) -> date:
    """Return a calendar day.

    Parameters
    ----------
    name : str
        What it is, for the message.
    day : datetime.date
        A day, without a time of day.

    Returns
    -------
    datetime.date

    Raises
    ------
    InputTypeError
        If it is something else.
    """
    if isinstance(day, datetime) or not isinstance(day, date):
        raise InputTypeError.kind(name, day, "a datetime.date")
    return day


def _check_text(name: str, given: object) -> None:
    if not isinstance(given, str):
        raise InputTypeError.kind(name, given, "text")


def _series(name: str, given: Any, of: type) -> tuple[Any, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(each, of) for each in given):
        raise InputTypeError.kind(name, given, f"a sequence of {of.__name__}")
    return tuple(given)
