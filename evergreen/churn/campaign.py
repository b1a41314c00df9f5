"""Whom it pays to contact before he is gone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from evergreen.frames import ScoreTable
from evergreen.models.checks import check_finite, check_not_negative, check_share
from evergreen.typing import ArrayLike, FloatArray


def profit_threshold(value: ArrayLike, *, contact_cost: float, offer_cost: float, success_rate: float) -> FloatArray:
    r"""Return the chance of churn above which it pays to contact a customer with an offer.

    Whoever is contacted costs ``contact_cost``; the offer costs ``offer_cost`` when it is taken. A customer who would
    leave takes it, and stays, with probability ``success_rate``; one who would have stayed anyway takes it for sure,
    and nothing is won. The profit of a contact at a chance of churn p is

    .. math:: p \, \gamma (V - o) - (1 - p) \, o - c

    and rises with p if it is ever above 0, from :math:`p = (c + o) / (\gamma (V - o) + o)` on.

    Parameters
    ----------
    value : array_like
        What a customer who is won back is worth, V, in the currency of the costs.
    contact_cost, offer_cost : float
        c and o, at least 0.
    success_rate : float
        :math:`\gamma`, from 0 to 1.

    Returns
    -------
    ndarray of float64
        Of the shape of ``value``. Above 1, or infinite, where it never pays.

    Raises
    ------
    InvalidInputError
        If a value is missing or infinite, or a setting is out of range.

    Notes
    -----
    After the profit of a campaign by Neslin, Gupta, Kamakura, Lu & Mason (2006) and Verbeke et al. (2012), taken here
    for one customer with a value of his own. It is only as good as the success rate, and that takes an experiment
    with customers who are left alone: who stays after a contact does not always stay because of it.

    Examples
    --------
    >>> profit_threshold([20.0, 200.0], contact_cost=1.0, offer_cost=10.0, success_rate=0.3).round(3)
    array([0.846, 0.164])
    """
    money = check_finite("value", value)
    return Offer.of(contact_cost, offer_cost, success_rate).threshold(money)[()]


@dataclass(frozen=True, slots=True)
class Offer:
    """What an offer costs, and how often it keeps a customer who would leave.

    Parameters
    ----------
    contact_cost, offer_cost : float
        Of everybody who is contacted, and of everybody who takes the offer.
    success_rate : float
        Share of those who would leave that it keeps.
    """

    contact_cost: float
    offer_cost: float
    success_rate: float

    @classmethod
    def of(cls, contact_cost: float, offer_cost: float, success_rate: float) -> Self:
        """Check the settings of a user.

        Parameters
        ----------
        contact_cost, offer_cost, success_rate : float

        Returns
        -------
        Offer

        Raises
        ------
        InputTypeError, InvalidInputError
            If one of them is no number, or out of range.
        """
        return cls(
            check_not_negative("contact_cost", contact_cost),
            check_not_negative("offer_cost", offer_cost),
            check_share("success_rate", success_rate),
        )

    def threshold(self, value: FloatArray) -> FloatArray:
        """Return the chance of churn from which on a contact pays, as :func:`profit_threshold`.

        Parameters
        ----------
        value : ndarray of float64

        Returns
        -------
        ndarray of float64
        """
        slope = self.success_rate * (value - self.offer_cost) + self.offer_cost
        costs = self.contact_cost + self.offer_cost
        with np.errstate(over="ignore"):  # next to no slope: never
            return np.divide(costs, slope, out=np.full(np.shape(slope), math.inf), where=slope > 0)

    def beside(self, table: ScoreTable, value: str) -> ScoreTable:
        """Add what a contact is worth to customers with a chance of churn.

        Parameters
        ----------
        table : ScoreTable
            With ``p_churn`` and the column of values.
        value : str
            What a customer who is won back is worth.

        Returns
        -------
        ScoreTable
            With ``threshold`` (at most 1), ``expected_profit`` and ``contact``.
        """
        c, o, won = self.contact_cost, self.offer_cost, self.success_rate
        table = table.with_columns(
            evergreen_slope=lambda a: won * (a[value] - o) + o,
            expected_profit=lambda a: a["p_churn"] * a["evergreen_slope"] - (c + o),
            contact=lambda a: a["expected_profit"] > 0.0,
        )
        table = table.with_cuts("evergreen_place", "evergreen_slope", [c + o])  # 2 where it can pay, 1 where never
        return table.with_columns(
            evergreen_pays=lambda a: a["evergreen_place"] - 1,
            evergreen_divisor=lambda a: a["evergreen_pays"] * a["evergreen_slope"] + (1 - a["evergreen_pays"]),
            threshold=lambda a: a["evergreen_pays"] * (c + o) / a["evergreen_divisor"] + (1 - a["evergreen_pays"]),
        )
