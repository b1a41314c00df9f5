"""Tables of pyarrow as frames of pandas, and back: columns are shared where both libraries have their type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.frames.columns import AnyFrame

_NO_TIME: Final = int(np.iinfo(np.int64).min)
_SECONDS_PER_DAY: Final = 86_400


def in_pandas(frame: AnyFrame, *, ids: Iterable[str], dates: Iterable[str], others: Iterable[str]) -> Any:
    """Return a frame in memory as a pandas frame, if it is of pandas or pyarrow.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        Any frame.
    ids : iterable of str
        Its columns of ids. Those that pandas cannot sort come as the values behind them.
    dates : iterable of str
        Its columns of dates, whatever they hold.
    others : iterable of str
        Other columns that are wanted; the rest of a table is left out.

    Returns
    -------
    pandas.DataFrame or None
        None for other kinds of frame.
    """
    native = frame.to_native()
    if nw.dependencies.is_pandas_dataframe(native):
        return native
    if isinstance(frame, nw.LazyFrame) or not frame.implementation.is_pyarrow():
        return None
    import pandas as pd

    columns = {name: _id_column(native[name]) for name in ids}
    columns |= {name: _date_column(native[name]) for name in dates}
    columns |= {name: pd.arrays.ArrowExtensionArray(native[name]) for name in others}
    return pd.DataFrame(columns, copy=False)


def in_kind_of(frame: Any, given: AnyFrame, customer: str, dates: Iterable[str] = ()) -> Any:
    """Return a pandas frame as a frame of the kind that :func:`in_pandas` has read.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns that evergreen made.
    given : narwhals DataFrame or LazyFrame
        The frame of the user.
    customer : str
        The column of ids, whose type is that of the user.
    dates : iterable of str
        Columns that are dates without a time, where the kind has a type for them.

    Returns
    -------
    native frame
    """
    if not given.implementation.is_pyarrow():
        return frame
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    kinds = {name: pa.date32() for name in dates}
    kinds[customer] = given.to_native().schema.field(customer).type
    for name, kind in kinds.items():
        column = table[name]
        if column.type != kind:
            coded = column.dictionary_encode() if pa.types.is_dictionary(kind) else column
            table = table.set_column(table.column_names.index(name), name, coded.cast(kind))
    return table


def moments_of_arrow(column: Any) -> np.ndarray[Any, Any]:
    """Return dates or times of pyarrow as datetime64 of their own unit (dates as seconds), NaT where missing.

    Parameters
    ----------
    column : pyarrow.Array or pyarrow.ChunkedArray
        Of type date32, date64 or timestamp.

    Returns
    -------
    ndarray of datetime64
        Nothing is rounded or wraps around.
    """
    import pyarrow as pa

    days = pa.types.is_date32(column.type)
    unit = "s" if days else "ms" if pa.types.is_date64(column.type) else column.type.unit
    numbers = column.cast(pa.int32()).cast(pa.int64()) if days else column.cast(pa.int64())
    whole = numbers.fill_null(_NO_TIME).to_numpy()
    if days:
        whole = np.where(whole == _NO_TIME, _NO_TIME, whole * _SECONDS_PER_DAY)
    return np.asarray(whole).view(f"datetime64[{unit}]")


def holds_moments(kind: Any) -> bool:
    """Return whether a type of pyarrow is one of dates or times."""
    import pyarrow as pa

    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _id_column(column: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        return column.cast(pa.float64()).to_numpy()
    views = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    return pd.arrays.ArrowExtensionArray(column.cast(views.get(column.type, column.type)))


def _date_column(column: Any) -> Any:
    import pandas as pd

    return moments_of_arrow(column) if holds_moments(column.type) else pd.arrays.ArrowExtensionArray(column)
