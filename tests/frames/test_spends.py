"""Spends with and without first purchases: what they mean, and the same on every engine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evergreen.errors import InvalidInputError
from evergreen.frames import CustomerBase
from evergreen.typing import Occasion
from tests.frames.kinds import KINDS, QUICK, rows
from tests.frames.test_engines_agree import base_of, hostile_log

EVERY = ["pandas", "polars", "polars lazy", "pyarrow", "duckdb"]


@pytest.mark.parametrize("occasion", ["D", "M", "row"])
def test_first_purchases_count_the_same_everywhere(occasion: Occasion) -> None:
    log = hostile_log(1_000, "int")
    wanted = base_of(log, occasion=occasion).spends(first_purchase=True)
    usable = log["date"].between("1900-01-01", "2140-12-31") & log["amount"].ge(0)
    period = log["date"].dt.to_period("M" if occasion == "M" else "D")
    by_customer = log[usable].assign(period=period).groupby("customer_id")
    occasions = by_customer.size() if occasion == "row" else by_customer["period"].nunique()
    mean = by_customer["amount"].sum() / occasions
    order = np.lexsort((mean[mean > 0], occasions[mean > 0]))
    np.testing.assert_array_equal(np.repeat(wanted.frequency, wanted.count), occasions[mean > 0].to_numpy()[order])
    np.testing.assert_allclose(
        np.sort(np.repeat(wanted.value, wanted.count)), np.sort(mean[mean > 0]), rtol=1e-12, atol=0
    )
    assert (wanted.without_repeat, wanted.without_value) == (0, (mean == 0).sum())
    for kind in QUICK:
        found = base_of(KINDS[kind](log), occasion=occasion).spends(first_purchase=True)
        for name in wanted.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=f"{kind} {name}")


@pytest.mark.parametrize("kind", EVERY)
def test_refunds_are_not_taken_off(kind: str) -> None:
    log = pd.DataFrame(
        {
            "customer_id": [1, 1, 1, 1, 2, 2, 3],
            "date": ["2024-01-01", "2024-01-01", "2024-01-05", "2024-01-09", "2024-01-02", "2024-01-03", "2024-01-04"],
            "amount": [10.0, 2.0, 30.0, -4.0, 5.0, -9.0, 0.0],
        }
    )
    base = CustomerBase.from_transactions(KINDS[kind](log))
    spends = base.spends(first_purchase=True)
    assert (spends.frequency.tolist(), spends.value.tolist()) == ([1, 2], [5.0, 21.0])
    assert (spends.count.tolist(), spends.without_repeat, spends.without_value) == ([1, 1], 0, 1)
    repeats = base.spends()
    assert (repeats.frequency.tolist(), repeats.value.tolist(), repeats.without_repeat) == ([1], [30.0], 2)
    again = CustomerBase.from_summary(base.frame).spends(first_purchase=True)
    np.testing.assert_array_equal(again.value, spends.value)


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (["total_value", "refunds"], "no total_value and no refunds"),
        (["refunds"], "no refunds"),
        (["total_value"], "no total_value"),
    ],
)
def test_a_summary_that_does_not_know_first_purchases(kind: str, columns: list[str], words: str) -> None:
    summary = rows(base_of(hostile_log(200, "int")).frame).drop(columns=columns)
    base = CustomerBase.from_summary(KINDS[kind](summary))
    with pytest.raises(InvalidInputError, match=f"this base has {words}: build it from the log"):
        base.spends(first_purchase=True)
    with pytest.raises(InvalidInputError, match="This base has no monetary_value"):
        CustomerBase.from_summary(KINDS[kind](summary), monetary_value=None).spends(first_purchase=True)
