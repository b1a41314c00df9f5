"""What all models of when customers buy have in common: their verbs and their fit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import Any, ClassVar, Self

import numpy as np

from evergreen.kernels.counts import quantiles
from evergreen.kernels.shape import Forecast, Kernel
from evergreen.models.checks import (
    check_finite,
    check_histories,
    check_horizon,
    check_level,
    check_not_negative,
    check_opportunities,
    check_parameters,
    check_shapes,
    check_whole,
    refuse,
)
from evergreen.models.family import Family
from evergreen.models.fitting import FitResult, Problem, WeakPrior
from evergreen.models.histories import PurchaseHistories
from evergreen.models.protocols import SimulatedCustomers
from evergreen.typing import ArrayLike, FloatArray, IntArray


class HistoryModel(ABC):
    """A model that sees of a customer how often, how recently and for how long: (frequency, recency, T).

    Every model is a frozen dataclass of its parameters, all above 0, with these verbs. Times are in whatever unit
    the parameters were fitted in; :class:`~evergreen.CLVModel` keeps track of it.
    """

    __slots__ = ()

    discrete: ClassVar[bool] = False
    """Whether times count opportunities: whole numbers, without a unit."""

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters(type(self).__name__, self.parameters)

    @property
    @abstractmethod
    def family(self) -> Family:
        """The formulas of the model, and how it is fitted."""

    @classmethod
    @abstractmethod
    def fit(cls, histories: PurchaseHistories, *, prior: WeakPrior | None = None) -> FitResult[Self]:
        """Return the model of highest likelihood.

        Parameters
        ----------
        histories : PurchaseHistories
            The customer base.
        prior : WeakPrior, optional
            Pulls parameters that the data hardly determine to ordinary values; meant for small bases.

        Returns
        -------
        FitResult
            The model with standard errors and a named outcome.

        Raises
        ------
        InputTypeError
            If they are not purchase histories.
        InvalidInputError
            If nobody bought twice, or nobody was observed for any time: there is nothing to learn from.
        """

    def problem(self, histories: PurchaseHistories, prior: WeakPrior | None = None) -> Problem:
        """Return the likelihood of customers under models of this kind.

        Parameters
        ----------
        histories : PurchaseHistories
            The customer base.
        prior : WeakPrior, optional
            What is known before.

        Returns
        -------
        Problem
        """
        return self.family.problem(histories, prior)

    def refit(self, histories: PurchaseHistories, *, prior: WeakPrior | None = None) -> FitResult[Self]:
        """Return the model of highest likelihood among those of this kind.

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
        return self.family.fit(histories, self.with_parameters, prior)

    def with_parameters(self, *values: float) -> Self:
        """Return the model of the same kind with other parameters.

        Parameters
        ----------
        *values : float
            In the order of the names.

        Returns
        -------
        HistoryModel
        """
        return replace(self, **dict(zip(self.family.names, values, strict=True)))  # type: ignore[type-var]

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name."""
        return dict(zip(self.family.names, self._letters, strict=True))

    def p_alive(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> FloatArray:
        """Return the probability that customers are still alive at T.

        Parameters
        ----------
        frequency : array_like
            Whole number of repeat occasions.
        recency, T : array_like
            Time from the first to the last occasion, and to the end of observation.

        Returns
        -------
        ndarray of float64
            Of the arguments' common shape.

        Examples
        --------
        >>> from evergreen import BGNBD, MBGNBD
        >>> BGNBD(0.243, 4.414, 0.793, 2.426).p_alive([0, 2], [0, 30.43], 38.86).round(4)
        array([1.    , 0.7266])
        >>> MBGNBD(0.525, 6.183, 0.891, 1.614).p_alive([0, 2], [0, 30.43], 38.86).round(4)
        array([0.3897, 0.7062])
        """
        return self._kernel.p_alive(self._letters, *self._histories(frequency, recency, T))[()]

    def p_purchase(self, horizon: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> FloatArray:
        """Return the probability of at least one purchase within the horizon.

        Parameters
        ----------
        horizon : float
            Time ahead of T, at least 0; may be infinite.
        frequency, recency, T : array_like
            As for :meth:`p_alive`.

        Returns
        -------
        ndarray of float64
            Of the arguments' common shape.

        Examples
        --------
        >>> from evergreen import BGNBD
        >>> BGNBD(0.243, 4.414, 0.793, 2.426).p_purchase(39, [0, 2], [0, 30.43], 38.86).round(4)
        array([0.1446, 0.5546])
        """
        ahead = check_horizon(horizon, whole=self.discrete)
        return self._kernel.p_purchase(self._letters, ahead, *self._histories(frequency, recency, T))[()]

    def expected_purchases(self, horizon: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> FloatArray:
        """Return the expected number of purchases within the horizon.

        Parameters
        ----------
        horizon : float
            Time ahead of T, at least 0; may be infinite.
        frequency, recency, T : array_like
            As for :meth:`p_alive`.

        Returns
        -------
        ndarray of float64
            Of the arguments' common shape; infinite where the horizon and the expectation are.

        Examples
        --------
        >>> from evergreen import BGNBD
        >>> BGNBD(0.243, 4.414, 0.793, 2.426).expected_purchases(39, [0, 2], [0, 30.43], 38.86).round(3)
        array([0.195, 1.226])
        """
        ahead = check_horizon(horizon, whole=self.discrete)
        x, t_x, age = self._histories(frequency, recency, T)
        found = self._kernel.expected_purchases(self._letters, ahead, x.ravel(), t_x.ravel(), age.ravel())
        return found.reshape(x.shape)[()]

    def forecast(
        self, horizon: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, *, delta: float = 0.0
    ) -> Forecast:
        """Return all forecasts of one horizon at once, at little more than the cost of one.

        Parameters
        ----------
        horizon : float
            Time ahead of T, at least 0; may be infinite.
        frequency, recency, T : array_like
            As for :meth:`p_alive`.
        delta : float
            Continuous discount rate per time unit, at least 0.

        Returns
        -------
        Forecast
            p_alive, p_purchase, expected_purchases and discounted_purchases, each of the arguments' common shape.
            With an infinite horizon and a ``delta`` above 0 the last is DERT, the discounted expected residual
            transactions of Fader, Hardie & Lee (2005, "RFM and CLV").

        Examples
        --------
        >>> import math
        >>> from evergreen import BGNBD
        >>> model = BGNBD(0.243, 4.414, 0.793, 2.426)
        >>> float(model.forecast(39, 2, 30.43, 38.86, delta=0.01).discounted_purchases.round(3))
        1.027
        >>> float(model.forecast(math.inf, 2, 30.43, 38.86, delta=0.01).discounted_purchases.round(3))
        2.262
        """
        ahead = check_horizon(horizon, whole=self.discrete)
        rate = check_not_negative("delta", delta)
        x, t_x, age = self._histories(frequency, recency, T)
        found = self._kernel.forecast(self._letters, ahead, rate, x.ravel(), t_x.ravel(), age.ravel())
        return Forecast(*(part.reshape(x.shape)[()] for part in found))

    def pmf_ahead(
        self, n: ArrayLike, horizon: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> FloatArray:
        """Return the probability that customers make n purchases within the horizon after T.

        Parameters
        ----------
        n : array_like
            Whole numbers of at least 0.
        horizon : float
            Time ahead of T, at least 0 and finite.
        frequency, recency, T : array_like
            As for :meth:`p_alive`; all arguments broadcast.

        Returns
        -------
        ndarray of float64
            Of the arguments' common shape.

        Examples
        --------
        >>> from evergreen import BGNBD
        >>> BGNBD(0.243, 4.414, 0.793, 2.426).pmf_ahead([0, 1, 2], 39, 2, 30.43, 38.86).round(4)
        array([0.4454, 0.2393, 0.1442])
        """
        ahead = check_horizon(horizon, whole=self.discrete, finite=True)
        x, t_x, age = self._histories(frequency, recency, T)
        count, x, t_x, age = check_shapes(n=check_whole("n", n), frequency=x, recency=t_x, T=age)
        if ahead == 0:
            return np.where(count == 0, 1.0, 0.0)[()]
        columns = (count.ravel(), ahead, x.ravel(), t_x.ravel(), age.ravel())
        return self._kernel.pmf_ahead(self._letters, *columns).reshape(x.shape)[()]

    def purchase_quantiles(
        self, levels: Sequence[float], horizon: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> IntArray:
        """Return quantiles of the numbers of purchases that customers make within the horizon after T.

        Parameters
        ----------
        levels : sequence of float, length q
            Between 0 and 1: two of them make an interval.
        horizon : float
            Time ahead of T, at least 0 and finite.
        frequency, recency, T : array_like
            As for :meth:`p_alive`.

        Returns
        -------
        ndarray of int64
            Of the arguments' common shape, with one more axis of length q: the smallest numbers whose cumulative
            probability reaches each level. They take the parameters to be known.

        Examples
        --------
        >>> from evergreen import BGNBD
        >>> BGNBD(0.243, 4.414, 0.793, 2.426).purchase_quantiles([0.1, 0.9], 39, [0, 2], [0, 30.43], 38.86)
        array([[0, 1],
               [0, 3]])
        """
        ahead = check_horizon(horizon, whole=self.discrete, finite=True)
        shares = [check_level(level) for level in levels]
        x, t_x, age = self._histories(frequency, recency, T)
        flat_x, flat_t, flat_T = x.ravel(), t_x.ravel(), age.ravel()

        def pmf(n: IntArray, row: IntArray) -> FloatArray:
            return self._kernel.pmf_ahead(self._letters, n, ahead, flat_x[row], flat_t[row], flat_T[row])

        found = quantiles(pmf, x.size, shares) if ahead else np.zeros((x.size, len(shares)), np.int64)
        return found.reshape(*x.shape, len(shares))

    def expected_purchases_new(self, horizon: ArrayLike) -> FloatArray:
        """Return the expected number of repeat purchases of a customer who has just bought for the first time.

        Parameters
        ----------
        horizon : array_like
            Times since the first purchase, at least 0; may be infinite.

        Returns
        -------
        ndarray of float64
            Of the shape of ``horizon``.

        Examples
        --------
        >>> from evergreen import BGNBD
        >>> BGNBD(0.243, 4.414, 0.793, 2.426).expected_purchases_new([0, 52]).round(4)
        array([0.    , 1.4461])
        """
        ahead = np.asarray(horizon, np.float64)
        refuse("horizon must be at least 0", ~(ahead >= 0), ahead)
        if self.discrete:
            refuse("horizon must be a whole number of opportunities", ahead != np.floor(ahead), ahead)
        return self._kernel.expected_purchases_new(self._letters, ahead.ravel()).reshape(ahead.shape)[()]

    def discounted_purchases_new(self, horizon: float, *, delta: float) -> float:
        """Return the discounted number of repeat purchases expected of a new customer.

        Parameters
        ----------
        horizon : float
            Time since the first purchase, at least 0; may be infinite.
        delta : float
            Continuous discount rate per time unit, at least 0.

        Returns
        -------
        float
            The first purchase, which is sure, is not among them.

        Examples
        --------
        >>> import math
        >>> from evergreen import BGNBD
        >>> round(BGNBD(0.243, 4.414, 0.793, 2.426).discounted_purchases_new(math.inf, delta=0.0018), 3)
        4.399
        """
        ahead, rate = check_horizon(horizon, whole=self.discrete), check_not_negative("delta", delta)
        return self._kernel.discounted_purchases_new(self._letters, ahead, rate)

    def pmf(self, n: ArrayLike, horizon: float) -> FloatArray:
        """Return the probability that a new customer makes n repeat purchases within the horizon.

        Parameters
        ----------
        n : array_like
            Whole numbers of at least 0.
        horizon : float
            Time since the first purchase, at least 0 and finite.

        Returns
        -------
        ndarray of float64
            Of the shape of ``n``.

        Examples
        --------
        >>> from evergreen import BGNBD
        >>> BGNBD(0.243, 4.414, 0.793, 2.426).pmf([0, 1, 2], horizon=39).round(4)
        array([0.5738, 0.1994, 0.0854])
        """
        count, ahead = check_whole("n", n), check_horizon(horizon, whole=self.discrete, finite=True)
        if ahead == 0:
            return np.where(count == 0, 1.0, 0.0)[()]
        return self._kernel.pmf(self._letters, count, ahead)[()]

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
            Histories with the true rate and dropout behind each.

        Examples
        --------
        >>> from evergreen import BGNBD
        >>> drawn = BGNBD(0.243, 4.414, 0.793, 2.426).simulate(39.0, customers=3, seed=7)
        >>> drawn.frequency.shape, bool((drawn.recency <= drawn.T).all())
        ((3,), True)
        """
        age = check_finite("T", T)
        check_not_negative("T", float(age.min(initial=0.0)))
        if self.discrete:
            refuse("T must be a whole number of opportunities", age != np.rint(age), age)
        age = np.atleast_1d(age) if customers is None else np.broadcast_to(age, (customers,))
        x, t_x, rate, dropout = self._kernel.simulate(self._letters, age, np.random.default_rng(seed))
        return SimulatedCustomers(x, t_x, age, rate, dropout)

    def _histories(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return frequency, recency and T, checked."""
        x, t_x, age = check_histories(frequency, recency, T)
        if self.discrete:
            check_opportunities(x, t_x, age)
        return x, t_x, age

    @property
    def _kernel(self) -> Kernel:
        return self.family.kernel

    @property
    def _letters(self) -> tuple[Any, ...]:
        """Return the parameters in the order of the kernel."""
        return astuple(self)  # type: ignore[call-overload]
