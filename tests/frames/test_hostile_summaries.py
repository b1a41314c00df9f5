"""Summaries that people bring, with the exact error that each gets on every engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen.errors import ColumnNotFoundError, InputTypeError, InvalidInputError
from evergreen.frames import CustomerBase
from tests.frames.kinds import KINDS, rows

TODO = " Correct or leave out these rows."


def summary(**columns: Any) -> pd.DataFrame:
    given = {
        "customer_id": ["b", "a", "c"],
        "frequency": [2, 0, 1],
        "recency": [5.0, 0.0, 3.0],
        "T": [9.0, 9.0, 9.0],
        "monetary_value": [10.0, 0.0, 4.0],
        **columns,
    }
    return pd.DataFrame({name: values for name, values in given.items() if values is not None})


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb"])
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"customer_id": ["b", None, "c"]}, "customer_id must not be missing: 1 of 3 rows."),
        ({"customer_id": [1.0, np.nan, np.nan]}, "customer_id must not be missing: 2 of 3 rows."),
        ({"frequency": [2.0, None, 1.0]}, "frequency must not be missing or infinite: 1 of 3 rows."),
        ({"recency": [5.0, np.nan, 3.0]}, "recency must not be missing or infinite: 1 of 3 rows."),
        ({"T": [9.0, 9.0, np.inf]}, "T must not be missing or infinite: 1 of 3 rows, for example inf."),
        ({"frequency": [2, -1, 1]}, "frequency must be at least 0: 1 of 3 rows, for example -1.0."),
        (
            {"frequency": [2.5, 0.0, 1.5]},
            "frequency must be a whole number of repeat occasions: 2 of 3 rows, for example 1.5.",
        ),
        ({"recency": [5.0, 0.0, -3.0]}, "recency must be at least 0: 1 of 3 rows, for example -3.0."),
        (
            {"recency": [5.0, 0.0, 30.0]},
            "recency (from first to last occasion) must not be greater than T: 1 of 3 rows, for example 30.0.",
        ),
        (
            {"recency": [5.0, 1.0, 3.0]},
            "recency must be 0 where frequency is 0: 1 of 3 rows, for example 1.0.",
        ),
        (
            {"monetary_value": [10.0, None, None]},
            "monetary_value must not be missing or infinite where frequency is above 0: 1 of 3 rows.",
        ),
        (
            {"monetary_value": [10.0, -1.0, -2.0]},
            "monetary_value must not be negative where frequency is above 0: 1 of 3 rows, for example -2.0.",
        ),
    ],
)
def test_broken_rules(kind: str, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        CustomerBase.from_summary(KINDS[kind](summary(**columns)))
    assert str(caught.value).replace(", for example nan", "") == message + TODO


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb"])
def test_ids_that_come_twice(kind: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        CustomerBase.from_summary(KINDS[kind](summary(customer_id=["a", "a", "c"])))
    assert str(caught.value) == (
        "customer_id must name each customer once: 1 of 3 rows. Bring the rows of one customer "
        "together, or start from "
        "the log with from_transactions."
    )


@pytest.mark.parametrize("kind", ["pandas", "polars", "duckdb"])
def test_wrong_columns(kind: str) -> None:
    make = KINDS[kind]
    with pytest.raises(ColumnNotFoundError, match="recency='recency', T='T'; its columns are 'customer_id'"):
        CustomerBase.from_summary(make(summary(recency=None, T=None)))
    with pytest.raises(ColumnNotFoundError, match="monetary_value='spend'"):
        CustomerBase.from_summary(make(summary()), monetary_value="spend")
    with pytest.raises(InputTypeError, match="The recency column 'recency' holds String"):
        CustomerBase.from_summary(make(summary(recency=["5", "0", "3"])))
    with pytest.raises(InvalidInputError, match="The summary is empty: it has 0 rows"):
        CustomerBase.from_summary(make(summary().head(0)))
    with pytest.raises(InvalidInputError, match="customer='orders' is the name of another column"):
        CustomerBase.from_summary(make(summary(orders=[1, 2, 3])), customer="orders")
    with pytest.raises(InvalidInputError, match="time_unit='d' is not allowed"):
        CustomerBase.from_summary(make(summary()), time_unit="d")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_summary_of_any_kind(kind: str) -> None:
    given = summary(x=[0, 1, 2], orders=[3, 1, 2], total_value=[30.0, 1.0, 9.0], monetary_value=[10.0, None, 4.0])
    given = given.rename(columns={"frequency": "repeats"})
    before = given.copy(deep=True)
    base = CustomerBase.from_summary(
        KINDS[kind](given), frequency="repeats", time_unit="W", observation_end="2024-12-31"
    )
    pd.testing.assert_frame_equal(given, before)
    found = rows(base.frame)
    assert list(found) == ["customer_id", "frequency", "recency", "T", "monetary_value", "orders", "total_value"]
    assert found["customer_id"].tolist() == ["a", "b", "c"]
    assert found["monetary_value"].tolist() == [0.0, 10.0, 4.0]
    assert (len(base), base.time_unit, base.has_value) == (3, "W", True)
    assert str(base.observation_end) == "2024-12-31"
    histories, spends = base.histories(), base.spends()
    assert histories.frequency.tolist() == [0, 1, 2]
    assert histories.recency.tolist() == [0.0, 3.0, 5.0]
    assert (spends.value.tolist(), spends.without_repeat) == ([4.0, 10.0], 1)


@pytest.mark.parametrize("kind", ["pandas", "polars", "duckdb"])
def test_a_summary_without_money(kind: str) -> None:
    base = CustomerBase.from_summary(KINDS[kind](summary(monetary_value=None)))
    assert not base.has_value
    with pytest.raises(InvalidInputError, match="This base has no monetary_value"):
        base.spends()


@pytest.mark.parametrize("kind", ["pandas", "polars", "duckdb"])
def test_times_that_are_no_whole_periods(kind: str) -> None:
    base = CustomerBase.from_summary(KINDS[kind](summary(recency=[0.1 + 0.2, 0.0, 0.0], T=[0.4, 1 / 3, 2.0**-40])))
    histories = base.histories()
    assert sorted(histories.recency.tolist()) == [0.0, 0.0, 0.1 + 0.2]
    assert sorted(histories.T.tolist()) == sorted([0.4, 1 / 3, 2.0**-40])
