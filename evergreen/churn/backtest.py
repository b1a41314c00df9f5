"""Whether a detector would have been right: its scores at several dates beside what happened, and beside rules."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypeAlias, final

import numpy as np

from evergreen.churn.chances import Chances
from evergreen.durations import times_in_days
from evergreen.errors import DataWarning, InvalidInputError
from evergreen.frames import (
    CustomerBase,
    HistorySums,
    Moment,
    Split,
    history_outcomes,
    moment_after,
    plain_table,
    split,
)
from evergreen.kernels import forecast_quality as quality
from evergreen.kernels.paired_auc import AucDifference, auc_difference
from evergreen.models.attributed import AttributedHistories
from evergreen.models.buyers import Evidence
from evergreen.models.histories import PurchaseHistories
from evergreen.models.rhythm import Rhythm
from evergreen.typing import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

SILENCE: Final = "days since last"
"""Name of the hiatus rule."""
OVERDUE: Final = "overdue ratio"
_TOP: Final = 0.1
_SURE: Final = 1.96  # standard errors beyond which a difference is more than chance explains, at 95 %


@final
@dataclass(frozen=True, slots=True, eq=False)
class ChurnBacktest:
    """Scores of churn at several dates beside what happened within the horizon after each.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per date and score: ``at``, ``score`` (the model or ``"gaps"``; the hiatus rule ``"days since last"``;
        the ``"overdue ratio"``), ``customers``, ``churned`` (share without a purchase), ``auc`` (how often a customer
        who did not buy stands above one who did), ``auc_lead`` (of the score over the hiatus rule) with its
        ``standard_error``, ``brier`` and ``calibration_error`` (missing for rules, which are no probabilities) and
        ``lift`` (share of churn among the top tenth by the score, over that among all).
    calibration : pandas.DataFrame
        One row per date and tenth of the customers by ``p_churn``, equal chances together: ``at``, ``customers``, mean
        ``predicted``, share ``observed`` with its 95 % interval.
    verdict : str
        What it comes to, in plain words.
    horizon : float
        In days.

    Notes
    -----
    Whether a lead is more than chance explains is judged by the paired standard error of DeLong, DeLong &
    Clarke-Pearson (1988). Over several dates the mean lead is set against the mean error, as if it were one date: they
    are the same customers, and nothing is gained by asking them again.

    Examples
    --------
    >>> from evergreen import ChurnDetector, datasets
    >>> log = datasets.load_cdnow(sample=True)
    >>> print(ChurnDetector(horizon="39W").backtest(log, at="1997-09-30").verdict)
    Days since the last purchase order customers better than p_churn by bg/nbd at this date (AUC .771 against .757, more
    than chance explains): sort by silence, and take p_churn where a probability is needed.
    """

    table: pd.DataFrame
    calibration: pd.DataFrame
    verdict: str
    horizon: float


class Learned(NamedTuple):
    """What a backtest needs of a fitted detector."""

    chances: Chances
    """The chance of no purchase within the horizon."""
    rhythm: Rhythm
    """Personal gaps."""


Learn: TypeAlias = Callable[[Evidence, CustomerBase], Learned]
"""(distinct histories, the base that they are of) to what was learned from them."""


def backtest(
    learn: Learn,
    log: Any,
    dates: Iterable[Moment],
    *,
    horizon: float,
    reading: Mapping[str, Any],
    known: Any,
    covariates: Sequence[str],
    name: str,
) -> ChurnBacktest:
    """Learn at several dates from what was known, and put scores beside what happened.

    Parameters
    ----------
    learn : callable
        Fits a detector.
    log : frame
        The purchases.
    dates : iterable of dates
        Ends of what was known.
    horizon : float
        In days.
    reading : mapping of str to object
        How :func:`split` reads the log.
    known : frame or None
        What is known of the customers besides.
    covariates : sequence of str
        What of it the model looks at.
    name : str
        Of the model.

    Returns
    -------
    ChurnBacktest

    Raises
    ------
    InvalidInputError
        If there is no date, or a horizon reaches beyond the log.
    """
    windows = [(at, moment_after("at", at, horizon)) for at in dates]
    if not windows:
        raise InvalidInputError("at is empty: give the dates at which to look ahead.")
    windows.sort(key=lambda window: np.datetime64(window[1], "s"), reverse=True)  # what is beyond the log is met first
    found: list[_Dated] = []
    for at, end in windows:
        halves = _window(log, at, end, horizon, reading)
        if not found:
            replace(halves.dropped, after_end=0).warn(stacklevel=3)
        if covariates:
            halves = replace(halves, calibration=halves.calibration.with_attributes(known, *covariates))
        found.append(_Dated.of(halves, learn, covariates, name))
    found.reverse()
    rows = [row for part in found for row in part.rows]
    return ChurnBacktest(
        plain_table({key: np.array([row[key] for row in rows]) for key in rows[0]}),
        plain_table({key: np.concatenate([part.tenths[key] for part in found]) for key in found[0].tenths}),
        _verdict([part.lead for part in found], name),
        horizon,
    )


def _window(log: Any, at: Moment, end: Moment, horizon: float, reading: Mapping[str, Any]) -> Split:
    """Return what was known at a date and what followed; rows after the horizon are left out without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        halves = split(log, at=at, end=end, **reading)
    last_day = halves.end - timedelta(seconds=1) if isinstance(halves.end, datetime) else halves.end
    if np.datetime64(halves.last, "D") < np.datetime64(last_day, "D"):
        raise InvalidInputError(
            f"The horizon of {horizon:g} days after {at} ends on {np.datetime64(last_day, 'D')}, the last usable row "
            f"of the log is of {halves.last}: who does not buy until then cannot be told. Choose an earlier date or a "
            "shorter horizon."
        )
    return halves


