"""Which transaction model to take: by its likelihood, and by what it foretold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from evergreen.errors import EvergreenError
from evergreen.frames import Split, plain_table
from evergreen.models.catalog import TRANSACTION_MODELS
from evergreen.models.fitting import FitResult, WeakPrior
from evergreen.models.histories import PurchaseHistories
from evergreen.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

_NOTICEABLE: Final = 2.0  # differences of AIC below it say nothing (Burnham & Anderson, 2002)
_SURE: Final = 2.0  # standard errors from which on a difference in the holdout counts,
_MATTERS: Final = 1e-3  # if it is also above a tenth of a percent in the probability of what a customer did


@final
@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A transaction model that could have been chosen.

    Attributes
    ----------
    name : str
        As :class:`CLVModel` takes it.
    fit : FitResult or None
        Its fit; None if it cannot be fitted to this base.
    log_score : float
        Mean logarithm of the probability that it gave to what each customer did in the holdout; nan without one.
    behind : float
        By how much its log score is below the best one's.
    behind_error : float
        Standard error of that difference.
    note : str
        Why it was not fitted, or how its fit ended.

    Examples
    --------
    >>> Candidate("bg/nbd", None, float("nan"), float("nan"), float("nan"), "nobody bought twice").aic
    inf
    """

    name: str
    fit: FitResult[Any] | None
    log_score: float
    behind: float
    behind_error: float
    note: str

    @property
    def aic(self) -> float:
        """Akaike's criterion of the fit; infinite if there is none."""
        return math.inf if self.fit is None else self.fit.aic


@final
@dataclass(frozen=True, slots=True, eq=False)
class ModelChoice:
    """Which transaction model was chosen, and why.

    Attributes
    ----------
    chosen : str
        Its name.
    reason : str
        One or two sentences.
    candidates : tuple of Candidate
        All that were looked at, the simplest first.

    Examples
    --------
    >>> from evergreen import CLVModel, CustomerBase, datasets
    >>> base = CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")
    >>> choice = CLVModel(transactions="auto").fit(base).choice_
    >>> choice.chosen
    'bg/nbd'
    >>> choice.to_frame()[["model", "delta_aic"]].round(1).head(2).values.tolist()
    [['bg/nbd', 0.6], ['mbg/nbd', 0.0]]
    """

    chosen: str
    reason: str
    candidates: tuple[Candidate, ...]

    @property
    def fit(self) -> FitResult[Any]:
        """The fit of the chosen model."""
        return next(found.fit for found in self.candidates if found.name == self.chosen and found.fit is not None)

    def to_frame(self) -> pd.DataFrame:
        """Return the candidates as a table.

        Returns
        -------
        pandas.DataFrame
            One row per candidate: ``model``, ``parameters`` (their number), ``log_likelihood``, ``aic``,
            ``delta_aic``, ``log_score`` (of the holdout), ``note``.
        """
        fits = [candidate.fit for candidate in self.candidates]
        aic = np.array([candidate.aic for candidate in self.candidates])
        return plain_table(
            {
                "model": np.array([candidate.name for candidate in self.candidates], object),
                "parameters": np.array([0 if fit is None else len(fit.names) for fit in fits]),
                "log_likelihood": np.array([math.nan if fit is None else fit.log_likelihood for fit in fits]),
                "aic": aic,
                "delta_aic": aic - aic.min(),
                "log_score": np.array([candidate.log_score for candidate in self.candidates]),
                "note": np.array([candidate.note for candidate in self.candidates], object),
            }
        )


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """What customers of known histories did within a time after it.

    Attributes
    ----------
    frequency : ndarray of int64, shape (m,)
    recency, T : ndarray of float64, shape (m,)
        Distinct histories.
    later : ndarray of int64, shape (m,)
        Occasions afterwards.
    count : ndarray of int64, shape (m,)
        Customers with this history who did that.
    duration : float
        How long they were watched.
    """

    frequency: IntArray
    recency: FloatArray
    T: FloatArray
    later: IntArray
    count: IntArray
    duration: float


def later_of(halves: Split) -> Later:
    """Return what the customers of the calibration did in the holdout, as distinct histories.

    Parameters
    ----------
    halves : Split

    Returns
    -------
    Later
    """
    base = halves.calibration.with_attributes(halves.holdout, "frequency_holdout")
    found = base.histories_by("frequency_holdout")
    later = found.values["frequency_holdout"]
    return Later(found.frequency, found.recency, found.T, later, found.count, halves.duration)


