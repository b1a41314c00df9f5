"""Moves between segments: every customer once, every cent, on frozen cut points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergreen import CustomerBase, RFMScorer, SegmentMap, SegmentMoves, SegmentRule, datasets, split
from evergreen.errors import InputTypeError, InvalidInputError
from tests.contracts.registry import ENGINES, base_of, sample_log
from tests.rfm.bases import summary_base

FEWER = settings(max_examples=max(10, settings().max_examples // 3))


@pytest.fixture(scope="module")
def halves() -> tuple[CustomerBase, CustomerBase]:
    log = datasets.load_cdnow()
    return split(log, at="1997-12-31").calibration, CustomerBase.from_transactions(log)


@pytest.fixture(scope="module")
def moves(halves: tuple[CustomerBase, CustomerBase]) -> SegmentMoves:
    return RFMScorer().fit(halves[0]).compare(*halves)


def by_pandas(scorer: RFMScorer, before: CustomerBase, after: CustomerBase) -> pd.DataFrame:
    """Return the moves by a join in pandas."""
    names = {"total_value": "value"}
    then, now = (
        scorer.transform(base).rename(columns=names)[["customer_id", "segment", "value"]] for base in (before, after)
    )
    joined = then.merge(now, on="customer_id", how="outer", suffixes=("_before", "_after"))
    joined["before"] = joined["segment_before"].fillna("(new)")
    joined["after"] = joined["segment_after"].fillna("(gone)")
    return joined.groupby(["before", "after"]).agg(
        customers=("customer_id", "size"), value_before=("value_before", "sum"), value_after=("value_after", "sum")
    )


def assert_same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    there = found[found["customers"] > 0].set_index(["before", "after"]).sort_index()
    assert there["customers"].to_dict() == wanted["customers"].to_dict()
    for name in ("value_before", "value_after"):
        np.testing.assert_allclose(there[name], wanted[name].sort_index(), rtol=1e-12, atol=1e-9)


def test_moves_are_those_of_a_join(moves: SegmentMoves, halves: tuple[CustomerBase, CustomerBase]) -> None:
    assert_same(moves.to_frame(), by_pandas(RFMScorer().fit(halves[0]), *halves))


def test_nobody_and_no_cent_is_lost(moves: SegmentMoves, halves: tuple[CustomerBase, CustomerBase]) -> None:
    frame = moves.to_frame()
    assert frame["customers"].sum() == 23_570
    for name, base in zip(("value_before", "value_after"), halves, strict=True):
        assert frame[name].sum() == pytest.approx(base.frame["total_value"].sum(), abs=1e-6)
    assert len(frame) == 11 * 11 - 1


def test_rates_add_up_and_lie_in_their_intervals(moves: SegmentMoves) -> None:
    rates = moves.rates
    assert rates.index.tolist() == list(moves.segments)
    assert rates.columns.tolist() == [*moves.segments, "(gone)"]
    there = rates.drop(index="new")  # nobody of CDNOW is new at the end of the year
    np.testing.assert_allclose(there.sum(axis=1), 1.0)
    assert np.isnan(rates.loc["new"].to_numpy()).all()
    lower, rate, upper = moves.to_frame().dropna()[["lower", "rate", "upper"]].to_numpy().T
    assert (lower <= rate).all()
    assert (rate <= upper).all()
    assert (lower < upper).all()


def test_intervals_are_those_of_wilson(moves: SegmentMoves) -> None:
    from scipy.stats import binomtest

    frame = moves.to_frame()
    row = frame[(frame["before"] == "loyal") & (frame["after"] == "champion")]
    everybody = int(moves.customers[moves.segments.index("loyal")].sum())
    wanted = binomtest(int(row["customers"].item()), everybody).proportion_ci(0.95, method="wilson")
    assert (row["lower"].item(), row["upper"].item()) == pytest.approx((wanted.low, wanted.high))


def test_the_same_base_twice_moves_nobody(halves: tuple[CustomerBase, CustomerBase]) -> None:
    base = halves[0]
    moves = RFMScorer().fit(base).compare(base, base)
    inner = moves.customers[:-1, :-1]
    assert inner.sum() == np.trace(inner) == len(base)
    assert str(moves).endswith("23,570 in the same segment, 0 in another, 0 new, 0 gone")


rows = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 6), st.integers(-5, 30)), min_size=1, max_size=30)


@FEWER
@given(rows, rows, st.integers(0, 40))
def test_new_and_gone_customers_are_counted(one: Any, other: Any, apart: int) -> None:
    before, after = (summary_base(*np.array(part).T) for part in (one, other))
    after = CustomerBase.from_summary(after.frame.assign(customer_id=after.frame["customer_id"] + apart))
    scorer = RFMScorer(segments="rfm11").fit(before)
    moves = scorer.compare(before, after)
    assert_same(moves.to_frame(), by_pandas(scorer, before, after))
    assert moves.customers[:-1].sum() == len(one)
    assert moves.customers[:, :-1].sum() == len(other)


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_counts_the_same(name: str) -> None:
    log = sample_log(300)
    engine = ENGINES[name]
    native = engine.of(log)
    wanted, found = (
        RFMScorer(segments="rfm11").fit(before).compare(before, base_of(part))
        for part, before in ((part, split(part, at="2024-08-31").calibration) for part in (log, native))
    )
    for column in ("customers", "value_before", "value_after"):
        np.testing.assert_array_equal(getattr(found, column), getattr(wanted, column), err_msg=column)


@pytest.mark.parametrize("name", ENGINES)
def test_a_summary_is_compared_with_a_log(name: str) -> None:
    """A log tells the decimals of its money, a summary does not."""
    engine = ENGINES[name]
    base = base_of(engine.of(sample_log(60))).persist()
    told = CustomerBase.from_summary(base.frame)
    scorer = RFMScorer().fit(base)
    wanted = scorer.compare(base, base)
    for moves in (scorer.compare(base, told), scorer.compare(told, base)):
        np.testing.assert_array_equal(moves.customers, wanted.customers)
        np.testing.assert_allclose(moves.value_before, wanted.value_before, rtol=1e-12)
        np.testing.assert_allclose(moves.value_after, wanted.value_after, rtol=1e-12)


def test_bases_that_do_not_go_together_are_refused(halves: tuple[CustomerBase, CustomerBase]) -> None:
    polars: Any = pytest.importorskip("polars")
    before, after = halves
    scorer = RFMScorer().fit(before)
    other = CustomerBase.from_summary(polars.from_pandas(after.frame))
    with pytest.raises(InputTypeError, match="Both bases must be in frames of one kind, got pandas and polars"):
        scorer.compare(before, other)
    texts = CustomerBase.from_summary(after.frame.assign(customer_id=after.frame["customer_id"].astype(str)))
    with pytest.raises(InputTypeError, match="ids of the bases are of different types, Int64 and String"):
        scorer.compare(before, texts)
    with pytest.raises(InvalidInputError, match=r"RFMScorer\(segments=None\) has no segments to compare"):
        RFMScorer(segments=None).fit(before).compare(before, after)
    with pytest.raises(InvalidInputError, match="level must lie between 0 and 1, got 95"):
        scorer.compare(before, after, level=95)


def test_segments_named_as_those_who_come_are_refused(halves: tuple[CustomerBase, CustomerBase]) -> None:
    named = SegmentMap(("r",), [SegmentRule("(new)", ((1, 5),))])
    with pytest.raises(InvalidInputError, match=r"Segments cannot be named \['\(new\)'\] where moves are told"):
        RFMScorer(segments=named).fit(halves[0]).compare(*halves)


def test_two_connections_are_told_apart() -> None:
    duckdb: Any = pytest.importorskip("duckdb")
    log = sample_log(60)
    bases = [base_of(duckdb.connect().from_arrow(pytest.importorskip("pyarrow").Table.from_pandas(log))) for _ in "ab"]
    with pytest.raises(InputTypeError, match="different connections of DuckDB"):
        RFMScorer().fit(bases[0]).compare(*bases)
