"""Whether a model would have been right: its forecasts beside what the same customers did afterwards."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from evergreen.clv.scoring import scored
from evergreen.clv.value import Outlook
from evergreen.frames import CustomerBase, Split, arrays_of, plain_table
from evergreen.kernels import count_fit
from evergreen.kernels import forecast_quality as quality
from evergreen.kernels.grouping import sums_by_level
from evergreen.models.buyers import Buyers, attributes_of, cohorts_of, groups_of
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.models.histories import PurchaseHistories
from evergreen.models.transactions import HistoryModel
from evergreen.typing import BoolArray, FloatArray, IntArray, TimeUnit

if TYPE_CHECKING:
    import pandas as pd

TOP: Final = 0.1
"""The share of customers whose part of the value is told as lift."""
MANY: Final = 7
"""The number of repeat purchases in the calibration from which on customers are one group."""
_TIMES: Final = 2_048  # from so many different times on, expectations are taken on a grid of as many
_ROUNDING: Final = 1e-9  # a period that ends at the split belongs to the side before it
_CELLS: Final = 60  # numbers of repeat purchases that are told apart


@final
@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Forecasts of a holdout beside what happened in it.

    Attributes
    ----------
    customers : int
        Customers of the calibration.
    duration : float
        Length of the holdout, in ``time_unit``.
    time_unit : {"h", "D", "W", "M", "Y"}
        Unit of the model's times.
    measures : dict of str to float
        ``tracking_error`` (of all repeat purchases up to the end, expected over actual, less 1), ``bias`` (the same of
        the holdout alone), ``mae`` and ``rmse`` (of a customer's number of purchases), ``rank_correlation``
        (Spearman's, of expected and actual numbers), ``log_score`` (mean logarithm of the probability given to what
        each customer did), ``auc``, ``brier`` and ``calibration_error`` of ``p_purchase``; with money ``value_bias``,
        ``value_gini`` (of actual value in the order of the forecast, 1 for the perfect order) and ``value_lift`` (share
        of the value that the top tenth by forecast brought).
    heuristics : dict of str to float
        The same, as far as they exist, for rules without a model: each customer buys on at the past rate, silence tells
        who comes again (the hiatus rule), past value tells future value.
    tracking : pandas.DataFrame
        One row per period: ``time`` of its end since the first day of the log, and ``since_at`` since the split;
        ``actual`` and ``expected`` repeat purchases in it, and both cumulated. The first and the last period may be
        cut short by the log.
    by_frequency : pandas.DataFrame
        One row per number of repeat purchases in the calibration, from 7 on together: ``frequency``, ``customers``,
        mean ``actual`` and ``expected`` purchases in the holdout.
    calibration : pandas.DataFrame
        One row per tenth of the customers by ``p_purchase``: ``customers``, mean ``predicted``, share ``observed`` with
        its 95 % interval.
    fitted : pandas.DataFrame
        One row per number of repeat purchases in the calibration: ``customers`` and how many were ``expected`` by the
        fitted model.
    chi_square : tuple of (float, int, float)
        Statistic, degrees of freedom and p value of that table.
    pit : ndarray of float64, shape (10,)
        Histogram of the probability integral transform of the holdout's purchases (Czado, Gneiting & Held, 2009): flat,
        each 1, for a calibrated forecast.

    Examples
    --------
    >>> from evergreen import CLVModel, datasets, split
    >>> halves = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W")
    >>> found = CLVModel().fit(halves).evaluate(halves)
    >>> {name: round(found.measures[name], 3) for name in ("bias", "auc", "calibration_error")}
    {'bias': -0.121, 'auc': 0.757, 'calibration_error': 0.056}
    >>> round(found.heuristics["auc"], 3)
    0.771
    """

    customers: int
    duration: float
    time_unit: TimeUnit
    measures: Mapping[str, float]
    heuristics: Mapping[str, float]
    tracking: pd.DataFrame
    by_frequency: pd.DataFrame
    calibration: pd.DataFrame
    fitted: pd.DataFrame
    chi_square: tuple[float, int, float]
    pit: FloatArray

    def to_frame(self) -> pd.DataFrame:
        """Return the measures as a table.

        Returns
        -------
        pandas.DataFrame
            One row per measure: ``measure``, ``model``, ``heuristic`` (nan where there is none).
        """
        names = list(self.measures)
        return plain_table(
            {
                "measure": np.array(names, object),
                "model": np.array(list(self.measures.values())),
                "heuristic": np.array([self.heuristics.get(name, math.nan) for name in names]),
            }
        )


