"""A warning where scores say little, and none where they do."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from evergreen import CustomerBase, RFMScorer, datasets
from evergreen.errors import DataWarning
from tests.contracts.registry import ENGINES
from tests.rfm.bases import summary_base


def wide(count: int = 500, **changed: Any) -> CustomerBase:
    columns: dict[str, Any] = {
        "days": np.arange(count) % 200,
        "orders": 1 + np.arange(count) % 3,
        "value": np.arange(count),
    }
    return summary_base(**{**columns, **changed})


def test_a_base_that_is_just_enough_is_taken_in_silence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RFMScorer().fit(wide())
        RFMScorer().fit(CustomerBase.from_transactions(datasets.load_cdnow(sample=True)))


@pytest.mark.parametrize(
    ("base", "words"),
    [
        (wide(499), "499 customers (at least 500 are wanted)"),
        (wide(days=30 + np.arange(500) % 200), None),
        (wide(days=31 + np.arange(500) % 200), "no order in the last 31 days (at most 30)"),
        (wide(orders=1 + np.arange(500) % 2), "nobody with more than 2 orders (somebody with 3)"),
        (
            summary_base(np.arange(600) % 180, np.ones(600, int), np.ones(600)),
            "179 days from the first order to the end (at least 180); nobody with more than 1 orders (somebody with 3)",
        ),
    ],
)
def test_what_is_missing_is_told_at_once(base: CustomerBase, words: str | None) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        RFMScorer().fit(base)
    said = [f"RFM scores of this base say little: {words}."] if words else []
    assert [str(warning.message) for warning in caught] == said
    assert all(warning.category is DataWarning and warning.filename == __file__ for warning in caught)


@pytest.mark.parametrize("unit", ["h", "W", "Y"])
def test_days_are_days_in_every_unit(unit: Any) -> None:
    log = datasets.load_cdnow(sample=True)
    half = log[log["date"] < "1997-05-01"]
    with pytest.warns(DataWarning, match=r"say little: 119 days from the first order to the end \(at least 180\)\.$"):
        RFMScorer().fit(CustomerBase.from_transactions(half, time_unit=unit))


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_warns_of_the_same(name: str) -> None:
    base = CustomerBase.from_summary(ENGINES[name].of(wide(300).frame))
    with pytest.warns(DataWarning, match=r"say little: 300 customers \(at least 500 are wanted\)\.$"):
        RFMScorer(method="nested").fit(base)


def test_transform_does_not_warn_again() -> None:
    scorer = RFMScorer().fit(wide())
    assert len(scorer.transform(wide(3))) == 3
