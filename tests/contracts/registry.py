"""What the contracts run on: every model, every measure, every engine. A new one is one more line here."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from evergreen import (
    BGBB,
    BGNBD,
    MBGNBD,
    BGCNBDk,
    ChurnDetector,
    CLVModel,
    CustomerBase,
    GammaGamma,
    LoyaltyLadder,
    MBGCNBDk,
    ParetoNBD,
    ParetoSegmenter,
    RFMScorer,
    Rung,
    Rungs,
    WeakPrior,
    store,
)
from evergreen.datasets import simulate_log
from evergreen.models.protocols import SpendModel
from evergreen.models.rungs import FIRST_LOOK
from evergreen.models.transactions import HistoryModel
from tests.ibis_tables import ibis_frame
from tests.spark import spark_frame

Thing = TypeVar("Thing")

# ------------------------------------------------------------------------------------------------ models

TRANSACTION_MODELS: Mapping[str, HistoryModel] = MappingProxyType(
    {
        "bg/nbd": BGNBD(r=0.9, alpha=21.0, a=0.8, b=2.4),
        "mbg/nbd": MBGNBD(r=0.9, alpha=21.0, a=0.8, b=2.4),
        "pareto/nbd": ParetoNBD(r=0.9, alpha=21.0, s=0.7, beta=60.0),
        "bg/cnbd-k": BGCNBDk(k=3, r=0.9, alpha=7.0, a=0.8, b=2.4),
        "mbg/cnbd-k": MBGCNBDk(k=2, r=0.9, alpha=10.5, a=0.8, b=2.4),
        "bg/bb": BGBB(alpha=0.9, beta=21.0, gamma=0.8, delta=60.0),
    }
)
"""A model of each kind, with parameters under which a base of a few thousand customers has an inner maximum."""

TIMED = [name for name, model in TRANSACTION_MODELS.items() if not model.discrete]
"""Those whose time has a unit; the others count opportunities."""

SPEND_MODELS: Mapping[str, SpendModel] = MappingProxyType(
    {
        "gamma-gamma": GammaGamma(p=6.25, q=3.74, v=15.44),
    }
)
"""A model of each kind, likewise."""

# ---------------------------------------------------------------------------------------------- measures


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure under contract.

    `score` gives one row per customer; `verbs` is everything that must refuse an unfitted object; columns in
    `money` are proportional to the currency, all others do not know it.
    """

    make: Callable[[], Any]
    score: Callable[[Any, CustomerBase], Any]
    verbs: Mapping[str, Callable[[Any, CustomerBase], Any]]
    money: tuple[str, ...]


def _predict(model: CLVModel, base: CustomerBase) -> Any:
    return model.predict(base, horizon="180D", discount_rate=0.15, margin=0.4)


_CLV_VERBS = {"predict": _predict, "summary": lambda model, _: model.summary()}
_CHURN_VERBS: Mapping[str, Callable[[Any, CustomerBase], Any]] = {
    "transform": ChurnDetector.transform,
    "summary": ChurnDetector.summary,
    "campaign": lambda detector, base: detector.campaign(
        base, value="total_value", contact_cost=1.0, offer_cost=5.0, success_rate=0.3
    ),
    "lapse_cuts": lambda detector, _: detector.lapse_cuts(),
}
_RFM_VERBS = {
    "transform": RFMScorer.transform,
    "summary": RFMScorer.summary,
    "compare": lambda scorer, base: scorer.compare(base, base),
    "cells": RFMScorer.cells,
    "rules": lambda scorer, _: scorer.rules(),
}
_PARETO_VERBS = {
    "transform": ParetoSegmenter.transform,
    "rank": ParetoSegmenter.rank,
    "summary": ParetoSegmenter.summary,
}
_LADDER_VERBS: Mapping[str, Callable[[Any, CustomerBase], Any]] = {
    "transform": LoyaltyLadder.transform,
    "summary": LoyaltyLadder.summary,
    "compare": lambda ladder, base: ladder.compare(FIRST_LOOK, base),
    "movement": lambda ladder, _: ladder.movement(sample_log(20), at=["2024-03-01", "2024-12-30"]),
    "standing": lambda ladder, _: ladder.standing(sample_log(20), at=["2024-03-01", "2024-12-30"]),
}

