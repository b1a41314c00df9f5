"""Bad input ends with exit code 2 and one clear sentence, never with a traceback."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from evergreen.__main__ import main
from tests.cli.conftest import Command

HEAD = "customer_id,date,amount\n"
FILES = {
    "day_first.csv": HEAD + "1,31/12/2024,5\n1,2024-01-01,5\n",
    "amount_text.csv": HEAD + "1,2024-01-01,five\n1,2024-01-02,5\n",
    "commas.csv": 'customer_id;date;amount\n1;2024-01-01;"1,5"\n',
    "wide.csv": HEAD + "1,2024-01-01,5\n1,2024-01-01,5,6\n",
    "narrow.csv": HEAD + "1,2024-01-01,5\n1,2024-01-01\n",
    "quote.csv": HEAD + '1,2024-01-01,5\n"1,2024-01-01,5\n',
    "twice.csv": "customer_id,date,amount,date\n1,2024-01-01,5,2024-01-01\n",
    "empty.csv": "",
    "only_header.csv": HEAD,
    "once.csv": HEAD + "1,2024-01-01,5\n2,2024-01-02,5\n",
    "no_parquet.parquet": "this is text",
    "no_gzip.csv.gz": HEAD,
    "log.xlsx": HEAD,
    "taken.csv": "segment,date,amount\n1,2024-01-01,5\n",
}

BAD = [
    ("missing.csv", [], "There is no file or directory 'missing.csv'"),
    ("missing*.csv", [], "No file matches"),
    ("nothing", [], "has no file that can be read"),
    ("log.xlsx", [], "a log is CSV"),
    ("no_parquet.parquet", [], "no_parquet.parquet"),
    ("no_gzip.csv.gz", [], "not a whole gzip file"),
    ("empty.csv", [], "is empty"),
    ("only_header.csv", [], "0 rows"),
    ("log.csv", ["--customer", "client"], "'client' (--customer); its columns are 'customer_id'"),
    ("log.csv", ["--amount", "cds*price"], "'price' (--amount)"),
    ("log.csv", ["--customer", "date"], "each role needs its own column"),
    ("log.csv", ["--amount", "cds*date"], "'date' is given as date and amount factor 2"),
    ("twice.csv", [], "2 columns named 'date'"),
    ("taken.csv", ["--customer", "segment"], "also the name of a column of the scores"),
    ("day_first.csv", [], "for example '31/12/2024'"),
    ("day_first.csv", ["--date-format", "%d/%m/%Y"], "1 of 2 rows, for example '2024-01-01'"),
    ("log.csv", ["--date-format", "%Q"], "'%Q' is not a format"),
    ("dates.parquet", ["--date-format", "%Y"], "leave out --date-format"),
    ("numbers.parquet", [], "--date-format, such as %Y%m%d"),
    ("zone.parquet", [], "--time-zone"),
    ("zone.parquet", ["--time-zone", "Atlantis"], "Atlantis"),
    ("amount_text.csv", [], "1 of 2 rows, for example 'five'"),
    ("amount.parquet", [], "not a number"),
    ("boolean.parquet", [], "Boolean"),
    ("commas.csv", [], "--decimal ','"),
    ("latin.csv", [], "--encoding latin-1"),
    ("wide.csv", [], "Expected Number of Columns: 3 Found: 4"),
    ("narrow.csv", [], "Line: 3"),
    ("quote.csv", [], "unterminated quote"),
    ("once.csv", [], "repeat purchase"),
    ("log.csv", ["--horizon", "365"], "write a number and a unit"),
    ("log.csv", ["--observation-end", "31.12.2024"], "not an ISO date"),
    ("log.csv", ["--observation-end", "1990-01-01"], "Nothing of the log is left"),
    ("log.csv", ["--discount-rate", "-1"], "discount_rate"),
    ("log.csv", ["--margin", "much"], "--margin"),
    ("log.csv", ["--segments", "best"], "rf25"),
    ("log.csv", ["--threads", "0"], "--threads must be at least 1"),
    ("log.csv", ["--delimiter", "tab"], "one character"),
    ("log.csv", ["--memory-limit", "much"], "such as 500MB"),
    ("log.csv", ["--memory-limit", "3MB"], "--memory-limit"),
    ("log.csv", ["--temp-directory", "nowhere"], "No such file or directory"),
    ("log.csv", ["--surprise"], "--surprise"),
    ("log.csv dates.parquet", [], "files of one format"),
]


@pytest.fixture
def files(cdnow: pd.DataFrame, log: Path, tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "latin.csv").write_bytes((HEAD + "Müller,2024-01-01,5\n").encode("latin-1"))
    (tmp_path / "nothing").mkdir()
    few = cdnow.head(20)
    few.to_parquet(tmp_path / "dates.parquet")
    few.assign(date=19970101).to_parquet(tmp_path / "numbers.parquet")
    few.assign(date=few["date"].dt.tz_localize("UTC")).to_parquet(tmp_path / "zone.parquet")
    few.assign(amount="much").to_parquet(tmp_path / "amount.parquet")
    few.assign(amount=True).to_parquet(tmp_path / "boolean.parquet")
    return tmp_path


@pytest.mark.parametrize(("logs", "options", "said"), BAD, ids=[" ".join([logs, *options]) for logs, options, _ in BAD])
def test_one_sentence(evergreen: Command, files: Path, logs: str, options: list[str], said: str) -> None:
    before = sorted(path.name for path in files.iterdir())
    outcome = evergreen("score", *logs.split(), "-o", "scores.csv", *options)
    assert outcome.code == 2
    assert outcome.out == ""
    assert said in outcome.err
    assert outcome.err.startswith("evergreen: ")
    assert outcome.err.count("\n") == 1
    assert len(outcome.err) < 600
    assert sorted(path.name for path in files.iterdir()) == before


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("scores.json", "ends in .parquet or .csv"),
        ("scores", "ends in .parquet or .csv"),
        ("nowhere/scores.csv", "There is no directory 'nowhere'"),
        ("log.csv", "is part of the log"),
        ("folder.csv", "is a directory"),
    ],
)
def test_where_scores_cannot_go(evergreen: Command, log: Path, out: str, said: str) -> None:
    Path("folder.csv").mkdir()
    outcome = evergreen("score", log, "-o", out, "--force")
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def test_scores_in_a_directory_of_logs_are_not_a_log(evergreen: Command, log: Path) -> None:
    assert evergreen("score", ".", "-o", "scores.csv").code == 0
    again = evergreen("score", ".", "-o", "scores.csv", "--force")
    assert again.code == 2
    assert "is part of the log" in again.err


@pytest.mark.parametrize("arguments", [[], ["score"], ["score", "log.csv"], ["sell"]])
def test_incomplete_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "--help" in captured.err


@pytest.mark.parametrize("package", ["duckdb", "pyarrow"])
def test_a_missing_package_is_named(
    package: str, evergreen: Command, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    outcome = evergreen("score", log, "-o", "scores.csv")
    assert outcome.code == 2
    assert f"needs {package}" in outcome.err
    assert "pip install 'evergreen-clv[duckdb]'" in outcome.err


def test_a_fault_of_the_program_shows_its_traceback(
    evergreen: Command, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("evergreen.cli.job._write", broken)
    with pytest.raises(ZeroDivisionError):
        evergreen("score", log, "-o", "scores.csv")
    assert [path.name for path in Path().iterdir()] == ["log.csv"]
