"""Histories with attributes: grouping, merging, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.models.attributed import AttributedHistories, check_attribute
from evergreen.models.histories import PurchaseHistories

Row = tuple[int, int, str, float]
rows = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(3, 5), st.sampled_from(["web", "store", "Ü"]), st.sampled_from([1.5, -2.0])
    ),
    max_size=30,
)


def of(given_rows: list[Row]) -> AttributedHistories:
    x, T, channel, age = (list(column) for column in zip(*given_rows, strict=True)) if given_rows else ([],) * 4
    recency = [float(min(n, t)) for n, t in zip(x, T, strict=True)]
    return AttributedHistories.of(x, recency, T, {"channel": np.array(channel, str), "age": np.array(age, float)})


def table(histories: AttributedHistories) -> list[tuple[Any, ...]]:
    columns = (*histories.values.values(), histories.frequency, histories.recency, histories.T, histories.count)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@given(rows, rows)
def test_partitions_add_up_in_any_order(one: list[Row], other: list[Row]) -> None:
    whole = of(one + other)
    assert table(of(one) + of(other)) == table(whole) == table(of((other + one)[::-1]))
    assert whole.customers == len(one + other)
    assert table(whole) == sorted(table(whole))
    assert len(set(table(whole))) == len(whole)


@given(rows)
def test_groups_hold_every_customer_once(given_rows: list[Row]) -> None:
    histories = of(given_rows)
    found, parts = histories.by("channel")
    assert found["channel"].tolist() == sorted({row[2] for row in given_rows})
    for channel, part in zip(found["channel"].tolist(), parts, strict=True):
        assert part.customers == sum(row[2] == channel for row in given_rows)
    merged = sum(parts, start=PurchaseHistories.of([], [], []))
    without = histories.histories()
    for name in ("frequency", "recency", "T", "count"):
        np.testing.assert_array_equal(getattr(merged, name), getattr(without, name))


def test_attributes_may_have_the_names_of_columns() -> None:
    histories = AttributedHistories.of([0], [0], [1], {"T": ["a"], "count": [2]}, count=[3])
    assert (histories.values["count"].tolist(), histories.customers) == ([2], 3)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (pd.Series(["a", "b"], dtype="category"), np.array(["a", "b"])),
        (pd.Series(["a", "b"], dtype="string"), np.array(["a", "b"])),
        (pd.Series([1, 2], dtype="Int64").astype(object), np.array([1.0, 2.0])),
        (np.array([True, False], object), np.array([True, False])),
        (np.array([1, 2], np.uint8), np.array([1, 2])),
        (np.array([1, 2], np.float32), np.array([1.0, 2.0])),
    ],
)
def test_kinds_that_are_read(values: Any, wanted: np.ndarray) -> None:
    found = check_attribute("kind", values)
    assert found.dtype.kind == wanted.dtype.kind
    assert found.tolist() == wanted.tolist()


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT], ids=str)
def test_missing_values_are_counted(missing: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"'channel' must not be missing.*: 1 of 2 rows"):
        check_attribute("channel", np.array(["web", missing], object))


@pytest.mark.parametrize("values", [["a", 1, 2.0], [1 + 2j], np.array(["2024-01-01"], "M8[D]"), [[1], {}]], ids=str)
def test_kinds_that_are_refused(values: Any) -> None:
    with pytest.raises(InputTypeError, match="'kind'"):
        check_attribute("kind", np.array(values, object) if isinstance(values, list) else values)


def test_rows_that_do_not_go_together() -> None:
    histories = AttributedHistories.of([0], [0], [1], {"age": [30]})
    with pytest.raises(InvalidInputError, match="attributes"):
        _ = histories + AttributedHistories.of([0], [0], [1], {"age": ["30"]})
    with pytest.raises(InvalidInputError, match="time_unit"):
        _ = histories + AttributedHistories.of([0], [0], [1], {"age": [30]}, time_unit="W")
    with pytest.raises(InvalidInputError, match="one length"):
        AttributedHistories.of([0], [0], [1], {"age": [30, 40]})
    with pytest.raises(InvalidInputError, match="'income'"):
        histories.by("income")


def test_too_many_distinct_values_are_named() -> None:
    random = np.random.default_rng(1)
    T = random.uniform(1, 2, 200_000)
    x = random.integers(0, 2**40, len(T))
    with pytest.raises(InvalidInputError, match="round"):
        AttributedHistories.of(x, np.where(x > 0, T * random.random(len(T)), 0), T, {"age": random.random(len(T))})
