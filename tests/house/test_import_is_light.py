"""`import evergreen` costs little: what is heavy or optional is loaded when it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    code = "import sys, evergreen; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return frozenset(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "duckdb",
        "ibis",
        "jinja2",
        "lifetimes",
        "matplotlib",
        "pandas",
        "polars",
        "pyarrow",
        "pyspark",
        "scipy.optimize",
        "scipy.stats",
        "sklearn",
        "sqlglot",
        "tqdm",
    ],
)
def test_import_leaves_out(module: str, loaded: frozenset[str]) -> None:
    assert module not in loaded


def test_import_prints_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import evergreen"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
