"""Choosing a transaction model: the true one where it matters, the simple one where it does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen import BGNBD, CLVModel, CustomerBase, datasets, split
from evergreen.clv.choice import Candidate, ModelChoice
from evergreen.errors import InvalidInputError
from evergreen.models.catalog import TRANSACTION_MODELS


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return datasets.load_cdnow(sample=True)


def names_of(choice: ModelChoice) -> list[str]:
    return [candidate.name for candidate in choice.candidates]


def test_all_models_in_continuous_time_are_looked_at(log: pd.DataFrame) -> None:
    choice = CLVModel(transactions="auto").fit(CustomerBase.from_transactions(log)).choice_
    assert names_of(choice) == [name for name, model in TRANSACTION_MODELS.items() if not model.discrete]
    assert choice.chosen in choice.reason


def test_by_likelihood_the_simplest_of_equals(log: pd.DataFrame) -> None:
    """On CDNOW the two beta-geometric models differ by less than one unit of AIC."""
    base = split(log, at="1997-09-30", time_unit="W").calibration
    model = CLVModel(transactions="auto").fit(base)
    choice = model.choice_
    table: Any = choice.to_frame().set_index("model")
    assert choice.chosen == "bg/nbd"
    assert "simplest" in choice.reason
    assert "No holdout" in choice.reason
    assert table.loc["bg/nbd", "delta_aic"] < 2
    assert table["delta_aic"].min() == 0
    assert np.isnan(table["log_score"]).all()
    assert type(model.transaction_model_) is BGNBD
    assert model.fit_.transactions is choice.fit


def test_by_likelihood_the_true_one() -> None:
    """Customers who leave after the first purchase as often as after others are no BG/NBD."""
    truth = TRANSACTION_MODELS["mbg/nbd"](0.9, 30.0, 1.0, 1.5)  # type: ignore[call-arg]
    drawn = truth.simulate(np.random.default_rng(1).uniform(100, 400, 20_000), seed=2)
    summary = pd.DataFrame(
        {"customer_id": range(20_000), "frequency": drawn.frequency, "recency": drawn.recency, "T": drawn.T}
    )
    model = CLVModel(transactions="auto", spend=None).fit(CustomerBase.from_summary(summary))
    assert model.choice_.chosen == "mbg/nbd"
    assert "lowest AIC" in model.choice_.reason


def test_by_holdout(log: pd.DataFrame) -> None:
    halves = split(log, at="1997-09-30", time_unit="W")
    choice = CLVModel(transactions="auto").fit(halves).choice_
    scores = {candidate.name: candidate.log_score for candidate in choice.candidates if candidate.fit}
    assert all(np.isfinite(score) and score < 0 for score in scores.values())
    best = max(scores, key=lambda name: scores[name])
    found = next(candidate for candidate in choice.candidates if candidate.name == choice.chosen)
    assert found.name == best or found.behind <= max(2 * found.behind_error, 1e-3)
    # second route, customer by customer
    base = halves.calibration.frame
    later = halves.holdout.set_index("customer_id")["frequency_holdout"].loc[base["customer_id"]].to_numpy()
    model = next(candidate.fit for candidate in choice.candidates if candidate.name == "mbg/nbd")
    assert model is not None
    probability = model.model.pmf_ahead(later, halves.duration, base["frequency"], base["recency"], base["T"])
    assert scores["mbg/nbd"] == pytest.approx(np.log(probability).mean(), rel=1e-11)


def test_a_named_model_takes_a_split_too(log: pd.DataFrame) -> None:
    halves = split(log, at="1997-09-30", time_unit="W")
    found, wanted = CLVModel().fit(halves), CLVModel().fit(halves.calibration)
    assert found.transaction_model_ == wanted.transaction_model_
    assert not hasattr(found, "choice_")


def test_a_choice_goes_with_the_fit_that_made_it(log: pd.DataFrame) -> None:
    base = CustomerBase.from_transactions(log)
    model = CLVModel(transactions="auto", spend=None).fit(base)
    assert model.choice_.chosen
    assert not hasattr(model.set_params(transactions="bg/nbd").fit(base), "choice_")


@pytest.mark.parametrize("name", TRANSACTION_MODELS)
def test_models_from_parameters_know_their_name(name: str) -> None:
    kind: Any = TRANSACTION_MODELS[name]
    known = kind(*([2] if name.endswith("-k") else []), 1.0, 1.0, 1.0, 1.0)
    assert CLVModel.from_models(known, time_unit="W").get_params()["transactions"] == name


def test_nothing_to_learn_from_is_said_as_ever() -> None:
    summary = pd.DataFrame({"customer_id": [1, 2], "frequency": [0, 0], "recency": [0.0, 0.0], "T": [5.0, 9.0]})
    with pytest.raises(InvalidInputError, match="repeat purchase"):
        CLVModel(transactions="auto", spend=None).fit(CustomerBase.from_summary(summary))


def test_a_model_that_was_not_fitted_is_never_the_best() -> None:
    assert Candidate("x", None, float("nan"), float("nan"), float("nan"), "why").aic == np.inf
