"""The shifted beta-geometric model of customers under contract."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import Final, NamedTuple, Self, final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.kernels import sbg as kernel
from evergreen.models.checks import check_horizon, check_not_negative, check_parameters, check_whole
from evergreen.models.contracts import ContractHistories
from evergreen.models.fitting import FitResult, Problem, WeakPrior, fit, limit_sentence
from evergreen.typing import ArrayLike, BoolArray, FloatArray, IntArray

_NAMES: Final = ("alpha", "beta")
_STARTS: Final = (np.array([0.7, 2.0]), np.array([5.0, 20.0]))


class CohortValues(NamedTuple):
    """What active customers are worth, one row for each number of renewals; arrays of shape (m,)."""

    renewals: IntArray
    """How often these customers have renewed."""
    active: IntArray
    """How many they are."""
    retention: FloatArray
    """Probability that one of them renews at the renewal at hand."""
    discounted_renewals: FloatArray
    """Expected discounted number of renewals of each."""
    value: FloatArray
    """Expected discounted cash flow of all of them."""


class SimulatedContracts(NamedTuple):
    """Contracts drawn from the model, with what is never seen of real ones; arrays of shape (n,)."""

    renewals: IntArray
    """Renewals observed."""
    lost: BoolArray
    """Whether the customer left at the renewal that followed."""
    churn_probability: FloatArray
    """Probability of leaving at each renewal."""


@final
@dataclass(frozen=True, slots=True)
class SBG:
    """Shifted beta-geometric model: at each renewal customers leave with a probability of their own.

    For contracts that come up for renewal at fixed dates, where a customer who leaves is seen to leave. Time counts
    renewals; what a period is (a month, a year) is that of the contract.

    Parameters
    ----------
    alpha, beta : float
        Parameters of the beta distribution of the probability to leave: a mean of ``alpha / (alpha + beta)``, which is
        the share that leaves at the first renewal.

    Raises
    ------
    InvalidInputError
        If a parameter is not positive and finite.

    Notes
    -----
    Fader & Hardie (2007), "How to project customer retention", Journal of Interactive Marketing 21(1), 76-90, and
    (2010), "Customer-base valuation in a contractual setting: the perils of ignoring heterogeneity", Marketing Science
    29(1), 85-93.

    Nobody in this model becomes more loyal: retention rates rise with age only because those who tend to leave have
    left. It does not know of seasons, prices or campaigns, of contracts that run longer for some, or of customers who
    return. Where the probability to leave itself changes with age (a trial month, a phase-out), do not project with it.

    Examples
    --------
    The high-end customers of the 2007 paper:

    >>> model = SBG(alpha=0.668, beta=3.806)
    >>> model.survival([0, 1, 2, 12]).round(3)
    array([1.   , 0.851, 0.747, 0.378])
    >>> model.retention([0, 1, 11]).round(3)
    array([0.851, 0.878, 0.957])
    """

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters("SBG", dict(zip(_NAMES, astuple(self), strict=True)))

    @classmethod
    def fit(cls, histories: ContractHistories, *, prior: WeakPrior | None = None) -> FitResult[Self]:
        """Return the model of highest likelihood.

        Parameters
        ----------
        histories : ContractHistories
            Customers of one cohort or of several: all are taken to be of one population.
        prior : WeakPrior, optional
            Pulls parameters that the data hardly determine to ordinary values; meant for small bases.

        Returns
        -------
        FitResult
            The model with standard errors and a named outcome. Customers who were seen at one renewal only determine
            the share that leaves there, not how much customers differ: that fit ends flat.

        Raises
        ------
        InputTypeError
            If they are not contract histories.
        InvalidInputError
            If no contract has come up for renewal yet.

        Examples
        --------
        >>> from evergreen import ContractHistories
        >>> cohort = ContractHistories.from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
        >>> fit = SBG.fit(cohort)
        >>> round(fit.model.alpha, 3), round(fit.model.beta, 3), round(fit.log_likelihood, 1)
        (0.668, 3.806, -1611.2)
        """
        if not isinstance(histories, ContractHistories):
            raise InputTypeError.kind("histories", histories, "ContractHistories")
        evidence = kernel.gather(histories.renewals, histories.lost, histories.count)
        if not (evidence.renewed.any() or evidence.lost.any()):
            raise InvalidInputError(
                f"None of {histories.customers:,} contracts has come up for renewal: there is nothing to learn from."
            )

        def log_likelihood(point: FloatArray) -> tuple[float, FloatArray, FloatArray]:
            alpha, beta = point.tolist()
            return kernel.log_likelihood((alpha, beta), evidence)

        problem = Problem(
            names=_NAMES,
            log_likelihood=log_likelihood,
            units=np.ones(2),
            shift=0.0,
            customers=histories.customers,
            histories=len(histories),
            starts=_STARTS,
            rough=None,
            limits=_limits,
            prior=prior,
        )
        return fit(problem, cls)

    @property
    def mean_lifetime(self) -> float:
        """Expected number of contracts of a new customer, the first included; infinite where ``alpha <= 1``."""
        return 1 + kernel.discounted_renewals(self._letters, math.inf, 0.0)

    @property
    def median_lifetime(self) -> float:
        """Number of contracts after which half of new customers have left; infinite if beyond 4e18."""
        left, right = 0, 1
        while self.survival(right) > 0.5:
            left, right = right, 2 * right
            if right >= 2**62:
                return math.inf
        while right - left > 1:
            middle = (left + right) // 2
            left, right = (middle, right) if self.survival(middle) > 0.5 else (left, middle)
        return float(right)

    def survival(self, renewals: ArrayLike) -> FloatArray:
        """Return the probability that a new customer renews so many times or more.

        Parameters
        ----------
        renewals : array_like
            Whole numbers of at least 0.

        Returns
        -------
        ndarray of float64
            Of the shape of ``renewals``; equation 6 of the 2007 paper.

        Examples
        --------
        >>> SBG(0.704, 1.182).survival([1, 2, 12]).round(3)
        array([0.627, 0.474, 0.17 ])
        """
        return np.exp(kernel.log_survival(self._letters, check_whole("renewals", renewals)))[()]

    def pmf(self, renewals: ArrayLike) -> FloatArray:
        """Return the probability that a new customer renews so many times and leaves at the renewal that follows.

        Parameters
        ----------
        renewals : array_like
            Whole numbers of at least 0.

        Returns
        -------
        ndarray of float64
            Of the shape of ``renewals``; equation 5 of the 2007 paper, whose lifetimes are one longer.

        Examples
        --------
        >>> SBG(0.704, 1.182).pmf([0, 1, 2]).round(3)
        array([0.373, 0.153, 0.086])
        """
        n = check_whole("renewals", renewals)
        leaves = self.alpha / (self.alpha + (self.beta + n))
        return np.asarray(np.exp(kernel.log_survival(self._letters, n)) * leaves, np.float64)[()]

    def retention(self, renewals: ArrayLike) -> FloatArray:
        """Return the probability that customers renew at the renewal at hand.

        Parameters
        ----------
        renewals : array_like
            How often they have renewed: 0 for the first renewal.

        Returns
        -------
        ndarray of float64
            Of the shape of ``renewals``; equation 8 of the 2007 paper.

        Examples
        --------
        >>> SBG(0.704, 1.182).retention([0, 1, 7]).round(3)
        array([0.627, 0.756, 0.921])
        """
        return kernel.retention(self._letters, check_whole("renewals", renewals))[()]

    def expected_renewals(self, renewals: ArrayLike = 0, *, horizon: float = math.inf) -> FloatArray:
        """Return the expected number of further renewals of customers.

        Parameters
        ----------
        renewals : array_like
            How often they have renewed.
        horizon : float
            How many renewals to look ahead; infinite by default.

        Returns
        -------
        ndarray of float64
            Of the shape of ``renewals``; infinite where ``alpha <= 1`` and the horizon is.

        Examples
        --------
        >>> SBG(0.668, 3.806).expected_renewals([0, 7], horizon=5).round(3)
        array([3.439, 4.262])
        """
        ahead = check_horizon(horizon, whole=True)
        return self._renewals_ahead(check_whole("renewals", renewals), ahead, 0.0)

    def discounted_renewals(
        self,
        renewals: ArrayLike = 0,
        *,
        discount_rate: float,
        horizon: float = math.inf,
        until_renewal: float = 0.0,
    ) -> FloatArray:
        """Return the discounted expected residual lifetime (DERL) of active customers, in renewals.

        Parameters
        ----------
        renewals : array_like
            How often they have renewed.
        discount_rate : float
            Per period of the contract, at least 0: 0.1 makes a payment one period ahead worth 1 / 1.1 of one today.
        horizon : float
            How many renewals to look ahead, that at hand included; infinite by default.
        until_renewal : float
            Periods until the renewal at hand, which is counted as far as it is likely. 0, as in the 2010 paper: it is
            due now, and its payment is not discounted. 1: the customer has just renewed.

        Returns
        -------
        ndarray of float64
            Of the shape of ``renewals``. Times the net cash flow of a period it is residual lifetime value.

        Examples
        --------
        The longer a customer has stayed, the more is to come:

        >>> SBG(0.668, 3.806).discounted_renewals([0, 1, 4], discount_rate=0.1).round(2)
        array([5.41, 5.9 , 6.9 ])
        """
        rate = math.log1p(check_not_negative("discount_rate", discount_rate))
        wait = check_not_negative("until_renewal", until_renewal)
        ahead = check_horizon(horizon, whole=True)
        return self._renewals_ahead(check_whole("renewals", renewals), ahead, rate) * math.exp(rate * (1 - wait))

    def discounted_lifetime(self, *, discount_rate: float, horizon: float = math.inf) -> float:
        """Return the discounted expected lifetime (DEL) of a customer about to be won, in contracts.

        Parameters
        ----------
        discount_rate : float
            Per period of the contract, at least 0.
        horizon : float
            How many renewals to look ahead; infinite by default.

        Returns
        -------
        float
            The first contract counts 1, the first renewal is discounted by one period.

        Examples
        --------
        >>> round(SBG(0.668, 3.806).discounted_lifetime(discount_rate=0.1), 2)
        5.92
        """
        return 1 + float(self.discounted_renewals(0, discount_rate=discount_rate, horizon=horizon, until_renewal=1.0))

    def project(self, histories: ContractHistories, periods: int) -> tuple[IntArray, FloatArray]:
        """Return how many of the active customers are expected to be left after each of the next renewals.

        Parameters
        ----------
        histories : ContractHistories
            The base; who has left plays no part.
        periods : int
            How many renewals to look ahead.

        Returns
        -------
        renewals : ndarray of int64, shape (m,)
            Numbers of renewals among active customers: one for each age of cohort.
        survivors : ndarray of float64, shape (m, periods + 1)
            Customers now, after the next renewal, and so on.

        Examples
        --------
        >>> from evergreen import ContractHistories
        >>> base = ContractHistories.from_survivors([1000, 869, 743]) + ContractHistories.from_survivors([500, 430])
        >>> renewals, survivors = SBG(0.668, 3.806).project(base, 2)
        >>> renewals, survivors.round()
        (array([1, 2]), array([[430., 378., 339.],
               [743., 666., 607.]]))
        """
        renewals, active = _active(histories)
        ahead = np.arange(int(check_whole("periods", periods)) + 1)
        log_left = kernel.log_survival(self._letters, renewals[:, None] + ahead)
        left = np.exp(log_left - log_left[:, :1]) * active[:, None]
        return renewals, np.asarray(left, np.float64)

    def value(
        self,
        histories: ContractHistories,
        *,
        cash_flow: float = 1.0,
        discount_rate: float,
        horizon: float = math.inf,
        until_renewal: float = 0.0,
    ) -> CohortValues:
        """Return what the active customers of a base are worth, by the number of their renewals.

        Parameters
        ----------
        histories : ContractHistories
            The base; who has left plays no part.
        cash_flow : float
            Net cash flow of a contract period, in any currency.
        discount_rate, horizon, until_renewal : float
            As for :meth:`discounted_renewals`.

        Returns
        -------
        CohortValues
            One row for each number of renewals; the sum of ``value`` is that of the base. ``_asdict()`` makes a frame.

        Examples
        --------
        >>> from evergreen import ContractHistories
        >>> base = ContractHistories.from_survivors([1000, 869, 743]) + ContractHistories.from_survivors([500, 430])
        >>> worth = SBG(0.668, 3.806).value(base, cash_flow=100.0, discount_rate=0.1)
        >>> worth.active, worth.discounted_renewals.round(2), worth.value.round(-3)
        (array([430, 743]), array([5.9 , 6.29]), array([254000., 468000.]))
        """
        amount = check_not_negative("cash_flow", cash_flow)
        renewals, active = _active(histories)
        each = self.discounted_renewals(
            renewals, discount_rate=discount_rate, horizon=horizon, until_renewal=until_renewal
        )
        return CohortValues(renewals, active, self.retention(renewals), each, amount * (active * each))

    def simulate(self, seen: ArrayLike, *, seed: int | np.random.Generator | None = None) -> SimulatedContracts:
        """Draw customers from the model and observe some renewals of each.

        Parameters
        ----------
        seen : array_like of int, shape (n,)
            Renewals to observe of each customer, unless he leaves before.
        seed : int or numpy.random.Generator, optional
            For the same draw again.

        Returns
        -------
        SimulatedContracts
            Histories with the true probability to leave behind each.

        Examples
        --------
        >>> drawn = SBG(0.668, 3.806).simulate([3, 3, 3, 3], seed=1)
        >>> bool((drawn.renewals <= 3).all())
        True
        """
        number = np.atleast_1d(check_whole("seen", seen))
        return SimulatedContracts(*kernel.simulate(self._letters, number, np.random.default_rng(seed)))

    def _renewals_ahead(self, renewals: IntArray, horizon: float, delta: float) -> FloatArray:
        """Return (discounted) further renewals; who has renewed n times is a new customer with beta + n."""
        numbers, place = np.unique(renewals, return_inverse=True)
        each = [kernel.discounted_renewals((self.alpha, self.beta + n), horizon, delta) for n in numbers.tolist()]
        return np.array(each, np.float64)[place.reshape(renewals.shape)][()]

    @property
    def _letters(self) -> kernel.Parameters:
        return self.alpha, self.beta


def _active(histories: ContractHistories) -> tuple[IntArray, IntArray]:
    """Return the numbers of renewals of active customers, and how many have each."""
    if not isinstance(histories, ContractHistories):
        raise InputTypeError.kind("histories", histories, "ContractHistories")
    return histories.renewals[~histories.lost], histories.count[~histories.lost]


def _limits(point: FloatArray, zero: frozenset[str], infinite: frozenset[str]) -> str:
    """Say in one sentence what it means that parameters went to zero or infinity."""
    alpha, beta = point.tolist()
    share = f"{alpha / (alpha + beta):.3g}"
    if min(alpha, beta) > 1e3:
        said = f"every customer leaves with the same probability {share} at a renewal"
    elif max(alpha, beta) < 1e-3:
        said = f"a share of {share} leaves at the first renewal and nobody later"
    else:
        said = "nobody leaves" if alpha < beta else "everybody leaves at the first renewal"
    return limit_sentence([said], zero | infinite)
