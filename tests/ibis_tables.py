"""The one connection of Ibis that all tests share, and how tables get into it."""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import Any

import pandas as pd
import pytest

NUMBER = count()


@cache
def ibis_connection() -> Any:
    """Return the connection, to DuckDB, or skip the test where Ibis is missing."""
    connection = pytest.importorskip("ibis").duckdb.connect()
    connection.raw_sql("SET TimeZone = 'UTC'")
    return connection


def ibis_frame(frame: pd.DataFrame) -> Any:
    """Return a table of Ibis with the rows of a pandas frame."""
    rows = pytest.importorskip("pyarrow").Table.from_pandas(frame, preserve_index=False)
    return ibis_connection().create_table(f"rows_{next(NUMBER)}", rows)
