"""Laws of every measure: what may change a customer's score, and what may not."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen import CustomerBase
from evergreen.errors import InputTypeError, InvalidInputError, NotFittedError
from tests.contracts.registry import MEASURES, Measure, assert_same, base_of, by_id, pickled, sample_log, saved

REFIT = 1e-7
"""Relative difference allowed in floats where a measure is fitted again to the same customers in other units."""

Columns = dict[str, "np.ndarray[Any, Any]"]


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return sample_log()


@pytest.fixture(scope="module")
def base(log: pd.DataFrame) -> CustomerBase:
    return base_of(log)


@pytest.fixture(scope="module", params=MEASURES, ids=str)
def measure(request: pytest.FixtureRequest) -> Measure:
    return MEASURES[request.param]


@pytest.fixture(scope="module")
def fitted(measure: Measure, base: CustomerBase) -> Any:
    return measure.make().fit(base)


@pytest.fixture(scope="module")
def scores(measure: Measure, fitted: Any, base: CustomerBase) -> Columns:
    return by_id(measure.score(fitted, base))


def learned(estimator: Any) -> bytes:
    return pickle.dumps(vars(estimator))


# ----------------------------------------------------------------------- what may not change a score


def test_every_customer_is_scored_once(base: CustomerBase, scores: Columns) -> None:
    ids = scores["customer_id"].tolist()
    assert len(ids) == len(base)
    assert sorted(ids) == sorted(base.frame["customer_id"])


def test_nothing_is_missing_or_infinite(scores: Columns) -> None:
    for name, values in scores.items():
        if values.dtype.kind == "f":
            assert np.isfinite(values).all(), name


def test_order_of_rows(measure: Measure, log: pd.DataFrame, scores: Columns) -> None:
    base = base_of(log.sample(frac=1.0, random_state=11))
    assert_same(by_id(measure.score(measure.make().fit(base), base)), scores)


@pytest.mark.parametrize(
    "rename",
    [lambda number: f"{999_999 - number}", lambda number: f"no. {(number * 7_919) % 1_009:04}"],
    ids=["backwards", "scrambled"],
)
def test_names_of_ids(rename: Callable[[int], str], measure: Measure, log: pd.DataFrame, scores: Columns) -> None:
    names = {name: rename(int(name.split()[1])) for name in log["customer_id"].unique()}
    base = base_of(log.assign(customer_id=log["customer_id"].map(names)))
    found = by_id(measure.score(measure.make().fit(base), base))
    place = {name: row for row, name in enumerate(found["customer_id"].tolist())}
    rows = [place[names[name]] for name in scores["customer_id"].tolist()]
    wanted = {**scores, "customer_id": found["customer_id"][rows]}
    assert_same({name: values[rows] for name, values in found.items()}, wanted)


@pytest.mark.parametrize("kind", ["int64", "int32", "uint16"])
def test_kind_of_ids(kind: str, measure: Measure, log: pd.DataFrame, scores: Columns) -> None:
    numbers = log["customer_id"].str.split().str[1].astype(np.dtype(kind))
    base = base_of(log.assign(customer_id=numbers))
    found = measure.score(measure.make().fit(base), base)
    assert found["customer_id"].dtype == np.dtype(kind)
    columns = by_id(found.assign(customer_id="customer " + found["customer_id"].astype(str)))
    assert_same(columns, scores)


@pytest.mark.parametrize("unit", ["h", "W", "M", "Y"])
def test_unit_of_time(unit: Any, measure: Measure, log: pd.DataFrame, scores: Columns) -> None:
    base = base_of(log, time_unit=unit)
    assert_same(by_id(measure.score(measure.make().fit(base), base)), scores, rtol=REFIT)


@pytest.mark.parametrize("factor", [100, 1_000])
def test_currency(factor: int, measure: Measure, log: pd.DataFrame, scores: Columns) -> None:
    base = base_of(log.assign(amount=(log["amount"] * factor).round(2)))
    found = by_id(measure.score(measure.make().fit(base), base))
    wanted = {name: values * factor if name in measure.money else values for name, values in scores.items()}
    assert_same(found, wanted, rtol=REFIT)


def test_columns_beside_those_that_are_read(measure: Measure, log: pd.DataFrame, scores: Columns) -> None:
    base = base_of(log.assign(clv=1.0, segment="none", r=0, weather="fine"))
    assert_same(by_id(measure.score(measure.make().fit(base), base)), scores)


def test_a_customer_alone_scores_as_among_all(
    measure: Measure, fitted: Any, log: pd.DataFrame, base: CustomerBase, scores: Columns
) -> None:
    ids = scores["customer_id"]
    heaviest = base.frame.nlargest(2, "frequency")["customer_id"].tolist()
    for name in [*ids[::125].tolist(), *heaviest]:
        alone = by_id(measure.score(fitted, base_of(log[log["customer_id"] == name])))
        assert_same(alone, {column: values[ids == name] for column, values in scores.items()})


def test_partitions_score_as_the_whole(measure: Measure, fitted: Any, log: pd.DataFrame, scores: Columns) -> None:
    owner = log["customer_id"].str.split().str[1].astype(int) % 3
    parts = [by_id(measure.score(fitted, base_of(log[owner == part]))) for part in range(3)]
    merged = {name: np.concatenate([part[name] for part in parts]) for name in scores}
    order = np.argsort(merged["customer_id"], kind="stable")
    assert_same({name: values[order] for name, values in merged.items()}, scores)


def test_twins_score_the_same(measure: Measure, log: pd.DataFrame) -> None:
    """A copy of a customer under another name scores as the customer, also where the copy was learned from."""
    names = log["customer_id"].unique()[:40]
    twins = log[log["customer_id"].isin(names)]
    base = base_of(pd.concat([log, twins.assign(customer_id="twin of " + twins["customer_id"])]))
    found = by_id(measure.score(measure.make().fit(base), base))
    place = {name: row for row, name in enumerate(found["customer_id"].tolist())}
    ones, others = [place[name] for name in names], [place[f"twin of {name}"] for name in names]
    for name, values in found.items():
        if name != "customer_id":
            np.testing.assert_array_equal(values[ones], values[others], err_msg=name)


def test_a_newcomer_changes_nobody_on_learned_values(
    measure: Measure, fitted: Any, log: pd.DataFrame, scores: Columns
) -> None:
    whale = pd.DataFrame({"customer_id": "whale", "date": pd.Timestamp("2024-12-30"), "amount": 1e6}, index=[0])
    found = by_id(measure.score(fitted, base_of(pd.concat([log, whale]))))
    others = found["customer_id"] != "whale"
    assert_same({name: values[others] for name, values in found.items()}, scores)


# ------------------------------------------------------------------------------- what an object keeps


def test_fit_returns_itself_and_learns_under_names_that_end_in_underscore(measure: Measure, base: CustomerBase) -> None:
    estimator = measure.make()
    before = dict(vars(estimator))
    assert estimator.fit(base) is estimator
    after = vars(estimator)
    assert {name: after[name] for name in before} == before
    new = set(after) - set(before)
    assert new
    assert all(name.endswith("_") and not name.startswith("_") for name in new)


def test_settings_are_stored_unchanged(measure: Measure) -> None:
    estimator = measure.make()
    settings = estimator.get_params()
    assert settings == vars(estimator)
    assert type(estimator)(**settings).get_params() == settings
    assert repr(estimator) == repr(type(estimator)(**settings))


def test_fitting_twice_is_fitting_once(measure: Measure, fitted: Any, base: CustomerBase) -> None:
    assert learned(measure.make().fit(base).fit(base)) == learned(measure.make().fit(base))


def test_scoring_changes_neither_object_nor_base(measure: Measure, fitted: Any, base: CustomerBase) -> None:
    frame, before = base.frame.copy(deep=True), learned(fitted)
    for verb in measure.verbs.values():
        verb(fitted, base)
    assert learned(fitted) == before
    pd.testing.assert_frame_equal(base.frame, frame)


def test_changing_a_result_changes_no_other(measure: Measure, fitted: Any, base: CustomerBase, scores: Columns) -> None:
    result = measure.score(fitted, base)
    for name in result.columns[1:]:
        result.loc[:, name] = result[name].iloc[0]
    assert_same(by_id(measure.score(fitted, base)), scores)


def test_failed_fit_changes_nothing(measure: Measure, base: CustomerBase) -> None:
    estimator = measure.make().fit(base)
    before = learned(estimator)
    with pytest.raises(InputTypeError):
        estimator.fit(base.frame)
    assert learned(estimator) == before


@pytest.mark.parametrize(
    "twin",
    [copy.copy, copy.deepcopy, pickled, saved],
    ids=["copy", "deepcopy", "pickle", "json"],
)
def test_copies_score_the_same(
    twin: Callable[[Any], Any], measure: Measure, fitted: Any, base: CustomerBase, scores: Columns
) -> None:
    other = twin(fitted)
    assert other is not fitted
    assert other.get_params() == fitted.get_params()
    assert_same(by_id(measure.score(other, base)), scores)


def test_clone_has_settings_and_nothing_learned(measure: Measure, fitted: Any, base: CustomerBase) -> None:
    clone = pytest.importorskip("sklearn.base").clone
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    assert set(vars(fresh)) == set(fitted.get_params())
    with pytest.raises(NotFittedError):
        measure.score(fresh, base)


def test_set_params_is_the_constructor(measure: Measure) -> None:
    made = measure.make()
    other = type(made)()
    assert other.set_params(**made.get_params()) is other
    assert other.get_params() == made.get_params()
    with pytest.raises(InvalidInputError, match="setting='colour' is not allowed"):
        other.set_params(colour="green")


def test_wrong_setting_in_set_params_changes_nothing(measure: Measure) -> None:
    made = measure.make()
    before, first = made.get_params(), next(iter(made.get_params()))
    with pytest.raises(InvalidInputError):
        made.set_params(**{first: "something else", "colour": "green"})
    assert made.get_params() == before


def test_unfitted_says_so(measure: Measure, base: CustomerBase) -> None:
    estimator = measure.make()
    name = type(estimator).__name__
    for verb, call in measure.verbs.items():
        with pytest.raises(NotFittedError) as caught:
            call(estimator, base)
        assert str(caught.value) == f"This {name} is not fitted yet; call {name}.fit(...) before {verb}."


@pytest.mark.parametrize("wrong", ["log", "frame", "histories", "path", "none"])
def test_anything_but_a_base_is_refused(
    wrong: str, measure: Measure, fitted: Any, base: CustomerBase, log: pd.DataFrame
) -> None:
    thing: Any = {
        "log": log,
        "frame": base.frame,
        "histories": base.histories(),
        "path": "customers.csv",
        "none": None,
    }[wrong]
    message = (
        "base must be a CustomerBase (build it with CustomerBase.from_transactions or "
        f"CustomerBase.from_summary), got {type(thing).__name__}."
    )
    with pytest.raises(InputTypeError) as fitting:
        measure.make().fit(thing)
    with pytest.raises(InputTypeError) as scoring:
        measure.score(fitted, thing)
    assert str(fitting.value) == str(scoring.value) == message
