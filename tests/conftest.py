"""What all tests share: how hypothesis searches, where real data lies, what may be missing."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

# Deadlines measure the machine, not the code.
settings.register_profile("dev", deadline=None, max_examples=30)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=60,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", parent=settings.get_profile("dev"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

REQUIRE_EXTRAS = bool(os.environ.get("EVERGREEN_REQUIRE_EXTRAS"))

_MISSING = re.compile(r"could not import '(?P<quoted>[\w.]+)'|\b(?P<plain>[\w.]+) is not installed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs on Spark, so that it can be left out or run alone."""
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if "pyspark" in item.nodeid.partition("[")[2] and "module" not in parameters:
            item.add_marker("spark")


@pytest.fixture(scope="session")
def evergreen_data() -> Path:
    """Return the folder of real data sets that the variable EVERGREEN_DATA names, or skip."""
    folder = os.environ.get("EVERGREEN_DATA")
    if not folder:
        pytest.skip("EVERGREEN_DATA does not name a folder of data sets")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"EVERGREEN_DATA={folder} is not a folder")
    return path


@pytest.fixture(scope="session")
def optional() -> Callable[[str], ModuleType]:
    """Return a function that imports an optional package, or skips the test."""

    def import_or_skip(name: str) -> ModuleType:
        try:
            return importlib.import_module(name)
        except ImportError:
            pytest.skip(f"{name} is not installed")

    return import_or_skip


def _forbidden_skip(reason: str) -> str | None:
    """Name the package whose absence this reason gives, if it has to be present."""
    found = _MISSING.search(reason)
    if not REQUIRE_EXTRAS or found is None:
        return None
    return (found["quoted"] or found["plain"]).partition(".")[0]


def _fail_if_forbidden(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.outcome != "skipped":
        return
    reason = str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
    package = _forbidden_skip(reason)
    if package is not None:
        report.outcome = "failed"
        report.longrepr = f"{package} is missing, and EVERGREEN_REQUIRE_EXTRAS allows no skip for it."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail where a test would be skipped for a package that has to be present."""
    report = yield
    _fail_if_forbidden(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail where a module would be skipped for a package that has to be present."""
    report = yield
    _fail_if_forbidden(report)
    return report
