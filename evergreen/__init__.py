"""evergreen: keep and grow the customers you have.

From a transaction log to scored customers:

- :class:`CustomerBase` summarizes a log; :func:`split` cuts it into calibration and holdout.
- :class:`RFMScorer` scores recency, frequency and monetary value, names segments (:class:`SegmentMap`), and tells who
  moved between two dates (:class:`SegmentMoves`); :func:`quantile_scores` scores plain arrays.
- :class:`ParetoSegmenter` tests 80/20 on value and on trouble, with classes A, B, C; :func:`gini` and its like measure
  any array.
- :class:`GapHistories` counts the times between purchases; :class:`ReturnCurve` tells who still comes back.
- :class:`CLVModel` forecasts purchases, spend and lifetime value, from :class:`BGNBD` and :class:`GammaGamma`.
- :class:`ChurnDetector` says who is slipping away, how surely, and until when there is time.
- :class:`LoyaltyLadder` puts customers on rungs (:class:`Rungs`), tells how they move between dates
  (:class:`LadderMovement`), and whom other rules would raise or lower (:class:`RuleChange`).
- :class:`CovariateModel` lets attributes of customers, such as a channel, move how they buy and leave.
- :class:`BGBB` forecasts purchases at given opportunities; :class:`SBG` projects and values contracts.
- :mod:`evergreen.plots` draws results (extra ``plot``).
- :func:`save` and :func:`load` keep what was learned; :mod:`evergreen.sql` scores inside a database (extra ``sql``).
- :mod:`evergreen.datasets` has real and simulated logs; :mod:`evergreen.interop` exchanges models with ``lifetimes``.
"""

from evergreen import datasets, errors, interop, sql, store
from evergreen.churn import ChurnBacktest, ChurnDetector, profit_threshold
from evergreen.clv import CLVFit, CLVModel, CustomerEquity, Evaluation, ModelChoice, compare
from evergreen.frames import CustomerBase, Dropped, Split, split
from evergreen.ladder import LadderMovement, LoyaltyLadder, RuleChange
from evergreen.models.attributed import AttributedHistories
from evergreen.models.bgbb import BGBB
from evergreen.models.bgcnbd import BGCNBDk, MBGCNBDk
from evergreen.models.bgnbd import BGNBD, MBGNBD
from evergreen.models.contracts import ContractHistories
from evergreen.models.covariates import CovariateModel
from evergreen.models.draws import ParameterDraws, bootstrap, posterior
from evergreen.models.effects import covariate_effects
from evergreen.models.encoding import Covariate
from evergreen.models.estimate import Estimate
from evergreen.models.fitting import FitResult, FitStatus, WeakPrior
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.models.gaps import GapHistories
from evergreen.models.histories import PurchaseHistories, SpendHistories
from evergreen.models.pareto_nbd import ParetoNBD
from evergreen.models.returns import ReturnCurve, lapse_cut
from evergreen.models.rhythm import Rhythm, overdue_ratio
from evergreen.models.rungs import Rung, Rungs
from evergreen.models.sbg import SBG
from evergreen.models.segment_map import SegmentMap, SegmentRule
from evergreen.pareto import Concentration, Overlap, ParetoSegmenter, gini, lorenz, share_of_top, smallest_share
from evergreen.rfm import RFMScorer, SegmentMoves, quantile_scores
from evergreen.store import load, save

__version__ = "0.1.0"

__all__ = [
    "BGBB",
    "BGNBD",
    "MBGNBD",
    "SBG",
    "AttributedHistories",
    "BGCNBDk",
    "CLVFit",
    "CLVModel",
    "ChurnBacktest",
    "ChurnDetector",
    "Concentration",
    "ContractHistories",
    "Covariate",
    "CovariateModel",
    "CustomerBase",
    "CustomerEquity",
    "Dropped",
    "Estimate",
    "Evaluation",
    "FitResult",
    "FitStatus",
    "GammaGamma",
    "GapHistories",
    "LadderMovement",
    "LoyaltyLadder",
    "MBGCNBDk",
    "ModelChoice",
    "Overlap",
    "ParameterDraws",
    "ParetoNBD",
    "ParetoSegmenter",
    "PurchaseHistories",
    "RFMScorer",
    "ReturnCurve",
    "Rhythm",
    "RuleChange",
    "Rung",
    "Rungs",
    "SegmentMap",
    "SegmentMoves",
    "SegmentRule",
    "SpendHistories",
    "Split",
    "WeakPrior",
    "bootstrap",
    "compare",
    "covariate_effects",
    "datasets",
    "errors",
    "gini",
    "interop",
    "lapse_cut",
    "load",
    "lorenz",
    "overdue_ratio",
    "posterior",
    "profit_threshold",
    "quantile_scores",
    "save",
    "share_of_top",
    "smallest_share",
    "split",
    "sql",
    "store",
]
