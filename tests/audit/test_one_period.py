"""How the customers of one period differ."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from evergreen import OnePeriod, datasets
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.typing import Period
from tests.audit.test_five_lenses import PERIODS, audit_of, by_hand, cents
from tests.frames.test_laws import logs


def one_period_of(amounts: list[float]) -> OnePeriod:
    log = pd.DataFrame({"customer_id": range(len(amounts)), "date": "2024-01-01", "amount": amounts})
    return audit_of(log, period="Y").one_period("2024")


@given(log=logs(), period=st.sampled_from(PERIODS))
def test_it_is_that_of_pandas_and_conserves_customers_and_cents(log: pd.DataFrame, period: Period) -> None:
    audit, rows = audit_of(log, period=period), by_hand(log, period)
    whole = audit.whole().set_index("period")
    for name in {audit.periods[0], rows["period"].iloc[-1], audit.periods[-1]}:
        one, here = audit.one_period(name), rows[rows["period"] == name]
        buys = here[here["orders"] > 0]
        assert (one.customers, one.orders) == (len(buys), buys["orders"].sum())
        assert cents(one.revenue_of_buyers) == buys["cents"].sum()
        assert cents(one.revenue) == here["cents"].sum() == cents(whole.loc[name, "revenue"])
        assert cents(one.revenue_of_buyers - one.refunds_of_others) == cents(one.revenue)
        assert one.refunds == whole.loc[name, "refunds"]
        assert one.one_timers == (buys["orders"] == 1).sum()
        for table in (one.by_orders(2), one.deciles()):
            assert table["customers"].sum() == one.customers
            assert cents(table["revenue"]).sum() == cents(one.revenue_of_buyers)


@given(st.lists(st.integers(-3, 12), min_size=1, max_size=60))
def test_deciles_are_those_of_their_definition(amounts: list[int]) -> None:
    log = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(len(amounts)), 2),
            "date": "2024-01-01",
            "amount": np.ravel([[20.0, amount - 20.0] for amount in amounts]),
        }
    )
    table = audit_of(log, period="Y").one_period("2024").deciles().set_index("decile")
    decile = [1 + 10 * sum(other > amount for other in amounts) // len(amounts) for amount in amounts]
    wanted = pd.Series(amounts).groupby(decile).agg(["size", "sum"]).reindex(range(1, 11), fill_value=0)
    assert table["customers"].tolist() == wanted["size"].tolist()
    np.testing.assert_allclose(table["revenue"], wanted["sum"], atol=1e-9)


def test_customers_who_brought_the_same_are_in_one_decile() -> None:
    table = one_period_of([5.0] * 30 + [9.0] * 3).deciles()
    assert table.loc[table["customers"] > 0, "decile"].tolist() == [1]
    table = one_period_of([5.0] * 27 + [9.0] * 3).deciles()
    assert table.loc[table["customers"] > 0, ["decile", "customers"]].to_numpy().tolist() == [[1, 3], [2, 27]]


def test_means_and_orders() -> None:
    log = pd.DataFrame(
        {
            "customer_id": [1, 1, 1, 2, 3, 3],
            "date": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-01", "2023-12-31", "2024-02-01"],
            "amount": [10.0, 20.0, 30.0, 40.0, 7.0, -7.0],
        }
    )
    one = audit_of(log, period="Y").one_period("2024")
    assert (one.customers, one.new_customers, one.orders, one.one_timers, one.one_time_share) == (2, 2, 4, 1, 0.5)
    assert (one.revenue, one.revenue_of_buyers, one.refunds, one.refunds_of_others) == (93.0, 100.0, 7.0, 7.0)
    assert (one.orders_per_customer, one.average_order_value, one.revenue_per_customer) == (2.0, 25.0, 50.0)
    table = one.by_orders(3)
    assert table["orders"].tolist() == ["1", "2", "3+"]
    assert table["customers"].tolist() == [1, 0, 1]
    assert table["share_of_revenue"].tolist() == [0.4, 0.0, 0.6]
    assert repr(one).startswith("2024 (seen in part): 2 customers, 2 of them new, 4 orders, revenue 93.00\n")


def test_a_period_without_customers_has_no_means() -> None:
    log = pd.DataFrame({"customer_id": 1, "date": ["2024-01-01", "2024-02-01", "2024-03-31"], "amount": [5.0, -1, 5]})
    one = audit_of(log, period="M").one_period("2024-02")
    assert (one.customers, one.orders, one.revenue, one.refunds_of_others) == (0, 0, -1.0, 1.0)
    means = [one.orders_per_customer, one.average_order_value, one.revenue_per_customer, one.one_time_share]
    assert np.isnan(means).all()
    assert one.deciles()["customers"].tolist() == [0] * 10
    assert one.deciles()["share"].isna().all()
    assert "0 customers" in repr(one)


def test_money_that_is_nothing_or_less_has_no_shares() -> None:
    assert one_period_of([0.0, 0.0]).deciles()["share_of_revenue"].isna().all()


def test_the_last_row_of_orders_must_be_a_number_above_0() -> None:
    one = audit_of(datasets.load_cdnow(sample=True)).one_period("1997Q1")
    assert one.by_orders(1)["orders"].tolist() == ["1+"]
    with pytest.raises(InvalidInputError, match="most must be at least 1, got 0"):
        one.by_orders(0)
    for wrong in (True, 2.0, "3"):
        with pytest.raises(InputTypeError, match="most must be a whole number"):
            one.by_orders(wrong)  # type: ignore[arg-type]
