"""RFM: how recently, how often and for how much customers buy, as scores and segments."""

from __future__ import annotations

from typing import Any, Final, Literal, Self, final

import numpy as np

from evergreen.durations import times_in_days
from evergreen.errors import InvalidInputError
from evergreen.frames import CustomerBase, ScoreTable, check_base
from evergreen.kernels.binning import cut_ranks
from evergreen.kernels.concentration import shares_of_sum
from evergreen.models.checks import check_choice
from evergreen.models.estimator import Estimator
from evergreen.models.segment_map import PRESETS, SegmentMap
from evergreen.typing import FloatArray, IntArray

_MOST_BINS: Final = 9  # one digit of the column rfm for each score
_VALUES: Final = {"total": "total_value", "mean": "mean_value"}


@final
class RFMScorer(Estimator):
    """Scores for recency, frequency and monetary value that do not tear equal customers apart.

    The quantile score of a customer is ``1 + floor(K * share of customers strictly worse)``, at most K: equal
    customers get equal scores in whatever order the rows stand, and 5 of 5 means "strictly better than at least
    80 %". ``fit`` keeps the cut points; ``transform`` scores any base on the same cut points, so that a move
    between two dates is a real move.

    Parameters
    ----------
    bins : int or tuple of (int, int, int)
        Number of scores K, or one for each of recency, frequency and monetary value; 2 to 9.
    monetary : {"total", "mean"}
        What the monetary score looks at: the total value of a customer, refunds taken off, or that per order.
    segments : {"rf25", "rfm11", "rf6"}, SegmentMap or None
        Map from scores to segments; the presets are for five scores each. None gives no segment.

    Attributes
    ----------
    cut_points_ : dict of str to ndarray
        For ``days_since_last``, ``orders`` and the monetary column the K - 1 values that a customer has to beat, in
        ascending order.
    customers_ : int
        Number of customers they were learned from.

    Notes
    -----
    Half the customers of many shops have bought once. They are equal, and get F = 1 together; the score above
    them is then 3, not 2. A method that gives them different scores sorts them by chance.

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
        monetary: Literal["total", "mean"] = "total",
        segments: str | SegmentMap | None = "rf25",
    ) -> None:
        self.bins = bins
        self.monetary = monetary
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
            If a setting is not allowed or the base has no money.
        """
        bins = self._checked_bins()
        self._checked_map(bins)
        table = self._values(check_base(base))
        customers = len(base)
        ranks = [cut_ranks(customers, count) for count in bins]
        points = {
            column: table.order_statistics(column, rank.tolist())
            for column, rank in zip(self._columns[1:], ranks[1:], strict=True)
        }
        from_longest = (customers + 1 - ranks[0])[::-1]  # the worst are those silent for longest
        recency = self._columns[0]
        self.cut_points_ = {recency: table.order_statistics(recency, from_longest.tolist()), **points}
        self.customers_ = customers
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
            scores ``r``, ``f``, ``m`` (int64, the best is the largest), ``rfm`` (their digits as one number) and, with
            a map, ``segment``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidInputError
            If the base has no money, or ``bins`` or ``monetary`` have changed since ``fit``.
        """
        self._require("cut_points_", "transform")
        names = [*self._columns, "r", "f", "m", "rfm", *(["segment"] if self.segments is not None else [])]
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
        segment_map = self._checked_map(self._checked_bins())
        if segment_map is None:
            raise InvalidInputError("RFMScorer(segments=None) has no segments to describe: choose a segment map.")
        table = self._scored(base)
        found = table.group_totals("segment", ["orders", "total_value"])
        place = {name: row for row, name in enumerate(found["segment"].tolist())}
        rows = np.array([place.get(name, len(place)) for name in segment_map.segments])

        def column(name: str) -> np.ndarray:
            return np.append(found[name], 0)[rows]

        customers, orders, value = (column(name) for name in ("customers", "orders", "total_value"))
        return table.small_table(
            {
                "segment": np.array(segment_map.segments, object),
                "customers": customers,
                "share": customers / customers.sum(),
                "orders": orders,
                "total_value": value,
                "share_of_value": shares_of_sum(value),
                "average_order_value": np.divide(value, orders, out=np.full(len(value), np.nan), where=orders > 0),
            }
        )

    def rules(self) -> tuple[dict[str, FloatArray], SegmentMap | None]:
        """Return what :meth:`transform` goes by.

        Returns
        -------
        cut_points : dict of str to ndarray
            For the columns that r, f and m look at, in this order, the values that a customer has to beat.
        segments : SegmentMap or None
            The map from scores to segments.

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
        return {column: self.cut_points_[column] for column in self._columns}, segment_map

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

        def days(_: IntArray, recency: FloatArray, T: FloatArray) -> dict[str, FloatArray]:
            return {"days_since_last": times_in_days(T - recency, base.time_unit)}

        table = base.scores().with_histories(days)
        if "orders" not in base.columns:
            table = table.with_columns(orders=lambda c: c["frequency"] + 1)
        if self.monetary == "mean":
            table = table.with_columns(mean_value=lambda c: c["total_value"] / c["orders"])
        return table

    def _scored(self, base: CustomerBase) -> ScoreTable:
        """Return the base with scores and segment."""
        cuts, segment_map = self.rules()
        table = self._values(check_base(base))
        for name, (column, points) in zip("rfm", cuts.items(), strict=True):
            table = table.with_cuts(name, column, points.tolist(), lowest_best=name == "r")
        table = table.with_columns(rfm=lambda c: 100 * c["r"] + 10 * c["f"] + c["m"])
        if segment_map is None:
            return table
        if "fm" in segment_map.axes:
            table = table.with_columns(fm=lambda c: c["f"] + c["m"])
        return table.with_labels("segment", segment_map.axes, segment_map.cells)

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
        learned = {column: len(points) + 1 for column, points in self.cut_points_.items()}
        if learned != dict(zip(self._columns, bins, strict=True)):
            raise InvalidInputError(
                f"This RFMScorer learned {tuple(learned.values())} scores of {', '.join(learned)}, its settings now "
                f"ask for {bins} of {', '.join(self._columns)}: fit it again."
            )

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
