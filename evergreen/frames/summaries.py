"""Checking a summary that a user brings: one pass of counts, on any engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw

from evergreen.errors import InvalidInputError
from evergreen.frames.audit import HUGE
from evergreen.frames.columns import AnyFrame, check_id_type, check_number_type, open_frame
from evergreen.frames.engines import taken_names
from evergreen.frames.reading import SUMMARY_COLUMNS, check_columns

_NUMBERS_BESIDES = ("orders", "total_value", "refunds")
_BESIDES = ("first_purchase", "last_purchase", *_NUMBERS_BESIDES)


@dataclass(frozen=True, slots=True)
class SummaryColumns:
    """Names of a summary's columns by their role."""

    customer: str
    frequency: str
    recency: str
    T: str
    monetary_value: str | None
    log_gaps: str | None

    def roles(self, available: list[str]) -> dict[str, str]:
        """Return the roles that are there or must be; some may be absent under their default names."""
        roles = {"customer": self.customer, "frequency": self.frequency, "recency": self.recency, "T": self.T}
        perhaps = {"monetary_value": self.monetary_value, "log_gaps": self.log_gaps}
        return roles | {
            role: name for role, name in perhaps.items() if name is not None and (name in available or name != role)
        }


def checked_summary(frame: Any, columns: SummaryColumns) -> tuple[Any, int]:
    """Check a summary and give its columns their own names.

    Parameters
    ----------
    frame : frame
        One row per customer; not changed.
    columns : SummaryColumns
        Names of its columns.

    Returns
    -------
    native frame
        The customer id and the columns of a base; in memory sorted by customer where ids can be compared.
    int
        Number of rows.

    Raises
    ------
    InvalidInputError
        If a rule is broken; the message counts the rows of the first one that is.
    """
    opened = open_frame("summary", frame)
    names = opened.collect_schema().names()
    roles = columns.roles(names)
    check_columns(roles, names)
    if taken_names(opened, [columns.customer], SUMMARY_COLUMNS):
        raise InvalidInputError(f"customer={columns.customer!r} is the name of another column of a base: rename it.")
    check_id_type("customer", columns.customer, opened.collect_schema()[columns.customer])
    besides = {name: name for name in _NUMBERS_BESIDES if name in names and name not in roles.values()}
    for role, name in (roles | besides).items():
        if role != "customer":
            check_number_type(role, name, opened)
    rows = _check_rules(opened, roles | besides)
    return _named(opened, roles).to_native(), rows


def _rules(roles: dict[str, str], *, float_ids: bool) -> dict[str, tuple[str, nw.Expr]]:
    """Return the rules in the order of asking: words -> (column to show, whether a row keeps it)."""
    identity = nw.col(roles["customer"])
    frequency, recency, age = (nw.col(roles[role]).cast(nw.Float64) for role in ("frequency", "recency", "T"))
    rules = {
        f"{roles['customer']} must not be missing": (
            "customer",
            identity.abs() < HUGE if float_ids else ~identity.is_null(),
        ),
        f"{roles['frequency']} must not be missing or infinite": ("frequency", frequency.abs() < HUGE),
        f"{roles['recency']} must not be missing or infinite": ("recency", recency.abs() < HUGE),
        f"{roles['T']} must not be missing or infinite": ("T", age.abs() < HUGE),
        f"{roles['frequency']} must be at least 0": ("frequency", frequency >= 0),
        f"{roles['frequency']} must be a whole number of repeat occasions": (
            "frequency",
            frequency.floor() == frequency,
        ),
        f"{roles['recency']} must be at least 0": ("recency", recency >= 0),
        f"{roles['recency']} (from first to last occasion) must not be greater than {roles['T']}": (
            "recency",
            recency <= age,
        ),
        f"{roles['recency']} must be 0 where {roles['frequency']} is 0": (
            "recency",
            (frequency > 0) | (recency == 0),
        ),
    }
    if "monetary_value" in roles:
        money, name = nw.col(roles["monetary_value"]).cast(nw.Float64), roles["monetary_value"]
        once = frequency == 0
        rules[f"{name} must not be missing or infinite where {roles['frequency']} is above 0"] = (
            "monetary_value",
            once | (money.abs() < HUGE),
        )
        rules[f"{name} must not be negative where {roles['frequency']} is above 0"] = (
            "monetary_value",
            once | (money >= 0),
        )
    if "log_gaps" in roles:
        logs, name = nw.col(roles["log_gaps"]).cast(nw.Float64), roles["log_gaps"]
        rules[f"{name} must not be missing or infinite where {roles['frequency']} is above 0"] = (
            "log_gaps",
            (frequency == 0) | (logs.abs() < HUGE),
        )
    for name in _NUMBERS_BESIDES:
        if name in roles:
            rules[f"{name} must not be missing or infinite"] = (name, nw.col(name).cast(nw.Float64).abs() < HUGE)
    if "orders" in roles:
        orders = nw.col("orders").cast(nw.Float64)
        fine = (orders >= 1) & (orders.floor() == orders)
        rules["orders must be a whole number of at least 1"] = ("orders", fine)
    return rules


