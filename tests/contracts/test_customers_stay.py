"""Customers of a lazy base stay in their engine: what comes back is no longer than the distinct of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from evergreen import CustomerBase, CustomerBaseAudit, split
from tests.contracts.registry import ENGINES, MEASURES, Engine, base_of, sample_log

ALIKE = 20
"""Customers with the same history, who together have more histories, gaps and values than one of them by far."""
LAZY: Mapping[str, Engine] = MappingProxyType({name: engine for name, engine in ENGINES.items() if engine.lazy})


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    """Return a log in which every customer has twins."""
    alone = sample_log(60)
    twins = [alone.assign(customer_id=alone["customer_id"] + f" {twin}") for twin in range(ALIKE)]
    return pd.concat(twins, ignore_index=True)


@pytest.fixture(scope="module", params=LAZY, ids=str)
def native(request: pytest.FixtureRequest, log: pd.DataFrame) -> Any:
    return LAZY[request.param].of(log)


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the length of everything that is collected."""
    lengths: list[int] = []
    collect = nw.LazyFrame.collect

    def counting(frame: nw.LazyFrame[Any], *arguments: Any, **settings: Any) -> Any:
        found = collect(frame, *arguments, **settings)
        lengths.append(len(found))
        return found

    monkeypatch.setattr(nw.LazyFrame, "collect", counting)
    return lengths


def most(log: pd.DataFrame) -> int:
    """Return the rows of one of each twins: gaps and days are no more than these."""
    rows, customers = len(log) // ALIKE, log["customer_id"].nunique()
    assert rows < customers / 2
    return rows


pytestmark = pytest.mark.filterwarnings("ignore::evergreen.errors.DataWarning")


@pytest.mark.parametrize("name", MEASURES)
def test_measures_collect_no_customers(name: str, native: Any, log: pd.DataFrame, collected: list[int]) -> None:
    measure = MEASURES[name]
    base = base_of(native)
    scored = measure.score(measure.make().fit(base), base)
    assert collected, "the test looks at something that collects"
    assert max(collected) <= most(log)
    assert isinstance(nw.from_native(scored), nw.LazyFrame)
    frame = nw.from_native(scored).select(nw.len().alias("rows")).collect()
    assert frame.item() == log["customer_id"].nunique()


@pytest.mark.parametrize("name", [name for name in LAZY if name != "pyspark"])  # where all verbs take a minute
def test_verbs_collect_no_customers(name: str, log: pd.DataFrame, collected: list[int]) -> None:
    base = base_of(LAZY[name].of(log))
    for measure in MEASURES.values():
        fitted = measure.make().fit(base)
        for verb in measure.verbs.values():
            verb(fitted, base)
    assert max(collected) <= most(log)


def test_a_split_and_an_audit_collect_no_customers(native: Any, log: pd.DataFrame, collected: list[int]) -> None:
    parts = split(native, at="2024-08-31")
    parts.repeat_occasions()
    audit = CustomerBaseAudit.from_transactions(native, period="M")
    audit.two_periods("2024-03", "2024-04").bridge()
    assert max(collected) <= most(log)


def test_asking_how_many_collects_one_number(native: Any, collected: list[int]) -> None:
    base = CustomerBase.from_transactions(native)
    collected.clear()
    np.testing.assert_equal(len(base), 60 * ALIKE)
    assert collected == [1]