def choose(histories: PurchaseHistories, later: Later | None, prior: WeakPrior | None) -> ModelChoice:
    """Fit every transaction model in continuous time and choose one.

    Parameters
    ----------
    histories : PurchaseHistories
        The customers to learn from.
    later : Later or None
        What they did afterwards, if it is known.
    prior : WeakPrior or None
        For the fits.

    Returns
    -------
    ModelChoice

    Raises
    ------
    InvalidInputError
        If no model can be fitted: there is nothing to learn from.
    """
    fits: dict[str, FitResult[Any] | None] = {}
    notes: dict[str, str] = {}
    refused: EvergreenError | None = None
    for name, model in TRANSACTION_MODELS.items():
        if model.discrete:
            continue  # the likelihood of opportunities is not one of times: their AICs cannot be compared
        try:
            found = model.fit(histories, prior=prior)
        except EvergreenError as error:
            fits[name], notes[name], refused = None, str(error), error
        else:
            fits[name], notes[name] = found, found.status.value
    fitted = {name: found for name, found in fits.items() if found is not None}
    if not fitted and refused is not None:
        raise refused
    if later is None:
        candidates = [Candidate(name, fit, math.nan, math.nan, math.nan, notes[name]) for name, fit in fits.items()]
        return _by_likelihood(candidates)
    scores = {name: _log_scores(found.model, later) for name, found in fitted.items()}
    best = max(scores, key=lambda name: float(later.count @ scores[name]))
    candidates = [
        Candidate(name, fit, *_behind(scores.get(name), scores[best], later.count), notes[name])
        for name, fit in fits.items()
    ]
    return _by_holdout(candidates, best)


def _log_scores(model: Any, later: Later) -> FloatArray:
    probability = model.pmf_ahead(later.later, later.duration, later.frequency, later.recency, later.T)
    return np.log(np.maximum(probability, np.finfo(float).tiny))


def _behind(score: FloatArray | None, best: FloatArray, count: IntArray) -> tuple[float, float, float]:
    """Return the mean log score, by how much it is below the best, and the standard error of that."""
    if score is None:
        return math.nan, math.nan, math.nan
    share = count / count.sum()
    behind = best - score
    mean = float(share @ behind)
    return float(share @ score), mean, math.sqrt(float(share @ (behind - mean) ** 2) / float(count.sum()))


def _by_likelihood(candidates: list[Candidate]) -> ModelChoice:
    least = min(candidates, key=lambda candidate: candidate.aic)
    chosen = next(candidate for candidate in candidates if candidate.aic <= least.aic + _NOTICEABLE)
    reason = f"{chosen.name} has the lowest AIC ({chosen.aic:,.1f})."
    if chosen is not least:
        reason = (
            f"{chosen.name} is the simplest of the models whose AIC cannot be told from the lowest: {chosen.aic:,.1f} "
            f"against {least.aic:,.1f} of {least.name}."
        )
    return ModelChoice(
        chosen.name, f"{reason} No holdout was given, so nothing is known of its forecasts.", tuple(candidates)
    )


def _by_holdout(candidates: list[Candidate], best: str) -> ModelChoice:
    equal = [candidate for candidate in candidates if candidate.behind <= max(_SURE * candidate.behind_error, _MATTERS)]
    least = min(candidate.aic for candidate in equal)
    chosen = next(candidate for candidate in equal if candidate.aic <= least + _NOTICEABLE)
    if len(equal) == 1:
        second = min((c for c in candidates if c.name != best and c.fit), key=lambda c: c.behind, default=None)
        reason = f"{chosen.name} foretold the holdout best, by a mean log score of {chosen.log_score:.4f}"
        if second is not None:
            sure = second.behind / second.behind_error
            reason += f" against {second.log_score:.4f} of {second.name} ({sure:.1f} standard errors)"
        return ModelChoice(chosen.name, f"{reason}.", tuple(candidates))
    names = ", ".join(candidate.name for candidate in equal)
    why = "has the lowest AIC" if chosen.aic == least else "is the simplest of those whose AIC is as good as the lowest"
    reason = (
        f"In the holdout {names} cannot be told apart: their mean log scores are as good as equal. Of these "
        f"{chosen.name} {why} ({chosen.aic:,.1f})."
    )
    return ModelChoice(chosen.name, reason, tuple(candidates))
