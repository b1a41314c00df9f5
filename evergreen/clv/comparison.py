"""Several models beside each other, and beside rules that need none."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from evergreen.clv.model import CLVModel
from evergreen.errors import DataWarning, FitWarning, InputTypeError, InvalidInputError
from evergreen.frames import Split, plain_table

if TYPE_CHECKING:
    import pandas as pd

HEURISTICS = "heuristics"
"""Name of the row of rules without a model."""


def compare(models: Iterable[str | CLVModel] | Mapping[str, CLVModel], halves: Split) -> pd.DataFrame:
    """Fit models to a calibration and evaluate each on the same holdout.

    Parameters
    ----------
    models : iterable of str or CLVModel, or mapping of str to CLVModel
        Names of transaction models, models to fit, or models under names of your own. What is given is not changed.
    halves : Split
        Calibration and holdout.

    Returns
    -------
    pandas.DataFrame
        One row per model: ``model``, ``status`` of its fit, ``parameters`` (the number of them), ``aic``, and the
        measures of :class:`Evaluation`. The last row, ``"heuristics"``, has what rules without a model reach: each
        customer buys on at the past rate, silence tells who comes again, past value tells future value.

    Raises
    ------
    InputTypeError
        If something is neither a name nor a model, or there is no split.
    InvalidInputError
        If there is no model, two have the same name, or one cannot be fitted.

    Warns
    -----
    DataWarning
        Once for what all fits say of the data, such as customers left out of the spend model.

    Examples
    --------
    >>> from evergreen import datasets, split
    >>> halves = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W")
    >>> compare(["bg/nbd", "mbg/nbd"], halves)[["model", "aic", "bias", "auc"]].round(3)
            model        aic   bias    auc
    0      bg/nbd  19172.858 -0.121  0.757
    1     mbg/nbd  19172.271 -0.162  0.760
    2  heuristics        NaN  0.557  0.771
    """
    if not isinstance(halves, Split):
        raise InputTypeError.kind("halves", halves, "a Split, such as split(log, at='2024-06-30')")
    rows: list[dict[str, object]] = []
    rules: dict[str, object] = {}
    told: set[str] = set()
    for name, wanted in _named(models).items():
        model = CLVModel(**wanted.get_params())
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            model.fit(halves)
        told |= {str(warning.message) for warning in heard if not issubclass(warning.category, FitWarning)}
        found, fit = model.evaluate(halves), model.fit_.transactions
        facts: dict[str, object] = {
            "model": name,
            "status": fit.status.value,
            "parameters": len(fit.values),
            "aic": fit.aic,
        }
        rows.append(facts | dict(found.measures))
        rules = {"model": HEURISTICS, "status": "", "parameters": 0, **found.heuristics}
    for message in sorted(told):  # the table tells how each fit ended
        warnings.warn(message, DataWarning, stacklevel=2)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    table = [*rows, rules]
    return plain_table({column: np.array([row.get(column, math.nan) for row in table]) for column in columns})


def _named(models: Iterable[str | CLVModel] | Mapping[str, CLVModel]) -> dict[str, CLVModel]:
    """Return the models by name."""
    named: dict[str, CLVModel]
    if isinstance(models, str | CLVModel):
        raise InputTypeError.kind("models", models, "a list of names or models, or a dict of models")
    if isinstance(models, Mapping):
        named = {str(name): model for name, model in models.items()}
    else:
        given = [CLVModel(transactions=model) if isinstance(model, str) else model for model in models]
        wrong = next((model for model in given if not isinstance(model, CLVModel)), None)
        if wrong is not None:
            raise InputTypeError.kind("A model", wrong, "a name such as 'bg/nbd', or a CLVModel")
        named = {model.transactions: model for model in given}
        if len(named) < len(given):
            raise InvalidInputError("Two models have the same transaction model: give a dict with a name for each.")
    if not named:
        raise InvalidInputError("There is no model to compare.")
    for model in named.values():
        if not isinstance(model, CLVModel):
            raise InputTypeError.kind("A model", model, "a CLVModel")
    return named
