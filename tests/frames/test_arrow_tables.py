"""Tables of pyarrow with types that pandas does not have, or has otherwise."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from evergreen import CustomerBase, ParetoSegmenter
from evergreen.errors import DataWarning, InvalidInputError

DAYS = pa.array([dt.date(2024, 1, day) for day in (1, 2, 3, 4)])
NAN, FAR = float("nan"), 2**31 - 1


def base_of(ids: Any, dates: Any = DAYS) -> CustomerBase:
    table = pa.table({"customer_id": ids, "date": dates, "amount": [1.0, 2.0, 3.0, 4.0]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return CustomerBase.from_transactions(table)


TEXTS = pa.array(["a", "b", "a", "c"])
IDS = {
    "dictionary": (TEXTS.dictionary_encode(), ["a", "b", "c"]),
    "view": (TEXTS.cast(pa.string_view()), ["a", "b", "c"]),
    "large": (TEXTS.cast(pa.large_string()), ["a", "b", "c"]),
    "binary": (TEXTS.cast(pa.binary()), [b"a", b"b", b"c"]),
    "half": (pa.array(np.array([1, 2, 1, 3], np.float16)), [1.0, 2.0, 3.0]),
    "uint64": (pa.array([2**64 - 1, 1, 1, 2], pa.uint64()), [1, 2, 2**64 - 1]),
    "decimal": (pa.array([3, 1, 1, 2], pa.decimal128(20, 0)), [1, 2, 3]),
    "date": (DAYS, [dt.date(2024, 1, day) for day in (1, 2, 3, 4)]),
}


@pytest.mark.parametrize("name", IDS)
def test_ids_come_back_as_they_are(name: str) -> None:
    ids, wanted = IDS[name]
    base = base_of(ids)
    assert base.frame.schema.field("customer_id").type == ids.type
    assert base.frame["customer_id"].to_pylist() == wanted
    assert ParetoSegmenter(draws=0).fit(base).transform(base).schema.field("customer_id").type == ids.type


@pytest.mark.parametrize("missing", [NAN, float("inf"), None])
@pytest.mark.parametrize("kind", ["pyarrow", "pandas arrow", "pandas nullable", "pandas"])
def test_ids_that_are_no_numbers_are_nobody(missing: float | None, kind: str) -> None:
    ids = pa.array([1.0, missing, 2.0, missing])
    if kind == "pyarrow":
        base = base_of(ids)
    else:
        plain = pd.Series(ids.to_pandas())
        column = {
            "pandas": plain,
            "pandas nullable": plain.astype("Float64"),
            "pandas arrow": pd.Series(pd.arrays.ArrowExtensionArray(ids)),
        }[kind]
        frame = pd.DataFrame({"customer_id": column, "date": pd.to_datetime(DAYS.to_pandas()), "amount": 1.0})
        with pytest.warns(DataWarning, match="2 without a customer"):
            base = CustomerBase.from_transactions(frame)
    assert len(base) == base.dropped.null_customer == 2


DATES = {
    "days": pa.array([0, 1, FAR, None], pa.int32()).cast(pa.date32()),
    "milliseconds of days": pa.array([0, 86_400_000, 2**62 // 86_400_000 * 86_400_000, None]).cast(pa.date64()),
    "seconds": pa.array([0, 86_400, 2**60, None]).cast(pa.timestamp("s")),
    "milliseconds": pa.array([0, 86_400_000, 2**60, None]).cast(pa.timestamp("ms")),
    "microseconds": pa.array([0, 86_400_000_000, 2**62, None]).cast(pa.timestamp("us")),
}


@pytest.mark.parametrize("name", DATES)
@pytest.mark.parametrize("in_pandas", [False, True])
def test_dates_out_of_range_are_counted(name: str, *, in_pandas: bool) -> None:
    table = pa.table({"customer_id": [1, 2, 3, 4], "date": DATES[name], "amount": 1.0 * np.ones(4)})
    log = table.to_pandas(types_mapper=pd.ArrowDtype) if in_pandas else table
    with pytest.warns(DataWarning, match="1 without a date, 1 with a date outside 1900 to 2140"):
        base = CustomerBase.from_transactions(log)
    assert base.observation_end == dt.date(1970, 1, 2)
    assert len(base) == 2


def test_an_index_of_pandas_is_a_column_again(tmp_path: Any) -> None:
    log = pd.DataFrame({"customer_id": [1, 1, 2], "date": pd.to_datetime(["2024-01-01"] * 3), "amount": 1.0})
    for index in log:
        log.set_index(index).to_parquet(tmp_path / "log.parquet")
        assert len(CustomerBase.from_transactions(parquet.read_table(tmp_path / "log.parquet"))) == 2


def test_chunks_may_be_empty() -> None:
    rows = pa.table({"customer_id": TEXTS, "date": DAYS, "amount": [1.0] * 4})
    assert len(CustomerBase.from_transactions(pa.concat_tables([rows[:0], rows, rows[:0]]))) == 3


def test_doubled_names_are_told() -> None:
    table = pa.table([TEXTS, DAYS, DAYS], names=["customer_id", "date", "date"])
    with pytest.raises(InvalidInputError, match=r"more than one column named \['date'\]"):
        CustomerBase.from_transactions(table, amount=None)


def test_a_base_with_categories_is_updated() -> None:
    later = pa.table(
        {
            "customer_id": pa.array(["a", "z"]).dictionary_encode(),
            "date": pa.array([dt.date(2024, 2, 1)] * 2),
            "amount": [1.0, 2.0],
        }
    )
    updated = base_of(TEXTS.dictionary_encode()).update(later)
    assert updated.frame["customer_id"].to_pylist() == ["a", "b", "c", "z"]
    assert updated.frame.schema.field("customer_id").type == TEXTS.dictionary_encode().type
