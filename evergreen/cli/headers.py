"""What the columns of CSV files are called: read from the first line, nothing guessed from the rows."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evergreen.cli.arguments import ScoreOptions
from evergreen.errors import ColumnNotFoundError, InvalidInputError
from evergreen.frames.reading import check_columns

_DELIMITERS: Final = (",", ";", "\t", "|")
_SAMPLE: Final = 1 << 20  # characters in which the first line has to end


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a CSV file.

    Parameters
    ----------
    delimiter : str
        What stands between columns.
    names : tuple of str
        The columns.
    """

    delimiter: str
    names: tuple[str, ...]


def header_of(path: Path, options: ScoreOptions) -> Header:
    """Read the header of a CSV file.

    Parameters
    ----------
    path : Path
        The file, possibly compressed.
    options : ScoreOptions
        Columns wanted, encoding, and the delimiter; without one, the delimiter under which most of the
        wanted columns are found.

    Returns
    -------
    Header

    Raises
    ------
    InvalidInputError
        If the file is empty or not text of this encoding.
    """
    text = _beginning(path, options.encoding)
    if not text.strip():
        raise InvalidInputError(f"{str(path)!r} is empty.")
    wanted = {options.customer, options.date, *amount_columns(options.amount, ()), options.order}
    delimiters = _DELIMITERS if options.delimiter is None else (options.delimiter,)
    found = [Header(delimiter, _first_record(path, text, delimiter)) for delimiter in delimiters]
    return max(found, key=lambda header: (len(wanted & {*header.names}), len(header.names)))


def amount_columns(amount: str | None, names: Sequence[str]) -> list[str]:
    """Return the columns whose product is the amount: one, unless it is written as ``a*b``.

    Parameters
    ----------
    amount : str or None
        What the user asked for.
    names : sequence of str
        Columns that are there: one of this very name comes first.

    Returns
    -------
    list of str

    Examples
    --------
    >>> amount_columns("Quantity*UnitPrice", ["Quantity", "UnitPrice"]), amount_columns("a*b", ["a*b"])
    (['Quantity', 'UnitPrice'], ['a*b'])
    """
    if amount is None:
        return []
    return [amount] if amount in names or "*" not in amount else [part.strip() for part in amount.split("*")]


def check_names(where: str, names: Sequence[str], options: ScoreOptions) -> None:
    """Refuse a log without the columns that the user named.

    Parameters
    ----------
    where : str
        The file, for the message.
    names : sequence of str
        Its columns.
    options : ScoreOptions
        The columns wanted.

    Raises
    ------
    ColumnNotFoundError
        If columns are missing; the message says which option names them.
    InvalidInputError
        If a name is there twice, or given in two roles.
    """
    factors = amount_columns(options.amount, names)
    wanted = [("--customer", options.customer), ("--date", options.date), *(("--amount", name) for name in factors)]
    if options.order is not None:
        wanted.append(("--order", options.order))
    missing = [f"{name!r} ({option})" for option, name in wanted if name not in names]
    if missing:
        shown = ", ".join(repr(name) for name in names)
        raise ColumnNotFoundError(f"{where!r} has no column {', '.join(missing)}; its columns are {shown}.")
    roles = {"customer": options.customer, "date": options.date}
    if options.order is not None:
        roles["order"] = options.order
    for place, name in enumerate(dict.fromkeys(factors), 1):
        roles["amount" if len(factors) == 1 else f"amount factor {place}"] = name
    check_columns(roles, names)


def _beginning(path: Path, encoding: str) -> str:
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            data = stream.read(_SAMPLE)
    except (EOFError, gzip.BadGzipFile):
        raise InvalidInputError(f"{str(path)!r} is not a whole gzip file.") from None
    read = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, errors="replace", newline="")
    return read.read().removeprefix("\ufeff")


def _first_record(path: Path, text: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), []))
    except (csv.Error, TypeError) as error:
        raise InvalidInputError(f"The header of {str(path)!r} cannot be read: {error}.") from None
