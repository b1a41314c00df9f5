"""How sure the parameters are, as draws: from their approximate posterior, or from resampled customers."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Protocol, TypeVar

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.kernels.importance import effective_sample_size, smoothed_weights, weighted_quantile
from evergreen.models.attributed import AttributedHistories
from evergreen.models.checks import check_level, check_number
from evergreen.models.fitting import FitResult, FitStatus, Problem, WeakPrior
from evergreen.models.histories import PurchaseHistories, SpendHistories
from evergreen.typing import FloatArray, IntArray

Histories = TypeVar("Histories", PurchaseHistories, AttributedHistories, SpendHistories)
Histories_contra = TypeVar(
    "Histories_contra", PurchaseHistories, AttributedHistories, SpendHistories, contravariant=True
)


class Fitted(Protocol[Histories_contra]):
    """A model that knows its likelihood and how to be fitted again."""

    def problem(self, histories: Histories_contra, prior: WeakPrior | None = None, /) -> Problem:
        """Return the likelihood of customers under models of this kind."""
        ...

    def refit(self, histories: Histories_contra, /, *, prior: WeakPrior | None = None) -> FitResult[Any]:
        """Return the model of this kind of highest likelihood."""
        ...


_TAIL: Final = 7.0  # degrees of freedom of the proposal: heavier tails than those of any likelihood met here


@dataclass(frozen=True, slots=True, eq=False)
class ParameterDraws:
    """Values that the parameters of a model may have, with their weights.

    Attributes
    ----------
    names : tuple of str
        Names of the parameters.
    values : ndarray of float64, shape (n, d)
        The draws, in the units of the data.
    weights : ndarray of float64, shape (n,)
        They add up to 1.
    k_hat : float
        Shape of the tail of the importance weights (Vehtari and others, 2024): up to .7 the draws are as good as from
        the posterior itself, above they are not to be trusted. Nan for draws that need no weights.

    Examples
    --------
    >>> draws = ParameterDraws(("mu",), np.array([[1.0], [2.0], [3.0]]), np.full(3, 1 / 3), float("nan"))
    >>> round(draws.effective, 6)
    3.0
    """

    names: tuple[str, ...]
    values: FloatArray
    weights: FloatArray
    k_hat: float

    @property
    def effective(self) -> float:
        """How many draws of equal weight they are worth."""
        return effective_sample_size(self.weights)

    def intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Return an interval for each parameter.

        Parameters
        ----------
        level : float
            Coverage, between 0 and 1.

        Returns
        -------
        dict of str to (float, float)
            Lower and upper bound by name.
        """
        return {name: self.interval(values, level) for name, values in zip(self.names, self.values.T, strict=True)}

    def interval(self, statistic: FloatArray, level: float) -> tuple[float, float]:
        """Return the interval that leaves out equal shares of the draws on both sides.

        Parameters
        ----------
        statistic : ndarray of float64, shape (n,)
            A number for each draw.
        level : float
            Share of the draws inside, between 0 and 1.

        Returns
        -------
        lower, upper : float
        """
        tail = (1 - check_level(level)) / 2
        lower, upper = weighted_quantile(statistic, self.weights, [tail, 1 - tail]).tolist()
        return lower, upper


