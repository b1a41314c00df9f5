"""The contents page: what `evergreen` exports is sorted, there, unique and explained."""

from __future__ import annotations

import inspect
import re
from importlib import resources
from pathlib import Path
from types import ModuleType

import pytest

import evergreen

ROOT = Path(__file__).parents[2]
NAMES: list[str] = list(getattr(evergreen, "__all__", []))
DOCUMENTED = [
    name
    for name in NAMES
    if (inspect.isclass(value := getattr(evergreen, name, None)) and not issubclass(value, BaseException))
    or inspect.isfunction(value)
]
SECTION = re.compile(r"^(?P<title>[A-Z][\w ]+)\n-{3,}$", flags=re.MULTILINE)


def test_names_are_unique() -> None:
    """The linter keeps them in order."""
    assert sorted(set(NAMES)) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_name_is_there(name: str) -> None:
    assert hasattr(evergreen, name)


def test_no_object_has_two_names() -> None:
    objects = [id(getattr(evergreen, name)) for name in NAMES]
    assert len(set(objects)) == len(objects)


def test_nothing_public_is_left_unlisted() -> None:
    public = {
        name
        for name, value in vars(evergreen).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "annotations"
    }
    assert public <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_name_belongs_to_evergreen(name: str) -> None:
    value = getattr(evergreen, name)
    home = getattr(value, "__module__", None) or getattr(value, "__name__", "evergreen")
    assert str(home).partition(".")[0] in {"evergreen", "typing"}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_docstring_has_a_runnable_example(name: str) -> None:
    text = inspect.getdoc(getattr(evergreen, name)) or ""
    _, *rest = SECTION.split(text)
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    assert ">>>" in sections.get("Examples", ""), f"evergreen.{name} shows no example"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_docstring_starts_with_one_sentence(name: str) -> None:
    first = (inspect.getdoc(getattr(evergreen, name)) or "").split("\n\n")[0]
    assert first.endswith("."), f"evergreen.{name}: {first!r}"


def test_reference_lists_each_name_once() -> None:
    text = (ROOT / "docs" / "reference" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^ {3}(\w+)$", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted(NAMES), "docs/reference/index.md lists what evergreen.__all__ lists, by topic"


def test_types_are_announced() -> None:
    assert resources.files("evergreen").joinpath("py.typed").is_file()
