"""The job: a log in files becomes a file of scores and the facts for a page of summary."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import narwhals.stable.v2 as nw

from evergreen.cli.arguments import ScoreOptions
from evergreen.cli.database import quoted_name, quoted_text, temporary_database
from evergreen.cli.files import FileKind, check_target, files_of
from evergreen.cli.logs import log_of, release, rows_of
from evergreen.cli.progress import Progress
from evergreen.clv import CLVFit, CLVModel
from evergreen.errors import InvalidInputError
from evergreen.frames import SUMMARY_COLUMNS, CustomerBase, Dropped
from evergreen.kernels.concentration import top_count, value_of_top
from evergreen.rfm import RFMScorer
from evergreen.store.files import whole_file

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

RFM_COLUMNS: Final = ("days_since_last", "r", "f", "m", "rfm", "segment")
"""Columns of the scores that come from comparing customers."""
CLV_COLUMNS: Final = ("p_alive", "p_purchase", "expected_purchases", "expected_spend", "clv")
"""Columns of the scores that look ahead."""
TOP_SHARE: Final = 0.2
"""The share of customers whose value is told."""
_CUSTOMERS: Final = "evergreen_customers"
_SCORES: Final = "evergreen_scores"


@dataclass(frozen=True, slots=True)
class Segment:
    """One row of the table of segments; the value of an order is nan where there is none."""

    name: str
    customers: int
    share: float
    value_share: float
    order_value: float


@dataclass(frozen=True, slots=True)
class Totals:
    """What the scores add up to.

    Parameters
    ----------
    customers, one_time : int
        All customers, and those who bought once.
    first : date or datetime
        The first purchase of all.
    orders : int
        Orders of all customers.
    expected_purchases : float
        Within the horizon.
    value, clv : float or None
        Total value of the log and customer lifetime value; None without money.
    top, top_value : int, float or None
        How many customers the top share is, and the value they brought.
    """

    customers: int
    one_time: int
    first: date | datetime
    orders: int
    expected_purchases: float
    value: float | None
    clv: float | None
    top: int
    top_value: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page of summary tells.

    Parameters
    ----------
    options : ScoreOptions
        What was asked for.
    files : int
        How many files the log has.
    dropped : Dropped
        What of the log was left out.
    end : date or datetime
        End of the observation.
    fit : CLVFit
        How the models were fitted.
    segments : tuple of Segment
        Empty without money.
    totals : Totals
        Sums over all customers.
    best : tuple of dict
        A few customers of the highest value, if they were asked for.
    columns : int
        Number of columns of the scores.
    size : int
        Bytes of the file.
    seconds : float
        How long it took.
    """

    options: ScoreOptions
    files: int
    dropped: Dropped
    end: date | datetime
    fit: CLVFit
    segments: tuple[Segment, ...]
    totals: Totals
    best: tuple[dict[str, Any], ...]
    columns: int
    size: int
    seconds: float


def score_files(options: ScoreOptions, stream: TextIO, *, best: int = 0) -> Report:
    """Score the customers of a log in files and write one row for each.

    Parameters
    ----------
    options : ScoreOptions
        The log, its columns, the settings and the file to write.
    stream : TextIO
        Where to show progress.
    best : int
        How many customers of the highest value the report shall have.

    Returns
    -------
    Report

    Raises
    ------
    EvergreenError
        If something is missing or not allowed; nothing is written then.

    Warns
    -----
    DataWarning
        If rows were left out.
    FitWarning
        If a model could not be fitted well.
    """
    began = time.monotonic()
    kind, files = files_of(options.logs)
    target = check_target(options.out, files, force=options.force)
    if options.customer in (*SUMMARY_COLUMNS, *RFM_COLUMNS, *CLV_COLUMNS):
        raise InvalidInputError(
            f"--customer {options.customer!r} is also the name of a column of the scores: rename it in the log."
        )
    with temporary_database(
        memory_limit=options.memory_limit, threads=options.threads, directory=options.temp_directory
    ) as connection:
        progress = Progress(connection, stream, shown=not options.quiet)
        base = _base(connection, progress, kind, files, options)
        model, scorer = progress.run("fitting the models", lambda: _fitted(base, options))
        columns = progress.run("scoring the customers", lambda: _put_scores(base, model, scorer, options))
        described = progress.run("adding up", lambda: _described(connection, base, scorer, options, best))
        with whole_file(options.out) as unfinished:
            progress.run("writing the scores", lambda: _write(connection, unfinished, target, options.customer))
    segments, totals, rows = described
    return Report(
        options=options,
        files=len(files),
        dropped=base.dropped,
        end=totals.first if base.observation_end is None else base.observation_end,
        fit=model.fit_,
        segments=segments,
        totals=totals,
        best=rows,
        columns=columns,
        size=options.out.stat().st_size,
        seconds=time.monotonic() - began,
    )


