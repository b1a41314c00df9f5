"""The laws of scores, searched for exceptions on every engine at once.

A log of a few customers is turned around in every way that must not matter (rows shuffled, ids renamed, money in
another currency) and handed to an engine: everybody has to score there as pandas scores the log as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergreen import ChurnDetector, CustomerBase, ParetoSegmenter, RFMScorer
from evergreen.errors import EvergreenError
from tests.contracts.registry import ENGINES, Engine, by_id, in_memory

pytestmark = pytest.mark.filterwarnings("ignore::evergreen.errors.DataWarning")  # rows left out are counted elsewhere

MEASURES: Mapping[str, Callable[[], Any]] = MappingProxyType(
    {
        "quantiles": lambda: RFMScorer(weights=(1, 1, 1)),
        "nested": lambda: RFMScorer(method="nested", bins=3, segments=None),
        "k-means": lambda: RFMScorer(method="kmeans", bins=2, segments=None),
        "equal revenue": lambda: RFMScorer(method="equal_revenue", monetary="mean"),
        "pareto": lambda: ParetoSegmenter(draws=0),
        "churn": lambda: ChurnDetector(horizon="5D", transactions="gaps"),
    }
)
MONEY = ("total_value", "mean_value")
FEWER = settings(max_examples=max(8, settings().max_examples // 6))

rows = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 45), st.integers(-300, 2_000)), min_size=1, max_size=40
).filter(lambda found: any(cents >= 0 for _, _, cents in found))

Rows = list[tuple[int, int, int]]
A_HANDFUL: tuple[Rows, ...] = (
    [(0, 0, 100), (0, 0, 100), (0, 7, -50), (1, 3, 0), (2, 3, 700), (2, 4, 800), (2, 30, 800), (3, 44, -1), (4, 45, 5)],
    [(who, day, 100 * who - 200) for who in range(7) for day in (who, 2 * who, 20 + who, 45)],
)
"""What engines see that take seconds: days with several rows, zeros, refunds, ties, customers of all kinds."""
SLOW = ("ibis", "pyspark")


def base_of(log: Any) -> CustomerBase:
    return CustomerBase.from_transactions(log, observation_end="2024-02-20").persist()


def scored(make: Callable[[], Any], base: CustomerBase) -> dict[str, np.ndarray[Any, Any]] | type[EvergreenError]:
    """Return the scores by customer, or the error that says why there are none."""
    try:
        return by_id(make().fit(base).transform(base))
    except EvergreenError as error:
        return type(error)


@pytest.fixture(scope="module", params=[name for name in ENGINES if name not in SLOW], ids=str)
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]


@pytest.fixture(params=SLOW, ids=str)
def slow_engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]


def log_of(found: Rows) -> pd.DataFrame:
    customer, day, cents = np.array(found).T
    date = (np.datetime64("2024-01-01") + day).astype("datetime64[us]")
    return pd.DataFrame({"customer_id": customer, "date": date, "amount": cents / 100})


def check_what_must_not_matter(engine: Engine, found: Rows, money: int, seed: int) -> None:
    log = log_of(found)
    other = log.sample(frac=1.0, random_state=seed, ignore_index=True)
    other["customer_id"] = 100 - other["customer_id"]  # and so their order
    other["amount"] = (other["amount"] * money).round(2)
    before, after = base_of(log), base_of(engine.of(other))
    for name, make in MEASURES.items():
        wanted, got = scored(make, before), scored(make, after)
        if isinstance(wanted, type) or isinstance(got, type):
            assert wanted == got, name
            continue
        assert (100 - got["customer_id"])[::-1].tolist() == wanted["customer_id"].tolist(), name
        for column in [column for column in wanted if column != "customer_id"]:
            values, times = got[column][::-1], money if column in MONEY else 1
            if values.dtype.kind == "f":
                np.testing.assert_allclose(values, wanted[column] * times, rtol=1e-12, err_msg=f"{name}: {column}")
            else:
                np.testing.assert_array_equal(values, wanted[column], err_msg=f"{name}: {column}")


@FEWER
@given(rows, st.sampled_from([1, 100, 1_000]), st.integers(0, 2**16))
def test_what_must_not_matter(engine: Engine, found: Rows, money: int, seed: int) -> None:
    check_what_must_not_matter(engine, found, money, seed)


@pytest.mark.parametrize(("found", "money"), [(A_HANDFUL[0], 100), (A_HANDFUL[1], 1_000)], ids=["few", "more"])
def test_what_must_not_matter_to_slow_engines(slow_engine: Engine, found: Rows, money: int) -> None:
    check_what_must_not_matter(slow_engine, found, money, seed=7)


def check_a_twin(engine: Engine, found: Rows, whose: int) -> None:
    log = log_of(found)
    twin = log[log["customer_id"] == whose].assign(customer_id=99)
    base = base_of(engine.of(pd.concat([log, twin], ignore_index=True)))
    for name, make in MEASURES.items():
        scores = scored(make, base)
        if isinstance(scores, type) or 99 not in scores["customer_id"]:
            continue
        ids = scores["customer_id"].tolist()
        for column in [column for column in scores if column != "customer_id"]:
            one, other = (scores[column][ids.index(customer)] for customer in (whose, 99))
            assert one == other, (name, column)


@FEWER
@given(rows, st.integers(0, 8))
def test_a_twin_scores_as_the_customer(engine: Engine, found: Rows, whose: int) -> None:
    check_a_twin(engine, found, whose)


def test_a_twin_scores_as_the_customer_on_slow_engines(slow_engine: Engine) -> None:
    check_a_twin(slow_engine, A_HANDFUL[0], whose=2)


def check_nobody_is_lost(engine: Engine, found: Rows) -> None:
    log = log_of(found)
    bought = log.loc[log["amount"] >= 0, "customer_id"].unique()
    cents = round(100 * log.loc[log["customer_id"].isin(bought), "amount"].sum())
    base = base_of(engine.of(log))
    for make in (MEASURES["quantiles"], MEASURES["pareto"]):
        try:
            fitted = make().fit(base)
        except EvergreenError:
            assert cents <= 0  # shares of nothing
            continue
        summary = in_memory(fitted.summary(base))
        assert summary.get_column("customers").sum() == len(bought)
        assert round(100 * float(summary.get_column("total_value").sum())) == cents


@FEWER
@given(rows)
def test_nobody_and_no_cent_is_lost(engine: Engine, found: Rows) -> None:
    check_nobody_is_lost(engine, found)


@pytest.mark.parametrize("found", A_HANDFUL, ids=["few", "more"])
def test_nobody_and_no_cent_is_lost_on_slow_engines(slow_engine: Engine, found: Rows) -> None:
    check_nobody_is_lost(slow_engine, found)