def posterior(
    fit: FitResult[Fitted[Histories]],
    histories: Histories,
    *,
    draws: int = 1_000,
    prior: WeakPrior | None = None,
    seed: int | np.random.Generator | None = None,
) -> ParameterDraws:
    """Draw parameters about a fit, weighted by how likely the data make them.

    The proposal is a multivariate t about the estimate on the log scale, with the curvature of the log-likelihood; the
    weights, smoothed in their tail, turn it into the posterior under a flat prior of the log-parameters (or under the
    prior given).

    Parameters
    ----------
    fit : FitResult
        A fit of a transaction or spend model.
    histories : PurchaseHistories, AttributedHistories or SpendHistories
        The customers that it was fitted to.
    draws : int
        How many; each costs one evaluation of the likelihood.
    prior : WeakPrior, optional
        The prior of the fit, if it had one.
    seed : int or numpy.random.Generator, optional
        For the same draws again.

    Returns
    -------
    ParameterDraws

    Raises
    ------
    InvalidInputError
        If the fit did not end in an inner maximum (there is no curvature to go by), or was made on other customers.

    Notes
    -----
    Vehtari, Simpson, Gelman, Yao & Gabry (2024), "Pareto smoothed importance sampling", Journal of Machine Learning
    Research 25(72).

    Examples
    --------
    >>> from evergreen import BGNBD, PurchaseHistories
    >>> histories = PurchaseHistories.of(*BGNBD(0.5, 6.0, 0.8, 2.0).simulate(39.0, customers=2_000, seed=1)[:3])
    >>> drawn = posterior(BGNBD.fit(histories), histories, draws=200, seed=2)
    >>> drawn.k_hat < 0.7, drawn.effective > 100
    (True, True)
    """
    check_number("draws", draws, 2)
    if fit.status is not FitStatus.CONVERGED:
        raise InvalidInputError(
            f"The fit of {type(fit.model).__name__} ended as {fit.status.value!r}: about it there are no draws of "
            "parameters. Fit with prior=WeakPrior(), or use the bootstrap."
        )
    problem = fit.model.problem(histories, prior)
    center = problem.coordinates(np.asarray(fit.values) / problem.units)
    at_fit = problem.log_likelihood(problem.natural(center))[0] + problem.shift
    if problem.customers != fit.customers or not math.isclose(at_fit, fit.log_likelihood, rel_tol=1e-9):
        raise InvalidInputError(
            f"The fit was made on other customers ({fit.customers:,}) than those given ({problem.customers:,}): the "
            "likelihood of its parameters is that of the customers it was made on."
        )
    random = np.random.default_rng(seed)
    scale = np.where(problem.is_coefficient, problem.units, 1.0)
    root = np.linalg.cholesky(fit.log_covariance / np.outer(scale, scale))
    d = len(center)
    scaled = random.standard_normal((draws, d)) * np.sqrt(_TAIL / random.chisquare(_TAIL, (draws, 1)))
    points = center + scaled @ root.T
    log_proposal = -0.5 * (_TAIL + d) * np.log1p((scaled**2).sum(axis=1) / _TAIL)
    log_target = np.array([problem.log_posterior(point)[0] for point in points])
    weights, k_hat = smoothed_weights(log_target - log_proposal)
    return ParameterDraws(fit.names, problem.natural(points) * problem.units, weights, k_hat)


def bootstrap(
    model: Fitted[Histories],
    histories: Histories,
    *,
    replicates: int = 200,
    prior: WeakPrior | None = None,
    seed: int | np.random.Generator | None = None,
) -> ParameterDraws:
    """Fit a model to resampled customers, again and again.

    To draw customers with replacement is to draw the counts of the distinct histories from a multinomial distribution:
    a replicate costs no more than a fit.

    Parameters
    ----------
    model : transaction or spend model
        A fitted model of the kind wanted.
    histories : PurchaseHistories, AttributedHistories or SpendHistories
        The customers.
    replicates : int
        How often.
    prior : WeakPrior, optional
        For each of the fits.
    seed : int or numpy.random.Generator, optional
        For the same draws again.

    Returns
    -------
    ParameterDraws
        Of equal weight. Replicates that end on a boundary are among them: their predictions are finite.

    Raises
    ------
    InvalidInputError
        If a replicate has nothing to learn from: the base is too small.

    Examples
    --------
    >>> from evergreen import BGNBD, PurchaseHistories
    >>> truth = BGNBD(0.5, 6.0, 0.8, 2.0)
    >>> histories = PurchaseHistories.of(*truth.simulate(39.0, customers=2_000, seed=1)[:3])
    >>> low, high = bootstrap(truth, histories, replicates=50, seed=2).intervals(0.9)["r"]
    >>> low < 0.5 < high
    True
    """
    check_number("replicates", replicates, 2)
    random = np.random.default_rng(seed)
    share = histories.count / histories.customers
    fits = []
    for _ in range(replicates):
        count = random.multinomial(histories.customers, share)
        fits.append(model.refit(_counted(histories, count), prior=prior))
    values = np.array([found.values for found in fits])
    return ParameterDraws(fits[0].names, values, np.full(replicates, 1 / replicates), math.nan)


def _counted(histories: Histories, count: IntArray) -> Histories:
    """Return the histories with other counts, without those that nobody has."""
    kept = count > 0
    columns = {field.name: getattr(histories, field.name) for field in fields(histories)}
    rows: dict[str, Any] = {name: column[kept] for name, column in columns.items() if isinstance(column, np.ndarray)}
    if isinstance(histories, AttributedHistories):
        rows["values"] = {name: column[kept] for name, column in histories.values.items()}
    return replace(histories, **{**rows, "count": count[kept]})
