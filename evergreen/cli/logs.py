"""Opening a log in files through DuckDB, without a guess: ids as they are written, dates as the user says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from evergreen.cli.arguments import ScoreOptions
from evergreen.cli.database import quoted_name, quoted_text
from evergreen.cli.files import FileKind
from evergreen.cli.headers import Header, amount_columns, check_names, header_of
from evergreen.errors import InputTypeError, InvalidInputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_TABLE: Final = "evergreen_log"
_BAD_DATE: Final = "evergreen_bad_date"
_BAD_AMOUNT: Final = "evergreen_bad_amount"
_TEXT: Final = "VARCHAR"
_ZONED: Final = "TIMESTAMP WITH TIME ZONE"
_WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_CLOCK: Final = "([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?)?"
_ISO: Final = f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_CLOCK}"


@dataclass(frozen=True, slots=True)
class _Source:
    """Files of one layout.

    Parameters
    ----------
    table : str
        SQL that reads them.
    columns : dict of str to (str, str)
        For each column wanted its SQL name and its type.
    """

    table: str
    columns: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Log:
    """A log that is ready to be read.

    Parameters
    ----------
    selects : tuple of str
        SQL of its rows, one for each layout of files.
    has_text : bool
        Whether dates or amounts are text, so that reading is worth doing once and keeping.
    """

    selects: tuple[str, ...]
    has_text: bool


def log_of(connection: DuckDBPyConnection, kind: FileKind, files: Sequence[Path], options: ScoreOptions) -> Log:
    """Find the columns of a log and decide how to read them.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The engine.
    kind : {"csv", "parquet"}
        Format of the files.
    files : sequence of Path
        The files.
    options : ScoreOptions
        Columns and how they are written.

    Returns
    -------
    Log
        Nothing but headers has been read.

    Raises
    ------
    ColumnNotFoundError
        If a column is missing.
    InputTypeError
        If the date format goes with no text.
    InvalidInputError
        If a date format cannot be read or a header is broken.
    """
    if options.date_format is not None:
        _check_format(connection, options.date_format)
    sources = _csv_sources(files, options) if kind == "csv" else [_parquet_source(connection, files, options)]
    selects, texts = [], False
    for source in sources:
        date = _date(source, options)
        amount = _amount(source, options)
        texts |= date[1] is not None or (amount is not None and amount[1] is not None)
        parts = [(source.columns[options.customer][0], options.customer), (date[0], options.date)]
        parts.append((date[1] or "NULL::VARCHAR", _BAD_DATE))
        if amount is not None and options.amount is not None:
            parts += [(amount[0], options.amount), (amount[1] or "NULL::VARCHAR", _BAD_AMOUNT)]
        if options.order is not None:
            parts.append((source.columns[options.order][0], options.order))
        picked = ", ".join(f"{value} AS {quoted_name(name)}" for value, name in parts)
        selects.append(f"SELECT {picked} FROM {source.table}")  # noqa: S608 - names and texts are quoted
    return Log(tuple(selects), texts)


def rows_of(connection: DuckDBPyConnection, log: Log, options: ScoreOptions) -> DuckDBPyRelation:
    """Return the rows of a log; where they hold text, after reading it once into the database.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The engine.
    log : Log
        The log.
    options : ScoreOptions
        Columns and how they are written.

    Returns
    -------
    DuckDBPyRelation
        The columns under the user's names. If there are texts that are no ISO dates, all dates are text:
        :class:`evergreen.CustomerBase` says what is wrong with them.

    Raises
    ------
    InvalidInputError
        If amounts are no numbers, or dates are not written in the format given.
    """
    query = " UNION ALL ".join(log.selects)
    if not log.has_text:
        return _without_flags(connection, f"({query})", options)
    connection.execute(f"CREATE TABLE {_TABLE} AS {query}").fetchall()
    if options.amount is not None:
        bad, rows, example = _bad(connection, _BAD_AMOUNT)
        if bad:
            raise _amount_error(options.amount, bad, rows, example)
    bad, rows, example = _bad(connection, _BAD_DATE)
    if bad and options.date_format is not None:
        raise InvalidInputError.rows(
            f"The date column {options.date!r} holds text that is not a date of the format {options.date_format!r}",
            bad,
            rows,
            example=example,
            todo="Correct the rows, or give their format with --date-format.",
        )
    return _without_flags(connection, _TABLE, options, as_text=bool(bad))


def release(connection: DuckDBPyConnection, log: Log) -> None:
    """Drop the rows that were kept of a log, once its customers are."""
    if log.has_text:
        connection.execute(f"DROP TABLE {_TABLE}")


def _csv_sources(files: Sequence[Path], options: ScoreOptions) -> list[_Source]:
    """Return one source for each header that occurs: columns are told by name, not by place."""
    layouts: dict[Header, list[Path]] = {}
    for path in files:
        header = header_of(path, options)
        check_names(str(path), header.names, options)
        layouts.setdefault(header, []).append(path)
    sources = []
    for header, paths in layouts.items():
        types = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(header.names)))
        nulls = ", ".join(quoted_text(text) for text in ("", *options.null))
        table = (
            f"read_csv({_listed(paths)}, auto_detect = false, header = true, delim = {quoted_text(header.delimiter)}, "
            f"quote = '\"', escape = '\"', nullstr = [{nulls}], encoding = {quoted_text(options.encoding)}, "
            f"columns = {{{types}}})"
        )
        columns = {name: (f"c{place}", _TEXT) for place, name in enumerate(header.names)}
        sources.append(_Source(table, columns))
    return sources


def _parquet_source(connection: DuckDBPyConnection, files: Sequence[Path], options: ScoreOptions) -> _Source:
    table = f"read_parquet({_listed(files)})"
    relation = connection.sql(f"SELECT * FROM {table}")  # noqa: S608 - paths are quoted
    check_names(str(files[0]), relation.columns, options)
    types = [str(kind) for kind in relation.types]
    columns = {name: (quoted_name(name), kind) for name, kind in zip(relation.columns, types, strict=True)}
    return _Source(table, columns)


def _date(source: _Source, options: ScoreOptions) -> tuple[str, str | None]:
    """Return SQL for the date, and for the text where it is none."""
    column, kind = source.columns[options.date]
    if kind == _ZONED:
        if options.time_zone is None:
            raise InputTypeError(
                f"The date column {options.date!r} has a time zone: say with --time-zone, such as Europe/Berlin, where "
                "a purchase near midnight has its day."
            )
        return f"timezone({quoted_text(options.time_zone)}, {column})", None
    if options.date_format is not None:
        if kind != _TEXT and kind not in _WHOLE:
            raise InputTypeError(f"The date column {options.date!r} holds {kind}, not text: leave out --date-format.")
        text = f"CAST({column} AS VARCHAR)"
        date = f"try_strptime({text}, {quoted_text(options.date_format)})"
    elif kind == _TEXT:
        text = column
        iso = f"regexp_full_match({text}, {quoted_text(_ISO)})"
        date = f"CASE WHEN {iso} THEN TRY_CAST(left({text}, 19) AS TIMESTAMP) END"
    elif kind in _WHOLE:
        raise InputTypeError(
            f"The date column {options.date!r} holds whole numbers ({kind}): say how they are to be read with "
            "--date-format, such as %Y%m%d."
        )
    else:
        return column, None
    return date, f"CASE WHEN {date} IS NULL THEN {text} END"


def _amount(source: _Source, options: ScoreOptions) -> tuple[str, str | None] | None:
    """Return SQL for the amount, and for the text where it is no number."""
    factors = [source.columns[name] for name in amount_columns(options.amount, list(source.columns))]
    if not factors:
        return None
    if len(factors) == 1 and factors[0][1] != _TEXT:
        return factors[0][0], None
    numbers = [
        _number(column, options.decimal) if kind == _TEXT else f"CAST({column} AS DOUBLE)" for column, kind in factors
    ]
    bad = [
        f"CASE WHEN {number} IS NULL THEN {column} END"
        for number, (column, kind) in zip(numbers, factors, strict=True)
        if kind == _TEXT
    ]
    return " * ".join(numbers), f"coalesce({', '.join(bad)})" if bad else None


def _number(column: str, decimal: str) -> str:
    text = column if decimal == "." else f"replace({column}, ',', '.')"
    return f"TRY_CAST({text} AS DOUBLE)"


def _without_flags(
    connection: DuckDBPyConnection, table: str, options: ScoreOptions, *, as_text: bool = False
) -> DuckDBPyRelation:
    date = quoted_name(options.date)
    if as_text:
        date = f"coalesce({_BAD_DATE}, strftime({date}, '%Y-%m-%d %H:%M:%S')) AS {date}"
    others = [name for name in (options.amount, options.order) if name is not None]
    picked = ", ".join([quoted_name(options.customer), date, *map(quoted_name, others)])
    return connection.sql(f"SELECT {picked} FROM {table} AS evergreen_rows")  # noqa: S608 - names are quoted


def _bad(connection: DuckDBPyConnection, column: str) -> tuple[int, int, str | None]:
    """Return how many texts could not be read, of how many rows, and one of them."""
    found = connection.execute(f"SELECT count({column}), count(*), min({column}) FROM {_TABLE}").fetchall()  # noqa: S608
    return int(found[0][0]), int(found[0][1]), found[0][2]


def _amount_error(name: str, bad: int, rows: int, example: str | None) -> InvalidInputError:
    todo = "Correct the rows, or say with --null which text means that an amount is missing."
    if example is not None and "," in example:
        todo = "Write amounts without signs between thousands; if the comma is the decimal sign, give --decimal ','."
    return InvalidInputError.rows(
        f"The amount column {name!r} holds text that is not a number", bad, rows, example=example, todo=todo
    )


def _check_format(connection: DuckDBPyConnection, date_format: str) -> None:
    import duckdb

    try:
        connection.execute(f"SELECT try_strptime('', {quoted_text(date_format)})").fetchall()
    except duckdb.Error:
        raise InvalidInputError(
            f"--date-format {date_format!r} is not a format: write it with %Y, %m, %d, %H, %M, %S, such as '%d/%m/%Y'."
        ) from None


def _listed(files: Sequence[Path]) -> str:
    """Return files as an SQL list, with nothing in their names taken for a pattern."""
    return "[" + ", ".join(quoted_text(escape(str(path))) for path in files) + "]"
