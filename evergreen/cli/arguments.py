"""What can be typed after ``python -m evergreen``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Literal, NoReturn

from evergreen.durations import DAYS_PER_UNIT, check_time_unit, in_days
from evergreen.errors import InvalidInputError
from evergreen.frames.periods import OCCASIONS, boundary
from evergreen.models.catalog import TRANSACTION_MODELS
from evergreen.models.checks import check_not_negative
from evergreen.models.segment_map import PRESETS
from evergreen.typing import Occasion, TimeUnit

MODELS: Final = (*TRANSACTION_MODELS, "auto")
"""Transaction models by name."""
DEMO_OUT: Final = Path("cdnow_scores.csv")
"""Where the demonstration writes by default."""

_SCORE = """\
Read a transaction log (one row per purchase, order line or refund) and write
one row per customer: a summary of the purchases, RFM scores and segment, and
what to expect of the customer within the horizon.
"""
_EXAMPLES = """\
examples:
  python -m evergreen score orders.csv -o scores.csv
  python -m evergreen score 'orders-*.csv.gz' -o scores.parquet --customer client
  python -m evergreen score orders.csv -o scores.csv --date-format %d/%m/%Y --decimal ,
  python -m evergreen score lines.parquet -o scores.parquet --customer CustomerID \\
      --date InvoiceDate --amount 'Quantity*UnitPrice' --order InvoiceNo
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """Everything that the job needs to know.

    Parameters
    ----------
    logs : tuple of str
        Files, patterns and directories.
    out : Path
        File to write, ``.parquet`` or ``.csv``.
    force : bool
        Whether an existing file may be replaced.
    customer, date : str
        Columns of the log.
    amount : str or None
        A column, or a product of columns such as ``Quantity*UnitPrice``; None for a log without money.
    order : str, optional
        Column of order ids.
    date_format : str, optional
        How dates are written, in the letters of ``strptime``; ISO otherwise.
    time_zone : str, optional
        Where a day is a day, for Parquet times that have a time zone.
    delimiter, decimal, encoding, null : str
        How the CSV files are written; no delimiter means to look for it in the header.
    time_unit, occasion, observation_end
        As for :meth:`evergreen.CustomerBase.from_transactions`.
    model : str
        Name of the transaction model, as for :class:`evergreen.CLVModel`.
    horizon, discount_rate, margin
        As for :meth:`evergreen.CLVModel.predict`.
    segments : str
        Name of a segment map.
    memory_limit, threads, temp_directory
        What the engine may use.
    quiet : bool
        Whether to say nothing but notes and errors.
    """

    logs: tuple[str, ...]
    out: Path
    force: bool = False
    customer: str = "customer_id"
    date: str = "date"
    amount: str | None = "amount"
    order: str | None = None
    date_format: str | None = None
    time_zone: str | None = None
    delimiter: str | None = None
    decimal: str = "."
    encoding: str = "utf-8"
    null: tuple[str, ...] = ()
    time_unit: TimeUnit = "D"
    occasion: Occasion = "D"
    observation_end: str | None = None
    model: str = "bg/nbd"
    horizon: str = "365D"
    discount_rate: float = 0.1
    margin: float = 1.0
    segments: str = "rf25"
    memory_limit: str | None = None
    threads: int | None = None
    temp_directory: Path | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """What was asked for.

    Parameters
    ----------
    name : {"score", "demo"}
        The command.
    options : ScoreOptions
        Its settings; those of the demonstration have no log yet.
    """

    name: Literal["score", "demo"]
    options: ScoreOptions


class _Parser(argparse.ArgumentParser):
    """A parser that raises instead of printing its usage and leaving."""

    def error(self, message: str) -> NoReturn:
        raise InvalidInputError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


def parsed(argv: Sequence[str] | None, *, prog: str = "python -m evergreen") -> Command:
    """Read the arguments of the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.
    prog : str
        How the program was called, for the help.

    Returns
    -------
    Command

    Raises
    ------
    InvalidInputError
        If they cannot be understood or a setting is not allowed.
    SystemExit
        With code 0, after ``--help`` and ``--version``.
    """
    parser = _parser(prog)
    given = vars(parser.parse_args(argv))
    name = given.pop("command")
    if name == "demo":
        own = given.pop("out")
        out = DEMO_OUT if own is None else own
        options = ScoreOptions(logs=(), out=out, force=given["force"] or own is None, quiet=False)
        return Command("demo", options)
    if given.pop("no_amount"):
        given["amount"] = None
    given |= {"logs": tuple(given["logs"]), "null": tuple(given["null"])}
    options = ScoreOptions(**given)
    _check(options)
    return Command("score", options)


