"""Pareto, both sides: who carries the value, who makes the trouble, and whether they are the same."""

from __future__ import annotations

from evergreen.pareto.concentration import Concentration
from evergreen.pareto.overlap import Overlap
from evergreen.pareto.segmenter import ParetoSegmenter
from evergreen.pareto.shares import gini, lorenz, share_of_top, smallest_share

__all__ = ["Concentration", "Overlap", "ParetoSegmenter", "gini", "lorenz", "share_of_top", "smallest_share"]
