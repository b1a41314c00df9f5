"""The BG/NBD model of repeat buying without a contract."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Self

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.kernels import bgnbd as kernel
from evergreen.models.checks import check_finite, check_histories, check_not_negative, check_parameters, check_whole
from evergreen.models.fitting import FitResult, Problem, fit
from evergreen.models.histories import PurchaseHistories
from evergreen.models.protocols import Forecast, SimulatedCustomers
from evergreen.typing import ArrayLike, FloatArray

_NAMES = ("r", "alpha", "a", "b")
_STARTS = (np.array([0.5, 0.3, 0.5, 2.0]), np.array([2.0, 0.5, 1.0, 5.0]))
_LARGE = 20_000  # distinct histories from which on a sample of them is fitted first, for a start
_EVERY = 16


@dataclass(frozen=True, slots=True)
class BGNBD:
    """Beta-geometric/NBD model: customers buy at random at their own rate until, after a purchase, they leave.

    Times are in whatever unit the parameters were fitted in; :class:`~evergreen.CLVModel` keeps track of it.

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

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters("BGNBD", dict(zip(_NAMES, astuple(self), strict=True)))

    @classmethod
    def fit(cls, histories: PurchaseHistories) -> FitResult[Self]:
        """Return the model of highest likelihood.

        Parameters
        ----------
        histories : PurchaseHistories
            The customer base.

        Returns
        -------
        FitResult
            The model with standard errors and a named outcome; its ``log_likelihood`` is the paper's equation 6
            summed over customers.

        Raises
        ------
        InputTypeError
            If they are not purchase histories.
        InvalidInputError
            If nobody bought twice, or nobody was observed for any time: there is nothing to learn from.
        """
        if not isinstance(histories, PurchaseHistories):
            raise InputTypeError.kind("histories", histories, "PurchaseHistories, such as base.histories()")
        purchases = int(histories.frequency @ histories.count)
        if purchases == 0:
            raise InvalidInputError(
                f"None of {histories.customers:,} customers has a repeat purchase: rates cannot be estimated. "
                "Observe the customers for longer, or count finer occasions."
            )
        unit = float(histories.T @ histories.count) / histories.customers
        if unit == 0:
            raise InvalidInputError(
                f"All {histories.customers:,} customers have T = 0: nobody was observed after the first purchase."
            )
        return fit(_problem(histories, unit, purchases), cls)

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
            Of the arguments' common shape; 1 where frequency is 0, by the model's definition.

        Examples
        --------
        >>> BGNBD(0.243, 4.414, 0.793, 2.426).p_alive([0, 2], [0, 30.43], 38.86).round(4)
        array([1.    , 0.7266])
        """
        return kernel.p_alive(self._letters, *check_histories(frequency, recency, T))[()]

    def p_purchase(self, horizon: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> FloatArray:
        """Return the probability of at least one purchase within the horizon.

        Parameters
        ----------
        horizon : float
            Time ahead of T, at least 0.
        frequency, recency, T : array_like
            As for :meth:`p_alive`.

        Returns
        -------
        ndarray of float64
            Of the arguments' common shape.

        Examples
        --------
        >>> BGNBD(0.243, 4.414, 0.793, 2.426).p_purchase(39, [0, 2], [0, 30.43], 38.86).round(4)
        array([0.1446, 0.5546])
        """
        ahead = check_not_negative("horizon", horizon)
        return kernel.p_purchase(self._letters, ahead, *check_histories(frequency, recency, T))[()]

    def expected_purchases(self, horizon: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> FloatArray:
        """Return the expected number of purchases within the horizon.

        Parameters
        ----------
        horizon : float
            Time ahead of T, at least 0.
        frequency, recency, T : array_like
            As for :meth:`p_alive`.

        Returns
        -------
        ndarray of float64
            Of the arguments' common shape.

        Examples
        --------
        >>> BGNBD(0.243, 4.414, 0.793, 2.426).expected_purchases(39, [0, 2], [0, 30.43], 38.86).round(3)
        array([0.195, 1.226])
        """
        ahead = check_not_negative("horizon", horizon)
        x, t_x, age = check_histories(frequency, recency, T)
        found = kernel.expected_purchases(self._letters, ahead, x.ravel(), t_x.ravel(), age.ravel())
        return found.reshape(x.shape)[()]

    def expected_purchases_new(self, horizon: ArrayLike) -> FloatArray:
        """Return the expected number of repeat purchases of a customer who has just bought for the first time.

        Parameters
        ----------
        horizon : array_like
            Times since the first purchase, at least 0.

        Returns
        -------
        ndarray of float64
            Of the shape of ``horizon``.

        Examples
        --------
        >>> BGNBD(0.243, 4.414, 0.793, 2.426).expected_purchases_new([0, 52]).round(4)
        array([0.    , 1.4461])
        """
        ahead = check_finite("horizon", horizon)
        check_not_negative("horizon", float(ahead.min(initial=0.0)))
        return kernel.expected_purchases_new(self._letters, ahead.ravel()).reshape(ahead.shape)[()]

    def pmf(self, n: ArrayLike, horizon: float) -> FloatArray:
        """Return the probability that a new customer makes n repeat purchases within the horizon.

        Parameters
        ----------
        n : array_like
            Whole numbers of at least 0.
        horizon : float
            Time since the first purchase, at least 0.

        Returns
        -------
        ndarray of float64
            Of the shape of ``n``.

        Examples
        --------
        >>> BGNBD(0.243, 4.414, 0.793, 2.426).pmf([0, 1, 2], horizon=39).round(4)
        array([0.5738, 0.1994, 0.0854])
        """
        count, ahead = check_whole("n", n), check_not_negative("horizon", horizon)
        if ahead == 0:
            return np.where(count == 0, 1.0, 0.0)[()]
        return kernel.pmf(self._letters, count, ahead)[()]

    def forecast(
        self, horizon: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, *, delta: float = 0.0
    ) -> Forecast:
        """Return all forecasts of one horizon at once, at little more than the cost of one.

        Parameters
        ----------
        horizon : float
            Time ahead of T, at least 0.
        frequency, recency, T : array_like
            As for :meth:`p_alive`.
        delta : float
            Continuous discount rate per time unit, at least 0.

        Returns
        -------
        Forecast
            p_alive, p_purchase, expected_purchases and discounted_purchases, each of the arguments' common shape.

        Examples
        --------
        >>> forecast = BGNBD(0.243, 4.414, 0.793, 2.426).forecast(39, 2, 30.43, 38.86, delta=0.01)
        >>> float(forecast.discounted_purchases.round(3))
        1.027
        """
        ahead, rate = check_not_negative("horizon", horizon), check_not_negative("delta", delta)
        x, t_x, age = check_histories(frequency, recency, T)
        found = kernel.forecast(self._letters, ahead, rate, x.ravel(), t_x.ravel(), age.ravel())
        return Forecast(*(part.reshape(x.shape)[()] for part in found))

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
            Histories with the true rate and dropout probability behind each.

        Examples
        --------
        >>> drawn = BGNBD(0.243, 4.414, 0.793, 2.426).simulate(39.0, customers=3, seed=7)
        >>> drawn.frequency.shape, bool((drawn.recency <= drawn.T).all())
        ((3,), True)
        """
        age = check_finite("T", T)
        check_not_negative("T", float(age.min(initial=0.0)))
        age = np.atleast_1d(age) if customers is None else np.broadcast_to(age, (customers,))
        x, t_x, rate, p = kernel.simulate(self._letters, age, np.random.default_rng(seed))
        return SimulatedCustomers(x, t_x, age, rate, p)

    @property
    def _letters(self) -> kernel.Parameters:
        return self.r, self.alpha, self.a, self.b


