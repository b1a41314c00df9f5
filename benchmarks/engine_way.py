"""From Parquet to scored customers in Parquet, on an engine, in a process of its own.

    python benchmarks/engine_way.py build 10000000 FOLDER
    python benchmarks/engine_way.py duckdb FOLDER 4GB

The second command prints one JSON object: CPU and wall seconds of each step, the peak of resident memory at its end,
and the answers. The engines are ``duckdb`` (with a limit of memory), ``pandas``, ``polars``, ``pyarrow`` and ``spark``;
``duckdb-plain`` and ``spark-plain`` are the engine's own GROUP BY: to customers, and to days and then to customers,
which whoever counts the days of purchases needs.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a program, it knows its own folder alone

import benchmarks.one_thread  # noqa: F401 - before numpy is loaded
from benchmarks import problems
from benchmarks.processes import Steps

AT_ONCE = 1_000_000
"""Customers that are drawn at a time."""
SUMS = "count(*) AS days, min(date) AS first, max(date) AS last, sum(amount) AS amount"
DAYS = "SELECT customer_id, date, sum(amount) AS amount FROM log GROUP BY ALL"
PLAIN = {
    "by customer": f"SELECT customer_id, {SUMS} FROM log GROUP BY ALL",
    "by day, then by customer": f"SELECT customer_id, {SUMS} FROM ({DAYS}) GROUP BY ALL",
}
"""What an engine is asked for by hand."""


def build(size, folder):
    """Write a log of about so many rows, by month, of a tenth as many customers."""
    import duckdb

    from evergreen import datasets

    connection, customers = duckdb.connect(), size // 10
    for first in range(0, customers, AT_ONCE):
        chosen = min(AT_ONCE, customers - first)
        drawn = datasets.simulate_log(
            chosen, transactions=problems.BUSY, spend=problems.SPEND, observed=problems.OBSERVED_DAYS, seed=first + 1
        )
        drawn["customer_id"] += first
        target = f"(FORMAT parquet, PARTITION_BY (month), FILENAME_PATTERN 'from_{first}_{{i}}', OVERWRITE_OR_IGNORE)"
        connection.execute(f"COPY (SELECT *, strftime(date, '%Y-%m') AS month FROM drawn) TO '{folder}' {target}")


def files(folder):
    return f"{folder}/log/*/*.parquet"


def with_duckdb(folder, step, limit="4GB"):
    with closing(duckdb_at(folder, limit)) as connection:
        log = connection.read_parquet(files(folder))
        return whole_way(log, step, lambda frame, name: frame.write_parquet(str(folder / f"{name}.parquet")))


def with_duckdb_plain(folder, step, limit="4GB"):
    with closing(duckdb_at(folder, limit)) as connection:
        connection.execute(f"CREATE VIEW log AS FROM read_parquet('{files(folder)}')")
        for name, query in PLAIN.items():
            step(name, lambda query=query: connection.execute(f"CREATE OR REPLACE TABLE customers AS {query}"))
        return {"customers": connection.table("customers").shape[0]}


def with_polars(folder, step):
    import polars as pl

    log = pl.scan_parquet(files(folder), hive_partitioning=False)
    return whole_way(log, step, lambda frame, name: frame.sink_parquet(folder / f"{name}.parquet"))


def with_pandas(folder, step):
    log = step("read", lambda: arrow_table(folder).to_pandas())
    return whole_way(log, step, lambda frame, name: frame.to_parquet(folder / f"{name}.parquet"))


def with_pyarrow(folder, step):
    from pyarrow import parquet

    log = step("read", lambda: arrow_table(folder))
    return whole_way(log, step, lambda frame, name: parquet.write_table(frame, folder / f"{name}.parquet"))


def with_spark(folder, step):
    with local_spark() as spark:
        log = spark.read.parquet(f"{folder}/log").drop("month")
        return whole_way(
            log, step, lambda frame, name: frame.write.mode("overwrite").parquet(f"{folder}/{name}.parquet")
        )


def with_spark_plain(folder, step):
    with local_spark() as spark:
        spark.read.parquet(f"{folder}/log").createOrReplaceTempView("log")
        place = f"{folder}/customers.parquet"
        for name, query in PLAIN.items():
            step(name, lambda query=query: spark.sql(query).write.mode("overwrite").parquet(place))
        return {"customers": spark.read.parquet(place).count()}


def whole_way(log, step, write):
    """Score the customers of a log: the same lines on every engine."""
    from evergreen import ChurnDetector, CLVModel, CustomerBase, RFMScorer

    base = step("summary", lambda: CustomerBase.from_transactions(log).persist())
    customers = step("its rows, counted", lambda: len(base))
    scorer = step("RFM: cut points", lambda: RFMScorer().fit(base))
    step("RFM: scores written", lambda: write(scorer.transform(base), "rfm"))
    model = step("CLV: both fits", lambda: CLVModel().fit(base))
    step("CLV: scores written", lambda: write(model.predict(base, horizon="365D", discount_rate=0.1), "clv"))
    detector = step("churn: fit, and gaps from the log", lambda: ChurnDetector(horizon="90D").fit(base))
    step("churn: scores written", lambda: write(detector.transform(base), "churn"))
    base.unpersist()
    fit = model.fit_.transactions
    return {
        "customers": customers,
        "histories": fit.histories,
        "log-likelihood": fit.log_likelihood,
        "cut points": sum(points.sum() for points in scorer.cut_points_.values()),
        "lapse cuts": sum(detector.lapse_cuts().values()),
    }


def duckdb_at(folder, limit):
    import duckdb

    config = {"memory_limit": limit, "preserve_insertion_order": False, "temp_directory": str(folder / "spilled")}
    return duckdb.connect(config=config)


def arrow_table(folder):
    from pyarrow import dataset

    return dataset.dataset(f"{folder}/log", format="parquet").to_table()


@contextmanager
def local_spark():
    """Yield a session of a local cluster of two cores."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("evergreen")
    options = {"spark.driver.memory": "6g", "spark.sql.shuffle.partitions": "8", "spark.ui.enabled": "false"}
    options |= {"spark.sql.session.timeZone": "UTC", "spark.log.level": "ERROR"}
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()


WAYS = {
    "duckdb": with_duckdb,
    "duckdb-plain": with_duckdb_plain,
    "pandas": with_pandas,
    "polars": with_polars,
    "pyarrow": with_pyarrow,
    "spark": with_spark,
    "spark-plain": with_spark_plain,
}


def rows_of(folder):
    from pyarrow import dataset

    return dataset.dataset(f"{folder}/log", format="parquet").count_rows()


def go(way, folder, *settings):
    step = Steps()
    return step.report(rows_of(folder), WAYS[way](folder, step, *settings))


if __name__ == "__main__":
    if sys.argv[1] == "build":
        (Path(sys.argv[3]) / "log").mkdir(parents=True)
        build(int(sys.argv[2]), Path(sys.argv[3]) / "log")
    else:
        print(json.dumps(go(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])))
