"""What is special about the tables of Spark."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evergreen import CustomerBase, RFMScorer, datasets
from evergreen.errors import InvalidInputError
from evergreen.frames.spark import spark_table
from tests.spark import spark_session

pytestmark = pytest.mark.spark
LIMIT = "spark.sql.execution.arrow.localRelationThreshold"


def test_threads_leave_the_settings_as_they_were() -> None:
    session = spark_session()
    before = session.conf.get(LIMIT)
    columns = {"x": np.arange(60_000), "y": np.ones(60_000)}
    with ThreadPoolExecutor(4) as pool:
        tables = list(pool.map(lambda _: spark_table(session, columns), range(12)))
    assert session.conf.get(LIMIT) == before
    assert tables[-1].count() == 60_000


def test_from_partitioned_parquet_to_parquet(tmp_path: Path) -> None:
    log = datasets.load_cdnow(sample=True).astype({"customer_id": str})
    by_month = log.assign(month=log["date"].dt.strftime("%Y-%m"))
    by_month.to_parquet(tmp_path / "orders", partition_cols=["month"])
    base = CustomerBase.from_transactions(spark_session().read.parquet(str(tmp_path / "orders"))).persist()
    scorer = RFMScorer().fit(base)
    scorer.transform(base).write.parquet(str(tmp_path / "scores"))
    base.unpersist()
    plain = CustomerBase.from_transactions(log)
    wanted, found = RFMScorer().fit(plain).transform(plain), pd.read_parquet(tmp_path / "scores")
    found = found.sort_values("customer_id", ignore_index=True).astype(wanted.dtypes)
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)


@pytest.mark.parametrize("other", ["amount", "AMOUNT"])
def test_names_that_are_one_to_spark(other: str) -> None:
    rows = [(1, "2024-01-01", 1.0, 2.0)]
    log = spark_session().createDataFrame(rows, ["customer_id", "date", "amount", other])
    with pytest.raises(InvalidInputError, match=r"more than one column named .*'amount'"):
        CustomerBase.from_transactions(log)
