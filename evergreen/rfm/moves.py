"""Who moved from which segment to which between two dates: :class:`SegmentMoves`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final, final

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames import ABSENT, PairTotals, plain_matrix, plain_table
from evergreen.kernels.rates import wilson_interval
from evergreen.models.segment_map import SegmentMap
from evergreen.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

NEW: Final = "(new)"
"""Where customers come from who were not there before."""
GONE: Final = "(gone)"
"""Where customers go who are not there any more."""


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SegmentMoves:
    """Customers by their segment before and their segment after.

    Rows of the arrays are the segments of the map in its order, then customers who were not there before; columns are
    the segments, then customers who are not there any more.

    Parameters
    ----------
    segments : tuple of str, shape (s,)
        Names of the segments.
    customers : ndarray of int64, shape (s + 1, s + 1)
        How many customers went from the segment of the row to that of the column.
    value_before, value_after : ndarray of float64, shape (s + 1, s + 1)
        The total value of these customers at each date.
    level : float
        Coverage of the intervals.

    Examples
    --------
    >>> from evergreen import CustomerBase, RFMScorer, datasets, split
    >>> log = datasets.load_cdnow()
    >>> before, after = split(log, at="1997-12-31").calibration, CustomerBase.from_transactions(log)
    >>> moves = RFMScorer(segments="rf6").fit(before).compare(before, after)
    >>> print(moves)
    23,570 customers before, 23,570 after:
    13,810 in the same segment, 9,760 in another, 0 new, 0 gone
    >>> moves.to_frame().query("before == 'champion'").iloc[:3, :4].round(3)
         before       after  customers   rate
    0  champion    champion       4490  0.763
    1  champion  developing          0  0.000
    2  champion         new          0  0.000
    """

    segments: tuple[str, ...]
    customers: IntArray
    value_before: FloatArray
    value_after: FloatArray
    level: float

    @property
    def rates(self) -> pd.DataFrame:
        """The share of the customers of each segment (rows) who are now in each segment or gone (columns)."""
        return plain_matrix(self._rates()[:-1], self.segments, [*self.segments, GONE])

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each pair of segments.

        Returns
        -------
        pandas.DataFrame
            ``before``, ``after``, ``customers``, ``rate`` (of the customers who were in ``before``) with the score
            interval of Wilson (1927), ``lower`` to ``upper``; ``value_before`` and ``value_after``, the total value of
            these customers at each date. New customers have no rate. Customers and values add up to those of the two
            bases.
        """
        sides = zip(*product([*self.segments, NEW], [*self.segments, GONE]), strict=True)
        all_ = np.repeat(self.customers.sum(axis=1, keepdims=True), len(self.segments) + 1, axis=1)
        lower, upper = np.full(all_.shape, np.nan), np.full(all_.shape, np.nan)
        known = all_ > 0
        known[-1] = False
        lower[known], upper[known] = wilson_interval(
            self.customers[known].astype(np.float64), all_[known].astype(np.float64), self.level
        )
        columns = [self.customers, self._rates(), lower, upper, self.value_before, self.value_after]
        names = ["customers", "rate", "lower", "upper", "value_before", "value_after"]
        return plain_table(
            {
                **{side: np.array(each[:-1], object) for side, each in zip(("before", "after"), sides, strict=True)},
                **{name: column.ravel()[:-1] for name, column in zip(names, columns, strict=True)},
            }
        )

    def _rates(self) -> FloatArray:
        all_ = self.customers.sum(axis=1, keepdims=True)
        rates = np.divide(self.customers, all_, out=np.full(self.customers.shape, np.nan), where=all_ > 0)
        rates[-1] = np.nan
        return rates

    def __repr__(self) -> str:
        """Return how many customers stayed, moved, came and went."""
        inner = self.customers[:-1, :-1]
        stayed, gone, new = np.trace(inner), self.customers[:-1, -1].sum(), self.customers[-1, :-1].sum()
        return (
            f"{inner.sum() + gone:,} customers before, {inner.sum() + new:,} after:\n"
            f"{stayed:,} in the same segment, {inner.sum() - stayed:,} in another, {new:,} new, {gone:,} gone"
        )


def moves_between(segment_map: SegmentMap, pairs: PairTotals, level: float) -> SegmentMoves:
    """Add up moves between cells to moves between segments.

    Parameters
    ----------
    segment_map : SegmentMap
        The segment of each cell.
    pairs : PairTotals
        Customers by the cell before and the cell after, as :meth:`SegmentMap.place` numbers them.
    level : float
        Coverage of the intervals.

    Returns
    -------
    SegmentMoves

    Raises
    ------
    InvalidInputError
        If a segment has the name of those who come or go.
    """
    segments = segment_map.segments
    taken = [name for name in (NEW, GONE) if name in segments]
    if taken:
        raise InvalidInputError(f"Segments cannot be named {taken} where moves are told: rename them in the map.")
    row = {name: place for place, name in enumerate(segments)}
    of_place = {segment_map.place(cell): row[name] for cell, name in segment_map.cells.items()}
    of_place[ABSENT] = len(segments)
    at = tuple(np.array([of_place[place] for place in side.tolist()], np.int64) for side in (pairs.before, pairs.after))
    size = (len(segments) + 1, len(segments) + 1)

    def added(weight: np.ndarray) -> FloatArray:
        flat = np.bincount(np.ravel_multi_index(at, size), weight, size[0] * size[1])
        return np.asarray(flat, np.float64).reshape(size)

    customers = np.rint(added(pairs.customers)).astype(np.int64)
    return SegmentMoves(segments, customers, added(pairs.value_before), added(pairs.value_after), level)