CAME_LATELY = Rungs(
    [
        Rung("silent", {"days_since_last": (60, None)}),
        Rung("young", {"days_since_last": (None, 60), "days_since_first": (None, 90)}),
        Rung("old", {"days_since_last": (None, 60), "days_since_first": (90, None), "orders": (None, 10)}),
        Rung("old", {"days_since_last": (7, 60), "days_since_first": (90, None), "orders": (10, None)}),
        Rung("loyal", {"days_since_last": (None, 7), "days_since_first": (90, None), "orders": (10, None)}),
    ]
)
"""Rungs on all that is known of a customer without money, one of them in two boxes."""

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "clv": Measure(CLVModel, _predict, _CLV_VERBS, ("expected_spend", "clv")),
        "clv without money": Measure(lambda: CLVModel(spend=None), _predict, _CLV_VERBS, ()),
        "clv by another model": Measure(
            lambda: CLVModel(transactions="pareto/nbd", first_purchase=True, prior=WeakPrior()),
            _predict,
            _CLV_VERBS,
            ("expected_spend", "clv"),
        ),
        "churn": Measure(ChurnDetector, ChurnDetector.transform, _CHURN_VERBS, ()),
        "churn by another model": Measure(
            lambda: ChurnDetector(transactions="pareto/nbd", horizon="8W", bands=(0.4, 0.9)),
            lambda detector, base: detector.transform(base, value="total_value"),
            _CHURN_VERBS,
            ("value_at_risk",),
        ),
        "churn from gaps": Measure(
            lambda: ChurnDetector(transactions="gaps", horizon="60D", lapse_chance=0.3),
            ChurnDetector.transform,
            _CHURN_VERBS,
            (),
        ),
        "ladder": Measure(LoyaltyLadder, LoyaltyLadder.transform, _LADDER_VERBS, ()),
        "ladder by times": Measure(
            lambda: LoyaltyLadder(rungs=CAME_LATELY), LoyaltyLadder.transform, {"summary": LoyaltyLadder.summary}, ()
        ),
        "pareto": Measure(ParetoSegmenter, ParetoSegmenter.transform, _PARETO_VERBS, ("total_value",)),
        "pareto both sides": Measure(
            lambda: ParetoSegmenter(trouble="refunds", classes=(0.5, 0.7, 0.9)),
            ParetoSegmenter.transform,
            {**_PARETO_VERBS, "overlap": ParetoSegmenter.overlap},
            ("total_value", "refunds"),
        ),
        "rfm": Measure(RFMScorer, RFMScorer.transform, _RFM_VERBS, ("total_value",)),
        "rfm on means": Measure(
            lambda: RFMScorer(monetary="mean", segments="rfm11"),
            RFMScorer.transform,
            _RFM_VERBS,
            ("mean_value",),
        ),
        "rfm, nested": Measure(
            lambda: RFMScorer(method="nested", weights=(1, 2, 2)), RFMScorer.transform, _RFM_VERBS, ("total_value",)
        ),
        "rfm by k-means": Measure(
            lambda: RFMScorer(method="kmeans", bins=(5, 4, 5), segments=None),
            RFMScorer.transform,
            {"transform": RFMScorer.transform},
            ("total_value",),
        ),
        "rfm of equal revenue": Measure(
            lambda: RFMScorer(method="equal_revenue", monetary="mean"), RFMScorer.transform, _RFM_VERBS, ("mean_value",)
        ),
        "rfm in other bins": Measure(
            lambda: RFMScorer(bins=(3, 4, 9), segments=None),
            RFMScorer.transform,
            {"transform": RFMScorer.transform},
            ("total_value",),
        ),
    }
)

# ----------------------------------------------------------------------------------------------- engines


@dataclass(frozen=True, slots=True)
class Engine:
    """A kind of frame under contract: how to make one from pandas."""

    of: Callable[[pd.DataFrame], Any]
    lazy: bool = False


