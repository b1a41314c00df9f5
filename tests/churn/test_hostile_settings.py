"""Wrong settings and arguments of a churn detector: each with its error and its words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen import BGNBD, ChurnDetector, CustomerBase, GammaGamma
from evergreen.errors import EvergreenError, InputTypeError, InvalidInputError, NotFittedError
from tests.contracts.registry import base_of, sample_log

Wrong = tuple[Callable[[ChurnDetector, CustomerBase], Any], type[EvergreenError], str]
BANDS = "bands must be two chances above 0 and in ascending order, such as (0.5, 0.8), got {}."
OFFER: dict[str, Any] = {"value": "total_value", "contact_cost": 1.0, "offer_cost": 5.0, "success_rate": 0.3}


@pytest.fixture(scope="module")
def base() -> CustomerBase:
    plain = base_of(sample_log(200))
    ids = plain.frame["customer_id"]
    return plain.with_attributes(pd.DataFrame({"customer_id": ids, "channel": "web", "clv": np.arange(len(ids)) / 7}))


@pytest.fixture(scope="module")
def detector(base: CustomerBase) -> ChurnDetector:
    return ChurnDetector().fit(base)


def fit(**settings: Any) -> Callable[[ChurnDetector, CustomerBase], Any]:
    return lambda _, base: ChurnDetector(**settings).fit(base)


def campaign(**arguments: Any) -> Callable[[ChurnDetector, CustomerBase], Any]:
    return lambda detector, base: detector.campaign(base, **{**OFFER, **arguments})


CASES: dict[str, Wrong] = {
    "unknown model": (
        fit(transactions="markov"),
        InvalidInputError,
        (
            "transactions='markov' is not allowed; choose one of 'bg/nbd', 'mbg/nbd', 'pareto/nbd', 'bg/cnbd-k', "
            "'mbg/cnbd-k', 'bg/bb', 'gaps'."
        ),
    ),
    "a bare horizon": (
        fit(horizon=90),
        InputTypeError,
        'A duration must be text with its unit ("365D", "52W"), a timedelta or a numpy.timedelta64, got int.',
    ),
    "an endless horizon": (
        fit(horizon="inf"),
        InvalidInputError,
        (
            "Cannot read the duration 'inf': write a number and a unit, such as '365D' or '52W'; units are h (hours), "
            "D (days), W (weeks), M (months), Y (years)."
        ),
    ),
    "bands the wrong way": (fit(bands=(0.8, 0.5)), InvalidInputError, BANDS.format("(0.8, 0.5)")),
    "one band": (fit(bands=(0.5,)), InvalidInputError, BANDS.format("(0.5,)")),
    "a number for bands": (fit(bands=0.5), InvalidInputError, BANDS.format("0.5")),
    "a band from 0 on": (fit(bands=(0, 0.5)), InvalidInputError, BANDS.format("(0, 0.5)")),
    "bands in percent": (
        fit(bands=(50, 80)),
        InvalidInputError,
        "bands is a share and must lie from 0 to 1 (30 % is 0.3), got 50.0.",
    ),
    "bands of text": (fit(bands=("low", "high")), InputTypeError, "bands must be a number, got str."),
    "lapse chance in percent": (
        fit(lapse_chance=10),
        InvalidInputError,
        "lapse_chance is a share and must lie from 0 to 1 (30 % is 0.3), got 10.0.",
    ),
    "covariates without a model": (
        fit(transactions="gaps", purchase_covariates=["channel"]),
        InvalidInputError,
        "transactions='gaps' takes no covariates: name a model.",
    ),
    "no covariates": (
        fit(purchase_covariates=None),
        InputTypeError,
        "purchase_covariates must be a list of names of attributes, got NoneType.",
    ),
    "one covariate as text": (
        fit(dropout_covariates="channel"),
        InputTypeError,
        "dropout_covariates must be a list of names of attributes, got str.",
    ),
    "a number for a prior": (fit(prior=3), InputTypeError, "prior must be a WeakPrior, or None, got int."),
    "opportunities by the day": (
        lambda _, base: ChurnDetector(transactions="bg/bb", horizon="12h").fit(base).transform(base),
        InvalidInputError,
        "horizon counts opportunities and must be a whole number, got 0.5.",
    ),
    "a horizon that no gap has lasted": (
        lambda _, base: ChurnDetector(transactions="gaps", horizon="5Y").fit(base),
        InvalidInputError,
        (
            "No gap was observed for as long as the horizon: the longest took 359 days. "
            "Choose a shorter horizon, or observe customers for longer."
        ),
    ),
    "a base in weeks": (
        lambda detector, _: detector.transform(base_of(sample_log(50), time_unit="W")),
        InvalidInputError,
        "The model's times are in 'D', the base's in 'W': build the base with time_unit='D'.",
    ),
    "a value that is not there": (
        lambda detector, base: detector.transform(base, value="worth"),
        InvalidInputError,
        (
            "value='worth' is no column of this base; its numbers are ['frequency', 'recency', 'T', 'monetary_value', "
            "'orders', 'total_value', 'refunds', 'clv']. Add the column by base.with_attributes(frame, 'worth')."
        ),
    ),
    "a number for the column of values": (
        lambda detector, base: detector.summary(base, value=100),  # type: ignore[arg-type]
        InputTypeError,
        "value must be the name of a column of the base, got int.",
    ),
    "a negative cost": (
        campaign(contact_cost=-1),
        InvalidInputError,
        "contact_cost must be finite and at least 0, got -1.0.",
    ),
    "a success rate in percent": (
        campaign(success_rate=30),
        InvalidInputError,
        "success_rate is a share and must lie from 0 to 1 (30 % is 0.3), got 30.0.",
    ),
    "a model to be fitted": (
        lambda _, __: ChurnDetector.from_model(BGNBD, time_unit="D"),  # type: ignore[arg-type]
        InputTypeError,
        "model must be a transaction model with parameters, such as BGNBD(...), got a class.",
    ),
    "a model of spend": (
        lambda _, __: ChurnDetector.from_model(GammaGamma(6.25, 3.74, 15.44), time_unit="D"),  # type: ignore[arg-type]
        InputTypeError,
        "model must be a transaction model with parameters, such as BGNBD(...), got GammaGamma.",
    ),
    "an unknown unit": (
        lambda _, __: ChurnDetector.from_model(BGNBD(1, 1, 1, 1), time_unit="days"),  # type: ignore[arg-type]
        InvalidInputError,
        "time_unit='days' is not allowed; choose one of 'h', 'D', 'W', 'M', 'Y'.",
    ),
    "cuts before a fit": (
        lambda _, __: ChurnDetector().lapse_cuts(),
        NotFittedError,
        "This ChurnDetector is not fitted yet; call ChurnDetector.fit(...) before lapse_cuts.",
    ),
    "cuts that were not wanted": (
        lambda _, base: ChurnDetector(lapse_chance=None).fit(base).lapse_cuts(),
        InvalidInputError,
        (
            "This ChurnDetector knows no gaps between purchases: fit it, with a lapse_chance, on a base that was made "
            "from a log."
        ),
    ),
    "gaps after a model": (
        lambda _, base: ChurnDetector(lapse_chance=None).fit(base).set_params(transactions="gaps").transform(base),
        InvalidInputError,
        "This ChurnDetector learned a BGNBD, its settings now ask for transactions='gaps': fit it again.",
    ),
    "a model after gaps": (
        lambda _, base: ChurnDetector(transactions="gaps").fit(base).set_params(transactions="bg/nbd").transform(base),
        InvalidInputError,
        "This ChurnDetector learned from gaps, its settings now ask for transactions='bg/nbd': fit it again.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_error_and_message(name: str, detector: ChurnDetector, base: CustomerBase) -> None:
    call, error, message = CASES[name]
    with pytest.raises(EvergreenError) as caught:
        call(detector, base)
    assert type(caught.value) is error
    assert str(caught.value) == message


def test_values_must_be_numbers(detector: ChurnDetector, base: CustomerBase) -> None:
    with pytest.raises(InputTypeError, match=r"value='channel' holds .* and must hold numbers, such as \['frequency'"):
        detector.transform(base, value="channel")


def test_who_nobody_follows_cannot_be_learned_from() -> None:
    once = CustomerBase.from_summary(pd.DataFrame({"customer_id": [1, 2], "frequency": 0, "recency": 0.0, "T": 9.0}))
    with pytest.raises(InvalidInputError, match="None of 2 customers has come back at a later time"):
        ChurnDetector().fit(once)
