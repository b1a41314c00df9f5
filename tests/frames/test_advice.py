"""The advice in errors is code: it runs, and the log is then read as it should be."""

from __future__ import annotations

import re
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
import pytest

from evergreen import CustomerBase
from evergreen.errors import InputTypeError, InvalidInputError
from tests.frames.kinds import KINDS, rows

ADVICE = re.compile(r"such as (?P<code>log.*?|p[cd]\..*?)(?: for | about |\.$)", re.DOTALL)
PLAIN = pd.DataFrame(
    {
        "customer_id": [1, 1, 2],
        "date": pd.to_datetime(["2024-01-01", "2024-01-05", "2024-01-31"]).astype("datetime64[us]"),
        "amount": [10.0, 20.5, 5.0],
    }
)
BROKEN: dict[str, tuple[str, Any]] = {
    "numbers as text": ("amount", ["10.00", "20.5", "5"]),
    "dates as numbers": ("date", [20240101, 20240105, 20240131]),
    "days first": ("date", ["01/01/2024", "05/01/2024", "31/01/2024"]),
    "a time zone": ("date", PLAIN["date"].dt.tz_localize("Europe/Berlin").dt.tz_convert("UTC")),
}
ZONES = {"ibis": -1, "pyspark": -4}
"""How many hours the zones of these sessions, UTC and that of São Paulo, were behind the dates, which are of Berlin."""


def converted(log: Any, name: str, code: str) -> Any:
    """Return a log after the code of an advice, which makes a column or the whole log."""
    names: dict[str, Any] = {"log": log, "pd": pd}
    for package, short in (("polars", "pl"), ("pyarrow", "pa"), ("pyarrow.compute", "pc")):
        names[short] = pytest.importorskip(package)
    if "F." in code:
        names["F"] = pytest.importorskip("pyspark.sql.functions")
    found = eval(code, names)  # noqa: S307 - our own words
    if isinstance(log, pd.DataFrame):
        return log.assign(**{name: found})
    if nw.dependencies.is_pyarrow_table(log):
        return log.set_column(log.column_names.index(name), name, found)
    return found


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("kind", KINDS)
def test_what_an_error_advises_helps(kind: str, case: str) -> None:
    name, values = BROKEN[case]
    log = KINDS[kind](PLAIN.assign(**{name: values}))
    with pytest.raises((InputTypeError, InvalidInputError)) as caught:
        CustomerBase.from_transactions(log)
    advice = ADVICE.search(str(caught.value))
    assert advice is not None, caught.value
    base = CustomerBase.from_transactions(converted(log, name, advice["code"]))
    shift = pd.Timedelta(hours=ZONES.get(kind, 0) if case == "a time zone" else 0)
    wanted = CustomerBase.from_transactions(PLAIN.assign(date=PLAIN["date"] + shift))
    pd.testing.assert_frame_equal(rows(base.frame), rows(wanted.frame))


def test_names_that_sql_has_to_quote() -> None:
    log = PLAIN.rename(columns={"amount": 'the "net" amount'}).astype({'the "net" amount': str})
    relation = KINDS["duckdb"](log)
    with pytest.raises(InputTypeError) as caught:
        CustomerBase.from_transactions(relation, amount='the "net" amount')
    advice = ADVICE.search(str(caught.value))
    assert advice is not None, caught.value
    base = CustomerBase.from_transactions(converted(relation, "", advice["code"]), amount='the "net" amount')
    assert rows(base.frame)["total_value"].tolist() == [30.5, 5.0]
