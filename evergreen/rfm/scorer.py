"""Scores and segments of customers: :class:`RFMScorer`."""

from __future__ import annotations

import math
from typing import Any, Final, Literal, NamedTuple, Self, final

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames import CustomerBase, ScoreTable, check_base, pair_totals, with_known
from evergreen.kernels.concentration import shares_of_sum
from evergreen.models.checks import check_choice, check_level
from evergreen.models.estimator import Estimator
from evergreen.models.segment_map import PRESETS, SegmentMap
from evergreen.rfm.cut_points import METHODS, Asked, Breaks
from evergreen.rfm.data_gate import warn_of_thin_data
from evergreen.rfm.moves import SegmentMoves, moves_between
from evergreen.typing import FloatArray, IntArray

_MOST_BINS: Final = 9  # one digit of the column rfm for each score
_VALUES: Final = {"total": "total_value", "mean": "mean_value"}


class Rules(NamedTuple):
    """What a fitted scorer goes by."""

    cut_points: dict[str, FloatArray]
    """For the columns that r, f and m look at, in this order, the values that a customer has to beat; nested ones for
    each score of those before."""
    segments: SegmentMap | None
    """The map from scores to segments."""
    weights: tuple[float, float, float] | None
    """Weights of r, f and m that add up to 1."""


