"""Wrong settings and arguments, over the whole public interface: each with its error and its words."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from evergreen import (
    BGNBD,
    CLVModel,
    CustomerBase,
    GammaGamma,
    PurchaseHistories,
    RFMScorer,
    SegmentMap,
    SegmentRule,
    SpendHistories,
    split,
)
from evergreen.errors import (
    ColumnNotFoundError,
    EvergreenError,
    InputTypeError,
    InvalidInputError,
    NotFittedError,
)
from tests.contracts.registry import base_of, sample_log

BINS = "bins must be a whole number from 2 to 9, or three of them, got {}."
UNITS = "choose one of 'h', 'D', 'W', 'M', 'Y'."
DURATION = 'A duration must be text with its unit ("365D", "52W"), a timedelta or a numpy.timedelta64, got {}.'
BASE = (
    "base must be a CustomerBase (build it with CustomerBase.from_transactions or CustomerBase.from_summary), got {}."
)
MAPS = "is not allowed; choose one of 'rf25', 'rfm11', 'rf6', 'a SegmentMap', None."


class Things(NamedTuple):
    """What a case may use."""

    log: pd.DataFrame
    base: CustomerBase
    clv: CLVModel
    rfm: RFMScorer


@pytest.fixture(scope="module")
def things() -> Things:
    log = sample_log(200)
    base = base_of(log)
    return Things(log, base, CLVModel().fit(base), RFMScorer().fit(base))


class Case(NamedTuple):
    """A wrong call, the error it deserves and its message."""

    call: Callable[[Things], Any]
    error: type[EvergreenError]
    message: str


def rfm(**settings: Any) -> Callable[[Things], Any]:
    return lambda t: RFMScorer(**settings).fit(t.base)


def clv(**settings: Any) -> Callable[[Things], Any]:
    return lambda t: CLVModel(**settings).fit(t.base)


def predict(**arguments: Any) -> Callable[[Things], Any]:
    return lambda t: t.clv.predict(t.base, **arguments)


def from_log(**arguments: Any) -> Callable[[Things], Any]:
    return lambda t: CustomerBase.from_transactions(t.log, **arguments)


def with_first(frame: pd.DataFrame, **values: float) -> pd.DataFrame:
    """Return a frame with other values in its first row."""
    changed = frame.copy()
    for name, value in values.items():
        changed.loc[0, name] = value
    return changed


TWO = SegmentMap(axes=("r",), rules=[SegmentRule("all", ((1, 2),))], bins=(2, 2, 2))

CASES: dict[str, Case] = {
    # ------------------------------------------------------------------------------------------------- RFM
    "bins=0": Case(rfm(bins=0), InvalidInputError, BINS.format("0")),
    "bins=1": Case(rfm(bins=1), InvalidInputError, BINS.format("1")),
    "bins=10": Case(rfm(bins=10), InvalidInputError, BINS.format("10")),
    "bins=True": Case(rfm(bins=True), InvalidInputError, BINS.format("True")),
    "bins=5.0": Case(rfm(bins=5.0), InvalidInputError, BINS.format("5.0")),
    "bins=None": Case(rfm(bins=None), InvalidInputError, BINS.format("None")),
    "bins as text": Case(rfm(bins="5"), InvalidInputError, BINS.format("'5'")),
    "two bins": Case(rfm(bins=(5, 5)), InvalidInputError, BINS.format("(5, 5)")),
    "one of three bins wrong": Case(rfm(bins=(5, 5, 1)), InvalidInputError, BINS.format("(5, 5, 1)")),
    "unknown monetary": Case(
        rfm(monetary="median"),
        InvalidInputError,
        "monetary='median' is not allowed; choose one of 'total', 'mean'.",
    ),
    "monetary as a list": Case(
        rfm(monetary=["total"]),
        InvalidInputError,
        "monetary=['total'] is not allowed; choose one of 'total', 'mean'.",
    ),
    "unknown segments": Case(rfm(segments="rf9"), InvalidInputError, f"segments='rf9' {MAPS}"),
    "segments as a dict": Case(rfm(segments={"5": "best"}), InvalidInputError, f"segments={{'5': 'best'}} {MAPS}"),
    "segments for other bins": Case(
        rfm(bins=4),
        InvalidInputError,
        (
            "The segment map is made for (5, 5, 5) scores of r, f and m, the scorer has bins=(4, 4, 4): give a "
            "SegmentMap for these, or segments=None."
        ),
    ),
    "own map for other bins": Case(
        rfm(segments=TWO),
        InvalidInputError,
        (
            "The segment map is made for (2, 2, 2) scores of r, f and m, the scorer has bins=(5, 5, 5): give a "
            "SegmentMap for these, or segments=None."
        ),
    ),
    "summary without segments": Case(
        lambda t: RFMScorer(segments=None).fit(t.base).summary(t.base),
        InvalidInputError,
        "RFMScorer(segments=None) has no segments to describe: choose a segment map.",
    ),
    "RFM fit on a log": Case(
        lambda t: RFMScorer().fit(t.log),  # type: ignore[arg-type]
        InputTypeError,
        BASE.format("DataFrame"),
    ),
    "transform of a frame": Case(lambda t: t.rfm.transform(t.base.frame), InputTypeError, BASE.format("DataFrame")),
    "summary of a list": Case(
        lambda t: t.rfm.summary([1]),  # type: ignore[arg-type]
        InputTypeError,
        BASE.format("list"),
    ),
    "transform unfitted": Case(
        lambda t: RFMScorer().transform(t.base),
        NotFittedError,
        "This RFMScorer is not fitted yet; call RFMScorer.fit(...) before transform.",
    ),
    # ------------------------------------------------------------------------------------------------- CLV
    "unknown transactions": Case(
        clv(transactions="pareto"),
        InvalidInputError,
        "transactions='pareto' is not allowed; choose one of 'bg/nbd', 'mbg/nbd', 'pareto/nbd', 'bg/cnbd-k', "
        "'mbg/cnbd-k', 'bg/bb', 'auto'.",
    ),
    "transactions=None": Case(
        clv(transactions=None),
        InvalidInputError,
        "transactions=None is not allowed; choose one of 'bg/nbd', 'mbg/nbd', 'pareto/nbd', 'bg/cnbd-k', "
        "'mbg/cnbd-k', 'bg/bb', 'auto'.",
    ),
    "transactions as a list": Case(
        clv(transactions=["bg/nbd"]),
        InvalidInputError,
        "transactions=['bg/nbd'] is not allowed; choose one of 'bg/nbd', 'mbg/nbd', 'pareto/nbd', 'bg/cnbd-k', "
        "'mbg/cnbd-k', 'bg/bb', 'auto'.",
    ),
    "unknown spend": Case(
        clv(spend="gamma"), InvalidInputError, "spend='gamma' is not allowed; choose one of 'gamma-gamma'."
    ),
    "spend=False": Case(
        clv(spend=False), InvalidInputError, "spend=False is not allowed; choose one of 'gamma-gamma'."
    ),
    "CLV fit on a log": Case(
        lambda t: CLVModel().fit(t.log),  # type: ignore[arg-type]
        InputTypeError,
        BASE.format("DataFrame"),
    ),
    "CLV fit on histories": Case(
        lambda t: CLVModel().fit(t.base.histories()),  # type: ignore[arg-type]
        InputTypeError,
        BASE.format("PurchaseHistories"),
    ),
    "predict of a frame": Case(lambda t: t.clv.predict(t.base.frame), InputTypeError, BASE.format("DataFrame")),
    "predict unfitted": Case(
        lambda t: CLVModel().predict(t.base),
        NotFittedError,
        "This CLVModel is not fitted yet; call CLVModel.fit(...) before predict.",
    ),
    "horizon without a unit": Case(predict(horizon=52), InputTypeError, DURATION.format("int")),
    "horizon=None": Case(predict(horizon=None), InputTypeError, DURATION.format("NoneType")),
    "horizon in words": Case(
        predict(horizon="one year"),
        InvalidInputError,
        (
            "Cannot read the duration 'one year': write a number and a unit, such as '365D' or '52W'; units are "
            "h (hours), D (days), W (weeks), M (months), Y (years)."
        ),
    ),
    "horizon of nothing": Case(
        predict(horizon="0D"), InvalidInputError, "A duration must be positive and finite, got '0D'."
    ),
    "horizon in the past": Case(
        predict(horizon=timedelta(days=-1)),
        InvalidInputError,
        "A duration must be positive and finite, got datetime.timedelta(days=-1).",
    ),
    "discount_rate=-1": Case(
        predict(discount_rate=-1),
        InvalidInputError,
        "discount_rate must be finite and at least 0, got -1.0.",
    ),
    "discount_rate=nan": Case(
        predict(discount_rate=math.nan),
        InvalidInputError,
        "discount_rate must be finite and at least 0, got nan.",
    ),
    "discount_rate as text": Case(
        predict(discount_rate="10%"), InputTypeError, "discount_rate must be a number, got str."
    ),
    "discount_rate=None": Case(
        predict(discount_rate=None), InputTypeError, "discount_rate must be a number, got NoneType."
    ),
    "margin=nan": Case(
        predict(margin=math.nan),
        InvalidInputError,
        "margin is a share and must lie from 0 to 1 (30 % is 0.3), got nan.",
    ),
    "margin in percent": Case(
        predict(margin=30),
        InvalidInputError,
        "margin is a share and must lie from 0 to 1 (30 % is 0.3), got 30.0.",
    ),
    "margin=-0.1": Case(
        predict(margin=-0.1),
        InvalidInputError,
        "margin is a share and must lie from 0 to 1 (30 % is 0.3), got -0.1.",
    ),
    "margin as text": Case(
        predict(margin="0.3"),
        InvalidInputError,
        "margin='0.3' is no attribute of this base (it has []): give a share, or add the column by "
        "base.with_attributes(frame, '0.3').",
    ),
    "margin=True": Case(predict(margin=True), InputTypeError, "margin must be a number, got bool."),
    "margin per customer": Case(
        predict(margin=np.array([0.3, 0.4])), InputTypeError, "margin must be a number, got ndarray."
    ),
    "level in percent": Case(lambda t: t.clv.summary(95), InvalidInputError, "level must lie between 0 and 1, got 95."),
    "level as text": Case(
        lambda t: t.clv.summary("95%"),  # type: ignore[arg-type]
        InputTypeError,
        "level must be a number, got str.",
    ),
    "level where nothing was fitted": Case(
        lambda _: CLVModel.from_models(BGNBD(1, 1, 1, 1), time_unit="W").summary(95),
        InvalidInputError,
        "level must lie between 0 and 1, got 95.",
    ),
    "from_models of a class": Case(
        lambda _: CLVModel.from_models(BGNBD, time_unit="W"),  # type: ignore[arg-type]
        InputTypeError,
        "transactions must be a model with parameters, such as BGNBD(...), got a class.",
    ),
    "from_models of nothing": Case(
        lambda _: CLVModel.from_models(None, time_unit="W"),  # type: ignore[arg-type]
        InputTypeError,
        "transactions must be a model with parameters, such as BGNBD(...), got NoneType.",
    ),
    "from_models the wrong way round": Case(
        lambda _: CLVModel.from_models(GammaGamma(6, 4, 15), BGNBD(1, 1, 1, 1), time_unit="W"),  # type: ignore[arg-type]
        InputTypeError,
        "transactions must be a model with parameters, such as BGNBD(...), got GammaGamma.",
    ),
    "from_models with a transaction model for spend": Case(
        lambda _: CLVModel.from_models(BGNBD(1, 1, 1, 1), BGNBD(1, 1, 1, 1), time_unit="W"),  # type: ignore[arg-type]
        InputTypeError,
        "spend must be a model with parameters, such as GammaGamma(...), or None, got BGNBD.",
    ),
    "from_models in an unknown unit": Case(
        lambda _: CLVModel.from_models(BGNBD(1, 1, 1, 1), time_unit="weeks"),  # type: ignore[arg-type]
        InvalidInputError,
        f"time_unit='weeks' is not allowed; {UNITS}",
    ),
    # ---------------------------------------------------------------------------------------------- models
    "r=0": Case(
        lambda _: BGNBD(r=0, alpha=1, a=1, b=1),
        InvalidInputError,
        "BGNBD parameters must be positive and finite, got r=0.",
    ),
    "two parameters wrong": Case(
        lambda _: GammaGamma(p=math.nan, q=1, v=-2),
        InvalidInputError,
        "GammaGamma parameters must be positive and finite, got p=nan, v=-2.",
    ),
    "a parameter as text": Case(
        lambda _: BGNBD(r="0.2", alpha=1, a=1, b=1),  # type: ignore[arg-type]
        InputTypeError,
        "r must be a number, got str.",
    ),
    "a model fitted to a frame": Case(
        lambda t: BGNBD.fit(t.base.frame),
        InputTypeError,
        "histories must be PurchaseHistories, such as base.histories(), got DataFrame.",
    ),
    "a model fitted to a base": Case(
        lambda t: BGNBD.fit(t.base),  # type: ignore[arg-type]
        InputTypeError,
        "histories must be PurchaseHistories, such as base.histories(), got CustomerBase.",
    ),
    "a spend model fitted to purchases": Case(
        lambda t: GammaGamma.fit(t.base.histories()),  # type: ignore[arg-type]
        InputTypeError,
        "spends must be SpendHistories, such as base.spends(), got PurchaseHistories.",
    ),
    "histories in an unknown unit": Case(
        lambda _: PurchaseHistories.of([0], [0], [1], time_unit="w"),  # type: ignore[arg-type]
        InvalidInputError,
        f"time_unit='w' is not allowed; {UNITS}",
    ),
    "negative horizon of a model": Case(
        lambda _: BGNBD(1, 1, 1, 1).p_purchase(-1, 0, 0, 5),
        InvalidInputError,
        "horizon must be at least 0, got -1.0.",
    ),
    "a history that cannot be": Case(
        lambda _: BGNBD(1, 1, 1, 1).p_alive([1, 2], [3.0, 9.0], [5.0, 8.0]),
        InvalidInputError,
        ("recency must not be greater than T: 1 of 2 rows, for example 9.0. Correct or leave out these rows."),
    ),
    "frequency that is not whole": Case(
        lambda _: PurchaseHistories.of([1.5], [2.0], [3.0]),
        InvalidInputError,
        ("frequency must be a whole number: 1 of 1 rows, for example 1.5. Correct or leave out these rows."),
    ),
    "histories of two lengths": Case(
        lambda _: PurchaseHistories.of([1, 2], [2.0], [3.0]),
        InvalidInputError,
        (
            "Columns must be one-dimensional and of one length, got shapes {'frequency': (2,), 'recency': (1,), "
            "'T': (1,)}."
        ),
    ),
    "histories in two units": Case(
        lambda _: PurchaseHistories.of([0], [0], [1]) + PurchaseHistories.of([0], [0], [1], time_unit="W"),
        InvalidInputError,
        "Cannot add histories in 'D' and in 'W': use one time_unit for both.",
    ),
    "negative spend": Case(
        lambda _: SpendHistories.of([1], [-3.0]),
        InvalidInputError,
        "value must be at least 0: 1 of 1 rows, for example -3.0. Correct or leave out these rows.",
    ),
    # ---------------------------------------------------------------------------------------------- frames
    "a path for a log": Case(
        lambda _: CustomerBase.from_transactions("log.csv"),
        InputTypeError,
        (
            "The log must be a dataframe: pandas, polars (eager or lazy), pyarrow Table, DuckDB relation, Ibis table, "
            "PySpark or another that narwhals reads, got str."
        ),
    ),
    "a summary with money missing": Case(
        lambda t: CustomerBase.from_summary(with_first(t.base.frame, total_value=math.nan)),
        InvalidInputError,
        "total_value must not be missing or infinite: 1 of 200 rows, for example nan. Correct or leave out these rows.",
    ),
    "a summary with money as text": Case(
        lambda t: CustomerBase.from_summary(t.base.frame.assign(total_value="12.50")),
        InputTypeError,
        (
            "The total_value column 'total_value' holds String (for example '12.50'), not numbers: convert it first, "
            "such as pd.to_numeric(log['total_value'])."
        ),
    ),
    "a summary without orders": Case(
        lambda t: CustomerBase.from_summary(with_first(t.base.frame, orders=0)),
        InvalidInputError,
        (
            "orders must be a whole number of at least 1: 1 of 200 rows, for example 0.0. Correct or leave out these "
            "rows."
        ),
    ),
    "unknown column": Case(
        from_log(customer="client"),
        ColumnNotFoundError,
        ("The frame has no column for customer='client'; its columns are 'customer_id', 'date', 'amount'."),
    ),
    "unknown occasion": Case(
        from_log(occasion="Y"),
        InvalidInputError,
        "occasion='Y' is not allowed; choose one of 'row', 'D', 'W', 'M'.",
    ),
    "unknown time unit": Case(
        from_log(time_unit="weeks"), InvalidInputError, f"time_unit='weeks' is not allowed; {UNITS}"
    ),
    "unknown use of zeros": Case(
        from_log(zero_amounts="ignore"),
        InvalidInputError,
        "zero_amounts='ignore' is not allowed; choose one of 'keep', 'drop'.",
    ),
    "arrays of nothing that exists": Case(
        lambda t: t.base.array("nothing"),
        ColumnNotFoundError,
        (
            "The frame has no column for column 1='nothing'; its columns are 'customer_id', 'frequency', "
            "'recency', 'T', 'monetary_value', 'first_purchase', 'last_purchase', 'orders', 'total_value', "
            "'refunds'."
        ),
    ),
    "split before its own end": Case(
        lambda t: split(t.log, at="2024-06-30", end="2024-06-01"),
        InvalidInputError,
        "end='2024-06-01' must be later than at='2024-06-30', by one period of occasion='D'.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_error_and_message(name: str, things: Things) -> None:
    case = CASES[name]
    with pytest.raises(EvergreenError) as caught:
        case.call(things)
    assert type(caught.value) is case.error
    assert str(caught.value) == case.message
