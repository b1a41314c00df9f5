"""The calendar: every day from 1900 to 2140, in numpy and in the engines."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from evergreen.durations import DAYS_PER_UNIT
from evergreen.frames.periods import FIRST_DAY, LAST_DAY, OCCASIONS, period_number, periods_of_days, time_ratio
from tests.frames.kinds import KINDS

DAYS = np.arange(FIRST_DAY, LAST_DAY + 1)


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "duckdb", "ibis", "pyspark"])
def test_engines_count_like_numpy(kind: str) -> None:
    calendar = pd.DataFrame({"day": DAYS, "date": DAYS.astype("datetime64[D]").astype("datetime64[us]")})
    frame = nw.from_native(KINDS[kind](calendar)).lazy()
    for occasion in OCCASIONS:
        number = period_number(nw.col("date"), occasion, has_time=True).alias("number")
        found = frame.select("day", number).collect().sort("day").get_column("number").to_numpy()
        wanted = DAYS * 86_400 if occasion == "row" else periods_of_days(DAYS, occasion)
        np.testing.assert_array_equal(found, wanted, err_msg=occasion)


def test_weeks_and_months_are_those_of_pandas() -> None:
    dates = pd.Series(DAYS.astype("datetime64[D]").astype("datetime64[s]"))
    weeks = dates.dt.to_period("W-SUN").dt.start_time
    assert (pd.Series(periods_of_days(DAYS, "W")).groupby(weeks).nunique() == 1).all()
    assert weeks.nunique() == len(np.unique(periods_of_days(DAYS, "W")))
    np.testing.assert_array_equal(periods_of_days(DAYS, "M"), (dates.dt.year - 1970) * 12 + dates.dt.month - 1)


def test_units_are_those_of_durations() -> None:
    for unit, days in DAYS_PER_UNIT.items():
        times, over = time_ratio("D", unit)
        assert times / over == pytest.approx(1 / days, rel=1e-15)
        assert time_ratio("row", unit)[1] / time_ratio("row", unit)[0] == pytest.approx(days * 86_400)
