"""What people bring: each log with the exact error, or the exact warning, that it gets on every engine."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, get_args

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from evergreen.errors import (
    ColumnNotFoundError,
    DataWarning,
    EvergreenError,
    InputTypeError,
    InvalidInputError,
)
from evergreen.frames import CustomerBase
from evergreen.frames.advice import Wanted, how_to_convert
from evergreen.frames.audit import Audit
from tests.frames.kinds import KINDS, rows

DATES = ["2024-01-01", "2024-01-05", "2024-01-03"]
ISO = "The date column 'date' holds text that is not an ISO date (2024-12-31, 2024-12-31 18:30): "
PARSE = " Parse it first with its own format, such as pd.to_datetime(log['date'], format='%d/%m/%Y')."
NUMBER = (
    ", not dates: convert it first, such as pd.to_datetime(log['date'].astype(str), format='%Y%m%d') "
    "for 19970101 "
    "as a number."
)
EVERY = ("pandas", "polars", "duckdb", "ibis", "pyspark")
PANDAS = ("pandas",)
ENGINES = {
    "pandas": nw.Implementation.PANDAS,
    "polars": nw.Implementation.POLARS,
    "duckdb": nw.Implementation.DUCKDB,
    "ibis": nw.Implementation.IBIS,
    "pyspark": nw.Implementation.PYSPARK,
}


@dataclass(frozen=True)
class Refused:
    """A log that is refused."""

    name: str
    columns: dict[str, Any]
    error: type[EvergreenError]
    message: str
    options: dict[str, Any] = field(default_factory=dict)
    kinds: tuple[str, ...] = EVERY


@dataclass(frozen=True)
class LeftOut:
    """A log of which some rows are left out, with the warning, and the rows kept by customer."""

    name: str
    columns: dict[str, Any]
    warning: str
    orders: dict[Any, int]
    options: dict[str, Any] = field(default_factory=dict)
    kinds: tuple[str, ...] = EVERY


def log(columns: dict[str, Any]) -> pd.DataFrame:
    given = {"customer_id": [1, 1, 2], "date": DATES, "amount": [10.0, 20.0, 5.0], **columns}
    return pd.DataFrame({name: values for name, values in given.items() if values is not None})


REFUSED = [
    Refused(
        "two columns missing",
        {"date": None, "amount": None},
        ColumnNotFoundError,
        "The frame has no column for date='date', amount='amount'; its columns are 'customer_id'.",
    ),
    Refused(
        "one column in two roles",
        {},
        InvalidInputError,
        "Column 'customer_id' is given as customer and order: each role needs its own column.",
        {"order": "customer_id"},
    ),
    Refused(
        "no rows",
        {"customer_id": [], "date": pd.Series([], dtype="datetime64[s]"), "amount": []},
        InvalidInputError,
        "The log is empty: it has 0 rows.",
    ),
    Refused(
        "dates as whole numbers",
        {"date": [20240101, 20240105, 20240103]},
        InputTypeError,
        f"The date column 'date' holds Int64 (for example 20240101){NUMBER}",
    ),
    Refused(
        "dates as floats",
        {"date": [20240101.0, 20240105.0, None]},
        InputTypeError,
        f"The date column 'date' holds Float64 (for example 20240101.0){NUMBER}",
    ),
    Refused(
        "an impossible day",
        {"date": ["2024-01-01", "2011-02-30", None]},
        InvalidInputError,
        f"{ISO}1 of 3 rows, for example '2011-02-30'.{PARSE}",
    ),
    Refused(
        "no leap year",
        {"date": ["1900-02-29", "2000-02-29", None]},
        InvalidInputError,
        f"{ISO}1 of 3 rows, for example '1900-02-29'.{PARSE}",
    ),
    Refused(
        "an impossible hour",
        {"date": ["2024-01-01 24:00", "2024-01-01 23:59", None]},
        InvalidInputError,
        f"{ISO}1 of 3 rows, for example '2024-01-01 24:00'.{PARSE}",
    ),
    Refused(
        "days first",
        {"date": ["13/01/2024", "13/01/2024", "2024-01-03"]},
        InvalidInputError,
        f"{ISO}2 of 3 rows, for example '13/01/2024'.{PARSE}",
    ),
    Refused(
        "text with a time zone",
        {"date": ["2024-01-01T00:00:00Z", *DATES[1:]]},
        InvalidInputError,
        f"{ISO}1 of 3 rows, for example '2024-01-01T00:00:00Z'.{PARSE}",
    ),
    Refused(
        "a space behind the date",
        {"date": ["2024-01-01 ", *DATES[1:]]},
        InvalidInputError,
        f"{ISO}1 of 3 rows, for example '2024-01-01 '.{PARSE}",
    ),
    Refused(
        "a line break behind the date",
        {"date": ["2024-01-01\n", *DATES[1:]]},
        InvalidInputError,
        f"{ISO}1 of 3 rows, for example '2024-01-01\\n'.{PARSE}",
    ),
    Refused(
        "empty text for a date",
        {"date": ["", *DATES[1:]]},
        InvalidInputError,
        f"{ISO}1 of 3 rows, for example ''.{PARSE}",
    ),
    Refused(
        "compact ISO text",
        {"date": ["20240101", *DATES[1:]]},
        InvalidInputError,
        f"{ISO}1 of 3 rows, for example '20240101'.{PARSE}",
    ),
    Refused(
        "a time zone",
        {"date": pd.to_datetime(DATES).tz_localize("Asia/Tokyo")},
        InputTypeError,
        "The date column 'date' has the time zone Asia/Tokyo: whose day is a purchase near midnight? "
        "Convert it to "
        "local dates first, such as log['date'].dt.tz_convert('Europe/Berlin').dt.tz_localize(None).",
        kinds=("pandas", "polars"),
    ),
    Refused(
        "a time zone in an object column",
        {"date": pd.Series([dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None, None], dtype=object)},
        InputTypeError,
        "The date column 'date' has the time zone UTC: whose day is a purchase near midnight? "
        "Convert it to local "
        "dates first, such as log['date'].dt.tz_convert('Europe/Berlin').dt.tz_localize(None).",
        kinds=PANDAS,
    ),
    Refused(
        "dates and text mixed",
        {"date": [dt.date(2024, 1, 1), "2024-01-05", None]},
        InputTypeError,
        "The date column 'date' holds date, str values (for example datetime.date(2024, 1, 1)), not "
        "dates alone: "
        "convert it first, such as pd.to_datetime(log['date']).",
        kinds=PANDAS,
    ),
    Refused(
        "periods",
        {"date": pd.PeriodIndex(DATES, freq="D")},
        InputTypeError,
        "The date column 'date' holds Period values (for example Period('2024-01-01', 'D')), not "
        "dates alone: convert "
        "it first, such as pd.to_datetime(log['date']).",
        kinds=PANDAS,
    ),
    Refused(
        "no date at all",
        {"date": [None] * 3},
        InvalidInputError,
        "Nothing of the log is left: 3 of 3 rows left out: 3 without a date.",
        kinds=("pandas", "polars"),
    ),
    Refused(
        "no customer at all",
        {"customer_id": [None] * 3},
        InvalidInputError,
        "Nothing of the log is left: 3 of 3 rows left out: 3 without a customer.",
        kinds=("pandas", "polars", "duckdb", "pyspark"),  # ibis makes no table of it
    ),
    Refused(
        "amounts as text",
        {"amount": ["10.00", "20", "5"]},
        InputTypeError,
        "The amount column 'amount' holds String (for example '10.00'), not numbers: convert it "
        "first, such as "
        "pd.to_numeric(log['amount']).",
    ),
    Refused(
        "amounts with one text",
        {"amount": [10.0, "20", 5.0]},
        InputTypeError,
        "The amount column 'amount' holds mixed values, not numbers: convert it first, such as "
        "pd.to_numeric(log['amount']).",
        kinds=PANDAS,
    ),
    Refused(
        "amounts as booleans",
        {"amount": [True, False, True]},
        InputTypeError,
        "The amount column 'amount' holds Boolean (for example True), not numbers: convert it first, such as "
        "pd.to_numeric(log['amount']).",
    ),
    Refused(
        "no amount at all",
        {"amount": [None, np.nan, np.inf]},
        InvalidInputError,
        "Nothing of the log is left: 3 of 3 rows left out: 3 with a missing or infinite amount.",
    ),
    Refused(
        "refunds alone",
        {"amount": [-1.0, -2.0, -3.0]},
        InvalidInputError,
        "Nothing of the log is left: 3 of 3 rows left out: 3 of 2 customers with refunds only.",
    ),
    Refused(
        "ids that are lists (pandas)",
        {"customer_id": [[1], [2], [1]]},
        InputTypeError,
        "The customer column 'customer_id' holds values that cannot be ids (unhashable type: "
        "'list'): an id must be "
        "one value, such as a number or a text.",
        kinds=PANDAS,
    ),
    Refused(
        "ids that are lists",
        {"customer_id": [[1], [2], [1]]},
        InputTypeError,
        "The customer column 'customer_id' holds List(Int64): an id must be one value, such as a number or a text.",
        kinds=("polars", "duckdb"),
    ),
    Refused(
        "an id column named like a result",
        {"frequency": [1, 1, 2]},
        InvalidInputError,
        "customer='frequency' is the name of another column of a base: rename it in the log.",
        {"customer": "frequency"},
    ),
    Refused(
        "the observation ends before the first row",
        {},
        InvalidInputError,
        "Nothing of the log is left: 3 of 3 rows left out: 3 after the end of observation. The "
        "observation ends "
        "2023-12-31, before the first usable row.",
        {"observation_end": "2023-12-31"},
    ),
    Refused(
        "an observation end that is no date",
        {},
        InvalidInputError,
        "observation_end='31.12.2024' is not an ISO date: write it as '2024-12-31' or '2024-12-31 18:30'.",
        {"observation_end": "31.12.2024"},
        PANDAS,
    ),
    Refused(
        "an observation end with a time zone",
        {},
        InputTypeError,
        "observation_end=datetime.datetime(2024, 1, 1, 0, 0, tzinfo=datetime.timezone.utc) has a "
        "time zone: give the "
        "local date or time without one.",
        {"observation_end": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)},
        PANDAS,
    ),
    Refused(
        "an observation end that is a number",
        {},
        InputTypeError,
        "observation_end must be ISO text, a date, a datetime or a numpy.datetime64, got int.",
        {"observation_end": 20241231},
        PANDAS,
    ),
    Refused(
        "an observation end that is missing",
        {},
        InvalidInputError,
        "observation_end=NaT is missing.",
        {"observation_end": pd.NaT},
        PANDAS,
    ),
    Refused(
        "an observation end out of range",
        {},
        InvalidInputError,
        "observation_end='9999-12-31' lies outside 1900-01-01 to 2140-12-31.",
        {"observation_end": "9999-12-31"},
        PANDAS,
    ),
    Refused(
        "an unknown occasion",
        {},
        InvalidInputError,
        "occasion='day' is not allowed; choose one of 'row', 'D', 'W', 'M'.",
        {"occasion": "day"},
        PANDAS,
    ),
    Refused(
        "an unknown unit",
        {},
        InvalidInputError,
        "time_unit='weeks' is not allowed; choose one of 'h', 'D', 'W', 'M', 'Y'.",
        {"time_unit": "weeks"},
        PANDAS,
    ),
    Refused(
        "an unknown choice for zeros",
        {},
        InvalidInputError,
        "zero_amounts=False is not allowed; choose one of 'keep', 'drop'.",
        {"zero_amounts": False},
        PANDAS,
    ),
    Refused(
        "a column given by its number",
        {},
        InputTypeError,
        "customer must be the name of a column (text), got int.",
        {"customer": 0},
        PANDAS,
    ),
]

LEFT_OUT = [
    LeftOut(
        "a missing id",
        {"customer_id": [1, None, 2]},
        "1 of 3 rows left out: 1 without a customer.",
        {1: 1, 2: 1},
    ),
    LeftOut(
        "a missing text id",
        {"customer_id": ["a", None, "b"]},
        "1 of 3 rows left out: 1 without a customer.",
        {"a": 1, "b": 1},
    ),
    LeftOut(
        "a missing date",
        {"date": ["2024-01-01", None, "2024-01-03"]},
        "1 of 3 rows left out: 1 without a date.",
        {1: 1, 2: 1},
    ),
    LeftOut(
        "a missing Python date",
        {"date": [dt.date(2024, 1, 1), None, dt.date(2024, 1, 3)]},
        "1 of 3 rows left out: 1 without a date.",
        {1: 1, 2: 1},
    ),
    LeftOut(
        "sentinel dates",
        {"date": ["1753-01-01", "2024-01-05", "9999-12-31"]},
        "2 of 3 rows left out: 2 with a date outside 1900 to 2140.",
        {1: 1},
    ),
    LeftOut(
        "the edges of the range",
        {"date": pd.to_datetime(["1900-01-01", "2140-12-31", "2141-01-01"])},
        "1 of 3 rows left out: 1 with a date outside 1900 to 2140.",
        {1: 2},
    ),
    LeftOut(
        "amounts missing and infinite",
        {"amount": [1.0, np.nan, -np.inf]},
        "2 of 3 rows left out: 2 with a missing or infinite amount.",
        {1: 1},
    ),
    LeftOut(
        "decimals with one missing",
        {"amount": [Decimal("1.10"), Decimal("2.20"), None]},
        "1 of 3 rows left out: 1 with a missing or infinite amount.",
        {1: 2},
    ),
    LeftOut(
        "rows after the end",
        {},
        "1 of 3 rows left out: 1 after the end of observation.",
        {1: 1, 2: 1},
        {"observation_end": "2024-01-04"},
    ),
    LeftOut(
        "a customer of refunds alone",
        {"amount": [10.0, -3.0, -4.0]},
        "1 of 3 rows left out: 1 of 1 customers with refunds only.",
        {1: 1},
    ),
    LeftOut(
        "zeros to be dropped",
        {"amount": [10.0, 0.0, 0.0]},
        "2 of 3 rows left out: 2 with an amount of zero.",
        {1: 1},
        {"zero_amounts": "drop"},
    ),
    LeftOut(
        "everything at once counts once",
        {
            "customer_id": [None, None, 1, 1, 1, 2, 3],
            "date": [None, *["2024-01-01"] * 2, "2024-03-01", "1066-10-14", "2024-01-02", "2024-01-02"],
            "amount": [np.nan, np.nan, np.nan, 1.0, 1.0, 5.0, -5.0],
        },
        "6 of 7 rows left out: 2 without a customer, 1 with a date outside 1900 to 2140, 1 after the end of "
        "observation, 1 with a missing or infinite amount, 1 of 1 customers with refunds only.",
        {2: 1},
        {"observation_end": "2024-02-01"},
    ),
]


def in_the_words_of(kind: str, message: str) -> str:
    """Return a message to users of pandas as those of another library get it."""
    for name in ("date", "amount"):
        for wanted in get_args(Wanted):
            message = message.replace(how_to_convert(name, wanted), how_to_convert(name, wanted, ENGINES[kind]))
    return message


@pytest.mark.parametrize(
    ("case", "kind"),
    [(case, kind) for case in REFUSED for kind in case.kinds],
    ids=lambda value: getattr(value, "name", value),
)
def test_refused(case: Refused, kind: str) -> None:
    given = KINDS[kind](log(case.columns))
    with pytest.raises(case.error) as caught:
        CustomerBase.from_transactions(given, **case.options)
    assert str(caught.value) == in_the_words_of(kind, case.message)


@pytest.mark.parametrize(
    ("case", "kind"),
    [(case, kind) for case in LEFT_OUT for kind in case.kinds],
    ids=lambda value: getattr(value, "name", value),
)
def test_left_out_and_counted(case: LeftOut, kind: str) -> None:
    given = KINDS[kind](log(case.columns))
    with pytest.warns(DataWarning) as caught:
        base = CustomerBase.from_transactions(given, **case.options)
    assert [str(warning.message) for warning in caught] == [case.warning]
    assert caught[0].filename == __file__
    kept = rows(base.frame)
    assert dict(zip(kept["customer_id"], kept["orders"], strict=True)) == case.orders
    assert base.dropped.kept + base.dropped.total == base.dropped.rows
    assert str(base.dropped) + "." == case.warning


@pytest.mark.parametrize("given", [[1, 2], {"customer_id": [1]}, np.ones((2, 3)), "log.csv", None])
def test_not_a_frame(given: object) -> None:
    with pytest.raises(InputTypeError, match=r"The log must be a dataframe: pandas, polars .* got"):
        CustomerBase.from_transactions(given)


def test_columns_of_several_levels() -> None:
    with pytest.raises(InputTypeError, match="columns of 2 levels"):
        CustomerBase.from_transactions(pd.concat({"x": log({})}, axis=1))


def test_columns_of_one_name() -> None:
    doubled = pd.DataFrame([[1, "2024-01-01", 2, 3]], columns=["customer_id", "date", "amount", "amount"])
    with pytest.raises(InvalidInputError, match=r"more than one column named \['amount'\]"):
        CustomerBase.from_transactions(doubled)


def test_sums_beyond_any_number() -> None:
    with pytest.raises(InvalidInputError, match="add up to more than a number can hold"):
        Audit({"kept": 1}, money=np.inf, largest=np.inf).scale("D")
