"""Rungs at several dates from one reading are those of a base for each date."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from evergreen import CustomerBase, LoyaltyLadder, Rung, Rungs
from evergreen.errors import DataWarning, InvalidInputError
from evergreen.frames import RungMoves, rung_moves, snapshot_arrays
from evergreen.typing import Occasion, TimeUnit
from tests.contracts.registry import CAME_LATELY, ENGINES, Engine, sample_log
from tests.frames.kinds import KINDS
from tests.frames.test_laws import OCCASIONS, base_of, logs

SPENDING = Rungs(
    [
        Rung("silent", {"days_since_last": (30, None)}),
        Rung("poor", {"days_since_last": (None, 30), "total_value": (None, 20.5)}),
        Rung("new", {"days_since_last": (None, 30), "total_value": (20.5, None), "days_since_first": (None, 14)}),
        Rung(
            "once",
            {"days_since_last": (0, 30), "total_value": (20.5, None), "days_since_first": (14, None), "orders": (1, 2)},
        ),
        Rung(
            "again",
            {
                "days_since_last": (0, 30),
                "total_value": (20.5, None),
                "days_since_first": (14, None),
                "orders": (2, None),
            },
        ),
    ]
)
AT = ["2024-01-01", "2024-02-01", "2024-03-13", "2024-07-01", "2024-11-30"]


def moves_of(log: Any, at: Sequence[str], rungs: Rungs = SPENDING, occasion: Occasion = "D", **roles: Any) -> RungMoves:
    chosen: dict[str, Any] = {"customer": "customer_id", "date": "date", "amount": "amount", "zero_amounts": "keep"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return rung_moves(log, rungs, at=at, occasion=occasion, **{**chosen, **roles})


def one_by_one(
    log: pd.DataFrame, at: Sequence[str], rungs: Rungs, occasion: Occasion, time_unit: TimeUnit = "D"
) -> np.ndarray:
    """Count by a base for each date, each customer by his id."""
    ladder, standing = LoyaltyLadder(rungs=rungs), []
    for day in at:
        try:
            base = base_of(log, observation_end=day, occasion=occasion, time_unit=time_unit)
        except InvalidInputError:
            standing.append(pd.Series(dtype=np.int64))
        else:
            standing.append(ladder.fit(base).transform(base).set_index("customer_id")["rung_number"])
    counts = np.zeros((len(at) - 1, len(rungs.names) + 1, len(rungs.names) + 1), np.int64)
    for place, (before, after) in enumerate(pairwise(standing)):
        pair = tuple(side.reindex(standing[-1].index, fill_value=0).to_numpy(np.int64) for side in (before, after))
        np.add.at(counts[place], pair, 1)
    return counts


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return sample_log()


@pytest.mark.parametrize("occasion", OCCASIONS)
@pytest.mark.parametrize("rungs", [SPENDING, CAME_LATELY], ids=["money", "times"])
def test_dates_at_once_are_dates_one_by_one(log: pd.DataFrame, occasion: Occasion, rungs: Rungs) -> None:
    found = moves_of(log, AT, rungs, occasion)
    np.testing.assert_array_equal(found.counts, one_by_one(log, AT, rungs, occasion))
    assert (found.counts.sum(axis=0) > 0).sum() > 8


@pytest.mark.parametrize("time_unit", ["h", "W", "M", "Y"])
def test_the_unit_of_a_base_does_not_matter(log: pd.DataFrame, time_unit: TimeUnit) -> None:
    np.testing.assert_array_equal(moves_of(log, AT).counts, one_by_one(log, AT, SPENDING, "D", time_unit))


@pytest.mark.parametrize("occasion", OCCASIONS)
@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_engines_count_the_same(log: pd.DataFrame, engine: Engine, occasion: Occasion) -> None:
    found, wanted = moves_of(engine.of(log), AT, occasion=occasion), moves_of(log, AT, occasion=occasion)
    np.testing.assert_array_equal(found.counts, wanted.counts)
    assert (found.dates, found.dropped) == (wanted.dates, wanted.dropped)


@pytest.mark.parametrize("kind", ["polars lazy", "duckdb", "pyarrow"])
def test_engines_count_the_same_without_money(log: pd.DataFrame, kind: str) -> None:
    bare = log[["customer_id", "date"]]
    found = moves_of(KINDS[kind](bare), AT, CAME_LATELY, amount=None)
    np.testing.assert_array_equal(found.counts, moves_of(bare, AT, CAME_LATELY, amount=None).counts)


DAYS = st.lists(st.integers(-3, 60), min_size=2, max_size=5, unique=True).map(sorted)


def named(days: Sequence[int]) -> list[str]:
    return [str(np.datetime64(day, "D")) for day in days]


@given(log=logs(), days=DAYS, occasion=st.sampled_from(OCCASIONS))
def test_strange_logs_at_once_and_one_by_one(log: pd.DataFrame, days: list[int], occasion: Occasion) -> None:
    at = named([*days[:-1], max(days[-1], 3)])
    np.testing.assert_array_equal(moves_of(log, at, occasion=occasion).counts, one_by_one(log, at, SPENDING, occasion))


@given(log=logs(), days=DAYS, kind=st.sampled_from(["polars", "polars lazy", "duckdb", "pyarrow"]))
def test_strange_logs_on_other_engines(log: pd.DataFrame, days: list[int], kind: str) -> None:
    at = named([*days[:-1], max(days[-1], 3)])
    found, wanted = moves_of(KINDS[kind](log), at), moves_of(log, at)
    np.testing.assert_array_equal(found.counts, wanted.counts)
    assert found.dropped == wanted.dropped


@given(log=logs(), days=DAYS, occasion=st.sampled_from(OCCASIONS))
def test_customers_are_conserved(log: pd.DataFrame, days: list[int], occasion: Occasion) -> None:
    at = named([*days[:-1], max(days[-1], 3)])
    counts = moves_of(log, at, occasion=occasion).counts
    assert (counts.sum(axis=(1, 2)) == len(base_of(log, observation_end=at[-1], occasion=occasion))).all()
    np.testing.assert_array_equal(counts[1:].sum(axis=2), counts[:-1].sum(axis=1))
    assert (counts[:, 1:, 0] == 0).all()


def test_parts_are_added_up(log: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = moves_of(log, AT).counts
    for at_once, in_memory in ((1, 1), (35, 70), (5, 1 << 20)):
        monkeypatch.setattr(snapshot_arrays, "_AT_ONCE", at_once)
        monkeypatch.setattr(snapshot_arrays, "_IN_MEMORY", in_memory)
        np.testing.assert_array_equal(moves_of(log, AT).counts, wanted)


@pytest.mark.parametrize("kind", ["pandas", "polars lazy", "duckdb"])
def test_customers_with_refunds_only_never_come(kind: str) -> None:
    log = pd.DataFrame(
        {"customer_id": [1, 2, 2], "date": pd.to_datetime(["2024-01-01"] * 3), "amount": [30.0, -1.0, -2.0]}
    )
    found = moves_of(KINDS[kind](log), ["2023-12-31", "2024-01-31"])
    assert found.counts.sum() == found.counts[0, 0].sum() == 1
    assert (found.dropped.refund_only, found.dropped.refund_only_customers) == (2, 1)
    with pytest.raises(InvalidInputError, match=r"Nothing of the log is left: 2 of 2 rows left out: 2 of 1 customers"):
        moves_of(KINDS[kind](log[1:]), ["2023-12-31", "2024-01-31"])


@pytest.mark.parametrize("kind", ["pandas", "polars lazy"])
def test_a_log_after_the_last_date_is_refused(log: pd.DataFrame, kind: str) -> None:
    with pytest.raises(InvalidInputError, match="The observation ends 2023-06-01, before the first usable row"):
        moves_of(KINDS[kind](log), ["2023-01-01", "2023-06-01"])


def test_what_a_log_does_not_tell_is_refused(log: pd.DataFrame) -> None:
    friends = Rungs([Rung("alone", {"referrals": (None, 1)}), Rung("advocate", {"referrals": (1, None)})])
    with pytest.raises(InvalidInputError, match="These rungs look at referrals, and a log tells of past dates only"):
        moves_of(log, AT, friends)
    with pytest.raises(InvalidInputError, match="look at total_value, and amount=None"):
        moves_of(log, AT, SPENDING, amount=None)


def test_the_log_is_not_changed(log: pd.DataFrame) -> None:
    before = log.copy(deep=True)
    moves_of(log, AT)
    pd.testing.assert_frame_equal(log, before)


def test_rows_left_out_are_told(log: pd.DataFrame) -> None:
    ladder = LoyaltyLadder().fit(CustomerBase.from_transactions(log))
    with pytest.warns(DataWarning, match="rows left out: .* after the end of observation") as told:
        ladder.movement(log, at=AT)
    assert told[0].filename == __file__
