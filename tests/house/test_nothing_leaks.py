"""No file names a place that exists on one machine alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUFFIXES = {".py", ".md", ".toml", ".bib", ".css", ".rst", ".html", ".svg", ".ipynb", ".json", ".cfg", ""}
BUILT = {"_build", "jupyter_execute", "generated", "__pycache__"}
ABSOLUTE = re.compile(r"(?<![\w.:/~$}-])/(?:home|root|Users|work|mnt|srv)/")
BESIDE = re.compile(r"\.\.[/]shared")


def files() -> Iterator[Path]:
    for folder in ("evergreen", "tests", "docs", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in SUFFIXES and not BUILT & set(path.parts):
                yield path
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "pyproject.toml"):
        yield ROOT / name


@pytest.mark.parametrize("pattern", [ABSOLUTE, BESIDE], ids=["absolute path", "folder beside the project"])
def test_no_machine_is_named(pattern: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)
