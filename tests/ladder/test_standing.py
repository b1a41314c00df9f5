"""Where customers stand, where they stood before, and since when: as a base for each date tells it."""

from __future__ import annotations

import warnings
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from evergreen import CustomerBase, LoyaltyLadder, Rung, Rungs
from evergreen.errors import DataWarning, InvalidInputError, NotFittedError
from tests.contracts.registry import CAME_LATELY, ENGINES, Engine, assert_same, by_id, sample_log
from tests.frames.kinds import KINDS
from tests.frames.test_laws import base_of, logs
from tests.frames.test_snapshots import SPENDING

DATES: dict[str, Any] = {"every": "1M", "start": "2024-01-15", "end": "2024-11-30"}


def ladder_of(log: pd.DataFrame, rungs: Rungs) -> LoyaltyLadder:
    return LoyaltyLadder(rungs=rungs).fit(base_of(log))


def standing_of(ladder: LoyaltyLadder, log: Any, **dates: Any) -> dict[str, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return by_id(ladder.standing(log, **dates))


def told(ladder: LoyaltyLadder, log: pd.DataFrame, at: list[str]) -> dict[Any, tuple[str, str, int]]:
    """Walk back from the last date, customer by customer."""
    seen: list[dict[Any, str]] = []
    for day in at:
        known = log[log["date"] < np.datetime64(day) + np.timedelta64(1, "D")]
        bought = known["customer_id"].notna() & (known["amount"] >= 0)
        placed = ladder.transform(base_of(log, observation_end=day)) if bought.any() else None
        seen.append({} if placed is None else dict(zip(placed["customer_id"], placed["rung"], strict=True)))
    found = {}
    for customer, rung in seen[-1].items():
        place = len(at) - 1
        while place and seen[place - 1].get(customer) == rung:
            place -= 1
        before = "(unknown)" if not place else seen[place - 1].get(customer, "(not yet)")
        found[customer] = (rung, before, int((np.datetime64(at[-1]) - np.datetime64(at[place])).astype(int)))
    return found


@pytest.mark.parametrize("rungs", [SPENDING, CAME_LATELY], ids=["money", "times"])
def test_customer_by_customer(rungs: Rungs) -> None:
    log = sample_log()
    ladder = ladder_of(log, rungs)
    at = ["2024-02-01", "2024-03-13", "2024-07-01", "2024-08-01", "2024-11-30"]
    columns = standing_of(ladder, log, at=at)
    rows = zip(columns["rung"], columns["previous_rung"], columns["days_on_rung"], strict=True)
    assert dict(zip(columns["customer_id"].tolist(), rows, strict=True)) == told(ladder, log, at)
    assert len(set(columns["previous_rung"].tolist())) > 3
    number = {name: at for at, name in enumerate(rungs.names, 1)}
    assert [number[name] for name in columns["rung"]] == columns["rung_number"].tolist()


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_engines_tell_the_same(engine: Engine) -> None:
    log = sample_log()
    ladder, native = ladder_of(log, SPENDING), engine.of(log)
    with pytest.warns(DataWarning, match="after the end of observation"):
        assert type(ladder.standing(native, **DATES)) is type(native)
    assert_same(standing_of(ladder, native, **DATES), standing_of(ladder, log, **DATES))


@given(log=logs(), kind=st.sampled_from(["polars lazy", "duckdb", "pyarrow"]))
def test_strange_logs_on_other_engines(log: pd.DataFrame, kind: str) -> None:
    ladder, at = ladder_of(log, SPENDING), ["1970-01-02", "1970-01-10", "1970-02-01"]
    assert_same(standing_of(ladder, KINDS[kind](log), at=at), standing_of(ladder, log, at=at))


def test_it_agrees_with_movement_and_transform() -> None:
    log = sample_log()
    ladder = ladder_of(log, SPENDING)
    columns = standing_of(ladder, log, at=["2024-06-30", "2024-12-30"])
    base = CustomerBase.from_transactions(log, observation_end="2024-12-30")
    assert columns["rung"].tolist() == by_id(ladder.transform(base))["rung"].tolist()
    moved = ladder.movement(log, at=["2024-06-30", "2024-12-30"]).to_frame()
    came = moved[(moved["before"] == "(not yet)") & (moved["after"] != "(not yet)")]["customers"].sum()
    assert (columns["previous_rung"] == "(not yet)").sum() == came


@pytest.mark.parametrize("kind", ["pandas", "polars lazy"])
@pytest.mark.parametrize("name", ["since", "rung", "previous_number"])
def test_names_of_the_result_are_not_names_of_ids(name: str, kind: str) -> None:
    log = sample_log(20)
    named = KINDS[kind](log.rename(columns={"customer_id": name}))
    with pytest.raises(InvalidInputError, match=f"customer='{name}' is the name of a column of the result: rename it"):
        ladder_of(log, SPENDING).standing(named, customer=name, **DATES)


@pytest.mark.parametrize("name", ["(not yet)", "(unknown)"])
def test_names_of_no_rung_are_not_names_of_rungs(name: str) -> None:
    log = sample_log(20)
    ladder = ladder_of(log, Rungs([Rung(name, {"orders": (None, 2)}), Rung("more", {"orders": (2, None)})]))
    for ask in (ladder.standing, ladder.movement):
        with pytest.raises(InvalidInputError, match="is said of customers whose rung is none: give that rung another"):
            ask(log, **DATES)


def test_unfitted_says_so() -> None:
    with pytest.raises(NotFittedError, match="before standing"):
        LoyaltyLadder().standing(sample_log(5), **DATES)
