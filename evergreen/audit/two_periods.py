"""The second lens: what became of customers and revenue from one period to another."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Final, final

import numpy as np

from evergreen.frames import BACK, KEPT, LOST, NEW, plain_table
from evergreen.kernels.change_of_product import shapley_changes, whole_parts
from evergreen.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

GROUPS: Final = ("kept", "lost", "new", "back", "refunds only")
"""What a customer can be between two periods."""
_BOUGHT: Final = ((KEPT, LOST), (KEPT, NEW, BACK))  # in the earlier and in the later period
_CENTS: Final = 2


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TwoPeriods:
    """Customers and revenue of an earlier period beside those of a later one, and why they differ.

    Customers who bought in both periods are kept; in the earlier alone, lost; in the later alone, new if they made
    their first purchase after the earlier period, and back if they had made it before. Who bought in neither can still
    have given something back: these are refunds only.

    Parameters
    ----------
    before, after : str
        Names of the periods.
    partial : tuple of bool
        Whether each of them was seen in part only.
    customers : ndarray of int64, shape (5,)
        Customers of each group: kept, lost, new, back, refunds only.
    orders : ndarray of int64, shape (2, 5)
        Their orders in the earlier and in the later period.
    money : ndarray of int64, shape (2, 5)
        Their revenue after refunds, in units of ``10**-money_power``.
    money_power : int
        Decimals at which money was added up exactly.
    margin : tuple of float
        Share of revenue that is profit, in each period.

    Examples
    --------
    >>> from evergreen import CustomerBaseAudit, datasets
    >>> audit = CustomerBaseAudit.from_transactions(datasets.load_cdnow())
    >>> pair = audit.two_periods("1997Q3", "1997Q4")
    >>> pair
    1997Q3 to 1997Q4: 4,263 customers, then 4,221; revenue 292,395.37, then 300,806.76
    2,063 kept, 2,200 lost, 0 new, 2,158 back
    >>> pair.bridge()
                    step     amount
    0             1997Q3  292395.37
    1               lost -115318.08
    2                new       0.00
    3               back  114357.28
    4    kept: frequency    4323.03
    5  kept: order value    5049.16
    6       kept: margin       0.00
    7            refunds       0.00
    8             1997Q4  300806.76
    """

    before: str
    after: str
    partial: tuple[bool, bool]
    customers: IntArray
    orders: IntArray
    money: IntArray
    money_power: int
    margin: tuple[float, float]

    @property
    def revenue(self) -> FloatArray:
        """Revenue of each group in the earlier and in the later period, float64 of shape (2, 5)."""
        return self.money / 10.0**self.money_power

    @property
    def retention(self) -> float:
        """Share of the customers of the earlier period who bought in the later one; NaN if there were none."""
        there = int(self.customers[[KEPT, LOST]].sum())
        return float(self.customers[KEPT] / there) if there else np.nan

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each group.

        Returns
        -------
        pandas.DataFrame
            ``group``, ``customers``, ``orders_before``, ``orders_after``, ``revenue_before``, ``revenue_after`` and
            ``change`` of the revenue. Revenue adds up to that of the two periods, refunds and all: a customer who is
            lost or new can have a refund in the period without a purchase.
        """
        revenue = self.revenue
        return plain_table(
            {
                "group": np.array(GROUPS, object),
                "customers": self.customers,
                "orders_before": self.orders[0],
                "orders_after": self.orders[1],
                "revenue_before": revenue[0],
                "revenue_after": revenue[1],
                "change": (self.money[1] - self.money[0]) / 10.0**self.money_power,
            }
        )

    def bridge(self) -> pd.DataFrame:
        """Return the way from the profit of the earlier period to that of the later one, customer group by group.

        Returns
        -------
        pandas.DataFrame
            ``step`` and ``amount``: the earlier period, what each step adds or takes away, the later period. Profit is
            revenue times margin: with the margin of 1 it is revenue.

        Notes
        -----
        The change of kept customers is split between their orders, the value of an order, and the margin by the value
        of Shapley (1953): it does not depend on an order of the three, leaves nothing over, and holds for revenue of
        any sign, where logarithms (Divisia) do not. Refunds are those of customers who bought nothing in the period of
        the refund. Amounts are whole cents (finer where the log is, coarser where its sums are beyond exact cents), and
        the steps add up to them exactly: what rounding leaves goes to the steps that are nearest to the next cent.

        Nothing here is a cause: customers who were kept are not the same customers as those who were lost.
        """
        early, late = self._margins
        (a, b), (f, g) = self._purchases, self.orders
        kept = int(self.customers[KEPT])
        steps = {
            "lost": -early * a[LOST],
            "new": late * b[NEW],
            "back": late * b[BACK],
            **dict.fromkeys(("kept: frequency", "kept: order value", "kept: margin"), Fraction(0)),
            "refunds": self._refunds,
        }
        if kept:
            orders = [Fraction(int(side[KEPT])) for side in (f, g)]
            values = [money[KEPT] / count for money, count in zip((a, b), orders, strict=True)]
            changes = shapley_changes([orders[0], values[0], early], [orders[1], values[1], late])
            steps |= dict(zip(("kept: frequency", "kept: order value", "kept: margin"), changes, strict=True))
        return self._added_up(steps)

    def drivers(self) -> pd.DataFrame:
        """Return the same way, driver by driver: how many customers, how often, for how much, at what margin.

        Returns
        -------
        pandas.DataFrame
            ``step`` and ``amount`` as those of :meth:`bridge`: the earlier period, the contributions of ``customers``,
            ``frequency`` (orders a customer), ``order value``, ``margin`` and ``refunds``, the later period.

        Notes
        -----
        Profit = customers x orders a customer x revenue an order x margin, plus the refunds of customers who bought
        nothing in the period; the change of the product is split by the Shapley value, as in :meth:`bridge`. Where a
        period has no customers, frequency and value are not defined, and the change is put down to customers.
        """
        sides: list[list[Fraction] | None] = []
        for groups, margin, made, brought in zip(_BOUGHT, self._margins, self.orders, self._purchases, strict=True):
            customers, orders = (int(counts[list(groups)].sum()) for counts in (self.customers, made))
            money = sum(brought, start=Fraction(0))
            factors = [Fraction(customers), Fraction(orders, customers), money / orders, margin] if customers else None
            sides.append(factors)
        names = ("customers", "frequency", "order value", "margin")
        early, late = sides
        changes = [Fraction(0)] * len(names)
        if early or late:
            known = early or late or []
            a, b = (side or [Fraction(0), *known[1:]] for side in (early, late))
            changes = shapley_changes(a, b)
        return self._added_up(dict(zip(names, changes, strict=True)) | {"refunds": self._refunds})

    @property
    def _margins(self) -> tuple[Fraction, Fraction]:
        early, late = self.margin
        return Fraction(early), Fraction(late)

    @property
    def _purchases(self) -> list[list[Fraction]]:
        """Money of customers in the periods in which they bought."""
        return [
            [Fraction(int(money)) if group in groups else Fraction(0) for group, money in enumerate(side)]
            for side, groups in zip(self.money, _BOUGHT, strict=True)
        ]

    @property
    def _refunds(self) -> Fraction:
        """The change of refunds to customers who bought nothing in the period."""
        alone = [
            int(side.sum()) - sum(bought, start=Fraction(0))
            for side, bought in zip(self.money, self._purchases, strict=True)
        ]
        early, late = self._margins
        return late * alone[1] - early * alone[0]

    def _added_up(self, steps: dict[str, Fraction]) -> pd.DataFrame:
        """Return steps in whole cents between the two totals."""
        decimals = _decimals(self.money, self.money_power)
        unit = Fraction(10) ** (decimals - self.money_power)
        early, late = (
            floor(margin * int(side.sum()) * unit + Fraction(1, 2))
            for margin, side in zip(self._margins, self.money, strict=True)
        )
        whole = whole_parts([step * unit for step in steps.values()], late - early)
        amounts = np.array([early, *whole, late], np.float64) / 10.0**decimals
        names = np.array([self.before, *steps, self.after], object)
        return plain_table({"step": names, "amount": amounts})

    def __repr__(self) -> str:
        """Return who came and went."""
        kept, lost, new, back, _ = self.customers.tolist()
        early, late = (float(side.sum() / 10.0**self.money_power) for side in self.money)
        names = [
            f"{name} (seen in part)" if partial else name
            for name, partial in zip((self.before, self.after), self.partial, strict=True)
        ]
        return (
            f"{names[0]} to {names[1]}: {kept + lost:,} customers, then {kept + new + back:,}; "
            f"revenue {early:,.2f}, then {late:,.2f}\n{kept:,} kept, {lost:,} lost, {new:,} new, {back:,} back"
        )


def _decimals(money: IntArray, power: int) -> int:
    """Return how many decimals sums of money have, two at least where they are known."""
    decimals = min(power, _CENTS)
    while decimals < power and np.any(money % 10 ** (power - decimals)):
        decimals += 1
    return decimals
