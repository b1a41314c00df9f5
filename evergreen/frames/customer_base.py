"""The customer base: one row per customer, from a transaction log or a summary, on any engine."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from html import escape
from typing import Any, final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.durations import UNIT_NAMES, check_time_unit
from evergreen.errors import InputTypeError, InvalidInputError, SessionClosedError
from evergreen.frames.attributes import open_attributes, with_attributes
from evergreen.frames.audit import Dropped
from evergreen.frames.columns import AnyFrame
from evergreen.frames.gap_counts import AddedGaps, LazyGaps
from evergreen.frames.gaps import total_of
from evergreen.frames.grouped import grouped, grouped_histories, mean_spend
from evergreen.frames.increments import add_rows
from evergreen.frames.keeping import Kept, kept_meanwhile
from evergreen.frames.logs import Summary, keep_customers, summarize_log
from evergreen.frames.past import Past, check_no_attributes, no_past, other_customers
from evergreen.frames.periods import Moment, boundary, time_ratio
from evergreen.frames.reading import LogColumns, Reading, ZeroAmounts, reading_of
from evergreen.frames.results import ScoreTable
from evergreen.frames.sessions import check_session
from evergreen.frames.summaries import SummaryColumns, checked_summary
from evergreen.models.attributed import AttributedHistories
from evergreen.models.gaps import GapHistories
from evergreen.models.histories import PurchaseHistories, SpendHistories
from evergreen.typing import FloatArray, IntArray, Occasion, TimeUnit


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CustomerBase:
    """Customers with how often, how recently and for how long they buy, and for how much.

    Build one with :meth:`from_transactions` or :meth:`from_summary`.

    Parameters
    ----------
    frame : native frame
        One row per customer, of the kind that was given: the customer id; ``frequency`` (int64, repeat
        occasions), ``recency`` and ``T`` (float64, in ``time_unit``), and, if the base has them,
        ``monetary_value`` (mean value of the repeat occasions), ``first_purchase``, ``last_purchase``,
        ``orders``, ``total_value``, ``refunds``, ``log_gaps`` (sum of the natural logarithms of the times
        between consecutive occasions), and attributes.
    customer : str
        Name of the id column.
    time_unit : {"h", "D", "W", "M", "Y"}
        Unit of ``recency`` and ``T``.
    occasion : {"row", "D", "W", "M"}, optional
        What one occasion was in the log; None for a summary that does not say.
    observation_end : datetime.date or datetime.datetime, optional
        End of the observation.
    dropped : Dropped
        What of the log was left out.
    money_power : int, optional
        Decimals at which the money of the log was added up exactly.
    attributes : tuple of str
        Columns that :meth:`with_attributes` added.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame(
    ...     {
    ...         "customer_id": ["ann", "ann", "bob"],
    ...         "date": pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-05"]),
    ...         "amount": [10.0, 30.0, 20.0],
    ...     }
    ... )
    >>> base = CustomerBase.from_transactions(log, observation_end="2024-01-31")
    >>> base.frame[["customer_id", "frequency", "recency", "T", "monetary_value"]]
      customer_id  frequency  recency     T  monetary_value
    0         ann          1      7.0  30.0            30.0
    1         bob          0      0.0  26.0             0.0
    """

    frame: Any
    customer: str
    time_unit: TimeUnit
    occasion: Occasion | None
    observation_end: date | datetime | None
    dropped: Dropped
    money_power: int | None = None
    attributes: tuple[str, ...] = ()
    _gaps: GapHistories | LazyGaps | AddedGaps | None = field(default=None, repr=False)
    _past: Past | None = field(default=None, repr=False)
    _kept: Kept | None = field(default=None, repr=False)

    @classmethod
    def from_transactions(
        cls,
        log: Any,
        *,
        customer: str = "customer_id",
        date: str = "date",
        amount: str | None = "amount",
        order: str | None = None,
        observation_end: Moment | None = None,
        time_unit: TimeUnit = "D",
        occasion: Occasion = "D",
        zero_amounts: ZeroAmounts = "keep",
        log_gaps: bool = False,
    ) -> CustomerBase:
        """Summarize a transaction log.

        Rows with an amount of at least zero are purchases; rows with a negative amount are refunds, which
        are never occasions but are taken off ``total_value``. Rows that cannot be used are counted in
        :attr:`dropped`, and one warning tells of them.

        Parameters
        ----------
        log : frame
            One row per purchase (or order line, or refund): pandas, polars (eager or lazy), pyarrow Table,
            DuckDB relation, PySpark DataFrame, Ibis table, or another kind that narwhals reads. It is not changed.
        customer : str
            Column of customer ids; they come back as they are. Whole numbers that pandas holds as floats
            because some are missing come back as int64.
        date : str
            Column of dates or local times: a date type, or ISO text (``2024-12-31``, ``2024-12-31 18:30``). Times with
            a zone are refused, such as each TIMESTAMP of Spark (``timestamp_ntz`` has none).
        amount : str or None
            Column of money, in any one currency; None for a log without money.
        order : str, optional
            Column of order ids, for counting ``orders`` where an order has several rows. A row without an
            order id is an order of its own.
        observation_end : str, date, datetime or numpy.datetime64, optional
            End of the observation; later rows are left out. A date is inside to the end of its day; at the
            grains of day, week and month so is the day of a time. By default the latest usable row.
        time_unit : {"D", "h", "W", "M", "Y"}
            Unit of ``recency`` and ``T``: hours, days, weeks, mean months or mean years.
        occasion : {"D", "row", "W", "M"}
            What one occasion is: a calendar day, week from Monday, calendar month, or every row (times to
            the second; of first rows in the same second the smallest counts as the first). Times are
            differences of whole periods.
        zero_amounts : {"keep", "drop"}
            Whether an amount of zero is an occasion (the customer came) or left out.
        log_gaps : bool
            Whether to add the column ``log_gaps``, which models of regular buying need.

        Returns
        -------
        CustomerBase
            In memory sorted by customer id (ids that cannot be compared stay in order of first
            appearance); a lazy log gives a lazy base, in no particular order, of which only the audit has
            run.

        Raises
        ------
        ColumnNotFoundError
            If a column is missing.
        InputTypeError
            If the log is not a frame, or a column is of a type that cannot be read.
        InvalidInputError
            If a setting is not allowed, text is not an ISO date, nothing of the log is left, or ``log_gaps``
            meets two rows of a customer in one second (a time of 0 has no logarithm).
        SessionClosedError
            If the connection or session that holds the log is closed.
        MissingExtraError
            If the log is in an engine that hands over results by pyarrow, and that is not installed.

        Warns
        -----
        DataWarning
            If rows were left out, with the counts.

        Notes
        -----
        Money is added up as whole numbers of the finest power of ten (at most nine decimals) whose sums
        are exact, so every engine returns the same bits. Amounts whose sum reaches 4e15 cents and beyond
        lose decimals. A lazy base runs from the log again at every use: :meth:`persist` it
        first, and :meth:`unpersist` it in the end.
        """
        reading = reading_of(
            LogColumns(customer, date, amount, order),
            occasion=occasion,
            time_unit=time_unit,
            zero_amounts=zero_amounts,
            observation_end=observation_end,
            log_gaps=log_gaps,
        )
        found = summarize_log(log, reading)
        found.dropped.warn(stacklevel=2)
        return cls.from_parts(found, reading)

    def update(self, new_rows: Any, *, observation_end: Moment | None = None) -> CustomerBase:
        """Return the base with later rows of its log added, without reading the log again.

        Parameters
        ----------
        new_rows : frame
            Rows after the end of this base, with the columns of its log, in a frame of the same kind (lazy in the same
            engine if the base is lazy). It is not changed.
        observation_end : str, date, datetime or numpy.datetime64, optional
            The new end of the observation, read as in :meth:`from_transactions`. By default the latest usable row; the
            end of this base if there is none.

        Returns
        -------
        CustomerBase
            To the bit the base that :meth:`from_transactions` makes of the rows read so far and the new ones, with the
            settings of this base; the notes tell where it is not. In memory sorted by customer id, lazy if this one is.

        Raises
        ------
        ColumnNotFoundError
            If a column of the log is missing.
        InputTypeError
            If the rows are in a frame of another kind, or a column is of a type that cannot be read or put to that of
            the base.
        InvalidInputError
            If rows lie at or before the end of this base (at the grains of day, week and month: of its day), where
            they cannot be told from those read already; if ``observation_end`` lies before it; if the base was made
            from a summary, has attributes, or other customers than its log.

        Warns
        -----
        DataWarning
            If new rows were left out, with the counts.

        Notes
        -----
        - Rows after the end of this base were not read, and :attr:`dropped` forgets them: give them among the new ones.
        - Ids of orders are not kept: an order with rows on both sides of the end counts as two.
        - Money of more decimals than :attr:`money_power` has in the end is rounded for each customer, not for each row,
          where sums have outgrown the decimals that they had. Money in cents has no such decimals below 4e13.
        - Where sums reach 4e15 and :attr:`money_power` is negative, means may differ in their last bit.
        - Customers whose ids cannot be compared with others come last if they are new.
        - Ids keep the type that they have in this base, where those of the whole log might have had a wider one.

        A lazy base runs from the log again at every use, and from all new rows, unless :meth:`persist` is called after
        each update.

        Examples
        --------
        >>> import pandas as pd
        >>> dates = ["2024-01-01", "2024-01-05", "2024-01-08", "2024-01-09"]
        >>> log = pd.DataFrame({"customer_id": ["ann", "bob", "ann", "eve"], "date": dates, "amount": [10, 20, 30, 5]})
        >>> base = CustomerBase.from_transactions(log[:2], observation_end="2024-01-07")
        >>> later = base.update(log[2:], observation_end="2024-01-10")
        >>> later.frame[["customer_id", "frequency", "T", "monetary_value"]]
          customer_id  frequency    T  monetary_value
        0         ann          1  9.0            30.0
        1         bob          0  5.0             0.0
        2         eve          0  1.0             0.0
        """
        if self._past is None or self._gaps is None:
            raise no_past()
        check_no_attributes(self.attributes)
        end = None if observation_end is None else boundary("observation_end", observation_end)
        found, dropped = add_rows(self._opened, self._past, self._gaps, new_rows, end)
        dropped.warn(stacklevel=2)
        return self.from_parts(found, self._past.reading)

    @classmethod
    def from_parts(cls, found: Summary, reading: Reading) -> CustomerBase:
        """Return the base of a summary that evergreen made itself; nothing is checked."""
        return cls(
            found.frame,
            reading.columns.customer,
            reading.time_unit,
            reading.occasion,
            found.end.moment(reading.occasion),
            found.dropped,
            None if reading.columns.amount is None else found.scale.power,
            _gaps=found.gaps,
            _past=found.past,
        )

    @classmethod
    def from_summary(
        cls,
        frame: Any,
        *,
        customer: str = "customer_id",
        frequency: str = "frequency",
        recency: str = "recency",
        T: str = "T",
        monetary_value: str | None = "monetary_value",
        time_unit: TimeUnit = "D",
        observation_end: Moment | None = None,
        log_gaps: str | None = "log_gaps",
    ) -> CustomerBase:
        """Take a base that is one row per customer already.

        Columns named ``first_purchase``, ``last_purchase``, ``orders``, ``total_value`` and ``refunds`` are
        taken along; others are not.

        Parameters
        ----------
        frame : frame
            One row per customer, of any kind. It is not changed.
        customer, frequency, recency, T : str
            Columns of ids, whole repeat occasions, and times in ``time_unit`` with
            ``0 <= recency <= T``.
        monetary_value : str or None
            Column of the mean value of the repeat occasions; may be absent under its default name.
        time_unit : {"D", "h", "W", "M", "Y"}
            Unit of the times.
        observation_end : str, date, datetime or numpy.datetime64, optional
            End of the observation, if known.
        log_gaps : str or None
            Column of the sums of the natural logarithms of the times between consecutive occasions; may be absent
            under its default name.

        Returns
        -------
        CustomerBase

        Raises
        ------
        ColumnNotFoundError
            If a column is missing.
        InvalidInputError
            If ids are missing or repeated, or values are missing, negative, not whole or out of order;
            the message counts them.
        """
        unit = check_time_unit(time_unit)
        columns = SummaryColumns(customer, frequency, recency, T, monetary_value, log_gaps)
        native, rows = checked_summary(frame, columns)
        end = None if observation_end is None else boundary("observation_end", observation_end).moment("D")
        return cls(native, customer, unit, None, end, Dropped(rows))

    @property
    def is_lazy(self) -> bool:
        """Whether the base is computed by an engine each time it is used."""
        return isinstance(nw.from_native(self.frame), nw.LazyFrame)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self._opened.collect_schema().names()

    @property
    def has_value(self) -> bool:
        """Whether the base knows the mean value of repeat occasions."""
        return "monetary_value" in self.columns

    @property
    def has_gaps(self) -> bool:
        """Whether the base was made from a log, which tells the gaps between purchases."""
        return self._gaps is not None

    def __len__(self) -> int:
        """Return the number of customers; a lazy base counts them in its engine."""
        opened = self._opened
        if isinstance(opened, nw.DataFrame):
            return len(opened)
        return int(opened.select(nw.len().alias("customers")).collect().item())

    def __repr__(self) -> str:
        """Return one line; a lazy base is not computed for it."""
        size = "lazy" if self.is_lazy else f"{len(self):,} customers"
        facts = [f"{name} {value}" for name, value in self._facts().items()]
        return f"CustomerBase({', '.join([size, *facts])})"

    def _repr_html_(self) -> str:
        """Return a small table for notebooks; a lazy base is not computed for it."""
        facts = {"customers": "lazy" if self.is_lazy else f"{len(self):,}", **self._facts()}
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(fact))}</td></tr>" for name, fact in facts.items())
        return f"<table><caption>CustomerBase</caption>{rows}</table>"

    def purchase_arrays(self) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return (frequency, recency, T) of every customer, sharing memory where the frame allows.

        Returns
        -------
        frequency : ndarray of int64, shape (n,)
            Repeat occasions.
        recency, T : ndarray of float64, shape (n,)
            Times in ``time_unit``.

        Raises
        ------
        InputTypeError
            If the base is lazy.
        """
        return self.array("frequency"), self.array("recency"), self.array("T")

    def array(self, column: str) -> np.ndarray[Any, Any]:
        """Return a column of a base in memory as an array, sharing memory where the frame allows.

        Raises
        ------
        InputTypeError
            If the base is lazy.
        """
        if self.is_lazy:
            raise InputTypeError(
                "This base is lazy and has no arrays: use histories(), scores(), or collect the log first."
            )
        return self.scores().array(column)

    def histories(self) -> PurchaseHistories:
        """Group the customers to distinct purchase histories, in the engine if the base is lazy.

        Returns
        -------
        PurchaseHistories
            The same, whatever the engine.
        """
        grains: tuple[Occasion, ...] = ("D", "row") if self.occasion is None else (self.occasion,)
        columns, count = grouped_histories(self._opened, [time_ratio(grain, self.time_unit) for grain in grains])
        logs = total_of(self._opened, "log_gaps") if "log_gaps" in self.columns else (None, 0.0)
        return PurchaseHistories(*columns, count, self.time_unit, *logs)

    def histories_by(self, *attributes: str) -> AttributedHistories:
        """Group the customers to distinct purchase histories with attributes, in the engine if the base is lazy.

        Parameters
        ----------
        *attributes : str
            Names of attributes; all of :attr:`attributes` by default.

        Returns
        -------
        AttributedHistories
            The same, whatever the engine.

        Raises
        ------
        InvalidInputError
            If there is no such attribute.

        Examples
        --------
        >>> import pandas as pd
        >>> summary = pd.DataFrame({"customer_id": [1, 2, 3], "frequency": 0, "recency": 0.0, "T": [9.0, 9.0, 8.0]})
        >>> known = pd.DataFrame({"customer_id": [3, 2, 1], "channel": ["web", "shop", "shop"]})
        >>> base = CustomerBase.from_summary(summary).with_attributes(known)
        >>> rows = base.histories_by("channel")
        >>> rows.values["channel"].tolist(), rows.T, rows.count
        (['shop', 'web'], array([9., 8.]), array([2, 1]))
        """
        names = attributes or self.attributes
        missing = [name for name in names if name not in self.attributes]
        if missing or not names:
            raise InvalidInputError(
                f"This base has no attributes {missing}; it has {list(self.attributes)}: add them by with_attributes()."
            )
        (x, t_x, age, *besides), count = grouped(self._opened, ["frequency", "recency", "T", *names])
        values = dict(zip(names, besides, strict=True))
        return AttributedHistories.of(x, t_x, age, values, count=count, time_unit=self.time_unit)

    def gaps(self) -> GapHistories:
        """Count the gaps between the occasions of each customer, and the silence since the last one.

        Returns
        -------
        GapHistories
            The same, whatever the engine: lengths are whole periods of the occasion, as ``recency`` and ``T`` are, and
            where every row is an occasion days, a begun one in full. Customers are silent for ``T - recency``.

        Raises
        ------
        InvalidInputError
            If the base was made from a summary, which does not tell gaps, or its customers are others than those of the
            log.

        Notes
        -----
        From a pandas frame or a pyarrow table they were counted along with the summary. Other logs are kept and read
        again, in their engine, each time that gaps are asked for, even those of a base that was persisted. A pickle of
        a base holds the counts. Gaps that the rows of an :meth:`update` ended are counted with it in memory, and once a
        lazy base is persisted.

        Examples
        --------
        >>> from evergreen import datasets
        >>> gaps = CustomerBase.from_transactions(datasets.load_cdnow(sample=True)).gaps()
        >>> gaps.customers, gaps.gaps, gaps.at(1).gaps
        (2357, 4339, 1139)
        """
        if self._gaps is None:
            raise InvalidInputError(
                "This base was made from a summary, which does not tell the gaps between purchases: build it from the "
                "log by from_transactions(), or count them yourself into GapHistories.of()."
            )
        check_session(nw.from_native(self.frame))
        if isinstance(self._gaps, AddedGaps):
            return self._gaps.beside(self.histories())
        found = self._gaps.collect() if isinstance(self._gaps, LazyGaps) else self._gaps
        if not self.is_lazy and found.customers != len(self):
            raise other_customers(len(self), found.customers)
        return found

    def spends(self, *, first_purchase: bool = False) -> SpendHistories:
        """Group the customers to distinct (number of occasions, mean value), in the engine if the base is lazy.

        Parameters
        ----------
        first_purchase : bool
            Whether the first purchase counts: then the occasions are all of a customer's, and their mean value is that
            of all purchases, before refunds. By default they are the repeat occasions.

        Returns
        -------
        SpendHistories
            Customers with such occasions and a positive mean value; the others are counted.

        Raises
        ------
        InvalidInputError
            If the base has no money, or not the columns ``total_value`` and ``refunds`` that the money of first
            purchases is taken from.
        """
        if not self.has_value:
            raise InvalidInputError("This base has no monetary_value: give the log's amount column.")
        if not first_purchase:
            (frequency, value), count = grouped(self._opened, ["frequency", "monetary_value"])
            return SpendHistories.of(frequency, value, count=count)
        table = self.scores().with_columns(evergreen_mean=mean_spend(self.columns))
        if isinstance(table.frame, nw.LazyFrame):
            (repeats, value), count = grouped(table.frame, ["frequency", "evergreen_mean"])
            return SpendHistories.of(repeats + 1, value, count=count)
        return SpendHistories.of(self.array("frequency") + 1, table.array("evergreen_mean"))

    def with_attributes(
        self, frame: Any, *columns: str, customer: str | None = None, absent: float | str | None = None
    ) -> CustomerBase:
        """Return the base with what else is known of its customers, matched by their id.

        Parameters
        ----------
        frame : frame
            One row per customer, of the kind of the base (lazy in the same engine if the base is lazy). It is not
            changed. Customers who are not in the base, and rows without an id, are ignored.
        *columns : str
            The columns wanted, of numbers, text or booleans; all by default.
        customer : str, optional
            Its column of ids; that of the base by default.
        absent : float, bool or str, optional
            Value of these columns for customers of the base who have no row, such as 0 contacts for those whom the
            support desk has never heard of. By default every customer must have one.

        Returns
        -------
        CustomerBase
            With the columns added to its frame, and to :attr:`attributes`: whole numbers as int64, others as float64.

        Raises
        ------
        ColumnNotFoundError
            If a column is missing.
        InputTypeError
            If the frame is of another kind than the base, or a column of a type that is neither number nor text.
        InvalidInputError
            If a customer of the base has no row and there is no ``absent``, a customer has several, a value is missing
            or infinite, or a name is that of another column; the message counts the rows. If ``absent`` is not of the
            kind of a column.

        Examples
        --------
        >>> import pandas as pd
        >>> summary = pd.DataFrame({"customer_id": [1, 2], "frequency": 0, "recency": 0.0, "T": 9.0})
        >>> known = pd.DataFrame({"id": [3, 2, 1], "margin": [0.2, 0.3, 0.4]})
        >>> base = CustomerBase.from_summary(summary).with_attributes(known, "margin", customer="id")
        >>> base.attributes, base.array("margin")
        (('margin',), array([0.4, 0.3]))
        >>> desk = pd.DataFrame({"customer_id": [2], "contacts": [7]})
        >>> base.with_attributes(desk, absent=0).array("contacts")
        array([0, 7])
        """
        theirs = self.customer if customer is None else customer
        given = open_attributes(frame, self._opened, columns, customer=theirs, base_customer=self.customer)
        absent = absent.item() if isinstance(absent, np.generic) else absent
        joined = with_attributes(self._opened, self.customer, given, absent)
        names = joined.collect_schema().names()[len(self.columns) :]
        return replace(self, frame=joined.to_native(), attributes=(*self.attributes, *names))

    def persist(self) -> CustomerBase:
        """Return a base whose rows have been computed once and are kept by its engine.

        Returns
        -------
        CustomerBase
            A base in memory, or one that is kept already, is returned as it is.

        Notes
        -----
        Polars keeps rows in memory, DuckDB in a temporary table of the relation's own connection, Ibis in a temporary
        table, PySpark in the memory and on the disks of its executors, once they are first asked for. They stay there
        until :meth:`unpersist`, or until the connection or session ends. Attributes that are added afterwards are not
        kept; persisting once more keeps all rows again, and those of the first time stay for themselves.
        """
        if self._is_kept:
            return self
        rows, past = keep_customers(self._opened, self._past)
        gaps = self._gaps.persist() if isinstance(self._gaps, AddedGaps) else self._gaps
        return replace(self, frame=rows.frame.to_native(), _gaps=gaps, _past=past, _kept=rows)

    def unpersist(self) -> None:
        """Let the engine forget the rows that :meth:`persist` has kept.

        This base cannot be asked for anything afterwards, nor can lazy results that were made from it, but for those of
        polars, which hold rows, and of Spark, which computes them anew. The base that was persisted can.
        """
        if self._kept is not None:
            self._kept.release()

    @contextmanager
    def kept_meanwhile(self) -> Generator[CustomerBase]:
        """Keep the rows of a lazy base for as long as several questions are asked of it.

        Yields
        ------
        CustomerBase
            A base in memory, or one that is kept already, as it is.
        """
        if self._is_kept:
            yield self
            return
        with kept_meanwhile(self._opened) as rows:
            yield replace(self, frame=rows.to_native())

    def scores(self) -> ScoreTable:
        """Return a table to which scores are added without knowing the engine.

        Returns
        -------
        ScoreTable
        """
        return ScoreTable(self.customer, self._opened, money_power=self.money_power)

    @property
    def _opened(self) -> AnyFrame:
        if self._kept is not None and self._kept.released:
            raise SessionClosedError("This base was unpersisted: go on with the base that was persisted.")
        return check_session(nw.from_native(self.frame))

    @property
    def _is_kept(self) -> bool:
        """Whether rows are in memory, or kept by their engine."""
        return not self.is_lazy or (self._kept is not None and self._kept.frame.to_native() is self.frame)

    def _facts(self) -> dict[str, str]:
        facts = {
            "observed until": None if self.observation_end is None else str(self.observation_end),
            "time in": UNIT_NAMES[self.time_unit],
            "occasion": self.occasion,
            "attributes": ", ".join(self.attributes) or None,
            "left out": f"{self.dropped.total:,} of {self.dropped.rows:,} rows" if self.dropped.total else None,
        }
        return {name: fact for name, fact in facts.items() if fact is not None}