@dataclass(frozen=True, slots=True, eq=False)
class _Dated:
    """What a backtest found at one date."""

    rows: list[dict[str, Any]]
    tenths: dict[str, np.ndarray[Any, Any]]
    lead: AucDifference

    @classmethod
    def of(cls, halves: Split, learn: Learn, covariates: Sequence[str], name: str) -> Self:
        """Learn from what was known, and score each history with those who bought and with those who did not."""
        base, seen = halves.calibration, history_outcomes(halves, *covariates)
        learned = learn(_evidence(base, seen, covariates), base)
        history = seen.frequency, seen.recency, seen.T
        silence = times_in_days(seen.T - seen.recency, base.time_unit)
        scores = {
            name: learned.chances.p_churn(*history, *seen.attributes),
            SILENCE: silence,
            OVERDUE: learned.rhythm.overdue_ratio(seen.T - seen.recency, seen.frequency, seen.recency),
        }
        buyers = np.rint(seen.sums["buyers"]).astype(np.int64)
        count = np.concatenate((seen.customers - buyers, buyers))
        there = np.flatnonzero(count)
        left, count, row = (there < len(buyers)), count[there], there % len(buyers)
        scores = {score: values[row] for score, values in scores.items()}
        shared = {
            "at": halves.at,
            "customers": int(count.sum()),
            "churned": float(count @ left) / int(count.sum()),
        }
        leads = {score: auc_difference(values, scores[SILENCE], left, count) for score, values in scores.items()}
        rows = [
            {**shared, "score": score, **_measures(values, left, count, leads[score], rule=score != name)}
            for score, values in scores.items()
        ]
        tenths = _calibration(scores[name], left, count)._asdict()
        dates = np.full(len(tenths["customers"]), halves.at, object)
        return cls(rows, {"at": dates, **tenths}, leads[name])


def _evidence(base: CustomerBase, seen: HistorySums, covariates: Sequence[str]) -> Evidence:
    """Return the histories that were collected already; the logarithms of the gaps are not among them."""
    history = seen.frequency, seen.recency, seen.T
    if covariates:
        values = dict(zip(covariates, seen.attributes, strict=True))
        return AttributedHistories.of(*history, values, count=seen.customers, time_unit=base.time_unit)
    known = base.histories() if "log_gaps" in base.columns else None
    logs = (None, 0.0) if known is None else (known.log_gaps, known.log_gaps_rest)
    return PurchaseHistories(*history, seen.customers, base.time_unit, *logs)


def _measures(
    score: FloatArray, left: BoolArray, count: IntArray, lead: AucDifference, *, rule: bool
) -> dict[str, float]:
    """Return how good a score is; a rule is no probability."""
    found = {
        "auc": lead.first,
        "auc_lead": lead.first - lead.second,
        "standard_error": lead.standard_error,
        "brier": math.nan,
        "calibration_error": math.nan,
        "lift": quality.captured_by_top(score, left.astype(np.float64), _TOP, count) / _TOP,
    }
    if not rule:
        found["brier"] = quality.brier_score(score, left, count)
        found["calibration_error"] = _calibration(score, left, count).error
    return found


def _calibration(p_churn: FloatArray, left: BoolArray, count: IntArray) -> quality.Calibration:
    """Return chances of churn in tenths: those of the chances of a purchase, as every evaluation here makes them."""
    found = quality.calibration(1 - p_churn, ~left, count)
    shares = (1 - share[::-1] for share in (found.predicted, found.observed, found.upper, found.lower))
    return quality.Calibration(found.customers[::-1], *shares)


def _verdict(leads: Sequence[AucDifference], name: str) -> str:
    """Say which score orders customers best, and whether that may be chance."""
    ours = "p_churn from the gaps" if name == "gaps" else f"p_churn by {name}"
    told = [lead for lead in leads if not math.isnan(lead.standard_error)]
    if not told:
        return (
            f"Whether {ours} orders customers cannot be told: at each date almost all of them bought, or almost nobody "
            "did."
        )
    lead = float(np.mean([one.first - one.second for one in told]))
    error = float(np.mean([one.standard_error for one in told]))
    model, rule = (f"{np.mean([one[place] for one in told]):.3f}".removeprefix("0") for place in (0, 1))
    ahead = sum((one.first > one.second) == (lead > 0) for one in told)
    several = len(leads) > 1
    over, where = (" on average", f"at {ahead} of {len(told)} dates") if several else ("", "at this date")
    if not abs(lead) > _SURE * error:
        return (
            f"{ours} and days since the last purchase order customers equally well (AUC {model} against {rule}{over}, "
            "no more apart than chance explains): sort by silence, which needs no model, and take p_churn where a "
            "probability is needed."
        )
    if lead > 0:
        return (
            f"{ours} orders customers better than days since the last purchase {where} (AUC {model} against {rule}"
            f"{over}, more than chance explains): sort by p_churn."
        )
    return (
        f"Days since the last purchase order customers better than {ours} {where} (AUC {rule} against {model}{over}, "
        "more than chance explains): sort by silence, and take p_churn where a probability is needed."
    )
