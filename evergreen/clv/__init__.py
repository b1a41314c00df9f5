"""Customer lifetime value: when customers buy, what they spend, and what that is worth today.

- ``model`` has :class:`CLVModel`; ``parts`` how its two models are fitted; ``choice`` which to take; ``value`` how time
  and margins turn purchases into money; ``scoring`` what both models say of every customer.
- ``equity`` adds customers up, with intervals.
- ``evaluation`` puts forecasts beside a holdout; ``comparison`` several models beside each other.
"""

from evergreen.clv.choice import Candidate, ModelChoice
from evergreen.clv.comparison import compare
from evergreen.clv.equity import CustomerEquity
from evergreen.clv.evaluation import Evaluation
from evergreen.clv.model import CLVModel
from evergreen.clv.parts import SPEND_MODELS, CLVFit
from evergreen.clv.value import annual_to_continuous

__all__ = [
    "SPEND_MODELS",
    "CLVFit",
    "CLVModel",
    "Candidate",
    "CustomerEquity",
    "Evaluation",
    "ModelChoice",
    "annual_to_continuous",
    "compare",
]
