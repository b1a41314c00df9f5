"""More than 200,000 rows of every kind that a log may hold: every measure is that of pandas on every engine.

A window of one engine was once wrong beyond 200,000 rows and never below, in two of five tries.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen import CustomerBase
from tests.contracts.registry import ENGINES, MEASURES, assert_same, base_of, by_id, sample_log

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::evergreen.errors.EvergreenWarning"),  # of rows left out, and of how fits ended
]

HOSTILE: dict[str, dict[str, Any]] = {
    "a missing id": {"customer_id": None},
    "a missing date": {"date": pd.NaT},
    "a missing amount": {"amount": np.nan},
    "no end of money": {"amount": np.inf},
    "no end of debt": {"amount": -np.inf},
    "the date of an empty field": {"date": pd.Timestamp("1753-01-01")},
    "a date to come": {"date": pd.Timestamp("2200-01-01")},
    "nothing to pay": {"amount": 0.0},
    "a customer who only returns": {"customer_id": "returns", "amount": -9.99},
}
ROWS_OF_EACH = 1_500


def large_log() -> pd.DataFrame:
    """Return the log: ids are numbers as text, which sort otherwise; one customer has a tenth of the rows."""
    plain = sample_log(22_000)
    plain["customer_id"] = plain["customer_id"].str.removeprefix("customer ")
    random = np.random.default_rng(11)
    hostile = [
        plain.sample(ROWS_OF_EACH, random_state=place).assign(**change) for place, change in enumerate(HOSTILE.values())
    ]
    twice = plain.sample(20_000, random_state=20)
    days = (np.datetime64("2024-01-01", "us") + random.integers(0, 364, 24_000).astype("timedelta64[D]")).astype(
        "M8[us]"
    )
    heavy = pd.DataFrame({"customer_id": "1000", "date": days, "amount": random.integers(-500, 9_000, 24_000) / 100})
    log = pd.concat([plain, *hostile, twice, heavy], ignore_index=True)
    return log.sample(frac=1.0, random_state=21, ignore_index=True)


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return large_log()


@pytest.fixture(scope="module")
def plain(log: pd.DataFrame) -> CustomerBase:
    return base_of(log)


@pytest.fixture(scope="module")
def wanted(plain: CustomerBase) -> dict[str, dict[str, np.ndarray]]:
    return {name: by_id(measure.score(measure.make().fit(plain), plain)) for name, measure in MEASURES.items()}


@pytest.fixture(scope="module", params=[name for name in ENGINES if name != "pandas"])
def base(request: pytest.FixtureRequest, log: pd.DataFrame) -> CustomerBase:
    return base_of(ENGINES[request.param].of(log)).persist()


def test_the_log_is_as_bad_as_it_should_be(log: pd.DataFrame, plain: CustomerBase) -> None:
    assert len(log) > 200_000
    assert 0.1 < (log["customer_id"] == "1000").mean() < 0.2
    assert sorted(plain.frame["customer_id"], key=int) != sorted(plain.frame["customer_id"])
    assert log.duplicated().sum() > 10_000
    dropped = plain.dropped
    assert min(dropped.null_customer, dropped.null_date, dropped.date_out_of_range, dropped.bad_amount) > 1_000
    assert dropped.refund_only_customers > 0


def test_the_same_is_left_out(base: CustomerBase, plain: CustomerBase) -> None:
    assert base.dropped == plain.dropped


@pytest.mark.parametrize("name", MEASURES)
def test_scores_are_those_of_pandas(name: str, base: CustomerBase, wanted: dict[str, dict[str, np.ndarray]]) -> None:
    measure = MEASURES[name]
    assert_same(by_id(measure.score(measure.make().fit(base), base)), wanted[name], rtol=1e-12)
