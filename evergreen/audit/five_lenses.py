"""The customer base as it is, without a model: :class:`CustomerBaseAudit`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np

from evergreen.audit.cohort_measures import MEASURES, CohortMeasure, column_of, measures_of
from evergreen.audit.one_period import OnePeriod
from evergreen.audit.two_periods import TwoPeriods
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames import (
    PERIOD_NAMES,
    CohortCells,
    Dropped,
    LogColumns,
    Moment,
    PeriodLog,
    ZeroAmounts,
    check_period,
    plain_matrix,
    plain_table,
    read_periods,
    reading_of,
)
from evergreen.models.checks import check_choice
from evergreen.typing import FloatArray, IntArray, Period

if TYPE_CHECKING:
    import pandas as pd


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CustomerBaseAudit:
    """Who bought what, and when: five lenses on a customer base, by calendar period.

    The lenses are those of Fader, Hardie & Ross (2022):

    1. :meth:`one_period`: how customers differ.
    2. :meth:`two_periods`: what changed, and where.
    3. :meth:`cohort`: how those who came together develop.
    4. :meth:`cohorts`: whether later ones are better.
    5. :meth:`whole`: what all of them bring together.

    Build one with :meth:`from_transactions`. A cohort is the customers who made their first purchase in one period.
    What was not seen is missing; what was seen and did not happen is 0.

    Parameters
    ----------
    period : {"M", "Q", "Y"}
        What a period is: a calendar month, quarter or year.
    periods : tuple of str
        Their names in order: ``1997-01``, ``1997Q1`` or ``1997``.
    partial : tuple of str
        The names of those that were seen in part only, because the observation begins or ends within them.
    observation_start, observation_end : datetime.date
        The first and the last day that were seen.
    dropped : Dropped
        What of the log was left out.

    Examples
    --------
    >>> from evergreen import CustomerBaseAudit, datasets
    >>> audit = CustomerBaseAudit.from_transactions(datasets.load_cdnow())
    >>> audit
    CustomerBaseAudit(23,570 customers, 6 quarters from 1997-01-01 to 1998-06-30, revenue 2,500,315.63)
    >>> audit.whole()[["period", "customers", "new_customers", "revenue"]].head(3)
       period  customers  new_customers     revenue
    0  1997Q1      23570          23570  1071805.47
    1  1997Q2       5376              0   359153.66
    2  1997Q3       4263              0   292395.37
    """

    period: Period
    periods: tuple[str, ...]
    partial: tuple[str, ...]
    observation_start: date
    observation_end: date
    dropped: Dropped
    _log: PeriodLog
    _cells: CohortCells

    @classmethod
    def from_transactions(
        cls,
        log: Any,
        *,
        customer: str = "customer_id",
        date: str = "date",
        amount: str = "amount",
        order: str | None = None,
        segment: str | None = None,
        period: Period = "Q",
        observation_end: Moment | None = None,
        zero_amounts: ZeroAmounts = "keep",
    ) -> CustomerBaseAudit:
        """Read a transaction log.

        Rows are read as :meth:`CustomerBase.from_transactions` reads them: amounts of at least zero are purchases,
        negative ones are refunds, which make nobody active and are taken off the revenue of the period they fall into.

        Parameters
        ----------
        log : frame
            One row per purchase (or order line, or refund), of any kind. It is not changed.
        customer, date, amount : str
            Columns of ids, of dates or local times, and of money.
        order : str, optional
            Column of order ids; an order with rows in two periods counts in both, and a row without an order id is an
            order of its own. By default all that a customer buys on a day is one order.
        segment : str, optional
            Column of the segment of each customer, text or whole numbers, for :meth:`of_segment`.
        period : {"Q", "M", "Y"}
            What a period is: a calendar quarter, month or year.
        observation_end : str, date, datetime or numpy.datetime64, optional
            End of the observation, to the end of its day; later rows are left out. By default the latest usable row.
        zero_amounts : {"keep", "drop"}
            Whether an amount of zero is a purchase or left out.

        Returns
        -------
        CustomerBaseAudit
            The same, to the bit, on every engine.

        Raises
        ------
        ColumnNotFoundError
            If a column is missing.
        InputTypeError
            If the log is not a frame, or a column is of a type that cannot be read.
        InvalidInputError
            If a setting is not allowed, text is not an ISO date, nothing of the log is left, or a customer has several
            segments or none.

        Warns
        -----
        DataWarning
            If rows were left out, with the counts; among them those of customers with refunds and no purchase.

        Notes
        -----
        Of a lazy log only small tables are collected, and :meth:`one_period` and :meth:`two_periods` read it again:
        :meth:`persist` the audit first.

        The first cohort of a log that begins in the middle of the life of a firm is no cohort: everybody who was a
        customer before seems to be new. The observation is taken to begin with the first usable row: a period that
        begins earlier counts as seen in part.
        """
        if not isinstance(amount, str):
            raise InputTypeError.kind("amount", amount, "the name of a column (text): an audit needs money")
        checked = check_period(period)
        reading = reading_of(
            LogColumns(customer, date, amount, order),
            occasion="D",
            time_unit="D",
            zero_amounts=zero_amounts,
            observation_end=observation_end,
        )
        if segment is not None and not isinstance(segment, str):
            raise InputTypeError.kind("segment", segment, "the name of a column (text)")
        found = read_periods(log, reading, checked, segment)
        found.dropped.warn(stacklevel=2)
        calendar = found.calendar
        labels = calendar.labels
        partial = tuple(label for label, part in zip(labels, calendar.partial, strict=True) if part)
        start, end = (_day(day) for day in (calendar.first_day, calendar.last_day))
        return cls(checked, labels, partial, start, end, found.dropped, found, found.rows.cells(calendar.count))

    @property
    def segments(self) -> tuple[str | int, ...]:
        """The segments of the customers in order; none if they were not asked for."""
        return self._log.segments

    @property
    def customers(self) -> int:
        """Customers with a purchase."""
        return int(self._sizes.sum())

    @property
    def revenue(self) -> float:
        """All revenue, after all refunds."""
        return self._money(self._cells.net.sum())

    def one_period(self, period: str) -> OnePeriod:
        """Return how the customers of a period differ: orders, deciles, one-timers.

        Parameters
        ----------
        period : str
            One of :attr:`periods`.

        Returns
        -------
        OnePeriod

        Raises
        ------
        InputTypeError, InvalidInputError
            If there is no such period.
        """
        calendar, cells = self._log.calendar, self._cells
        place = calendar.place("period", period)
        buyers = self._log.rows.buyers(place)
        net, spent = (int(table[:, place].sum()) for table in (cells.net, cells.spent))
        days = calendar.starts
        return OnePeriod(
            period,
            days[place].item(),
            (days[place + 1] - np.timedelta64(1, "D")).item(),
            partial=period in self.partial,
            new_customers=int(self._sizes[place]),
            revenue=self._money(net),
            refunds=self._money(spent - net),
            refunds_of_others=self._money(int((buyers.net * buyers.count).sum()) - net),
            buyer_orders=buyers.orders,
            buyer_money=buyers.net,
            buyer_count=buyers.count,
            money_power=self._log.scale.power,
        )

    def two_periods(self, before: str, after: str, *, margin: float | tuple[float, float] = 1.0) -> TwoPeriods:
        """Return what became of customers and revenue from one period to another.

        Parameters
        ----------
        before, after : str
            Two of :attr:`periods`, the earlier first.
        margin : float or tuple of float
            Share of revenue that is profit, one for both or one for each.

        Returns
        -------
        TwoPeriods

        Raises
        ------
        InputTypeError, InvalidInputError
            If there is no such period, the first is not earlier, or a margin is not a finite number.
        """
        places = [self._log.calendar.place(*given) for given in (("before", before), ("after", after))]
        if places[0] >= places[1]:
            raise InvalidInputError(f"before={before!r} must be earlier than after={after!r}.")
        margins = _margins(margin)
        found = self._log.rows.pair(*places)
        partial = (before in self.partial, after in self.partial)
        power = self._log.scale.power
        return TwoPeriods(before, after, partial, found.customers, found.orders, found.net, power, margins)

    def cohort(self, period: str) -> pd.DataFrame:
        """Return how the customers who first bought in a period developed.

        Parameters
        ----------
        period : str
            One of :attr:`periods`.

        Returns
        -------
        pandas.DataFrame
            One row for each period from that one on: ``period``, ``age`` (periods since the first), ``partial`` and
            the measures of :meth:`cohorts`.

        Raises
        ------
        InputTypeError, InvalidInputError
            If there is no such period.
        """
        place = self._log.calendar.place("period", period)
        later = slice(place, None)
        return plain_table(
            {
                "period": np.array(self.periods[later], object),
                "age": np.arange(len(self.periods) - place),
                "partial": self._log.calendar.partial[later],
                **{name: column_of(name, values[place, later]) for name, values in self._measures().items()},
            }
        )

    def cohorts(self, measure: CohortMeasure = "share_active", *, by: Literal["age", "period"] = "age") -> pd.DataFrame:
        """Return one measure of all cohorts, a row for each.

        Parameters
        ----------
        measure : str
            ``"customers"`` who bought in the period; ``"share_active"``, their share of the cohort; ``"orders"``;
            ``"orders_per_active"``; ``"average_order_value"``; ``"revenue"``; ``"revenue_per_active"``;
            ``"cumulative_revenue_per_customer"``, what a customer of the cohort has brought so far, active or not.
        by : {"age", "period"}
            Whether columns are periods since the first one, or periods of the calendar.

        Returns
        -------
        pandas.DataFrame
            Float64. Cells before the first purchase or after the end of the observation are missing; where nobody came
            customers, shares, orders and revenue are 0, and means per active customer or order are missing. So are
            shares and means of a cohort without customers.

        Raises
        ------
        InvalidInputError
            If a setting is not allowed.

        Notes
        -----
        Revenue is after refunds, those to inactive customers of the cohort too. A refund before the first purchase is
        in no cell: :meth:`whole` tells these. If the last period was seen in part (:attr:`partial`), the last number of
        every row is too low.
        """
        check_choice("measure", measure, dict.fromkeys(MEASURES))
        check_choice("by", by, dict.fromkeys(("age", "period")))
        values = self._measures()[measure]
        if by == "period":
            return plain_matrix(values, self.periods, self.periods)
        count = len(self.periods)
        aged = np.full((count, count), np.nan)
        for place in range(count):
            aged[place, : count - place] = values[place, place:]
        return plain_matrix(aged, self.periods, [str(age) for age in range(count)])

    def whole(self) -> pd.DataFrame:
        """Return what all cohorts bring together, period by period: new customers against existing ones.

        Returns
        -------
        pandas.DataFrame
            ``period``, ``partial``; ``customers``, ``new_customers`` (of this period's cohort), ``existing_customers``;
            ``orders``; ``revenue`` after refunds, which is the sum of ``new_revenue``, ``existing_revenue`` and
            ``early_refunds`` (0 or below: refunds to customers before their first purchase in the log); ``refunds``,
            all that was given back, above 0. For the revenue of each cohort see ``cohorts("revenue", by="period")``.
        """
        cells = self._cells
        new, existing = np.diagonal(cells.net), np.triu(cells.net, 1).sum(axis=0)
        customers = cells.customers.sum(axis=0)
        money = {
            "revenue": cells.net.sum(axis=0),
            "new_revenue": new,
            "existing_revenue": existing,
            "early_refunds": np.tril(cells.net, -1).sum(axis=0),
            "refunds": (cells.spent - cells.net).sum(axis=0),
        }
        return plain_table(
            {
                "period": np.array(self.periods, object),
                "partial": self._log.calendar.partial,
                "customers": customers,
                "new_customers": self._sizes,
                "existing_customers": customers - self._sizes,
                "orders": cells.orders.sum(axis=0),
                **{name: whole / self._unit for name, whole in money.items()},
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each cohort and period that was seen.

        Returns
        -------
        pandas.DataFrame
            ``cohort``, ``period``, ``age``, ``partial`` and the measures of :meth:`cohorts`.
        """
        cohort, period = np.triu_indices(len(self.periods))
        names = np.array(self.periods, object)
        return plain_table(
            {
                "cohort": names[cohort],
                "period": names[period],
                "age": period - cohort,
                "partial": self._log.calendar.partial[period],
                **{name: column_of(name, values[cohort, period]) for name, values in self._measures().items()},
            }
        )

    def of_segment(self, segment: str | int) -> CustomerBaseAudit:
        """Return the audit of the customers of one segment, over the same periods.

        Parameters
        ----------
        segment : str or int
            One of :attr:`segments`.

        Returns
        -------
        CustomerBaseAudit
            Customers and money of all segments add up to those of the whole; :attr:`dropped` is that of the whole log.

        Raises
        ------
        InvalidInputError
            If there is no such segment.

        Examples
        --------
        >>> from evergreen import CustomerBaseAudit, datasets
        >>> log = datasets.load_cdnow()
        >>> first = log.groupby("customer_id")["amount"].transform("first")
        >>> log["start"] = (first > 30).map({True: "large", False: "small"})
        >>> audit = CustomerBaseAudit.from_transactions(log, segment="start")
        >>> for name in audit.segments:
        ...     print(name, audit.of_segment(name).customers)
        large 8351
        small 15219
        """
        if not isinstance(segment, (str, int, np.integer)) or segment not in self.segments:
            raise InvalidInputError(
                f"There is no segment {segment!r}; the segments are {list(self.segments)}."
                if self.segments
                else "This audit has no segments: name their column, from_transactions(..., segment=...)."
            )
        rows = self._log.rows.of_segment(segment)
        found = replace(self._log, rows=rows, segments=())
        return replace(self, _log=found, _cells=rows.cells(len(self.periods)))

    def persist(self) -> CustomerBaseAudit:
        """Return an audit whose customers by period have been computed once and are kept by their engine."""
        return replace(self, _log=replace(self._log, rows=self._log.rows.persist()))

    def unpersist(self) -> None:
        """Let the engine forget what :meth:`persist` has kept; this audit cannot be asked for more afterwards."""
        self._log.rows.unpersist()

    @property
    def _sizes(self) -> IntArray:
        return np.diagonal(self._cells.customers)

    @property
    def _unit(self) -> float:
        return 10.0**self._log.scale.power

    def _money(self, whole: int) -> float:
        return float(whole / self._unit)

    def _measures(self) -> dict[CohortMeasure, FloatArray]:
        return measures_of(self._cells, self._unit)

    def __repr__(self) -> str:
        """Return how many customers were seen, and when."""
        return (
            f"CustomerBaseAudit({self.customers:,} customers, {len(self.periods)} {PERIOD_NAMES[self.period]} from "
            f"{self.observation_start} to {self.observation_end}, revenue {self.revenue:,.2f})"
        )


def _margins(margin: float | tuple[float, float]) -> tuple[float, float]:
    """Return the margin of the earlier and of the later period."""
    given = margin if isinstance(margin, tuple) else (margin, margin)
    numbers = (int, float, np.integer, np.floating)
    if len(given) != 2 or any(isinstance(one, bool) or not isinstance(one, numbers) for one in given):
        raise InputTypeError.kind("margin", margin, "a share of revenue such as 0.4, or two of them (a tuple)")
    early, late = (float(one) for one in given)
    if not (math.isfinite(early) and math.isfinite(late)):
        raise InvalidInputError(f"margin={margin!r} must be finite.")
    return early, late


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
