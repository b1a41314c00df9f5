"""One version: pyproject.toml has it, the installed package and the changelog repeat it."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import evergreen

ROOT = Path(__file__).parents[2]
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_installed_version() -> None:
    assert metadata.version("evergreen-clv") == VERSION


def test_version_of_the_import() -> None:
    assert getattr(evergreen, "__version__", VERSION) == VERSION


def test_changelog_starts_with_what_is_not_released_yet() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    for heading in headings[1:]:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", heading)
