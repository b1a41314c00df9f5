"""The loyalty ladder: who stands where and moves how, the plan, what it costs, how it does, and whom to surprise.

- ``climbing`` has :class:`LoyaltyLadder`; its rungs are data (:class:`Rungs` of ``models``).
- ``movement`` tells how customers rose and fell between dates: :class:`LadderMovement`.
- ``rule_change`` tells what other rungs would do to the same customers: :class:`RuleChange`.
- ``plan``, ``budget``, ``success`` and ``surprises`` are the steps of a loyalty program.
"""

from evergreen.ladder.budget import RewardBudget, reward_budget
from evergreen.ladder.climbing import LoyaltyLadder
from evergreen.ladder.movement import LadderMovement
from evergreen.ladder.plan import LoyaltyPlan, Reward, SuccessCriterion
from evergreen.ladder.rule_change import RuleChange
from evergreen.ladder.success import Scorecard, ScoreLine, Verdict, scorecard
from evergreen.ladder.surprises import SurprisePicks, surprise

__all__ = [
    "LadderMovement",
    "LoyaltyLadder",
    "LoyaltyPlan",
    "Reward",
    "RewardBudget",
    "RuleChange",
    "ScoreLine",
    "Scorecard",
    "SuccessCriterion",
    "SurprisePicks",
    "Verdict",
    "reward_budget",
    "scorecard",
    "surprise",
]
