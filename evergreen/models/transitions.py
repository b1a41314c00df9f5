"""The waist of movement: how many customers went from which state to which in a period."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final, Literal, Self, final

import numpy as np

from evergreen.errors import DataWarning, InvalidInputError
from evergreen.kernels import row_prior as kernel
from evergreen.kernels.rates import wilson_interval
from evergreen.models.checks import check_level, check_not_negative, check_number, check_whole
from evergreen.models.markov_chain import MarkovChain
from evergreen.models.states import check_period, check_states, place_of
from evergreen.typing import FloatArray, IntArray

_MOST_MOVES: Final = 2.0**53


@final
@dataclass(frozen=True, slots=True, eq=False)
class Transitions:
    """Counted moves of customers between states, from one date to another a period later.

    Those of several periods of one length, or of several parts of a base, are added with ``+``.

    Parameters
    ----------
    states : tuple of str, shape (k,)
        Names of the states; a ladder from its lowest rung up.
    counts : ndarray of int64, shape (k, k)
        Customers who were in the state of the row and are in that of the column one period later.
    period_days : float
        Length of the period.
    absorbing : tuple of str
        States that are never left by definition: a rule of the business, not something that was counted.

    Raises
    ------
    InputTypeError, InvalidInputError
        If states are not different names, counts are not whole numbers of at least 0 and one for each pair of states,
        the period has no length, or customers left an absorbing state.

    Notes
    -----
    On a made-up ladder of five rungs with 30 customers on each, intervals of 95 % held the true value of a rung in
    96 % of 400 simulated logs, the gain of a promotion in 93 %, the time to the top in 96 %, long-run shares in 91 %;
    with 100 on each, all in 94 to 97 %. With ``prior=0`` and 30 customers, times and shares were held in 61 % (moves
    that were not seen are taken to be impossible); with ``prior="fit"``, which draws unlike rungs to each other, gains
    in 83 %.

    Who was not there at the first date (a new customer) or is not at the second belongs to no row or column: give
    them states of their own where they matter. To add periods is to say that rates did not change between them.

    Examples
    --------
    >>> states = ("first-time", "repeat", "loyal")
    >>> moves = Transitions(states, np.array([[70, 30, 0], [20, 60, 20], [0, 2, 8]]), 91.0)
    >>> moves.rates(prior=0).round(2)
    array([[0.7, 0.3, 0. ],
           [0.2, 0.6, 0.2],
           [0. , 0.2, 0.8]])
    >>> gain = moves.chain(seed=1).gain("repeat", "loyal", {"first-time": 5, "repeat": 20, "loyal": 60})
    >>> round(gain.estimate), gain.lower < gain.estimate < gain.upper
    (124, True)
    """

    states: tuple[str, ...]
    counts: IntArray
    period_days: float
    absorbing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the counts."""
        states = check_states(self.states)
        counts = check_whole("counts", self.counts)
        if counts.shape != (len(states), len(states)):
            k = len(states)
            raise InvalidInputError(f"counts of {k} states must have the shape ({k}, {k}), got {counts.shape}.")
        if counts.sum(dtype=np.float64) > _MOST_MOVES:
            raise InvalidInputError("counts add up to more than the 2**53 that are counted exactly.")
        absorbing = check_states(self.absorbing) if self.absorbing else ()
        for state in absorbing:
            row = counts[place_of(states, state)]
            left = int(row.sum() - row[place_of(states, state)])
            if left:
                raise InvalidInputError(f"{left:,} customers left {state!r}, which is said to be absorbing.")
        check_period(self.period_days)
        for name, value in (("states", states), ("counts", counts), ("absorbing", absorbing)):
            object.__setattr__(self, name, value)

    @property
    def customers(self) -> int:
        """Number of customers in all; one who was counted in several periods counts as often."""
        return int(self.counts.sum())

    def __add__(self, other: Self) -> Self:
        """Return the moves of both together."""
        if not isinstance(other, Transitions):
            return NotImplemented
        for name in ("states", "absorbing", "period_days"):
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours != theirs:
                raise InvalidInputError(f"Moves are added where {name} are the same, got {ours!r} and {theirs!r}.")
        return type(self)(self.states, self.counts + other.counts, self.period_days, self.absorbing)

    def rates(self, *, prior: float | Literal["fit"] = 1.0) -> FloatArray:
        """Return the share of the customers of each state who go to each.

        Rows of few customers are drawn to what all rows have in common: a customer stays as often as customers do in
        general, and one who moves goes where those who move go. The rungs of a ladder have staying in common; a prior
        that sent customers of any rung to the mix of all of them would make them climb and fall in one leap.

        Parameters
        ----------
        prior : float or "fit"
            How many customers this is worth: 0 for the bare shares. ``"fit"``: as many as make the rows most likely
            (Dirichlet-multinomial); few where rows differ.

        Returns
        -------
        ndarray of float64, shape (k, k)
            Rows add up to 1. The row of a state that nobody was in is the prior alone.

        Raises
        ------
        InvalidInputError
            If nobody was in a state that is not absorbing, and there is no prior.

        Warns
        -----
        DataWarning
            If the row of a state is the prior alone.

        Examples
        --------
        >>> states = ("first-time", "repeat", "loyal")
        >>> moves = Transitions(states, np.array([[70, 30, 0], [20, 60, 20], [0, 0, 1]]), 91.0)
        >>> moves.rates(prior=4).round(3)
        array([[0.698, 0.296, 0.005],
               [0.199, 0.602, 0.199],
               [0.111, 0.167, 0.721]])
        """
        alpha = self._alpha(prior)
        return np.asarray(alpha / alpha.sum(axis=1, keepdims=True), np.float64)

    def intervals(self, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the score interval of Wilson (1927) of each bare share.

        Parameters
        ----------
        level : float
            Coverage, between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of float64, shape (k, k)
            0 and 1, for all that is known, in the row of a state that nobody was in.

        Examples
        --------
        >>> lower, upper = Transitions(("low", "high"), np.array([[90, 10], [0, 0]]), 91.0).intervals()
        >>> lower.round(3).tolist(), upper.round(3).tolist()
        ([[0.826, 0.055], [0.0, 0.0]], [[0.945, 0.174], [1.0, 1.0]])
        """
        check_level(level)
        trials = np.repeat(self.counts.sum(axis=1, keepdims=True), len(self.states), axis=1).astype(np.float64)
        lower, upper = np.zeros(trials.shape), np.ones(trials.shape)
        known = trials > 0
        lower[known], upper[known] = wilson_interval(self.counts[known].astype(np.float64), trials[known], level)
        return lower, upper

    def draws(
        self, n: int, *, prior: float | Literal["fit"] = 1.0, seed: int | np.random.Generator | None = None
    ) -> FloatArray:
        """Return rates that are as likely, given what was counted.

        Parameters
        ----------
        n : int
            How many, at least 2.
        prior : float or "fit"
            As for :meth:`rates`.
        seed : int or numpy.random.Generator, optional
            For the same draws again.

        Returns
        -------
        ndarray of float64, shape (n, k, k)
            From the Dirichlet distribution of each row. Moves that neither counts nor prior know of have a rate of 0.

        Examples
        --------
        >>> drawn = Transitions(("low", "high"), np.array([[90, 10], [20, 80]]), 91.0).draws(1_000, seed=1)
        >>> round(float(drawn[:, 0, 1].std()), 2)  # as of a share of 10 among 100
        0.03
        """
        number = check_number("draws", n, 2)
        return kernel.dirichlet_draws(self._alpha(prior), number, np.random.default_rng(seed))

    def chain(
        self,
        *,
        prior: float | Literal["fit"] = 1.0,
        draws: int = 1_000,
        level: float = 0.95,
        seed: int | np.random.Generator | None = None,
    ) -> MarkovChain:
        """Return what follows from these moves, if customers go on like that.

        Parameters
        ----------
        prior : float or "fit"
            As for :meth:`rates`.
        draws : int
            How many stand behind the intervals; 0 for none.
        level : float
            Coverage of the intervals.
        seed : int or numpy.random.Generator, optional
            For the same draws again.

        Returns
        -------
        MarkovChain
            Values, gains, times and shares with intervals. These tell how sure the rates are, as if each customer
            moved by himself; a bad season that meets all is not in them.

        Examples
        --------
        >>> moves = Transitions(("low", "high"), np.array([[90, 10], [20, 80]]), 91.0)
        >>> moves.chain(seed=1).steady_state().share.round(2)
        array([[0.67, 0.33]])
        """
        number = check_number("draws", draws)
        alpha = self._alpha(prior)
        random = np.random.default_rng(seed)
        drawn = kernel.dirichlet_draws(alpha, check_number("draws", number, 2), random) if number else None
        return MarkovChain(self.states, alpha / alpha.sum(axis=1, keepdims=True), self.period_days, drawn, level)

    def columns(self, level: float = 0.95) -> dict[str, np.ndarray]:
        """Return the columns of a table, one row for each pair of states.

        Parameters
        ----------
        level : float
            Coverage of the intervals.

        Returns
        -------
        dict of str to ndarray
            ``before``, ``after``, ``customers``, ``share`` (nan where nobody was in ``before``), ``lower``, ``upper``:
            what ``pandas.DataFrame`` or ``polars.DataFrame`` take.

        Examples
        --------
        >>> Transitions(("low", "high"), np.array([[90, 10], [20, 80]]), 91.0).columns()["share"]
        array([0.9, 0.1, 0.2, 0.8])
        """
        k = len(self.states)
        names = np.array(self.states, object)
        all_ = np.repeat(self.counts.sum(axis=1), k)
        customers = self.counts.ravel()
        share = np.divide(customers, all_, out=np.full(k * k, np.nan), where=all_ > 0)
        lower, upper = (bound.ravel() for bound in self.intervals(level))
        sides = {"before": np.repeat(names, k), "after": np.tile(names, k)}
        return {**sides, "customers": customers, "share": share, "lower": lower, "upper": upper}

    def _alpha(self, prior: float | Literal["fit"]) -> FloatArray:
        """Return the parameters of the Dirichlet distribution of each row."""
        fixed = [place_of(self.states, state) for state in self.absorbing]
        moving = np.setdiff1d(np.arange(len(self.states)), fixed)
        counts = self.counts.copy()
        counts[fixed] = 0
        toward = kernel.stay_or_go(counts)
        strength = self._strength(prior, counts[moving], toward[moving])
        empty = [self.states[row] for row in moving if not counts[row].sum()]
        if empty:
            said = f"Nobody was in {', '.join(map(repr, empty))}: where customers go from there is not known"
            if not strength:
                raise InvalidInputError(f"{said}. Give a prior above 0, name the states absorbing, or leave them out.")
            warnings.warn(f"{said}, and taken to be what all others do.", DataWarning, stacklevel=3)
        alpha = counts + strength * toward
        alpha[fixed] = np.eye(len(self.states))[fixed]
        return np.asarray(alpha, np.float64)

    @staticmethod
    def _strength(prior: float | Literal["fit"], counts: IntArray, toward: FloatArray) -> float:
        if isinstance(prior, str):
            if prior != "fit":
                raise InvalidInputError.not_allowed("prior", prior, ["fit", "a number of customers"])
            if not counts.sum():
                raise InvalidInputError("There are no customers to fit a prior to.")
            return kernel.fitted_strength(counts, toward)
        return check_not_negative("prior", prior)
