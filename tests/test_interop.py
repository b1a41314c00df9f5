"""Models go to lifetimes and come back, and predict the same on both sides."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from evergreen import BGBB, BGNBD, MBGNBD, BGCNBDk, CLVModel, CustomerBase, GammaGamma, ParetoNBD, datasets
from evergreen.errors import InputTypeError, InvalidInputError, NotFittedError
from evergreen.interop import from_lifetimes, to_lifetimes
from evergreen.models.transactions import HistoryModel

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its import sets an option that newer pandas has retired
    lifetimes: Any = pytest.importorskip("lifetimes")

PURCHASES = BGNBD(0.243, 4.414, 0.793, 2.426)
SPEND = GammaGamma(6.25, 3.74, 15.44)


@pytest.fixture(scope="module")
def base() -> CustomerBase:
    return CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")


@pytest.fixture(scope="module")
def fitted(base: CustomerBase) -> tuple[Any, Any]:
    """Return fitters that lifetimes has fitted itself."""
    frame = base.frame
    repeat = frame[frame["frequency"] > 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old numpy and pandas habits inside
        transactions = lifetimes.BetaGeoFitter().fit(frame["frequency"], frame["recency"], frame["T"])
        spend = lifetimes.GammaGammaFitter().fit(repeat["frequency"], repeat["monetary_value"])
    return transactions, spend


def test_parameters_come_over_unchanged(fitted: tuple[Any, Any]) -> None:
    model = from_lifetimes(*fitted, time_unit="W")
    assert isinstance(model, CLVModel)
    assert model.time_unit_ == "W"
    transactions, spend = model.transaction_model_, model.spend_model_
    assert spend is not None
    for fitter, names, ours in ((fitted[0], "r alpha a b", transactions), (fitted[1], "p q v", spend)):
        for name in names.split():
            assert getattr(ours, name) == fitter.params_[name]


def test_there_and_back() -> None:
    model = CLVModel.from_models(PURCHASES, SPEND, time_unit="W")
    again = from_lifetimes(*to_lifetimes(model), time_unit="W")
    assert (again.transaction_model_, again.spend_model_) == (PURCHASES, SPEND)
    bare = CLVModel.from_models(PURCHASES, time_unit="D")
    transactions, nothing = to_lifetimes(bare)
    assert nothing is None
    assert from_lifetimes(transactions, time_unit="D").spend_model_ is None


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (PURCHASES, "BetaGeoFitter"),
        (MBGNBD(0.525, 6.183, 0.891, 1.614), "ModifiedBetaGeoFitter"),
        (ParetoNBD(0.553, 10.578, 0.606, 11.669), "ParetoNBDFitter"),
        (BGBB(1.204, 0.75, 0.657, 2.783), "BetaGeoBetaBinomFitter"),
    ],
    ids=["bg/nbd", "mbg/nbd", "pareto/nbd", "bg/bb"],
)
def test_every_model_goes_there_and_back_and_says_the_same(ours: HistoryModel, theirs: str) -> None:
    fitter, nothing = to_lifetimes(CLVModel.from_models(ours, time_unit="W"))
    assert nothing is None
    assert type(fitter) is getattr(lifetimes, theirs)
    assert from_lifetimes(fitter, time_unit="W").transaction_model_ == ours
    # short histories: on others the likelihood of their BG/BB has a floor of 1e-15
    x, t_x, T = np.array([0, 1, 3, 5]), np.array([0.0, 2.0, 5.0, 6.0]), np.array([4.0, 6.0, 6.0, 6.0])
    ahead = (1,) if ours.discrete else ()  # ours is to be alive at the next opportunity
    alive = fitter.conditional_probability_alive(*ahead, x, t_x, T)
    np.testing.assert_allclose(ours.p_alive(x, t_x, T), alive, rtol=1e-9)
    np.testing.assert_allclose(ours.expected_purchases(39, x, t_x, T), fitter.predict(39, x, t_x, T), rtol=1e-8)


def test_both_sides_forecast_the_same(fitted: tuple[Any, Any], base: CustomerBase) -> None:
    found = from_lifetimes(*fitted, time_unit="W").predict(base, horizon="39W")
    frame = base.frame
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = fitted[0].predict(39, frame["frequency"], frame["recency"], frame["T"])
        alive = fitted[0].conditional_probability_alive(frame["frequency"], frame["recency"], frame["T"])
        spend = fitted[1].conditional_expected_average_profit(frame["frequency"], frame["monetary_value"])
    np.testing.assert_allclose(found["expected_purchases"], theirs, rtol=1e-8)
    np.testing.assert_allclose(found["p_alive"], alive, rtol=1e-10)
    np.testing.assert_allclose(found["expected_spend"], spend, rtol=1e-10)


def test_our_fit_is_at_least_as_likely_as_theirs(fitted: tuple[Any, Any], base: CustomerBase) -> None:
    ours = CLVModel().fit(base)
    theirs = from_lifetimes(*fitted, time_unit="W")
    for name, value in ours.fit_.transactions.parameters.items():
        assert getattr(theirs.transaction_model_, name) == pytest.approx(value, rel=2e-3)

    def mean_loss(model: CLVModel) -> float:
        """Return minus the mean log-likelihood, by the formula of lifetimes."""
        letters = np.log(list(model.transaction_model_.parameters.values()))
        columns = (column.to_numpy() for column in (frame["frequency"], frame["recency"], frame["T"]))
        return float(fitted[0]._negative_log_likelihood(letters, *columns, np.ones(len(frame)), 0.0))

    frame = base.frame
    loss = mean_loss(ours)
    assert loss <= mean_loss(theirs) + 1e-13
    assert ours.fit_.transactions.log_likelihood == pytest.approx(-loss * len(frame), rel=1e-12)


def test_a_model_we_fitted_predicts_over_there(base: CustomerBase) -> None:
    model = CLVModel().fit(base)
    transactions, spend = to_lifetimes(model)
    frame = base.frame
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = transactions.predict(39, frame["frequency"], frame["recency"], frame["T"])
        level = spend.conditional_expected_average_profit(frame["frequency"], frame["monetary_value"])
    found = model.predict(base, horizon="39W")
    np.testing.assert_allclose(found["expected_purchases"], theirs, rtol=1e-8)
    np.testing.assert_allclose(found["expected_spend"], level, rtol=1e-10)
    assert repr(transactions).startswith("<lifetimes.BetaGeoFitter")


def test_other_models_are_refused(fitted: tuple[Any, Any]) -> None:
    wrong: list[tuple[Any, str]] = [
        (type("OwnFitter", (lifetimes.BetaGeoFitter,), {})(), "OwnFitter"),  # a subclass may be another model
        (fitted[1], "GammaGammaFitter"),
        (lifetimes.BetaGeoFitter, "a class"),
        (PURCHASES, "BGNBD"),
        (None, "NoneType"),
    ]
    for thing, name in wrong:
        with pytest.raises(InputTypeError) as caught:
            from_lifetimes(thing, time_unit="W")
        assert str(caught.value) == (
            "transactions must be a lifetimes.BetaGeoFitter or ModifiedBetaGeoFitter or ParetoNBDFitter or "
            f"BetaGeoBetaBinomFitter, got {name}."
        )
    with pytest.raises(InputTypeError) as caught:
        from_lifetimes(fitted[0], fitted[0], time_unit="W")
    assert str(caught.value) == "spend must be a lifetimes.GammaGammaFitter, got BetaGeoFitter."


def test_unfitted_is_refused_on_both_sides(fitted: tuple[Any, Any]) -> None:
    for fitters, name in (
        ((lifetimes.BetaGeoFitter(),), "BetaGeoFitter"),
        ((fitted[0], lifetimes.GammaGammaFitter()), "GammaGammaFitter"),
    ):
        with pytest.raises(NotFittedError) as caught:
            from_lifetimes(*fitters, time_unit="W")
        assert str(caught.value) == f"This {name} is not fitted yet; call {name}.fit(...) before from_lifetimes."
    with pytest.raises(NotFittedError) as caught:
        to_lifetimes(CLVModel())
    assert str(caught.value) == ("This CLVModel is not fitted yet; call CLVModel.fit(...) before to_lifetimes.")


def test_anything_but_a_model_is_refused() -> None:
    with pytest.raises(InputTypeError) as caught:
        to_lifetimes(PURCHASES)  # type: ignore[arg-type]
    assert str(caught.value) == "model must be a CLVModel, got BGNBD."


def test_models_that_lifetimes_lacks_are_refused() -> None:
    model = CLVModel.from_models(BGCNBDk(2, 0.5, 6.0, 0.8, 2.0), time_unit="W")
    with pytest.raises(InputTypeError) as caught:
        to_lifetimes(model)
    assert str(caught.value) == (
        "transaction_model_ must be a model that lifetimes has, BGNBD or MBGNBD or ParetoNBD or BGBB, got BGCNBDk."
    )


def test_the_unit_has_to_be_said(fitted: tuple[Any, Any]) -> None:
    with pytest.raises(TypeError, match="time_unit"):
        from_lifetimes(fitted[0])  # type: ignore[call-arg]
    with pytest.raises(InvalidInputError, match="time_unit='week' is not allowed"):
        from_lifetimes(fitted[0], time_unit="week")  # type: ignore[arg-type]
