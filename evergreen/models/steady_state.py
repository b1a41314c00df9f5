"""Where customers end after a long time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from evergreen.models.states import head_counts
from evergreen.typing import FloatArray, IntArray


@final
@dataclass(frozen=True, slots=True, eq=False)
class SteadyState:
    """The mixes of states that moves at the same rates lead to.

    Attributes
    ----------
    states : tuple of str, shape (k,)
        Names of all states.
    classes : tuple of tuple of str, shape (m,)
        Sets of states that are never left again: every customer ends in one of them.
    share : ndarray of float64, shape (m, k)
        Share of the time spent in each state by who has ended in a class.
    lower, upper : ndarray of float64, shape (m, k)
        Bounds of their intervals; nan where no draws were asked for.
    cycle : ndarray of int64, shape (m,)
        1 where shares settle; above, they swing for ever, in so many periods, about what ``share`` says.
    ends_in : ndarray of float64, shape (k, m)
        Probability that a customer who is in each state now ends in each class.

    Examples
    --------
    >>> from evergreen import MarkovChain
    >>> rates = np.array([[0.6, 0.1, 0.3], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> found = MarkovChain(("client", "lost", "loyal"), rates, period_days=90.0).steady_state()
    >>> found.outcome, found.classes
    ('several ends', (('lost',), ('loyal',)))
    >>> found.share_of({"client": 80, "loyal": 20}).round(9)
    array([0. , 0.2, 0.8])
    """

    states: tuple[str, ...]
    classes: tuple[tuple[str, ...], ...]
    share: FloatArray
    lower: FloatArray
    upper: FloatArray
    cycle: IntArray
    ends_in: FloatArray

    @property
    def outcome(self) -> Literal["one mix", "one cycle", "several ends"]:
        """What a long time does.

        ``"one mix"``: every base comes to ``share[0]``. ``"one cycle"``: shares swing for ever, with the mean of
        ``share[0]``. ``"several ends"``: it depends on where customers are now; ask :meth:`share_of`.
        """
        if len(self.classes) > 1:
            return "several ends"
        return "one mix" if self.cycle[0] == 1 else "one cycle"

    def share_of(self, customers: Mapping[str, float]) -> FloatArray:
        """Return the shares that a base comes to; where there are cycles, their mean.

        Parameters
        ----------
        customers : mapping of str to float
            How many are in each state now; a state that is not named has none.

        Returns
        -------
        ndarray of float64, shape (k,)
            Adds up to 1.

        Raises
        ------
        InputTypeError, InvalidInputError
            If it is no mapping to numbers of at least 0, names an unknown state, or there is nobody.
        """
        start = head_counts(self.states, customers)
        return np.asarray(start @ self.ends_in @ self.share / start.sum(), np.float64)
