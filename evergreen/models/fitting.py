"""One way to fit every model, and one way for a fit to tell how it went."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeAlias, TypeVar

import numpy as np
from scipy.special import ndtri

from evergreen.errors import FitWarning, InputTypeError, InvalidInputError
from evergreen.kernels.maximize import Maximum, maximize
from evergreen.models.checks import check_level, check_not_negative
from evergreen.typing import ArrayLike, BoolArray, FloatArray

Model = TypeVar("Model")
Model_co = TypeVar("Model_co", covariant=True)

Limits: TypeAlias = Callable[[FloatArray, frozenset[str], frozenset[str]], str]
"""(unit-free parameters, names at zero or minus infinity, names at infinity) to a sentence about such an optimum."""

_EDGE: Final = 12.0  # the search box: logarithms of the unit-free parameters, and coefficients
_FAR: Final = 9.0  # beyond this an undetermined coordinate is on its way to the edge
_UNKNOWN: Final = 8.0  # standard error of a coordinate from which on the data say nothing about it


class FitStatus(StrEnum):
    """How a fit ended.

    Examples
    --------
    >>> FitStatus("converged") is FitStatus.CONVERGED
    True
    """

    CONVERGED = "converged"
    """An inner maximum with a well-defined curvature."""
    BOUNDARY = "boundary"
    """The likelihood still rises as a parameter goes to zero or infinity: a simpler model fits as well."""
    FLAT = "flat"
    """A maximum at which some combination of parameters is not determined by the data."""
    STOPPED = "stopped"
    """The search ran out of evaluations."""


@dataclass(frozen=True, slots=True)
class WeakPrior:
    """What is known of any customer base before its data are seen, in terms that have no unit.

    Each parameter, with times in mean ages of the customers and money in geometric means of their values, is taken to
    be log-normal about a value that is typical of customer bases. On thousands of customers that says nothing; on a
    few dozen it keeps parameters that their data do not determine from running away.

    Parameters
    ----------
    spread : float
        A parameter lies within this factor of the typical value, up or down, with probability .68; above 1.

    Raises
    ------
    InvalidInputError
        If the spread is not above 1.

    Examples
    --------
    >>> from evergreen import BGNBD, PurchaseHistories, WeakPrior
    >>> few = PurchaseHistories.of([0, 0, 1, 2], [0, 0, 3, 8], [9, 9, 9, 9])
    >>> BGNBD.fit(few).status.value, BGNBD.fit(few, prior=WeakPrior()).status.value
    ('boundary', 'converged')
    """

    spread: float = 10.0

    def __post_init__(self) -> None:
        """Check the spread."""
        if not check_not_negative("spread", self.spread) > 1:
            raise InvalidInputError(f"spread is a factor and must be above 1, got {self.spread!r}.")

    def log_density(self, distance: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the log density, but for a constant, with gradient and Hessian.

        Parameters
        ----------
        distance : ndarray, shape (d,)
            Logarithms of the parameters less those of the typical values; coefficients as they are.

        Returns
        -------
        value : float
        gradient : ndarray, shape (d,)
        hessian : ndarray, shape (d, d)
        """
        precision = 1 / math.log(self.spread) ** 2
        value = -0.5 * precision * float(distance @ distance)
        return value, -precision * distance, -precision * np.eye(len(distance))


