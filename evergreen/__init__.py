"""evergreen: keep and grow the customers you have.

From a transaction log to scored customers:

- :class:`CustomerBase` summarizes a log; :func:`split` cuts it into calibration and holdout.
- :class:`RFMScorer` scores recency, frequency and monetary value, names segments (:class:`SegmentMap`), and tells who
  moved between two dates (:class:`SegmentMoves`); :func:`quantile_scores` scores plain arrays.
- :class:`ParetoSegmenter` tests 80/20 on value and on trouble, with classes A, B, C; :func:`gini` and its like measure
  any array.
- :class:`CustomerBaseAudit` looks at the base through five lenses, without a model: :class:`OnePeriod`,
  :class:`TwoPeriods` with the bridge of revenue, cohorts, and the whole.
- :class:`GapHistories` counts the times between purchases; :class:`ReturnCurve` tells who still comes back.
- :class:`CLVModel` forecasts purchases, spend and lifetime value, from :class:`BGNBD` and :class:`GammaGamma`.
- :class:`ChurnDetector` says who is slipping away, how surely, and until when there is time.
- :class:`LoyaltyLadder` puts customers on rungs (:class:`Rungs`), tells how they move between dates
  (:class:`LadderMovement`), and whom other rules would raise or lower (:class:`RuleChange`).
- :class:`CovariateModel` lets attributes of customers, such as a channel, move how they buy and leave.
- :class:`BGBB` forecasts purchases at given opportunities; :class:`SBG` projects and values contracts.
- :class:`Transitions` counts moves between states; :class:`MarkovChain` says what each is worth, what one more
  promotion brings, and how long it takes to the top.
- :class:`LoyaltyPlan` holds the six steps of a loyalty program; :func:`reward_budget` says what it will cost,
  :func:`scorecard` whether it succeeds, :func:`surprise` picks whom to surprise.
- :mod:`evergreen.plots` draws results (extra ``plot``).
- :func:`save` and :func:`load` keep what was learned; :mod:`evergreen.sql` scores inside a database (extra ``sql``).
- :mod:`evergreen.datasets` has real and simulated logs; :mod:`evergreen.interop` exchanges models with ``lifetimes``.
"""

from evergreen import datasets, errors, interop, sql, store
from evergreen.audit import CustomerBaseAudit, OnePeriod, TwoPeriods
from evergreen.churn import ChurnBacktest, ChurnDetector, profit_threshold
from evergreen.clv import CLVFit, CLVModel, CustomerEquity, Evaluation, ModelChoice, compare
from evergreen.frames import CustomerBase, Dropped, Split, split
from evergreen.ladder import (
    LadderMovement,
    LoyaltyLadder,
    LoyaltyPlan,
    Reward,
    RewardBudget,
    RuleChange,
    Scorecard,
    SuccessCriterion,
    SurprisePicks,
    reward_budget,
    scorecard,
    surprise,
)
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
from evergreen.models.markov_chain import MarkovChain
from evergreen.models.pareto_nbd import ParetoNBD
from evergreen.models.returns import ReturnCurve, lapse_cut
from evergreen.models.rhythm import Rhythm, overdue_ratio
from evergreen.models.rungs import Rung, Rungs
from evergreen.models.sbg import SBG
from evergreen.models.segment_map import SegmentMap, SegmentRule
from evergreen.models.transitions import Transitions
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
    "CustomerBaseAudit",
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
    "LoyaltyPlan",
    "MBGCNBDk",
    "MarkovChain",
    "ModelChoice",
    "OnePeriod",
    "Overlap",
    "ParameterDraws",
    "ParetoNBD",
    "ParetoSegmenter",
    "PurchaseHistories",
    "RFMScorer",
    "ReturnCurve",
    "Reward",
    "RewardBudget",
    "Rhythm",
    "RuleChange",
    "Rung",
    "Rungs",
    "Scorecard",
    "SegmentMap",
    "SegmentMoves",
    "SegmentRule",
    "SpendHistories",
    "Split",
    "SuccessCriterion",
    "SurprisePicks",
    "Transitions",
    "TwoPeriods",
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
    "reward_budget",
    "save",
    "scorecard",
    "share_of_top",
    "smallest_share",
    "split",
    "sql",
    "store",
    "surprise",
]
