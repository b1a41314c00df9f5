"""What is saved comes back the same, to the last bit."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from evergreen import (
    BGNBD,
    MBGNBD,
    CLVFit,
    CLVModel,
    CustomerBase,
    FitResult,
    FitStatus,
    GammaGamma,
    ParetoSegmenter,
    PurchaseHistories,
    RFMScorer,
    SegmentMap,
    SegmentRule,
    SpendHistories,
    WeakPrior,
    datasets,
    load,
    save,
)
from evergreen.errors import SavedFileError
from evergreen.models.estimator import Estimator
from evergreen.rfm.cut_points import Breaks
from evergreen.store import dumps, loads
from evergreen.store.kinds import KINDS
from evergreen.typing import TimeUnit
from tests.saved.examples import EXAMPLES

# ------------------------------------------------------------------------------------------------- sameness


def same(one: Any, other: Any) -> bool:
    """Return whether two objects are of one type and the same to the bit, part by part."""
    return type(one) is type(other) and _parts_same(one, other)


def _parts_same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, float):
        return one.hex() == other.hex()
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    parts = [_parts(thing) for thing in (one, other)]
    if parts[0] is None:
        return bool(one == other)
    return list(parts[0]) == list(parts[1]) and all(same(part, parts[1][name]) for name, part in parts[0].items())


def _parts(thing: Any) -> Any:
    """Return the parts of an object by name, or None if it has none."""
    if isinstance(thing, dict):
        return thing
    if dataclasses.is_dataclass(thing):
        return {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    return dict(sorted(vars(thing).items())) if isinstance(thing, Estimator) else None


# ------------------------------------------------------------------------------------------------- anything

POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
NUMBER = st.floats(allow_nan=False)
OR_NAN = NUMBER | st.just(float("nan"))
COUNT = st.integers(0, 2**40)
TEXT = st.text(max_size=8)
UNIT: st.SearchStrategy[TimeUnit] = st.sampled_from(["h", "D", "W", "M", "Y"])


def floats(shape: int | tuple[int, ...]) -> st.SearchStrategy[Any]:
    return arrays.arrays(np.float64, shape, elements=OR_NAN)


MODELS = st.sampled_from([BGNBD, MBGNBD]).flatmap(lambda kind: st.builds(kind, POSITIVE, POSITIVE, POSITIVE, POSITIVE))
SPENDS = st.builds(GammaGamma, POSITIVE, POSITIVE, POSITIVE)


@st.composite
def fits(draw: st.DrawFn, models: st.SearchStrategy[Any]) -> FitResult[Any]:
    model = draw(models)
    names = tuple(field.name for field in dataclasses.fields(model))
    return FitResult(
        model,
        draw(st.sampled_from(FitStatus)),
        draw(TEXT),
        names,
        tuple(draw(NUMBER) for _ in names),
        draw(NUMBER),
        draw(COUNT),
        draw(COUNT),
        draw(floats((len(names), len(names)))),
        draw(COUNT),
    )


@st.composite
def purchase_histories(draw: st.DrawFn) -> PurchaseHistories:
    size = draw(st.integers(0, 6))
    x = draw(arrays.arrays(np.int64, size, elements=st.integers(0, 10**6)))
    T = draw(arrays.arrays(np.float64, size, elements=st.floats(0, 1e9)))
    share = draw(arrays.arrays(np.float64, size, elements=st.floats(0, 1)))
    count = draw(arrays.arrays(np.int64, size, elements=st.integers(0, 10**9)))
    known = draw(st.none() | st.floats(-1e9, 1e9))
    t_x = np.where(x > 0, share * T, 0.0)
    return PurchaseHistories.of(x, t_x, T, count=count, time_unit=draw(UNIT), log_gaps=known)


@st.composite
def spend_histories(draw: st.DrawFn) -> SpendHistories:
    size = draw(st.integers(0, 6))
    x = draw(arrays.arrays(np.int64, size, elements=st.integers(0, 10**6)))
    value = draw(arrays.arrays(np.float64, size, elements=st.floats(0, 1e300)))
    return SpendHistories.of(x, value)


@st.composite
def segment_maps(draw: st.DrawFn, bins: tuple[int, int, int]) -> SegmentMap:
    axis = draw(st.sampled_from(["r", "f", "m"]))
    size = bins["rfm".index(axis)]
    cut = draw(st.integers(1, size - 1))
    return SegmentMap(
        (axis,), [SegmentRule(draw(TEXT), ((1, cut),)), SegmentRule(draw(TEXT), ((cut + 1, size),))], bins=bins
    )


@st.composite
def scorers(draw: st.DrawFn) -> RFMScorer:
    bins = draw(st.tuples(st.integers(2, 9), st.integers(2, 9), st.integers(2, 9)))
    scorer = RFMScorer(
        bins=bins,
        monetary=draw(st.sampled_from(["total", "mean"])),
        segments=draw(st.none() | st.sampled_from(["rf25", "rfm11", "rf6"]) | segment_maps(bins)),
    )
    if draw(st.booleans()):
        names = ("days_since_last", "orders", f"{scorer.monetary}_value")
        scorer.cut_points_ = {name: draw(floats(size - 1)) for name, size in zip(names, bins, strict=True)}
        scorer.customers_ = draw(COUNT)
    return scorer


@st.composite
def clv_models(draw: st.DrawFn) -> CLVModel:
    if draw(st.booleans()):
        return CLVModel(transactions=draw(TEXT), spend=None, prior=draw(st.none() | st.builds(WeakPrior)))
    model = CLVModel.from_models(draw(MODELS), draw(st.none() | SPENDS), time_unit=draw(UNIT))
    if draw(st.booleans()):
        model.fit_ = draw(CLV_FITS)
    return model


CLV_FITS = st.builds(CLVFit, fits(MODELS), st.none() | fits(SPENDS), OR_NAN)
THINGS = st.one_of(
    MODELS,
    SPENDS,
    st.builds(WeakPrior, st.floats(1, 1e9, exclude_min=True)),
    fits(MODELS | SPENDS),
    purchase_histories(),
    spend_histories(),
    segment_maps((5, 5, 5)),
    scorers(),
    CLV_FITS,
    clv_models(),
)


@given(THINGS)
def test_anything_comes_back_to_the_bit(thing: Any) -> None:
    text = dumps(thing)
    again = loads(text)
    assert same(again, thing)
    assert dumps(again) == text


@given(THINGS)
def test_text_is_strict_json_in_ascii(thing: Any) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    text = dumps(thing)
    document = json.loads(text, parse_constant=refuse)
    assert list(document) == ["format", "schema", "version", "kind", "fields"]
    assert text.isascii()
    assert text.endswith("}\n")


@pytest.mark.parametrize(
    "twin",
    [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing)), lambda thing: loads(dumps(thing))],  # noqa: S301
    ids=["copy", "deepcopy", "pickle", "json"],
)
@pytest.mark.parametrize("name", EXAMPLES)
def test_each_kind_has_twins(name: str, twin: Callable[[Any], Any]) -> None:
    thing = EXAMPLES[name].thing
    other = twin(thing)
    assert same(other, thing)
    assert dumps(other) == dumps(thing)


def test_every_kind_is_drawn_or_an_example() -> None:
    assert {type(example.thing) for example in EXAMPLES.values()} == {kind.of for kind in KINDS.values()}


# -------------------------------------------------------------------------------------------- as they are used


def test_a_fitted_model_predicts_the_same_from_its_file(tmp_path: Path) -> None:
    base = CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")
    model = CLVModel().fit(base)
    save(model, tmp_path / "model.json")
    again = load(tmp_path / "model.json")
    assert again.predict(base).equals(model.predict(base))
    assert again.summary().equals(model.summary())


def test_histories_of_a_base_come_back_whole() -> None:
    base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True), time_unit="W")
    for histories in (base.histories(), base.spends()):
        assert same(loads(dumps(histories)), histories)


def test_order_of_names_in_a_file_means_nothing() -> None:
    """Databases that keep JSON sort its names."""
    scorer = EXAMPLES["RFMScorer"]
    again = loads(json.dumps(json.loads(dumps(scorer.thing)), sort_keys=True))
    assert scorer.answers(again) == scorer.answers(scorer.thing)


def test_whole_and_narrow_numbers_are_saved_as_what_they_mean() -> None:
    assert loads(dumps(BGNBD(1, np.float64(2), 3, np.float32(0.5)))) == BGNBD(1.0, 2.0, 3.0, 0.5)  # type: ignore[arg-type]
    assert loads(dumps(RFMScorer(bins=np.int64(4), segments=None))).bins == 4  # type: ignore[arg-type]
    assert loads(dumps(RFMScorer(bins=[3, 4, 5], segments=None))).bins == (3, 4, 5)  # type: ignore[arg-type]
    breaks: Breaks = {"days_since_last": np.array([30, 90]), "orders": [1, 2], "total_value": np.array([50.0, 99.5])}
    scorer = loads(dumps(RFMScorer(method="breaks", bins=3, breaks=breaks, segments=None)))
    assert scorer.breaks == {"days_since_last": (30, 90), "orders": (1, 2), "total_value": (50.0, 99.5)}
    month = ParetoSegmenter(profit_period=timedelta(days=30))
    assert loads(dumps(month)).profit_period == timedelta(days=30)


@pytest.mark.parametrize(
    "model",
    [
        CLVModel(prior=WeakPrior(5.0)),
        CLVModel(purchase_covariates=("channel",), dropout_covariates=("channel",)),
        CLVModel(first_purchase=True, spend="gamma-gamma"),
        CLVModel(transactions="auto"),
        CLVModel(transactions="mbg/cnbd-k", spend=None),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore:Left out of the spend model")
@pytest.mark.filterwarnings("ignore:CovariateModel")
def test_every_setting_of_a_fitted_model_comes_back(model: CLVModel) -> None:
    base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True), log_gaps=True)
    ids = base.frame["customer_id"]
    known = pd.DataFrame({"customer_id": ids, "channel": np.where(ids % 2, "web", "shop")})
    base = base.with_attributes(known)
    back = loads(dumps(model.fit(base)))
    assert back.get_params() == model.get_params()
    pd.testing.assert_frame_equal(back.predict(base), model.predict(base), check_exact=True)
    assert hasattr(back, "choice_") == (model.transactions == "auto")
    assert dumps(back) == dumps(model)


def test_sums_of_logarithms_keep_their_rest() -> None:
    parts = [PurchaseHistories.of([1], [1.0], [2.0], log_gaps=[number]) for number in (2.0**60, 1.5)]
    whole = parts[0] + parts[1]
    assert whole.log_gaps_rest == 1.5
    assert same(loads(dumps(whole)), whole)
    document = json.loads(dumps(whole))
    for wrong in (300.0, "nan"):
        document["fields"]["log_gaps_rest"] = wrong
        with pytest.raises(SavedFileError, match="log_gaps_rest"):
            loads(json.dumps(document))
