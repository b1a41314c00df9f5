"""Scores beside customers: in memory and in an engine the same, always by the id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen.errors import ColumnNotFoundError, DataWarning, InputTypeError, InvalidInputError
from evergreen.frames import CustomerBase, Levels
from evergreen.frames.keeping import keep
from evergreen.typing import FloatArray, IntArray
from tests.frames.kinds import EAGER, KINDS, LAZY, QUICK, rows
from tests.frames.test_engines_agree import base_of, hostile_log

SEGMENTS: dict[tuple[int, ...], str] = {(r, f): f"s{r}{f}" for r in range(1, 4) for f in range(1, 4)}


def rate(frequency: IntArray, recency: FloatArray, age: FloatArray) -> dict[str, Any]:
    assert frequency.dtype == np.int64
    assert recency.dtype == age.dtype == np.float64
    return {"rate": (frequency + recency) / (age + 1), "often": frequency + 1}


def all_scores(base: CustomerBase) -> Any:
    return (
        base.scores()
        .with_histories(rate)
        .with_columns(worth=lambda c: c["rate"] * c["total_value"] - 1, twice=lambda c: 2 * c["worth"])
        .with_cuts("v", "total_value", [20.0, 60.0])
        .with_cuts("r", "recency", [0.0, 100.0], lowest_best=True)
        .with_labels("segment", ["r", "v"], SEGMENTS)
    )


def each(columns: list[str], *, on_spark: list[str]) -> list[tuple[str, str]]:
    """Return every kind of frame with every column, and Spark, which takes its time, with a few."""
    return [(kind, column) for kind in QUICK for column in columns] + [("pyspark", column) for column in on_spark]


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return hostile_log(2_000, "text")


@pytest.fixture(scope="module")
def table_of(log: pd.DataFrame) -> Callable[[str], Any]:
    """Return the table with all scores in a kind of frame, computed once."""

    def kept(kind: str) -> Any:
        table = all_scores(base_of(KINDS[kind](log)).persist())
        return replace(table, frame=keep(table.frame).frame)

    return cache(kept)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_same(kind: str, log: pd.DataFrame) -> None:
    wanted, found = all_scores(base_of(log)), all_scores(base_of(KINDS[kind](log)))
    assert found.is_lazy == (kind in LAZY)
    columns = ("twice", "rate", "often", "v", "r", "segment", "T")
    native = found.to_native(*columns)
    result, expected = rows(native), rows(wanted.to_native(*columns))
    assert list(result) == ["customer_id", *columns]
    result["segment"] = result["segment"].astype(object)
    expected["segment"] = expected["segment"].astype(object)
    pd.testing.assert_frame_equal(result, expected, check_exact=True)
    by_hand = rows(base_of(log).frame)
    values = by_hand["total_value"].to_numpy()
    assert (result["v"] == 1 + (values > 20).astype(int) + (values > 60).astype(int)).all()
    recency = by_hand["recency"].to_numpy()
    assert (result["r"] == 1 + (recency < 0).astype(int) + (recency < 100).astype(int)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_group_totals_and_totals(kind: str, log: pd.DataFrame, table_of: Callable[[str], Any]) -> None:
    table, frame = table_of(kind), rows(all_scores(base_of(log)).to_native())
    groups = table.group_totals("segment", ["orders", "total_value"])
    wanted = frame.groupby("segment").agg(n=("T", "size"), orders=("orders", "sum"), value=("total_value", "sum"))
    assert groups["segment"].tolist() == wanted.index.tolist()
    assert groups["customers"].tolist() == wanted["n"].tolist()
    assert groups["orders"].tolist() == wanted["orders"].tolist()
    assert groups["orders"].dtype == np.int64
    assert groups["total_value"].tolist() == [round(value, 2) for value in wanted["value"]]
    totals = table.totals("total_value", [50.0, 1e9])
    assert totals.rows == len(frame)
    assert totals.total == round(frame["total_value"].sum(), 2)
    assert totals.rows_above.tolist() == [(frame["total_value"] > 50).sum(), 0]
    assert totals.total_above.tolist() == [round(frame.loc[frame["total_value"] > 50, "total_value"].sum(), 2), 0.0]
    assert table.totals("T").total == pytest.approx(frame["T"].sum())


@pytest.mark.parametrize(
    ("kind", "column"), each(["total_value", "monetary_value", "recency", "frequency", "worth"], on_spark=["worth"])
)
def test_order_statistics_are_exact(kind: str, column: str, log: pd.DataFrame, table_of: Callable[[str], Any]) -> None:
    table = table_of(kind)
    values = np.sort(rows(all_scores(base_of(log)).to_native())[column].to_numpy())
    ranks = [1, 1, len(values), 2, len(values) // 2, len(values) * 4 // 5, 17]
    np.testing.assert_array_equal(table.order_statistics(column, ranks), values[np.array(ranks) - 1])
    assert table.order_statistics(column, []).shape == (0,)
    for rank in (0, len(values) + 1):
        with pytest.raises(InvalidInputError, match="Ranks must lie between 1 and"):
            table.order_statistics(column, [rank])


@pytest.mark.parametrize("kind", KINDS)
def test_order_statistics_of_cells_are_exact(kind: str, log: pd.DataFrame, table_of: Callable[[str], Any]) -> None:
    table, frame = table_of(kind), rows(all_scores(base_of(log)).to_native())
    found = table.order_statistics_by("v", "total_value", lambda customers: [1, customers, (customers + 1) // 2])
    wanted = {}
    for cell, part in frame.groupby("v"):
        values = np.sort(part["total_value"])
        wanted[cell] = values[[0, -1, (len(part) + 1) // 2 - 1]].tolist()
    assert {cell: values.tolist() for cell, values in found.items()} == wanted
    nobody = table.order_statistics_by("v", "total_value", lambda _: [])
    assert [(cell, len(values)) for cell, values in nobody.items()] == [(cell, 0) for cell in wanted]
    with pytest.raises(InvalidInputError, match="Ranks must lie between 1 and"):
        table.order_statistics_by("v", "total_value", lambda customers: [customers + 1])


@pytest.mark.parametrize("kind", KINDS)
def test_extremes(kind: str, log: pd.DataFrame, table_of: Callable[[str], Any]) -> None:
    table, frame = table_of(kind), rows(all_scores(base_of(log)).to_native())
    found = table.extremes("T", "total_value", "worth")
    assert found == {name: (frame[name].min(), frame[name].max()) for name in ("T", "total_value", "worth")}


@pytest.mark.parametrize("kind", KINDS)
def test_cuts_that_depend_on_other_scores(kind: str, log: pd.DataFrame, table_of: Callable[[str], Any]) -> None:
    points = np.arange(18.0).reshape(3, 3, 2) * 7
    table = table_of(kind).with_cuts_by("nested", "total_value", ["r", "v"], points)
    found = rows(table.to_native("r", "v", "total_value", "nested"))
    cuts = points[found["r"] - 1, found["v"] - 1]
    assert (found["nested"] == 1 + (found["total_value"].to_numpy()[:, None] > cuts).sum(axis=1)).all()
    assert not [name for name in table.columns if name.startswith("evergreen_")]


@pytest.mark.parametrize("kind", ["polars lazy", "duckdb"])
def test_order_statistics_of_hard_values(kind: str) -> None:
    random = np.random.default_rng(3)
    hard = np.concatenate([np.zeros(50), -np.zeros(3), 2.0 ** np.arange(-60, 60), -(2.0 ** np.arange(-60, 60))])
    hard = np.concatenate([hard, np.nextafter(hard, 1e300), np.nextafter(hard, -1e300), random.normal(0, 1e6, 500)])
    n = len(hard)
    summary = pd.DataFrame({"customer_id": np.arange(n), "frequency": 0, "recency": 0.0, "T": 1.0, "total_value": hard})
    base = CustomerBase.from_summary(KINDS[kind](summary))
    found = base.scores().order_statistics("total_value", range(1, n + 1))
    np.testing.assert_array_equal(found, np.sort(hard))
    apart = range(1, n + 1, 7)
    np.testing.assert_array_equal(base.scores().order_statistics("total_value", apart), np.sort(hard)[::7])


@pytest.mark.parametrize(
    ("kind", "column"),
    each(["total_value", "refunds", "recency", "orders", "rate"], on_spark=["total_value", "orders"]),
)
def test_levels_are_the_distinct_values(
    kind: str, column: str, log: pd.DataFrame, table_of: Callable[[str], Any]
) -> None:
    table = table_of(kind)
    found, power = table.levels(column), table.money_power
    values = rows(all_scores(base_of(log)).to_native(column))[column].to_numpy(dtype="float64")
    wanted, count = np.unique(values, return_counts=True)
    np.testing.assert_array_equal(found.values, wanted)
    np.testing.assert_array_equal(found.count, count)
    assert (found.values.dtype, found.count.dtype) == (np.float64, np.int64)
    if column in ("total_value", "refunds"):
        np.testing.assert_array_equal(found.whole, np.rint(wanted * 10.0**power))
        np.testing.assert_array_equal(found.whole / found.unit, wanted)
    else:
        np.testing.assert_array_equal(found.whole, wanted)


@pytest.mark.parametrize(("kind", "column"), each(["total_value", "orders", "rate"], on_spark=["rate"]))
def test_scores_of_levels_come_back_to_their_customers(
    kind: str, column: str, log: pd.DataFrame, table_of: Callable[[str], Any]
) -> None:
    def score(levels: Levels) -> dict[str, Any]:
        return {"place": np.arange(len(levels.values)), "double": 2 * levels.values}

    table = table_of(kind)
    found = rows(table.with_levels(column, score).with_columns(more=lambda c: c["double"] + 1).to_native())
    values = found[column].to_numpy(dtype="float64")
    np.testing.assert_array_equal(found["place"], np.searchsorted(np.unique(values), values))
    np.testing.assert_array_equal(found["more"], 2 * values + 1)
    with pytest.raises(InvalidInputError, match=r"already has columns \['T'\]"):
        table.with_levels(column, lambda levels: {"T": levels.values})
    with pytest.raises(InvalidInputError, match="must have the shape"):
        table.with_levels(column, lambda levels: {"new": levels.values[:-1]}).to_native()


@pytest.mark.parametrize("kind", KINDS)
def test_minus_zero_is_zero(kind: str) -> None:
    summary = pd.DataFrame({"customer_id": [1, 2, 3], "frequency": 0, "recency": 0.0, "T": 1.0})
    base = CustomerBase.from_summary(KINDS[kind](summary.assign(total_value=[0.0, -0.0, 5.0])))
    levels = base.scores().levels("total_value")
    assert (levels.values.tolist(), levels.count.tolist()) == ([0.0, 5.0], [2, 1])
    found = rows(base.scores().with_levels("total_value", lambda at: {"place": np.arange(len(at.values))}).to_native())
    assert found["place"].tolist() == [0, 0, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_levels_are_of_numbers(kind: str, log: pd.DataFrame, table_of: Callable[[str], Any]) -> None:
    table = table_of(kind)
    table.check_numbers("T", "orders", "rate", "v")
    for name in ("segment", "customer_id", "first_purchase"):
        with pytest.raises(InputTypeError, match=f"The column '{name}' holds .*, not numbers"):
            table.levels(name)
    with pytest.raises(ColumnNotFoundError, match="column 2='clv'"):
        table.check_numbers("T", "clv")


@pytest.mark.parametrize("kind", KINDS)
def test_histories_give_ids_and_scores(kind: str, log: pd.DataFrame) -> None:
    base = base_of(KINDS[kind](log)).persist()
    assert list(rows(base.scores().with_histories(rate).to_native("rate", "often"))) == ["customer_id", "rate", "often"]
    assert list(rows(base.scores().with_histories(rate).to_native("T", "rate"))) == ["customer_id", "T", "rate"]


@pytest.mark.parametrize("kind", EAGER)
def test_arrays_of_a_base_in_memory(kind: str, log: pd.DataFrame) -> None:
    base = base_of(KINDS[kind](log))
    for found, name in zip(base.purchase_arrays(), ("frequency", "recency", "T"), strict=True):
        assert found.dtype == (np.int64 if name == "frequency" else np.float64)
        np.testing.assert_array_equal(found, rows(base.frame)[name])


@pytest.mark.parametrize("kind", LAZY)
def test_a_lazy_base_has_no_arrays(kind: str, log: pd.DataFrame) -> None:
    base = base_of(KINDS[kind](log))
    with pytest.raises(InputTypeError, match="This base is lazy and has no arrays"):
        base.purchase_arrays()
    assert len(base.scores().array("T")) == len(base)


@pytest.mark.parametrize("kind", ["pandas", "polars", "polars lazy", "duckdb"])
def test_what_cannot_be_added(kind: str, log: pd.DataFrame) -> None:
    table = base_of(KINDS[kind](log)).scores()
    with pytest.raises(InvalidInputError, match=r"already has columns \['T'\]"):
        table.with_histories(lambda x, t, age: {"T": age})
    with pytest.raises(InvalidInputError, match="must have the shape"):
        table.with_histories(lambda x, t, age: {"new": age[:-1]})
    with pytest.raises(InvalidInputError, match="already has columns"):
        table.with_columns(recency=lambda c: c["T"])
    with pytest.raises(InvalidInputError, match="must be finite and in ascending order"):
        table.with_cuts("v", "T", [2.0, 1.0])
    with pytest.raises(ColumnNotFoundError, match="clv"):
        table.to_native("clv")
    with pytest.raises(ColumnNotFoundError):
        table.order_statistics("clv", [1])


def test_a_combination_without_a_label(log: pd.DataFrame) -> None:
    table = base_of(log).scores().with_cuts("v", "total_value", [20.0])
    with pytest.raises(InvalidInputError, match=r"No label for a combination of v: .* for example \(1,\)"):
        table.with_labels("segment", ["v"], {(2,): "high"})


def test_a_shuffled_log_scores_the_same(log: pd.DataFrame) -> None:
    with pytest.warns(DataWarning):
        one = CustomerBase.from_transactions(log)
    with pytest.warns(DataWarning):
        other = CustomerBase.from_transactions(log.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(all_scores(one).to_native(), all_scores(other).to_native(), check_exact=True)
