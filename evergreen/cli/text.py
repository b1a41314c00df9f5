"""The page of summary: plain text of at most 92 columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from evergreen.cli.job import TOP_SHARE, Report, Segment
from evergreen.durations import UNIT_NAMES
from evergreen.models.catalog import TRANSACTION_MODELS
from evergreen.models.fitting import FitResult

_BAR: Final = 20  # characters of the longest bar
_LABEL: Final = 21
_ONCE: Final = {"row": "once", "D": "on one day only", "W": "in one week only", "M": "in one month only"}


def page(report: Report) -> str:
    """Return the summary of a job.

    Parameters
    ----------
    report : Report
        What the job found.

    Returns
    -------
    str
        Lines of plain ASCII, the last one without a line break.
    """
    parts = [_log(report), _fits(report)]
    if report.segments:
        parts.append(_segments(report.segments))
    parts += [_ahead(report), _file(report)]
    return "\n\n".join("\n".join(part) for part in parts)


def best_customers(report: Report) -> str:
    """Return the customers of the highest value as a table.

    Parameters
    ----------
    report : Report
        What the job found, with its best customers.

    Returns
    -------
    str
    """
    formats = {
        report.options.customer: "",
        "orders": ",",
        "last_purchase": "%Y-%m-%d",
        "total_value": ",.2f",
        "rfm": "",
        "segment": "",
        "p_alive": ".2f",
        "expected_purchases": ",.1f",
        "clv": ",.2f",
    }
    short = {"expected_purchases": "purchases"}
    cells = [
        [short.get(name, name), *(format(row[name], pattern) for row in report.best)]
        for name, pattern in formats.items()
    ]
    widths = [max(map(len, column)) for column in cells]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in zip(*cells, strict=True)
    ]
    return "\n".join([f"The {len(report.best)} customers of the highest value in the file", *_indented(lines)])


def number(value: float) -> str:
    """Return a number with about four digits that count.

    Examples
    --------
    >>> number(0.26713), number(41.9054), number(1234567.8), number(float("inf")), number(float("nan"))
    ('0.2671', '41.91', '1,234,568', 'infinite', '-')
    """
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "infinite"
    size = math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{min(max(3 - size, 0), 8)}f}" if abs(value) < 1e15 else f"{value:.4g}"


def _log(report: Report) -> list[str]:
    totals, dropped = report.totals, report.dropped
    once = _ONCE[report.options.occasion]
    files = "" if report.files == 1 else f" in {report.files:,} files"
    lines = [
        ("rows", f"{dropped.rows:,}{files}, {'all of them used' if not dropped.total else f'{dropped.kept:,} used'}"),
        *_left_out(report),
        ("customers", f"{totals.customers:,}, of whom {_count(totals.one_time, totals.customers)} bought {once}"),
        ("observed", f"{_moment(totals.first)} to {_moment(report.end)}, {_days(totals.first, report.end)}"),
        ("orders", f"{totals.orders:,}"),
    ]
    if totals.value is not None:
        lines[-1] = ("orders", f"{totals.orders:,}, worth {totals.value:,.2f} after refunds")
    if totals.value and totals.top_value is not None:
        lines.append(
            (
                "concentration",
                f"the best {TOP_SHARE:.0%} of customers brought {totals.top_value / totals.value:.1%} of that",
            )
        )
    return ["Log", *(f"  {name:<{_LABEL}}{told}" for name, told in lines)]


def _left_out(report: Report) -> Iterator[tuple[str, str]]:
    """Yield a line for each reason why rows were left out."""
    told = str(report.dropped).partition(": ")[2]
    for place, reason in enumerate(part for part in _reasons(told) if part):
        yield ("  left out" if place == 0 else ""), reason


def _reasons(told: str) -> list[str]:
    return told.replace(", ", "\n").split("\n")


def _fits(report: Report) -> list[str]:
    unit = UNIT_NAMES[report.options.time_unit]
    lines = [f"{'Models':<{_LABEL + 2}}{'':<8}{'estimate':>10}   95% interval"]
    parts: list[tuple[str, FitResult[Any] | None]] = [
        (f"{_name_of(report.fit.transactions.model)}, in {unit}", report.fit.transactions),
        ("Gamma-Gamma", report.fit.spend),
    ]
    for title, fit in parts:
        if fit is None:
            continue
        bounds = fit.intervals()
        labels = [title, f"  {fit.status.value}"]
        for place, (name, value) in enumerate(fit.parameters.items()):
            label = labels[place] if place < len(labels) else ""
            low, high = bounds[name]
            interval = f"{number(low)} to {number(high)}" if math.isfinite(low) else "not determined"
            lines.append(f"  {label:<{_LABEL}}{name:<8}{number(value):>10}   {interval}")
    if report.fit.spend is not None:
        told = f"{report.fit.spend_correlation:.3f}; Gamma-Gamma takes it to be 0."
        lines.append(f"  Correlation of frequency and mean value {told}")
    return lines


def _segments(segments: Sequence[Segment]) -> list[str]:
    lines = [f"{'Segments':<{_LABEL + 2}}{'customers':>10}{'share':>9}{'of value':>10}{'mean order':>13}"]
    most = max((segment.value_share for segment in segments if segment.value_share > 0), default=math.inf)
    for segment in segments:
        share = segment.value_share
        bar = "#" * round(_BAR * share / most) if share > 0 else ""
        order = "-" if math.isnan(segment.order_value) else f"{segment.order_value:,.2f}"
        numbers = f"{segment.customers:>10,}{segment.share:>9.1%}{share:>10.1%}{order:>13}"
        lines.append(f"  {segment.name:<{_LABEL}}{numbers}  {bar}".rstrip())
    return lines


def _name_of(model: object) -> str:
    """Return the name of a transaction model as papers write it."""
    return next(name.upper() for name, kind in TRANSACTION_MODELS.items() if isinstance(model, kind))


def _ahead(report: Report) -> list[str]:
    options, totals = report.options, report.totals
    title = "All the time to come" if options.horizon == "inf" else f"Next {options.horizon}"
    lines = [title, f"  {'expected purchases':<{_LABEL}}{number_of(totals.expected_purchases):>14}"]
    if totals.clv is not None:
        terms = f"margin {options.margin:.0%}, discounted by {options.discount_rate:.1%} a year"
        mean = totals.clv / totals.customers
        lines.append(f"  {'customer value':<{_LABEL}}{number_of(totals.clv):>14}   {terms}")
        lines.append(f"  {'per customer':<{_LABEL}}{number_of(mean, 2):>14}")
    return lines


def number_of(value: float, decimals: int = 0) -> str:
    """Return a sum with thousands apart.

    Examples
    --------
    >>> number_of(1234567.8), number_of(float("inf"))
    ('1,234,568', 'infinite')
    """
    return f"{value:,.{decimals}f}" if math.isfinite(value) else "infinite"


def _file(report: Report) -> list[str]:
    size = f"{report.size / 1e6:,.1f} MB" if report.size >= 1e5 else f"{report.size / 1e3:,.1f} kB"
    shape = f"{report.totals.customers:,} rows of {report.columns} columns"
    return [f"Wrote {report.options.out}: {shape}, {size}, in {report.seconds:.1f} s."]


def _count(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.1%})"


def _moment(moment: date | datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if isinstance(moment, datetime) else f"{moment:%Y-%m-%d}"


def _days(first: date | datetime, end: date | datetime) -> str:
    days = (date(end.year, end.month, end.day) - date(first.year, first.month, first.day)).days
    return f"{days:,} days"


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]
