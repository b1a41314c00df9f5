"""The loyalty ladder: who stands where and how customers move, what a plan costs, how it does, and whom to surprise.

- ``climbing`` has :class:`LoyaltyLadder`; its rungs are data (:class:`Rungs` of ``models``).
- ``movement`` tells how customers rose and fell between dates: :class:`LadderMovement`; what such moves are worth is
  told by :class:`Transitions` of ``models``.
- ``rule_change`` tells what other rungs would do to the same customers: :class:`RuleChange`.
- ``plan`` has :class:`LoyaltyPlan`; ``budget`` tells what it will cost, ``success`` how it does, and ``surprises`` whom
  to surprise.
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
