"""Every engine gives the same base, the same scores and its own kind of frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from evergreen import CustomerBase, GapHistories, RFMScorer, split
from evergreen.frames.engines import table_beside
from tests.contracts.registry import (
    ENGINES,
    MEASURES,
    Engine,
    assert_same,
    base_of,
    by_id,
    in_memory,
    sample_log,
)

SAME = 1e-12
"""Relative difference allowed in floats between engines; text and whole numbers are equal."""

Results = Mapping[str, Any]


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return sample_log()


@pytest.fixture(scope="module", params=ENGINES, ids=str)
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]


@pytest.fixture(scope="module")
def native(engine: Engine, log: pd.DataFrame) -> Any:
    return engine.of(log)


@pytest.fixture(scope="module")
def base(native: Any) -> CustomerBase:
    return base_of(native).persist()


@pytest.fixture(scope="module")
def plain(log: pd.DataFrame) -> CustomerBase:
    return base_of(log)


@pytest.fixture(scope="module")
def fitted(base: CustomerBase) -> Results:
    return {name: measure.make().fit(base) for name, measure in MEASURES.items()}


@pytest.fixture(scope="module")
def results(base: CustomerBase, fitted: Results) -> Results:
    return {name: measure.score(fitted[name], base) for name, measure in MEASURES.items()}


@pytest.fixture(scope="module")
def wanted(plain: CustomerBase) -> Results:
    return {name: by_id(measure.score(measure.make().fit(plain), plain)) for name, measure in MEASURES.items()}


@pytest.mark.parametrize("name", MEASURES)
def test_scores_are_those_of_pandas(name: str, results: Results, wanted: Results) -> None:
    assert_same(by_id(results[name]), wanted[name], rtol=SAME)


@pytest.mark.parametrize("name", ["clv", "rfm, nested"])
def test_a_base_that_runs_from_the_log_each_time_scores_the_same(name: str, native: Any, wanted: Results) -> None:
    base = base_of(native)
    assert_same(by_id(MEASURES[name].score(MEASURES[name].make().fit(base), base)), wanted[name], rtol=SAME)


@pytest.mark.parametrize("name", MEASURES)
def test_what_was_learned_here_scores_elsewhere(
    name: str, plain: CustomerBase, fitted: Results, wanted: Results
) -> None:
    assert_same(by_id(MEASURES[name].score(fitted[name], plain)), wanted[name], rtol=SAME)


def test_histories_are_those_of_pandas_to_the_bit(base: CustomerBase, plain: CustomerBase) -> None:
    for found, expected in ((base.histories(), plain.histories()), (base.spends(), plain.spends())):
        for column in type(expected).__dataclass_fields__:
            np.testing.assert_array_equal(getattr(found, column), getattr(expected, column), err_msg=column)


def test_gaps_are_those_of_pandas_to_the_bit(native: Any, log: pd.DataFrame) -> None:
    def asked(log: Any) -> list[GapHistories]:
        bases = [base_of(log), base_of(log, occasion="row", time_unit="W"), split(log, at="2024-08-31").calibration]
        return [base.gaps() for base in bases]

    for found, wanted in zip(asked(native), asked(log), strict=True):
        for column in GapHistories.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(found, column), getattr(wanted, column), err_msg=column)


def test_what_may_be_known_besides_is_that_of_pandas_to_the_bit(native: Any, log: pd.DataFrame) -> None:
    ids = log["customer_id"].unique()
    known = {
        "customer_id": np.array(ids, object),
        "channel": np.array([name[-1:] for name in ids], object),
        "margin": np.arange(len(ids)) % 7 / 10,
    }

    def asked(log: Any) -> list[Any]:
        attributes = table_beside(nw.from_native(log), known).to_native()
        base = base_of(log, log_gaps=True, time_unit="W").with_attributes(attributes)
        rows, spends = base.histories_by("channel", "margin"), base.spends(first_purchase=True)
        return [
            base.histories().log_gaps,
            *(rows.frequency, rows.recency, rows.T, rows.count, *rows.values.values()),
            *(spends.frequency, spends.value, spends.count),
            *split(log, at="2024-08-31", time_unit="W").repeat_occasions(),
        ]

    for found, wanted in zip(asked(native), asked(log), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", MEASURES)
def test_the_same_kind_of_frame_comes_back(
    name: str, engine: Engine, native: Any, base: CustomerBase, results: Results
) -> None:
    assert base.is_lazy is engine.lazy
    assert type(results[name]) is type(native)
    assert isinstance(nw.from_native(results[name]), nw.LazyFrame if engine.lazy else nw.DataFrame)


@pytest.mark.parametrize("name", MEASURES)
def test_ids_keep_their_type(name: str, native: Any, results: Results) -> None:
    found, given = (nw.from_native(frame).collect_schema() for frame in (results[name], native))
    assert found["customer_id"] == given["customer_id"]
    if isinstance(native, pd.DataFrame):
        assert results[name].dtypes["customer_id"] == native.dtypes["customer_id"]


def test_the_input_is_left_alone(engine: Engine, native: Any, log: pd.DataFrame, results: Results) -> None:
    for result in results.values():
        in_memory(result)
    found, before = in_memory(native).to_native(), in_memory(engine.of(log)).to_native()
    if isinstance(before, pd.DataFrame):
        pd.testing.assert_frame_equal(found, before)
    else:
        assert found.equals(before)


@pytest.mark.parametrize("name", ["clv", "rfm"])
def test_a_summary_scores_as_its_log(name: str, base: CustomerBase, fitted: Results, wanted: Results) -> None:
    """The frame of a base is a summary: reading it back changes no score."""
    again = CustomerBase.from_summary(base.frame)
    assert_same(by_id(MEASURES[name].score(fitted[name], again)), wanted[name], rtol=SAME)


def test_segments_add_up_to_the_base(base: CustomerBase, fitted: Results, wanted: Results) -> None:
    summary, scored = in_memory(fitted["rfm"].summary(base)), wanted["rfm"]
    columns = {name: np.array(summary.get_column(name).to_list()) for name in summary.columns}
    assert columns["customers"].sum() == len(scored["customer_id"])
    assert columns["orders"].sum() == scored["orders"].sum()
    np.testing.assert_allclose(columns["total_value"].sum(), scored["total_value"].sum(), rtol=1e-13)
    np.testing.assert_allclose(columns["share"].sum(), 1.0, rtol=1e-15)
    np.testing.assert_allclose(columns["share_of_value"].sum(), 1.0, rtol=1e-13)
    for row, segment in enumerate(columns["segment"].tolist()):
        members = scored["segment"] == segment
        assert columns["customers"][row] == members.sum()
        assert columns["orders"][row] == scored["orders"][members].sum()
        np.testing.assert_allclose(columns["total_value"][row], scored["total_value"][members].sum(), rtol=1e-12)


def test_the_summary_of_segments_is_the_same_on_every_engine(
    base: CustomerBase, plain: CustomerBase, fitted: Results
) -> None:
    found = in_memory(fitted["rfm"].summary(base))
    expected = in_memory(RFMScorer().fit(plain).summary(plain))
    assert found.columns == expected.columns
    for name in found.columns:
        ours, theirs = (np.array(frame.get_column(name).to_list()) for frame in (found, expected))
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
