"""Every dialect reads its query as it was meant: names, texts and numbers."""

from __future__ import annotations

from typing import Any, get_args

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given

from evergreen import BGNBD, CLVModel, GammaGamma, RFMScorer, SegmentMap, SegmentRule
from evergreen.sql import Dialect, _number, clv_query, rfm_query

sqlglot: Any = pytest.importorskip("sqlglot")
exp = sqlglot.exp

DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
NAME = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=12)


def scorer_with(segment: str, cut: float) -> RFMScorer:
    """Return a scorer as one that was fitted."""
    scorer = RFMScorer(bins=2, segments=SegmentMap(("r",), [SegmentRule(segment, ((1, 2),))], bins=(2, 2, 2)))
    scorer.cut_points_ = {name: np.array([cut]) for name in ("days_since_last", "orders", "total_value")}
    return scorer


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("q", [0.5, 3.74])
def test_it_is_one_select(dialect: Dialect, q: float) -> None:
    model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), GammaGamma(6.25, q, 15.44), time_unit="W")
    for query in (clv_query(model, dialect=dialect), rfm_query(scorer_with("all", 1e-9), dialect=dialect)):
        [found] = sqlglot.parse(query, read=dialect)
        assert isinstance(found, exp.Select)
        assert not list(found.find_all(exp.Anonymous)), "functions that sqlglot knows, and so can translate"
        assert sqlglot.parse_one(found.sql(dialect), read=dialect) == found


@pytest.mark.parametrize("dialect", DIALECTS)
@given(customer=NAME.map(lambda name: f"{name}!"), table=st.lists(NAME, min_size=1, max_size=3))
def test_any_name(dialect: Dialect, customer: str, table: list[str]) -> None:
    model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W")
    assume(dialect != "bigquery" or not any("." in name for name in (customer, *table)))  # no name has a dot there
    found = sqlglot.parse_one(clv_query(model, table, dialect=dialect, customer=customer), read=dialect)
    [source] = found.find_all(exp.Table)
    assert [part.name for part in source.parts] == table
    assert found.selects[0].name == customer
    assert all(identifier.quoted for identifier in found.find_all(exp.Identifier))


@pytest.mark.parametrize("dialect", DIALECTS)
@given(segment=NAME, cut=NUMBER)
def test_any_segment_and_any_cut_point(dialect: Dialect, segment: str, cut: float) -> None:
    found = sqlglot.parse_one(rfm_query(scorer_with(segment, cut), dialect=dialect), read=dialect)
    literals = list(found.find_all(exp.Literal))
    assert [literal.name for literal in literals if literal.is_string] == [segment]
    assert abs(cut) in {float(literal.name) for literal in literals if not literal.is_string}


@given(NUMBER)
def test_numbers_are_doubles_to_the_bit(value: float) -> None:
    text = _number(value)
    assert float(text) == value
    assert "e" in text
    assert len(text) <= len(repr(value)) + 4
