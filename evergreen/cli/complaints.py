"""Putting errors into one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from evergreen.errors import EvergreenError

_ADVICE: Final = re.compile(r"^(possible (fixes|solution)|\s*file =|\* |line \d+:|.*\^\s*$)", re.IGNORECASE)
_KIND: Final = re.compile(r"^(?:[A-Z][A-Za-z-]*(?: [A-Za-z-]+)* (?:Error|Exception): )+")
_FILE: Final = re.compile(r"^\s*file = (?P<path>.+)$", re.MULTILINE)
_MOST: Final = 600  # characters of a foreign message
_PARSE: Final = re.compile(r"Parse it first with its own format, .*$", re.DOTALL)
_IN_PYTHON: Final = re.compile(r",? such as (?:log\[|pd\.).*$", re.DOTALL)


def sentence(error: BaseException) -> str | None:
    """Return what went wrong as one line, or None if the error is a fault of the program.

    Parameters
    ----------
    error : BaseException
        What was raised.

    Returns
    -------
    str or None
        For errors of evergreen, of the engine, of the operating system and of memory.
    """
    if isinstance(error, EvergreenError):
        told = _PARSE.sub("Say how it is written with --date-format, such as '%d/%m/%Y'.", one_line(str(error)))
        return _IN_PYTHON.sub(".", told)
    if type(error).__module__.partition(".")[0] in ("duckdb", "_duckdb"):
        return _of_engine(error)
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return one_line(f"{reason}: {error.filename!r}." if error.filename else f"{reason}.")
    if isinstance(error, MemoryError):
        return "Out of memory: give --memory-limit, so that more goes to disk."
    return None


def one_line(text: str) -> str:
    r"""Return a text without line breaks.

    Examples
    --------
    >>> one_line("first\n  second")
    'first second'
    """
    return " ".join(text.split())


def _of_engine(error: BaseException) -> str:
    """Return the facts in a message of DuckDB; what it advises are settings that it does not have here."""
    message = str(error)
    facts = one_line("; ".join(_facts(_KIND.sub("", message).splitlines())))
    file = _FILE.search(message)
    where = f"{file['path']!r}: " if file else ""
    hint = ""
    if type(error).__name__ == "OutOfMemoryException":
        where = f"Out of memory: {where}"
        hint = " Give a larger --memory-limit or fewer --threads."
    if "unicode" in message:
        hint = " Say how it is written with --encoding latin-1 or utf-16."
    return f"{where}{facts[:_MOST].rstrip('.')}.{hint}"


def _facts(lines: Iterable[str]) -> list[str]:
    """Return the lines of a message up to its advice."""
    facts: list[str] = []
    for line in lines:
        if _ADVICE.match(line):
            break
        if line.strip():
            facts.append(line.strip())
    return facts