def _polars(log: pd.DataFrame) -> Any:
    return pytest.importorskip("polars").from_pandas(log)


def _pyarrow(log: pd.DataFrame) -> Any:
    return pytest.importorskip("pyarrow").Table.from_pandas(log, preserve_index=False)


def _duckdb(log: pd.DataFrame) -> Any:
    return pytest.importorskip("duckdb").default_connection().from_arrow(_pyarrow(log))


def _pandas_arrow(log: pd.DataFrame) -> Any:
    pytest.importorskip("pyarrow")
    return log.convert_dtypes(dtype_backend="pyarrow")


ENGINES: Mapping[str, Engine] = MappingProxyType(
    {
        "pandas": Engine(lambda log: log.copy()),
        "pandas nullable": Engine(lambda log: log.convert_dtypes(dtype_backend="numpy_nullable")),
        "pandas arrow": Engine(_pandas_arrow),
        "polars": Engine(_polars),
        "polars lazy": Engine(lambda log: _polars(log).lazy(), lazy=True),
        "pyarrow": Engine(_pyarrow),
        "duckdb": Engine(_duckdb, lazy=True),
        "ibis": Engine(ibis_frame, lazy=True),
        "pyspark": Engine(spark_frame, lazy=True),
    }
)

# -------------------------------------------------------------------------------------------------- data


def sample_log(customers: int = 500) -> pd.DataFrame:
    """Return a log with text ids, several rows on a day, refunds, and customers of all kinds."""
    bought = simulate_log(
        customers,
        transactions=BGNBD(r=0.9, alpha=21.0, a=0.8, b=2.4),
        acquired=120,
        observed=365,
        seed=20_240_229,
    )
    lines = bought.sample(frac=0.2, random_state=1).assign(amount=4.25)
    refunds = bought.sample(frac=0.04, random_state=2)
    refunds = refunds.assign(amount=-(refunds["amount"] / 2).round(2))
    log = pd.concat([bought, lines, refunds], ignore_index=True).sample(frac=1.0, random_state=3)
    return log.assign(
        customer_id="customer " + log["customer_id"].astype(str),
        date=log["date"].astype("datetime64[us]"),
    ).reset_index(drop=True)


def base_of(log: Any, **settings: Any) -> CustomerBase:
    """Return the base of a log, observed to the same day whoever is in it."""
    chosen: dict[str, Any] = {"observation_end": "2024-12-30", **settings}
    return CustomerBase.from_transactions(log, **chosen)


def pickled(thing: Thing) -> Thing:
    """Return what comes back from a pickle."""
    return pickle.loads(pickle.dumps(thing))  # noqa: S301 - our own bytes


def saved(thing: Thing) -> Thing:
    """Return what comes back from a file."""
    again: Thing = store.loads(store.dumps(thing))
    return again


def in_memory(frame: Any) -> nw.DataFrame[Any]:
    opened = nw.from_native(frame)
    return opened.collect() if isinstance(opened, nw.LazyFrame) else opened


def by_id(frame: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Return the columns of a frame of any kind, sorted by customer."""
    rows = in_memory(frame)
    columns = {name: np.array(rows.get_column(name).to_list()) for name in rows.columns}
    order = np.argsort(columns["customer_id"], kind="stable")
    return {name: values[order] for name, values in columns.items()}


def assert_same(
    found: Mapping[str, np.ndarray[Any, Any]],
    wanted: Mapping[str, np.ndarray[Any, Any]],
    *,
    rtol: float = 0.0,
) -> None:
    """Compare text and whole numbers exactly, floats to a relative tolerance (0: to the bit)."""
    assert list(found) == list(wanted)
    for name, values in wanted.items():
        assert found[name].dtype.kind == values.dtype.kind, name
        if values.dtype.kind == "f" and rtol:
            np.testing.assert_allclose(found[name], values, rtol=rtol, atol=0, err_msg=name)
        else:
            np.testing.assert_array_equal(found[name], values, err_msg=name)
