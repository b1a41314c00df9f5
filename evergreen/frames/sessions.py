"""Whether the connection or session behind a lazy frame is still there, and whether two frames share one."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw

from evergreen.errors import InputTypeError, SessionClosedError


def check_session(native: Any) -> None:
    """Refuse a frame whose connection or session is closed; nothing is computed for it.

    Parameters
    ----------
    native : native frame
        Of any kind.

    Raises
    ------
    SessionClosedError
        If it is a DuckDB relation or an Ibis table on a closed connection of DuckDB, or a frame of a stopped Spark
        session.
    """
    if nw.dependencies.is_duckdb_relation(native):
        _check_duckdb(lambda: native.columns, "DuckDB relation")
    elif nw.dependencies.is_ibis_table(native):
        for connection in _connections(native):
            if connection.name == "duckdb":
                _check_duckdb(connection.con.cursor, "Ibis table")
    elif _is_stopped(native):
        raise SessionClosedError.of("PySpark frame", "session")


def check_one_session(native: Any, other: Any) -> None:
    """Refuse two tables of Ibis on different connections, which Ibis itself may take for one.

    Raises
    ------
    InputTypeError
        If they are on different connections.
    """
    if not (nw.dependencies.is_ibis_table(native) and nw.dependencies.is_ibis_table(other)):
        return
    if len({id(connection) for frame in (native, other) for connection in _connections(frame)}) > 1:
        raise InputTypeError(
            "The two tables are on different connections of Ibis, which joins only those of one: make both on the same "
            "connection."
        )


def _connections(table: Any) -> list[Any]:
    """Return the connections of the tables that a table of Ibis is made of; tables in memory have none."""
    from ibis.expr import operations

    found = table.op().find((operations.DatabaseTable, operations.SQLQueryResult))
    return list({id(node.source): node.source for node in found}.values())


def _is_stopped(native: Any) -> bool:
    """Return whether this is a frame of a stopped session of Spark."""
    if nw.dependencies.is_pyspark_connect_dataframe(native):
        return bool(native.sparkSession.is_stopped)
    return nw.dependencies.is_pyspark_dataframe(native) and native.sparkSession.sparkContext._jsc is None  # noqa: SLF001


def _check_duckdb(ask: Any, what: str) -> None:
    import duckdb

    try:
        ask()
    except duckdb.ConnectionException:
        raise SessionClosedError.of(what, "connection") from None
