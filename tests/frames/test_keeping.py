"""Rows that an engine keeps: computed once, and let go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

from evergreen import CustomerBase, CustomerBaseAudit, LoyaltyLadder, RFMScorer, datasets
from evergreen.errors import DataWarning, InvalidInputError, SessionClosedError
from tests.frames.kinds import EAGER, KINDS, LAZY, QUICK, rows
from tests.spark import spark_frame


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return datasets.load_cdnow(sample=True)


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]


@pytest.mark.parametrize("kind", EAGER)
def test_a_base_in_memory_is_kept_as_it_is(kind: str, log: pd.DataFrame) -> None:
    base = CustomerBase.from_transactions(KINDS[kind](log))
    assert base.persist() is base
    base.unpersist()
    assert len(base) == 2_357


@pytest.mark.parametrize("kind", LAZY)
def test_a_kept_base_is_not_kept_twice(kind: str, log: pd.DataFrame) -> None:
    base = CustomerBase.from_transactions(KINDS[kind](log))
    kept = base.persist()
    assert kept.persist() is kept
    with kept.kept_meanwhile() as same:
        assert same is kept
    assert len(kept) == len(base)


def test_duckdb_lets_go_of_what_it_kept(log: pd.DataFrame) -> None:
    connection = duckdb.connect()
    base = CustomerBase.from_transactions(connection.from_df(log))
    kept = base.persist()
    assert len(tables(connection)) == 1
    assert len(kept) == 2_357
    kept.unpersist()
    kept.unpersist()
    assert tables(connection) == []
    assert len(base) == 2_357
    for ask in (len, RFMScorer().fit, lambda base: base.update(connection.from_df(log))):
        with pytest.raises(SessionClosedError, match="This base was unpersisted"):
            ask(kept)


def test_kept_rows_need_neither_the_log_nor_what_was_kept_before(log: pd.DataFrame) -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE orders AS SELECT * FROM log")
    first = CustomerBase.from_transactions(connection.table("orders")).persist()
    january = connection.sql(
        "SELECT 4 AS customer_id, DATE '1999-01-01' + i::INT AS date, 5.0 AS amount FROM range(3) t(i)"
    )
    second = first.update(january).persist()
    third = second.update(connection.sql("SELECT 4 AS customer_id, DATE '1999-02-01' AS date, 5.0 AS amount")).persist()
    connection.execute("DROP TABLE orders")
    first.unpersist()
    second.unpersist()
    assert len(tables(connection)) == 1
    assert len(third) == len(rows(RFMScorer(bins=2, segments=None).fit(third).transform(third)))


def test_letting_go_after_the_connection_is_closed(log: pd.DataFrame) -> None:
    connection = duckdb.connect()
    kept = CustomerBase.from_transactions(connection.from_df(log)).persist()
    connection.close()
    kept.unpersist()


def test_the_error_of_a_transaction_is_the_users_own(log: pd.DataFrame) -> None:
    connection = duckdb.connect()
    base = CustomerBase.from_transactions(connection.from_df(log))
    connection.execute("BEGIN")
    with pytest.raises(duckdb.InvalidInputException, match="mine"), base.kept_meanwhile():
        connection.sql("SELECT error('mine')").fetchall()
    connection.execute("ROLLBACK")
    assert tables(connection) == []


def test_tables_of_the_user_may_have_any_name(log: pd.DataFrame) -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE evergreen_rows AS SELECT 1 AS x")
    assert len(CustomerBase.from_transactions(connection.from_df(log)).persist()) == 2_357


def test_the_name_of_handed_scores_is_taken(log: pd.DataFrame) -> None:
    connection = duckdb.connect()
    base = CustomerBase.from_transactions(connection.from_df(log)).persist()
    scorer = RFMScorer().fit(base)
    connection.execute("CREATE TABLE evergreen_small AS SELECT 1 AS x")
    with pytest.raises(InvalidInputError, match=r"a table named evergreen_small.*rename it"):
        scorer.transform(base)


@pytest.mark.parametrize("kind", LAZY)
def test_one_base_is_let_go_and_not_another_of_the_same_log(kind: str, log: pd.DataFrame) -> None:
    base = CustomerBase.from_transactions(KINDS[kind](log))
    kept, other = base.persist(), base.persist()
    RFMScorer().fit(base)
    other.unpersist()
    assert len(kept) == len(base) == 2_357
    kept.unpersist()


@pytest.mark.parametrize("kind", ["polars lazy", "duckdb"])
def test_a_base_whose_frame_was_replaced_is_kept_as_it_is(kind: str, log: pd.DataFrame) -> None:
    refund = log.head(1).assign(amount=-1.0)
    base = CustomerBase.from_transactions(KINDS[kind](pd.concat([log, refund], ignore_index=True)))
    some = nw.from_native(base.frame).filter(nw.col("frequency") > 3).to_native()
    assert len(replace(base, frame=some).persist()) == len(nw.from_native(some).collect()) < len(base)


@pytest.mark.spark
def test_a_cache_that_spark_had_before_stays(log: pd.DataFrame) -> None:
    base = CustomerBase.from_transactions(spark_frame(log))
    cached = base.frame.cache()
    RFMScorer().fit(base)
    assert cached.storageLevel.useMemory
    cached.unpersist()


def test_attributes_stand_on_the_kept_rows(log: pd.DataFrame) -> None:
    connection = duckdb.connect()
    kept = CustomerBase.from_transactions(connection.from_df(log)).persist()
    known = connection.sql("SELECT DISTINCT customer_id, customer_id % 3 AS region FROM log")
    base = kept.with_attributes(known)
    assert base.persist() is not base
    base.unpersist()
    assert len(tables(connection)) == 1  # that of base.persist(), which was not told to go


def counted(log: pd.DataFrame) -> tuple[pl.LazyFrame, list[int]]:
    """Return a lazy log, and a list that grows by its rows each time it is read."""
    readings: list[int] = []

    def read(frame: pl.DataFrame) -> pl.DataFrame:
        readings.append(len(frame))
        return frame

    return pl.from_pandas(log).lazy().map_batches(read), readings


@pytest.mark.parametrize("method", ["quantile", "nested", "kmeans", "equal_revenue"])
def test_learning_reads_the_log_once(method: Any, log: pd.DataFrame) -> None:
    lazy, readings = counted(log)
    base = CustomerBase.from_transactions(lazy)
    assert readings == [len(log)]
    scorer = RFMScorer(method=method).fit(base)
    assert readings == [len(log)] * 2
    wanted = RFMScorer(method=method).fit(CustomerBase.from_transactions(log))
    for column, points in wanted.cut_points_.items():
        np.testing.assert_array_equal(scorer.cut_points_[column], points)


def test_an_audit_reads_the_log_once_it_is_kept(log: pd.DataFrame) -> None:
    lazy, readings = counted(log)
    audit = CustomerBaseAudit.from_transactions(lazy).persist()
    before = len(readings)
    audit.one_period("1997Q3")
    audit.two_periods("1997Q3", "1997Q4")
    assert len(readings) == before
    audit.unpersist()


@pytest.mark.parametrize("log_gaps", [False, True])
def test_what_is_remembered_is_kept_along(log_gaps: bool, log: pd.DataFrame) -> None:
    first, later = log[log["date"] < "1998-01-01"], log[log["date"] >= "1998-01-01"]
    refund = first.head(1).assign(customer_id=0, amount=-5.0)
    first = pd.concat([first, refund], ignore_index=True)
    lazy, readings = counted(first)
    with pytest.warns(DataWarning, match="1 of 1 customers with refunds only"):
        base = CustomerBase.from_transactions(lazy, log_gaps=log_gaps)
    before = len(readings)
    kept = base.persist()
    assert len(readings) == before + 1
    updated = kept.update(pl.from_pandas(later).lazy()).persist()
    assert len(readings) == before + 1
    whole = pd.concat([first, later], ignore_index=True)
    with pytest.warns(DataWarning, match="1 of 1 customers with refunds only"):
        wanted = CustomerBase.from_transactions(whole, log_gaps=log_gaps)
    pd.testing.assert_frame_equal(rows(updated.frame), rows(wanted.frame), check_exact=True)


ASKED: dict[str, Callable[[Any], Any]] = {
    "fit": lambda log: RFMScorer().fit(CustomerBase.from_transactions(log)),
    "movement": lambda log: (
        LoyaltyLadder().fit(CustomerBase.from_transactions(log)).movement(log, at=["1997-09-30", "1998-06-30"])
    ),
    "standing": lambda log: nw.from_native(
        LoyaltyLadder().fit(CustomerBase.from_transactions(log)).standing(log, at=["1997-09-30", "1998-06-30"])
    ).collect(),
    "audit": lambda log: CustomerBaseAudit.from_transactions(log).persist().unpersist(),
}


@pytest.mark.parametrize("asked", ASKED)
def test_nothing_stays_behind_in_duckdb(asked: str, log: pd.DataFrame) -> None:
    connection = duckdb.connect()
    ASKED[asked](connection.from_df(log))
    assert tables(connection) == []


def test_a_failed_fit_leaves_nothing_behind(log: pd.DataFrame) -> None:
    connection = duckdb.connect()
    base = CustomerBase.from_transactions(connection.from_df(log[log["customer_id"] == 4]))
    with pytest.raises(ValueError, match="needs as many different values"):
        RFMScorer(method="kmeans").fit(base)
    assert tables(connection) == []


@pytest.mark.parametrize("unit", ["h", "D", "W", "M", "Y"])
def test_days_are_those_of_arrays_in_every_unit(unit: Any, log: pd.DataFrame) -> None:
    def days(given: Any) -> pd.DataFrame:
        base = CustomerBase.from_transactions(given, time_unit=unit)
        made = base.scores().with_days(unit, silent=lambda c: c["T"] - c["recency"], age=lambda c: c["T"])
        return rows(made.to_native("silent", "age"))

    wanted = days(log)
    assert (wanted["age"] == np.floor(wanted["age"])).all()  # whole days, whatever the unit
    for kind in QUICK:
        pd.testing.assert_frame_equal(days(KINDS[kind](log)), wanted, check_exact=True, obj=kind)
