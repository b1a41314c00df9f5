"""How customers rose and fell between dates: :class:`LadderMovement`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise, product
from typing import TYPE_CHECKING, Final, final

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames import plain_matrix, plain_table
from evergreen.kernels.rates import wilson_interval
from evergreen.models.checks import check_level
from evergreen.models.transitions import Transitions
from evergreen.typing import IntArray

if TYPE_CHECKING:
    import pandas as pd

_DAY: Final = 86_400e6  # microseconds
_ALIKE: Final = 1.25  # of months the longest is 1.11 times the shortest

NOT_YET: Final = "(not yet)"
"""Where customers are who have not come yet."""


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LadderMovement:
    """Customers by their rung at each of several dates and at the next.

    Every customer who has come by the last date is counted once in each period: nobody is lost between the dates. Their
    number is that of all customers known at the end, those who have not come yet among them.

    Parameters
    ----------
    rungs : tuple of str, shape (k,)
        Names of the rungs, the lowest first.
    dates : tuple of datetime.date or datetime.datetime, shape (p + 1,)
        When customers were looked at.
    counts : ndarray of int64, shape (p, k + 1, k + 1)
        For each period customers by their state at its begin (rows) and at its end (columns): first those who have not
        come yet, then the rungs.

    Examples
    --------
    >>> from evergreen import CustomerBase, LoyaltyLadder, datasets
    >>> log = datasets.load_cdnow(sample=True)
    >>> ladder = LoyaltyLadder().fit(CustomerBase.from_transactions(log))
    >>> moved = ladder.movement(log, every="3M", start="1997-03-31", end="1998-06-30")
    >>> print(moved)
    2,357 customers at 6 dates, 1997-03-31 to 1998-06-30:
    0 new, 1,190 steps up, 1,587 steps down
    >>> moved.customers.loc[:, ["lapsed", "first-time", "loyal"]].iloc[::5]
                lapsed  first-time  loyal
    1997-03-31       0        1858      7
    1998-06-30    1545           0    157
    """

    rungs: tuple[str, ...]
    dates: tuple[date | datetime, ...]
    counts: IntArray

    @property
    def customers(self) -> pd.DataFrame:
        """How many customers were where at each date: a row for each date, not yet there first, then the rungs."""
        there = np.concatenate([self.counts.sum(axis=2), self.counts[-1:].sum(axis=1)])
        return plain_matrix(there, [str(at) for at in self.dates], [NOT_YET, *self.rungs])

    def summary(self) -> pd.DataFrame:
        """Return how many customers rose and fell in each period.

        Returns
        -------
        pandas.DataFrame
            One row per period: ``since`` and ``until`` (its dates), ``new`` (customers who came), ``rose`` to a higher
            rung, ``stayed``, ``fell`` to a lower one, and ``not_yet`` (customers who come later). They add up to all
            customers.
        """
        inner = self.counts[:, 1:, 1:]
        ranks = np.arange(len(self.rungs))
        up, down = ranks[:, None] < ranks, ranks[:, None] > ranks
        since, until = zip(*pairwise(self.dates), strict=True)
        return plain_table(
            {
                "since": np.array(since, object),
                "until": np.array(until, object),
                "new": self.counts[:, 0, 1:].sum(axis=1),
                "rose": inner[:, up].sum(axis=1),
                "stayed": np.trace(inner, axis1=1, axis2=2),
                "fell": inner[:, down].sum(axis=1),
                "not_yet": self.counts[:, 0, 0],
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each period and pair of rungs.

        Returns
        -------
        pandas.DataFrame
            ``since``, ``until``, ``before``, ``after``, ``customers``. Within a period customers add up to all.
        """
        states = [NOT_YET, *self.rungs]
        rows = list(product(pairwise(self.dates), states, states))
        columns = {
            "since": [period[0] for period, _, _ in rows],
            "until": [period[1] for period, _, _ in rows],
            "before": [before for _, before, _ in rows],
            "after": [after for _, _, after in rows],
        }
        arrays = {name: np.array(column, object) for name, column in columns.items()}
        return plain_table({**arrays, "customers": self.counts.ravel()})

    def rates(self, *, level: float = 0.95) -> pd.DataFrame:
        """Return the rates of moving, all periods taken together.

        Parameters
        ----------
        level : float
            Coverage of the intervals, between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            One row for each pair of rungs: ``before``, ``after``, ``customers`` (moves in all periods), ``rate`` (of
            those that began on ``before``) with the score interval of Wilson (1927), ``lower`` to ``upper``. A rung on
            which nobody ever stood has no rates.

        Raises
        ------
        InputTypeError, InvalidInputError
            If the level does not lie between 0 and 1.

        Notes
        -----
        Rates are those of one period, so the dates should lie at equal distances. The intervals take moves for
        independent of one another. The moves of one customer in several periods are not, and what moves all customers
        at once, such as Christmas, is not either: the true uncertainty is larger. Rates of the past are no law for the
        next period.
        """
        check_level(level)
        moves = self.counts[:, 1:, 1:].sum(axis=0)
        begun = np.repeat(moves.sum(axis=1, keepdims=True), len(self.rungs), axis=1)
        rate, lower, upper = (np.full(moves.shape, np.nan) for _ in range(3))
        known = begun > 0
        some, all_ = moves[known].astype(np.float64), begun[known].astype(np.float64)
        rate[known] = some / all_
        lower[known], upper[known] = wilson_interval(some, all_, level)
        before, after = zip(*product(self.rungs, self.rungs), strict=True)
        return plain_table(
            {
                "before": np.array(before, object),
                "after": np.array(after, object),
                "customers": moves.ravel(),
                "rate": rate.ravel(),
                "lower": lower.ravel(),
                "upper": upper.ravel(),
            }
        )

    def transitions(self) -> Transitions:
        """Return the moves of all periods added up, as what one step up is worth is worked out from.

        Returns
        -------
        Transitions
            Of the rungs. Its period is the mean distance of the dates. Customers who came within a period are not in
            it: they were on no rung before.

        Raises
        ------
        InvalidInputError
            If the longest period is more than a quarter longer than the shortest: moves of a month and of a quarter
            are not those of one period. Months of 28 and 31 days are.

        Examples
        --------
        >>> from evergreen import CustomerBase, LoyaltyLadder, datasets
        >>> log = datasets.load_cdnow(sample=True)
        >>> ladder = LoyaltyLadder().fit(CustomerBase.from_transactions(log))
        >>> moved = ladder.movement(log, every="3M", start="1997-03-31", end="1998-06-30").transitions()
        >>> moved.period_days, moved.counts[1].tolist()
        (91.2, [1252, 4280, 556, 49, 1])
        """
        days = np.diff(np.array(self.dates, "M8[us]")).astype(np.int64) / _DAY
        if days.max() > _ALIKE * days.min():
            raise InvalidInputError(
                f"The periods are {days.min():g} to {days.max():g} days long: moves are added up over periods of one "
                "length alone, such as every='1M'."
            )
        return Transitions(self.rungs, self.counts[:, 1:, 1:].sum(axis=0), float(days.mean()))

    def __repr__(self) -> str:
        """Return how many customers came, rose and fell."""
        total = self.summary()[["new", "rose", "fell"]].sum()
        return (
            f"{self.counts[0].sum():,} customers at {len(self.dates)} dates, {self.dates[0]} to {self.dates[-1]}:\n"
            f"{total['new']:,} new, {total['rose']:,} steps up, {total['fell']:,} steps down"
        )
