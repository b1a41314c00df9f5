"""Classes of customers by what they bring and by what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, Self, final

import numpy as np

from evergreen.durations import in_days
from evergreen.errors import ColumnNotFoundError, InputTypeError, InvalidInputError
from evergreen.frames import CustomerBase, Levels, ScoreTable, check_base
from evergreen.kernels.concentration import class_floors, shares_of_sum
from evergreen.models.estimator import Estimator
from evergreen.pareto.concentration import Concentration, curve_of
from evergreen.pareto.overlap import Overlap
from evergreen.pareto.quadrant import (
    PROFIT,
    QuadrantCuts,
    check_activity,
    check_cuts,
    learned_cuts,
    with_profit,
    with_quadrant,
    words_of,
)
from evergreen.typing import Duration, FloatArray

_NAMES: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ROLES: Final = ("value", "trouble")
_MADE: Final = frozenset(
    {
        *("value_class", "trouble_class", "quadrant", PROFIT, "rank", "cumulative_share"),
        *("customers", "share", "share_of_value", "share_of_trouble"),
    }
)
"""Names of columns in results."""


@final
class ParetoSegmenter(Estimator):
    """Classes A, B, C by value and by trouble, how concentrated both are, and whether they meet in the same customers.

    A customer is in class A of value if those who are strictly better bring less than 80 % of the total, in class B if
    less than 95 %. Equal customers share a class, and whoever brings nothing, or makes no trouble, is in the last one.
    ``fit`` keeps the least value of each class; ``transform`` goes by it on any base, so that a move between two dates
    is a real move.

    Parameters
    ----------
    value : str
        Column of what a customer brings: of the base, such as ``total_value``, or an attribute, such as a profit. It
        may be negative.
    trouble : str, optional
        Column of what a customer costs or complains: ``refunds``, or an attribute, such as contacts; at least 0.
    classes : sequence of float, length K - 1
        Shares of the total that end the classes, ascending, between 0 and 1.
    activity : str, optional
        Attribute with the chance that a customer stays active, from 0 to 1, such as ``p_purchase`` of a
        :class:`CLVModel`. It gives the quadrant of Reinartz & Kumar (2002).
    profit_period : str, datetime.timedelta or numpy.timedelta64
        Value is counted per this time of a customer's age; younger customers have been there for one such period.
    quadrant_cuts : pair of float or None
        What profit per period and activity have to exceed to be high. None is the median: high is then strictly above
        at least half of the customers.
    draws : int
        How many times customers are resampled for the intervals; 0 for no intervals.
    level : float
        Coverage of the intervals.
    seed : int
        Where chance starts: the same base has the same intervals.

    Attributes
    ----------
    cut_points_ : dict of str to ndarray
        For the columns of value and trouble the K - 1 values that a customer has to reach, in ascending order; the last
        one leads to class A.
    value_, trouble_ : Concentration
        How both are spread; ``trouble_`` may be None.
    overlap_ : Overlap or None
        Classes of value by classes of trouble.
    quadrant_ : QuadrantCuts or None
        What profit per period and activity have to exceed.
    customers_ : int
        Number of customers they were learned from.

    Examples
    --------
    >>> from evergreen import CustomerBase, ParetoSegmenter, datasets
    >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    >>> segmenter = ParetoSegmenter(draws=0).fit(base)
    >>> print(segmenter.value_)
    20 % of 2,357 customers hold 67.5 % of the total. 80 % of it comes from 33.0 % of them. Gini 0.631.
    >>> segmenter.rank(base).sort_values("rank").head(2)
          customer_id  total_value  rank  cumulative_share value_class
    1931        19339      6552.70     1          0.026845           A
    546          5420      1943.58     2          0.034808           A
    >>> segmenter.summary(base).round(3)
      value_class  customers  share  total_value  share_of_value
    0           A        777  0.330    195302.59            0.80
    1           B        804  0.341     36680.46            0.15
    2           C        776  0.329     12108.89            0.05
    """

    cut_points_: dict[str, FloatArray]
    value_: Concentration
    trouble_: Concentration | None
    overlap_: Overlap | None
    quadrant_: QuadrantCuts | None
    customers_: int

    def __init__(
        self,
        *,
        value: str = "total_value",
        trouble: str | None = None,
        classes: Sequence[float] = (0.8, 0.95),
        activity: str | None = None,
        profit_period: Duration = "365D",
        quadrant_cuts: tuple[float | None, float | None] = (None, 0.5),
        draws: int = 200,
        level: float = 0.95,
        seed: int = 0,
    ) -> None:
        self.value = value
        self.trouble = trouble
        self.classes = classes
        self.activity = activity
        self.profit_period = profit_period
        self.quadrant_cuts = quadrant_cuts
        self.draws = draws
        self.level = level
        self.seed = seed

    def fit(self, base: CustomerBase) -> Self:
        """Learn how value and trouble are spread, and where their classes end.

        Parameters
        ----------
        base : CustomerBase
            The customers to compare with.

        Returns
        -------
        ParetoSegmenter
            The object itself, fitted.

        Raises
        ------
        InputTypeError
            If it is not a customer base, or a column does not hold numbers.
        ColumnNotFoundError
            If the base does not have a column.
        InvalidInputError
            If a setting is not allowed, value or trouble do not add up to more than 0, trouble is negative, or activity
            lies outside 0 to 1.
        """
        shares = self._checked_classes()
        quadrant_cuts, _ = check_cuts(self.quadrant_cuts), in_days(self.profit_period)
        table, sides = self._opened(base), self._sides
        levels = {column: table.levels(column) for column in sides}
        for column in sides[1:]:
            _check_not_negative(column, levels[column])
        found = [
            Concentration.of_levels(levels[column], column, draws=self.draws, level=self.level, seed=self.seed)
            for column in sides
        ]
        cuts = {column: class_floors(of.values, curve_of(of, column), shares)[::-1] for column, of in levels.items()}
        customers = found[0].customers
        meeting = _overlap(_with_classes(table, cuts), sides, len(shares) + 1) if self.trouble is not None else None
        learned = None
        if self.activity is not None:
            paid = with_profit(table, base, self.value, self.profit_period)
            learned = learned_cuts(paid, self.activity, self.profit_period, quadrant_cuts, customers)
        self.cut_points_, self.quadrant_, self.customers_ = cuts, learned, customers
        self.value_, self.trouble_ = found[0], found[1] if self.trouble is not None else None
        self.overlap_ = meeting
        return self

    def transform(self, base: CustomerBase) -> Any:
        """Put the customers of a base in classes by what was learned.

        Parameters
        ----------
        base : CustomerBase
            The base of the fit, or another one such as the same customers a year later.

        Returns
        -------
        frame
            Of the base's own kind (lazy if the base is lazy), one row per customer: the customer id, the column of
            value, ``value_class``; with trouble its column and ``trouble_class``; with activity ``profit_per_period``,
            the column of activity and ``quadrant``: true friend (profit and activity are high), butterfly (profit
            alone), barnacle (activity alone) or stranger.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ColumnNotFoundError, InputTypeError
            If the base does not have a column of numbers.
        InvalidInputError
            If settings have changed since ``fit`` so that the cut points do not go with them, or activity lies outside
            0 to 1.
        """
        self._require("cut_points_", "transform")
        table = self._classified(base)
        names = [name for column, role in zip(self._sides, _ROLES, strict=False) for name in (column, f"{role}_class")]
        if self.quadrant_ is None:
            return table.to_native(*names)
        paid = with_profit(table, base, self.value, self.profit_period)
        return with_quadrant(paid, self.quadrant_).to_native(*names, PROFIT, self.quadrant_.activity, "quadrant")

    def rank(self, base: CustomerBase) -> Any:
        """Put the customers of a base in order of value.

        Parameters
        ----------
        base : CustomerBase
            The customers to compare with each other.

        Returns
        -------
        frame
            Of the base's own kind, one row per customer in the order of the base: the customer id, the column of
            value, ``rank`` (1 plus the number of customers of the base who are strictly better), ``cumulative_share``
            (what those at least as good bring, as a share of the base's total), and ``value_class`` by the learned cut
            points.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ColumnNotFoundError, InputTypeError
            If the base does not have a column of numbers.
        InvalidInputError
            If the values of the base do not add up to more than 0, or settings have changed since ``fit``.
        """
        self._require("cut_points_", "rank")

        def ranks(levels: Levels) -> dict[str, np.ndarray[Any, Any]]:
            customers, value = curve_of(levels, self.value)
            return {"rank": customers[-2::-1] + 1, "cumulative_share": value[:0:-1] / value[-1]}

        table = self._classified(base).with_levels(self.value, ranks)
        return table.to_native(self.value, "rank", "cumulative_share", "value_class")

    def summary(self, base: CustomerBase) -> Any:
        """Describe the classes of value of a base.

        Parameters
        ----------
        base : CustomerBase
            The base to describe.

        Returns
        -------
        frame
            One row per class, the best first: ``value_class``, ``customers``, ``share`` of customers, the column of
            value and ``share_of_value``; with trouble its column and ``share_of_trouble``. Classes without customers
            are there, too.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ColumnNotFoundError, InputTypeError
            If the base does not have a column of numbers.
        InvalidInputError
            If settings have changed since ``fit``.
        """
        self._require("cut_points_", "summary")
        table, classes = self._classified(base), len(self.classes) + 1
        customers, *sums = _sums(table, "evergreen_value", self._sides, classes)
        columns = {
            "value_class": np.array(list(_NAMES[:classes]), object),
            "customers": customers,
            "share": shares_of_sum(customers),
        }
        for column, role, added in zip(self._sides, _ROLES, sums, strict=False):
            columns |= {column: added, f"share_of_{role}": shares_of_sum(added)}
        return table.small_table(columns)

    def overlap(self, base: CustomerBase) -> Overlap:
        """Count the customers of a base by both classes.

        Parameters
        ----------
        base : CustomerBase
            The base to describe.

        Returns
        -------
        Overlap
            By the learned cut points; for the base of the fit that is ``overlap_``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ColumnNotFoundError, InputTypeError
            If the base does not have a column of numbers.
        InvalidInputError
            If there is no trouble, or settings have changed since ``fit``.
        """
        self._require("cut_points_", "overlap")
        if self.trouble is None:
            raise InvalidInputError("ParetoSegmenter(trouble=None) knows one side alone: name a column of trouble.")
        return _overlap(self._classified(base), self._sides, len(self.classes) + 1)

    @property
    def _sides(self) -> list[str]:
        return [self.value] if self.trouble is None else [self.value, self.trouble]

    def _opened(self, base: CustomerBase) -> ScoreTable:
        """Return the base if it has the columns that the settings name."""
        roles: dict[str, Any] = {"value": self.value, "trouble": self.trouble, "activity": self.activity}
        named: dict[str, str] = {}
        for role, name in roles.items():
            if name is None and role != "value":
                continue
            if not isinstance(name, str):
                raise InputTypeError.kind(role, name, "the name of a column")
            if name in _MADE:
                raise InvalidInputError(f"{role}={name!r} is the name of a column of the results: rename it first.")
            named[role] = name
        if len(set(named.values())) < len(named):
            raise InvalidInputError(f"Value, trouble and activity need a column each, got {list(named.values())}.")
        table = check_base(base).scores()
        missing = {role: name for role, name in named.items() if name not in table.columns}
        if missing:
            raise ColumnNotFoundError.missing(missing, table.columns)
        table.check_numbers(*named.values())
        if self.activity is not None:
            check_activity(table, self.activity)
        return table

    def _classified(self, base: CustomerBase) -> ScoreTable:
        """Return the base with its classes, as whole numbers and by name."""
        table, asked = self._opened(base), dict.fromkeys(self._sides, len(self._checked_classes()) + 1)
        learned = {column: len(points) + 1 for column, points in self.cut_points_.items()}
        before = None if self.quadrant_ is None else self.quadrant_.words
        now = None if self.activity is None else words_of(self.activity, in_days(self.profit_period))
        if learned != asked or before != now:
            raise InvalidInputError(
                f"This ParetoSegmenter learned {_said(learned, before)}, its settings now ask for {_said(asked, now)}: "
                "fit it again."
            )
        return _with_classes(table, {column: self.cut_points_[column] for column in self._sides})

    def _checked_classes(self) -> list[float]:
        given: Any = self.classes
        shares = list(given) if isinstance(given, (tuple, list)) else []
        numbers = all(isinstance(share, (float, np.floating)) for share in shares)
        if not (1 <= len(shares) < len(_NAMES) and numbers and all(a < b for a, b in pairwise([0.0, *shares, 1.0]))):
            raise InvalidInputError(
                f"classes must be shares between 0 and 1 in ascending order, such as (0.8, 0.95), got {given!r}."
            )
        return [float(share) for share in shares]


def _said(classes: Mapping[str, int], quadrants: str | None) -> str:
    words = [f"{count} classes of {column}" for column, count in classes.items()]
    return " and ".join([*words, *([] if quadrants is None else [quadrants])])


def _with_classes(table: ScoreTable, cuts: Mapping[str, FloatArray]) -> ScoreTable:
    """Add the class of value, and of trouble, as a whole number (1 for A) and by its name."""
    for role, (column, points) in zip(_ROLES, cuts.items(), strict=False):
        names: dict[tuple[int, ...], str] = {(place + 1,): _NAMES[place] for place in range(len(points) + 1)}
        code = f"evergreen_{role}"
        table = table.with_cuts(code, column, points.tolist(), lowest_best=True)
        table = table.with_labels(f"{role}_class", [code], names)
    return table


def _overlap(table: ScoreTable, sides: Sequence[str], classes: int) -> Overlap:
    cells = table.with_columns(evergreen_cell=lambda c: (c["evergreen_value"] - 1) * classes + c["evergreen_trouble"])
    found = _sums(cells, "evergreen_cell", sides, classes**2)
    customers, value, trouble = (column.reshape(classes, classes) for column in found)
    return Overlap(tuple(_NAMES[:classes]), customers, value.astype(np.float64), trouble.astype(np.float64))


def _sums(table: ScoreTable, by: str, columns: Sequence[str], groups: int) -> list[np.ndarray[Any, Any]]:
    """Return customers and sums of columns in groups numbered from 1, also in those that are empty."""
    found = table.group_totals(by, columns, range(1, groups + 1))
    return [found[name] for name in ("customers", *columns)]


def _check_not_negative(column: str, levels: Levels) -> None:
    bad, customers = int(levels.count[levels.values < 0].sum()), int(levels.count.sum())
    if bad:
        todo = "What is given back belongs to the value; trouble counts what customers cost."
        what, least = f"trouble={column!r} must be at least 0", float(levels.values[0])
        raise InvalidInputError.rows(what, bad, customers, example=least, todo=todo)
