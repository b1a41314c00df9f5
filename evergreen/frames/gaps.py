"""The logarithms of the times between occasions, added up to the same bits on every engine.

Engines differ in the last bit of a logarithm, and in the order in which they add. So the logarithm of a whole number
of periods is made of ``+ - * /`` alone, which are correctly rounded everywhere, and its sums are sums of whole
numbers: each logarithm is split in a coarse and a fine part, in units of 2**-12 and of 2**-44.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames.columns import AnyFrame
from evergreen.frames.periods import time_ratio
from evergreen.frames.reading import Reading
from evergreen.models.histories import rounded_with_rest
from evergreen.typing import IntArray, Occasion

COARSE: Final = "evergreen_coarse"
FINE: Final = "evergreen_fine"
"""The columns of the two parts."""

_PER_UNIT: Final = 2.0**12
_PER_COARSE: Final = 2.0**32
_LOG_2: Final = math.log(2)
_MOST_BITS: Final = 33  # seconds from 1900 to 2140
_CHANGES: Final = [math.isqrt(2 ** (2 * power + 1)) + 1 for power in range(_MOST_BITS)]
"""The whole numbers from which on the next power of two is the nearest by ratio."""
_SERIES: Final = [1 / (2 * term + 1) for term in range(11)]  # of ratios within sqrt(2), to 1e-17
_KIND, _BEFORE, _WHOLE, _NUMBER, _POWER, _LOG_POWER, _Z, _SQUARE, _LOG = (
    f"evergreen_gap_{name}"
    for name in ("kind", "before", "whole", "number", "power", "log_power", "z", "square", "log")
)


def whole_logs(gaps: IntArray) -> tuple[IntArray, IntArray]:
    """Return the natural logarithms of whole numbers in two whole parts.

    Parameters
    ----------
    gaps : ndarray of int64, shape (n,)
        From 1 to 2**33.

    Returns
    -------
    coarse, fine : ndarray of int64, shape (n,)
        The logarithm is ``coarse / 2**12 + fine / 2**44``, to 3e-14.

    Examples
    --------
    >>> coarse, fine = whole_logs(np.array([1, 7]))
    >>> (coarse / 2**12 + fine / 2**44).round(10)
    array([0.        , 1.94591015])
    """
    exponent = np.searchsorted(_CHANGES, gaps, side="right")
    power = 2.0**exponent
    z = (gaps - power) / (gaps + power)
    coarse, fine = _parts(_log(z, z * z, exponent * _LOG_2), np.floor)
    return coarse.astype(np.int64), fine.astype(np.int64)


def with_log_gaps(
    visits: nw.LazyFrame[Any], customer: str, period: str, bits: int, occasion: Occasion
) -> nw.LazyFrame[Any]:
    """Add the logarithm of the time since the customer's visit before, in two whole parts.

    Parameters
    ----------
    visits : narwhals LazyFrame
        One row per customer and period; where a column ``"bought"`` is 0, the row is no visit.
    customer, period : str
        Its columns.
    bits : int
        Bits of the largest difference of periods.
    occasion : {"row", "D", "W", "M"}
        What a period is.

    Returns
    -------
    narwhals LazyFrame
        With the columns ``COARSE`` and ``FINE``, 0 where there is no visit before.

    Raises
    ------
    InvalidInputError
        If two visits of a customer come in one second.
    """
    flag = nw.when(nw.col("bought") > 0) if "bought" in visits.collect_schema().names() else None
    kind = [] if flag is None else [_KIND]
    marked = visits if flag is None else visits.with_columns(flag.then(nw.lit(1)).otherwise(nw.lit(0)).alias(_KIND))
    if occasion == "row":
        bought = marked if flag is None else marked.filter(nw.col(_KIND) == 1)
        seconds = bought.group_by(customer, period).agg(nw.len().alias("rows"))
        row = next(seconds.select(nw.len().alias("seconds"), nw.col("rows").sum()).collect().iter_rows(named=True))
        refuse_zero_gaps(int(row["rows"] or 0) - int(row["seconds"]), int(row["rows"] or 0))
    gap = (nw.col(period) - nw.col(_BEFORE)).fill_null(1)
    if kind:
        gap = nw.when(nw.col(_KIND) == 1).then(gap).otherwise(nw.lit(1))
    before = nw.col(period).shift(1).over(customer, *kind, order_by=period)
    frame = marked.with_columns(before.alias(_BEFORE)).with_columns(gap.alias(_WHOLE))
    return with_whole_logs(frame, _WHOLE, bits).select(*visits.collect_schema().names(), COARSE, FINE)


def with_whole_logs(frame: nw.LazyFrame[Any], column: str, bits: int) -> nw.LazyFrame[Any]:
    """Add the natural logarithms of whole numbers in two whole parts, as :func:`whole_logs` has them.

    Parameters
    ----------
    frame : narwhals LazyFrame
        The rows.
    column : str
        A column of whole numbers, at least 1.
    bits : int
        Bits of the largest of them.

    Returns
    -------
    narwhals LazyFrame
        With the columns ``COARSE`` and ``FINE``.
    """
    names = [name for name in frame.collect_schema().names() if name not in (COARSE, FINE)]
    whole, power = nw.col(_NUMBER), nw.col(_POWER)
    frame = frame.with_columns(nw.col(column).cast(nw.Float64).alias(_NUMBER))
    frame = frame.with_columns(
        _by_power(whole, [2.0**exponent for exponent in range(bits + 1)]).alias(_POWER),
        _by_power(whole, [exponent * _LOG_2 for exponent in range(bits + 1)]).alias(_LOG_POWER),
    )
    frame = frame.with_columns(((whole - power) / (whole + power)).alias(_Z))
    frame = frame.with_columns((nw.col(_Z) * nw.col(_Z)).alias(_SQUARE))
    frame = frame.with_columns(_log(nw.col(_Z), nw.col(_SQUARE), nw.col(_LOG_POWER)).alias(_LOG))
    coarse, fine = _parts(nw.col(_LOG), nw.Expr.floor)
    return frame.select(*names, coarse.cast(nw.Int64).alias(COARSE), fine.cast(nw.Int64).alias(FINE))


def log_gaps_of(coarse: Any, fine: Any, frequency: Any, reading: Reading) -> Any:
    """Return the sums of logarithms in the units of the user, from sums of their parts as floats.

    Parameters
    ----------
    coarse, fine : ndarray or narwhals expression, of float64
        Sums of the parts, for gaps in whole periods.
    frequency : ndarray or narwhals expression
        Number of gaps.
    reading : Reading
        Tells the period and the unit of time.

    Returns
    -------
    ndarray or narwhals expression, of float64
    """
    times, over = time_ratio(reading.occasion, reading.time_unit)
    return coarse * (1 / _PER_UNIT) + fine * (1 / (_PER_UNIT * _PER_COARSE)) + frequency * math.log(times / over)


def total_of(frame: AnyFrame, column: str) -> tuple[float, float]:
    """Return the sum of a column of a base, exact to 2**-45 a customer and rounded once, and what rounding took off.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        One row per customer.
    column : str
        A column of finite floats below 2**40.

    Returns
    -------
    total, rest : float
        The same in any order and on any engine.
    """
    coarse, fine = (part.cast(nw.Int64).sum() for part in _parts(nw.col(column), nw.Expr.floor))
    row = next(frame.lazy().select(coarse.alias(COARSE), fine.alias(FINE)).collect().iter_rows(named=True))
    whole, rest = Fraction(int(row[COARSE])), Fraction(int(row[FINE]))
    return rounded_with_rest((whole + rest / Fraction(_PER_COARSE)) / Fraction(_PER_UNIT))


def refuse_zero_gaps(zeros: int, purchases: int) -> None:
    """Refuse purchases of one customer within one second: a gap of 0 has no logarithm.

    Parameters
    ----------
    zeros : int
        Number of such gaps.
    purchases : int
        Number of rows that are purchases.

    Raises
    ------
    InvalidInputError
        If there are any.
    """
    if zeros:
        raise InvalidInputError.rows(
            "log_gaps needs times above 0 between purchases, and these come in the second of the purchase before",
            zeros,
            purchases,
            todo="Use occasion='D', or leave log_gaps out.",
        )


def _log(z: Any, square: Any, log_power: Any) -> Any:
    """Return ``log(power * (1 + z) / (1 - z))`` of columns, by the series of the inverse hyperbolic tangent."""
    total = square * _SERIES[-1] + _SERIES[-2]
    for factor in reversed(_SERIES[:-2]):
        total = total * square + factor
    return z * 2.0 * total + log_power


def _parts(value: Any, floor: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Return the coarse and the fine part of a column."""
    scaled = value * _PER_UNIT
    coarse = floor(scaled)
    return coarse, floor((scaled - coarse) * _PER_COARSE + 0.5)


def _by_power(whole: nw.Expr, values: Sequence[float]) -> nw.Expr:
    """Return the value that goes with the nearest power of two."""
    chosen = nw.lit(values[-1])
    for change, value in zip(reversed(_CHANGES[: len(values) - 1]), reversed(values[:-1]), strict=True):
        chosen = nw.when(whole < change).then(nw.lit(value)).otherwise(chosen)
    return chosen
