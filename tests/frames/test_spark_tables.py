"""What is special about the tables of Spark."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from evergreen import CustomerBase
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


@pytest.mark.parametrize("other", ["amount", "AMOUNT"])
def test_names_that_are_one_to_spark(other: str) -> None:
    rows = [(1, "2024-01-01", 1.0, 2.0)]
    log = spark_session().createDataFrame(rows, ["customer_id", "date", "amount", other])
    with pytest.raises(InvalidInputError, match=r"more than one column named .*'amount'"):
        CustomerBase.from_transactions(log)
