"""How a small table gets into a session of Spark: as Arrow where PySpark takes that, otherwise row by row."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

import numpy as np

_LIMIT: Final = "spark.sql.execution.arrow.localRelationThreshold"
_ONE_AT_A_TIME: Final = Lock()
_LOCAL: Final = 256 * 1024
"""Bytes up to which a table travels in the plan itself, where Spark knows its size and joins without a shuffle."""


def spark_table(session: Any, columns: Mapping[str, np.ndarray[Any, Any]]) -> Any:
    """Return a table in a session of Spark; dates get no time zone.

    Parameters
    ----------
    session : SparkSession
        Of PySpark, plain or Connect.
    columns : mapping of str to ndarray
        Columns of one length: numbers, booleans, dates or text.

    Returns
    -------
    pyspark.sql.DataFrame

    Notes
    -----
    A table of 600,000 rows and 6 columns goes up as Arrow within a tenth of a second, and row by row in two. Spark
    would put one of this size into the plan, row by row on the heap of the driver, where it takes ten times the
    memory and time: beyond :data:`_LOCAL` bytes it becomes a scan instead.
    """
    import pyspark
    from pyspark.sql import types

    kinds = {
        "b": types.BooleanType(),
        "i": types.LongType(),
        "f": types.DoubleType(),
        "M": types.TimestampNTZType(),
        "O": types.StringType(),
        "U": types.StringType(),
    }
    schema = types.StructType([types.StructField(name, kinds[values.dtype.kind]) for name, values in columns.items()])
    plain = {  # Spark and Python count in microseconds
        name: values.astype("datetime64[us]") if values.dtype.kind == "M" else values
        for name, values in columns.items()
    }
    if int(pyspark.__version__.partition(".")[0]) < 4:  # takes rows alone
        rows = zip(*(values.tolist() for values in plain.values()), strict=True)
        return session.createDataFrame(list(rows), schema, verifySchema=False)
    import pyarrow as pa

    table = pa.table({name: pa.array(values) for name, values in plain.items()})
    if table.nbytes <= _LOCAL:
        return session.createDataFrame(table, schema)
    with _ONE_AT_A_TIME:  # the setting is that of the session, which threads share
        before = session.conf.get(_LIMIT)
        session.conf.set(_LIMIT, "0")
        try:
            return session.createDataFrame(table, schema)
        finally:
            session.conf.set(_LIMIT, before)
