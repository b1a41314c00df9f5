"""Which files the log is, and where the scores may go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import Final, Literal, TypeAlias

from evergreen.errors import InvalidInputError

FileKind: TypeAlias = Literal["csv", "parquet"]
"""A format that can be read and written."""

_KINDS: Final[dict[str, FileKind]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_READABLE: Final = "CSV (.csv, .tsv, .txt, also .gz) or Parquet (.parquet, .pq)"


def files_of(logs: Sequence[str]) -> tuple[FileKind, list[Path]]:
    """Return the format and the files of a log.

    Parameters
    ----------
    logs : sequence of str
        Files, patterns, and directories, which are searched to their ends for files that can be read.

    Returns
    -------
    kind : {"csv", "parquet"}
        The format of all of them.
    files : list of Path
        Each file once, in the order given.

    Raises
    ------
    InvalidInputError
        If nothing is found, a format is unknown, or there are both formats.
    """
    found = list(dict.fromkeys(path for log in logs for path in _files(log)))
    kinds: dict[FileKind, Path] = {}
    for path in found:
        kind = kind_of(path)
        if kind is None:
            raise InvalidInputError(f"Cannot read {str(path)!r}: a log is {_READABLE}.")
        kinds.setdefault(kind, path)
    if len(kinds) > 1:
        both = " and ".join(repr(str(path)) for path in kinds.values())
        raise InvalidInputError(f"The log has CSV and Parquet files, such as {both}: give files of one format.")
    return next(iter(kinds)), found


def kind_of(path: Path) -> FileKind | None:
    """Return the format that the name of a file says, or None.

    Examples
    --------
    >>> kind_of(Path("orders.CSV.gz")), kind_of(Path("orders.pq")), kind_of(Path("orders.xlsx"))
    ('csv', 'parquet', None)
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [".gz"]:
        kind = _KINDS.get(suffixes[-2]) if len(suffixes) > 1 else None
        return kind if kind == "csv" else None
    return _KINDS.get(suffixes[-1]) if suffixes else None


def check_target(out: Path, logs: Sequence[Path], *, force: bool) -> FileKind:
    """Return the format of the file to write, after checking that it may be written.

    Parameters
    ----------
    out : Path
        File to write.
    logs : sequence of Path
        Files of the log.
    force : bool
        Whether an existing file may be replaced.

    Returns
    -------
    {"csv", "parquet"}

    Raises
    ------
    InvalidInputError
        If the format is unknown, the directory is missing, the file exists, or it is part of the log.
    """
    kind: FileKind | None = "csv" if out.suffix.lower() == ".csv" else None
    if out.suffix.lower() in (".parquet", ".pq"):
        kind = "parquet"
    if kind is None:
        raise InvalidInputError(f"Cannot write {str(out)!r}: name a file that ends in .parquet or .csv.")
    if out.resolve() in {path.resolve() for path in logs}:
        raise InvalidInputError(f"{str(out)!r} is part of the log: write the scores to another file.")
    if out.is_dir():
        raise InvalidInputError(f"{str(out)!r} is a directory: name a file to write.")
    if not out.parent.is_dir():
        raise InvalidInputError(f"There is no directory {str(out.parent)!r} to write {out.name!r} to.")
    if out.exists() and not force:
        raise InvalidInputError(f"{str(out)!r} exists already: give --force to replace it, or another name.")
    if not os.access(out.parent, os.W_OK):
        raise InvalidInputError(f"The directory {str(out.parent)!r} cannot be written to.")
    return kind


def _files(log: str) -> list[Path]:
    path = Path(log)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(inner for inner in path.rglob("*") if inner.is_file() and _shown(inner.relative_to(path)))
        if not found:
            raise InvalidInputError(f"The directory {log!r} has no file that can be read: {_READABLE}.")
        return found
    if has_magic(log):
        found = sorted(inner for inner in map(Path, glob(log, recursive=True)) if inner.is_file())  # noqa: PTH207 - any pattern
        if not found:
            raise InvalidInputError(f"No file matches {log!r}.")
        return found
    raise InvalidInputError(f"There is no file or directory {log!r}.")


def _shown(path: Path) -> bool:
    """Return whether a file in a directory is data: readable, neither hidden nor a by-product of other engines."""
    return kind_of(path) is not None and not any(part.startswith((".", "_")) for part in path.parts)
