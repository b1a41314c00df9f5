"""The whole way from a log to scored customers, with the peak of memory, each run in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import problems
from benchmarks.conftest import record

PROGRAM = Path(__file__).with_name("whole_way.py")
LARGEST = {"evergreen": 10**9, "lifetimes": 1_000_000}


@pytest.mark.parametrize("name", LARGEST)
def test_whole_way(name, size, built, benchmark, answers):
    if problems.number(size) > LARGEST[name]:
        pytest.skip(f"{name} is asked for {LARGEST[name]:,} customers at most")
    command = [sys.executable, str(PROGRAM), name, str(built(size))]

    def run():
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    found = benchmark.pedantic(run, rounds=1, iterations=1)
    answer = found.pop("answer")
    entrant = SimpleNamespace(NAME=name)
    record(benchmark, answers, "log to scores", f"{size} customers", entrant, answer, 0.02)
    benchmark.extra_info.update(found)