def _parser(prog: str) -> argparse.ArgumentParser:
    try:
        number = version("evergreen-clv")
    except PackageNotFoundError:
        number = "(not installed)"
    parser = _Parser(prog=prog, description="Score a customer base from its transaction log.")
    parser.add_argument("--version", action="version", version=f"evergreen {number}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    score = commands.add_parser(
        "score",
        help="score the customers of a log in CSV or Parquet files",
        description=_SCORE,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_files(score)
    _add_columns(score)
    _add_models(score)
    _add_engine(score)
    demo = commands.add_parser(
        "demo",
        help="score CDNOW, a public log of 23,570 customers",
        description="Score the customers of CDNOW (Fader & Hardie, 2001) and show the result.",
    )
    demo.add_argument("-o", "--out", type=Path, metavar="OUT", help=f"default: {DEMO_OUT}, replaced if it exists")
    demo.add_argument("--force", action="store_true", help="replace OUT if it exists")
    return parser


def _add_files(parser: argparse.ArgumentParser) -> None:
    files = parser.add_argument_group("files")
    files.add_argument(
        "logs",
        nargs="+",
        metavar="LOG",
        help="CSV (.csv, .tsv, .txt, also .gz) or Parquet: files, 'patterns*', directories",
    )
    files.add_argument("-o", "--out", required=True, type=Path, metavar="OUT", help="file to write: .parquet or .csv")
    files.add_argument("--force", action="store_true", help="replace OUT if it exists")
    files.add_argument("-q", "--quiet", action="store_true", help="print no summary and no progress")


def _add_columns(parser: argparse.ArgumentParser) -> None:
    columns = parser.add_argument_group("the log")
    columns.add_argument("--customer", default="customer_id", metavar="NAME", help="column of customers (%(default)s)")
    columns.add_argument("--date", default="date", metavar="NAME", help="column of dates or times (%(default)s)")
    money = columns.add_mutually_exclusive_group()
    money.add_argument(
        "--amount",
        default="amount",
        metavar="NAME",
        help="column of money, or a product 'Quantity*UnitPrice' (%(default)s)",
    )
    money.add_argument("--no-amount", action="store_true", help="the log has no money: no RFM, no value")
    columns.add_argument("--order", metavar="NAME", help="column of orders, where one has several rows")
    columns.add_argument(
        "--date-format", metavar="FORMAT", help="how dates are written, such as %%d/%%m/%%Y; ISO (2024-12-31) otherwise"
    )
    columns.add_argument("--time-zone", metavar="ZONE", help="where a day is a day, for times with a time zone")
    columns.add_argument("--delimiter", metavar="CHAR", help="between columns of CSV; found in the header otherwise")
    columns.add_argument(
        "--decimal",
        default=".",
        choices=(".", ","),
        metavar="SIGN",
        help="decimal sign of text amounts: . or , (%(default)s)",
    )
    columns.add_argument(
        "--encoding", default="utf-8", choices=("utf-8", "latin-1", "utf-16"), help="of CSV (%(default)s)"
    )
    columns.add_argument(
        "--null",
        action="append",
        default=[],
        metavar="TEXT",
        help="CSV text that means missing, such as NA; repeatable",
    )
    columns.add_argument("--occasion", default="D", choices=OCCASIONS, help="what counts as one purchase (%(default)s)")
    columns.add_argument("--time-unit", default="D", choices=tuple(DAYS_PER_UNIT), help="unit of times (%(default)s)")
    columns.add_argument("--observation-end", metavar="DATE", help="later rows are left out (default: the latest row)")


def _add_models(parser: argparse.ArgumentParser) -> None:
    models = parser.add_argument_group("the scores")
    models.add_argument(
        "--model", default="bg/nbd", choices=MODELS, help="when customers buy; auto chooses by AIC (%(default)s)"
    )
    models.add_argument("--horizon", default="365D", metavar="TIME", help="how far ahead; inf for ever (%(default)s)")
    models.add_argument("--discount-rate", default=0.1, type=float, metavar="RATE", help="per year (%(default)s)")
    models.add_argument("--margin", default=1.0, type=float, metavar="SHARE", help="of the value (%(default)s)")
    models.add_argument("--segments", default="rf25", choices=tuple(PRESETS), help="segment map (%(default)s)")


def _add_engine(parser: argparse.ArgumentParser) -> None:
    engine = parser.add_argument_group("the engine")
    engine.add_argument("--memory-limit", metavar="SIZE", help="such as 500MB; what does not fit goes to disk")
    engine.add_argument("--threads", type=int, metavar="N", help="default: all processors")
    engine.add_argument("--temp-directory", type=Path, metavar="DIR", help="for what goes to disk; removed at the end")


def _check(options: ScoreOptions) -> None:
    """Refuse settings that would only fail after hours of work."""
    check_time_unit(options.time_unit)
    if options.horizon != "inf":
        in_days(options.horizon)
    check_not_negative("discount_rate", options.discount_rate)
    check_not_negative("margin", options.margin)
    if options.observation_end is not None:
        boundary("observation_end", options.observation_end)
    if options.threads is not None and options.threads < 1:
        raise InvalidInputError(f"--threads must be at least 1, got {options.threads}.")
    if options.delimiter is not None and len(options.delimiter) != 1:
        raise InvalidInputError(
            f"--delimiter must be one character, got {options.delimiter!r}; for a tab write --delimiter $'\\t'."
        )
