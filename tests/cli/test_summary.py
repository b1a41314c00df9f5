"""What is printed: the facts of the library, in plain text of at most 100 columns."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from evergreen import CLVModel, CustomerBase, RFMScorer, datasets
from tests.cli.conftest import Command


def test_summary_tells_the_facts(evergreen: Command, log: Path, cdnow: pd.DataFrame) -> None:
    outcome = evergreen("score", log, "-o", "scores.csv")
    base = CustomerBase.from_transactions(cdnow)
    fit = CLVModel().fit(base).fit_
    segments = RFMScorer().fit(base)
    words = outcome.out.split()
    assert f"{fit.transactions.parameters['r']:.4f}" in words
    assert outcome.out.count("converged") == 2
    once = (base.frame["frequency"] == 0).sum()
    assert f"2,357, of whom {once:,} ({once / 2357:.1%}) bought on one day only" in outcome.out
    assert "1997-01-01 to 1998-06-30, 545 days" in outcome.out
    best = base.frame["total_value"].nlargest(472).sum() / base.frame["total_value"].sum()
    assert f"the best 20% of customers brought {best:.1%}" in outcome.out
    assert f"worth {cdnow['amount'].sum():,.2f}" in outcome.out
    for row in segments.summary(base).itertuples():
        line = next(line for line in outcome.out.splitlines() if line.startswith(f"  {row.segment} "))
        assert f"{row.customers:,}" in line.split()
    found = pd.read_csv("scores.csv")
    assert f"{found['clv'].sum():,.0f}" in words
    assert f"{found['expected_purchases'].sum():,.0f}" in words
    assert outcome.out.isascii()
    assert max(map(len, outcome.out.splitlines())) <= 100


def test_short_work_keeps_quiet(evergreen: Command, log: Path) -> None:
    outcome = evergreen("score", log, "-o", "scores.csv", "-q")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_an_existing_file_is_replaced_on_demand(evergreen: Command, log: Path) -> None:
    Path("scores.csv").write_text("mine", encoding="utf-8")
    refused = evergreen("score", log, "-o", "scores.csv")
    assert refused.code == 2
    assert "--force" in refused.err
    assert Path("scores.csv").read_text(encoding="utf-8") == "mine"
    assert evergreen("score", log, "-o", "scores.csv", "--force").code == 0
    assert sorted(path.name for path in Path().iterdir()) == ["log.csv", "scores.csv"]


def test_demo(evergreen: Command) -> None:
    outcome = evergreen("demo")
    assert outcome.code == 0
    assert "23,570" in outcome.out
    assert "Wrote cdnow_scores.csv: 23,570 rows of 21 columns" in outcome.out
    assert "python -m evergreen score orders.csv" in outcome.out
    found = pd.read_csv("cdnow_scores.csv")
    best = found.nlargest(5, "clv")
    assert all(f"{value:,.2f}" in outcome.out for value in best["clv"])
    base = CustomerBase.from_transactions(datasets.load_cdnow())
    assert found["customer_id"].tolist() == base.frame["customer_id"].tolist()
    assert evergreen("demo").code == 0
    assert evergreen("demo", "-o", "cdnow_scores.csv").code == 2
    assert evergreen("demo", "-o", "scores.parquet").code == 0
    assert len(pd.read_parquet("scores.parquet")) == 23_570


@pytest.mark.parametrize("option", ["--help", "--version", "score --help", "demo --help"])
def test_help_needs_no_engine(option: str, monkeypatch: pytest.MonkeyPatch, evergreen: Command) -> None:
    for package in ("duckdb", "pyarrow", "tqdm", "pandas"):
        monkeypatch.setitem(sys.modules, package, None)
    outcome = evergreen(*option.split())
    assert outcome.code == 0
    assert outcome.err == ""
    assert "evergreen" in outcome.out


def test_as_a_program(tmp_path: Path, log: Path) -> None:
    pytest.importorskip("duckdb")
    command = [sys.executable, "-W", "error", "-m", "evergreen", "score", str(log), "-o", "scores.csv"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Log\n")
    again = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="interrupts are sent in another way")
def test_interruption(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    datasets.simulate_log(400_000, seed=1).to_csv(tmp_path / "log.csv", index=False)
    (tmp_path / "temporary").mkdir()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    program = [
        sys.executable,
        "-m",
        "evergreen",
        "score",
        "log.csv",
        "-o",
        "scores.csv",
        "--temp-directory",
        "temporary",
    ]
    with subprocess.Popen(program, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as running:
        # a file in the directory: at the very moment of its making nobody yet knows that it is to be removed
        while not any((tmp_path / "temporary").glob("*/*")):
            assert running.poll() is None
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert told == "evergreen: Interrupted; nothing was written.\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv", "temporary"]
    assert not any((tmp_path / "temporary").iterdir())
