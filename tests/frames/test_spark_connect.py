"""A frame of Spark Connect goes in and comes back: one smoke test, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import warnings
warnings.simplefilter("ignore")
from pyspark.sql import SparkSession
from pyspark.sql.connect.dataframe import DataFrame
from tests.contracts.registry import MEASURES, assert_same, base_of, by_id, sample_log
from tests.spark import SETTINGS, in_session

names = ("spark.sql.shuffle.partitions", "spark.sql.session.timeZone")
session = SparkSession.builder.remote("local[2]").config(map={name: SETTINGS[name] for name in names}).getOrCreate()
log = sample_log(60)
plain, base = base_of(log), base_of(in_session(session, log)).persist()
measure = MEASURES["churn"]
found, wanted = (measure.score(measure.make().fit(rows), rows) for rows in (base, plain))
assert isinstance(found, DataFrame)
assert_same(by_id(found), by_id(wanted), rtol=1e-12)
session.stop()
try:
    base_of(base.frame)
except RuntimeError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.spark
def test_a_frame_of_spark_connect() -> None:
    for package in ("pyspark", "grpc", "grpc_status", "zstandard"):
        pytest.importorskip(package)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "The session of this PySpark frame is closed" in done.stdout
