"""The query of an RFM scorer gives what the scorer itself gives."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from evergreen import CustomerBase, RFMScorer, SegmentMap, SegmentRule
from evergreen.errors import InputTypeError, InvalidInputError, NotFittedError
from evergreen.sql import rfm_query
from evergreen.typing import TimeUnit
from tests.contracts.registry import base_of, sample_log

duckdb: Any = pytest.importorskip("duckdb")
pytest.importorskip("sqlglot")

DATABASE = duckdb.connect()

QUOTES = SegmentMap(
    ("r",), [SegmentRule("can't \\ lose; --", ((1, 1),)), SegmentRule('"Été"', ((2, 3),))], bins=(3, 4, 9)
)
SCORERS = {
    "default": RFMScorer(),
    "means": RFMScorer(monetary="mean", segments="rfm11"),
    "other bins": RFMScorer(bins=(3, 4, 9), segments=QUOTES),
    "no segments": RFMScorer(bins=2, segments=None),
    "nested": RFMScorer(method="nested", monetary="mean"),
    "weighted k-means": RFMScorer(method="kmeans", bins=3, weights=(0.2, 0.3, 0.5), segments=None),
}


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return sample_log(300)


def in_duckdb(query: str, summary: pd.DataFrame) -> pd.DataFrame:
    DATABASE.register("rows", summary)
    DATABASE.execute("CREATE OR REPLACE TABLE summary AS SELECT * FROM rows")
    return DATABASE.sql(query).df().sort_values("customer_id", ignore_index=True)


@pytest.mark.parametrize("unit", ["h", "D", "W", "M"])
@pytest.mark.parametrize("name", SCORERS)
def test_a_base(name: str, unit: TimeUnit, log: pd.DataFrame) -> None:
    base = base_of(log, time_unit=unit)
    scorer = SCORERS[name].fit(base)
    found = in_duckdb(rfm_query(scorer, time_unit=unit), base.frame)
    wanted = scorer.transform(base).sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(found, wanted, check_exact=True, check_dtype=False)


@given(
    money=st.lists(st.integers(-9, 9).map(lambda cents: cents / 4), min_size=1, max_size=30),
    cuts=st.tuples(*[st.lists(st.integers(0, 9).map(float), min_size=4, max_size=4).map(sorted)] * 3),
)
def test_values_on_the_cut_points(money: list[float], cuts: tuple[list[float], ...]) -> None:
    rows = np.arange(len(money))
    summary = pd.DataFrame(
        {
            "customer_id": rows,
            "frequency": rows % 7,
            "recency": np.where(rows % 7 > 0, 9.0 - rows % 5, 0.0),
            "T": 9.0,
            "total_value": money,
        }
    )
    base = CustomerBase.from_summary(summary, monetary_value=None)
    scorer = RFMScorer().fit(base)
    scorer.cut_points_ = {name: np.array(points) for name, points in zip(scorer.cut_points_, cuts, strict=True)}
    found = in_duckdb(rfm_query(scorer), summary.assign(orders=summary["frequency"] + 1))
    pd.testing.assert_frame_equal(found, scorer.transform(base), check_exact=True, check_dtype=False)


def test_names_of_columns(log: pd.DataFrame) -> None:
    base = base_of(log)
    scorer = RFMScorer(monetary="mean").fit(base)
    names: dict[str, Any] = {"recency": "last one", "T": "age", "orders": "n", "total_value": "from"}
    found = in_duckdb(rfm_query(scorer, **names), base.frame.rename(columns=names))
    pd.testing.assert_frame_equal(
        found, scorer.transform(base).sort_values("customer_id", ignore_index=True), check_exact=True, check_dtype=False
    )


def test_missing_values_have_missing_scores(log: pd.DataFrame) -> None:
    query = rfm_query(RFMScorer().fit(base_of(log)))
    with duckdb.connect() as database:
        database.execute(
            "CREATE TABLE summary AS SELECT 1 AS customer_id, 9 AS orders, NULL AS recency, 3 AS T, NULL AS total_value"
        )
        assert database.sql(query).fetchall() == [(1, None, 9, None, None, 5, None, None, None)]


def test_what_cannot_be_written_is_refused(log: pd.DataFrame) -> None:
    scorer = RFMScorer().fit(base_of(log))
    with pytest.raises(NotFittedError, match=r"call RFMScorer.fit\(...\) before rfm_query"):
        rfm_query(RFMScorer())
    with pytest.raises(InputTypeError, match="scorer must be an RFMScorer, got dict"):
        rfm_query(scorer.get_params())  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="time_unit='week' is not allowed"):
        rfm_query(scorer, time_unit="week")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="cannot be named 'Segment'"):
        rfm_query(scorer, customer="Segment")
    wrongs: list[dict[str, Any]] = [{"customer": None}, {"orders": 5}, {"table": 5}, {"table": ("sales", 5)}]
    for wrong in wrongs:
        with pytest.raises(InputTypeError, match="The name of a column or a table must be text, got"):
            rfm_query(scorer, **wrong)
    with pytest.raises(InvalidInputError, match="fit it again"):
        rfm_query(scorer.set_params(monetary="mean"))
