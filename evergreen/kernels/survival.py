"""How long until something happens, where for some it has not happened yet: Kaplan-Meier on distinct lengths.

A length of time ended with the event, or it is censored: it lasted at least so long when the observation ended. Of
equal lengths those that ended come first, so that a length censored at t was at risk at t. Times that differ by less
than one part in a billion are one time: sums of periods in other units than their own round.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.special import chdtrc

from evergreen.kernels.rates import wilson_interval
from evergreen.typing import BoolArray, FloatArray, IntArray

MIN_KNOWN: Final = 30
"""Lengths whose outcome within a window is known, below which no cut is read from a curve."""

_SAME: Final = 1e-9
_RANK: Final = 1e-12


class SurvivalCurve(NamedTuple):
    """The Kaplan-Meier estimate at the distinct lengths; arrays of shape (m,)."""

    time: FloatArray
    """The distinct lengths t, ascending, of the ended and of the censored."""
    at_risk: IntArray
    """Lengths of at least t."""
    ended: IntArray
    """Lengths that ended at t."""
    survival: FloatArray
    """S(t), the chance that a length exceeds t."""
    log_variance: FloatArray
    """Greenwood's sum of d/(n (n - d)) up to t: the variance of log S(t); infinite where S(t) is 0."""


def kaplan_meier(length: FloatArray, ended: IntArray, censored: IntArray) -> SurvivalCurve:
    """Return the product-limit estimate of the chance to exceed a length.

    The estimate of Kaplan and Meier (1958); the variance is that of Greenwood (1926).

    Parameters
    ----------
    length : ndarray of float64, shape (n,)
        At least 0, in any order, a length as often as you like; at least one.
    ended, censored : ndarray of int64, shape (n,)
        How many ended at this length, and of how many no more is known than that they lasted so long.

    Returns
    -------
    SurvivalCurve

    Examples
    --------
    >>> curve = kaplan_meier(np.array([1.0, 2.0, 3.0]), np.array([1, 1, 0]), np.array([0, 1, 1]))
    >>> curve.at_risk, curve.survival
    (array([4, 3, 1]), array([0.75, 0.5 , 0.5 ]))
    """
    time, which = np.unique(length, return_inverse=True)
    d, lost = np.zeros((2, len(time)), np.int64)
    np.add.at(d, which, ended)
    np.add.at(lost, which, censored)
    seen = d + lost > 0
    time, d, lost = time[seen], d[seen], lost[seen]
    n = np.cumsum((d + lost)[::-1])[::-1]
    staying = (n - d).astype(np.float64)
    with np.errstate(divide="ignore"):
        steps = d / (n * staying)
    return SurvivalCurve(time, n, d, np.asarray(np.cumprod(staying / n), np.float64), np.cumsum(steps))


def survival_at(curve: SurvivalCurve, t: FloatArray) -> FloatArray:
    """Return S(t), the chance that a length exceeds t.

    Parameters
    ----------
    curve : SurvivalCurve
    t : ndarray of float64, of any shape

    Returns
    -------
    ndarray of float64, of the shape of ``t``
        A right-continuous step function; nan beyond the last length of the curve, unless nothing lasted that long.
    """
    place = _place(curve, t)
    return np.where(_observed(curve, t, place), _survival(curve, place), math.nan)


def no_return(curve: SurvivalCurve, t: FloatArray, within: float) -> FloatArray:
    """Return S(t + w) / S(t): the chance that a length that exceeds t exceeds t + w, too.

    Parameters
    ----------
    curve : SurvivalCurve
    t : ndarray of float64, of any shape
        How long it has lasted without an end.
    within : float
        w above 0, the length of the window after t; an end at t + w lies inside, one at t does not.

    Returns
    -------
    ndarray of float64, of the shape of ``t``
        nan where the curve cannot tell: t + w lies beyond its last length, or nothing lasted longer than t.
    """
    before, after = _place(curve, t), _place(curve, t + within)
    start, end = _survival(curve, before), _survival(curve, after)
    known = _observed(curve, t + within, after) & (start > 0)
    return np.divide(end, start, out=np.full(np.shape(t), math.nan), where=known)


