"""What a plan will cost while customers move between its rungs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from evergreen.durations import DAYS_PER_UNIT
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames import plain_table
from evergreen.kernels.markov import expected_customers, simulated_moves
from evergreen.ladder.plan import LoyaltyPlan
from evergreen.models.checks import check_whole
from evergreen.models.estimate import Estimate
from evergreen.models.markov_chain import MarkovChain
from evergreen.models.reward_stream import period_factor, periods_in
from evergreen.models.state_estimates import bounds_of
from evergreen.models.states import head_counts
from evergreen.typing import Duration, FloatArray

if TYPE_CHECKING:
    import pandas as pd

_MOST_PERIODS: Final = 10_000


@final
@dataclass(frozen=True, slots=True, eq=False)
class RewardBudget:
    """The cost of a plan, period by period.

    Attributes
    ----------
    rungs : tuple of str, shape (k,)
        States of the chain.
    customers : ndarray of float64, shape (n, k)
        Expected customers on each rung at the beginning of each period.
    cost : ndarray of float64, shape (n, k)
        Expected cost of rewards and contacts on each rung, not discounted.
    lower, upper : ndarray of float64, shape (n,)
        Bounds of the cost of each period; nan without draws.
    surprise : ndarray of float64, shape (n,)
        What is set aside for surprises.
    total : Estimate
        Cost of rewards and contacts over all periods, not discounted.
    present_value : Estimate
        The same, discounted. Surprises come on top of both.

    Examples
    --------
    >>> from datetime import date
    >>> from evergreen import Reward, SuccessCriterion
    >>> plan = LoyaltyPlan(
    ...     rungs=("repeat", "loyal"), goal="More loyal customers", data=("orders",), contacts=(),
    ...     program=(Reward("loyal", "gift", cost=10.0),), entry="with the second order", surprise_budget=400.0,
    ...     criteria=(SuccessCriterion("loyal customers", 300, date(2027, 6, 30)),),
    ...     start=date(2026, 7, 1), end=date(2027, 6, 30),
    ... )
    >>> chain = MarkovChain(("repeat", "loyal"), np.array([[0.9, 0.1], [0.2, 0.8]]), period_days=365.2425)
    >>> found = reward_budget(plan, chain, {"repeat": 800, "loyal": 200}, horizon="2Y", discount_rate=0.2)
    >>> found.total.estimate, found.present_value.estimate
    (4400.0, 4000.0)
    """

    rungs: tuple[str, ...]
    customers: FloatArray
    cost: FloatArray
    lower: FloatArray
    upper: FloatArray
    surprise: FloatArray
    total: Estimate
    present_value: Estimate

    def to_frame(self) -> pd.DataFrame:
        """Return the periods as a table.

        Returns
        -------
        pandas.DataFrame
            One row for each period: ``period`` (from 1), the expected cost on each rung under its name, then ``total``,
            ``lower``, ``upper`` and ``surprise``.
        """
        rungs = {rung: self.cost[:, at] for at, rung in enumerate(self.rungs)}
        return plain_table(
            {
                "period": np.arange(1, len(self.cost) + 1),
                **rungs,
                "total": self.cost.sum(axis=1),
                "lower": self.lower,
                "upper": self.upper,
                "surprise": self.surprise,
            }
        )


def reward_budget(
    plan: LoyaltyPlan,
    chain: MarkovChain,
    customers: Mapping[str, int],
    *,
    horizon: Duration,
    discount_rate: float = 0.1,
    seed: int | np.random.Generator | None = None,
) -> RewardBudget:
    """Return the expected cost of a plan, rung by rung and period by period.

    Parameters
    ----------
    plan : LoyaltyPlan
        What customers on each rung get.
    chain : MarkovChain
        How customers move; its states are at least the rungs of the plan. Others cost nothing.
    customers : mapping of str to int
        How many are in each state now; a state that is not named has none.
    horizon : str or timedelta
        How far to look ahead; of a period that it cuts, the share within counts.
    discount_rate : float
        Per year, at least 0. A period is paid at its beginning.
    seed : int or numpy.random.Generator, optional
        For the same intervals again.

    Returns
    -------
    RewardBudget
        Intervals hold both: how sure the rates are (the draws of the chain), and what chance does to so many customers
        (one simulated course for each draw).

    Raises
    ------
    InputTypeError, InvalidInputError
        If the plan or the chain is something else, the chain does not know a rung, customers are no whole numbers, or
        the horizon is no time or more than ten thousand periods.

    Notes
    -----
    On a made-up ladder of four rungs with 80 customers seen on each, intervals of 95 % held the cost of a year in 94 %
    of 500 simulated ones; with 30 on each in 93 %, with 400 in 96 %.

    Customers who join later are not in it, nor that rewards change how customers move: the rates are those that the
    chain was learned with.

    Examples
    --------
    >>> from datetime import date
    >>> from evergreen import LoyaltyPlan, Reward, SuccessCriterion
    >>> plan = LoyaltyPlan(
    ...     rungs=("repeat", "loyal"), goal="More loyal customers", data=("orders",), contacts=(),
    ...     program=(Reward("loyal", "gift", cost=10.0, per_year=4),),
    ...     criteria=(SuccessCriterion("loyal customers", 300, date(2027, 6, 30)),),
    ...     entry="with the second order", surprise_budget=400.0, start=date(2026, 7, 1), end=date(2027, 6, 30),
    ... )
    >>> chain = MarkovChain(("repeat", "loyal"), np.array([[0.9, 0.1], [0.2, 0.8]]), period_days=365.2425 / 4)
    >>> reward_budget(plan, chain, {"repeat": 800, "loyal": 200}, horizon="1Y").to_frame()[["period", "loyal"]]
       period   loyal
    0       1  2000.0
    1       2  2400.0
    2       3  2680.0
    3       4  2876.0
    """
    for name, given, of in (("plan", plan, LoyaltyPlan), ("chain", chain, MarkovChain)):
        if not isinstance(given, of):
            raise InputTypeError.kind(name, given, f"a {of.__name__}")
    missing = [rung for rung in plan.rungs if rung not in chain.states]
    if missing:
        raise InvalidInputError(
            f"The chain does not know the rungs {missing} of the plan; its states are {chain.states}."
        )
    start = check_whole("customers", head_counts(chain.states, customers))
    share, years = _shares_of_periods(horizon, chain.period_days), chain.period_days / DAYS_PER_UNIT["Y"]
    each = np.zeros(len(chain.states))
    each[[chain.states.index(rung) for rung in plan.rungs]] = plan.cost_per_year * years
    worth = period_factor(discount_rate, chain.period_days) ** np.arange(len(share))
    expected = expected_customers(chain.rates, start.astype(np.float64), len(share))
    cost = expected * each * share[:, None]
    drawn = None
    if chain.drawn is not None:
        heads = simulated_moves(chain.drawn, start, len(share), np.random.default_rng(seed).spawn(1)[0]).sum(axis=-1)
        drawn = (heads @ each).T * share
    by_period = cost.sum(axis=1)

    def estimate(weight: np.ndarray[Any, Any]) -> Estimate:
        sums = np.asarray(by_period @ weight)
        lower, upper = bounds_of(None if drawn is None else drawn @ weight, sums, chain.level)
        return Estimate(float(sums), float(lower), float(upper))

    lower, upper = bounds_of(drawn, by_period, chain.level)
    surprise = plan.surprise_budget * years * share
    return RewardBudget(
        chain.states, expected, cost, lower, upper, surprise, estimate(np.ones(len(share))), estimate(worth)
    )


def _shares_of_periods(horizon: Duration, period_days: float) -> FloatArray:
    """Return which share of each period lies within the horizon: 1, but for the last."""
    periods = periods_in(horizon, period_days)
    if not periods:
        raise InvalidInputError(
            f"horizon={horizon!r} is no part of a period of {period_days:g} days: look further ahead."
        )
    if periods > _MOST_PERIODS:
        raise InvalidInputError(
            f"horizon={horizon!r} is {periods:,.0f} periods of {period_days:g} days; a budget has at most "
            f"{_MOST_PERIODS:,}."
        )
    share = np.ones(math.ceil(periods))
    share[-1] = periods - (len(share) - 1)
    return share
