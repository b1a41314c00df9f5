"""How customers move between states, and what follows from it: :class:`MarkovChain`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.kernels import markov as kernel
from evergreen.models.checks import check_finite, check_level, check_number, check_whole, refuse
from evergreen.models.estimate import Estimate
from evergreen.models.reward_stream import Horizon, RewardStream, periods_in
from evergreen.models.state_estimates import StateEstimates, bounds_of
from evergreen.models.states import check_period, check_states, head_counts, place_of
from evergreen.models.steady_state import SteadyState
from evergreen.typing import BoolArray, Duration, FloatArray, IntArray

_ROUNDING: Final = 1e-9  # of a sum of rates


@final
@dataclass(frozen=True, slots=True, eq=False)
class MarkovChain:
    """Rates at which customers move from state to state, period by period.

    Build one from rates that are known, or from counted moves with :meth:`Transitions.chain`, which adds the draws that
    give every answer its interval.

    Parameters
    ----------
    states : tuple of str, shape (k,)
        Names of the states; a ladder from its lowest rung up.
    rates : ndarray of float64, shape (k, k)
        Share of the customers in the state of the row who are in that of the column one period later.
    period_days : float
        Length of a period.
    drawn : ndarray of float64, shape (n, k, k), optional
        Rates that are as likely, given what was seen.
    level : float
        Coverage of the intervals.

    Raises
    ------
    InputTypeError, InvalidInputError
        If states are not different names, rates (or those drawn) are not shares whose rows add up to 1, or a period has
        no length.

    Notes
    -----
    Pfeifer & Carraway (2000), "Modeling customer relationships as Markov chains", Journal of Interactive Marketing
    14(2), 43-55. Money comes at the beginning of a period, from the state in which customers are then, the first at
    once.

    A chain has no memory: where a customer goes depends on the state, not on the way there nor on how long it took. It
    has no seasons, and rates stay what they are. Where old hands of a rung behave unlike newcomers, make two rungs.

    Examples
    --------
    The example of the paper. Who bought brings 40; a mailing costs 4; four times without an answer ends it:

    >>> chance = [0.30, 0.20, 0.15, 0.05]
    >>> rates = np.diag([1 - p for p in chance], 1)
    >>> rates[:4, 0], rates[4, 4] = chance, 1
    >>> states = ("recency 1", "recency 2", "recency 3", "recency 4", "former")
    >>> chain = MarkovChain(states, rates, period_days=365.2425)
    >>> reward = dict(zip(states, [40 - 4, -4, -4, -4, 0]))
    >>> chain.values(reward, discount_rate=0.2).estimate.round(2)
    array([52.32,  5.55,  1.25, -1.82,  0.  ])

    Nobody who was silent for three periods is worth the fourth mailing.
    """

    states: tuple[str, ...]
    rates: FloatArray
    period_days: float
    drawn: FloatArray | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        """Check the rates."""
        object.__setattr__(self, "states", check_states(self.states))
        k = len(self.states)
        rates = check_finite("rates", self.rates)
        if rates.shape != (k, k):
            raise InvalidInputError(f"rates of {k} states must have the shape ({k}, {k}), got {rates.shape}.")
        object.__setattr__(self, "rates", rates / _row_sums("rates", rates))
        if self.drawn is not None:
            drawn = check_finite("drawn", self.drawn)
            if drawn.ndim != 3 or drawn.shape[1:] != (k, k) or not len(drawn):
                raise InvalidInputError(f"drawn must have the shape (n, {k}, {k}), got {drawn.shape}.")
            _row_sums("drawn", drawn)
            object.__setattr__(self, "drawn", drawn)
        check_period(self.period_days)
        check_level(self.level)

    def values(
        self, reward: Mapping[str, float], *, discount_rate: float = 0.1, horizon: Horizon = "inf"
    ) -> StateEstimates:
        r"""Return what a customer in each state is worth.

        Parameters
        ----------
        reward : mapping of str to float
            What a customer in each state brings per period, costs taken off.
        discount_rate : float
            Per year, at least 0; above 0 without an end.
        horizon : str, timedelta or "inf"
            How far to look ahead. Money of a period that begins within it counts; of one that the horizon cuts, the
            share within.

        Returns
        -------
        StateEstimates
            Expected present value of money to come, that of the period at hand included:
            :math:`V = (I - P/(1+d))^{-1} R` without an end.

        Raises
        ------
        InputTypeError, InvalidInputError
            If a state has no reward, or there is a rate of 0 and no end.
        """
        stream = RewardStream.of(self.states, reward, discount_rate, horizon, self.period_days)
        return self._of_states(stream.values(self.rates), None if self.drawn is None else stream.values(self.drawn))

    def gain(
        self,
        origin: str,
        destination: str,
        reward: Mapping[str, float],
        *,
        instead_of: str | None = None,
        discount_rate: float = 0.1,
        horizon: Horizon = "inf",
    ) -> Estimate:
        r"""Return what one more customer who moves up is worth today.

        Parameters
        ----------
        origin : str
            Where the customer is.
        destination : str
            Where he is to be one period from now.
        reward : mapping of str to float
        instead_of : str, optional
            Where he would have been otherwise; he would have stayed, by default.
        discount_rate : float
        horizon : str, timedelta or "inf"
            As for :meth:`values`.

        Returns
        -------
        Estimate
            :math:`(V_j - V_h) / (1 + d)`, with the values that are left in one period. It is the most that a push that
            works may cost; one that works on a tenth of the customers may cost a tenth of it each.

        Examples
        --------
        >>> chain = MarkovChain(("low", "high"), np.array([[0.9, 0.1], [0.2, 0.8]]), period_days=365.2425)
        >>> round(chain.gain("low", "high", {"low": 10, "high": 60}, discount_rate=0.1).estimate, 2)
        125.0
        """
        move = self._move(origin, destination, instead_of)
        stream = RewardStream.of(self.states, reward, discount_rate, horizon, self.period_days)
        return self._one(stream.gain(self.rates, move), None if self.drawn is None else stream.gain(self.drawn, move))

    def gain_per_point(
        self,
        origin: str,
        destination: str,
        reward: Mapping[str, float],
        *,
        instead_of: str | None = None,
        discount_rate: float = 0.1,
        horizon: Horizon = "inf",
    ) -> StateEstimates:
        """Return what a lasting rise of a rate by one point adds to the value of a customer in each state.

        Parameters
        ----------
        origin, destination : str
            The move whose rate rises by .01 from now on.
        reward : mapping of str to float
        instead_of : str, optional
            The state to which fewer of them go, by as much; fewer stay, by default.
        discount_rate : float
        horizon : str, timedelta or "inf"
            As for :meth:`values`.

        Returns
        -------
        StateEstimates
            A hundredth of the derivative. Times the customers of each state it is what the point adds to the base.

        Examples
        --------
        >>> chain = MarkovChain(("low", "high"), np.array([[0.9, 0.1], [0.2, 0.8]]), period_days=365.2425)
        >>> chain.gain_per_point("low", "high", {"low": 10, "high": 60}, discount_rate=0.1).estimate.round(2)
        array([10.31,  6.88])
        """
        move = self._move(origin, destination, instead_of)
        stream = RewardStream.of(self.states, reward, discount_rate, horizon, self.period_days)
        drawn = None if self.drawn is None else stream.slope(self.drawn, move) / 100
        return self._of_states(stream.slope(self.rates, move) / 100, drawn)

    def reach(self, states: str | Sequence[str], *, within: Duration | None = None) -> StateEstimates:
        """Return how likely customers are to reach a state.

        Parameters
        ----------
        states : str or sequence of str
            One state or several: the first of them counts.
        within : str or timedelta, optional
            In what time, of which whole periods count; ever, by default.

        Returns
        -------
        StateEstimates
            Probabilities; 1 for those who are there.

        Examples
        --------
        >>> rates = np.array([[0.8, 0.1, 0.1], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        >>> chain = MarkovChain(("client", "lost", "loyal"), rates, period_days=90.0)
        >>> chain.reach("loyal").estimate.round(9)
        array([0.5, 0. , 1. ])
        >>> chain.reach("loyal", within="180D").estimate.round(9)
        array([0.18, 0.  , 1.  ])
        """
        target = self._target(states)
        periods = math.inf if within is None else periods_in(within, self.period_days)

        def probability(rates: FloatArray) -> FloatArray:
            if math.isinf(periods):
                return kernel.reach(rates, target).probability
            return kernel.reach_within(rates, target, int(periods))

        return self._of_states(probability(self.rates), None if self.drawn is None else probability(self.drawn))

    def time_to(self, states: str | Sequence[str], *, if_reached: bool = False) -> StateEstimates:
        """Return how many periods customers are expected to need to a state.

        Parameters
        ----------
        states : str or sequence of str
            One state or several: the first of them counts.
        if_reached : bool
            Only of those who get there.

        Returns
        -------
        StateEstimates
            Periods. Infinite where it is not certain that customers get there; with ``if_reached`` nan where none does.

        Examples
        --------
        >>> rates = np.array([[0.8, 0.1, 0.1], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        >>> chain = MarkovChain(("client", "lost", "loyal"), rates, period_days=90.0)
        >>> chain.time_to("loyal").estimate
        array([inf, inf,  0.])
        >>> chain.time_to("loyal", if_reached=True).estimate.round(9)
        array([ 5., nan,  0.])
        """
        name = "periods_if_reached" if if_reached else "periods"
        target = self._target(states)
        drawn = None if self.drawn is None else getattr(kernel.reach(self.drawn, target), name)
        return self._of_states(getattr(kernel.reach(self.rates, target), name), drawn)

    def steady_state(self) -> SteadyState:
        """Return where customers end after a long time.

        Returns
        -------
        SteadyState
            Its ``outcome`` says whether there is one mix that every base comes to.

        Examples
        --------
        >>> chain = MarkovChain(("low", "high"), np.array([[0.9, 0.1], [0.3, 0.7]]), period_days=90.0)
        >>> chain.steady_state().outcome, chain.steady_state().share.round(9)
        ('one mix', array([[0.75, 0.25]]))
        """
        found = kernel.closed_classes(self.rates)
        classes = [np.flatnonzero(found.number == at) for at in range(len(found.share))]
        lower, upper = np.full_like(found.share, np.nan), np.full_like(found.share, np.nan)
        if self.drawn is not None:
            lower[:], upper[:] = 0.0, 0.0
            for at, inside in enumerate(classes):
                drawn = kernel.stationary(self.drawn[:, inside[:, None], inside])
                lower[at, inside], upper[at, inside] = bounds_of(drawn, found.share[at, inside], self.level)
        names = tuple(tuple(self.states[state] for state in inside) for inside in classes)
        return SteadyState(self.states, names, found.share, lower, upper, found.cycle, found.ends_in)

    def expected_customers(self, customers: Mapping[str, float], periods: int) -> FloatArray:
        """Return how many customers are expected in each state at the beginning of each period.

        Parameters
        ----------
        customers : mapping of str to float
            How many are in each state now; a state that is not named has none.
        periods : int
            At least 1; the first is the one at hand.

        Returns
        -------
        ndarray of float64, shape (periods, k)
            Nobody joins, and nobody disappears: who leaves the firm is in a state of its own.

        Examples
        --------
        >>> chain = MarkovChain(("low", "high"), np.array([[0.9, 0.1], [0.2, 0.8]]), period_days=90.0)
        >>> chain.expected_customers({"low": 100}, 2)
        array([[100.,   0.],
               [ 90.,  10.]])
        """
        start = head_counts(self.states, customers)
        return kernel.expected_customers(self.rates, start, check_number("periods", periods, 1))

    def simulate(
        self, customers: Mapping[str, int], periods: int, *, seed: int | np.random.Generator | None = None
    ) -> IntArray:
        """Return moves that chance might bring.

        Parameters
        ----------
        customers : mapping of str to int
            How many are in each state now; a state that is not named has none.
        periods : int
            At least 1.
        seed : int or numpy.random.Generator, optional
            For the same moves again.

        Returns
        -------
        ndarray of int64, shape (periods, k, k)
            Customers from the state of the row to that of the column, at the end of each period.

        Examples
        --------
        >>> chain = MarkovChain(("low", "high"), np.array([[0.0, 1.0], [1.0, 0.0]]), period_days=90.0)
        >>> chain.simulate({"low": 3, "high": 1}, 1).tolist()
        [[[0, 3], [1, 0]]]
        """
        start = check_whole("customers", head_counts(self.states, customers))
        number = check_number("periods", periods, 1)
        return kernel.simulated_moves(self.rates, start, number, np.random.default_rng(seed))

    def _move(self, origin: str, destination: str, instead_of: str | None) -> tuple[int, int, int]:
        i, j = place_of(self.states, origin), place_of(self.states, destination)
        h = i if instead_of is None else place_of(self.states, instead_of)
        return i, j, h

    def _target(self, states: str | Sequence[str]) -> BoolArray:
        if not isinstance(states, (str, Iterable)):
            raise InputTypeError.kind("states", states, "a state or a sequence of states")
        target = np.zeros(len(self.states), np.bool_)
        target[[place_of(self.states, state) for state in ([states] if isinstance(states, str) else states)]] = True
        if not target.any():
            raise InvalidInputError(f"states must name at least one of {', '.join(map(repr, self.states))}.")
        return target

    def _of_states(self, estimate: FloatArray, drawn: FloatArray | None) -> StateEstimates:
        return StateEstimates(self.states, estimate, *bounds_of(drawn, estimate, self.level))

    def _one(self, estimate: FloatArray, drawn: FloatArray | None) -> Estimate:
        lower, upper = bounds_of(drawn, estimate, self.level)
        return Estimate(float(estimate), float(lower), float(upper))


def _row_sums(name: str, rates: FloatArray) -> FloatArray:
    """Return what rows of shares add up to, which is 1 but for rounding, beside them."""
    refuse(f"{name} must lie from 0 to 1", (rates < 0) | (rates > 1), rates)
    sums = rates.sum(axis=-1, keepdims=True)
    refuse(f"Each row of {name} must add up to 1", np.abs(sums - 1) > _ROUNDING, sums)
    return np.asarray(sums, np.float64)
