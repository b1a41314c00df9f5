"""One way to fit every model, and one way for a fit to tell how it went."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

import numpy as np
from scipy.special import ndtri

from evergreen.kernels.maximize import Maximum, maximize
from evergreen.models.checks import check_level
from evergreen.typing import BoolArray, FloatArray

Model = TypeVar("Model")

_EDGE: Final = 12.0  # the search box: logarithms of the unit-free parameters
_FAR: Final = 9.0  # beyond this an undetermined log-parameter is on its way to the edge
_UNKNOWN: Final = 8.0  # standard error of a log-parameter from which on the data say nothing about it


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
class Problem:
    """A likelihood to maximize, in unit-free parameters.

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
        Unit-free points to search from.
    rough : Problem or None
        A cheaper problem with nearly the same solution, to start from.
    limits : callable
        (unit-free parameters, names at zero, names at infinity) to one sentence about such an optimum.
    """

    names: tuple[str, ...]
    log_likelihood: Callable[[FloatArray], tuple[float, FloatArray, FloatArray]]
    units: FloatArray
    shift: float
    customers: int
    histories: int
    starts: tuple[FloatArray, ...]
    rough: Problem | None
    limits: Callable[[FloatArray, frozenset[str], frozenset[str]], str]


@dataclass(frozen=True, slots=True, eq=False)
class FitResult(Generic[Model]):
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
        Approximate covariance of the logarithms of the parameters, the inverse of the observed information; nan
        for parameters on a boundary, and everywhere if the information is singular.
    evaluations : int
        Evaluations of the full likelihood.

    Examples
    --------
    >>> from evergreen import BGNBD, PurchaseHistories
    >>> histories = PurchaseHistories.of(*BGNBD(0.5, 6.0, 0.8, 2.0).simulate(39.0, customers=5_000, seed=1)[:3])
    >>> fit = BGNBD.fit(histories)
    >>> fit.status.value, list(fit.standard_errors)
    ('converged', ['r', 'alpha', 'a', 'b'])
    """

    model: Model
    status: FitStatus
    message: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    log_likelihood: float
    customers: int
    histories: int
    log_covariance: FloatArray
    evaluations: int

    @property
    def parameters(self) -> Mapping[str, float]:
        """Estimates by name."""
        return dict(zip(self.names, self.values, strict=True))

    @property
    def covariance(self) -> FloatArray:
        """Approximate covariance of the parameters themselves, by the delta method."""
        scale = np.asarray(self.values)
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

    def intervals(self, level: float = 0.95) -> Mapping[str, tuple[float, float]]:
        """Return confidence intervals, taken on the log scale so that every bound is positive.

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
        return {
            name: (value * math.exp(-width), value * math.exp(width))
            for name, value, width in zip(self.names, self.values, reach.tolist(), strict=True)
        }


def fit(problem: Problem, build: Callable[..., Model]) -> FitResult[Model]:
    """Maximize a likelihood and describe the result.

    Parameters
    ----------
    problem : Problem
        The likelihood.
    build : callable
        Makes the model from its parameters, in order.

    Returns
    -------
    FitResult
        The model, how the fit ended, and how well the parameters are known.
    """
    rough = problem.rough
    starts = problem.starts if rough is None else (np.exp(_best(rough, rough.starts).point),)
    found = _best(problem, starts)
    covariance = _log_covariance(found, problem.customers)
    status, message = _judge(problem, found, covariance)
    values = tuple((np.exp(found.point) * problem.units).tolist())
    return FitResult(
        model=build(*values),
        status=status,
        message=message,
        names=problem.names,
        values=values,
        log_likelihood=found.value * problem.customers + problem.shift,
        customers=problem.customers,
        histories=problem.histories,
        log_covariance=covariance,
        evaluations=found.evaluations,
    )


def _best(problem: Problem, starts: tuple[FloatArray, ...]) -> Maximum:
    """Return the best of the maxima found from each start, in log-parameters and per customer."""

    def objective(point: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        scale = np.exp(point)
        value, gradient, hessian = problem.log_likelihood(scale)
        slope = gradient * scale
        curvature = hessian * np.outer(scale, scale) + np.diag(slope)
        return value / problem.customers, slope / problem.customers, curvature / problem.customers

    box = np.full(len(problem.names), _EDGE)
    found = [maximize(objective, np.log(start), lower=-box, upper=box) for start in starts]
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
            np.exp(found.point),
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


def _chosen(names: tuple[str, ...], mask: BoolArray) -> frozenset[str]:
    return frozenset(name for name, chosen in zip(names, mask, strict=True) if chosen)