@final
class RFMScorer(Estimator):
    """Scores for recency, frequency and monetary value that do not tear equal customers apart.

    ``fit`` keeps the cut points, the values that a customer has to beat for the next score; ``transform`` scores any
    base on the same cut points, so that a move between two dates is a real move. Equal customers get equal scores in
    whatever order the rows stand.

    Parameters
    ----------
    bins : int or tuple of (int, int, int)
        Number of scores K, or one for each of recency, frequency and monetary value; 2 to 9.
    method : {"quantile", "breaks", "nested", "kmeans", "equal_revenue"}
        Where scores begin.

        - "quantile": the score is ``1 + floor(K * share of customers strictly worse)``, at most K; 5 of 5 means
          "strictly better than at least 80 %".
        - "breaks": where ``breaks`` says.
        - "nested": quantiles of recency, then of frequency among customers of equal r, then of monetary value among
          those of equal r and f (Hughes, 1994). A cell that was empty takes the quantiles of all customers.
        - "kmeans": groups of least spread on each column by itself, the optimum and no local one (Wang & Song, 2011).
        - "equal_revenue": the score is ``1 + floor(K * share of revenue by customers strictly worse)``, at most K: each
          score stands for an equal part of the revenue, as far as equal customers stay together.
    breaks : mapping of str to sequence of float, optional
        For ``method="breaks"``: cut points in ascending order by column, such as ``{"days_since_last": [30, 90, 180,
        365], "orders": [1, 2, 4, 9], "total_value": [50, 100, 200, 500]}``: the best are silent for less than 30 days,
        have more than 9 orders, and brought more than 500. The ``cut_points_`` of another scorer will do.
    monetary : {"total", "mean"}
        What the monetary score looks at: the total value of a customer, refunds taken off, or that per order.
    weights : tuple of (float, float, float), optional
        Weights of r, f and m in a column ``score``, their weighted mean, for bins of one number. None gives no such
        column.
    segments : {"rf25", "rfm11", "rf6"}, SegmentMap or None
        Map from scores to segments; the presets are for five scores each. None gives no segment.

    Attributes
    ----------
    cut_points_ : dict of str to ndarray
        For ``days_since_last``, ``orders`` and the monetary column the K - 1 values that a customer has to beat, in
        ascending order; nested ones have shape (scores of r, K - 1) for ``orders``, and (scores of r, of f, K - 1) for
        the monetary column.
    customers_ : int
        Number of customers they were learned from.

    Notes
    -----
    Half the customers of many shops have bought once. They are equal, and get F = 1 together; the score above
    them is then 3, not 2. A method that gives them different scores sorts them by chance.

    Groups by k-means follow the largest values: a few whales make a score of their own, and most customers share the
    lowest. Scores say how customers have bought, not what they will do: see :class:`CLVModel` and its evaluation.
    "kmeans" and "equal_revenue" collect the distinct values of each column from a lazy base, all others a few numbers.

    Examples
    --------
    >>> from evergreen import CustomerBase, RFMScorer, datasets
    >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    >>> scorer = RFMScorer().fit(base)
    >>> scorer.transform(base).loc[:2, ["customer_id", "days_since_last", "orders", "rfm", "segment"]]
       customer_id  days_since_last  orders  rfm      segment
    0            4            200.0       4  444        loyal
    1           18            542.0       1  111  hibernating
    2           21            533.0       2  134      at risk
    >>> scorer.summary(base).loc[:2, ["segment", "customers", "orders", "total_value"]]
                  segment  customers  orders  total_value
    0            champion        413    3191    119427.02
    1               loyal        310    1431     57981.69
    2  potential loyalist        250     500     16848.50
    """

    cut_points_: dict[str, FloatArray]
    customers_: int

    def __init__(
        self,
        *,
        bins: int | tuple[int, int, int] = 5,
        method: Literal["quantile", "breaks", "nested", "kmeans", "equal_revenue"] = "quantile",
        breaks: Breaks | None = None,
        monetary: Literal["total", "mean"] = "total",
        weights: tuple[float, float, float] | None = None,
        segments: str | SegmentMap | None = "rf25",
    ) -> None:
        self.bins = bins
        self.method = method
        self.breaks = breaks
        self.monetary = monetary
        self.weights = weights
        self.segments = segments

    def fit(self, base: CustomerBase) -> Self:
        """Learn the cut points from a base.

        Parameters
        ----------
        base : CustomerBase
            The customers to compare with; on a lazy base the cut points are exact, too.

        Returns
        -------
        RFMScorer
            The object itself, fitted.

        Raises
        ------
        InputTypeError
            If it is not a customer base.
        InvalidInputError
            If a setting is not allowed, or the base has no money, too few different values for k-means, or no revenue
            to share.

        Warns
        -----
        DataWarning
            If scores of this base say little: fewer than 500 customers, fewer than 180 days, no order in the last 30
            days, or nobody with three orders.
        """
        bins = self._checked_bins()
        self._checked_map(bins)
        self._checked_weights(bins)
        learn = check_choice("method", self.method, METHODS)
        if self.breaks is not None and self.method != "breaks":
            raise InvalidInputError(f"breaks are for method='breaks', and method is {self.method!r}: leave one out.")
        with check_base(base).kept_meanwhile() as kept:
            table, customers = self._values(kept), len(kept)
            self.cut_points_ = learn(table, Asked(self._columns, bins, customers, self.breaks))
            self.customers_ = customers
            warn_of_thin_data(table, customers, base.time_unit, stacklevel=2)
        return self

    def transform(self, base: CustomerBase) -> Any:
        """Score a base on the learned cut points.

        Parameters
        ----------
        base : CustomerBase
            The base of the fit, or another one such as the same customers a year later.

        Returns
        -------
        frame
            Of the base's own kind (lazy if the base is lazy), one row per customer: the customer id,
            ``days_since_last`` (to the end of observation), ``orders``, ``total_value`` (or ``mean_value``), the
            scores ``r``, ``f``, ``m`` (int64, the best is the largest), ``rfm`` (their digits as one number), with
            weights ``score`` (float64), and, with a map, ``segment``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidInputError
            If the base has no money, or ``bins`` or ``monetary`` have changed since ``fit``.
        """
        self._require("cut_points_", "transform")
        optional = [("score", self.weights), ("segment", self.segments)]
        names = [*self._columns, "r", "f", "m", "rfm", *(name for name, asked in optional if asked is not None)]
        return self._scored(base).to_native(*names)

    def summary(self, base: CustomerBase) -> Any:
        """Describe the segments of a base.

        Parameters
        ----------
        base : CustomerBase
            The base to describe.

        Returns
        -------
        frame
            One row per segment, in the order of the map: ``segment``, ``customers``, ``share`` of customers,
            ``orders``, ``total_value``, ``share_of_value``, ``average_order_value``. Segments without customers
            are there, too.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidInputError
            If the scorer has no segments.
        """
        self._require("cut_points_", "summary")
        segment_map, table = self._map("describe"), self._scored(base)
        found = table.group_totals("segment", ["orders", "total_value"], segment_map.segments)
        segments, customers, orders, value = found.values()
        return table.small_table(
            {
                "segment": segments,
                "customers": customers,
                "share": shares_of_sum(customers),
                "orders": orders,
                "total_value": value,
                "share_of_value": shares_of_sum(value),
                "average_order_value": _ratio(value, orders),
            }
        )

    def cells(self, base: CustomerBase) -> Any:
        """Describe the cells of the scores of recency and frequency.

        Parameters
        ----------
        base : CustomerBase
            The base to describe.

        Returns
        -------
        frame
            One row per pair of scores, the best first: ``r``, ``f``, ``customers``, ``share`` of customers,
            ``total_value``, ``average_value`` (of a customer; missing where nobody is).

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidInputError
            If the base has no money, or settings have changed since ``fit``.

        Examples
        --------
        >>> from evergreen import CustomerBase, RFMScorer, datasets
        >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
        >>> RFMScorer().fit(base).cells(base).round(2).head(2)
           r  f  customers  share  total_value  average_value
        0  5  5        264   0.11    102415.27         387.94
        1  5  4        149   0.06     17011.75         114.17
        """
        self._require("cut_points_", "cells")
        recencies, frequencies, _ = self._checked_bins()
        table = self._scored(base).with_columns(evergreen_cell=lambda c: 10 * c["r"] + c["f"])
        cells = [(r, f) for r in range(recencies, 0, -1) for f in range(frequencies, 0, -1)]
        found = table.group_totals("evergreen_cell", ["total_value"], [10 * r + f for r, f in cells])
        _, customers, value = found.values()
        r, f = np.array(cells).T
        return table.small_table(
            {
                "r": r,
                "f": f,
                "customers": customers,
                "share": shares_of_sum(customers),
                "total_value": value,
                "average_value": _ratio(value, customers),
            }
        )

    def compare(self, before: CustomerBase, after: CustomerBase, *, level: float = 0.95) -> SegmentMoves:
        """Tell who moved from which segment to which between two dates, on the learned cut points.

        Parameters
        ----------
        before, after : CustomerBase
            The same customers at two dates, of one kind of frame, such as the calibration of a :func:`split` and
            the base of the whole log. Who is in one alone is counted as new or gone.
        level : float
            Coverage of the intervals of rates, between 0 and 1.

        Returns
        -------
        SegmentMoves
            Nothing but the numbers of customers by pair of scores is collected from lazy bases.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InputTypeError
            If the bases are in frames of different kinds, or their ids of different types.
        InvalidInputError
            If the scorer has no segments.

        Examples
        --------
        >>> from evergreen import CustomerBase, RFMScorer, datasets, split
        >>> log = datasets.load_cdnow()
        >>> before, after = split(log, at="1997-12-31").calibration, CustomerBase.from_transactions(log)
        >>> moves = RFMScorer().fit(before).compare(before, after)
        >>> moves.rates.loc["loyal", ["champion", "loyal", "can't lose", "at risk"]].round(3).tolist()
        [0.272, 0.15, 0.249, 0.33]
        """
        self._require("cut_points_", "compare")
        segment_map = self._map("compare")
        check_level(level)
        then, now = (self._placed(base, segment_map) for base in (before, after))
        return moves_between(segment_map, pair_totals(then, now, "place", "total_value"), level)

    def rules(self) -> Rules:
        """Return what :meth:`transform` goes by.

        Returns
        -------
        Rules

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidInputError
            If a setting is not allowed, or ``bins`` or ``monetary`` have changed since ``fit``.
        """
        self._require("cut_points_", "rules")
        bins = self._checked_bins()
        segment_map = self._checked_map(bins)
        self._check_learned(bins)
        cuts = {column: self.cut_points_[column] for column in self._columns}
        return Rules(cuts, segment_map, self._checked_weights(bins))

    @property
    def _columns(self) -> tuple[str, str, str]:
        return "days_since_last", "orders", check_choice("monetary", self.monetary, _VALUES)

    def _values(self, base: CustomerBase) -> ScoreTable:
        """Return the base with the three columns that are scored."""
        if "total_value" not in base.columns:
            raise InvalidInputError(
                "RFM needs the total value of each customer: build the base from a log with amounts, or give the "
                "summary a column total_value."
            )

        table = with_known(base, ["days_since_last", "orders", "total_value"])
        if self.monetary == "mean":
            table = table.with_columns(mean_value=lambda c: c["total_value"] / c["orders"])
        return table

    def _scored(self, base: CustomerBase) -> ScoreTable:
        """Return the base with scores and segment."""
        cuts, segment_map, weights = self.rules()
        table = self._values(check_base(base))
        for place, (name, (column, points)) in enumerate(zip("rfm", cuts.items(), strict=True)):
            if points.ndim > 1:
                table = table.with_cuts_by(name, column, list("rfm"[:place]), points)
            else:
                table = table.with_cuts(name, column, points.tolist(), lowest_best=name == "r")
        table = table.with_columns(rfm=lambda c: 100 * c["r"] + 10 * c["f"] + c["m"])
        if weights is not None:
            r, f, m = weights
            table = table.with_columns(score=lambda c: r * c["r"] + f * c["f"] + m * c["m"])
        if segment_map is None:
            return table
        if "fm" in segment_map.axes:
            table = table.with_columns(fm=lambda c: c["f"] + c["m"])
        return table.with_labels("segment", segment_map.axes, segment_map.cells)

    def _placed(self, base: CustomerBase, segment_map: SegmentMap) -> ScoreTable:
        """Return the base with the number of the segment's cell, its scores as digits."""
        return self._scored(base).with_columns(
            place=lambda c: segment_map.place([c[axis] for axis in segment_map.axes])
        )

    def _map(self, wanted: str) -> SegmentMap:
        """Return the segment map, without which there are no segments."""
        segment_map = self._checked_map(self._checked_bins())
        if segment_map is None:
            raise InvalidInputError(f"RFMScorer(segments=None) has no segments to {wanted}: choose a segment map.")
        return segment_map

    def _checked_bins(self) -> tuple[int, int, int]:
        given: Any = self.bins
        bins = tuple(given) if isinstance(given, (tuple, list)) else (given,) * 3
        whole = all(isinstance(count, (int, np.integer)) and 2 <= count <= _MOST_BINS for count in bins)
        if len(bins) != len("rfm") or not whole:
            raise InvalidInputError(
                f"bins must be a whole number from 2 to {_MOST_BINS}, or three of them, got {given!r}."
            )
        r, f, m = (int(count) for count in bins)
        return r, f, m

    def _check_learned(self, bins: tuple[int, int, int]) -> None:
        learned = {column: points.shape[-1] + 1 for column, points in self.cut_points_.items()}
        if learned != dict(zip(self._columns, bins, strict=True)):
            raise InvalidInputError(
                f"This RFMScorer learned {tuple(learned.values())} scores of {', '.join(learned)}, its settings now "
                f"ask for {bins} of {', '.join(self._columns)}: fit it again."
            )

    def _checked_weights(self, bins: tuple[int, int, int]) -> tuple[float, float, float] | None:
        """Return the weights such that they add up to 1."""
        if self.weights is None:
            return None
        given: Any = self.weights
        weights = tuple(given) if isinstance(given, (tuple, list)) else ()
        numbers = all(isinstance(weight, (int, float)) and 0 <= weight < math.inf for weight in weights)
        if len(weights) != len("rfm") or not numbers or not sum(weights):
            raise InvalidInputError(
                f"weights must be three numbers of at least 0, for r, f and m, and not all 0, got {given!r}."
            )
        if len(set(bins)) > 1:
            raise InvalidInputError(
                f"weights add up scores of one scale, and bins={bins} are of different ones: give equal bins."
            )
        r, f, m = (float(weight) / sum(weights) for weight in weights)
        return r, f, m

    def _checked_map(self, bins: tuple[int, int, int]) -> SegmentMap | None:
        if self.segments is None:
            return None
        given: Any = self.segments
        found = PRESETS.get(given) if isinstance(given, str) else given
        if not isinstance(found, SegmentMap):
            raise InvalidInputError.not_allowed("segments", given, [*PRESETS, "a SegmentMap", None])
        if found.bins != bins:
            raise InvalidInputError(
                f"The segment map is made for {found.bins} scores of r, f and m, the scorer has bins={bins}: give a "
                "SegmentMap for these, or segments=None."
            )
        return found


def _ratio(total: FloatArray, number: IntArray) -> FloatArray:
    return np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)
