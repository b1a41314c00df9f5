"""Rows that an engine computes once and keeps, and how it is told to let them go."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import narwhals.stable.v2 as nw

from evergreen.frames.columns import AnyFrame


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Rows that are kept.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        The rows.
    release : callable
        Lets the engine forget them; a second call does nothing.
    """

    frame: AnyFrame
    release: Callable[[], None]


def keep(frame: AnyFrame) -> Kept:
    """Have a lazy frame computed, and its rows kept by its own engine.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        One in memory is kept as it is.

    Returns
    -------
    Kept
        Polars keeps rows in memory, DuckDB in a temporary table of the relation's own connection, Ibis in a cached
        table, and PySpark, when they are first asked for, in the memory and on the disks of its executors.
    """
    if isinstance(frame, nw.DataFrame):
        return Kept(frame, _nothing)
    engine, native = frame.implementation, frame.to_native()
    if engine.is_polars():
        return Kept(nw.from_native(native.collect().lazy()), _nothing)
    if engine.is_duckdb():
        return _in_temporary_table(native)
    if engine.is_ibis():
        cached = native.cache()
        return Kept(nw.from_native(cached), cached.release)
    if engine.is_spark_like() and hasattr(native, "persist"):
        persisted = native.persist()
        return Kept(nw.from_native(persisted), lambda: _nothing(persisted.unpersist()))
    return Kept(frame.collect().lazy(), _nothing)


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
    name = f"evergreen_{uuid4().hex}"

    def release() -> None:
        import duckdb

        try:
            found.query("evergreen_rows", f'DROP TABLE IF EXISTS "{name}"')
        except (duckdb.ConnectionException, duckdb.CatalogException):  # closed, or dropped: it is gone already
            return

    made = relation.query("evergreen_rows", f'CREATE TEMP TABLE "{name}" AS SELECT * FROM evergreen_rows')  # noqa: S608
    beside = relation if made is None else made  # what DuckDB 2 returns does not refer to the relation any more
    found = beside.query("evergreen_rows", f'SELECT * FROM "{name}"')  # noqa: S608
    return Kept(nw.from_native(found), release)


def _nothing(*_: object) -> None:
    return
