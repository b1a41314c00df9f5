"""The BG/CNBD-k and MBG/CNBD-k models: repeat buying without a contract, more regular than at random."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import astuple, dataclass, replace
from typing import Any, Final, Self, final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.kernels.bgcnbd import Condensed
from evergreen.models.bgnbd import BETA_GEOMETRIC
from evergreen.models.family import Family
from evergreen.models.fitting import FitResult, Problem, WeakPrior, fit
from evergreen.models.histories import PurchaseHistories
from evergreen.models.protocols import SimulatedCustomers
from evergreen.models.transactions import HistoryModel
from evergreen.typing import ArrayLike

MOST: Final = 12
"""The largest k."""


@dataclass(frozen=True, slots=True)
class CondensedModel(HistoryModel):
    """What both models have in common: every k-th event of a hidden Poisson process is a purchase.

    Parameters
    ----------
    k : int
        How regularly customers buy.
    r, alpha, a, b : float
        As the model says.
    """

    k: int
    r: float
    alpha: float
    a: float
    b: float

    def __post_init__(self) -> None:
        """Check k and the parameters."""
        if isinstance(self.k, bool) or not isinstance(self.k, int | np.integer):
            raise InputTypeError.kind("k", self.k, "a whole number")
        if not 1 <= self.k <= MOST:
            raise InvalidInputError(f"k must lie from 1 to {MOST}, got {self.k}.")
        HistoryModel.__post_init__(self)

    @property
    @abstractmethod
    def condensed(self) -> Condensed:
        """The formulas of the model."""

    @property
    def family(self) -> Family:
        """The formulas of the model, and how it is fitted."""
        starts = tuple((r, alpha / self.k, a, b) for r, alpha, a, b in BETA_GEOMETRIC.starts)
        return replace(BETA_GEOMETRIC, kernel=self.condensed, starts=starts)

    @classmethod
    def fit(
        cls, histories: PurchaseHistories, *, prior: WeakPrior | None = None, k: int | None = None
    ) -> FitResult[Self]:
        """Return the model of highest likelihood.

        Parameters
        ----------
        histories : PurchaseHistories
            The customer base.
        prior : WeakPrior, optional
            Pulls parameters that the data hardly determine to ordinary values; meant for small bases.
        k : int, optional
            How regularly customers buy, from 1 to 12. By default it is found, too, which takes ``histories.log_gaps``:
            k goes up from 1 for as long as the likelihood does.

        Returns
        -------
        FitResult
            The model with standard errors and a named outcome. Its ``names`` are those of the four other parameters:
            a whole number that many customers leave no doubt about costs no degree of freedom in ``aic`` and ``bic``.
            With k above 1 its ``log_likelihood`` is nan unless the histories know their ``log_gaps``.

        Raises
        ------
        InputTypeError
            If they are not purchase histories, or k is not a whole number.
        InvalidInputError
            If nobody bought twice, or nobody was observed for any time: there is nothing to learn from. If k is to be
            found and the histories do not know the times between purchases, or two purchases lie at one time.
        """
        if k is not None:
            return cls(k, 1.0, 1.0, 1.0, 1.0).refit(histories, prior=prior)
        BETA_GEOMETRIC.time_scale(histories)  # raises where there is nothing to learn, whatever k is
        _check_gaps(histories)
        best = cls.fit(histories, prior=prior, k=1)
        for more in range(2, MOST + 1):
            found = cls.fit(histories, prior=prior, k=more)
            if not found.log_likelihood > best.log_likelihood:
                break
            best = found
        return best

    def problem(self, histories: PurchaseHistories, prior: WeakPrior | None = None) -> Problem:
        """Return the likelihood of customers under models of the same k.

        Parameters
        ----------
        histories : PurchaseHistories
            The customer base.
        prior : WeakPrior, optional
            What is known before.

        Returns
        -------
        Problem
            With the gaps between purchases in its shift, which is nan if it takes them and they are not known.
        """
        problem = self.family.problem(histories, prior)
        if self.k == 1:
            return problem
        if histories.log_gaps is None or not math.isfinite(histories.log_gaps):
            return replace(problem, shift=math.nan)
        purchases, unit = int(histories.frequency @ histories.count), float(problem.units[1])
        gaps = (self.k - 1) * (histories.log_gaps - purchases * math.log(unit))
        return replace(problem, shift=problem.shift + gaps)

    def refit(self, histories: PurchaseHistories, *, prior: WeakPrior | None = None) -> FitResult[Self]:
        """Return the model of highest likelihood among those of the same k.

        Parameters
        ----------
        histories : PurchaseHistories
            The customer base.
        prior : WeakPrior, optional
            As for :meth:`fit`.

        Returns
        -------
        FitResult
        """
        return fit(self.problem(histories, prior), self.with_parameters)

    def simulate(
        self, T: ArrayLike, *, customers: int | None = None, seed: int | np.random.Generator | None = None
    ) -> SimulatedCustomers:
        """Draw customers from the model and observe each until T.

        Parameters
        ----------
        T : array_like
            Age of each customer, or one age for all.
        customers : int, optional
            How many to draw where T is one number.
        seed : int or numpy.random.Generator, optional
            For the same draw again.

        Returns
        -------
        SimulatedCustomers
            Histories with ``log_gaps`` and the true rate and dropout behind each.

        Examples
        --------
        >>> from evergreen import BGCNBDk, PurchaseHistories
        >>> drawn = BGCNBDk(3, 0.8, 2.0, 0.8, 2.4).simulate(39.0, customers=5_000, seed=7)
        >>> histories = PurchaseHistories.of(drawn.frequency, drawn.recency, drawn.T, log_gaps=drawn.log_gaps)
        >>> BGCNBDk.fit(histories).model.k
        3
        """
        random = np.random.default_rng(seed)
        drawn = HistoryModel.simulate(self, T, customers=customers, seed=random)
        gaps = self.condensed.simulate_log_gaps(drawn.frequency, drawn.recency, random)
        return drawn._replace(log_gaps=gaps)

    @property
    def _letters(self) -> tuple[Any, ...]:
        return astuple(self)[1:]


@final
@dataclass(frozen=True, slots=True)
class BGCNBDk(CondensedModel):
    """BG/NBD model of customers who buy more regularly than at random, until, after a purchase, they leave.

    Parameters
    ----------
    k : int
        How regularly they buy, from 1 (at random: the :class:`BGNBD`) to 12: times between the purchases of a customer
        have a coefficient of variation of ``1 / sqrt(k)``.
    r, alpha : float
        Shape and rate of the gamma distribution of the rates of hidden events, every k-th of which is a purchase: a
        mean of ``r / (k alpha)`` purchases per time unit.
    a, b : float
        Parameters of the beta distribution of the probability to leave after a repeat purchase.

    Raises
    ------
    InputTypeError
        If k is not a whole number.
    InvalidInputError
        If k is out of range, or another parameter not positive and finite.

    Notes
    -----
    Platzer & Reutterer (2016), "Ticking away the moments: timing regularity helps to better predict customer
    activity", Marketing Science 35(5), 779-799. Their expected purchases are approximations for k > 1; these are exact.

    As under the BG/NBD, one-time buyers are alive with probability 1 however long they have been silent.

    Examples
    --------
    Who used to buy every fourth day and has been silent for twelve is probably gone; who has just bought is not:

    >>> model = BGCNBDk(k=3, r=0.8, alpha=2.0, a=0.8, b=2.4)
    >>> model.p_alive(frequency=5, recency=[20, 32], T=32).round(3)
    array([0.16 , 0.889])
    """

    @property
    def condensed(self) -> Condensed:
        """The formulas of the model."""
        return Condensed(int(self.k), at_first=False)


@final
@dataclass(frozen=True, slots=True)
class MBGCNBDk(CondensedModel):
    """Modified BG/CNBD-k model: as :class:`BGCNBDk`, but customers may leave after the first purchase too.

    Parameters
    ----------
    k : int
        How regularly they buy, from 1 (at random: the :class:`MBGNBD`) to 12.
    r, alpha : float
        Shape and rate of the gamma distribution of the rates of hidden events, every k-th of which is a purchase: a
        mean of ``r / (k alpha)`` purchases per time unit.
    a, b : float
        Parameters of the beta distribution of the probability to leave after a purchase, the first included.

    Raises
    ------
    InputTypeError
        If k is not a whole number.
    InvalidInputError
        If k is out of range, or another parameter not positive and finite.

    Notes
    -----
    Platzer & Reutterer (2016), as :class:`BGCNBDk`; the model that they recommend.

    Examples
    --------
    >>> model = MBGCNBDk(k=3, r=0.8, alpha=2.0, a=0.8, b=2.4)
    >>> model.p_alive(frequency=[0, 5, 5], recency=[0, 20, 32], T=32).round(3)
    array([0.426, 0.18 , 0.902])
    """

    @property
    def condensed(self) -> Condensed:
        """The formulas of the model."""
        return Condensed(int(self.k), at_first=True)


def _check_gaps(histories: PurchaseHistories) -> None:
    """Raise unless the histories say how regularly customers buy."""
    if histories.log_gaps is None:
        raise InvalidInputError(
            "These histories do not know the times between purchases, so that k cannot be found: build the base with "
            "CustomerBase.from_transactions(..., log_gaps=True), or choose k yourself, such as fit(histories, k=2)."
        )
    if not math.isfinite(histories.log_gaps):
        raise InvalidInputError(
            "Customers bought twice at the same time, which no regular buyer does, so that k cannot be found: count "
            'purchases of one day as one with occasion="D", or choose k yourself, such as fit(histories, k=1).'
        )
