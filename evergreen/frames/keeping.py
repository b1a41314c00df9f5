"""Rows that an engine computes once and keeps, and how it is told to let them go."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, final
from uuid import uuid4

import narwhals.stable.v2 as nw

from evergreen.frames.columns import AnyFrame


@final
class Kept:
    """Rows that are kept.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        The rows.
    forget : callable
        Lets the engine forget them.
    """

    __slots__ = ("_forget", "frame", "released")

    def __init__(self, frame: AnyFrame, forget: Callable[[], object]) -> None:
        self.frame = frame
        self.released = False
        self._forget = forget

    def release(self) -> None:
        """Let the engine forget the rows; a second call does nothing."""
        if not self.released:
            self.released = True
            self._forget()

    def showing(self, frame: AnyFrame) -> Kept:
        """Return what was made from the rows, kept with them."""
        return Kept(frame, self.release)


def keep(frame: AnyFrame) -> Kept:
    """Have a lazy frame computed, and its rows kept by its own engine.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        One in memory, or one that Spark keeps already, is kept as it is.

    Returns
    -------
    Kept
        Polars keeps rows in memory, DuckDB and Ibis in a temporary table of the connection, and PySpark, when they are
        first asked for, in the memory and on the disks of its executors.
    """
    if isinstance(frame, nw.DataFrame):
        return Kept(frame, _nothing)
    engine, native = frame.implementation, frame.to_native()
    if engine.is_duckdb():
        return _in_temporary_table(native)
    if engine.is_ibis():
        return _in_table_of_ibis(native)
    if engine.is_pyspark() or engine.is_pyspark_connect():
        return _on_executors(native)
    return Kept(nw.from_native(native.collect().lazy()) if engine.is_polars() else frame.collect().lazy(), _nothing)


@contextmanager
def kept_meanwhile(frame: AnyFrame) -> Generator[AnyFrame]:
    """Keep the rows of a lazy frame for as long as several questions are asked of them.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        Any frame.

    Yields
    ------
    narwhals DataFrame or LazyFrame
        The rows, which cannot be used afterwards.
    """
    kept = keep(frame)
    try:
        yield kept.frame
    finally:
        kept.release()


def _in_temporary_table(relation: Any) -> Kept:
    name, rows = _fresh_name(), _fresh_name()

    def forget() -> None:
        import duckdb

        try:
            found.query(rows, f'DROP TABLE IF EXISTS "{name}"')
        except (duckdb.ConnectionException, duckdb.CatalogException, duckdb.TransactionException):
            return  # closed, dropped or about to be rolled back: it is gone

    made = relation.query(rows, f'CREATE TEMP TABLE "{name}" AS SELECT * FROM {rows}')  # noqa: S608
    beside = relation if made is None else made  # what DuckDB 2 returns does not refer to the relation any more
    found = beside.query(rows, f'SELECT * FROM "{name}"')  # noqa: S608
    return Kept(nw.from_native(found), forget)


def _in_table_of_ibis(table: Any) -> Kept:
    """Keep a table of Ibis: its own cache is one for all who ask for the same."""
    connection, name = table.get_backend(), _fresh_name()
    kept = connection.create_table(name, table, temp=True)
    return Kept(nw.from_native(kept), lambda: connection.drop_table(name, force=True))


def _on_executors(frame: Any) -> Kept:
    level = frame.storageLevel
    if level.useMemory or level.useDisk:  # Spark keeps rows by their plan, whoever has asked for it
        return Kept(nw.from_native(frame), _nothing)
    persisted = frame.persist()
    return Kept(nw.from_native(persisted), persisted.unpersist)


def _fresh_name() -> str:
    return f"evergreen_{uuid4().hex}"


def _nothing() -> None:
    return
