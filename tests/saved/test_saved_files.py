"""What was saved once loads forever, and gives the numbers that it gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evergreen import load
from evergreen.store import dumps
from evergreen.store.document import MIGRATIONS
from evergreen.store.kinds import KINDS
from tests.saved.examples import EXAMPLES, FOLDER

FILES = sorted(path for path in Path(__file__).parent.glob("schema_*/*.json") if path.suffixes == [".json"])


def same(found: Any, wanted: Any) -> bool:
    """Compare numbers to ten digits (formulas may be computed in another way one day), everything else exactly."""
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[name], value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    return bool(found == (pytest.approx(wanted, rel=1e-10, abs=0) if isinstance(wanted, float) else wanted))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_file_gives_the_numbers_that_it_gave(path: Path) -> None:
    thing = load(path)
    wanted = json.loads(path.with_suffix(".answers.json").read_text(encoding="utf-8"))
    found = EXAMPLES[path.stem].answers(thing)
    assert type(thing) is KINDS[path.stem].of
    assert same(found, wanted), found


def test_each_kind_has_an_example_in_the_current_schema() -> None:
    """A kind without one: give it a line in EXAMPLES and run python -m tests.saved.examples."""
    assert FOLDER.name == f"schema_{1 + len(MIGRATIONS)}"
    assert list(EXAMPLES) == list(KINDS)
    assert {path.stem for path in FILES if path.parent == FOLDER} == set(KINDS)


def holds(now: Any, before: Any) -> bool:
    """Return whether everything that was written is written still; new names may stand beside."""
    if isinstance(before, dict):
        return before.keys() <= now.keys() and all(holds(now[name], part) for name, part in before.items())
    if isinstance(before, list):
        return len(now) == len(before) and all(map(holds, now, before))
    return bool(now == before)


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_was_written_is_written_still(name: str) -> None:
    """A field that has gone or means something else changes the schema: older files need a step in MIGRATIONS."""
    before, now = ((FOLDER / f"{name}.json").read_text(encoding="utf-8"), dumps(load(FOLDER / f"{name}.json")))
    parts = [{**json.loads(text), "version": None} for text in (now, before)]
    assert holds(*parts)
