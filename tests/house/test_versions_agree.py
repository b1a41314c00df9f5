"""One version: evergreen/__init__.py has it, the installed package repeats it."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import evergreen

ROOT = Path(__file__).parents[2]


def test_installed_version() -> None:
    assert metadata.version("evergreen-clv") == evergreen.__version__


def test_changelog_starts_with_what_is_not_released_yet() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    for heading in headings[1:]:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", heading)
