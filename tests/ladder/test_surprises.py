"""Surprise picks: the same for the same customer, whatever the frame and the order, and random enough."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen import surprise
from evergreen.errors import DataWarning, EvergreenError, InputTypeError, InvalidInputError

N = 5_000
IDS = np.arange(N)
RUNGS = np.where(IDS % 10 == 0, "loyal", np.where(IDS % 3 == 0, "repeat", "first-time"))


def arms(found: Any) -> dict[Any, str]:
    return dict(zip(found.customers.tolist(), found.arms.tolist(), strict=True))


@pytest.mark.parametrize(
    "column",
    [list, tuple, np.asarray, pd.Series, pl.Series, pa.array, lambda x: pd.Series(x).astype("float64")],
)
def test_every_kind_of_column_gives_the_same_picks(column: Any) -> None:
    expected = surprise(IDS, RUNGS, picks=300, salt="spring")
    found = surprise(column(IDS), RUNGS.tolist(), picks=300, salt="spring")
    assert arms(found) == arms(expected)
    assert found.rungs.tolist() == expected.rungs.tolist()


def test_texts_of_every_kind_of_column_too() -> None:
    names = [f"c{at}" for at in IDS.tolist()]
    found = [
        surprise(column(names), column(RUNGS.tolist()), picks=99, salt="x") for column in (list, pd.Series, pl.Series)
    ]
    assert arms(found[0]) == arms(found[1]) == arms(found[2])


@given(st.permutations(range(40)))
def test_the_order_of_rows_plays_no_part(order: list[int]) -> None:
    whole = surprise(IDS[:40], RUNGS[:40], picks=12, salt="x")
    found = surprise(IDS[order], RUNGS[order], picks=12, salt="x")
    assert found.customers.tolist() == whole.customers.tolist()
    assert found.arms.tolist() == whole.arms.tolist()


def test_a_customer_has_one_arm_everywhere() -> None:
    whole, part = (arms(surprise(IDS[:n], RUNGS[:n], picks=n, salt="x")) for n in (N, 1_000))
    assert part == {customer: whole[customer] for customer in part}


def test_the_arm_is_the_documented_hash() -> None:
    found = arms(surprise([7, "7"], ["a", "a"], picks=2, salt="x", holdout=0.5))
    for customer, key in ((7, b"i7"), ("7", b"s7")):
        digest = blake2b(b"arm\0x\0" + key, digest_size=8).digest()
        below = int.from_bytes(digest, "big") / 2**64 < 0.5
        assert found[customer] == ("hold-out" if below else "surprise")


def test_to_pick_more_leaves_those_who_were_picked() -> None:
    few, many = (surprise(IDS, RUNGS, picks={"loyal": n}, salt="x") for n in (50, 80))
    assert set(few.customers.tolist()) < set(many.customers.tolist())
    assert arms(few).items() <= arms(many).items()


def test_picks_are_spread_as_customers_are_and_the_hold_out_has_its_size() -> None:
    found = surprise(IDS, RUNGS, picks=1_000, salt="x", holdout=0.3)
    counts = found.counts().set_index("rung").sum(axis=1)
    share = pd.Series(RUNGS).value_counts() / N * 1_000
    assert len(found) == counts.sum() == 1_000
    assert (counts - share).abs().max() < 1
    assert abs((found.arms == "hold-out").mean() - 0.3) < 4 * (0.3 * 0.7 / 1_000) ** 0.5


def test_another_salt_picks_others_by_chance() -> None:
    one, two = (set(surprise(IDS, RUNGS, picks=1_000, salt=salt).customers.tolist()) for salt in ("x", "y"))
    assert abs(len(one & two) - 200) < 4 * (1_000 * 0.2 * 0.8) ** 0.5


def test_arms_of_two_campaigns_are_independent() -> None:
    one, two = (arms(surprise(IDS, RUNGS, picks=N, salt=salt, holdout=0.5)) for salt in ("x", "y"))
    same = np.mean([one[customer] == two[customer] for customer in one])
    assert abs(same - 0.5) < 4 * 0.5 / N**0.5


def test_ids_come_back_as_they_were_given() -> None:
    found = surprise(IDS.astype(np.int32), RUNGS, picks=5, salt="x")
    assert found.customers.dtype == np.int32
    assert found.to_frame().columns.tolist() == ["customer", "rung", "arm"]


@pytest.mark.parametrize("holdout", [0.0, 1.0])
def test_the_hold_out_may_be_nobody_or_everybody(holdout: float) -> None:
    found = surprise(IDS, RUNGS, picks=100, salt="x", holdout=holdout)
    assert set(found.arms.tolist()) == {"hold-out" if holdout else "surprise"}


def test_nobody_can_be_picked_from() -> None:
    assert len(surprise([], [], picks=0, salt="x")) == 0


@pytest.mark.parametrize("picks", [7, {"a": 5, "b": 2}])
def test_more_than_there_are_are_all_and_counted(picks: Any) -> None:
    with pytest.warns(DataWarning, match="7 customers are wanted, 3 more than there are"):
        found = surprise([1, 2, 3, 4], ["a", "a", "b", "b"], picks=picks, salt="x")
    assert len(found) == 4


WRONG: list[tuple[dict[str, Any], type[EvergreenError], str]] = [
    ({"customers": [1, 1]}, InvalidInputError, "customers are there twice: 1 of 2 rows"),
    ({"customers": [1, None]}, InputTypeError, "none missing, got None"),
    ({"customers": [1, 2.5]}, InputTypeError, "got 2.5"),
    ({"customers": [1, float("nan")]}, InputTypeError, "got nan"),
    ({"customers": [1, True]}, InputTypeError, "got True"),
    ({"customers": [(1, 2), (3, 4)]}, InputTypeError, "got (1, 2)"),
    ({"customers": [1]}, InvalidInputError, "1 customers and 2 rungs"),
    ({"customers": "ab"}, InputTypeError, "customers must be a column"),
    ({"customers": 3}, InputTypeError, "customers must be a column"),
    ({"customers": np.zeros((2, 2))}, InvalidInputError, "one-dimensional"),
    ({"rungs": ["a", None]}, InputTypeError, "rungs must be the names"),
    ({"picks": -1}, InvalidInputError, "picks must be finite and at least 0"),
    ({"picks": 1.5}, InvalidInputError, "whole number"),
    ({"picks": {"vip": 1}}, InvalidInputError, "No customer is on the rungs ['vip']"),
    ({"picks": {"a": "1"}}, InputTypeError, "picks of 'a' must be a number"),
    ({"salt": 3}, InputTypeError, "salt must be text"),
    ({"holdout": 30}, InvalidInputError, "holdout is a share"),
]


@pytest.mark.parametrize(("change", "error", "words"), WRONG)
def test_wrong_calls_say_what_is_wrong(change: dict[str, Any], error: type[EvergreenError], words: str) -> None:
    call: dict[str, Any] = {"customers": [1, 2], "rungs": ["a", "b"], "picks": 1, "salt": "x", **change}
    with pytest.raises(error) as caught:
        surprise(**call)
    assert words in str(caught.value)
