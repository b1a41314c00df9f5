"""A log where DuckDB finds it: in Parquet, in CSV, in a database, and larger than the memory it may take."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from evergreen import CLVModel, CustomerBase, RFMScorer
from evergreen.datasets import simulate_log
from tests.frames.kinds import rows


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return simulate_log(60_000, seed=3)


@pytest.fixture(scope="module")
def wanted(log: pd.DataFrame) -> pd.DataFrame:
    return rows(CustomerBase.from_transactions(log).frame)


@pytest.fixture(scope="module")
def folder(log: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("sources")
    connection = duckdb.connect(str(place / "shop.duckdb"))
    connection.execute("CREATE TABLE orders AS SELECT * FROM log")
    connection.execute(f"COPY orders TO '{place / 'orders.parquet'}'")
    connection.execute(f"COPY orders TO '{place / 'orders.csv'}'")
    by_year = "FORMAT parquet, PARTITION_BY (year), WRITE_PARTITION_COLUMNS false"
    connection.execute("ALTER TABLE orders ADD COLUMN year INTEGER")
    connection.execute("UPDATE orders SET year = year(date)")
    connection.execute(f"COPY orders TO '{place / 'by_year'}' ({by_year})")
    connection.close()
    return place


SOURCES = {
    "parquet": "read_parquet('{}/orders.parquet')",
    "partitioned parquet": "read_parquet('{}/by_year/*/*.parquet')",
    "csv": "read_csv('{}/orders.csv')",
    "read-only database": "shop.orders",
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_says_the_same(source: str, folder: Path, wanted: pd.DataFrame) -> None:
    connection = duckdb.connect()
    connection.execute(f"ATTACH '{folder / 'shop.duckdb'}' AS shop (READ_ONLY)")
    log = connection.sql(f"FROM {SOURCES[source].format(folder)}")
    base = CustomerBase.from_transactions(log).persist()
    pd.testing.assert_frame_equal(rows(base.frame), wanted, check_exact=True)
    connection.close()


def limited(spill: str) -> duckdb.DuckDBPyConnection:
    """Return a connection that may take little memory, and the disk only if it is told where."""
    return duckdb.connect(
        config={"memory_limit": "48MB", "threads": 1, "preserve_insertion_order": False, "temp_directory": spill}
    )


def test_a_log_larger_than_memory_goes_to_disk(folder: Path, log: pd.DataFrame, tmp_path: Path) -> None:
    source = f"FROM read_parquet('{folder}/orders.parquet') r, range(8) t(i)"
    eightfold = f"SELECT customer_id * 8 + i AS customer_id, date, amount {source}"

    def scored(connection: duckdb.DuckDBPyConnection) -> tuple[RFMScorer, CLVModel, int]:
        base = CustomerBase.from_transactions(connection.sql(eightfold)).persist()
        scorer, model = RFMScorer().fit(base), CLVModel().fit(base)
        scorer.transform(base).write_parquet(str(tmp_path / "rfm.parquet"))
        model.predict(base, horizon="365D").write_parquet(str(tmp_path / "clv.parquet"))
        return scorer, model, len(base)

    with pytest.raises(duckdb.OutOfMemoryException):
        scored(limited(""))
    scorer, model, customers = scored(limited(str(tmp_path / "spill")))
    base = CustomerBase.from_transactions(log)
    assert customers == 8 * len(base)
    for name, points in RFMScorer().fit(base).cut_points_.items():
        np.testing.assert_array_equal(scorer.cut_points_[name], points)
    once = CLVModel().fit(base)
    assert model.fit_.transactions.histories == once.fit_.transactions.histories
    wanted = once.predict(base, horizon="365D")["expected_purchases"].sum() * 8
    found = pd.read_parquet(tmp_path / "clv.parquet")["expected_purchases"].sum()
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert len(pd.read_parquet(tmp_path / "rfm.parquet")) == customers
