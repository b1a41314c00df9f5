"""How a column of the wrong type is converted, in the words of the engine that holds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import narwhals.stable.v2 as nw

Wanted: TypeAlias = Literal["numbers", "dates from numbers", "dates from text", "local dates"]
"""What a column is to become: numbers, dates from 19970131 or from 31/01/1997, dates without a time zone."""

_Words: TypeAlias = Mapping[Wanted, Callable[[str], str]]


def _replaced(name: str, expression: str) -> str:
    """Return the columns of a query of DuckDB with an expression of a column in its place."""
    column = name if name.isidentifier() else '"' + name.replace('"', '""') + '"'
    return f"* REPLACE ({expression.format(column)} AS {column})"


def _selected(expression: str) -> Callable[[str], str]:
    return lambda name: f"log.select({_replaced(name, expression)!r})"


_PANDAS: Final[_Words] = {
    "numbers": lambda name: f"pd.to_numeric(log[{name!r}])",
    "dates from numbers": lambda name: f"pd.to_datetime(log[{name!r}].astype(str), format='%Y%m%d')",
    "dates from text": lambda name: f"pd.to_datetime(log[{name!r}], format='%d/%m/%Y')",
    "local dates": lambda name: f"log[{name!r}].dt.tz_convert('Europe/Berlin').dt.tz_localize(None)",
}
_POLARS: Final[_Words] = {
    "numbers": lambda name: f"log.with_columns(pl.col({name!r}).cast(pl.Float64))",
    "dates from numbers": lambda name: f"log.with_columns(pl.col({name!r}).cast(pl.String).str.to_date('%Y%m%d'))",
    "dates from text": lambda name: f"log.with_columns(pl.col({name!r}).str.to_date('%d/%m/%Y'))",
    "local dates": lambda name: (
        f"log.with_columns(pl.col({name!r}).dt.convert_time_zone('Europe/Berlin').dt.replace_time_zone(None))"
    ),
}
_PYARROW: Final[_Words] = {
    "numbers": lambda name: f"pc.cast(log[{name!r}], 'float64')",
    "dates from numbers": lambda name: f"pc.strptime(pc.cast(log[{name!r}], 'string'), '%Y%m%d', 's')",
    "dates from text": lambda name: f"pc.strptime(log[{name!r}], '%d/%m/%Y', 's')",
    "local dates": lambda name: f"pc.local_timestamp(pc.cast(log[{name!r}], pa.timestamp('us', 'Europe/Berlin')))",
}
_DUCKDB: Final[_Words] = {
    "numbers": _selected("CAST({} AS DOUBLE)"),
    "dates from numbers": _selected("strptime(CAST({} AS VARCHAR), '%Y%m%d')"),
    "dates from text": _selected("strptime({}, '%d/%m/%Y')"),
    "local dates": _selected("{} AT TIME ZONE 'Europe/Berlin'"),
}
_IBIS: Final[_Words] = {
    "numbers": lambda name: f"log.cast({{{name!r}: 'float64'}})",
    "dates from numbers": lambda name: f"log.mutate(log[{name!r}].cast('string').as_date('%Y%m%d').name({name!r}))",
    "dates from text": lambda name: f"log.mutate(log[{name!r}].as_date('%d/%m/%Y').name({name!r}))",
    "local dates": lambda name: f"log.cast({{{name!r}: 'timestamp'}})",
}
_SPARK: Final[_Words] = {
    "numbers": lambda name: f"log.withColumn({name!r}, F.col({name!r}).cast('double'))",
    "dates from numbers": lambda name: (
        f"log.withColumn({name!r}, F.to_date(F.col({name!r}).cast('string'), 'yyyyMMdd'))"
    ),
    "dates from text": lambda name: f"log.withColumn({name!r}, F.to_date(F.col({name!r}), 'dd/MM/yyyy'))",
    "local dates": lambda name: f"log.withColumn({name!r}, F.col({name!r}).cast('timestamp_ntz'))",
}
_BY_ENGINE: Final[Mapping[nw.Implementation, _Words]] = MappingProxyType(
    {
        nw.Implementation.POLARS: _POLARS,
        nw.Implementation.PYARROW: _PYARROW,
        nw.Implementation.DUCKDB: _DUCKDB,
        nw.Implementation.IBIS: _IBIS,
        nw.Implementation.PYSPARK: _SPARK,
        nw.Implementation.PYSPARK_CONNECT: _SPARK,
        nw.Implementation.SQLFRAME: _SPARK,
    }
)


def how_to_convert(name: str, wanted: Wanted, engine: nw.Implementation = nw.Implementation.PANDAS) -> str:
    """Return a line of code that converts a column of a log.

    Parameters
    ----------
    name : str
        The column.
    wanted : {"numbers", "dates from numbers", "dates from text", "local dates"}
        What it is to become.
    engine : narwhals Implementation
        The library that holds the log.

    Returns
    -------
    str

    Examples
    --------
    >>> how_to_convert("amount", "numbers")
    "pd.to_numeric(log['amount'])"
    """
    return _BY_ENGINE.get(engine, _PANDAS)[wanted](name)
