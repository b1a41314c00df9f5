"""RFM: how recently, how often and for how much customers buy, as scores and segments.

- ``scorer`` has :class:`RFMScorer`; ``cut_points`` how its methods learn where scores begin; ``data_gate`` when a base
  is too small or too short for them.
- ``moves`` tells who has changed segment between two dates.
- ``quantiles`` scores plain arrays.
"""

from evergreen.rfm.moves import SegmentMoves
from evergreen.rfm.quantiles import quantile_scores
from evergreen.rfm.scorer import RFMScorer

__all__ = ["RFMScorer", "SegmentMoves", "quantile_scores"]
