"""What the columns mean: small logs whose answers a person can check."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen.errors import DataWarning, InvalidInputError
from evergreen.frames import CustomerBase, split
from tests.frames.kinds import KINDS, rows

EVERY = ["pandas", "polars", "pyarrow", "duckdb"]


def one(kind: str, dates: list[Any], amounts: list[float], **options: Any) -> dict[str, Any]:
    """Return the summary of one customer's log."""
    log = pd.DataFrame({"customer_id": 1, "date": dates, "amount": amounts})
    found = rows(CustomerBase.from_transactions(KINDS[kind](log), **options).frame).iloc[0]
    return {str(name): value for name, value in found.items()}


@pytest.mark.parametrize("kind", EVERY)
def test_a_day_is_one_occasion_with_the_sum_of_its_rows(kind: str) -> None:
    found = one(kind, ["2024-01-01", "2024-01-01", "2024-01-04", "2024-01-04"], [1.0, 2.0, 3.0, 4.0])
    assert (found["frequency"], found["recency"], found["T"]) == (1, 3.0, 3.0)
    assert (found["monetary_value"], found["total_value"]) == (7.0, 10.0)


@pytest.mark.parametrize("kind", EVERY)
def test_a_refund_is_no_occasion(kind: str) -> None:
    found = one(kind, ["2024-01-01", "2024-01-05", "2024-01-09"], [10.0, 30.0, -4.0])
    assert (found["frequency"], found["recency"], found["T"]) == (1, 4.0, 8.0)
    assert (found["monetary_value"], found["total_value"], found["refunds"]) == (30.0, 36.0, 4.0)
    assert found["last_purchase"] == pd.Timestamp("2024-01-05")


@pytest.mark.parametrize("kind", EVERY)
def test_a_refund_before_the_first_purchase(kind: str) -> None:
    found = one(kind, ["2024-01-01", "2024-01-05", "2024-01-05"], [-4.0, 30.0, -1.0])
    assert (found["frequency"], found["T"], found["total_value"]) == (0, 0.0, 25.0)
    assert found["first_purchase"] == pd.Timestamp("2024-01-05")


@pytest.mark.parametrize("kind", EVERY)
def test_zero_is_an_occasion_unless_dropped(kind: str) -> None:
    dates, amounts = ["2024-01-01", "2024-01-05"], [10.0, 0.0]
    assert one(kind, dates, amounts)["frequency"] == 1
    with pytest.warns(DataWarning, match="1 with an amount of zero"):
        assert one(kind, dates, amounts, zero_amounts="drop")["frequency"] == 0


@pytest.mark.parametrize("kind", EVERY)
def test_weeks_begin_on_monday(kind: str) -> None:
    sunday_monday = ["2023-12-31", "2024-01-01", "2024-01-07"]
    found = one(kind, sunday_monday, [1.0, 2.0, 3.0], occasion="W", time_unit="W")
    assert (found["frequency"], found["recency"], found["monetary_value"]) == (1, 1.0, 5.0)
    assert found["first_purchase"] == pd.Timestamp("2023-12-31")
    assert one(kind, sunday_monday, [1.0, 2.0, 3.0], occasion="W")["recency"] == 7.0


@pytest.mark.parametrize("kind", EVERY)
def test_months_are_calendar_months_of_mean_length(kind: str) -> None:
    found = one(kind, ["2024-01-31", "2024-02-01", "2025-02-28"], [1.0, 2.0, 3.0], occasion="M", time_unit="M")
    assert (found["frequency"], found["recency"]) == (2, 13.0)
    days = one(kind, ["2024-01-31", "2025-01-01"], [1.0, 2.0], occasion="M", time_unit="D")["recency"]
    assert days == 365.2425


