"""Putting scores beside customers without knowing the engine: :class:`ScoreTable`.

A measure describes what it wants (a function of the purchase history, arithmetic on columns, scores by cut
points, names for combinations of scores); in memory this runs in numpy, on a lazy base it becomes a join
and expressions in the engine, and nothing but small tables moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.durations import times_in_days
from evergreen.errors import ColumnNotFoundError, InvalidInputError
from evergreen.frames.columns import AnyFrame
from evergreen.frames.engines import table_beside, values_for_frame
from evergreen.frames.labels import places_of
from evergreen.frames.levels import Levels, LevelScore, check_numbers, levels_in
from evergreen.frames.order_statistics import (
    Ranks,
    order_statistics_of_array,
    order_statistics_of_arrays,
    order_statistics_of_cells,
    order_statistics_of_frame,
)
from evergreen.frames.periods import days_of_times
from evergreen.frames.tables import small_table
from evergreen.frames.totals import ColumnTotals, totals_in_order, totals_of_row, unscaled
from evergreen.kernels.binning import scores
from evergreen.kernels.concentration import levels_of
from evergreen.typing import FloatArray, TimeUnit

HistoryScore: TypeAlias = Callable[..., Mapping[str, np.ndarray[Any, Any]]]
"""A vectorized function of (frequency, recency, T), and of attributes if they are named, that returns named columns
of the same length."""

Arithmetic: TypeAlias = Callable[[Mapping[str, Any]], Any]
"""A function of the columns by name that uses ``+ - * /`` and comparisons alone, so that it runs on arrays
and on engine expressions alike."""

HISTORY = ("frequency", "recency", "T")
"""The columns that transaction models see of a customer."""


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ScoreTable:
    """The customers of a base with columns added to them; every method returns a new table.

    Get one from :meth:`CustomerBase.scores`.

    Parameters
    ----------
    customer : str
        Name of the id column, the first column of every result.
    frame : narwhals DataFrame or LazyFrame
        The base; in a lazy table also the added columns.
    added : dict of str to ndarray
        The added columns of a table in memory, by position.
    money_power : int, optional
        Decimals at which ``total_value`` and ``refunds`` are whole numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from evergreen.frames import CustomerBase
    >>> log = pd.DataFrame({"customer_id": [1, 1, 2], "date": pd.to_datetime(["2024-01-01", "2024-01-05",
    ...     "2024-01-02"]), "amount": [10.0, 20.0, 5.0]})
    >>> base = CustomerBase.from_transactions(log)
    >>> table = base.scores().with_columns(rate=lambda c: c["frequency"] / (c["T"] + 1))
    >>> table.with_cuts("value", "total_value", [10.0]).to_native("rate", "value")
       customer_id  rate  value
    0            1   0.2      2
    1            2   0.0      1
    """

    customer: str
    frame: AnyFrame
    added: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    money_power: int | None = None

    @property
    def is_lazy(self) -> bool:
        """Whether results are computed by an engine when they are asked for."""
        return isinstance(self.frame, nw.LazyFrame)

    @property
    def columns(self) -> list[str]:
        """Names of all columns, the customer id first."""
        return [*self.frame.collect_schema().names(), *self.added]

    def only(self, *columns: str) -> ScoreTable:
        """Return the customer id, the purchase history and chosen columns of the base, so that others take no names.

        Parameters
        ----------
        *columns : str
            Columns of the base.

        Returns
        -------
        ScoreTable
            Without added columns.
        """
        self._check(columns)
        return replace(self, frame=self.frame.select(self.customer, *HISTORY, *columns), added={})

    def array(self, column: str) -> np.ndarray[Any, Any]:
        """Return a column as an array; a lazy table computes it and brings it into memory.

        Parameters
        ----------
        column : str
            A column of the base or an added one.

        Returns
        -------
        ndarray, shape (n,)
            The values, in the order of the base (a lazy one has none).
        """
        self._check([column])
        if column in self.added:
            return self.added[column]
        rows = self.frame.select(column)
        return (rows.collect() if isinstance(rows, nw.LazyFrame) else rows).get_column(column).to_numpy()

    def with_histories(self, score: HistoryScore, *attributes: str) -> ScoreTable:
        """Add the columns that a function of (frequency, recency, T), and of attributes, returns.

        In memory the function sees every customer. On a lazy base it sees each distinct history once; its
        results go into the engine as a small table and are joined on the three numbers and the attributes.

        Parameters
        ----------
        score : callable
            Called once with ``frequency`` (int64), ``recency`` and ``T`` (float64) and the attributes, each of shape
            (n,); returns a mapping of names to arrays of shape (n,).
        *attributes : str
            Columns without missing values that it sees, too.

        Returns
        -------
        ScoreTable
        """
        names = [*HISTORY, *attributes]
        self._check(names)
        if isinstance(self.frame, nw.DataFrame):
            return self._with_arrays(score(*(self.array(name) for name in names)))
        keys = self.frame.group_by(*names).agg(nw.len().alias("evergreen_customers")).collect()
        arrays = {name: keys.get_column(name).to_numpy() for name in names}
        scored = {name: np.asarray(column) for name, column in score(*arrays.values()).items()}
        self._check_new(scored, len(keys))
        small = table_beside(self.frame, {**arrays, **scored})
        return self._joined(small, names)

    def with_levels(self, column: str, score: LevelScore) -> ScoreTable:
        """Add the columns that a function of the distinct values of a column returns.

        Parameters
        ----------
        column : str
            A numeric column.
        score : callable
            Called once with the :class:`Levels`; returns a mapping of names to arrays with a number for each level.
            On a lazy base they go into the engine as a small table and are joined on the value.

        Returns
        -------
        ScoreTable
        """
        levels = self.levels(column)
        scored = {name: np.asarray(made) for name, made in score(levels).items()}
        self._check_new(scored, len(levels.values))
        if isinstance(self.frame, nw.DataFrame):
            place = np.searchsorted(levels.values, self.array(column))
            return self._with_arrays({name: made[place] for name, made in scored.items()})
        whole = self.frame.collect_schema()[column].is_integer()
        keys = levels.values.astype(np.int64) if whole else levels.values
        return self._joined(table_beside(self.frame, {column: keys, **scored}), [column])

    def with_columns(self, **made: Arithmetic) -> ScoreTable:
        """Add columns made by arithmetic from those that are there.

        Parameters
        ----------
        **made : callable
            For each new column a function of the columns by name:
            ``clv=lambda c: c["spend"] * c["purchases"]``.

        Returns
        -------
        ScoreTable
        """
        table = self
        for name, arithmetic in made.items():
            if isinstance(table.frame, nw.DataFrame):
                table = table._with_arrays({name: np.asarray(arithmetic(_Columns(table)))})
            else:
                table._check_new({name: None}, 0)  # noqa: SLF001 - a table of this class
                expressions = {column: nw.col(column) for column in table.columns}
                table = replace(table, frame=table.frame.with_columns(arithmetic(expressions).alias(name)))
        return table

    def with_days(self, unit: TimeUnit, **times: Arithmetic) -> ScoreTable:
        """Add columns of days, made by arithmetic from times that are there.

        Parameters
        ----------
        unit : {"h", "D", "W", "M", "Y"}
            Unit of the times.
        **times : callable
            For each new column a function of the columns by name, as in :meth:`with_columns`.

        Returns
        -------
        ScoreTable
            With days as of :func:`~evergreen.durations.times_in_days`, equal on every engine.
        """
        if isinstance(self.frame, nw.DataFrame):
            days = {name: times_in_days(np.asarray(made(_Columns(self))), unit) for name, made in times.items()}
            return self._with_arrays(days)

        def in_days(made: Arithmetic) -> Arithmetic:
            return lambda columns: days_of_times(made(columns), unit)

        return self.with_columns(**{name: in_days(made) for name, made in times.items()})

    def with_cuts(self, name: str, column: str, points: Sequence[float], *, lowest_best: bool = False) -> ScoreTable:
        """Add whole scores by cut points: 1 plus the number of points strictly below the value.

        Parameters
        ----------
        name : str
            Name of the new column of int64.
        column : str
            A numeric column.
        points : sequence of float, shape (k,)
            Cut points in ascending order; they may repeat.
        lowest_best : bool
            The lowest values are the best: 1 plus the number of points strictly above the value.

        Returns
        -------
        ScoreTable

        Raises
        ------
        InvalidInputError
            If the points are missing or not in ascending order.
        """
        self._check([column])
        cuts = np.asarray(points, np.float64)
        if not (np.isfinite(cuts).all() and (np.diff(cuts) >= 0).all()):
            raise InvalidInputError(f"Cut points must be finite and in ascending order, got {list(points)}.")
        if isinstance(self.frame, nw.DataFrame):
            sign = -1.0 if lowest_best else 1.0
            return self._with_arrays({name: scores(sign * self.array(column), sign * cuts)})
        self._check_new({name: None}, 0)
        value, score = nw.col(column), nw.lit(1)
        for cut in cuts.tolist():
            score = score + nw.when(value < cut if lowest_best else value > cut).then(nw.lit(1)).otherwise(nw.lit(0))
        return replace(self, frame=self.frame.with_columns(score.cast(nw.Int64).alias(name)))

    def with_cuts_by(self, name: str, column: str, by: Sequence[str], points: np.ndarray[Any, Any]) -> ScoreTable:
        """Add whole scores by cut points that depend on other scores.

        Parameters
        ----------
        name : str
            Name of the new column of int64.
        column : str
            A numeric column, the larger the better.
        by : sequence of str, shape (d,)
            Columns of whole scores from 1 on.
        points : ndarray of float64, shape (scores of the first, ..., scores of the last, k)
            Cut points of each combination: the score is 1 plus the number of them strictly below the value.

        Returns
        -------
        ScoreTable
        """
        self._check([column, *by])
        if isinstance(self.frame, nw.DataFrame):
            value, cell = self.array(column), tuple(self.array(other) - 1 for other in by)
            made = np.ones(len(value), np.int64)
            for cut in np.moveaxis(points, -1, 0):
                made += value > cut[cell]
            return self._with_arrays({name: made})
        self._check_new({name: None}, 0)
        cells = np.indices(points.shape[:-1]).reshape(len(by), -1) + 1
        cuts = {f"evergreen_cut_{place}": cut.ravel() for place, cut in enumerate(np.moveaxis(points, -1, 0))}
        small = table_beside(self.frame, {**dict(zip(by, cells, strict=True)), **cuts})
        joined, score = self._joined(small, by).frame, nw.lit(1)
        for cut in cuts:
            score = score + nw.when(nw.col(column) > nw.col(cut)).then(nw.lit(1)).otherwise(nw.lit(0))
        return replace(self, frame=joined.with_columns(score.cast(nw.Int64).alias(name)).drop(*cuts))

    def with_labels(self, name: str, columns: Sequence[str], labels: Mapping[tuple[int, ...], str | int]) -> ScoreTable:
        """Add a name or a whole number for each combination of whole scores.

        Parameters
        ----------
        name : str
            Name of the new column.
        columns : sequence of str, shape (k,)
            Columns of whole numbers.
        labels : mapping of tuple of int to str, or to int
            A name, or a number, for every combination that can occur.

        Returns
        -------
        ScoreTable

        Raises
        ------
        InvalidInputError
            If a combination has no name (in memory; in a lazy table it has a missing name).
        """
        self._check(columns)
        keys = np.array(list(labels), np.int64).reshape(len(labels), len(columns))
        given_labels = list(labels.values())
        names = np.array(given_labels, np.int64 if isinstance(given_labels[0], int) else object)
        if isinstance(self.frame, nw.DataFrame):
            given = [np.asarray(self.array(column)) for column in columns]
            return self._with_arrays({name: names[places_of(columns, given, keys)]})
        self._check_new({name: None}, 0)
        small = {column: keys[:, place] for place, column in enumerate(columns)}
        return self._joined(table_beside(self.frame, {**small, name: names}), columns)

    def small_table(self, columns: Mapping[str, np.ndarray[Any, Any]]) -> Any:
        """Return a small table in memory, of the kind that goes with the base.

        Parameters
        ----------
        columns : mapping of str to ndarray
            Columns of one length.

        Returns
        -------
        native frame
            Of the base's own kind if that is in memory, polars for lazy polars, otherwise pandas.
        """
        return small_table(self.frame, columns)

    def order_statistics(self, column: str, ranks: Sequence[int]) -> FloatArray:
        """Return the exact values at 1-based ranks of a numeric column.

        Parameters
        ----------
        column : str
            A numeric column.
        ranks : sequence of int, shape (k,)
            Each from 1 (least) to the number of customers (greatest).

        Returns
        -------
        ndarray of float64, shape (k,)
            The values; a lazy table runs two queries with small results.
        """
        self._check([column])
        if isinstance(self.frame, nw.DataFrame):
            return order_statistics_of_array(self.array(column), ranks)
        return order_statistics_of_frame(self.frame, column, ranks)

    def order_statistics_by(self, by: str, column: str, ranks: Ranks) -> dict[int, FloatArray]:
        """Return the exact values at 1-based ranks of a numeric column among the customers of each cell.

        Parameters
        ----------
        by : str
            A column of whole numbers, the cells.
        column : str
            A numeric column.
        ranks : callable
            The ranks wanted among so many customers.

        Returns
        -------
        dict of int to ndarray of float64
            For each cell that has customers; a lazy table runs two queries with small results.
        """
        self._check([by, column])
        if isinstance(self.frame, nw.DataFrame):
            return order_statistics_of_arrays(self.array(by), self.array(column), ranks)
        return order_statistics_of_cells(self.frame, by, column, ranks)

    def extremes(self, *columns: str) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest value of numeric columns, in one pass.

        Parameters
        ----------
        *columns : str
            Numeric columns.

        Returns
        -------
        dict of str to (float, float)
        """
        self._check(columns)
        least = [nw.col(name).min().alias(f"least_{place}") for place, name in enumerate(columns)]
        most = [nw.col(name).max().alias(f"most_{place}") for place, name in enumerate(columns)]
        row = next(_collected(self._whole_frame(columns).select(*least, *most)).iter_rows(named=True))
        return {name: (float(row[f"least_{at}"]), float(row[f"most_{at}"])) for at, name in enumerate(columns)}

    def check_numbers(self, *columns: str) -> None:
        """Refuse columns that are not there or do not hold numbers.

        Parameters
        ----------
        *columns : str
            Their names.

        Raises
        ------
        ColumnNotFoundError, InputTypeError
            If one of them is not or does not.
        """
        self._check(columns)
        check_numbers(self._whole_frame(columns), columns)

    def levels(self, column: str) -> Levels:
        """Return the distinct values of a numeric column and how many customers have each.

        Parameters
        ----------
        column : str
            A numeric column.

        Returns
        -------
        Levels
            Equal on every engine; of a lazy table nothing else is collected.

        Raises
        ------
        InputTypeError
            If the column does not hold numbers.
        """
        self.check_numbers(column)
        unit = self._whole(column)[1]
        if isinstance(self.frame, nw.LazyFrame):
            return levels_in(self.frame, column, unit)
        return Levels(*levels_of(self.array(column).astype(np.float64)), unit)

    def totals(self, column: str, thresholds: Sequence[float] = ()) -> ColumnTotals:
        """Return the sum of a column, and of its part above thresholds, in one pass.

        Parameters
        ----------
        column : str
            A numeric column. Sums of ``total_value`` and ``refunds`` are exact, the same on every engine.
        thresholds : sequence of float, shape (k,)
            Values are counted that are strictly greater.

        Returns
        -------
        ColumnTotals
        """
        self._check([column])
        value = nw.col(column)
        whole, unit = self._whole(column)
        wanted = [nw.len().alias("rows"), whole.sum().alias("total")]
        for place, threshold in enumerate(thresholds):
            above = value > float(threshold)
            wanted.append(nw.when(above).then(nw.lit(1)).otherwise(nw.lit(0)).sum().alias(f"rows_{place}"))
            wanted.append(nw.when(above).then(whole).otherwise(nw.lit(0)).sum().alias(f"total_{place}"))
        row = next(_collected(self._whole_frame([column]).select(*wanted)).iter_rows(named=True))
        return totals_of_row(row, thresholds, unit)

    def group_totals(
        self, by: str, columns: Sequence[str] = (), groups: Sequence[Any] | None = None
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Return the number of customers and the sums of columns for each value of a column.

        Parameters
        ----------
        by : str
            A column of labels or whole numbers.
        columns : sequence of str
            Numeric columns to add up. Sums of ``orders``, ``total_value`` and ``refunds`` are exact.
        groups : sequence of str or int, optional
            The values of ``by`` that are wanted, with zeros where there are no customers.

        Returns
        -------
        dict of str to ndarray
            ``by`` in the order of the groups, or in ascending order; ``"customers"`` (int64); each column's sum, int64
            of whole numbers.
        """
        self._check([by, *columns])
        frame = self._whole_frame([by, *columns])
        whole = {column: self._whole(column) for column in columns}
        if whole:
            frame = frame.with_columns(*(values.alias(column) for column, (values, _) in whole.items()))
        grouped = frame.group_by(by).agg(nw.len().alias("customers"), *(nw.col(column).sum() for column in columns))
        kinds = frame.collect_schema()
        counts = ["customers", *(column for column in columns if kinds[column].is_integer())]
        grouped = grouped.with_columns(*(nw.col(name).cast(nw.Int64) for name in counts))  # a HUGEINT in DuckDB
        found = _collected(grouped).sort(by)
        sums = {column: np.asarray(found.get_column(column).to_numpy()) for column in columns}
        totals = {
            by: np.asarray(found.get_column(by).to_list()),
            "customers": found.get_column("customers").to_numpy(),
            **{column: unscaled(sums[column], whole[column][1]) for column in columns},
        }
        return totals if groups is None else totals_in_order(totals, by, groups)

    def in_whole_numbers(self, *columns: str) -> tuple[AnyFrame, dict[str, float]]:
        """Return the customer id and columns as a frame in which sums are exact.

        Parameters
        ----------
        *columns : str
            Numeric columns.

        Returns
        -------
        frame : narwhals DataFrame or LazyFrame
            ``total_value`` and ``refunds`` are whole numbers where the base knows their decimals.
        unit : dict of str to float
            What sums of each column are to be divided by.
        """
        self._check(columns)
        whole = {column: self._whole(column) for column in columns}
        frame = self._whole_frame([self.customer, *columns])
        exact = frame.with_columns(*(values.alias(column) for column, (values, _) in whole.items()))
        return exact, {column: unit for column, (_, unit) in whole.items()}

    def to_native(self, *columns: str) -> Any:
        """Return the customer id and chosen columns as a frame of the user's kind.

        Parameters
        ----------
        *columns : str
            The columns wanted besides the id, in this order; all added and given ones by default.

        Returns
        -------
        native frame
            A lazy frame if the base is lazy.
        """
        wanted = [self.customer, *columns] if columns else self.columns
        self._check(wanted)
        return self._whole_frame(wanted).to_native()

    def _whole_frame(self, columns: Sequence[str]) -> AnyFrame:
        """Return the frame with these columns alone, arrays among them put into it."""
        if isinstance(self.frame, nw.LazyFrame):
            return self.frame.select(*columns)
        backend = self.frame.implementation
        given = self.frame.select(*(column for column in columns if column not in self.added))
        arrays = {name: self.added[name] for name in columns if name in self.added}
        if not given.columns:
            return nw.from_dict({name: values_for_frame(values) for name, values in arrays.items()}, backend=backend)
        made = [nw.new_series(name, values_for_frame(array), backend=backend) for name, array in arrays.items()]
        return given.with_columns(*made).select(*columns) if made else given

    def _whole(self, column: str) -> tuple[nw.Expr, float]:
        """Return values that add up exactly, and what their sum is to be divided by."""
        if self.money_power is None or column not in ("total_value", "refunds") or column in self.added:
            return nw.col(column), 1.0
        return (nw.col(column) * 10.0**self.money_power + 0.5).floor().cast(nw.Int64), 10.0**self.money_power

    def _joined(self, small: AnyFrame, on: Sequence[str]) -> ScoreTable:
        if not (isinstance(self.frame, nw.LazyFrame) and isinstance(small, nw.LazyFrame)):
            raise InvalidInputError("Only lazy frames are joined; arrays lie side by side.")
        return replace(self, frame=self.frame.join(small, on=list(on), how="left"))

    def _with_arrays(self, made: Mapping[str, np.ndarray[Any, Any]]) -> ScoreTable:
        arrays = {name: np.asarray(values) for name, values in made.items()}
        self._check_new(arrays, len(self.array(self.columns[1])))
        return replace(self, added={**self.added, **arrays})

    def _check(self, columns: Sequence[str]) -> None:
        missing = {f"column {place + 1}": name for place, name in enumerate(columns) if name not in self.columns}
        if missing:
            raise ColumnNotFoundError.missing(missing, self.columns)

    def _check_new(self, made: Mapping[str, np.ndarray[Any, Any] | None], rows: int) -> None:
        taken = [name for name in made if name in self.columns]
        if taken:
            raise InvalidInputError(f"The table already has columns {taken}: choose other names.")
        for name, values in made.items():
            if values is not None and values.shape != (rows,):
                raise InvalidInputError(f"Column {name!r} must have the shape ({rows},), got {values.shape}.")


class _Columns(Mapping[str, Any]):
    """The columns of a table in memory, each read only when it is asked for."""

    __slots__ = ("_table",)

    def __init__(self, table: ScoreTable) -> None:
        self._table = table

    def __getitem__(self, name: str) -> Any:
        return self._table.array(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.columns)

    def __len__(self) -> int:
        return len(self._table.columns)


def _collected(frame: AnyFrame) -> nw.DataFrame[Any]:
    return frame.collect() if isinstance(frame, nw.LazyFrame) else frame
