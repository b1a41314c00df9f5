"""The two commands of the README are whole, and the second is the one that continuous integration runs."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def shell_lines() -> list[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:shell|bash|sh|console)\n(.*?)^```", readme, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def the_line_with(part: str) -> str:
    lines = [line for line in shell_lines() if line.endswith(part)]
    assert len(lines) == 1, f"README.md should have one command that ends in {part!r}, it has {lines}"
    return lines[0]


def test_demo_command_starts_from_bare_python() -> None:
    line = the_line_with("python -m evergreen demo")
    assert line.startswith("python3 -m venv ")
    assert "'.[duckdb]'" in line


def test_test_command_starts_from_bare_python() -> None:
    line = the_line_with("python -m pytest")
    assert line.startswith("python3 -m venv ")
    assert "'.[dev]'" in line


def test_each_command_has_its_own_environment() -> None:
    folders = {the_line_with(part).split()[3] for part in ("evergreen demo", "pytest")}
    assert len(folders) == 2


def test_continuous_integration_runs_the_test_command_verbatim() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines.count(the_line_with("python -m pytest")) == 1
