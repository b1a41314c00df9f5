"""The loyalty ladder: on which rung customers stand, how they move, and whom other rules would move.

- ``climbing`` has :class:`LoyaltyLadder`; its rungs are data (:class:`Rungs` of ``models``).
- ``movement`` tells how customers rose and fell between dates: :class:`LadderMovement`.
- ``rule_change`` tells what other rungs would do to the same customers: :class:`RuleChange`.
"""

from evergreen.ladder.climbing import LoyaltyLadder
from evergreen.ladder.movement import LadderMovement
from evergreen.ladder.rule_change import RuleChange

__all__ = ["LadderMovement", "LoyaltyLadder", "RuleChange"]
