"""The one session of Spark that all tests share, and how frames get into it."""

from __future__ import annotations

import os
import shutil
from functools import cache
from typing import Any

import pandas as pd
import pytest

SETTINGS = {
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "America/Sao_Paulo",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.execution.arrow.localRelationThreshold": "64KB",  # a large log is no part of the plan
}
"""Small and quick to start, for tests have few rows; in a zone where midnight itself is skipped in spring."""


@cache
def spark_session() -> Any:
    """Return the session, started once, or skip the test where PySpark or Java is missing."""
    sql = pytest.importorskip("pyspark.sql")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Java is not installed")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = sql.SparkSession.builder.master("local[2]").appName("evergreen")
    session = builder.config(map=SETTINGS).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def spark_frame(frame: pd.DataFrame) -> Any:
    """Return a frame of Spark with the rows of a pandas frame, its dates without a time zone."""
    return in_session(spark_session(), frame)


def in_session(session: Any, frame: pd.DataFrame) -> Any:
    """Return a frame with the rows of a pandas frame in a session of Spark."""
    pa = pytest.importorskip("pyarrow")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    from pyspark.sql.pandas.types import from_arrow_schema

    for place, field in enumerate(table.schema):
        if pa.types.is_unsigned_integer(field.type):  # there are none in Spark
            table = table.set_column(place, field.name, table[field.name].cast(pa.int64()))
    schema = from_arrow_schema(table.schema, prefer_timestamp_ntz=True)
    takes_arrow = int(session.version.partition(".")[0]) >= 4
    rows = table if takes_arrow else [tuple(row.values()) for row in table.to_pylist()]
    return session.createDataFrame(rows, schema)