def _problem(histories: PurchaseHistories, unit: float, purchases: int, *, every: int = 1) -> Problem:
    """Return the likelihood on times divided by the unit; ``every`` thins the histories."""
    t_x, T = histories.recency[::every] / unit, histories.T[::every] / unit
    x, count = histories.frequency[::every], histories.count[::every]
    evidence = kernel.gather(x, t_x, T, count)

    def log_likelihood(point: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        r, alpha, a, b = point.tolist()
        return kernel.log_likelihood((r, alpha, a, b), evidence)

    large = every == 1 and len(histories) >= _LARGE
    return Problem(
        names=_NAMES,
        log_likelihood=log_likelihood,
        units=np.array([1.0, unit, 1.0, 1.0]),
        shift=-purchases * float(np.log(unit)),
        customers=int(count.sum()),
        histories=len(x),
        starts=_STARTS,
        rough=_problem(histories, unit, purchases, every=_EVERY) if large else None,
        limits=_limits,
    )


def _limits(point: FloatArray, zero: frozenset[str], infinite: frozenset[str]) -> str:
    """Say in one sentence what it means that parameters went to zero or infinity."""
    r, alpha, a, b = point.tolist()
    said = []
    if ("b" in infinite and a > 1e3) or ("a" in infinite and b > 1e3):
        said.append(f"every customer leaves with the same probability {a / (a + b):.3g} after a purchase")
    elif "a" in zero or "b" in infinite:
        said.append("nobody leaves (a pure NBD model fits as well)")
    elif "a" in infinite or "b" in zero:
        said.append("customers leave after the first repeat purchase")
    if ("alpha" in infinite and r > 1e3) or ("r" in infinite and alpha > 1e3):
        said.append("all customers buy at the same rate")
    elif {"r", "alpha"} & (zero | infinite):
        said.append("purchase rates are all near zero but for a few customers")
    return (
        f"The likelihood rises towards a limit in which {' and '.join(said)}. Predictions are usable; "
        f"{', '.join(sorted(zero | infinite))} and what goes with it are not estimates."
    )
