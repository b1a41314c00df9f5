"""Reading a log of pandas or pyarrow into arrays, sharing memory where it can, and writing arrays back as columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InputTypeError
from evergreen.frames.arrays import NO_DATE, LogArrays
from evergreen.frames.arrow_table import holds_moments, in_pandas, moments_of_arrow
from evergreen.frames.columns import AnyFrame, ids_do_not_fit, text_date_error, time_zone_error
from evergreen.frames.periods import SECONDS_PER_DAY, moments_of_text
from evergreen.frames.reading import Reading
from evergreen.typing import FloatArray, IntArray

_DENSE: Final = 4  # integers that span at most this many times the rows are their own codes
_PER_DAY: Final = {
    "D": 1,
    "h": 24,
    "m": 1_440,
    "s": SECONDS_PER_DAY,
    "ms": SECONDS_PER_DAY * 10**3,
    "us": SECONDS_PER_DAY * 10**6,
    "ns": SECONDS_PER_DAY * 10**9,
}
_NUMBERS: Final = {"decimal", "floating", "integer", "mixed-integer-float", "empty"}


@dataclass(frozen=True, slots=True)
class Levels:
    """The ids behind the codes of a column.

    Parameters
    ----------
    count : int
        Number of codes.
    take : callable
        Turns codes into a pandas array or index of ids, of the dtype they were given in.
    ordered : bool
        Whether codes are in the order of the ids.
    """

    count: int
    take: Callable[[IntArray], Any]
    ordered: bool


def log_in_pandas(log: AnyFrame, reading: Reading, *besides: str) -> Any:
    """Return a log of pandas, or of pyarrow with the columns that are read, as a pandas frame; None for other kinds.

    Parameters
    ----------
    log : narwhals DataFrame or LazyFrame
        The log.
    reading : Reading
        The roles of its columns.
    *besides : str
        Columns of ids that are wanted besides.
    """
    roles = reading.columns.roles
    ids = [roles[role] for role in ("customer", "order") if role in roles]
    others = [roles["amount"]] if "amount" in roles else []
    return in_pandas(log, ids=[*ids, *besides], dates=[roles["date"]], others=others)


def read_pandas(
    frame: Any, reading: Reading, engine: nw.Implementation = nw.Implementation.PANDAS
) -> tuple[LogArrays, Levels]:
    """Read a pandas log.

    Parameters
    ----------
    frame : pandas.DataFrame
        The log; not changed.
    reading : Reading
        The roles of its columns and the grain.
    engine : narwhals Implementation
        The library of the user, whose words errors are in.

    Returns
    -------
    log : LogArrays
        The rows.
    levels : Levels
        The customers behind the codes.

    Raises
    ------
    InputTypeError
        If a column's values cannot be read.
    InvalidInputError
        If dates are text that is not ISO.
    """
    columns = reading.columns
    code, levels = read_codes(frame[columns.customer], "customer")
    amount = None if columns.amount is None else read_numbers(frame[columns.amount], "amount")
    order = None if columns.order is None else read_codes(frame[columns.order], "order")[0]
    when = _read_when(frame[columns.date], engine, seconds=reading.occasion == "row")
    return LogArrays(code, levels.count, when, amount, order), levels


def read_codes(series: Any, role: str) -> tuple[IntArray, Levels]:
    """Return the codes of an id column (-1 where missing) and the ids behind them.

    Whole numbers that arrive as floats because some are missing leave as int64.
    """
    import pandas as pd

    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        codes = series.cat.codes.to_numpy().astype(np.int64)
        return codes, Levels(len(kind.categories), lambda at: pd.Categorical.from_codes(at, dtype=kind), ordered=True)
    if pd.api.types.is_integer_dtype(kind) and not series.hasnans:
        plain = kind if isinstance(kind, np.dtype) else kind.numpy_dtype
        dense = _dense(series.to_numpy(dtype=plain), kind)
        if dense is not None:
            return dense
    if pd.api.types.is_float_dtype(kind):
        return _float_codes(series)
    try:
        codes, ids = pd.factorize(series)
    except TypeError as cause:
        raise InputTypeError(
            f"The {role} column {series.name!r} holds values that cannot be ids ({cause}): an id must be one "
            "value, such as a number or a text."
        ) from None
    return codes.astype(np.int64, copy=False), Levels(len(ids), ids.take, ordered=False)


def read_numbers(series: Any, role: str) -> FloatArray:
    """Return a column as float64, NaN where missing; shares memory where it can."""
    import pandas as pd

    kind = series.dtype
    if isinstance(kind, np.dtype) and kind.kind in "iuf":
        return np.asarray(series.to_numpy(), np.float64)
    if isinstance(kind, np.dtype):
        held = pd.api.types.infer_dtype(series, skipna=True)
        if held not in _NUMBERS:
            raise InputTypeError(
                f"The {role} column {series.name!r} holds {held} values, not numbers: convert it first, such "
                f"as pd.to_numeric(log[{series.name!r}])."
            )
        return np.asarray(series.astype(np.float64).to_numpy(), np.float64)
    return np.asarray(series.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan), np.float64)


def purchase_dates(numbers: IntArray, *, seconds: bool) -> np.ndarray[Any, Any]:
    """Return day (or second) numbers as datetime64[us], the type of dates in pandas."""
    return (numbers * (1_000_000 if seconds else 86_400_000_000)).view("datetime64[us]")


def order_of_ids(ids: Any) -> IntArray | None:
    """Return the order that sorts ids, or None if they cannot be compared with one another."""
    import pandas as pd

    try:
        return np.asarray(pd.Index(ids).argsort(), np.int64)
    except TypeError:
        return None


def ids_like(ids: Any, known: Any) -> Any:
    """Return ids of later rows in the type that they have in a base.

    Parameters
    ----------
    ids : pandas array or index
        The ids.
    known : pandas.Series
        The ids of the base.

    Returns
    -------
    pandas.Series

    Raises
    ------
    InputTypeError
        If they are of another kind.
    """
    import pandas as pd

    given, kind = _series(ids), known.dtype
    if not len(given):
        return known[:0]
    if given.dtype == kind:
        return given
    numbers = (pd.api.types.is_numeric_dtype(one) and not pd.api.types.is_bool_dtype(one) for one in (given, kind))
    if all(numbers):
        made = _lossless(given, kind)
        if made is not None:
            return made
    elif pd.api.types.is_object_dtype(kind) or (
        pd.api.types.is_string_dtype(kind) and pd.api.types.infer_dtype(given, skipna=False) == "string"
    ):
        return given.astype(kind)
    raise ids_do_not_fit(known.name, given.dtype, kind, given[0])


def _lossless(ids: Any, kind: Any) -> Any:
    """Return ids in another type, or None if that does not take all of them."""
    try:
        made = ids.astype(kind)
    except (ValueError, OverflowError):  # pyarrow refuses what pandas wraps around
        return None
    return made if bool((made == ids).all()) else None


def ids_of_both(ids: Any, more: Any) -> Any:
    """Return ids and others of their type behind them, in one series."""
    import pandas as pd

    sides = [_series(side) for side in (ids, more) if len(side)]
    return pd.concat(sides, ignore_index=True) if sides else _series(ids)


def places_of_ids(ids: Any, among: Any) -> IntArray:
    """Return the places of distinct ids among others, -1 for those that are not there."""
    import pandas as pd

    few, many = (pd.Index(array, dtype=array.dtype, tupleize_cols=False) for array in (ids, among))
    which = few.get_indexer(many)  # a table of the few, for it is quick to build
    there = np.flatnonzero(which >= 0)
    places = np.full(len(few), -1, np.int64)
    places[which[there]] = there
    return places


def ids_with(ids: Any, more: Any) -> tuple[Any, IntArray | None]:
    """Return ids in their order and others put in, and the order that brings arrays of both there (if any).

    Parameters
    ----------
    ids : pandas.Series
        In ascending order, if they can be compared with one another.
    more : pandas.Series
        Others, of the same type; ids that cannot be compared come at the end.

    Returns
    -------
    ids : pandas.Series
    order : ndarray of int64, or None
        None where there are no others, or all come at the end.
    """
    if not len(more):
        return _series(ids), None
    both = ids_of_both(ids, more)
    late = order_of_ids(more)
    if late is None:
        return both, None
    known, others = (side.cat.codes if hasattr(side, "cat") else side for side in (ids, more.take(late)))
    try:
        places = known.searchsorted(others)
    except TypeError:
        return both, None
    order = np.insert(np.arange(len(ids)), places, len(ids) + late)
    return both.take(order).reset_index(drop=True), order


def _series(ids: Any) -> Any:
    """Return ids as a series of their own type: pandas would look into objects and find text."""
    import pandas as pd

    return pd.Series(ids, dtype=ids.dtype)


def _read_when(series: Any, engine: nw.Implementation, *, seconds: bool) -> IntArray:
    """Return days (or seconds) since 1970, ``NO_DATE`` where missing."""
    import pandas as pd

    kind = series.dtype
    if isinstance(kind, pd.DatetimeTZDtype):
        raise time_zone_error(series.name, kind.tz)
    if isinstance(kind, np.dtype) and kind.kind == "M":
        return _numbers_of_times(series.to_numpy(), seconds=seconds)
    if isinstance(kind, pd.ArrowDtype) and holds_moments(kind.pyarrow_dtype):
        return _numbers_of_times(moments_of_arrow(series.array.__arrow_array__()), seconds=seconds)
    codes, distinct = pd.factorize(series)
    values = np.asarray(distinct, object)
    times = _times_of_objects(series, codes, values, engine)
    numbers = np.append(_numbers_of_times(times, seconds=seconds), NO_DATE)
    return numbers[codes]


def _times_of_objects(
    series: Any, codes: IntArray, values: np.ndarray[Any, Any], engine: nw.Implementation
) -> np.ndarray[Any, Any]:
    """Return the times of distinct texts, dates and datetimes."""
    kinds = {type(value) for value in values}
    if all(issubclass(kind, str) for kind in kinds):
        times, wrong = moments_of_text(values)
        if wrong:
            bad = np.isnat(times)[codes] & (codes >= 0)
            raise text_date_error(series.name, int(bad.sum()), len(series), wrong[0], engine)
        return times
    if not all(issubclass(kind, (date, np.datetime64)) for kind in kinds):
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise InputTypeError(
            f"The date column {series.name!r} holds {names} values (for example {values[0]!r}), not dates "
            f"alone: convert it first, such as pd.to_datetime(log[{series.name!r}])."
        )
    zones = {value.tzinfo for value in values if isinstance(value, datetime)} - {None}
    if zones:
        raise time_zone_error(series.name, zones.pop())
    return np.asarray([np.datetime64(value, "s") for value in values], "datetime64[s]")


def _numbers_of_times(times: np.ndarray[Any, Any], *, seconds: bool) -> IntArray:
    """Return days (or seconds) since 1970 of datetime64 values."""
    unit, step = np.datetime_data(times.dtype)
    if step != 1 or unit not in _PER_DAY:
        times, unit = times.astype("datetime64[s]"), "s"
    raw = times.view(np.int64)
    wanted = SECONDS_PER_DAY if seconds else 1
    per = _PER_DAY[unit]
    numbers = raw // (per // wanted) if per >= wanted else raw * (wanted // per)
    if len(raw) and raw.min() == NO_DATE:
        numbers = np.where(raw == NO_DATE, NO_DATE, numbers)
    return numbers


def _dense(values: np.ndarray[Any, Any], kind: Any) -> tuple[IntArray, Levels] | None:
    """Return integers as their own codes, if they lie close enough together."""
    import pandas as pd

    if not len(values):
        return None
    low, high = int(values.min()), int(values.max())
    if high - low >= _DENSE * len(values):
        return None
    wide = values if values.dtype.kind == "u" else values.astype(np.int64, copy=False)
    codes = wide if low == 0 else wide - wide.dtype.type(low)

    def take(at: IntArray) -> Any:
        ids = (at.astype(wide.dtype) + wide.dtype.type(low)).astype(values.dtype)
        return ids if isinstance(kind, np.dtype) else pd.array(ids, dtype=kind)

    return codes.astype(np.int64, copy=False), Levels(high - low + 1, take, ordered=True)


def _float_codes(series: Any) -> tuple[IntArray, Levels]:
    """Return the codes of float ids; those of numpy that are whole are floats only because some are missing."""
    import pandas as pd

    plain = isinstance(series.dtype, np.dtype)
    values = series.to_numpy() if plain else series.to_numpy(dtype=np.float64, na_value=np.nan)
    there = np.isfinite(values)
    ids = values[there]
    if plain and not there.all() and (np.abs(ids) < 2.0**53).all() and (ids == np.floor(ids)).all():
        ids = ids.astype(np.int64)
    codes = np.full(len(values), -1, np.int64)
    codes[there], levels = pd.factorize(ids)
    known = levels if plain else pd.array(levels, dtype=series.dtype)
    return codes, Levels(len(levels), known.take, ordered=False)