@pytest.mark.parametrize("kind", EVERY)
def test_rows_are_occasions_to_the_second(kind: str) -> None:
    dates = pd.to_datetime(["2024-01-01 10:00:00.9", "2024-01-01 10:00:00.1", "2024-01-01 22:00:00.0"])
    found = one(kind, list(dates), [5.0, 3.0, 9.0], occasion="row", time_unit="h")
    assert (found["frequency"], found["recency"], found["T"]) == (2, 12.0, 12.0)
    assert found["monetary_value"] == 7.0  # of two rows in the first second the smaller is the first
    assert found["first_purchase"] == pd.Timestamp("2024-01-01 10:00:00")


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize(
    ("end", "age"),
    [
        ("2024-01-03", 9.0),
        (dt.date(2024, 1, 3), 9.0),
        (np.datetime64("2024-01-03"), 9.0),
        ("2024-01-03 18:00", 9.0),
        (dt.datetime(2024, 1, 3, 18), 9.0),  # noqa: DTZ001 - a local time
        (pd.Timestamp("2024-01-03"), 9.0),
    ],
)
def test_the_day_of_the_end_belongs_to_the_observation(kind: str, end: Any, age: float) -> None:
    found = one(kind, list(pd.to_datetime(["2023-12-25 09:00", "2024-01-03 23:00"])), [1.0, 2.0], observation_end=end)
    assert (found["frequency"], found["T"]) == (1, age)


@pytest.mark.parametrize("kind", EVERY)
def test_the_end_of_rows_is_the_next_midnight_or_an_instant(kind: str) -> None:
    dates = list(pd.to_datetime(["2024-01-03 12:00", "2024-01-03 23:00"]))
    found = one(kind, dates, [1.0, 2.0], occasion="row", time_unit="h", observation_end="2024-01-03")
    assert (found["frequency"], found["T"]) == (1, 12.0)
    with pytest.warns(DataWarning, match="1 after the end"):
        found = one(kind, dates, [1.0, 2.0], occasion="row", time_unit="h", observation_end="2024-01-03 18:00")
    assert (found["frequency"], found["T"]) == (0, 6.0)


@pytest.mark.parametrize("kind", EVERY)
def test_orders_are_counted_across_rows_and_days(kind: str) -> None:
    log = pd.DataFrame(
        {
            "customer_id": [1, 1, 1, 1, 1, 2],
            "date": ["2024-01-01", "2024-01-01", "2024-01-02", "2024-01-03", "2024-01-03", "2024-01-01"],
            "amount": [1.0, 1.0, 1.0, 1.0, -1.0, 1.0],
            "order": ["a", "b", "b", None, "z", "a"],
        }
    )
    log = pd.concat([log, log.iloc[[3]]])
    found = rows(CustomerBase.from_transactions(KINDS[kind](log), order="order").frame)
    assert found["orders"].tolist() == [4, 1]  # a, b and twice an order without an id; refunds are no orders
    assert found["frequency"].tolist() == [2, 0]


@pytest.mark.parametrize("kind", EVERY)
def test_money_is_exact_to_the_cent(kind: str) -> None:
    dates = [f"2024-01-{day:02d}" for day in range(1, 31)]
    found = one(kind, dates, [0.1] * 30)
    assert (found["total_value"], found["monetary_value"]) == (3.0, 0.1)


@pytest.mark.parametrize("kind", EVERY)
def test_a_split_looks_only_forward(kind: str) -> None:
    log = pd.DataFrame(
        {
            "customer_id": [1, 1, 1, 1, 2, 3, 1],
            "date": ["2024-01-01", "2024-02-01", "2024-02-02", "2024-02-02", "2024-01-31", "2024-02-05", "2024-04-01"],
            "amount": [10.0, 20.0, 5.0, -2.0, 7.0, 9.0, 99.0],
        }
    )
    with pytest.warns(DataWarning, match=r"^1 of 7 rows left out: 1 after the end of observation\.$"):
        halves = split(KINDS[kind](log), at="2024-01-31", end="2024-02-29", time_unit="D")
    assert rows(halves.holdout).to_dict("list") == {
        "customer_id": [1, 2],
        "frequency_holdout": [2, 0],
        "value_holdout": [23.0, 0.0],
    }
    assert halves.duration == 29.0
    assert halves.calibration.observation_end == dt.date(2024, 1, 31) == halves.at
    assert halves.calibration.dropped.after_end == 5


@pytest.mark.parametrize("kind", EVERY)
def test_a_split_without_anything_after(kind: str) -> None:
    log = KINDS[kind](pd.DataFrame({"customer_id": [1], "date": ["2024-01-01"], "amount": [1.0]}))
    with pytest.raises(InvalidInputError, match="No usable row lies after at='2024-06-01'"):
        split(log, at="2024-06-01")
    halves = split(log, at="2024-06-01", end="2024-12-01")
    assert rows(halves.holdout)["frequency_holdout"].tolist() == [0]
    with pytest.raises(InvalidInputError, match="end='2024-06-01' must be later than at='2024-06-01'"):
        split(log, at="2024-06-01", end="2024-06-01")
