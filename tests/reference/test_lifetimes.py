"""lifetimes as a peer: the same where it converges, better where it is known to be wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from evergreen.models.bgnbd import BGNBD
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.models.histories import PurchaseHistories, SpendHistories
from tests.reference import cdnow

Optional = Callable[[str], ModuleType]
PUBLISHED = BGNBD(0.243, 4.414, 0.793, 2.426)


@pytest.fixture(scope="module")
def base() -> cdnow.Customers:
    return cdnow.customers()


def peer(optional: Optional) -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # retired options of pandas and numpy, set at import
        return optional("lifetimes")


def test_bgnbd_agrees(base: cdnow.Customers, optional: Optional) -> None:
    fitter = peer(optional).BetaGeoFitter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its optimizer meets on the way
        fitter.fit(base.frequency, base.recency, base.T, tol=1e-10)
    fit = BGNBD.fit(PurchaseHistories.of(base.frequency, base.recency, base.T))
    theirs = [fitter.params_[name] for name in fit.names]
    np.testing.assert_allclose(fit.values, theirs, rtol=1e-3)
    np.testing.assert_allclose(
        BGNBD(*theirs).expected_purchases(39, base.frequency, base.recency, base.T),
        fitter.conditional_expected_number_of_purchases_up_to_time(39, base.frequency, base.recency, base.T),
        rtol=1e-7,
    )
    np.testing.assert_allclose(
        BGNBD(*theirs).p_alive(base.frequency, base.recency, base.T),
        fitter.conditional_probability_alive(base.frequency, base.recency, base.T),
        rtol=1e-10,
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


@pytest.mark.parametrize("frequency", [130, 200, 1_000, 50_000])
def test_heavy_buyers_have_numbers(frequency: int) -> None:
    values = PUBLISHED.forecast(520, frequency, 38.86 * (1 - 1 / frequency), 38.86, delta=0.002)
    assert all(np.isfinite(value) for value in values)
    assert 0 < values.discounted_purchases < values.expected_purchases < 520 * frequency / 38.86


def test_nothing_happens_at_a_equal_to_one() -> None:
    below, at, above = (
        float(BGNBD(0.243, 4.414, a, 2.426).expected_purchases(39, 2, 30.43, 38.86)) for a in (1 - 1e-7, 1.0, 1 + 1e-7)
    )
    assert below > at > above
    assert at == pytest.approx((below + above) / 2, rel=1e-12, abs=0)


def test_covariance_is_symmetric_and_positive(base: cdnow.Customers) -> None:
    fit = BGNBD.fit(PurchaseHistories.of(base.frequency, base.recency, base.T))
    np.testing.assert_allclose(fit.covariance, fit.covariance.T, rtol=1e-12)
    assert np.linalg.eigvalsh(fit.covariance)[0] > 0