@dataclass(frozen=True, slots=True)
class Problem:
    """A likelihood to maximize, in unit-free parameters.

    The search runs on the logarithms of the parameters, which are above 0, and on coefficients as they are.

    Parameters
    ----------
    names : tuple of str
        Names of the parameters.
    log_likelihood : callable
        Unit-free parameters, shape (d,), to the log-likelihood with gradient and Hessian.
    units : ndarray, shape (d,)
        What one unit-free unit of each parameter is in the user's units.
    shift : float
        What to add to the log-likelihood to have it in the user's units.
    customers, histories : int
        Size of the data.
    starts : tuple of ndarray
        Unit-free points to search from; the first is typical.
    rough : Problem or None
        A cheaper problem with nearly the same solution, to start from.
    limits : callable
        (unit-free parameters, names at zero, names at infinity) to one sentence about such an optimum.
    prior : WeakPrior or None
        What is known before.
    coefficients : tuple of str
        Names of the parameters that may be of either sign, or 0.
    """

    names: tuple[str, ...]
    log_likelihood: Callable[[FloatArray], tuple[float, FloatArray, FloatArray]]
    units: FloatArray
    shift: float
    customers: int
    histories: int
    starts: tuple[FloatArray, ...]
    rough: Problem | None
    limits: Limits
    prior: WeakPrior | None = None
    coefficients: tuple[str, ...] = ()

    @property
    def is_coefficient(self) -> BoolArray:
        """Which of the parameters may be of either sign."""
        return _among(self.coefficients, self.names)

    def natural(self, point: FloatArray) -> FloatArray:
        """Return the unit-free parameters at points of the search.

        Parameters
        ----------
        point : ndarray, shape (..., d)

        Returns
        -------
        ndarray, shape (..., d)
        """
        plain = self.is_coefficient
        return np.where(plain, point, np.exp(np.where(plain, 0.0, point)))

    def coordinates(self, natural: FloatArray) -> FloatArray:
        """Return the points of the search for unit-free parameters.

        Parameters
        ----------
        natural : ndarray, shape (..., d)

        Returns
        -------
        ndarray, shape (..., d)
        """
        plain = self.is_coefficient
        return np.where(plain, natural, np.log(np.where(plain, 1.0, natural)))

    def log_posterior(self, point: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the log-likelihood, plus the log density of the prior if there is one, at a point of the search.

        Parameters
        ----------
        point : ndarray, shape (d,)
            Logarithms of the unit-free parameters; coefficients as they are.

        Returns
        -------
        value : float
        gradient : ndarray, shape (d,)
        hessian : ndarray, shape (d, d)
        """
        natural, plain = self.natural(point), self.is_coefficient
        value, gradient, hessian = self.log_likelihood(natural)
        scale = np.where(plain, 1.0, natural)
        slope = gradient * scale
        curvature = hessian * np.outer(scale, scale) + np.diag(np.where(plain, 0.0, slope))
        if self.prior is not None:
            more, steeper, bent = self.prior.log_density(point - self.coordinates(self.starts[0]))
            return value + more, slope + steeper, curvature + bent
        return value, slope, curvature


@dataclass(frozen=True, slots=True, eq=False)
class FitResult(Generic[Model_co]):
    """A fitted model with how well it is known.

    Attributes
    ----------
    model : object
        The model at the maximum of the likelihood.
    status : FitStatus
        How the fit ended.
    message : str
        What that means and, where needed, what to do.
    names : tuple of str
        Names of the parameters.
    values : tuple of float
        Their estimates, in the units of the data.
    log_likelihood : float
        In the units of the data.
    customers, histories : int
        Customers in the data, and distinct histories among them.
    log_covariance : ndarray, shape (d, d)
        Approximate covariance of the logarithms of the parameters (of coefficients: of themselves), the inverse of the
        observed information (and of the prior's, if there was one); nan for parameters on a boundary, and everywhere
        if it is singular.
    evaluations : int
        Evaluations of the full likelihood.
    coefficients : tuple of str
        Names of the parameters that may be of either sign; the others are above 0.

    Examples
    --------
    >>> from evergreen import BGNBD, PurchaseHistories
    >>> histories = PurchaseHistories.of(*BGNBD(0.5, 6.0, 0.8, 2.0).simulate(39.0, customers=5_000, seed=1)[:3])
    >>> fit = BGNBD.fit(histories)
    >>> fit.status.value, list(fit.standard_errors)
    ('converged', ['r', 'alpha', 'a', 'b'])
    """

    model: Model_co
    status: FitStatus
    message: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    log_likelihood: float
    customers: int
    histories: int
    log_covariance: FloatArray
    evaluations: int
    coefficients: tuple[str, ...] = ()

    @property
    def parameters(self) -> Mapping[str, float]:
        """Estimates by name."""
        return dict(zip(self.names, self.values, strict=True))

    @property
    def covariance(self) -> FloatArray:
        """Approximate covariance of the parameters themselves, by the delta method."""
        scale = np.where(_among(self.coefficients, self.names), 1.0, self.values)
        return self.log_covariance * np.outer(scale, scale)

    @property
    def standard_errors(self) -> Mapping[str, float]:
        """Approximate standard errors of the parameters, by name."""
        errors = np.sqrt(np.diag(self.covariance))
        return {name: float(error) for name, error in zip(self.names, errors, strict=True)}

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * len(self.names) - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Bayesian information criterion, with the number of customers as sample size."""
        return len(self.names) * math.log(self.customers) - 2 * self.log_likelihood

    def warn(self, *, stacklevel: int) -> None:
        """Warn if the fit ended otherwise than in an inner maximum.

        Parameters
        ----------
        stacklevel : int
            Of the warning, as seen from here.

        Warns
        -----
        FitWarning
        """
        if self.status is not FitStatus.CONVERGED:
            name = type(self.model).__name__
            warnings.warn(f"{name}: {self.status.value}. {self.message}", FitWarning, stacklevel=stacklevel + 1)

    def intervals(self, level: float = 0.95) -> Mapping[str, tuple[float, float]]:
        """Return confidence intervals, taken on the log scale so that bounds of parameters above 0 are positive.

        Parameters
        ----------
        level : float
            Coverage, between 0 and 1.

        Returns
        -------
        dict of str to (float, float)
            Lower and upper bound by name; nan where the standard error is.
        """
        reach = float(ndtri(0.5 + check_level(level) / 2)) * np.sqrt(np.diag(self.log_covariance))
        values, plain = np.asarray(self.values), _among(self.coefficients, self.names)
        with np.errstate(over="ignore"):  # the bounds of what the data say nothing about: 0 and infinity
            factor = np.exp(np.where(plain, 0.0, reach))
        lower, upper = (
            np.where(plain, values - reach, values / factor),
            np.where(plain, values + reach, values * factor),
        )
        return dict(zip(self.names, zip(lower.tolist(), upper.tolist(), strict=True), strict=True))


def fit(problem: Problem, build: Callable[..., Model], *, start: ArrayLike | None = None) -> FitResult[Model]:
    """Maximize a likelihood and describe the result.

    Parameters
    ----------
    problem : Problem
        The likelihood.
    build : callable
        Makes the model from its parameters, in order.
    start : array_like, shape (d,), optional
        Parameters in the user's units that are known to be near; the search starts from there alone.

    Returns
    -------
    FitResult
        The model, how the fit ended, and how well the parameters are known.

    Raises
    ------
    InputTypeError
        If the prior is none.
    """
    if not isinstance(problem.prior, WeakPrior | None):
        raise InputTypeError.kind("prior", problem.prior, "a WeakPrior, or None")
    found = _best(
        problem, _starts(problem) if start is None else [problem.coordinates(np.asarray(start) / problem.units)]
    )
    covariance = _log_covariance(found, problem.customers)
    status, message = _judge(problem, found, covariance)
    values = tuple((problem.natural(found.point) * problem.units).tolist())
    scale = np.where(problem.is_coefficient, problem.units, 1.0)
    return FitResult(
        model=build(*values),
        status=status,
        message=message,
        names=problem.names,
        values=values,
        log_likelihood=_log_likelihood(problem, found) + problem.shift,
        customers=problem.customers,
        histories=problem.histories,
        log_covariance=covariance * np.outer(scale, scale),
        evaluations=found.evaluations,
        coefficients=problem.coefficients,
    )


def _starts(problem: Problem) -> list[FloatArray]:
    """Return the points to search from: the solution of the rough problem, if there is one."""
    if problem.rough is not None:
        return [_best(problem.rough, _starts(problem.rough)).point]
    return [problem.coordinates(start) for start in problem.starts]


def _best(problem: Problem, starts: Sequence[FloatArray]) -> Maximum:
    """Return the best of the maxima found from each start, per customer."""

    def objective(point: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        value, slope, curvature = problem.log_posterior(point)
        return value / problem.customers, slope / problem.customers, curvature / problem.customers

    box = np.full(len(problem.names), _EDGE)
    found = [maximize(objective, start, lower=-box, upper=box) for start in starts]
    return max(found, key=lambda maximum: maximum.value)


def _log_covariance(found: Maximum, customers: int) -> FloatArray:
    """Invert the observed information of the parameters that are not on the edge; nan where it says nothing."""
    covariance = np.full_like(found.hessian, np.nan)
    inner = np.flatnonzero(~(found.at_lower | found.at_upper))
    information = -found.hessian[np.ix_(inner, inner)] * customers
    if len(inner) and np.linalg.eigvalsh(information)[0] > 0:
        inverse = np.linalg.inv(information)
        covariance[np.ix_(inner, inner)] = 0.5 * (inverse + inverse.T)
    return covariance


def _log_likelihood(problem: Problem, found: Maximum) -> float:
    """Return the log-likelihood by itself, without the prior."""
    if problem.prior is None:
        return found.value * problem.customers
    return problem.log_likelihood(problem.natural(found.point))[0]


def limit_sentence(said: Sequence[str], parameters: Collection[str]) -> str:
    """Return what to tell of a likelihood that has its maximum in a limit.

    Parameters
    ----------
    said : sequence of str
        What holds in the limit.
    parameters : collection of str
        The parameters that go to zero or infinity.

    Returns
    -------
    str
    """
    return (
        f"The likelihood rises towards a limit in which {' and '.join(said)}. Predictions are usable; "
        f"{', '.join(sorted(parameters))} and what goes with it are not estimates."
    )


def _judge(problem: Problem, found: Maximum, covariance: FloatArray) -> tuple[FitStatus, str]:
    if not found.converged:
        return FitStatus.STOPPED, (
            f"The search stopped after {found.evaluations} evaluations before it reached a maximum; "
            "check the data for histories that cannot come from one base."
        )
    errors = np.sqrt(np.diag(covariance))
    unknown = ~(errors < _UNKNOWN)
    far = unknown & (np.abs(found.point) > _FAR)
    if far.any():
        return FitStatus.BOUNDARY, problem.limits(
            problem.natural(found.point),
            _chosen(problem.names, far & (found.point < 0)),
            _chosen(problem.names, far & (found.point > 0)),
        )
    if unknown.any():
        return FitStatus.FLAT, (
            f"The data hardly determine {', '.join(sorted(_chosen(problem.names, unknown)))}: the likelihood is flat "
            "there. Predictions are usable, these parameters by themselves are not; more customers or a longer period "
            "would help."
        )
    return FitStatus.CONVERGED, "An inner maximum of the likelihood."


def _among(coefficients: Collection[str], names: Sequence[str]) -> BoolArray:
    return np.array([name in coefficients for name in names], np.bool_)


def _chosen(names: tuple[str, ...], mask: BoolArray) -> frozenset[str]:
    return frozenset(name for name, chosen in zip(names, mask, strict=True) if chosen)
