"""CPU time and peak of memory of this process and those that it has started, such as a Java machine."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

PROC = Path("/proc")


def peak_bytes():
    """Return the peaks of resident memory, added up (not, as getrusage does, with those of a parent)."""
    if not (PROC / "self" / "status").exists():
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return sum(_peak(process) for process in _family())


def cpu_seconds():
    """Return the CPU time, added up."""
    if not (PROC / "self" / "stat").exists():
        return time.process_time()
    ticks = os.sysconf("SC_CLK_TCK")
    others = [_stat(process) for process in _family()[1:]]
    return time.process_time() + sum(int(user) + int(system) for user, system in others) / ticks


class Steps:
    """The steps of a way, each with what it took and the peak of memory at its end."""

    def __init__(self):
        self.taken = []
        self.before = peak_bytes()

    def __call__(self, name, call):
        cpu, wall = cpu_seconds(), time.perf_counter()
        found = call()
        self.taken.append(
            {
                "step": name,
                "cpu_seconds": cpu_seconds() - cpu,
                "wall_seconds": time.perf_counter() - wall,
                "peak_bytes": peak_bytes(),
            }
        )
        return found

    def report(self, rows, answer):
        return {
            "rows": rows,
            "peak_bytes_before": self.before,
            "peak_bytes": peak_bytes(),
            "cpu_seconds": sum(each["cpu_seconds"] for each in self.taken),
            "wall_seconds": sum(each["wall_seconds"] for each in self.taken),
            "steps": self.taken,
            "answer": {name: float(value) for name, value in answer.items()},
        }


def _family():
    """Return the numbers of this process and of all that descend from it."""
    found = [os.getpid()]
    for process in found:  # grows while it is gone through
        for tasks in (PROC / str(process) / "task").glob("*/children"):
            found += [int(child) for child in tasks.read_text().split()]
    return found


def _peak(process):
    lines = (PROC / str(process) / "status").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _stat(process):
    """Return the ticks in user and in system mode."""
    return (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()[11:13]
