"""What every estimator has from its base: settings by keyword, and nothing hidden."""

from __future__ import annotations

import inspect

import pytest

import evergreen
from evergreen import CLVModel, RFMScorer
from evergreen.errors import InvalidInputError, NotFittedError
from evergreen.models.estimator import Estimator

ESTIMATORS = sorted(
    (
        thing
        for name in evergreen.__all__
        if inspect.isclass(thing := getattr(evergreen, name)) and issubclass(thing, Estimator)
    ),
    key=lambda kind: kind.__name__,
)


def test_there_are_some() -> None:
    assert {CLVModel, RFMScorer} <= set(ESTIMATORS)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_settings_are_keywords_with_defaults(kind: type[Estimator]) -> None:
    for parameter in list(inspect.signature(kind.__init__).parameters.values())[1:]:
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert parameter.default is not inspect.Parameter.empty
        assert parameter.annotation is not inspect.Parameter.empty


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_constructor_stores_and_does_nothing_else(kind: type[Estimator]) -> None:
    """Settings are checked by `fit`, as in scikit-learn: any object comes back as it was given."""
    settings = {name: object() for name in kind().get_params()}
    made = kind(**settings)
    assert vars(made) == settings
    assert made.get_params() == made.get_params(deep=False) == settings


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_no_class_is_between_an_estimator_and_its_base(kind: type[Estimator]) -> None:
    assert kind.__bases__ == (Estimator,)
    assert getattr(kind, "__final__", False)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_repr_is_the_call_that_makes_it(kind: type[Estimator]) -> None:
    made = kind()
    assert eval(repr(made), {kind.__name__: kind}).get_params() == made.get_params()  # noqa: S307


def test_repr() -> None:
    assert repr(RFMScorer(bins=4)) == "RFMScorer(bins=4)"
    assert repr(CLVModel(spend=None)) == "CLVModel(spend=None)"


def test_unknown_settings_are_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        RFMScorer().set_params(bin=4)
    assert str(caught.value) == (
        "setting='bin' is not allowed; choose one of 'bins', 'method', 'breaks', 'monetary', 'weights', 'segments'."
    )


def test_unfitted_is_an_attribute_error_too() -> None:
    """So that `hasattr` and scikit-learn's own checks keep working."""
    assert not hasattr(RFMScorer(), "cut_points_")
    assert issubclass(NotFittedError, (ValueError, AttributeError))
