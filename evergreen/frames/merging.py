"""What customers did before and after a date, made one: the same whole numbers on arrays and in engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.frames.audit import MoneyScale
from evergreen.frames.periods import time_ratio
from evergreen.frames.reading import Reading

SIDED: Final = ("occasions", "first_period", "last_period", "first_money")
"""What has to be known of both sides of the date; all else adds up."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What arrays and expressions do each in their own way.

    Parameters
    ----------
    where : callable
        Of a condition, a value where it holds, and one where it does not.
    floor : callable
        Of a column of floats.
    """

    where: Callable[[Any, Any, Any], Any]
    floor: Callable[[Any], Any]


def _chosen(condition: nw.Expr, value: Any, otherwise: Any) -> nw.Expr:
    this, other = (one if isinstance(one, nw.Expr) else nw.lit(one) for one in (value, otherwise))
    return nw.when(condition).then(this).otherwise(other)


ARRAYS: Final = Rules(np.where, np.floor)
EXPRESSIONS: Final = Rules(_chosen, nw.Expr.floor)


def whole_periods(time: Any, reading: Reading, rules: Rules) -> Any:
    """Return the whole periods that times were made from.

    Parameters
    ----------
    time : ndarray or narwhals expression
        Times of a base, or a difference of two.
    reading : Reading
        Tells the period and the unit of time.
    rules : Rules
        For arrays or for expressions.

    Returns
    -------
    ndarray or narwhals expression, of float64
    """
    times, over = time_ratio(reading.occasion, reading.time_unit)
    return rules.floor(time * over / times + 0.5)


def whole_columns(
    columns: Mapping[str, Any], end_period: int, reading: Reading, scales: tuple[MoneyScale, MoneyScale], rules: Rules
) -> dict[str, Any]:
    """Return the whole numbers that the columns of a base were made from.

    Parameters
    ----------
    columns : mapping of str to ndarray or narwhals expression
        The columns of the base by name.
    end_period : int
        The period that ends its observation.
    reading : Reading
        Tells the period and the unit of time.
    scales : tuple of MoneyScale
        How money was made whole in the base, and how it is wanted: as fine or coarser.
    rules : Rules
        For arrays or for expressions.

    Returns
    -------
    dict of str to ndarray or narwhals expression
        ``occasions``, ``first_period``, ``last_period``, ``orders``, and with money ``first_money``, ``spent`` and
        ``net``; whole numbers of whatever type.

    Notes
    -----
    A quotient that was rounded once tells its numerator below 2**52: multiplied back it is off by one at most, and
    another division shows by which. On scales coarser than single units ``monetary_value`` was rounded twice, and
    ``first_money`` may be off by one.
    """
    frequency = columns["frequency"]
    first = end_period - whole_periods(columns["T"], reading, rules)
    made = {
        "occasions": frequency + 1,
        "first_period": first,
        "last_period": first + whole_periods(columns["recency"], reading, rules),
        "orders": columns["orders"],
    }
    if "total_value" not in columns:
        return made
    scale, wanted = scales
    one = columns["T"] * 0.0 + 1.0  # by a column: by a scalar, polars multiplies with its rounded reciprocal
    up, down = one * scale.up, one * scale.down
    among = rules.where(frequency > 0, frequency, 1) * down
    net = _numerator(columns["total_value"], up, down, rules)
    spent = net + _numerator(columns["refunds"], up, down, rules)
    repeat = rules.where(frequency > 0, _numerator(columns["monetary_value"], up, among, rules), 0.0)
    money = {"first_money": spent - repeat, "spent": spent, "net": net}
    return made | {name: rescaled(value, one, scale, wanted, rules) for name, value in money.items()}


def rescaled(whole: Any, one: Any, scale: MoneyScale, wanted: MoneyScale, rules: Rules) -> Any:
    """Return whole money on a scale that is as fine or coarser, rounded to the nearest where it has to be.

    Parameters
    ----------
    whole : ndarray or narwhals expression, of float64
        Whole money.
    one : ndarray or narwhals expression, of float64
        As many ones.
    scale, wanted : MoneyScale
        How it was made whole, and how it is wanted.
    rules : Rules
        For arrays or for expressions.

    Returns
    -------
    ndarray or narwhals expression, of float64
    """
    if scale.power <= wanted.power:
        return whole
    return rules.floor(whole / (one * 10.0 ** (scale.power - wanted.power)) + 0.5)


def merged(old: Mapping[str, Any], new: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """Return what customers did on both sides of a date.

    Parameters
    ----------
    old, new : mapping of str to ndarray or narwhals expression
        What they did before and after, by the names of :data:`SIDED`; 0 for who did nothing. ``first_money`` only with
        money.
    rules : Rules
        For arrays or for expressions.

    Returns
    -------
    dict of str to ndarray or narwhals expression
        The same of both, and ``again`` (1 where the last period before is the first after: one occasion) and ``gap``
        (periods from the last occasion before to the first after; 1, whose logarithm is 0, where there is none).
    """
    where = rules.where
    known, came = old["occasions"] > 0, new["occasions"] > 0
    both = known & came
    still = both & (old["last_period"] == new["first_period"])
    again = where(still, 1, 0)
    made = {
        "occasions": old["occasions"] + new["occasions"] - again,
        "first_period": where(known, old["first_period"], new["first_period"]),
        "last_period": where(came, new["last_period"], old["last_period"]),
        "again": again,
        "gap": where(both & ~still, new["first_period"] - old["last_period"], 1),
    }
    if "first_money" in old:
        within = still & (old["first_period"] == new["first_period"])
        more = where(within, new["first_money"], 0)
        made["first_money"] = where(known, old["first_money"] + more, new["first_money"])
    return made


def _numerator(quotient: Any, up: Any, down: Any, rules: Rules) -> Any:
    """Return the whole number n below 2**52 of ``n * up / down`` rounded, where ``up`` or ``down`` is 1."""
    near = rules.floor(quotient * down / up + 0.5)
    found = near * up / down
    return near + rules.where(found < quotient, 1.0, 0.0) - rules.where(found > quotient, 1.0, 0.0)