def _base(
    connection: DuckDBPyConnection, progress: Progress, kind: FileKind, files: list[Path], options: ScoreOptions
) -> CustomerBase:
    """Return the customers, computed once and kept in the database."""
    log = log_of(connection, kind, files, options)
    stage = "reading the log" if log.has_text else "opening the log"
    rows = progress.run(stage, lambda: rows_of(connection, log, options))
    base = progress.run(
        "checking the rows",
        lambda: CustomerBase.from_transactions(
            rows,
            customer=options.customer,
            date=options.date,
            amount=options.amount,
            order=options.order,
            observation_end=options.observation_end,
            time_unit=options.time_unit,
            occasion=options.occasion,
            log_gaps=options.model.endswith("-k"),
        ),
    )
    progress.run("summarizing customers", lambda: _keep(base.frame, _CUSTOMERS))
    release(connection, log)
    return replace(base, frame=connection.table(_CUSTOMERS))


def _keep(relation: DuckDBPyRelation, table: str) -> None:
    """Put rows into a table of their own: unlike ``persist``, it knows nothing more of the log."""
    relation.query("evergreen_rows", f"CREATE TABLE {table} AS SELECT * FROM evergreen_rows")  # noqa: S608 - a constant


def _fitted(base: CustomerBase, options: ScoreOptions) -> tuple[CLVModel, RFMScorer | None]:
    """Return the fitted models; without money there is neither spend nor RFM."""
    if options.amount is None:
        return CLVModel(transactions=options.model, spend=None).fit(base), None
    return CLVModel(transactions=options.model).fit(base), RFMScorer(segments=options.segments).fit(base)


def _put_scores(base: CustomerBase, model: CLVModel, scorer: RFMScorer | None, options: ScoreOptions) -> int:
    """Put all columns side by side into a table of the database; return how many they are."""
    ahead = model.predict(base, horizon=options.horizon, discount_rate=options.discount_rate, margin=options.margin)
    joined = nw.from_native(base.frame)
    if scorer is not None:
        compared = nw.from_native(scorer.transform(base)).select(base.customer, *RFM_COLUMNS)
        joined = joined.join(compared, on=base.customer)
    table = joined.join(nw.from_native(ahead), on=base.customer).to_native()
    _keep(table, _SCORES)
    return len(table.columns)


def _described(
    connection: DuckDBPyConnection,
    base: CustomerBase,
    scorer: RFMScorer | None,
    options: ScoreOptions,
    best: int,
) -> tuple[tuple[Segment, ...], Totals, tuple[dict[str, Any], ...]]:
    """Return what the page of summary tells of the scores."""
    segments: tuple[Segment, ...] = ()
    if scorer is not None:
        names = ["segment", "customers", "share", "share_of_value", "average_order_value"]
        found = nw.from_native(scorer.summary(base), eager_only=True).select(*names)
        segments = tuple(Segment(*row) for row in found.iter_rows())
    totals = _totals(connection, base, has_money=options.amount is not None)
    rows: tuple[dict[str, Any], ...] = ()
    if best:
        id_first = f"{'clv' if options.amount else 'expected_purchases'} DESC, {quoted_name(options.customer)}"
        query = f"SELECT * FROM {_SCORES} ORDER BY {id_first} LIMIT {best}"  # noqa: S608 - names are quoted
        relation = connection.sql(query)
        rows = tuple(dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall())
    return segments, totals, rows


def _totals(connection: DuckDBPyConnection, base: CustomerBase, *, has_money: bool) -> Totals:
    """Add up the scores; the value of the top customers is exact."""
    wanted = "count(*), count(*) FILTER (frequency = 0), min(first_purchase), sum(orders), sum(expected_purchases)"
    query = f"SELECT {wanted}, {'sum(clv)' if has_money else 'NULL'} FROM {_SCORES}"  # noqa: S608 - names of our own
    customers, one_time, first, orders, purchases, clv = connection.execute(query).fetchall()[0]
    top = top_count(customers, TOP_SHARE)
    value = top_value = None
    if has_money:
        table = replace(base, frame=connection.table(_SCORES)).scores()
        threshold = table.order_statistics("total_value", [customers - top + 1])
        found = table.totals("total_value", threshold.tolist())
        value = found.total
        top_value = value_of_top(top, float(threshold[0]), int(found.rows_above[0]), float(found.total_above[0]))
    return Totals(customers, one_time, first, int(orders), purchases, value, clv, top, top_value)


def _write(connection: DuckDBPyConnection, path: Path, kind: FileKind, customer: str) -> None:
    """Write the scores in the order of customer ids, so that the same log gives the same file."""
    how = "FORMAT csv, HEADER true" if kind == "csv" else "FORMAT parquet, COMPRESSION zstd"
    rows = f"SELECT * FROM {_SCORES} ORDER BY {quoted_name(customer)}"  # noqa: S608 - names are quoted
    connection.execute(f"COPY ({rows}) TO {quoted_text(str(path))} ({how})").fetchall()
