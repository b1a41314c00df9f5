"""Whether a plan succeeds, by the criteria that were written into it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames import plain_table
from evergreen.ladder.plan import LoyaltyPlan, SuccessCriterion, check_day
from evergreen.models.estimate import Estimate

if TYPE_CHECKING:
    import pandas as pd


class Verdict(Enum):
    """What can be said of a criterion."""

    MET = "met"
    """The day has come, and the whole interval is on the right side of the target."""
    NOT_MET = "not met"
    """The day has come, and the whole interval is on the wrong side."""
    TOO_CLOSE = "too close to tell"
    """The day has come, and the target lies within the interval: more customers are needed to tell."""
    TOO_EARLY = "too early to tell"
    """The day has not come."""
    NOT_MEASURED = "not measured"
    """There is no number."""


@final
@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A criterion, and how it stands.

    Parameters
    ----------
    criterion : SuccessCriterion
        What was to be reached.
    actual : Estimate or None
        What was measured.
    verdict : Verdict
        What can be said.
    """

    criterion: SuccessCriterion
    actual: Estimate | None
    verdict: Verdict


@final
@dataclass(frozen=True, slots=True)
class Scorecard:
    """The criteria of a plan on a day.

    Parameters
    ----------
    on : datetime.date
        The day.
    lines : tuple of ScoreLine
        One for each criterion, in the order of the plan.

    Examples
    --------
    >>> criterion = SuccessCriterion("repeat rate", 0.35, date(2026, 12, 31))
    >>> card = Scorecard(date(2027, 1, 15), (ScoreLine(criterion, Estimate(0.4), Verdict.MET),))
    >>> card.to_frame()[["metric", "target", "actual", "verdict"]]
            metric  target  actual verdict
    0  repeat rate    0.35     0.4     met
    """

    on: date
    lines: tuple[ScoreLine, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the scorecard as a table.

        Returns
        -------
        pandas.DataFrame
            One row for each criterion: ``metric``, ``by``, ``target`` (with its direction in ``is``, ``"at least"`` or
            ``"at most"``), ``actual``, ``lower``, ``upper`` (nan where not measured), ``verdict``.
        """
        criteria = [line.criterion for line in self.lines]
        numbers = [line.actual or Estimate(math.nan) for line in self.lines]
        return plain_table(
            {
                "metric": np.array([each.metric for each in criteria], object),
                "by": np.array([each.by for each in criteria], object),
                "is": np.array(["at most" if each.at_most else "at least" for each in criteria], object),
                "target": np.array([each.target for each in criteria], np.float64),
                "actual": np.array([each.estimate for each in numbers]),
                "lower": np.array([each.lower for each in numbers]),
                "upper": np.array([each.upper for each in numbers]),
                "verdict": np.array([line.verdict.value for line in self.lines], object),
            }
        )


def scorecard(plan: LoyaltyPlan, actuals: Mapping[str, Estimate | float], *, on: date) -> Scorecard:
    """Compare a plan with what happened.

    Parameters
    ----------
    plan : LoyaltyPlan
        With the criteria of success.
    actuals : mapping of str to Estimate or float
        What was measured, by metric; a bare number is taken to be exact.
    on : datetime.date
        The day on which it was measured.

    Returns
    -------
    Scorecard
        Before its day no criterion is met or missed, however good or bad the number is: a cost that is to be kept low
        always starts low.

    Raises
    ------
    InputTypeError, InvalidInputError
        If the plan, the day or a number is something else, or a metric is not in the plan.

    Examples
    --------
    >>> plan = LoyaltyPlan(
    ...     rungs=("first-time", "repeat"), goal="More second purchases", data=("orders",), program=(), contacts=(),
    ...     criteria=(
    ...         SuccessCriterion("repeat rate", 0.35, date(2026, 12, 31)),
    ...         SuccessCriterion("cost per member", 4.0, date(2027, 6, 30), at_most=True),
    ...     ),
    ...     entry="with the first order", surprise_budget=100.0, start=date(2026, 7, 1), end=date(2027, 6, 30),
    ... )
    >>> found = scorecard(plan, {"repeat rate": Estimate(0.37, 0.34, 0.40)}, on=date(2027, 1, 15))
    >>> [line.verdict.value for line in found.lines]
    ['too close to tell', 'too early to tell']
    """
    if not isinstance(plan, LoyaltyPlan):
        raise InputTypeError.kind("plan", plan, "a LoyaltyPlan")
    if not isinstance(actuals, Mapping):
        raise InputTypeError.kind("actuals", actuals, "a mapping from metric to Estimate or number")
    metrics = [criterion.metric for criterion in plan.criteria]
    unknown = [metric for metric in actuals if metric not in metrics]
    if unknown:
        raise InvalidInputError(f"No criterion of the plan measures {unknown}; they measure {metrics}.")
    day = check_day("on", on)
    numbers = {metric: _estimate(metric, number) for metric, number in actuals.items()}
    lines = [
        ScoreLine(each, numbers.get(each.metric), _verdict(each, numbers.get(each.metric), day))
        for each in plan.criteria
    ]
    return Scorecard(day, tuple(lines))


def _estimate(metric: str, number: object) -> Estimate:
    found = number if isinstance(number, Estimate) else None
    if isinstance(number, (int, float, np.integer, np.floating)) and not isinstance(number, bool):
        found = Estimate(float(number))
    if found is None:
        raise InputTypeError.kind(f"The actual {metric!r}", number, "an Estimate or a number")
    if math.isnan(found.estimate):
        raise InvalidInputError(f"The actual {metric!r} is nan: leave out what was not measured.")
    return found


def _verdict(criterion: SuccessCriterion, actual: Estimate | None, on: date) -> Verdict:
    if on < criterion.by:
        return Verdict.TOO_EARLY
    if actual is None:
        return Verdict.NOT_MEASURED
    exact = math.isnan(actual.lower)
    lower, upper = (actual.estimate, actual.estimate) if exact else (actual.lower, actual.upper)
    worst, best, target = lower, upper, criterion.target
    if criterion.at_most:
        worst, best, target = -upper, -lower, -criterion.target
    if worst >= target:
        return Verdict.MET
    return Verdict.NOT_MET if best < target else Verdict.TOO_CLOSE
