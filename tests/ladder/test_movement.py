"""Movement tells who came, rose and fell, and loses nobody."""

from __future__ import annotations

from datetime import date

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from evergreen import CustomerBase, LadderMovement, LoyaltyLadder, datasets, split
from evergreen.errors import InvalidInputError
from evergreen.kernels.rates import wilson_interval

DATES = (date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31))
MOVED = LadderMovement(
    ("low", "middle", "high"),
    DATES,
    np.array(
        [
            [[5, 4, 1, 0], [0, 6, 3, 1], [0, 2, 7, 2], [0, 0, 1, 8]],
            [[2, 3, 0, 0], [0, 9, 3, 0], [0, 1, 10, 1], [0, 2, 0, 9]],
        ]
    ),
)
"""Forty customers, three of whom come in the last month."""


def test_customers_at_each_date() -> None:
    there = MOVED.customers
    assert there.columns.tolist() == ["(not yet)", "low", "middle", "high"]
    assert there.index.tolist() == ["2024-01-31", "2024-02-29", "2024-03-31"]
    assert there.to_numpy().tolist() == [[10, 10, 11, 9], [5, 12, 12, 11], [2, 15, 13, 10]]


def test_summary_says_who_rose_and_fell() -> None:
    found = MOVED.summary()
    assert found["since"].tolist() == list(DATES[:-1])
    assert found["until"].tolist() == list(DATES[1:])
    assert found[["new", "rose", "stayed", "fell", "not_yet"]].to_numpy().tolist() == [
        [5, 6, 21, 3, 5],
        [3, 4, 28, 3, 2],
    ]


def test_rates_pool_the_periods() -> None:
    rates = MOVED.rates(level=0.8)
    row = rates[(rates["before"] == "middle") & (rates["after"] == "high")].iloc[0]
    assert (row["customers"], row["rate"]) == (3, 3 / 23)
    lower, upper = wilson_interval(np.array([3.0]), np.array([23.0]), 0.8)
    assert (row["lower"], row["upper"]) == (lower[0], upper[0])
    np.testing.assert_allclose(rates.groupby("before")["rate"].sum(), 1.0)


def test_a_rung_without_customers_has_no_rates() -> None:
    rates = LadderMovement(("low", "high"), DATES[:2], np.array([[[0, 0, 0], [0, 3, 0], [0, 0, 0]]])).rates()
    assert rates["rate"].tolist()[:2] == [1.0, 0.0]
    assert rates.loc[rates["before"] == "high", ["rate", "lower", "upper"]].isna().all(axis=None)


def test_transitions_are_the_moves_of_all_periods() -> None:
    moves = MOVED.transitions()
    assert moves.states == MOVED.rungs
    assert moves.counts.tolist() == [[15, 6, 1], [3, 17, 3], [2, 1, 17]]
    assert moves.period_days == 30.0


def test_periods_of_other_lengths_are_not_added_up() -> None:
    dates = (date(2024, 1, 31), date(2024, 2, 29), date(2024, 5, 31))
    with pytest.raises(InvalidInputError, match="The periods are 29 to 92 days long"):
        LadderMovement(MOVED.rungs, dates, MOVED.counts).transitions()


def test_worth_of_rungs_follows_from_a_log() -> None:
    log = datasets.load_cdnow(sample=True)
    ladder = LoyaltyLadder().fit(CustomerBase.from_transactions(log))
    moves = ladder.movement(log, every="1M", start="1997-03-31", end="1998-06-30").transitions()
    rates = moves.rates(prior=0)
    np.testing.assert_allclose(rates.sum(axis=1), 1.0)
    assert rates[3, 4] > rates[1, 4]  # a client turns loyal more often than a first-time customer


@pytest.mark.parametrize("level", [0, 1, 1.5, -0.2])
def test_levels_that_cannot_be_are_refused(level: float) -> None:
    with pytest.raises(InvalidInputError, match="level must lie between 0 and 1"):
        MOVED.rates(level=level)


@given(counts=arrays(np.int64, (3, 4, 4), elements=st.integers(0, 50)))
def test_tables_conserve_what_was_counted(counts: np.ndarray) -> None:
    counts[:, 1:, 0] = 0  # nobody leaves a log
    dates = (*DATES, date(2024, 4, 30))
    moved = LadderMovement(("low", "middle", "high"), dates, counts)
    totals = counts.sum(axis=(1, 2))
    frame = moved.to_frame()
    assert frame.groupby("until")["customers"].sum().tolist() == totals.tolist()
    assert moved.summary().iloc[:, 2:].sum(axis=1).tolist() == totals.tolist()
    assert moved.customers.iloc[:-1].sum(axis=1).tolist() == totals.tolist()
    assert moved.rates()["customers"].sum() == counts[:, 1:, 1:].sum()
    known = frame[(frame["before"] == "low") & (frame["after"] == "high") & (frame["since"] == dates[1])]
    assert known["customers"].tolist() == [counts[1, 1, 3]]


def test_movement_of_cdnow_is_that_of_its_halves() -> None:
    log = datasets.load_cdnow(sample=True)
    before, after = split(log, at="1997-12-31").calibration, CustomerBase.from_transactions(log)
    ladder = LoyaltyLadder().fit(after)
    moved = ladder.movement(log, at=["1996-12-31", "1997-12-31", "1998-06-30"])
    there = moved.customers.to_numpy()
    assert there[0].tolist() == [2_357, 0, 0, 0, 0, 0]
    for row, base in ((there[1], before), (there[2], after)):
        assert row[1:].tolist() == ladder.summary(base)["customers"].tolist()
    assert repr(moved).startswith("2,357 customers at 3 dates, 1996-12-31 to 1998-06-30:\n2,357 new, ")
