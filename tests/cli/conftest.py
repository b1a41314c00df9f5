"""What the tests of the command line share: a log in files, and the command without a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from evergreen import datasets
from evergreen.__main__ import main


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def evergreen(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that runs the command line in an empty directory."""
    pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def cdnow() -> pd.DataFrame:
    """Return the 1/10 sample of CDNOW."""
    return datasets.load_cdnow(sample=True)


@pytest.fixture
def log(cdnow: pd.DataFrame, tmp_path: Path) -> Path:
    """Return the sample as a CSV file."""
    path = tmp_path / "log.csv"
    cdnow.to_csv(path, index=False)
    return path
