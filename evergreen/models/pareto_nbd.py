"""The Pareto/NBD model of repeat buying without a contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self, final

from evergreen.kernels import pareto_nbd as kernel
from evergreen.models.family import Family, Shift
from evergreen.models.fitting import FitResult, WeakPrior, limit_sentence
from evergreen.models.histories import PurchaseHistories
from evergreen.models.transactions import HistoryModel
from evergreen.typing import FloatArray


@final
@dataclass(frozen=True, slots=True)
class ParetoNBD(HistoryModel):
    """Pareto/NBD model: customers buy at random at their own rate until, at any time and at their own rate, they leave.

    Parameters
    ----------
    r, alpha : float
        Shape and rate of the gamma distribution of purchase rates: a mean of ``r / alpha`` purchases per time unit.
    s, beta : float
        Shape and rate of the gamma distribution of the rates of leaving: half of all customers have left after
        ``beta * (2 ** (1 / s) - 1)`` time units.

    Raises
    ------
    InvalidInputError
        If a parameter is not positive and finite.

    Notes
    -----
    Schmittlein, Morrison & Colombo (1987), "Counting your customers: who are they and what will they do next?",
    Management Science 33(1), 1-24; in the form of Fader & Hardie (2005), "A note on deriving the Pareto/NBD model and
    related expressions".

    One-time buyers who stay away lose their probability to be alive, as anybody else does, and they lose it with time
    and not with purchases.

    Examples
    --------
    Parameters as published for the CDNOW customers (Fader, Hardie & Lee, 2005), times in weeks.

    >>> model = ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669)
    >>> float(model.expected_purchases(39, frequency=2, recency=30.43, T=38.86).round(3))
    1.455
    >>> model.p_alive([0, 2], [0, 30.43], 38.86).round(4)
    array([0.2953, 0.8692])
    """

    r: float
    alpha: float
    s: float
    beta: float

    @property
    def family(self) -> Family:
        """The formulas of the model, and how it is fitted."""
        return PARETO

    @classmethod
    def fit(cls, histories: PurchaseHistories, *, prior: WeakPrior | None = None) -> FitResult[Self]:
        """Return the model of highest likelihood, summed over customers."""
        return PARETO.fit(histories, cls, prior)


def pareto_limits(point: FloatArray, zero: frozenset[str], infinite: frozenset[str]) -> str:
    """Say in one sentence what it means that parameters went to zero or infinity.

    Parameters
    ----------
    point : ndarray, shape (4,)
        r, alpha, s, beta, times in mean ages of the customers.
    zero, infinite : frozenset of str
        Parameters on their way there.

    Returns
    -------
    str
    """
    r, alpha, s, beta = point.tolist()
    said = []
    if s > _ALIKE and beta > _ALIKE:
        said.append(f"every customer leaves at the same rate, {s / beta:.3g} per mean age")
    elif "s" in zero or "beta" in infinite:
        said.append("nobody leaves (a pure NBD model fits as well)")
    elif "s" in infinite or "beta" in zero:
        said.append("customers leave as soon as they can, but for a few who stay")
    if r > _ALIKE and alpha > _ALIKE:
        said.append("all customers buy at the same rate")
    elif {"r", "alpha"} & (zero | infinite):
        said.append("purchase rates are all near zero but for a few customers")
    return limit_sentence(said, zero | infinite)


_ALIKE: Final = 1e3  # a gamma distribution of that shape is as good as one number

PARETO: Final = Family(
    kernel=kernel,
    names=("r", "alpha", "s", "beta"),
    times=frozenset({"alpha", "beta"}),
    starts=((0.5, 0.3, 0.5, 0.3), (2.0, 0.5, 1.0, 2.0)),
    limits=pareto_limits,
    purchase=(Shift("alpha", sign=-1, effect=1),),
    dropout=(Shift("beta", sign=-1, effect=1),),
)
"""The Pareto/NBD."""
