"""Sizes from the command line, and the one fixture that measures."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from importlib import metadata

import pytest

import benchmarks.one_thread  # noqa: F401 - before numpy is loaded
from benchmarks import problems
from benchmarks.entrants.registry import who_can

PACKAGES = ("evergreen-clv", "lifetimes", "numpy", "pandas", "scipy", "narwhals")
BUDGET_SECONDS = 6.0
MOST_ROUNDS = 15


def pytest_addoption(parser):
    parser.addoption(
        "--sizes",
        default=os.environ.get("EVERGREEN_SIZES", "10k"),
        help="customers (rows, where a log is read) of the problems, such as 100k,1m,10m",
    )


def pytest_configure(config):
    config.addinivalue_line("markers", "task(name): the function of the entrants that the test measures")


def pytest_generate_tests(metafunc):
    if "size" in metafunc.fixturenames:
        metafunc.parametrize("size", metafunc.config.getoption("sizes").lower().split(","))
    task = metafunc.definition.get_closest_marker("task")
    if task is not None:
        metafunc.parametrize("entrant", who_can(task.args[0]), ids=lambda entrant: entrant.NAME)


def pytest_benchmark_update_machine_info(machine_info):
    machine_info["packages"] = {name: metadata.version(name) for name in PACKAGES}
    machine_info["cores"] = os.cpu_count()


@pytest.fixture(scope="session")
def answers():
    """Return what the first entrant answered to each problem."""
    return {}


@pytest.fixture(scope="module")
def built(request, tmp_path_factory):
    """Return a function that returns the folder of a log, built once by the PROGRAM of the module."""
    folders = {}

    def folder_of(size):
        if size not in folders:
            folders[size] = tmp_path_factory.mktemp("log")
            command = [
                sys.executable,
                str(request.module.PROGRAM),
                "build",
                str(problems.number(size)),
                str(folders[size]),
            ]
            subprocess.run(command, check=True)
        return folders[size]

    yield folder_of
    for folder in folders.values():
        shutil.rmtree(folder)


@pytest.fixture
def within_limit(entrant, size):
    """Skip problems larger than an entrant is asked for."""
    if problems.number(size) > entrant.LARGEST:
        pytest.skip(f"{entrant.NAME} is asked for {entrant.LARGEST:,} at most")


@pytest.fixture
def measure(benchmark, answers):
    """Return a function that measures a call and compares its answer with that of the first entrant.

    The first call warms up and says how many rounds fit into a few seconds of CPU time; the least counts.
    """

    def run(task, problem, entrant, call, *, answer=lambda found: found, tolerance=1e-6):
        walls = []

        def timed():
            begin = time.perf_counter()
            found = call()
            walls.append(time.perf_counter() - begin)
            return found

        rounds = 1
        if benchmark.enabled:
            begin = time.process_time()
            call()
            spent = max(time.process_time() - begin, 1e-6)
            rounds = int(min(max(BUDGET_SECONDS / spent, 2), MOST_ROUNDS))
        found = benchmark.pedantic(timed, rounds=rounds, iterations=1)
        said = None if found is None else answer(found)
        record(benchmark, answers, task, problem, entrant, said, tolerance)
        benchmark.extra_info["wall_seconds"] = min(walls)
        return found

    return run


def record(benchmark, answers, task, problem, entrant, answer, tolerance):
    """Put the answer beside the time, and compare it with the first one."""
    info = {"task": task, "problem": problem, "entrant": entrant.NAME}
    if answer is not None:
        info["answer"] = {name: float(value) for name, value in answer.items()}
        first = answers.setdefault((task, problem), info["answer"])
        both = first.keys() & info["answer"].keys()
        assert {name: info["answer"][name] for name in both} == pytest.approx(
            {name: first[name] for name in both}, rel=tolerance
        )
    benchmark.extra_info.update(info)
