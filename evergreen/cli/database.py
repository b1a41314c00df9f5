"""An engine for the length of one job: DuckDB in a temporary directory."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from evergreen.errors import InvalidInputError, MissingExtraError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def temporary_database(
    *, memory_limit: str | None = None, threads: int | None = None, directory: Path | None = None
) -> Generator[DuckDBPyConnection]:
    """Open a database on a temporary file; what does not fit into memory is written beside it.

    Parameters
    ----------
    memory_limit : str, optional
        Size with its unit, such as ``"500MB"``; by default most of the memory.
    threads : int, optional
        By default all processors.
    directory : Path, optional
        Where to make the temporary directory.

    Yields
    ------
    DuckDBPyConnection
        Closed at the end, its files removed.

    Raises
    ------
    MissingExtraError
        If DuckDB or pyarrow is not installed.
    InvalidInputError
        If the memory limit cannot be read.
    """
    duckdb = _engine()
    config: dict[str, Any] = {"preserve_insertion_order": False, "autoinstall_known_extensions": False}
    if threads is not None:
        config["threads"] = threads
    with TemporaryDirectory(prefix="evergreen_", dir=directory, ignore_cleanup_errors=True) as place:
        connection = duckdb.connect(str(Path(place) / "job.duckdb"), config=config)
        try:
            connection.execute(f"SET temp_directory = {quoted_text(str(Path(place) / 'spilled'))}")
            if memory_limit is not None:
                _limit(connection, memory_limit)
            # measured for progress.py, which draws the bar itself
            connection.execute("SET enable_progress_bar = true")
            connection.execute("SET enable_progress_bar_print = false")
            yield connection
        finally:
            connection.close()


def quoted_text(text: str) -> str:
    """Return a text as an SQL literal.

    Examples
    --------
    >>> quoted_text("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def quoted_name(name: str) -> str:
    """Return the name of a column as SQL.

    Examples
    --------
    >>> quoted_name('the "best" name')
    '"the ""best"" name"'
    """
    return '"' + name.replace('"', '""') + '"'


def _engine() -> Any:
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError.of("duckdb", "duckdb", "Scoring files") from None
    if find_spec("pyarrow") is None:  # asked for now rather than in the middle of the job
        raise MissingExtraError.of("pyarrow", "duckdb", "Scoring files")
    return duckdb


def _limit(connection: DuckDBPyConnection, size: str) -> None:
    import duckdb

    try:
        connection.execute(f"SET memory_limit = {quoted_text(size)}")
    except duckdb.Error:
        raise InvalidInputError(
            f"--memory-limit {size!r} is not a size: write a number and a unit, such as 500MB."
        ) from None
