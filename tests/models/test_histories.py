"""Laws of histories: grouping, adding and checking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.errors import InvalidInputError
from evergreen.models.histories import PurchaseHistories, SpendHistories

times = st.sampled_from([0.0, 1.0, 1 / 7, 38.86, 1e-9])
row = st.builds(
    lambda x, early, more: (x, early if x else 0.0, early + more), st.sampled_from([0, 1, 2, 5_000]), times, times
)
bases = st.lists(row, min_size=1, max_size=30)
spend_rows = st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0.0, 0.01, 19.99, 1e9])), min_size=1, max_size=30)

Row = tuple[int, float, float]


def of(rows: list[Row]) -> PurchaseHistories:
    x, t_x, T = zip(*rows, strict=True)
    return PurchaseHistories.of(x, t_x, T, time_unit="W")


def counter(histories: PurchaseHistories) -> Counter[Row]:
    columns = (histories.frequency, histories.recency, histories.T, histories.count)
    return Counter({(x, t_x, T): n for x, t_x, T, n in zip(*(column.tolist() for column in columns), strict=True)})


@given(rows=bases)
def test_grouping_counts(rows: list[Row]) -> None:
    histories = of(rows)
    assert counter(histories) == Counter(rows)
    assert histories.customers == len(rows)
    assert len(histories) == len(set(rows))


@given(one=bases, two=bases, three=bases)
def test_adding_is_putting_together(one: list[Row], two: list[Row], three: list[Row]) -> None:
    together = counter(of(one + two + three))
    assert counter(of(one) + of(two) + of(three)) == together
    assert counter(of(three) + (of(two) + of(one))) == together
    whole = of(one) + of(two)
    for found, wanted in zip(
        (whole.frequency, whole.recency, whole.T, whole.count),
        (of(one + two).frequency, of(one + two).recency, of(one + two).T, of(one + two).count),
        strict=True,
    ):
        np.testing.assert_array_equal(found, wanted)
    assert whole.time_unit == "W"


@given(rows=bases, n=st.integers(1, 10**12))
def test_counts_weigh(rows: list[Row], n: int) -> None:
    x, t_x, T = zip(*rows, strict=True)
    weighted = PurchaseHistories.of(x, t_x, T, count=[n] * len(rows), time_unit="W")
    assert counter(weighted) == Counter({key: times * n for key, times in Counter(rows).items()})


def test_units_do_not_mix() -> None:
    days = PurchaseHistories.of([1], [1], [2], time_unit="D")
    weeks = PurchaseHistories.of([1], [1], [2], time_unit="W")
    with pytest.raises(InvalidInputError, match="time_unit"):
        _ = days + weeks


def test_input_is_left_alone() -> None:
    x, t_x, T = np.array([2, 0, 2]), np.array([1.0, 0.0, 1.0]), np.array([3.0, 3.0, 3.0])
    PurchaseHistories.of(x, t_x, T)
    np.testing.assert_array_equal(x, [2, 0, 2])
    np.testing.assert_array_equal(t_x, [1, 0, 1])
    np.testing.assert_array_equal(T, 3)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (([1.5], [1], [2]), "whole"),
        (([-1], [0], [2]), "at least 0"),
        (([1], [3], [2]), "greater than T"),
        (([0], [1], [2]), "recency must be 0"),
        (([1], [np.nan], [2]), "finite"),
        (([1], [1], [np.inf]), "finite"),
        (([1, 2], [1], [2]), "one length"),
    ],
)
def test_what_cannot_be(columns: tuple[list[float], list[float], list[float]], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        PurchaseHistories.of(*columns)


@given(rows=spend_rows)
def test_spends_leave_out_and_count(rows: list[tuple[int, float]]) -> None:
    x, m = zip(*rows, strict=True)
    spends = SpendHistories.of(x, m)
    assert spends.without_repeat == sum(count == 0 for count in x)
    assert spends.without_value == sum(count > 0 and value == 0 for count, value in rows)
    assert spends.customers + spends.without_repeat + spends.without_value == len(rows)
    found = zip(spends.frequency.tolist(), spends.value.tolist(), spends.count.tolist(), strict=True)
    assert {(k, v): n for k, v, n in found} == Counter(pair for pair in rows if pair[0] and pair[1])


def test_spends_of_one_time_buyers_may_be_missing() -> None:
    assert SpendHistories.of([0, 1], [np.nan, 3.0]).customers == 1
    with pytest.raises(InvalidInputError):
        SpendHistories.of([1], [np.nan])
    with pytest.raises(InvalidInputError):
        SpendHistories.of([1], [-3.0])


def test_logs_of_gaps_are_added_up_whatever_the_order() -> None:
    logs = [1e16, 1.5, -1e16, 0.25]
    x, t_x, T = [2, 1, 2, 1], [3.0, 1.0, 3.0, 2.0], [9.0] * 4
    assert PurchaseHistories.of(x, t_x, T, log_gaps=logs).log_gaps == 1.75
    assert PurchaseHistories.of(x[::-1], t_x[::-1], T, log_gaps=logs[::-1]).log_gaps == 1.75
    assert PurchaseHistories.of(x, t_x, T, log_gaps=2.5).log_gaps == 2.5
    one, other = PurchaseHistories.of([1], [3.0], [9.0], log_gaps=[1.0]), PurchaseHistories.of([1], [3.0], [9.0])
    assert (one + one).log_gaps == 2.0
    assert (one + other).log_gaps is (other + one).log_gaps is other.log_gaps is None


def test_logs_of_gaps_that_cannot_be() -> None:
    with pytest.raises(InvalidInputError, match=r"log_gaps must be one number or of shape \(1,\), got shape \(2,\)"):
        PurchaseHistories.of([1], [3.0], [9.0], log_gaps=[1.0, 2.0])
    with pytest.raises(InvalidInputError, match="log_gaps must be finite: 1 of 1 rows, for example -inf"):
        PurchaseHistories.of([1], [3.0], [9.0], log_gaps=[-np.inf])


# ------------------------------------------------------------------------------------------------- partitions


def same(found: Any, wanted: Any) -> None:
    for name in wanted.__dataclass_fields__:
        one, other = getattr(found, name), getattr(wanted, name)
        np.testing.assert_array_equal(one, other, err_msg=name, strict=True)


def parts_of(columns: list[Any], cells: list[int], make: Callable[..., Any]) -> list[Any]:
    """Return what each cell of a partition makes; a cell may be empty."""
    arrays = [np.asarray(column) for column in columns]
    return [make(*(column[np.asarray(cells) == cell] for column in arrays)) for cell in range(4)]


def check_partition(parts: list[Any], wanted: Any, order: list[int]) -> None:
    shuffled = [parts[place] for place in order]
    same(reduce(add, shuffled), wanted)
    first, second, third, fourth = parts
    same((first + second) + (third + fourth), wanted)
    same(first + (second + (third + fourth)), wanted)


LOG_GAPS = st.integers(-(2**50), 2**52).map(lambda whole: whole / 2**44)
CELLS = st.integers(0, 3)
ORDERS = st.permutations(range(4))


@given(
    rows=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 9), LOG_GAPS, CELLS), min_size=1),
    order=ORDERS,
    over=st.sampled_from([1.0, 7.0, 30.436875]),
)
def test_purchase_histories_of_partitions_merge_to_the_bit(rows: list[Any], order: list[int], over: float) -> None:
    x, t_x, rest, logs, cells = (np.array(column) for column in zip(*rows, strict=True))
    t_x = np.where(x > 0, t_x, 0) / over
    columns = [x, t_x, t_x + rest / over, logs]

    def make(x: Any, t_x: Any, T: Any, logs: Any) -> PurchaseHistories:
        return PurchaseHistories.of(x, t_x, T, time_unit="W", log_gaps=logs)

    check_partition(parts_of(columns, cells.tolist(), make), make(*columns), order)


@given(
    rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(1, 3), CELLS), min_size=1), order=ORDERS
)
def test_spend_histories_of_partitions_merge_to_the_bit(rows: list[Any], order: list[int]) -> None:
    x, cents, count, cells = zip(*rows, strict=True)
    columns = [x, np.array(cents) / 3, count]

    def make(x: Any, m: Any, count: Any) -> SpendHistories:
        return SpendHistories.of(x, m, count=count)

    check_partition(parts_of(columns, list(cells), make), make(*columns), order)


def test_sums_of_logarithms_keep_what_a_float_cannot_hold() -> None:
    ages = np.arange(1.0, 1_001.0)
    logs = 1e9 + np.arange(1_000) / 2**20
    whole = PurchaseHistories.of([2] * 1_000, ages, ages, log_gaps=logs)
    parts = [PurchaseHistories.of([2], [age], [age], log_gaps=[one]) for age, one in zip(ages, logs, strict=True)]
    assert whole.log_gaps_rest != 0
    for order in (parts, parts[::-1]):
        same(reduce(add, order), whole)


def test_what_does_not_add_up() -> None:
    weeks = PurchaseHistories.of([0], [0], [9], time_unit="W")
    with pytest.raises(InvalidInputError, match="in 'W' and in 'D': use one time_unit"):
        _ = weeks + PurchaseHistories.of([0], [0], [9])
    for histories in (weeks, SpendHistories.of([1], [1.0])):
        with pytest.raises(TypeError):
            _ = histories + 1  # type: ignore[operator]
