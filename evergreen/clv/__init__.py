"""Customer lifetime value: when customers buy, what they spend, and what that is worth today.

- ``model`` has :class:`CLVModel`; ``parts`` how its two models are fitted; ``value`` how time and margins turn
  purchases into money.
"""

from evergreen.clv.model import CLVModel
from evergreen.clv.parts import SPEND_MODELS, TRANSACTION_MODELS, CLVFit
from evergreen.clv.value import annual_to_continuous

__all__ = [
    "SPEND_MODELS",
    "TRANSACTION_MODELS",
    "CLVFit",
    "CLVModel",
    "annual_to_continuous",
]
