"""The loyalty ladder: the plan, what it costs, how it does, and whom to surprise."""

from evergreen.ladder.budget import RewardBudget, reward_budget
from evergreen.ladder.plan import LoyaltyPlan, Reward, SuccessCriterion
from evergreen.ladder.success import Scorecard, ScoreLine, Verdict, scorecard
from evergreen.ladder.surprises import SurprisePicks, surprise

__all__ = [
    "LoyaltyPlan",
    "Reward",
    "RewardBudget",
    "ScoreLine",
    "Scorecard",
    "SuccessCriterion",
    "SurprisePicks",
    "Verdict",
    "reward_budget",
    "scorecard",
    "surprise",
]
