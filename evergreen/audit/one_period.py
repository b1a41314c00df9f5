"""The first lens: how the customers of one period differ from each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames import plain_table
from evergreen.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

_DECILES = 10


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OnePeriod:
    """The customers of one period: how many, how often they bought, for how much, and how unequally.

    A customer of the period is one who made a purchase in it.

    Parameters
    ----------
    period : str
        Its name, such as ``1997Q1``.
    start, end : datetime.date
        Its first and its last day.
    partial : bool
        Whether the observation begins or ends within it.
    new_customers : int
        Customers who made their first purchase in it.
    revenue : float
        All revenue of the period, after all its refunds.
    refunds : float
        These refunds, above 0.
    refunds_of_others : float
        Those of customers who bought nothing in the period: they belong to earlier purchases.
    buyer_orders : ndarray of int64, shape (m,)
        Orders in the period, for each kind of customer.
    buyer_money : ndarray of int64, shape (m,)
        What each customer of the kind brought, after refunds, in units of ``10**-money_power``.
    buyer_count : ndarray of int64, shape (m,)
        How many customers are of the kind.
    money_power : int
        Decimals at which money was added up exactly.

    Examples
    --------
    >>> from evergreen import CustomerBaseAudit, datasets
    >>> first = CustomerBaseAudit.from_transactions(datasets.load_cdnow()).one_period("1997Q1")
    >>> first
    1997Q1: 23,570 customers, 23,570 of them new, 31,141 orders, revenue 1,071,805.47
    1.32 orders a customer, 34.42 an order; 79.5% ordered once
    the best tenth of the customers brought 38.7% of the revenue
    >>> first.by_orders(3)[["orders", "customers", "share", "share_of_revenue"]].round(3)
      orders  customers  share  share_of_revenue
    0      1      18727  0.795             0.558
    1      2       3384  0.144             0.225
    2     3+       1459  0.062             0.217
    """

    period: str
    start: date
    end: date
    partial: bool
    new_customers: int
    revenue: float
    refunds: float
    refunds_of_others: float
    buyer_orders: IntArray
    buyer_money: IntArray
    buyer_count: IntArray
    money_power: int

    @property
    def customers(self) -> int:
        """Customers of the period."""
        return int(self.buyer_count.sum())

    @property
    def orders(self) -> int:
        """Their orders."""
        return int((self.buyer_orders * self.buyer_count).sum())

    @property
    def revenue_of_buyers(self) -> float:
        """Revenue of the customers of the period, after refunds to them."""
        return float((self.buyer_money * self.buyer_count).sum() / 10.0**self.money_power)

    @property
    def orders_per_customer(self) -> float:
        """Mean orders of a customer of the period; NaN if there is none."""
        return self.orders / self.customers if self.customers else np.nan

    @property
    def average_order_value(self) -> float:
        """Revenue of the customers of the period by order; NaN if there is none."""
        return self.revenue_of_buyers / self.orders if self.orders else np.nan

    @property
    def revenue_per_customer(self) -> float:
        """Mean revenue of a customer of the period; NaN if there is none."""
        return self.revenue_of_buyers / self.customers if self.customers else np.nan

    @property
    def one_timers(self) -> int:
        """Customers with a single order in the period, whatever they did before."""
        return int(self.buyer_count[self.buyer_orders == 1].sum())

    @property
    def one_time_share(self) -> float:
        """Their share of the customers of the period; NaN if there is none."""
        return self.one_timers / self.customers if self.customers else np.nan

    def by_orders(self, most: int = 10) -> pd.DataFrame:
        """Return how many customers made how many orders.

        Parameters
        ----------
        most : int
            So many orders or more are one row.

        Returns
        -------
        pandas.DataFrame
            ``orders`` (text), ``customers``, ``share`` of the customers, ``revenue`` and ``share_of_revenue`` of the
            customers of the period. Customers and money add up to theirs.

        Raises
        ------
        InputTypeError, InvalidInputError
            If ``most`` is not a whole number above 0.
        """
        if isinstance(most, bool) or not isinstance(most, (int, np.integer)):
            raise InputTypeError.kind("most", most, "a whole number")
        if most < 1:
            raise InvalidInputError(f"most must be at least 1, got {most}.")
        names = [*(str(orders) for orders in range(1, most)), f"{most}+"]
        place = np.minimum(self.buyer_orders, most) - 1
        return plain_table({"orders": np.array(names, object), **self._by_place(place, most)})

    def deciles(self) -> pd.DataFrame:
        """Return the customers of the period in tenths, from those who brought most.

        Returns
        -------
        pandas.DataFrame
            ``decile`` (1 is the best), ``customers``, ``share`` of the customers, ``revenue``, ``share_of_revenue``,
            ``revenue_per_customer``, ``cumulative_share_of_revenue``. Customers and money add up to those of the
            customers of the period. Shares of a revenue that is not above 0 are missing.

        Notes
        -----
        A customer is in decile ``1 + floor(10 * share of customers who brought strictly more)``. So customers who
        brought the same are in the same decile, whatever their order, and deciles are of equal size only as far as
        there are no ties: read ``share`` beside them. One that no customer falls into has 0 customers.
        """
        order = np.argsort(-self.buyer_money, kind="stable")
        count, money = self.buyer_count[order], self.buyer_money[order]
        begun = np.cumsum(count) - count
        fresh = np.ones(len(money), np.bool_)
        fresh[1:] = money[1:] != money[:-1]
        better = begun[fresh][np.cumsum(fresh) - 1]
        decile = np.empty(len(order), np.int64)
        decile[order] = _DECILES * better // max(1, self.customers)
        table = self._by_place(decile, _DECILES)
        revenue, customers = table["revenue"], table["customers"]
        table["revenue_per_customer"] = divided(revenue, customers)
        table["cumulative_share_of_revenue"] = np.cumsum(table["share_of_revenue"]).astype(np.float64)
        return plain_table({"decile": np.arange(1, _DECILES + 1), **table})

    def _by_place(self, place: IntArray, places: int) -> dict[str, FloatArray | IntArray]:
        """Add up customers and money by place."""
        customers = np.bincount(place, self.buyer_count, places).astype(np.int64)
        whole: FloatArray = np.bincount(place, self.buyer_money * self.buyer_count, places).astype(np.float64)
        return {
            "customers": customers,
            "share": divided(customers, self.customers),
            "revenue": np.divide(whole, 10.0**self.money_power),
            "share_of_revenue": divided(whole, float(whole.sum())),
        }

    def __repr__(self) -> str:
        """Return what stands out."""
        seen = " (seen in part)" if self.partial else ""
        return (
            f"{self.period}{seen}: {self.customers:,} customers, {self.new_customers:,} of them new, "
            f"{self.orders:,} orders, revenue {self.revenue:,.2f}\n"
            f"{self.orders_per_customer:.2f} orders a customer, {self.average_order_value:,.2f} an order; "
            f"{self.one_time_share:.1%} ordered once\n"
            f"the best tenth of the customers brought {self.deciles()['share_of_revenue'].iloc[0]:.1%} of the revenue"
        )


def divided(numerator: FloatArray | IntArray, denominator: FloatArray | IntArray | float) -> FloatArray:
    """Return ratios, NaN where there is nothing above 0 to divide by."""
    out = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)
