"""Customers stand on the rung that the rules say, whatever the rules look at."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from evergreen import CustomerBase, LoyaltyLadder, Rung, Rungs, datasets
from evergreen.errors import ColumnNotFoundError, InputTypeError, InvalidInputError
from evergreen.frames.engines import table_beside
from evergreen.models.rungs import FIRST_LOOK
from tests.contracts.registry import ENGINES, Engine, base_of, by_id, in_memory, sample_log

FRIENDS = Rungs(
    [
        Rung("lapsed", {"days_since_last": (90, None)}),
        Rung("guest", {"days_since_last": (None, 90), "total_value": (None, 150)}),
        Rung("friend", {"days_since_last": (None, 90), "total_value": (150, None), "referrals": (None, 1)}),
        Rung("advocate", {"days_since_last": (None, 90), "total_value": (150, None), "referrals": (1, None)}),
    ]
)


@pytest.fixture(scope="module")
def cdnow() -> CustomerBase:
    return CustomerBase.from_transactions(datasets.load_cdnow(sample=True))


def test_first_look_on_cdnow(cdnow: CustomerBase) -> None:
    ladder = LoyaltyLadder().fit(cdnow)
    found = ladder.transform(cdnow)
    silent = found["days_since_last"] >= 365
    by_orders = pd.cut(found["orders"], [0, 1, 3, 7, np.inf], labels=["first-time", "repeat", "client", "loyal"])
    wanted = by_orders.astype(str).where(~silent, "lapsed")
    assert found["rung"].tolist() == wanted.tolist()
    assert ladder.customers_ == {name: int((wanted == name).sum()) for name in FIRST_LOOK.names}
    assert found["rung_number"].tolist() == [FIRST_LOOK.names.index(name) + 1 for name in wanted]


def test_summary_adds_up_to_the_base(cdnow: CustomerBase) -> None:
    summary = LoyaltyLadder().fit(cdnow).summary(cdnow)
    assert summary["rung"].tolist() == list(FIRST_LOOK.names)
    assert summary["customers"].sum() == len(cdnow)
    assert summary["orders"].sum() == cdnow.frame["orders"].sum()
    np.testing.assert_allclose(summary["total_value"].sum(), cdnow.frame["total_value"].sum(), rtol=1e-13)
    np.testing.assert_allclose(summary[["share", "share_of_value"]].sum(), 1.0, rtol=1e-13)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_attributes_are_rungs_too(engine: Engine) -> None:
    log = sample_log()
    ids = log["customer_id"].unique()
    known = {"customer_id": np.array(ids, object), "referrals": np.arange(len(ids)) % 4 // 2}

    def asked(log: Any) -> tuple[Any, Any]:
        attributes = table_beside(nw.from_native(log), known).to_native()
        base = base_of(log).with_attributes(attributes)
        ladder = LoyaltyLadder(rungs=FRIENDS).fit(base)
        assert sum(ladder.customers_.values()) == len(ids)
        summary = in_memory(ladder.summary(base))
        assert summary["orders"].dtype == nw.Int64
        return by_id(ladder.transform(base)), summary.to_dict(as_series=False)

    (found, summary), (wanted, of_pandas) = asked(engine.of(log)), asked(log)
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert summary == of_pandas
    assert set(found["rung"].tolist()) == set(FRIENDS.names)


def test_a_base_without_money_or_orders_has_a_ladder() -> None:
    summary = pd.DataFrame({"customer_id": [1, 2], "frequency": [0, 4], "recency": [0.0, 9.0], "T": [400.0, 12.0]})
    base = CustomerBase.from_summary(summary)
    ladder = LoyaltyLadder().fit(base)
    assert ladder.transform(base)["rung"].tolist() == ["lapsed", "client"]
    assert ladder.summary(base).columns.tolist() == ["rung", "customers", "share", "orders"]
    assert ladder.compare(FIRST_LOOK, base).total_value is None
    with pytest.raises(ColumnNotFoundError, match="total_value"):
        LoyaltyLadder(rungs=FRIENDS).fit(base)


def test_learned_rungs_stay_until_the_next_fit(cdnow: CustomerBase) -> None:
    two = Rungs([Rung("one", {"orders": (1, 2)}), Rung("more", {"orders": (2, None)})])
    ladder = LoyaltyLadder().fit(cdnow).set_params(rungs=two)
    assert ladder.rungs_ is FIRST_LOOK
    assert ladder.fit(cdnow).customers_ == {
        "one": int((cdnow.frame["orders"] == 1).sum()),
        "more": int((cdnow.frame["orders"] > 1).sum()),
    }


def test_columns_of_words_are_refused(cdnow: CustomerBase) -> None:
    words = cdnow.frame[["customer_id"]].assign(referrals="none")
    with pytest.raises(InputTypeError, match="The column 'referrals' holds"):
        LoyaltyLadder(rungs=FRIENDS).fit(cdnow.with_attributes(words))


@pytest.mark.parametrize("rungs", ["rf25", [Rung("all", {"orders": (1, None)})], 5, {"orders": (1, 2)}])
def test_what_are_no_rungs_is_refused(cdnow: CustomerBase, rungs: Any) -> None:
    with pytest.raises(InputTypeError, match="rungs must be Rungs, such as"):
        LoyaltyLadder(rungs=rungs).fit(cdnow)
    with pytest.raises(InputTypeError, match="rungs must be Rungs, such as"):
        LoyaltyLadder().fit(cdnow).compare(rungs, cdnow)


@pytest.mark.parametrize(
    "dates",
    [
        {},
        {"every": "1M"},
        {"every": "1M", "start": "1997-01-31"},
        {"at": ["1997-06-30", "1997-12-31"], "every": "1M"},
        {"at": ["1997-06-30", "1997-12-31"], "end": "1998-01-31"},
    ],
)
def test_dates_are_given_in_one_way(cdnow: CustomerBase, dates: dict[str, Any]) -> None:
    with pytest.raises(
        InvalidInputError, match=r"Give the dates as at=\[...\], or all of every=..., start=... and end"
    ):
        LoyaltyLadder().fit(cdnow).movement(datasets.load_cdnow(sample=True), **dates)