def evaluate(
    halves: Split, transactions: Buyers, spend: GammaGamma | None, period: float, *, first_purchase: bool
) -> Evaluation:
    """Put the forecasts of a calibration beside its holdout.

    Parameters
    ----------
    halves : Split
        Calibration and holdout.
    transactions : HistoryModel or CovariateModel
        Fitted to the calibration.
    spend : GammaGamma or None
        Likewise.
    period : float
        Length of the periods of tracking, in the time unit of the model.
    first_purchase : bool
        Whether first purchases count as evidence of spend.

    Returns
    -------
    Evaluation
    """
    base, duration = _with_holdout(halves, money=spend is not None), halves.duration
    seen = _Seen.of(base, duration, transactions, spend, first_purchase=first_purchase)
    tracking = _tracking(halves, transactions, period)
    log_score, pit = _of_numbers(base, duration, transactions)
    measures = {"tracking_error": _relative(tracking["cumulative_expected"][-1], tracking["cumulative_actual"][-1])}
    measures |= _of_purchases(seen.expected, seen.later) | {"log_score": log_score}
    measures |= _of_chances(seen.p_purchase, seen.later > 0)
    measures |= _of_value(seen.expected_value, seen.value)
    chi_square, fitted = _frequencies(halves.calibration, transactions)
    return Evaluation(
        len(seen.later),
        duration,
        base.time_unit,
        measures,
        _heuristics(seen, duration),
        plain_table(tracking),
        plain_table(_by_frequency(seen)),
        plain_table(_calibration(seen.p_purchase, seen.later > 0)),
        plain_table(fitted),
        chi_square,
        pit,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What was expected of each customer, and what he did; arrays of shape (n,), value None without money."""

    frequency: IntArray
    recency: FloatArray
    T: FloatArray
    later: IntArray
    p_purchase: FloatArray
    expected: FloatArray
    expected_value: FloatArray | None
    past_value: FloatArray | None
    value: FloatArray | None

    @classmethod
    def of(
        cls,
        base: CustomerBase,
        duration: float,
        transactions: Buyers,
        spend: GammaGamma | None,
        *,
        first_purchase: bool,
    ) -> _Seen:
        money = spend is not None
        wanted = ["frequency_holdout", *(["value_holdout"] if money else [])]
        outlook = Outlook(duration, 0.0, 1.0)
        table = scored(base, transactions, spend, outlook, first_purchase=first_purchase)
        names = ["frequency", "recency", "T", "p_purchase", "expected_purchases", *wanted]
        names += ["clv", "total_value"] if money else []
        found = arrays_of(table.to_native(*names))
        return cls(
            found["frequency"],
            found["recency"],
            found["T"],
            found["frequency_holdout"],
            found["p_purchase"],
            found["expected_purchases"],
            found.get("clv"),
            found.get("total_value"),
            found.get("value_holdout"),
        )


def _with_holdout(halves: Split, *, money: bool) -> CustomerBase:
    """Return the calibration with what its customers did later as attributes."""
    wanted = ["frequency_holdout", *(["value_holdout"] if money else [])]
    return halves.calibration.with_attributes(halves.holdout, *wanted)


def _of_numbers(base: CustomerBase, duration: float, transactions: Buyers) -> tuple[float, FloatArray]:
    """Return the log score of each customer's number of purchases, and the histogram of its transform."""
    names = attributes_of(transactions)
    found = base.histories_by("frequency_holdout", *names)
    later = found.values["frequency_holdout"]
    below, up_to = np.zeros(len(found)), np.zeros(len(found))
    for model, at in groups_of(transactions, len(found), [found.values[name] for name in names]):
        for n in range(int(later[at].max()) + 1):
            rows = at[later[at] >= n]
            below[rows] = up_to[rows]
            up_to[rows] += model.pmf_ahead(n, duration, found.frequency[rows], found.recency[rows], found.T[rows])
    score = np.log(np.maximum(up_to - below, np.finfo(float).tiny))
    histogram = count_fit.pit_histogram(below, np.minimum(up_to, 1.0), count=found.count)
    return float(found.count @ score) / found.customers, histogram


def _relative(expected: float, actual: float) -> float:
    return expected / actual - 1 if actual else math.nan


def _of_purchases(expected: FloatArray, later: IntArray) -> dict[str, float]:
    return {
        "bias": _relative(float(expected.sum()), float(later.sum())),
        "mae": quality.mean_absolute_error(expected, later),
        "rmse": quality.root_mean_squared_error(expected, later),
        "rank_correlation": quality.rank_correlation(expected, later),
    }


def _of_chances(p_purchase: FloatArray, bought: BoolArray) -> dict[str, float]:
    return {
        "auc": quality.auc(p_purchase, bought),
        "brier": quality.brier_score(p_purchase, bought),
        "calibration_error": quality.calibration(p_purchase, bought).error,
    }


def _of_value(forecast: FloatArray | None, value: FloatArray | None) -> dict[str, float]:
    """Return the quality of a forecast of value; money that came back counts as none."""
    if forecast is None or value is None:
        return {}
    earned = np.maximum(value, 0.0)
    return {
        "value_bias": _relative(float(forecast.sum()), float(value.sum())),
        "value_gini": quality.normalized_gini(forecast, earned),
        "value_lift": quality.captured_by_top(forecast, earned, TOP),
    }


def _heuristics(seen: _Seen, duration: float) -> dict[str, float]:
    """Return what rules without a model would have reached: past rate, hiatus, past value."""
    rate = seen.frequency / np.where(seen.T > 0, seen.T, 1.0)
    found = _of_purchases(rate * duration, seen.later)
    found["auc"] = quality.auc(seen.recency - seen.T, seen.later > 0)
    if seen.value is not None and seen.past_value is not None:
        of_value = _of_value(seen.past_value * (duration / seen.T.mean()), seen.value)
        found |= of_value
    return found


def _by_frequency(seen: _Seen) -> dict[str, np.ndarray[Any, Any]]:
    group = np.minimum(seen.frequency, MANY)
    customers = np.bincount(group)
    some = np.flatnonzero(customers)
    means = {
        "actual": np.bincount(group, seen.later)[some] / customers[some],
        "expected": np.bincount(group, seen.expected)[some] / customers[some],
    }
    return {"frequency": some, "customers": customers[some], **means}


def _calibration(p_purchase: FloatArray, bought: BoolArray) -> dict[str, np.ndarray[Any, Any]]:
    return quality.calibration(p_purchase, bought)._asdict()


def _tracking(halves: Split, transactions: Buyers, period: float) -> dict[str, np.ndarray[Any, Any]]:
    """Return actual and expected repeat purchases by period, and cumulated; periods begin and end at the split."""
    seen = halves.repeat_occasions()
    which = np.ceil(seen.since_at / period - _ROUNDING).astype(np.int64)
    starts = np.flatnonzero(np.diff(which, prepend=which[0] - 1))
    ends = np.append(starts[1:], len(which)) - 1
    actual = np.add.reduceat(seen.occasions, starts)
    cumulative = np.zeros(len(ends))
    for model, histories in cohorts_of(transactions, halves.calibration):
        age, customers = _ages(histories)
        since = np.maximum(seen.since_at[ends, None] + age, 0.0)  # from first purchases to the end of each period
        cumulative += _expected_new(model, since) @ customers
    return {
        "time": seen.time[ends],
        "since_at": seen.since_at[ends],
        "actual": actual,
        "expected": np.diff(cumulative, prepend=0.0),
        "cumulative_actual": np.cumsum(actual),
        "cumulative_expected": cumulative,
    }


def _ages(histories: PurchaseHistories) -> tuple[FloatArray, FloatArray]:
    """Return ages and how many customers have each, neighbors together where there are very many."""
    age, customers = sums_by_level(histories.T, histories.count.astype(np.float64))
    if len(age) <= _TIMES:
        return age, customers
    order = np.argsort(age)
    starts = np.arange(0, len(age), -(-len(age) // _TIMES))
    weight = np.add.reduceat(customers[order], starts)
    return np.add.reduceat((age * customers)[order], starts) / weight, weight


def _expected_new(model: HistoryModel, since: FloatArray) -> FloatArray:
    """Return the repeat purchases expected since first purchases; between many times on a fine grid."""
    times, position = np.unique(since, return_inverse=True)
    if len(times) > _TIMES and not model.discrete:
        grid = np.linspace(0.0, float(times[-1]), _TIMES)
        return np.interp(since, grid, model.expected_purchases_new(grid))
    return model.expected_purchases_new(times)[position].reshape(since.shape)


def _frequencies(
    base: CustomerBase, transactions: Buyers
) -> tuple[tuple[float, int, float], dict[str, np.ndarray[Any, Any]]]:
    """Return how many customers bought how often in the calibration, and how many the model expects."""
    histories = base.histories()
    observed = np.bincount(histories.frequency, histories.count)
    most = min(len(observed), _CELLS)
    n, expected = np.arange(most), np.zeros(most)
    for model, members in cohorts_of(transactions, base):
        age, customers = _ages(members)
        expected += np.array([model.pmf(n, float(T)) for T in age]).T @ customers
    expected = np.append(expected, max(histories.customers - expected.sum(), 0.0))
    observed = np.append(observed[:most], observed[most:].sum())
    test = count_fit.chi_square(observed, expected, fitted=len(transactions.parameters))
    return test, {"frequency": np.append(n, most), "customers": observed.astype(np.int64), "expected": expected}
