"""Progress is shown where somebody looks, and only for work that takes its time."""

from __future__ import annotations

import io
from typing import Any

import pytest

from evergreen.cli import progress
from evergreen.cli.progress import Progress

duckdb = pytest.importorskip("duckdb")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def connection() -> Any:
    opened = duckdb.connect()
    opened.execute("SET enable_progress_bar = true")
    opened.execute("SET enable_progress_bar_print = false")
    return opened


def count(connection: Any, rows: object) -> int:
    return int(connection.execute(f"SELECT count(DISTINCT hash(range)) FROM range({rows})").fetchall()[0][0])  # noqa: S608


def test_a_bar_on_a_terminal(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    monkeypatch.setattr(progress, "_PATIENCE", 0.01)
    monkeypatch.setattr(progress, "_TICK", 0.01)
    stream = Terminal()
    found = Progress(connection, stream).run("counting", lambda: count(connection, 3_000_000))
    assert found == 3_000_000
    told = stream.getvalue()
    assert "counting" in told
    assert "%" in told
    assert "\n" not in told


def test_a_line_for_long_work_elsewhere(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_LONG", 0.0)
    stream = io.StringIO()
    Progress(connection, stream).run("counting", lambda: count(connection, 1_000))
    assert stream.getvalue().startswith("evergreen: counting, ")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_nothing_for_short_work(connection: Any, stream: io.StringIO) -> None:
    Progress(connection, stream).run("counting", lambda: count(connection, 10))
    assert not stream.getvalue()


def test_errors_of_the_work_come_through(connection: Any) -> None:
    with pytest.raises(duckdb.Error):
        Progress(connection, io.StringIO()).run("counting", lambda: count(connection, "no number"))
