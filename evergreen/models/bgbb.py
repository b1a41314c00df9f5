"""The BG/BB model of repeat buying at opportunities that come one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Self, final

from evergreen.kernels import bgbb
from evergreen.models.family import Family
from evergreen.models.fitting import FitResult, WeakPrior, limit_sentence
from evergreen.models.histories import PurchaseHistories
from evergreen.models.transactions import HistoryModel
from evergreen.typing import FloatArray


@final
@dataclass(frozen=True, slots=True)
class BGBB(HistoryModel):
    """Beta-geometric/beta-binomial model: at each opportunity customers may leave, and buy or not if they stay.

    For purchases that can happen at given opportunities only, at most once at each (a yearly appeal, a monthly box,
    a conference), or that are recorded by period. Recency, T and horizons count opportunities after the first
    purchase; they have no unit. A log becomes such histories if its ``occasion`` and ``time_unit`` are the same
    period.

    Parameters
    ----------
    alpha, beta : float
        Parameters of the beta distribution of the probability to buy at an opportunity while alive: a mean of
        ``alpha / (alpha + beta)``.
    gamma, delta : float
        Parameters of the beta distribution of the probability to leave at the beginning of an opportunity.

    Raises
    ------
    InvalidInputError
        If a parameter is not positive and finite.

    Notes
    -----
    Fader, Hardie & Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting", Marketing
    Science 29(6), 1086-1108.

    ``p_alive`` is the paper's equation 11, the probability of being alive at the *next* opportunity: it is below 1
    even for a customer who has just bought. A purchase j opportunities ahead is discounted by ``exp(-delta j)``, so
    that ``forecast`` over an infinite horizon gives the paper's DERT for a discount rate of ``exp(delta) - 1`` per
    opportunity.

    Whoever buys more often within an opportunity is not seen to do so: count shorter ones, or use a model in
    continuous time, such as :class:`BGNBD`.

    Examples
    --------
    The paper's donors: six yearly opportunities, five ahead.

    >>> model = BGBB(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
    >>> model.expected_purchases(5, frequency=[0, 3, 6], recency=[0, 5, 6], T=6).round(2)
    array([0.07, 1.8 , 3.75])
    >>> model.p_alive(frequency=[0, 3, 6], recency=[0, 5, 6], T=6).round(2)
    array([0.11, 0.77, 0.93])
    """

    discrete: ClassVar[bool] = True

    alpha: float
    beta: float
    gamma: float
    delta: float

    @property
    def family(self) -> Family:
        """The formulas of the model, and how it is fitted."""
        return _BGBB

    @classmethod
    def fit(cls, histories: PurchaseHistories, *, prior: WeakPrior | None = None) -> FitResult[Self]:
        """Return the model of highest likelihood: that of the paper, summed over customers."""
        return _BGBB.fit(histories, cls, prior)


def _limits(point: FloatArray, zero: frozenset[str], infinite: frozenset[str]) -> str:
    """Say in one sentence what it means that parameters went to zero or infinity."""
    alpha, beta, gamma, delta = point.tolist()
    said = []
    if ("gamma" in infinite and delta > 1e3) or ("delta" in infinite and gamma > 1e3):
        share = gamma / (gamma + delta)
        said.append(f"every customer leaves with the same probability {share:.3g} at an opportunity")
    elif "gamma" in zero or "delta" in infinite:
        said.append("nobody leaves (a pure beta-binomial model fits as well)")
    elif {"gamma", "delta"} & (zero | infinite):
        said.append("customers leave at the first opportunity or never")
    if ("alpha" in infinite and beta > 1e3) or ("beta" in infinite and alpha > 1e3):
        said.append(f"all customers buy with the same probability {alpha / (alpha + beta):.3g} at an opportunity")
    elif "beta" in zero or "alpha" in infinite:
        said.append("customers buy at every opportunity while they are there")
    elif {"alpha", "beta"} & (zero | infinite):
        said.append("customers buy at hardly any opportunity but for a few")
    return limit_sentence(said, zero | infinite)


_BGBB: Final = Family(
    kernel=bgbb,
    names=("alpha", "beta", "gamma", "delta"),
    times=frozenset(),
    starts=((1.0, 1.0, 0.5, 5.0), (1.0, 10.0, 0.5, 50.0)),
    limits=_limits,
)
