"""The CDNOW 1/10 sample, counted by hand from the log that ships with lifetimes."""

from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from evergreen.typing import FloatArray, IntArray

CALIBRATION_END = date(1997, 9, 30)


class Customers(NamedTuple):
    frequency: IntArray
    recency: FloatArray
    T: FloatArray
    mean_value: FloatArray


def read_log() -> dict[str, dict[date, float]]:
    """Return, by customer, the dollars of each day with a purchase."""
    found = importlib.util.find_spec("lifetimes")
    if found is None or found.origin is None:
        pytest.skip("lifetimes is not installed")
    log: dict[str, dict[date, float]] = {}
    for line in (Path(found.origin).parent / "datasets" / "CDNOW_sample.txt").read_text("ascii").splitlines():
        _, customer, day, _, dollars = line.split()
        when = date(int(day[:4]), int(day[4:6]), int(day[6:]))
        days = log.setdefault(customer, {})
        days[when] = days.get(when, 0.0) + float(dollars)
    return log


def customers(until: date = CALIBRATION_END) -> Customers:
    """Return the histories in weeks; a day with a purchase of 0 dollars counts as one."""
    rows = []
    for days in read_log().values():
        seen = sorted(day for day in days if day <= until)
        first, repeats = seen[0], seen[1:]
        spent = sum(days[day] for day in repeats) / len(repeats) if repeats else 0.0
        rows.append((len(repeats), (seen[-1] - first).days / 7, (until - first).days / 7, spent))
    x, t_x, T, spent_each = zip(*rows, strict=True)
    return Customers(np.array(x, np.int64), np.array(t_x), np.array(T), np.array(spent_each))
