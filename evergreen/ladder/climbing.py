"""Who stands on which rung: :class:`LoyaltyLadder`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Self, final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames import (
    UNKNOWN,
    CustomerBase,
    Moment,
    ScoreTable,
    ZeroAmounts,
    check_base,
    regular_dates,
    rung_moves,
    rung_standing,
    with_known,
)
from evergreen.kernels.concentration import shares_of_sum
from evergreen.ladder.movement import NOT_YET, LadderMovement
from evergreen.ladder.rule_change import RuleChange, change_between
from evergreen.models.estimator import Estimator
from evergreen.models.rungs import FIRST_LOOK, Rungs
from evergreen.typing import FloatArray, Occasion

_NOT_SEEN: Final = "(unknown)"


@final
class LoyaltyLadder(Estimator):
    """A ladder of rungs from the first purchase upward, on which every customer has a place.

    Parameters
    ----------
    rungs : Rungs, optional
        Who stands where, the lowest rung first. By default rungs for a first look: ``lapsed`` (365 days or more since
        the last order), then by orders ``first-time`` (1), ``repeat`` (2 or 3), ``client`` (4 to 7) and ``loyal`` (8 or
        more). These numbers are a start and no finding: look at the gaps between orders, then set your own.

    Attributes
    ----------
    rungs_ : Rungs
        The rungs that :meth:`transform` goes by.
    customers_ : dict of str to int
        Customers on each rung in the base of the fit.

    Notes
    -----
    A rung is a rule, so there is nothing to estimate: ``fit`` checks the rungs on a base and counts who stands where.
    A ladder describes what customers have done. Whoever stands high has bought often so far; whether that lasts is a
    question for :class:`CLVModel` and :class:`ChurnDetector`. A gift or a discount for the next rung moves purchases
    over its edge that would have come anyway: judge it by an experiment, not by the crowd on the rung.

    Examples
    --------
    >>> from evergreen import CustomerBase, LoyaltyLadder, datasets
    >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    >>> ladder = LoyaltyLadder().fit(base)
    >>> ladder.transform(base).head(3)
       customer_id  days_since_last  orders    rung  rung_number
    0            4            200.0       4  client            4
    1           18            542.0       1  lapsed            1
    2           21            533.0       2  lapsed            1
    >>> ladder.summary(base)[["rung", "customers", "orders", "total_value"]]
             rung  customers  orders  total_value
    0      lapsed       1545    2064     72950.44
    1  first-time          0       0         0.00
    2      repeat        330     814     27966.10
    3      client        325    1682     59559.85
    4       loyal        157    2136     83615.55
    """

    rungs_: Rungs
    customers_: dict[str, int]

    def __init__(self, *, rungs: Rungs | None = None) -> None:
        self.rungs = rungs

    def fit(self, base: CustomerBase) -> Self:
        """Check the rungs on a base, and count who stands where.

        Parameters
        ----------
        base : CustomerBase
            With the columns that the rungs look at.

        Returns
        -------
        LoyaltyLadder
            The object itself, fitted.

        Raises
        ------
        ColumnNotFoundError
            If the base has not a column that the rungs look at.
        InputTypeError
            If it is not a customer base, ``rungs`` are no Rungs, or a column does not hold numbers.
        """
        rungs = FIRST_LOOK if self.rungs is None else _checked("rungs", self.rungs)
        numbers = range(1, len(rungs.names) + 1)
        found = _placed(_valued(check_base(base), rungs.columns), rungs, "rung_number")
        customers = found.group_totals("rung_number", groups=numbers)["customers"].tolist()
        self.rungs_ = rungs
        self.customers_ = dict(zip(rungs.names, customers, strict=True))
        return self

    def transform(self, base: CustomerBase) -> Any:
        """Place the customers of a base on their rungs.

        Parameters
        ----------
        base : CustomerBase
            The base of the fit, or another one such as the same customers a year later.

        Returns
        -------
        frame
            Of the base's own kind (lazy if the base is lazy), one row per customer: the customer id, the columns that
            the rungs look at (days as float64), ``rung`` (text) and ``rung_number`` (int64, 1 is the lowest).

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ColumnNotFoundError, InputTypeError
            As for :meth:`fit`.
        """
        self._require("rungs_", "transform")
        return self._named(base).to_native(*self.rungs_.columns, "rung", "rung_number")

    def summary(self, base: CustomerBase) -> Any:
        """Describe the rungs of a base.

        Parameters
        ----------
        base : CustomerBase
            The base to describe.

        Returns
        -------
        frame
            One row per rung, the lowest first: ``rung``, ``customers``, ``share`` of customers, ``orders``, and if the
            base has money ``total_value`` and ``share_of_value``. Rungs without customers are there, too.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        self._require("rungs_", "summary")
        table = self._named(base, "orders", *_money_of(base))
        found = table.group_totals("rung", ["orders", *_money_of(base)], self.rungs_.names)
        columns = {
            "rung": found["rung"],
            "customers": found["customers"],
            "share": shares_of_sum(found["customers"]),
            "orders": found["orders"],
        }
        if "total_value" in found:
            columns |= {"total_value": found["total_value"], "share_of_value": shares_of_sum(found["total_value"])}
        return table.small_table(columns)

    def compare(self, rungs: Rungs, base: CustomerBase) -> RuleChange:
        """Tell who would rise and who would fall if the rules were others.

        Parameters
        ----------
        rungs : Rungs
            The new rules. Where both ladders have a rung of the same name, it is the same rung; the names of one ladder
            must be among those of the other in the same order, so that higher means the same in both.
        base : CustomerBase
            The customers.

        Returns
        -------
        RuleChange
            Nothing but the numbers of customers by pair of rungs, and their value, is collected from a lazy base.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InputTypeError
            If ``rungs`` are no Rungs.
        InvalidInputError
            If the ladders have different names, or these stand in another order.

        Examples
        --------
        >>> from evergreen import CustomerBase, LoyaltyLadder, Rung, Rungs, datasets
        >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
        >>> def rules(least):
        ...     return Rungs([Rung("guest", {"orders": (1, least)}), Rung("member", {"orders": (least, None)})])
        >>> LoyaltyLadder(rungs=rules(4)).fit(base).compare(rules(5), base)
        2,357 customers under other rules: 0 rise, 149 fall (worth 20,055), 2,208 stay
        """
        self._require("rungs_", "compare")
        new = _checked("rungs", rungs)
        money = _money_of(check_base(base))
        columns = dict.fromkeys([*self.rungs_.columns, *new.columns, *money])
        table = _placed(_valued(base, columns), self.rungs_, "evergreen_old")
        table = _placed(table, new, "evergreen_new")
        room = len(new.names) + 1
        table = table.with_columns(evergreen_pair=lambda c: c["evergreen_old"] * room + c["evergreen_new"])
        return change_between(self.rungs_.names, new.names, table.group_totals("evergreen_pair", money))

    def movement(
        self,
        log: Any,
        *,
        at: Iterable[Moment] | None = None,
        every: str | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
        customer: str = "customer_id",
        date: str = "date",
        amount: str | None = "amount",
        occasion: Occasion = "D",
        zero_amounts: ZeroAmounts = "keep",
    ) -> LadderMovement:
        """Tell how customers moved between the rungs, at several dates from one reading of a log.

        Parameters
        ----------
        log : frame
            One row per purchase, as for :meth:`CustomerBase.from_transactions`. It is not changed.
        at : sequence of str, date, datetime or numpy.datetime64, optional
            Two dates or more, in ascending order; each day belongs to its date.
        every : str, optional
            In place of ``at``: a whole number of days, weeks, calendar months or calendar years, such as ``"1M"``, from
            ``start`` up to ``end``. Months that are too short end on their last day.
        start, end : str, date, datetime or numpy.datetime64, optional
            The first date and the latest that may be, with ``every``.
        customer, date, amount, occasion, zero_amounts
            As for :meth:`CustomerBase.from_transactions`.

        Returns
        -------
        LadderMovement
            The same on every engine. At each date customers stand where :meth:`transform` of the base observed until
            then puts them; ``orders`` are occasions so far. From a lazy log nothing but counts is collected.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ColumnNotFoundError, InputTypeError, InvalidInputError
            As for :meth:`CustomerBase.from_transactions`; if the dates are not given in one of the two ways, are fewer
            than two or not ascending; if the rungs look at attributes, of which a log does not tell past values, or one
            is named "(not yet)" or "(unknown)".

        Warns
        -----
        DataWarning
            If rows were left out, those after the last date among them.

        Examples
        --------
        >>> from evergreen import CustomerBase, LoyaltyLadder, datasets
        >>> log = datasets.load_cdnow(sample=True)
        >>> ladder = LoyaltyLadder().fit(CustomerBase.from_transactions(log))
        >>> moved = ladder.movement(log, at=["1997-06-30", "1997-12-31", "1998-06-30"])
        >>> moved.summary()[["until", "new", "rose", "stayed", "fell"]]
                until  new  rose  stayed  fell
        0  1997-12-31    0   455    1902     0
        1  1998-06-30    0   271     541  1545
        """
        rungs = self._rungs_for("movement")
        found = rung_moves(
            log,
            rungs,
            at=_dates(at, every, start, end),
            customer=customer,
            date=date,
            amount=amount,
            occasion=occasion,
            zero_amounts=zero_amounts,
        )
        return LadderMovement(rungs.names, found.dates, found.counts)

    def standing(
        self,
        log: Any,
        *,
        at: Iterable[Moment] | None = None,
        every: str | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
        customer: str = "customer_id",
        date: str = "date",
        amount: str | None = "amount",
        occasion: Occasion = "D",
        zero_amounts: ZeroAmounts = "keep",
    ) -> Any:
        """Tell where each customer stands at the last of several dates, where he stood before, and for how long.

        Parameters
        ----------
        log, at, every, start, end, customer, date, amount, occasion, zero_amounts
            As for :meth:`movement`. Customers are looked at on these dates alone: of rungs between them, and before the
            first of them, nothing is known.

        Returns
        -------
        frame
            Of the kind of the log (lazy if it is lazy), one row for each customer who has come by the last date: the
            customer id, ``rung`` (text) and ``rung_number`` (int64) at the last date; ``previous_rung`` (text), where
            he stood before his stay on this rung: ``"(not yet)"`` if he had not come, ``"(unknown)"`` if he has been on
            the rung since the first date; ``days_on_rung`` (int64), from the first date of the stay to the last date.
            The stay began up to one distance between dates earlier, and earlier still where the rung before is unknown.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ColumnNotFoundError, InputTypeError, InvalidInputError
            As for :meth:`movement`.

        Warns
        -----
        DataWarning
            If rows were left out, those after the last date among them.

        Examples
        --------
        >>> from evergreen import CustomerBase, LoyaltyLadder, datasets
        >>> log = datasets.load_cdnow(sample=True)
        >>> ladder = LoyaltyLadder().fit(CustomerBase.from_transactions(log))
        >>> ladder.standing(log, every="1M", start="1997-01-31", end="1998-06-30").iloc[[0, 1, 5], [0, 1, 3, 4]]
           customer_id    rung previous_rung  days_on_rung
        0            4  client        repeat           181
        1           18  lapsed    first-time           150
        5           71  lapsed    first-time           150
        """
        rungs = self._rungs_for("standing")
        table = rung_standing(
            log,
            rungs,
            at=_dates(at, every, start, end),
            customer=customer,
            date=date,
            amount=amount,
            occasion=occasion,
            zero_amounts=zero_amounts,
        )
        before = {UNKNOWN: _NOT_SEEN, **dict(enumerate([NOT_YET, *rungs.names]))}
        named = self._with_names(table).with_labels(
            "previous_rung", ["previous_number"], {(n,): before[n] for n in before}
        )
        return named.to_native("rung", "rung_number", "previous_rung", "days_on_rung")

    def _rungs_for(self, method: str) -> Rungs:
        """Return the rungs, none of which has the name of where customers are who stand on none."""
        self._require("rungs_", method)
        taken = [name for name in self.rungs_.names if name in (NOT_YET, _NOT_SEEN)]
        if taken:
            raise InvalidInputError(
                f"{taken[0]!r} is said of customers whose rung is none: give that rung another name."
            )
        return self.rungs_

    def _named(self, base: CustomerBase, *beside: str) -> ScoreTable:
        """Return the base with its rungs, and the columns that they look at and others."""
        wanted = dict.fromkeys([*self.rungs_.columns, *beside])
        return self._with_names(_placed(_valued(check_base(base), wanted), self.rungs_, "rung_number"))

    def _with_names(self, table: ScoreTable) -> ScoreTable:
        return table.with_labels("rung", ["rung_number"], {(at,): name for at, name in enumerate(self.rungs_.names, 1)})


