"""A saved object of each kind, with numbers that it must give forever.

``python -m tests.saved.examples`` writes the files of kinds that have none yet; it never changes one that is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from evergreen import (
    BGBB,
    BGNBD,
    MBGNBD,
    SBG,
    BGCNBDk,
    ChurnDetector,
    CLVFit,
    CLVModel,
    Covariate,
    CovariateModel,
    CustomerBase,
    FitResult,
    FitStatus,
    GammaGamma,
    GapHistories,
    LoyaltyLadder,
    LoyaltyPlan,
    MBGCNBDk,
    ParetoNBD,
    ParetoSegmenter,
    PurchaseHistories,
    Reward,
    RFMScorer,
    Rhythm,
    Rung,
    Rungs,
    SegmentMap,
    SegmentRule,
    SpendHistories,
    SuccessCriterion,
    Transitions,
    WeakPrior,
    save,
)

FOLDER = Path(__file__).parent / "schema_1"
"""Files of the current schema; those of older ones stay where they are."""


@dataclass(frozen=True, slots=True)
class Example:
    """An object, and a function of it that returns numbers and texts."""

    thing: Any
    answers: Callable[[Any], dict[str, Any]]


# ------------------------------------------------------------------------------------------------ objects

PURCHASES = BGNBD(0.243, 4.414, 0.793, 2.426)
SPEND = GammaGamma(6.25, 3.74, 15.44)

CUSTOMERS = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d"],
        "frequency": [0, 2, 7, 40],
        "recency": [0.0, 30.43, 29.43, 38.0],
        "T": [38.86, 38.86, 38.86, 39.0],
        "monetary_value": [0.0, 22.35, 73.74, 11.5],
        "orders": [1, 3, 8, 41],
        "total_value": [20.0, 60.0, 580.0, 480.5],
        "refunds": [0.0, 12.5, 0.0, 30.25],
    }
)
BASE = CustomerBase.from_summary(CUSTOMERS, time_unit="W")
KNOWN = BASE.with_attributes(CUSTOMERS[["customer_id"]].assign(staying=[0.2, 0.7, 0.9, 0.95]))


def fit_of(model: Any, status: FitStatus = FitStatus.CONVERGED) -> FitResult[Any]:
    """Return a fit with a covariance of few digits, the last parameter unknown unless it converged."""
    names = tuple(type(model).__dataclass_fields__)
    covariance = np.full((len(names), len(names)), 1 / 3) + np.diag([0.1 / (1 + at) for at in range(len(names))])
    if status is not FitStatus.CONVERGED:
        covariance[-1] = covariance[:, -1] = np.nan
    values = tuple(getattr(model, name) for name in names)
    return FitResult(model, status, "As seen.", names, values, -9_582.429200207, 2_357, 612, covariance, 17)


def fitted_clv() -> CLVModel:
    model = CLVModel.from_models(PURCHASES, SPEND, time_unit="W")
    model.fit_ = CLVFit(fit_of(PURCHASES), fit_of(SPEND, FitStatus.FLAT), float("nan"))
    return model


def fitted_churn() -> ChurnDetector:
    detector = ChurnDetector.from_model(PURCHASES, time_unit="W", horizon="26W", bands=(0.3, 0.7))
    detector.fit_ = fit_of(PURCHASES)
    detector.rhythm_ = Rhythm(1.5, 7.25)
    gaps = [(1, 1 / 7, 40, 0), (1, 3.0, 25, 0), (1, 30.0, 1, 90), (2, 2.5, 30, 0), (2, 28.0, 0, 35), (3, 9.0, 0, 5)]
    detector.gaps_ = GapHistories.of(*zip(*gaps, strict=True), time_unit="W")
    return detector


HALVES = SegmentMap(
    ("r", "fm"),
    [
        SegmentRule("can't lose", ((1, 2), (5, 7))),
        SegmentRule("Été", ((3, 3), (2, 7))),
        SegmentRule("rest", ((1, 2), (2, 4))),
    ],
    bins=(3, 4, 3),
)

STEPS = Rungs(
    [
        Rung("verloren", {"days_since_last": (200, None)}),
        Rung("Gast", {"days_since_last": (None, 200.0), "total_value": (None, 99.5)}),
        Rung("Stammgast", {"days_since_last": (0, 200), "total_value": (99.5, None), "orders": (1, 9)}),
        Rung("Stammgast", {"days_since_last": (30.5, 200), "total_value": (99.5, None), "orders": (9, None)}),
        Rung("Freund", {"days_since_last": (None, 30.5), "total_value": (99.5, None), "orders": (9, None)}),
    ]
)

# ------------------------------------------------------------------------------------------------ answers


def forecasts(model: Any) -> dict[str, Any]:
    found = model.forecast(39.0, CUSTOMERS["frequency"], CUSTOMERS["recency"], CUSTOMERS["T"], delta=0.002)
    return {name: column.tolist() for name, column in found._asdict().items()}


def columns(frame: pd.DataFrame) -> dict[str, Any]:
    return {str(name): frame[name].tolist() for name in frame.columns}


def columns_of_cuts(rungs: Rungs) -> dict[str, Any]:
    return {column: cuts.tolist() for column, cuts in rungs.cuts.items()}


def fit_answers(fit: FitResult[Any]) -> dict[str, Any]:
    return {
        "status": fit.status.value,
        "parameters": dict(fit.parameters),
        "standard_errors": [str(error) if np.isnan(error) else error for error in fit.standard_errors.values()],
        "bic": fit.bic,
    }


def clv_answers(model: CLVModel) -> dict[str, Any]:
    predicted = columns(model.predict(BASE, horizon="52W", discount_rate=0.1, margin=0.3))
    return {**predicted, "standard_error": model.summary()["standard_error"].tolist()[:4]}


def churn_answers(detector: ChurnDetector) -> dict[str, Any]:
    cuts = {name: str(cut) if np.isnan(cut) else cut for name, cut in detector.lapse_cuts().items()}
    return {**columns(detector.transform(BASE, value="total_value")), "cuts": cuts}


def pareto_answers(segmenter: ParetoSegmenter) -> dict[str, Any]:
    assert segmenter.trouble_ is not None
    assert segmenter.overlap_ is not None
    return {
        **columns(segmenter.transform(KNOWN)),
        "figures": columns(segmenter.value_.to_frame()),
        "trouble": segmenter.trouble_.gini.estimate,
        "both": segmenter.overlap_.two_by_two.tolist(),
    }


EXAMPLES: Mapping[str, Example] = MappingProxyType(
    {
        "BGNBD": Example(PURCHASES, forecasts),
        "MBGNBD": Example(MBGNBD(0.525, 6.183, 0.891, 1.614), forecasts),
        "ParetoNBD": Example(ParetoNBD(0.553, 10.578, 0.606, 11.669), forecasts),
        "BGCNBDk": Example(BGCNBDk(3, 0.525, 2.061, 0.891, 1.614), forecasts),
        "MBGCNBDk": Example(MBGCNBDk(2, 0.525, 3.092, 0.891, 1.614), forecasts),
        "BGBB": Example(
            BGBB(1.204, 0.750, 0.657, 2.783),
            lambda model: {
                name: column.tolist()
                for name, column in model.forecast(5, [0, 3, 6], [0, 5, 6], 6, delta=0.1)._asdict().items()
            },
        ),
        "SBG": Example(
            SBG(0.668, 3.806),
            lambda model: {"derl": model.discounted_renewals([0, 1, 7], discount_rate=0.1).tolist()},
        ),
        "CovariateModel": Example(
            CovariateModel(
                PURCHASES,
                (Covariate("channel", levels=("Café", "web")), Covariate("age", center=40.5)),
                ("channel", "age"),
                ("channel",),
                (0.4, -0.01, 0.2, -0.1),
            ),
            lambda model: {**model.parameters, **forecasts(model.at({"channel": "web", "age": 30}))},
        ),
        "GammaGamma": Example(
            SPEND,
            lambda model: {
                "spend": model.expected_spend(*CUSTOMERS[["frequency", "monetary_value"]].T.to_numpy()).tolist()
            },
        ),
        "WeakPrior": Example(WeakPrior(5.0), lambda prior: {"value": prior.log_density(np.array([1.0, -2.0]))[0]}),
        "FitResult": Example(fit_of(PURCHASES, FitStatus.BOUNDARY), fit_answers),
        "PurchaseHistories": Example(
            PurchaseHistories.of([0, 2, 2, 7], [0, 1 / 7, 1 / 7, 30.43], [9, 9, 9, 38.86], time_unit="W", log_gaps=0.1),
            lambda found: {
                "customers": found.customers,
                "rows": [found.frequency.tolist(), found.recency.tolist(), found.T.tolist(), found.count.tolist()],
                "time_unit": found.time_unit,
                "log_gaps": found.log_gaps,
            },
        ),
        "SpendHistories": Example(
            SpendHistories.of([0, 2, 2, 7, 1], [0.0, 22.35, 22.35, 1 / 3, 0.0]),
            lambda found: {
                "customers": found.customers,
                "rows": [found.frequency.tolist(), found.value.tolist(), found.count.tolist()],
                "left_out": [found.without_repeat, found.without_value],
            },
        ),
        "GapHistories": Example(
            GapHistories.of([1, 1, 2, 30], [1 / 7, 4.0, 0.0, 4.0], [2, 0, 1, 0], [0, 3, 0, 1], time_unit="W"),
            lambda found: {
                "customers": found.customers,
                "rows": [found.order.tolist(), found.length.tolist(), found.returned.tolist(), found.silent.tolist()],
                "time_unit": found.time_unit,
                "p_return": found.at(1).curve().p_return(0, "1W").tolist(),
            },
        ),
        "SegmentMap": Example(
            HALVES, lambda found: {"".join(map(str, cell)): segment for cell, segment in found.cells.items()}
        ),
        "RFMScorer": Example(
            RFMScorer(bins=(3, 4, 3), monetary="mean", segments=HALVES).fit(BASE),
            lambda scorer: columns(scorer.transform(BASE)),
        ),
        "ParetoSegmenter": Example(
            ParetoSegmenter(trouble="refunds", classes=(0.5, 0.9), activity="staying", draws=20).fit(KNOWN),
            pareto_answers,
        ),
        "CLVFit": Example(
            CLVFit(fit_of(PURCHASES), None, 0.125),
            lambda fit: {**fit_answers(fit.transactions), "spend_correlation": fit.spend_correlation},
        ),
        "CLVModel": Example(fitted_clv(), clv_answers),
        "ChurnDetector": Example(fitted_churn(), churn_answers),
        "Rungs": Example(
            STEPS, lambda found: {"names": list(found.names), "cells": found.cells.tolist(), **columns_of_cuts(found)}
        ),
        "LoyaltyLadder": Example(
            LoyaltyLadder(rungs=STEPS).fit(BASE),
            lambda ladder: {**columns(ladder.transform(BASE)), "customers": ladder.customers_},
        ),
        "Transitions": Example(
            Transitions(
                ("neu", "Stammkunde", "gone"), np.array([[60, 30, 10], [5, 80, 15], [0, 0, 0]]), 365.2425 / 4, ("gone",)
            ),
            lambda moves: {
                "rates": moves.rates().tolist(),
                "values": moves.chain(draws=0).values({"neu": 1, "Stammkunde": 4, "gone": 0}).estimate.tolist(),
            },
        ),
        "LoyaltyPlan": Example(
            LoyaltyPlan(
                rungs=("neu", "Stammkunde"),
                goal="A second order within 90 days",
                data=("orders", "referrals"),
                program=(Reward("Stammkunde", "gift", 1 / 3, 4.0),),
                criteria=(
                    SuccessCriterion("repeat rate", 0.35, date(2027, 1, 31)),
                    SuccessCriterion("cost per member", 4.5, date(2027, 6, 30), at_most=True),
                ),
                entry="asked in the first parcel",
                contacts=(Reward("neu", "letter", 2.0),),
                surprise_budget=500.0,
                start=date(2026, 7, 1),
                end=date(2027, 6, 30),
            ),
            lambda plan: {
                "cost": plan.cost_per_year.tolist(),
                "predictability": plan.predictability({"Stammkunde": 300}),
                "criteria": [[each.metric, each.by.isoformat(), each.at_most] for each in plan.criteria],
            },
        ),
    }
)
"""One example of each kind."""


def write_new() -> None:
    """Write the example and its answers for every kind that has none."""
    for name, example in EXAMPLES.items():
        path = FOLDER / f"{name}.json"
        if not path.exists():
            save(example.thing, path)
            answers = json.dumps(example.answers(example.thing), indent=1, allow_nan=False)
            path.with_suffix(".answers.json").write_text(answers + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_new()
