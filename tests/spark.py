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
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.adaptive.enabled": "false",
}
"""Small and quick to start: a test has hundreds of rows."""


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
    from pyspark.sql import functions as F

    pa = pytest.importorskip("pyarrow")
    session = spark_session()
    made = session.createDataFrame(pa.Table.from_pandas(frame, preserve_index=False))
    dates = [name for name, kind in made.dtypes if kind == "timestamp"]
    return made.withColumns({name: F.col(name).cast("timestamp_ntz") for name in dates})
