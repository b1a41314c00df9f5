"""The few things that engines do each in its own way: taking up a small table, joining, cutting seconds."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames.columns import AnyFrame
from evergreen.frames.sessions import check_one_session
from evergreen.frames.spark import spark_table

_Columns = Mapping[str, np.ndarray[Any, Any]]


def table_beside(frame: AnyFrame, columns: _Columns) -> AnyFrame:
    """Return a small table of the same kind, in the same engine and session, as a frame.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        The frame whose kind and session it joins.
    columns : mapping of str to ndarray
        Columns of one length: numbers or text.

    Returns
    -------
    narwhals DataFrame or LazyFrame

    Raises
    ------
    InputTypeError
        If the engine is not one that evergreen can hand a table.
    """
    if isinstance(frame, nw.DataFrame):
        return nw.from_dict(_listed(columns), backend=frame.implementation)
    engine, native = frame.implementation, frame.to_native()
    if engine.is_polars():
        return nw.from_dict(_listed(columns), backend=engine).lazy()
    if engine.is_duckdb():
        return _wrapped(_duckdb_table(native, columns))
    if engine.is_ibis():
        import ibis

        return _wrapped(ibis.memtable(_arrow_table(columns)))
    if engine.is_pyspark() or engine.is_pyspark_connect():
        return _wrapped(spark_table(native.sparkSession, columns))
    raise InputTypeError(
        f"A lazy {engine} frame cannot take up a table of scores: collect it first, or use polars, DuckDB, "
        "Ibis or PySpark."
    )


def taken_names(frame: AnyFrame, wanted: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return which names are taken in the engine of a frame: to SQL, ``t`` and ``T`` are one column.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        Any frame of the engine.
    wanted : iterable of str
        The names to ask about.
    names : iterable of str
        The names that are there.

    Returns
    -------
    list of str
    """
    engine = frame.implementation
    if not (engine.is_duckdb() or engine.is_ibis() or engine.is_spark_like()):
        there = set(names)
        return [name for name in wanted if name in there]
    alike = {name.casefold() for name in names}
    return [name for name in wanted if name.casefold() in alike]


def joined_lazily(frame: nw.LazyFrame[Any], other: nw.LazyFrame[Any], on: str) -> nw.LazyFrame[Any]:
    """Join two frames of a user's on a key, keeping all rows of the first.

    Parameters
    ----------
    frame, other : narwhals LazyFrame
        Frames of the same engine.
    on : str
        The key, a column of both.

    Returns
    -------
    narwhals LazyFrame

    Raises
    ------
    InputTypeError
        If they are on different connections of DuckDB, or of Ibis.
    """
    with _one_connection(frame, other):
        return frame.join(other, on=on, how="left")


def stacked(frame: AnyFrame, other: AnyFrame) -> AnyFrame:
    """Put the rows of two frames of a user's below each other.

    Parameters
    ----------
    frame, other : narwhals DataFrame or LazyFrame
        Frames of the same engine with the same columns.

    Returns
    -------
    narwhals DataFrame or LazyFrame

    Raises
    ------
    InputTypeError
        If they are on different connections of DuckDB, or of Ibis.
    """
    with _one_connection(frame, other):
        both: list[Any] = [frame, other]
        return nw.concat(both, how="vertical")


@contextmanager
def _one_connection(frame: AnyFrame, other: AnyFrame) -> Generator[None]:
    """Say it in plain words where two relations of DuckDB, or tables of Ibis, are not on the same connection."""
    check_one_session(frame, other)
    if not frame.implementation.is_duckdb():
        yield
        return
    import duckdb

    try:
        yield
    except duckdb.Error as cause:
        if "different connections" not in str(cause):
            raise
        raise InputTypeError(
            "The two relations are on different connections of DuckDB, which joins only those of one: make both on the "
            "same connection."
        ) from None


def whole_seconds(moment: nw.Expr, engine: nw.Implementation) -> nw.Expr:
    """Return datetimes without a time zone at their second."""
    if not engine.is_spark_like():
        return moment.dt.truncate("1s")
    # Spark truncates in the zone of the session, where clocks skip hours, and returns a time with a zone
    return moment.cast(nw.String).str.slice(0, 19).str.to_datetime(format="%Y-%m-%d %H:%M:%S")


def values_for_frame(column: np.ndarray[Any, Any]) -> Any:
    """Return a column as engines take it: text as a list, numbers as they are."""
    return column.tolist() if column.dtype.kind in "OU" else column


def _listed(columns: _Columns) -> dict[str, Any]:
    return {name: values_for_frame(column) for name, column in columns.items()}


def _duckdb_table(relation: Any, columns: _Columns) -> Any:
    """Return a relation on the connection of another one: DuckDB does not join across connections."""
    evergreen_small = _arrow_table(columns)  # found by its name in the query
    found = relation.query("evergreen_rows", "SELECT * FROM evergreen_small")
    if found.columns != evergreen_small.column_names:
        raise InvalidInputError(
            "The database has a table named evergreen_small, the name by which evergreen hands over scores: rename it."
        )
    return found


def _arrow_table(columns: _Columns) -> Any:
    import pyarrow as pa

    return pa.table({name: pa.array(column) for name, column in columns.items()})


def _wrapped(native: Any) -> AnyFrame:
    return nw.from_native(native)
