"""The kinds of frame that a user may bring: one way to make each from pandas, one way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pyarrow as pa

from tests.ibis_tables import ibis_frame
from tests.spark import spark_frame


def _arrow(frame: pd.DataFrame) -> Any:
    return pa.Table.from_pandas(frame, preserve_index=False)


def _polars(frame: pd.DataFrame) -> pl.DataFrame:
    made = pl.from_arrow(_arrow(frame))
    assert isinstance(made, pl.DataFrame)
    return made


CONNECTION = duckdb.default_connection()

KINDS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda frame: frame,
    "pandas nullable": lambda frame: frame.convert_dtypes(),
    "pandas arrow": lambda frame: _arrow(frame).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": _polars,
    "polars lazy": lambda frame: _polars(frame).lazy(),
    "pyarrow": _arrow,
    "duckdb": lambda frame: CONNECTION.from_arrow(_arrow(frame)),
    "ibis": ibis_frame,
    "pyspark": spark_frame,
}
LAZY = ["polars lazy", "duckdb", "ibis", "pyspark"]
EAGER = [kind for kind in KINDS if kind not in LAZY]
QUICK = [kind for kind in KINDS if kind != "pyspark"]
"""Those for tests that go through many cases: a case takes seconds on Spark."""


def rows(native: Any, customer: str = "customer_id") -> pd.DataFrame:
    """Return any result as plain pandas, sorted by customer, dates as datetime64[us]."""
    frame = nw.from_native(native).lazy().collect().to_pandas().copy()
    for name in frame:
        if str(name).endswith("_purchase"):
            frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
        elif name != customer and frame[name].dtype.kind in "iuf":
            frame[name] = frame[name].to_numpy(dtype="int64" if frame[name].dtype.kind in "iu" else "float64")
    frame[customer] = frame[customer].astype(object)
    return frame.sort_values(customer, ignore_index=True)
