"""The rhythm of customers: how long each of them usually waits, and who is overdue by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.kernels.grouping import distinct_rows
from evergreen.kernels.rhythm import log_likelihood, shrunk_gap
from evergreen.models.checks import check_finite, check_parameters, check_shapes, check_whole, refuse
from evergreen.models.fitting import FitResult, Problem, fit, limit_sentence
from evergreen.models.histories import PurchaseHistories
from evergreen.typing import ArrayLike, FloatArray

_NAMES = ("k", "population_gap")


def overdue_ratio(
    silence: ArrayLike, frequency: ArrayLike, recency: ArrayLike, *, population_gap: float, k: float
) -> FloatArray:
    """Return the time since the last purchase in personal gaps: 1 is due, 2 is twice as long as usual.

    The personal gap is ``(recency + k * population_gap) / (frequency + k)``: the mean of a customer's own gaps, and of
    ``k`` more as long as those of the population. Whoever bought once has the gap of the population.

    Parameters
    ----------
    silence : array_like
        Time since the last purchase, at least 0.
    frequency : array_like
        Whole number of repeat occasions.
    recency : array_like
        Time from the first to the last occasion; all times in one unit.
    population_gap : float
        Gap of a customer of whom nothing is known, above 0.
    k : float
        How many gaps of the population count beside the customer's own; above 0.

    Returns
    -------
    ndarray of float64
        Of the arguments' common shape.

    Raises
    ------
    InvalidInputError
        If a value is missing, infinite, or out of range.

    Notes
    -----
    It is no probability, and no order by the chance to come back: a customer with short gaps is soon overdue, and
    may for all that come sooner than one with long gaps who is not.

    Examples
    --------
    Two customers were silent for 60 days. One has bought 4 times more, within 40 days; the other has bought once.

    >>> overdue_ratio([60, 60], [4, 0], [40, 0], population_gap=90.0, k=1.0).round(2)
    array([2.31, 0.67])
    """
    check_parameters("overdue_ratio", {"k": k, "population_gap": population_gap})
    t, x, t_x = check_shapes(
        silence=check_finite("silence", silence),
        frequency=check_whole("frequency", frequency),
        recency=check_finite("recency", recency),
    )
    refuse("silence must be at least 0", t < 0, t)
    refuse("recency must be at least 0", t_x < 0, t_x)
    return (t / shrunk_gap(x, t_x, k, population_gap))[()]


@final
@dataclass(frozen=True, slots=True)
class Rhythm:
    r"""How long customers wait between purchases, and how alike they are in it.

    Parameters
    ----------
    k : float
        How alike customers are: the number of gaps of the population that a customer's own mean gap is shrunk by.
    population_gap : float
        One over the mean rate of the population.

    Notes
    -----
    Gaps of a customer are exponential with his own rate, and rates are gamma distributed with shape ``k`` and mean
    ``1 / population_gap``. One over the mean of what a customer's rate may be is then his shrunk gap.

    It is learned from gaps that ended. Those that did not end yet, or never will, are left out, for nobody knows which
    they are: so it is the rhythm of those who come back, and shorter than that of all.

    Examples
    --------
    >>> Rhythm(k=1.0, population_gap=90.0).overdue_ratio([60, 60], [4, 0], [40, 0]).round(2)
    array([2.31, 0.67])
    """

    k: float
    population_gap: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters("Rhythm", {"k": self.k, "population_gap": self.population_gap})

    @classmethod
    def fit(cls, histories: PurchaseHistories) -> FitResult[Rhythm]:
        """Return the rhythm of highest likelihood.

        Parameters
        ----------
        histories : PurchaseHistories
            The customer base; those who bought once say nothing.

        Returns
        -------
        FitResult
            On the boundary if customers are all alike (k is then very large and the population gap the mean gap).

        Raises
        ------
        InputTypeError
            If they are not purchase histories.
        InvalidInputError
            If nobody has come back at a later time.

        Examples
        --------
        >>> from evergreen import CustomerBase, datasets
        >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
        >>> {name: round(value, 2) for name, value in Rhythm.fit(base.histories()).parameters.items()}
        {'k': 2.46, 'population_gap': 65.56}
        """
        if not isinstance(histories, PurchaseHistories):
            raise InputTypeError.kind("histories", histories, "PurchaseHistories, such as base.histories()")
        (x, t_x), count = distinct_rows([histories.frequency, histories.recency], histories.count)
        some = x > 0
        x, t_x, count = x[some], t_x[some], count[some]
        gaps, time = int(x @ count), float(t_x @ count)
        if time == 0:
            raise InvalidInputError(
                f"None of {histories.customers:,} customers has come back at a later time: there is no gap to learn "
                "from. Observe the customers for longer."
            )
        unit = time / gaps
        t_x = t_x / unit
        problem = Problem(
            names=_NAMES,
            log_likelihood=lambda point: log_likelihood(float(point[0]), float(point[1]), x, t_x, count),
            units=np.array([1.0, unit]),
            shift=-gaps * float(np.log(unit)),
            customers=int(count.sum()),
            histories=len(count),
            starts=(np.array([1.0, 1.0]),),
            rough=None,
            limits=_limits,
        )
        return fit(problem, cls)

    def overdue_ratio(self, silence: ArrayLike, frequency: ArrayLike, recency: ArrayLike) -> FloatArray:
        """Return the time since the last purchase in personal gaps, as :func:`overdue_ratio`.

        Parameters
        ----------
        silence, frequency, recency : array_like
            As there.

        Returns
        -------
        ndarray of float64
        """
        return overdue_ratio(silence, frequency, recency, population_gap=self.population_gap, k=self.k)


def _limits(_: FloatArray, at_zero: frozenset[str], at_infinity: frozenset[str]) -> str:
    said = []
    if "k" in at_infinity:
        said.append("all customers have the same rhythm, whose gap is the mean gap")
    if "k" in at_zero or not said:
        said.append("customers have no rhythm in common")
    return limit_sentence(said, at_zero | at_infinity)
