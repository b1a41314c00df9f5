"""Whether the connection or session behind a lazy frame is still there, and whether two frames share one."""

from __future__ import annotations

from typing import Any, TypeAlias

import narwhals.stable.v2 as nw

from evergreen.errors import InputTypeError, SessionClosedError

_AnyFrame: TypeAlias = nw.DataFrame[Any] | nw.LazyFrame[Any]


def check_session(frame: _AnyFrame) -> _AnyFrame:
    """Refuse a frame whose connection or session is closed; nothing is computed for it.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        Of any kind.

    Returns
    -------
    narwhals DataFrame or LazyFrame
        The frame itself.

    Raises
    ------
    SessionClosedError
        If it is a DuckDB relation or an Ibis table on a closed connection of DuckDB, or a frame of a stopped Spark
        session.
    """
    engine = frame.implementation
    if engine.is_duckdb():
        _check_duckdb(lambda: frame.to_native().set_alias("evergreen_rows"), "DuckDB relation")
    elif engine.is_ibis():
        for connection in _connections(frame.to_native()):
            if connection.name == "duckdb":
                _check_duckdb(connection.con.cursor, "Ibis table")
    elif (engine.is_pyspark() or engine.is_pyspark_connect()) and _is_stopped(frame.to_native().sparkSession):
        raise SessionClosedError.of("PySpark frame", "session")
    return frame


def check_one_session(frame: _AnyFrame, other: _AnyFrame) -> None:
    """Refuse two tables of Ibis on different connections, which Ibis itself may take for one.

    Raises
    ------
    InputTypeError
        If they are on different connections.
    """
    if not (frame.implementation.is_ibis() and other.implementation.is_ibis()):
        return
    if len({id(connection) for table in (frame, other) for connection in _connections(table.to_native())}) > 1:
        raise InputTypeError(
            "The two tables are on different connections of Ibis, which joins only those of one: make both on the same "
            "connection."
        )


def _connections(table: Any) -> list[Any]:
    """Return the connections of the tables that a table of Ibis is made of; tables in memory have none."""
    from ibis.expr import operations

    found = table.op().find((operations.DatabaseTable, operations.SQLQueryResult))
    return list({id(node.source): node.source for node in found}.values())


def _is_stopped(session: Any) -> bool:
    """Return whether a session of Spark, plain or Connect, is stopped."""
    return session.is_stopped if hasattr(session, "is_stopped") else session.sparkContext._jsc is None  # noqa: SLF001


def _check_duckdb(ask: Any, what: str) -> None:
    import duckdb

    try:
        ask()
    except duckdb.ConnectionException:
        raise SessionClosedError.of(what, "connection") from None
