"""lifetimes as a peer: the same where it converges, better where it is known to be wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from evergreen.models.bgnbd import BGNBD, MBGNBD
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.models.histories import PurchaseHistories, SpendHistories
from tests.reference import cdnow

Optional = Callable[[str], ModuleType]
PUBLISHED = BGNBD(0.243, 4.414, 0.793, 2.426)
BOTH = pytest.mark.parametrize("model", [PUBLISHED, MBGNBD(0.525, 6.183, 0.891, 1.614)], ids=["bg/nbd", "mbg/nbd"])


@pytest.fixture(scope="module")
def base() -> cdnow.Customers:
    return cdnow.customers()


def peer(optional: Optional) -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # retired options of pandas and numpy, set at import
        return optional("lifetimes")


@pytest.mark.parametrize(("ours", "theirs"), [(BGNBD, "BetaGeoFitter"), (MBGNBD, "ModifiedBetaGeoFitter")])
def test_beta_geometric_models_agree(
    ours: type[BGNBD | MBGNBD], theirs: str, base: cdnow.Customers, optional: Optional
) -> None:
    fitter = getattr(peer(optional), theirs)()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its optimizer meets on the way
        fitter.fit(base.frequency, base.recency, base.T, tol=1e-8)
    fit = ours.fit(PurchaseHistories.of(base.frequency, base.recency, base.T))
    letters = [fitter.params_[name] for name in fit.names]
    np.testing.assert_allclose(fit.values, letters, rtol=2e-3)
    model, history = ours(*letters), (base.frequency, base.recency, base.T)
    np.testing.assert_allclose(
        model.expected_purchases(39, *history),
        fitter.conditional_expected_number_of_purchases_up_to_time(39, *history),
        rtol=1e-7,
    )
    np.testing.assert_allclose(model.p_alive(*history), fitter.conditional_probability_alive(*history), rtol=1e-10)
    few = range(20)
    theirs_few = [float(fitter.probability_of_n_purchases_up_to_time(39, n)) for n in few]
    np.testing.assert_allclose(model.pmf(few, 39), theirs_few, rtol=1e-8)
    np.testing.assert_allclose(
        model.expected_purchases_new([1.0, 39.0, 500.0]),
        fitter.expected_number_of_purchases_up_to_time(np.array([1.0, 39.0, 500.0])),
        rtol=1e-9,
    )


def test_gamma_gamma_agrees(base: cdnow.Customers, optional: Optional) -> None:
    repeat = base.mean_value > 0
    fitter = peer(optional).GammaGammaFitter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its optimizer meets on the way
        fitter.fit(base.frequency[repeat], base.mean_value[repeat])
    fit = GammaGamma.fit(SpendHistories.of(base.frequency, base.mean_value))
    np.testing.assert_allclose(fit.values, [fitter.params_[name] for name in fit.names], rtol=1e-3)


def test_silence_of_a_one_time_buyer() -> None:
    # a one-time buyer is alive, so that silence is that of a gamma rate: .855 where peers say .927
    silent = 1 - float(PUBLISHED.p_purchase(39, 0, 0, 38.86))
    assert silent == pytest.approx(((4.414 + 38.86) / (4.414 + 38.86 + 39)) ** 0.243, rel=1e-12, abs=0)
    assert round(silent, 3) == 0.855


@BOTH
@pytest.mark.parametrize("frequency", [130, 200, 1_000, 50_000])
def test_heavy_buyers_have_numbers(frequency: int, model: BGNBD | MBGNBD) -> None:
    values = model.forecast(520, frequency, 38.86 * (1 - 1 / frequency), 38.86, delta=0.002)
    assert all(np.isfinite(value) for value in values)
    assert 0 < values.discounted_purchases < values.expected_purchases < 520 * frequency / 38.86


@BOTH
def test_many_purchases_have_a_probability(model: BGNBD | MBGNBD) -> None:
    # factorials overflow from 171 on
    rare = model.pmf(np.arange(160, 400), 39)
    assert np.all(rare > 0)
    assert np.all(np.diff(np.log(rare)) < 0)
    np.testing.assert_allclose(np.diff(np.log(rare), 2), 0, atol=1e-4)


@BOTH
def test_nothing_happens_at_a_equal_to_one(model: BGNBD | MBGNBD) -> None:
    below, at, above = (
        float(replace(model, a=a).expected_purchases(39, 2, 30.43, 38.86)) for a in (1 - 1e-7, 1.0, 1 + 1e-7)
    )
    assert below > at > above
    assert at == pytest.approx((below + above) / 2, rel=1e-12, abs=0)


def test_covariance_is_symmetric_and_positive(base: cdnow.Customers) -> None:
    fit = BGNBD.fit(PurchaseHistories.of(base.frequency, base.recency, base.T))
    np.testing.assert_allclose(fit.covariance, fit.covariance.T, rtol=1e-12)
    assert np.linalg.eigvalsh(fit.covariance)[0] > 0
