"""Connections and sessions: closed ones, two at once, and what has to be installed for them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from evergreen import CLVModel, CustomerBase, RFMScorer, split
from evergreen.errors import InputTypeError, MissingExtraError, SessionClosedError
from evergreen.frames.spark import spark_table
from tests.contracts.registry import sample_log
from tests.frames.kinds import KINDS
from tests.spark import spark_frame, spark_session

CLOSED = (
    r"^The {place} of this {what} is closed: keep it open as long as the base and its results are used, or read the "
    r"log again on an open {place}\.$"
)
LOG = sample_log(40)


def in_duckdb() -> tuple[Any, Callable[[], None]]:
    connection = pytest.importorskip("duckdb").connect()
    return connection.from_arrow(pytest.importorskip("pyarrow").Table.from_pandas(LOG)), connection.close


def in_ibis() -> tuple[Any, Callable[[], None]]:
    connection = pytest.importorskip("ibis").duckdb.connect()
    table = pytest.importorskip("pyarrow").Table.from_pandas(LOG)
    return connection.create_table("log", table), connection.disconnect


def in_spark() -> tuple[Any, Callable[[], None]]:
    """Return a frame and what stops the session of all tests: the next one that needs it starts another."""
    frame, session = spark_frame(LOG), spark_session()

    def stop() -> None:
        session.stop()
        spark_session.cache_clear()

    return frame, stop


@pytest.mark.parametrize(
    ("make", "what", "place"),
    [
        pytest.param(in_duckdb, "DuckDB relation", "connection", id="duckdb"),
        pytest.param(in_ibis, "Ibis table", "connection", id="ibis"),
        pytest.param(in_spark, "PySpark frame", "session", id="pyspark"),
    ],
)
def test_what_is_closed_is_told_at_every_door(
    make: Callable[[], tuple[Any, Callable[[], None]]], what: str, place: str
) -> None:
    log, close = make()
    base = CustomerBase.from_transactions(log)
    scorer, model = RFMScorer(segments=None).fit(base), CLVModel(spend=None).fit(base)
    close()
    asked: list[Callable[[], Any]] = [
        lambda: CustomerBase.from_transactions(log),
        lambda: split(log, at="2024-06-30"),
        lambda: RFMScorer().fit(base),
        lambda: CLVModel().fit(base),
        lambda: scorer.transform(base),
        lambda: model.predict(base),
        base.persist,
        lambda: len(base),
        base.gaps,
        lambda: CustomerBase.from_summary(base.frame),
    ]
    for ask in asked:
        with pytest.raises(SessionClosedError, match=CLOSED.format(place=place, what=what)):
            ask()
    assert "lazy" in repr(base)


@pytest.mark.parametrize(
    ("make", "words"), [(in_duckdb, "relations are on different connections of DuckDB"), (in_ibis, "tables are on")]
)
def test_two_connections_in_one_call(make: Callable[[], tuple[Any, Callable[[], None]]], words: str) -> None:
    (one, close), (other, close_other) = make(), make()
    before, after = CustomerBase.from_transactions(one), CustomerBase.from_transactions(other)
    with pytest.raises(InputTypeError, match=f"The two {words}.*on the same connection"):
        RFMScorer(segments="rfm11").fit(before).compare(before, after)
    with pytest.raises(InputTypeError, match=f"The two {words}.*on the same connection"):
        before.with_attributes(nw.from_native(after.frame).select("customer_id", known=nw.col("orders")).to_native())
    close()
    close_other()


@pytest.mark.parametrize(("kind", "extra"), [("duckdb", "duckdb"), ("ibis", "ibis"), ("pyspark", "spark")])
def test_pyarrow_is_missing(kind: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log = KINDS[kind](LOG)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=rf"needs pyarrow, .* pip install 'evergreen-clv\[{extra}\]'"):
        CustomerBase.from_transactions(log)


# ----------------------------------------------------------------------------------------------- Spark

SMALL = {
    "whole": np.array([1, 2]),
    "real": np.array([0.5, np.nan]),
    "flag": np.array([True, False]),
    "text": np.array(["ü", None], object),
    "name": np.array(["a", "bc"]),
    "day": np.array(["2000-10-08", "NaT"], "M8[D]"),  # no clock of São Paulo showed this midnight
    "second": np.array(["2000-10-08T00:00:30", "2200-01-01"], "M8[ns]"),
}
KINDS_OF_SMALL = ["bigint", "double", "boolean", "string", "string", "timestamp_ntz", "timestamp_ntz"]


@pytest.mark.spark
@pytest.mark.parametrize("version", [None, "3.5.0"], ids=["as Arrow", "row by row"])
@pytest.mark.parametrize("times", [1, 20_000], ids=["in the plan", "as a scan"])
def test_a_small_table_comes_back_from_spark(version: str | None, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    session = spark_session()
    if version is not None:
        monkeypatch.setattr("pyspark.__version__", version)
    limit = session.conf.get("spark.sql.execution.arrow.localRelationThreshold")
    table = spark_table(session, {name: np.tile(values, times) for name, values in SMALL.items()})
    assert [kind for _, kind in table.dtypes] == KINDS_OF_SMALL
    assert session.conf.get("spark.sql.execution.arrow.localRelationThreshold") == limit
    rows = table.collect()
    assert len(rows) == 2 * times
    one, other = rows[0], rows[-1]
    moments = pd.Timestamp("2000-10-08"), pd.Timestamp("2000-10-08 00:00:30")
    assert tuple(one) == (1, 0.5, True, "ü", "a", *moments)
    assert (other["whole"], other["text"], other["day"], other["second"]) == (2, None, None, pd.Timestamp("2200-01-01"))
    assert np.isnan(other["real"])
