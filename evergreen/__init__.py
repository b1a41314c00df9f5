"""evergreen."""
from evergreen.models.bgnbd import BGNBD
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.models.histories import PurchaseHistories, SpendHistories
