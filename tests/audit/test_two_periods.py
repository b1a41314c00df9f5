"""What became of customers and revenue between two periods."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from evergreen import datasets
from evergreen.audit.two_periods import GROUPS
from evergreen.typing import Period
from tests.audit.test_five_lenses import PERIODS, audit_of, by_hand, cents
from tests.frames.test_laws import logs

MARGINS = st.one_of(st.just(1.0), st.floats(-1, 2), st.tuples(st.floats(0, 1), st.floats(0, 1)))


@given(log=logs(), period=st.sampled_from(PERIODS), margin=MARGINS)
def test_every_bridge_adds_up_to_the_cent(
    log: pd.DataFrame, period: Period, margin: float | tuple[float, float]
) -> None:
    audit = audit_of(log, period=period)
    whole = audit.whole().set_index("period")["revenue"]
    names = [audit.periods[0], *audit.periods[1:3], *audit.periods[-2:]]
    for before, after in combinations(sorted(set(names)), 2):
        pair = audit.two_periods(before, after, margin=margin)
        for table in (pair.bridge(), pair.drivers()):
            assert table["step"].iloc[[0, -1]].tolist() == [before, after]
            amounts = table["amount"].to_numpy()
            np.testing.assert_allclose(amounts * 100, cents(amounts), atol=1e-6)
            assert cents(amounts[:-1]).sum() == cents(amounts[-1])
            pairs = zip(pair.margin, (before, after), strict=True)
            ends = [Fraction(share) * int(cents(whole[name])) for share, name in pairs]
            np.testing.assert_allclose(cents(amounts[[0, -1]]), [float(end) for end in ends], atol=0.5 + 1e-9)


@given(log=logs(), period=st.sampled_from(PERIODS))
def test_groups_are_those_of_pandas(log: pd.DataFrame, period: Period) -> None:
    audit, rows = audit_of(log, period=period), by_hand(log, period)
    names = audit.periods
    for before, after in {(names[0], name) for name in rows["period"] if name != names[0]}:
        early, late = (rows[rows["period"] == name] for name in (before, after))
        both = early.merge(late, on="customer_id", how="outer", suffixes=("_before", "_after"))
        both["cohort"] = both["cohort_before"].fillna(both["cohort_after"])
        both = both.fillna({f"{what}_{side}": 0 for what in ("orders", "cents") for side in ("before", "after")})
        first, last, recent = both["orders_before"] > 0, both["orders_after"] > 0, both["cohort"] > before
        both["group"] = np.select([first & last, first, last & recent, last], GROUPS[:4], GROUPS[4])
        wanted = both.groupby("group")[["orders_before", "orders_after", "cents_before", "cents_after"]].sum()
        wanted = wanted.reindex(GROUPS, fill_value=0)
        pair = audit.two_periods(before, after)
        found = pair.to_frame()
        assert found["group"].tolist() == list(GROUPS)
        sizes = both["group"].value_counts().reindex(GROUPS, fill_value=0)
        np.testing.assert_array_equal(found["customers"], sizes)
        kept, lost = sizes["kept"], sizes["lost"]
        assert (pair.retention == kept / (kept + lost)) if kept + lost else np.isnan(pair.retention)
        for side in ("before", "after"):
            np.testing.assert_array_equal(found[f"orders_{side}"], wanted[f"orders_{side}"])
            np.testing.assert_array_equal(cents(found[f"revenue_{side}"]), wanted[f"cents_{side}"])
        np.testing.assert_array_equal(cents(found["change"]), wanted["cents_after"] - wanted["cents_before"])


def test_steps_of_a_base_by_hand() -> None:
    """Ann is kept, Bob lost, Cleo new, Dan back, Eve gives back alone."""
    rows = [
        ("dan", "2024-01-01", 9.0),
        ("eve", "2024-01-01", 9.0),
        ("ann", "2024-02-01", 10.0),
        ("ann", "2024-02-02", 10.0),
        ("bob", "2024-02-01", 5.0),
        ("ann", "2024-03-01", 15.0),
        ("ann", "2024-03-02", 15.0),
        ("ann", "2024-03-03", 15.0),
        ("cleo", "2024-03-01", 4.0),
        ("dan", "2024-03-01", 3.0),
        ("eve", "2024-03-31", -2.0),
    ]
    audit = audit_of(pd.DataFrame(rows, columns=["customer_id", "date", "amount"]), period="M")
    pair = audit.two_periods("2024-02", "2024-03")
    assert pair.customers.tolist() == [1, 1, 1, 1, 1]
    assert pair.bridge().to_numpy().tolist() == [
        ["2024-02", 25.0],
        ["lost", -5.0],
        ["new", 4.0],
        ["back", 3.0],
        ["kept: frequency", 12.5],  # one more order, at 10 and 15
        ["kept: order value", 12.5],  # 5 more, on 2 and 3 orders
        ["kept: margin", 0.0],
        ["refunds", -2.0],
        ["2024-03", 50.0],
    ]
    shared = audit.two_periods("2024-02", "2024-03", margin=(0.5, 0.25)).bridge().set_index("step")["amount"]
    alone = shared[["2024-02", "lost", "new", "back", "refunds", "2024-03"]]
    assert alone.tolist() == [12.5, -2.5, 1.0, 0.75, -0.5, 12.5]
    kept = shared[[f"kept: {driver}" for driver in ("frequency", "order value", "margin")]]
    np.testing.assert_allclose(kept, _mean_of_orders((2, 10, 0.5), (3, 15, 0.25)), atol=0.01)
    drivers = audit.two_periods("2024-02", "2024-03").drivers().set_index("step")["amount"]
    customers, frequency, value, _ = _mean_of_orders((2, 3 / 2, 25 / 3, 1), (3, 5 / 3, 52 / 5, 1))
    np.testing.assert_allclose(
        drivers[["customers", "frequency", "order value"]], [customers, frequency, value], atol=0.01
    )
    assert drivers["refunds"] == -2.0


def _mean_of_orders(a: tuple[float, ...], b: tuple[float, ...]) -> list[float]:
    """Return the mean change that each factor makes over all orders, to the cent."""
    changes = np.zeros(len(a))
    orders = list(permutations(range(len(a))))
    for order in orders:
        now = np.array(a, np.float64)
        for place in order:
            before = now.prod()
            now[place] = b[place]
            changes[place] += (now.prod() - before) / len(orders)
    return [float(change) for change in changes.round(2)]


def test_a_period_without_customers_puts_the_change_down_to_customers() -> None:
    log = pd.DataFrame({"customer_id": [1, 2], "date": ["2024-01-01", "2024-03-01"], "amount": [5.0, 7.0]})
    audit = audit_of(log, period="M")
    for before, after, change in (("2024-01", "2024-02", -5.0), ("2024-02", "2024-03", 7.0)):
        table = audit.two_periods(before, after).drivers()
        assert table["amount"].tolist()[1:-1] == [change, 0.0, 0.0, 0.0, 0.0]
    assert np.isnan(audit.two_periods("2024-02", "2024-03").retention)
    empty = audit_of(log, period="M", observation_end="2024-05-31").two_periods("2024-04", "2024-05")
    assert empty.drivers()["amount"].tolist() == [0.0] * 7
    assert empty.bridge()["amount"].tolist() == [0.0] * 9


@pytest.mark.parametrize(("amounts", "decimals"), [((1e-4, 3e-4), 4), ((1.25, 2.0), 2), ((3e15, 5e15), -1)])
def test_steps_are_as_fine_as_the_money(amounts: tuple[float, float], decimals: int) -> None:
    log = pd.DataFrame(
        {"customer_id": 1, "date": ["2024-01-01", "2024-02-01", "2024-02-02"], "amount": [*amounts, amounts[0]]}
    )
    amount = audit_of(log, period="M").two_periods("2024-01", "2024-02", margin=(1 / 3, 1 / 3)).bridge()["amount"]
    scaled = amount.to_numpy() * 10.0**decimals
    np.testing.assert_allclose(scaled, np.rint(scaled), rtol=1e-9)
    assert np.rint(scaled[:-1]).sum() == np.rint(scaled[-1])


def test_it_is_told_when_a_period_was_seen_in_part() -> None:
    audit = audit_of(datasets.load_cdnow(sample=True), observation_end="1998-05-31")
    assert repr(audit.two_periods("1998Q1", "1998Q2")).startswith("1998Q1 to 1998Q2 (seen in part): ")
