"""The BG/NBD model of repeat buying without a contract, and its modified sister."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self, final

from evergreen.kernels.bgnbd import BG_NBD, MBG_NBD
from evergreen.models.family import Family, Shift
from evergreen.models.fitting import FitResult, WeakPrior, limit_sentence
from evergreen.models.histories import PurchaseHistories
from evergreen.models.transactions import HistoryModel
from evergreen.typing import FloatArray


@final
@dataclass(frozen=True, slots=True)
class BGNBD(HistoryModel):
    """Beta-geometric/NBD model: customers buy at random at their own rate until, after a purchase, they leave.

    Parameters
    ----------
    r, alpha : float
        Shape and rate of the gamma distribution of purchase rates: a mean of ``r / alpha`` purchases per time unit.
    a, b : float
        Parameters of the beta distribution of the probability to leave after a repeat purchase.

    Raises
    ------
    InvalidInputError
        If a parameter is not positive and finite.

    Notes
    -----
    Fader, Hardie & Lee (2005), "Counting your customers the easy way", Marketing Science 24(2), 275-284.

    A customer cannot leave before the first *repeat* purchase, so that one-time buyers are alive with probability
    1 however long they have been silent. ``p_alive`` is therefore no churn score: use ``p_purchase``.

    Examples
    --------
    The customer of Hardie's spreadsheet: two repeat purchases, the last in week 30.43, observed for 38.86 weeks.

    >>> model = BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> float(model.expected_purchases(39, frequency=2, recency=30.43, T=38.86).round(3))
    1.226
    >>> float(model.p_alive(frequency=2, recency=30.43, T=38.86).round(4))
    0.7266
    """

    r: float
    alpha: float
    a: float
    b: float

    @property
    def family(self) -> Family:
        """The formulas of the model, and how it is fitted."""
        return BETA_GEOMETRIC

    @classmethod
    def fit(cls, histories: PurchaseHistories, *, prior: WeakPrior | None = None) -> FitResult[Self]:
        """Return the model of highest likelihood: equation 6 of the paper, summed over customers."""
        return BETA_GEOMETRIC.fit(histories, cls, prior)


@final
@dataclass(frozen=True, slots=True)
class MBGNBD(HistoryModel):
    """Modified BG/NBD model: as :class:`BGNBD`, but customers may leave after the first purchase too.

    Parameters
    ----------
    r, alpha : float
        Shape and rate of the gamma distribution of purchase rates: a mean of ``r / alpha`` purchases per time unit.
    a, b : float
        Parameters of the beta distribution of the probability to leave after a purchase, the first included.

    Raises
    ------
    InvalidInputError
        If a parameter is not positive and finite.

    Notes
    -----
    Batislam, Denizel & Filiztekin (2007), "Empirical validation and comparison of models for customer base
    analysis", International Journal of Research in Marketing 24(3), 201-209; Hoppe & Wagner (2007) as the central
    variant of the BG/NBD.

    One-time buyers who stay away lose their probability to be alive, as anybody else does.

    Examples
    --------
    >>> model = MBGNBD(r=0.525, alpha=6.183, a=0.891, b=1.614)
    >>> float(model.expected_purchases(39, frequency=2, recency=30.43, T=38.86).round(3))
    1.263
    >>> model.p_alive([0, 0], 0, [1, 38.86]).round(3)
    array([0.626, 0.39 ])
    """

    r: float
    alpha: float
    a: float
    b: float

    @property
    def family(self) -> Family:
        """The formulas of the model, and how it is fitted."""
        return _MBG

    @classmethod
    def fit(cls, histories: PurchaseHistories, *, prior: WeakPrior | None = None) -> FitResult[Self]:
        """Return the model of highest likelihood: equation 3 of Batislam and others, summed over customers."""
        return _MBG.fit(histories, cls, prior)


def beta_geometric_limits(point: FloatArray, zero: frozenset[str], infinite: frozenset[str]) -> str:
    """Say in one sentence what it means that parameters went to zero or infinity.

    Parameters
    ----------
    point : ndarray, shape (4,)
        r, alpha, a, b in unit-free terms.
    zero, infinite : frozenset of str
        Parameters on their way there.

    Returns
    -------
    str
    """
    r, alpha, a, b = point.tolist()
    said = []
    if ("b" in infinite and a > 1e3) or ("a" in infinite and b > 1e3):
        said.append(f"every customer leaves with the same probability {a / (a + b):.3g} after a purchase")
    elif "a" in zero or "b" in infinite:
        said.append("nobody leaves (a pure NBD model fits as well)")
    elif "a" in infinite or "b" in zero:
        said.append("customers leave as soon as they can")
    if ("alpha" in infinite and r > 1e3) or ("r" in infinite and alpha > 1e3):
        said.append("all customers buy at the same rate")
    elif {"r", "alpha"} & (zero | infinite):
        said.append("purchase rates are all near zero but for a few customers")
    return limit_sentence(said, zero | infinite)


BETA_GEOMETRIC: Final = Family(
    kernel=BG_NBD,
    names=("r", "alpha", "a", "b"),
    times=frozenset({"alpha"}),
    starts=((0.5, 0.3, 0.5, 2.0), (2.0, 0.5, 1.0, 5.0)),
    limits=beta_geometric_limits,
    purchase=(Shift("alpha", sign=-1, effect=1),),
    dropout=(Shift("a", sign=1, effect=1), Shift("b", sign=1, effect=-1)),
)
"""The BG/NBD; its sisters differ from it in the kernel."""
_MBG: Final = replace(BETA_GEOMETRIC, kernel=MBG_NBD)
