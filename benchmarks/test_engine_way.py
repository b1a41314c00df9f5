"""From Parquet to scored customers in Parquet on every engine, each run in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import problems
from benchmarks.conftest import record

PROGRAM = Path(__file__).with_name("engine_way.py")
LARGEST = {
    "duckdb": 10**9,
    "duckdb-plain": 10**9,
    "pandas": 10**7,
    "polars": 10**8,
    "pyarrow": 10**7,
    "spark": 10**7,
    "spark-plain": 10**7,
}


@pytest.mark.parametrize("way", LARGEST)
def test_engine_way(way, size, built, benchmark, answers):
    if problems.number(size) > LARGEST[way]:
        pytest.skip(f"{way} is asked for {LARGEST[way]:,} rows at most")
    if "spark" in way and not (importlib.util.find_spec("pyspark") and shutil.which("java")):
        pytest.skip("Spark needs pyspark and Java")
    command = [sys.executable, str(PROGRAM), way, str(built(size))]

    def run():
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    found = benchmark.pedantic(run, rounds=1, iterations=1)
    answer = found.pop("answer")
    record(benchmark, answers, "Parquet to scores", f"{size} rows", SimpleNamespace(NAME=way), answer, 1e-12)
    benchmark.extra_info.update(found)
