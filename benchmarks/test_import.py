"""Imports, each in an interpreter of its own; the answer is the number of modules that were loaded."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

ROUNDS = 5
PROGRAM = """
import json, sys, time
begin, wall = time.process_time(), time.perf_counter()
{statement}
print(json.dumps([time.process_time() - begin, time.perf_counter() - wall, len(sys.modules)]))
"""


@pytest.mark.task("STATEMENT")
def test_import(entrant, benchmark):
    program = PROGRAM.format(statement=entrant.STATEMENT)

    def load():
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    found = []
    benchmark.pedantic(lambda: found.append(load()), rounds=ROUNDS if benchmark.enabled else 1, iterations=1)
    benchmark.extra_info.update(
        task="import",
        problem="fresh interpreter",
        entrant=entrant.NAME,
        cpu_seconds=min(cpu for cpu, _, _ in found),
        wall_seconds=min(wall for _, wall, _ in found),
        answer={"modules": found[0][2]},
    )
