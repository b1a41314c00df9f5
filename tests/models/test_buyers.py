"""Transaction models with and without covariates answer to the same calls."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evergreen import BGNBD, Covariate, CovariateModel, CustomerBase
from evergreen.models.buyers import attributes_of, evidence_with, fit_buyers, forecast_of, p_purchase_of
from evergreen.models.catalog import TRANSACTION_MODELS, name_of

PLAIN = BGNBD(0.5, 6.0, 0.8, 2.4)
BY_CHANNEL = CovariateModel(PLAIN, (Covariate("channel", levels=("shop", "web")),), ("channel",), (), (0.4,))
HISTORY = np.array([0, 2, 2]), np.array([0.0, 30.0, 30.0]), np.array([39.0, 39.0, 39.0])
CHANNEL = np.array(["web", "shop", "web"])


def test_the_chance_of_a_purchase_is_that_of_the_forecast() -> None:
    for buyers, known in ((PLAIN, ()), (BY_CHANNEL, (CHANNEL,))):
        assert len(attributes_of(buyers)) == len(known)
        wanted = forecast_of(buyers, 13.0, 0.0, *HISTORY, *known).p_purchase
        np.testing.assert_allclose(p_purchase_of(buyers, 13.0, *HISTORY, *known), wanted, rtol=1e-13)


def test_a_fit_has_covariates_if_they_are_named() -> None:
    drawn = PLAIN.simulate(52.0, customers=600, seed=3)
    ids = np.arange(600)
    summary = pd.DataFrame({"customer_id": ids, "frequency": drawn.frequency, "recency": drawn.recency, "T": drawn.T})
    known = pd.DataFrame({"customer_id": ids, "channel": np.where(ids % 2 == 0, "shop", "web")})
    base = CustomerBase.from_summary(summary, time_unit="W").with_attributes(known)
    assert fit_buyers(BGNBD, evidence_with(base, ())).parameters == BGNBD.fit(base.histories()).parameters
    found = fit_buyers(BGNBD, evidence_with(base, ["channel"]), purchase=["channel"])
    wanted = CovariateModel.fit(base.histories_by("channel"), purchase=["channel"])
    assert found.parameters == wanted.parameters


def test_names_are_those_of_the_catalog() -> None:
    assert name_of(PLAIN) == "bg/nbd"
    assert list(TRANSACTION_MODELS.values()).index(BGNBD) == list(TRANSACTION_MODELS).index(name_of(PLAIN))