def _checked(name: str, rungs: object) -> Rungs:
    if not isinstance(rungs, Rungs):
        raise InputTypeError.kind(name, rungs, "Rungs, such as Rungs([Rung('guest', {'orders': (1, 2)}), ...])")
    return rungs


def _money_of(base: CustomerBase) -> list[str]:
    return ["total_value"] if "total_value" in base.columns else []


def _valued(base: CustomerBase, columns: Iterable[str]) -> ScoreTable:
    """Return the base with columns that rungs look at."""
    wanted = list(columns)
    table = with_known(base, wanted)
    table.check_numbers(*wanted)
    return table


def _placed(table: ScoreTable, rungs: Rungs, name: str) -> ScoreTable:
    """Add the number of each customer's rung."""
    codes = [f"{name}_{column}" for column in rungs.columns]
    for code, (column, cuts) in zip(codes, rungs.cuts.items(), strict=True):
        below: FloatArray = np.nextafter(cuts, -np.inf)  # a value that reaches a cut is above the number before it
        table = table.with_cuts(code, column, below.tolist())
    cells = rungs.cells
    numbers: Mapping[tuple[int, ...], int] = {
        tuple(place + 1 for place in cell): int(number) for cell, number in np.ndenumerate(cells) if number
    }
    return table.with_labels(name, codes, numbers)


def _dates(
    at: Iterable[Moment] | None, every: str | None, start: Moment | None, end: Moment | None
) -> Iterable[Moment]:
    """Return the dates of a movement, given one by one or at regular distances."""
    if at is not None and every is None and start is None and end is None:
        return at
    if at is None and every is not None and start is not None and end is not None:
        return regular_dates(every, start, end)
    raise InvalidInputError("Give the dates as at=[...], or all of every=..., start=... and end=..., and not both.")
