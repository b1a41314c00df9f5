"""The gamma-gamma model of what customers spend."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import Self

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.kernels import gamma_gamma as kernel
from evergreen.models.checks import check_parameters, check_shapes, check_whole, refuse
from evergreen.models.fitting import FitResult, Problem, WeakPrior, fit, limit_sentence
from evergreen.models.histories import SpendHistories
from evergreen.typing import ArrayLike, FloatArray

_NAMES = ("p", "q", "v")
_STARTS = (np.array([4.0, 4.0, 4.0]), np.array([1.0, 2.0, 1.0]), np.array([0.3, 0.5, 0.3]))
_LARGE = 20_000  # distinct spends from which on a sample of them is fitted first, for a start
_EVERY = 16


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """Gamma-gamma model: each customer spends about a level of their own, and levels vary between customers.

    Parameters
    ----------
    p : float
        Shape of the values of one customer's occasions: their coefficient of variation is ``1 / sqrt(p)``.
    q, v : float
        Shape and scale of the levels between customers; v is in money. The mean level is ``p v / (q - 1)``.

    Raises
    ------
    InvalidInputError
        If a parameter is not positive and finite.

    Notes
    -----
    Fader & Hardie (2013), "The gamma-gamma model of monetary value", note 025.

    The model takes spend to be independent of how often a customer buys; check their correlation. With ``q <= 1``
    the population has no finite mean, and neither has the expectation of those who have shown little.

    Examples
    --------
    The published fit to 946 CDNOW customers:

    >>> model = GammaGamma(p=6.25, q=3.74, v=15.44)
    >>> round(model.mean, 2)
    35.22
    >>> model.expected_spend([0, 2], [0.0, 22.35]).round(2)
    array([35.22, 24.66])
    """

    p: float
    q: float
    v: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters("GammaGamma", dict(zip(_NAMES, astuple(self), strict=True)))

    @classmethod
    def fit(cls, spends: SpendHistories, *, prior: WeakPrior | None = None) -> FitResult[Self]:
        """Return the model of highest likelihood.

        Parameters
        ----------
        spends : SpendHistories
            Repeat buyers with the mean value of their repeat occasions.
        prior : WeakPrior, optional
            Pulls parameters that the data hardly determine to ordinary values; meant for small bases.

        Returns
        -------
        FitResult
            The model with standard errors and a named outcome.

        Raises
        ------
        InputTypeError
            If they are not spend histories.
        InvalidInputError
            If there is no repeat buyer with a positive value.
        """
        return fit(spend_problem(spends, prior), cls)

    def problem(self, spends: SpendHistories, prior: WeakPrior | None = None) -> Problem:
        """Return the likelihood of customers' spends.

        Parameters
        ----------
        spends : SpendHistories
            The customers.
        prior : WeakPrior, optional
            What is known before.

        Returns
        -------
        Problem
        """
        return spend_problem(spends, prior)

    def refit(self, spends: SpendHistories, *, prior: WeakPrior | None = None) -> FitResult[Self]:
        """Return the model of highest likelihood; the same as :meth:`fit`.

        Parameters
        ----------
        spends : SpendHistories
            The customers.
        prior : WeakPrior, optional
            As for :meth:`fit`.

        Returns
        -------
        FitResult
        """
        return type(self).fit(spends, prior=prior)

    def with_parameters(self, *values: float) -> Self:
        """Return the model with other parameters.

        Parameters
        ----------
        *values : float
            p, q, v.

        Returns
        -------
        GammaGamma
        """
        return type(self)(*values)

    @property
    def mean(self) -> float:
        """Expected value per occasion over all customers, in the money of v; infinite where ``q <= 1``."""
        return self.p * self.v / (self.q - 1) if self.q > 1 else math.inf

    def expected_spend(self, frequency: ArrayLike, monetary_value: ArrayLike) -> FloatArray:
        """Return the expected value per occasion of customers, given what they have spent.

        Parameters
        ----------
        frequency : array_like
            Whole number of repeat occasions.
        monetary_value : array_like
            Their mean value; not used, and allowed to be missing, where frequency is 0.

        Returns
        -------
        ndarray of float64
            In the same money, of the arguments' common shape; infinite where the expectation is.

        Raises
        ------
        InvalidInputError
            If a value that is used is missing, infinite or negative.

        Examples
        --------
        >>> float(GammaGamma(p=6.25, q=3.74, v=15.44).expected_spend(7, 73.74).round(2))
        71.47
        """
        x, mean = check_shapes(
            frequency=check_whole("frequency", frequency), monetary_value=np.asarray(monetary_value, np.float64)
        )
        refuse("monetary_value must be finite and at least 0", (x > 0) & ~((mean >= 0) & np.isfinite(mean)), mean)
        level, weight = self.credibility(x)
        return (level + weight * np.where(x > 0, mean, 0.0))[()]

    def credibility(self, frequency: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return the two numbers that turn a customer's mean into the expected spend.

        Parameters
        ----------
        frequency : array_like
            Whole number of repeat occasions.

        Returns
        -------
        level : ndarray of float64
            What the population contributes, in money; infinite where the expectation is.
        weight : ndarray of float64
            The weight of the customer's own mean: expected spend is ``level + weight * monetary_value``.

        Examples
        --------
        >>> level, weight = GammaGamma(p=6.25, q=3.74, v=15.44).credibility([0, 1, 7])
        >>> level.round(2), weight.round(2)
        (array([35.22, 10.73,  2.08]), array([0.  , 0.7 , 0.94]))
        """
        return kernel.credibility(self._letters, check_whole("frequency", frequency))

    def simulate(
        self, frequency: ArrayLike, *, seed: int | np.random.Generator | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Draw the mean spend of customers with given numbers of occasions.

        Parameters
        ----------
        frequency : array_like, shape (n,)
            Repeat occasions of each customer.
        seed : int or numpy.random.Generator, optional
            For the same draw again.

        Returns
        -------
        monetary_value : ndarray of float64, shape (n,)
            Mean value of the occasions; 0 where there is none.
        level : ndarray of float64, shape (n,)
            The true expected value per occasion behind it.

        Examples
        --------
        >>> value, level = GammaGamma(6.25, 3.74, 15.44).simulate([0, 3], seed=1)
        >>> value.shape, bool(value[0] == 0)
        ((2,), True)
        """
        x = np.atleast_1d(check_whole("frequency", frequency))
        return kernel.simulate(self._letters, x, np.random.default_rng(seed))

    @property
    def _letters(self) -> kernel.Parameters:
        return self.p, self.q, self.v


def spend_problem(spends: SpendHistories, prior: WeakPrior | None = None) -> Problem:
    """Return the likelihood of spends, on values divided by their geometric mean.

    Parameters
    ----------
    spends : SpendHistories
        Customers with their mean values.
    prior : WeakPrior or None
        What is known before.

    Returns
    -------
    Problem

    Raises
    ------
    InputTypeError
        If they are not spend histories.
    InvalidInputError
        If there is no customer with a positive value.
    """
    if not isinstance(spends, SpendHistories):
        raise InputTypeError.kind("spends", spends, "SpendHistories, such as base.spends()")
    if spends.customers == 0:
        raise InvalidInputError(
            f"No customer has a repeat purchase of positive value ({spends.without_repeat:,} have no repeat "
            f"purchase, {spends.without_value:,} no positive value): spend cannot be estimated."
        )
    # the geometric mean: without a finite mean one customer may hold nearly all the money
    unit = math.exp(float(np.log(spends.value) @ spends.count) / spends.customers)
    return _problem(spends, unit, prior)


def _problem(spends: SpendHistories, unit: float, prior: WeakPrior | None, *, every: int = 1) -> Problem:
    """Return the likelihood on values divided by the unit; ``every`` thins the customers."""
    x, value, count = spends.frequency[::every], spends.value[::every] / unit, spends.count[::every]
    evidence = kernel.gather(x, value, count)

    def log_likelihood(point: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        p, q, v = point.tolist()
        return kernel.log_likelihood((p, q, v), evidence)

    customers = int(count.sum())
    return Problem(
        names=_NAMES,
        log_likelihood=log_likelihood,
        units=np.array([1.0, 1.0, unit]),
        shift=-customers * math.log(unit),
        customers=customers,
        histories=len(x),
        starts=_STARTS,
        rough=_problem(spends, unit, prior, every=_EVERY) if every == 1 and len(spends) >= _LARGE else None,
        limits=_limits,
        prior=prior,
    )


def _limits(_: FloatArray, zero: frozenset[str], infinite: frozenset[str]) -> str:
    """Say in one sentence what it means that parameters went to zero or infinity."""
    said = []
    if {"q", "v"} & infinite:
        said.append("all customers spend at the same level")
    if "p" in infinite or "v" in zero:
        said.append("no customer's occasions differ in value")
    if not said:
        said.append("values have no finite spread")
    return limit_sentence(said, zero | infinite)