def no_return_interval(
    curve: SurvivalCurve, t: FloatArray, within: float, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return the interval of S(t + w) / S(t).

    The interval of Wilson (1927) for a share of so many independent lengths as would have the share's variance
    (Rothman, 1978): from t on the curve is itself a Kaplan-Meier curve, and Greenwood's sum from t to t + w is its
    variance. Where nothing ended in the window, or everything did, that variance is 0 or unknown, and the number is
    that of the lengths whose outcome is known.

    Parameters
    ----------
    curve : SurvivalCurve
    t : ndarray of float64, of any shape
        How long it has lasted without an end.
    within : float
        w above 0, the length of the window after t.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float64, of the shape of ``t``
        nan where :func:`no_return` is.
    """
    share, known = no_return(curve, t, within), known_outcomes(curve, t, within)
    return _interval(curve, share, known, _place(curve, t), _place(curve, t + within), level)


def survival_interval(curve: SurvivalCurve, t: FloatArray, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Return the interval of S(t), as :func:`no_return_interval` does.

    Parameters
    ----------
    curve : SurvivalCurve
    t : ndarray of float64, of any shape
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float64, of the shape of ``t``
        nan where :func:`survival_at` is.
    """
    place = _place(curve, t)
    known = _known(curve, np.full(np.shape(t), -1.0), t)
    return _interval(curve, survival_at(curve, t), known, np.zeros_like(place), place, level)


def known_outcomes(curve: SurvivalCurve, t: FloatArray, within: float) -> IntArray:
    """Return how many lengths above t either ended by t + w or were watched so long.

    Parameters
    ----------
    curve : SurvivalCurve
    t : ndarray of float64, of any shape
        How long they have lasted without an end.
    within : float
        w above 0, the length of the window after t.

    Returns
    -------
    ndarray of int64, of the shape of ``t``
        Those at risk after t without those that were lost sight of before t + w.
    """
    return _known(curve, t, t + within)


def lapse_cut(curve: SurvivalCurve, within: float, chance: float, level: float = 0.95) -> float:
    """Return the least t from which on an end within w of what has lasted so long is unlikely.

    That is the least t at which its chance is at most so much, and after which it is never clearly above that again,
    with its whole interval. On a curve that only ever gets less steep this is the first t at which it holds. It is not
    where ends come in a rhythm and the window is shorter than the wait for them; and demanding that the estimate itself
    never rises again would let an accident late on a thin curve decide.

    Parameters
    ----------
    curve : SurvivalCurve
    within : float
        w, above 0.
    chance : float
        What is unlikely: a chance of at most this.
    level : float
        Coverage of the interval that decides whether the chance rises again.

    Returns
    -------
    float
        One of the lengths of the curve, or 0; nan if there is none, among the t at which the outcomes of at least
        :data:`MIN_KNOWN` lengths are known.
    """
    times = np.unique(np.concatenate(([0.0], curve.time, curve.time[curve.time > within] - within)))
    ending = 1 - no_return(curve, times, within)
    told = ~np.isnan(ending) & (known_outcomes(curve, times, within) >= MIN_KNOWN)
    times, ending = times[told], ending[told]
    _, upper = no_return_interval(curve, times, within, level)
    unlikely, clearly_not = np.flatnonzero(ending <= chance + _SAME), np.flatnonzero(1 - upper > chance)
    settled = unlikely[unlikely > clearly_not.max(initial=-1)]
    if not len(settled):
        return math.nan
    place = int(_place(curve, times[settled[0]]))
    return float(curve.time[place - 1]) if place else 0.0


class LogRank(NamedTuple):
    """Whether groups end at the same pace."""

    statistic: float
    """Chi-squared of the differences between the ends of each group and those it would have at the pace of all."""
    degrees: int
    """Its degrees of freedom: one less than the groups that can be compared."""
    p_value: float
    """Chance of a statistic at least so large if there is no difference; 1 where nothing can be compared."""


def log_rank(curves: Sequence[SurvivalCurve]) -> LogRank:
    """Test whether groups have one survival curve.

    The test of Mantel (1966): at each time the ends are dealt to the groups by how many of theirs are at risk.

    Parameters
    ----------
    curves : sequence of SurvivalCurve
        One for each group.

    Returns
    -------
    LogRank

    Examples
    --------
    >>> none = np.zeros(4, np.int64)
    >>> fast = kaplan_meier(np.array([1.0, 2, 3, 4]), none + 5, none)
    >>> slow = kaplan_meier(np.array([3.0, 5, 6, 8]), none + 5, none)
    >>> found = log_rank([fast, slow])
    >>> round(found.statistic, 2), found.degrees, found.p_value < 0.001
    (25.94, 1, True)
    """
    time = np.unique(np.concatenate([curve.time[curve.ended > 0] for curve in curves]))
    n, d = np.zeros((2, len(curves), len(time)))
    for group, curve in enumerate(curves):
        n[group] = np.append(curve.at_risk, 0)[np.searchsorted(curve.time, time)]
        d[group, np.searchsorted(time, curve.time[curve.ended > 0])] = curve.ended[curve.ended > 0]
    all_n, all_d = n.sum(axis=0), d.sum(axis=0)
    share = n / all_n
    spread = all_d * (all_n - all_d) / np.maximum(all_n - 1, 1)
    covariance = -(spread * share) @ share.T
    np.fill_diagonal(covariance, 0.0)
    np.fill_diagonal(covariance, -covariance.sum(axis=1))  # a group alone at risk has none, to the last bit
    ahead = (d - all_d * share).sum(axis=1)
    values, vectors = np.linalg.eigh(covariance)
    told = values > _RANK * values[-1]
    statistic, degrees = float((((ahead @ vectors) ** 2)[told] / values[told]).sum()), int(told.sum())
    return LogRank(statistic, degrees, float(chdtrc(degrees, statistic)) if degrees else 1.0)


def _interval(
    curve: SurvivalCurve, share: FloatArray, known: IntArray, before: IntArray, after: IntArray, level: float
) -> tuple[FloatArray, FloatArray]:
    """Return the interval of a share that came about between two places on the curve."""
    inner = (share > 0) & (share < 1)
    greenwood = np.concatenate(([0.0], curve.log_variance))
    with np.errstate(invalid="ignore"):
        variance = np.where(inner, greenwood[after] - greenwood[before], 1.0)
    lengths = np.where(inner, (1 - share) / (np.where(inner, share, 1.0) * variance), known)
    told = ~np.isnan(share) & (lengths > 0)
    lengths = np.where(told, lengths, 1.0)
    lower, upper = wilson_interval(np.where(told, share, 0.0) * lengths, lengths, level)
    return np.where(told, lower, math.nan), np.where(told, upper, math.nan)


def _known(curve: SurvivalCurve, start: FloatArray, end: FloatArray) -> IntArray:
    """Return how many lengths above the start ended by the end or were watched so long."""
    before, after = _place(curve, start), _place(curve, end)
    ended = np.concatenate(([0], np.cumsum(curve.ended)))
    at_risk, at_end = np.append(curve.at_risk, 0), np.concatenate(([0], curve.at_risk - curve.ended))
    exactly = (after > 0) & (curve.time[after - 1] >= _earlier(end))
    return ended[after] - ended[before] + np.where(exactly, at_end[after], at_risk[after])


def _place(curve: SurvivalCurve, t: FloatArray) -> IntArray:
    """Return how many of the curve's times lie at t or before."""
    return np.searchsorted(curve.time, t + _SAME * (1 + np.abs(t)), side="right")


def _earlier(t: FloatArray) -> FloatArray:
    return t - _SAME * (1 + np.abs(t))


def _observed(curve: SurvivalCurve, t: FloatArray, place: IntArray) -> BoolArray:
    """Return where the curve is known: up to its last length, and beyond if nothing lasted that long."""
    return (_earlier(t) <= curve.time[-1]) | (_survival(curve, place) == 0)


def _survival(curve: SurvivalCurve, place: IntArray) -> FloatArray:
    return np.concatenate(([1.0], curve.survival))[place]
