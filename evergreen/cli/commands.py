"""The two commands: each does its work and returns what is to be printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TextIO

from evergreen.cli.arguments import Command, ScoreOptions
from evergreen.cli.job import score_files
from evergreen.cli.text import best_customers, page

_SHOWN: Final = 5  # customers that the demonstration shows
_CITED: Final = """\
CDNOW: everyone who first bought from the online shop in the first quarter of 1997, and all they
bought until the middle of 1998 (Fader & Hardie, 2001)."""
_OWN_LOG: Final = """\
The same for a log of your own, in CSV or Parquet:

  python -m evergreen score orders.csv -o scores.csv --customer customer_id --date date --amount amount"""


def run(command: Command, stream: TextIO) -> str:
    """Do what was asked for.

    Parameters
    ----------
    command : Command
        The command with its settings.
    stream : TextIO
        Where to show progress.

    Returns
    -------
    str
        What to print; empty if there is nothing to say.
    """
    if command.name == "demo":
        return _demo(command.options, stream)
    report = score_files(command.options, stream)
    return "" if command.options.quiet else page(report)


def _demo(options: ScoreOptions, stream: TextIO) -> str:
    """Score CDNOW by way of a file, as any log would be."""
    from evergreen.cli.database import temporary_database
    from evergreen.datasets import load_cdnow

    with TemporaryDirectory(prefix="evergreen_") as place:
        log = Path(place) / "cdnow.parquet"
        with temporary_database() as connection:
            connection.from_df(load_cdnow()).write_parquet(str(log))
        report = score_files(replace(options, logs=(str(log),)), stream, best=_SHOWN)
    return "\n\n".join([_CITED, page(report), best_customers(report), _OWN_LOG])
