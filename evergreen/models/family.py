"""The formulas of a transaction model with what its fit has to know: :class:`Family`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.kernels.shape import Kernel
from evergreen.models.checks import check_opportunities
from evergreen.models.fitting import FitResult, Limits, Model, Problem, WeakPrior, fit
from evergreen.models.histories import PurchaseHistories

_LARGE: Final = 20_000  # distinct histories from which on a sample of them is fitted first, for a start
_EVERY: Final = 16


class Shift(NamedTuple):
    """How a covariate z with coefficient c moves a parameter, and by it what customers do."""

    parameter: str
    """The parameter, which is multiplied by ``exp(sign * c * z)``."""
    sign: int
    effect: int
    """The rate of purchase or of dropout (or the odds to leave) is multiplied by ``exp(effect * c * z)``."""


@dataclass(frozen=True, slots=True)
class Family:
    """The formulas of a model and what its fit has to know.

    Parameters
    ----------
    kernel : Kernel
        The formulas.
    names : tuple of str
        Parameters, in the order of the kernel.
    times : frozenset of str
        Those that are a time; none where time counts opportunities.
    starts : tuple of tuple of float
        Points to search from, times in mean ages of the customers; the first is typical of customer bases.
    limits : callable
        (unit-free parameters, names at zero, names at infinity) to one sentence about such an optimum.
    purchase, dropout : tuple of Shift
        What covariates move, for purchases and for leaving; empty where the model takes no covariates.
    """

    kernel: Kernel
    names: tuple[str, ...]
    times: frozenset[str]
    starts: tuple[tuple[float, ...], ...]
    limits: Limits
    purchase: tuple[Shift, ...] = ()
    dropout: tuple[Shift, ...] = ()

    def fit(
        self, histories: PurchaseHistories, build: Callable[..., Model], prior: WeakPrior | None
    ) -> FitResult[Model]:
        """Return the model of highest likelihood (or posterior density).

        Parameters
        ----------
        histories : PurchaseHistories
            The customer base.
        build : callable
            Makes the model from its parameters.
        prior : WeakPrior or None
            What is known before.

        Returns
        -------
        FitResult

        Raises
        ------
        InputTypeError
            If they are not purchase histories.
        InvalidInputError
            If nobody bought twice, or nobody was observed for any time: there is nothing to learn from; or if times do
            not count opportunities where they must.
        """
        return fit(self.problem(histories, prior), build)

    def problem(self, histories: PurchaseHistories, prior: WeakPrior | None = None) -> Problem:
        """Return the likelihood of a base, on times divided by the mean age of its customers.

        Parameters
        ----------
        histories : PurchaseHistories
            The customer base.
        prior : WeakPrior or None
            What is known before.

        Returns
        -------
        Problem

        Raises
        ------
        InputTypeError, InvalidInputError
            As for :meth:`fit`.
        """
        unit = self.time_scale(histories)
        problem = self.likelihood(histories, unit, prior)
        if len(histories) < _LARGE:
            return problem
        thin = [getattr(histories, name)[::_EVERY] for name in ("frequency", "recency", "T", "count")]
        return replace(problem, rough=self.likelihood(PurchaseHistories(*thin), unit, prior))

    def time_scale(self, histories: PurchaseHistories) -> float:
        """Return the time that is 1 to the search: the mean age of the customers, or one opportunity.

        Parameters
        ----------
        histories : PurchaseHistories
            The customer base.

        Returns
        -------
        float

        Raises
        ------
        InputTypeError, InvalidInputError
            As for :meth:`fit`.
        """
        if not isinstance(histories, PurchaseHistories):
            raise InputTypeError.kind("histories", histories, "PurchaseHistories, such as base.histories()")
        if histories.frequency @ histories.count == 0:
            raise InvalidInputError(
                f"None of {histories.customers:,} customers has a repeat purchase: rates cannot be estimated. "
                "Observe the customers for longer, or count finer occasions."
            )
        unit = float(histories.T @ histories.count) / histories.customers
        if unit == 0:
            raise InvalidInputError(
                f"All {histories.customers:,} customers have T = 0: nobody was observed after the first purchase."
            )
        if not self.times:
            check_opportunities(histories.frequency, histories.recency, histories.T)
            return 1.0
        return unit

    def likelihood(self, histories: PurchaseHistories, unit: float, prior: WeakPrior | None = None) -> Problem:
        """Return the likelihood of customers, be there anything to learn from them or not.

        Parameters
        ----------
        histories : PurchaseHistories
            The customers.
        unit : float
            What times are divided by.
        prior : WeakPrior or None
            What is known before.

        Returns
        -------
        Problem
        """
        kernel, x, count = self.kernel, histories.frequency, histories.count
        evidence = kernel.gather(x, histories.recency / unit, histories.T / unit, count)
        return Problem(
            names=self.names,
            log_likelihood=lambda point: kernel.log_likelihood(tuple(point.tolist()), evidence),
            units=np.array([unit if name in self.times else 1.0 for name in self.names]),
            shift=-int(x @ count) * float(np.log(unit)),
            customers=histories.customers,
            histories=len(histories),
            starts=tuple(np.array(start) for start in self.starts),
            rough=None,
            limits=self.limits,
            prior=prior,
        )