def _check_rules(opened: AnyFrame, roles: dict[str, str]) -> int:
    """Count the rows that break each rule in one pass, and refuse the first that is broken."""
    customer = roles["customer"]
    rules = _rules(roles, float_ids=opened.collect_schema()[customer].is_float())
    flags, shown = [], []
    for place, (column, rule) in enumerate(rules.values()):
        holds = rule.fill_null(value=False)
        flag = nw.when(holds).then(nw.lit(1)).otherwise(nw.lit(0))
        flags.append(flag.alias(f"rule_{place}"))
        if column != "customer":
            value = nw.col(roles[column]).cast(nw.Float64)
            shown.append(nw.when(~holds).then(value).alias(f"shown_{place}"))
    frame = opened.lazy().with_columns(*flags, *shown)
    totals = [nw.len().alias("rows")]
    totals += [nw.col(f"rule_{place}").sum() for place in range(len(rules))]
    totals += [nw.col(f"shown_{place}").min() for place in range(1, len(rules))]
    row = next(frame.select(*totals).collect().iter_rows(named=True))
    rows = int(row["rows"])
    if rows == 0:
        raise InvalidInputError("The summary is empty: it has 0 rows.")
    for place, words in enumerate(rules):
        bad = rows - int(row[f"rule_{place}"])
        if bad:
            example = row.get(f"shown_{place}")
            raise InvalidInputError.rows(words, bad, rows, example=example, todo="Correct or leave out these rows.")
    ids = opened.lazy().group_by(customer).agg(nw.len().alias("rows")).select(nw.len()).collect().item()
    if int(ids) < rows:
        raise InvalidInputError.rows(
            f"{customer} must name each customer once",
            rows - int(ids),
            rows,
            todo="Bring the rows of one customer together, or start from the log with from_transactions.",
        )
    return rows


def _named(opened: AnyFrame, roles: dict[str, str]) -> AnyFrame:
    """Return the columns of a base under their own names."""
    names = opened.collect_schema().names()
    frequency = nw.col(roles["frequency"]).cast(nw.Int64)
    made = [
        nw.col(roles["customer"]),
        frequency.alias("frequency"),
        nw.col(roles["recency"]).cast(nw.Float64).alias("recency"),
        nw.col(roles["T"]).cast(nw.Float64).alias("T"),
    ]
    if "monetary_value" in roles:
        money = nw.col(roles["monetary_value"]).cast(nw.Float64)
        made.append(nw.when(frequency > 0).then(money).otherwise(nw.lit(0.0)).alias("monetary_value"))
    made += [nw.col(name) for name in _BESIDES if name in names and name not in roles.values()]
    if "log_gaps" in roles:
        logs = nw.col(roles["log_gaps"]).cast(nw.Float64)
        made.append(nw.when(frequency > 0).then(logs).otherwise(nw.lit(0.0)).alias("log_gaps"))
    chosen = opened.select(*made)
    if isinstance(chosen, nw.DataFrame):
        return nw.maybe_reset_index(chosen.sort(roles["customer"]))
    return chosen
