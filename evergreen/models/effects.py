"""What goes with the attributes of customers, read from a fit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from evergreen.models.checks import check_level
from evergreen.models.covariates import CovariateModel
from evergreen.models.fitting import FitResult


class CovariateEffect(NamedTuple):
    """What goes with an attribute."""

    on: str
    """``purchase``: the rate of purchases; ``dropout``: the rate of leaving, or the odds to leave where the model has a
    probability of leaving (the ratio of a to b)."""
    attribute: str
    step: str
    """Which customers are compared, such as ``web instead of shop`` or ``1 more``."""
    ratio: float
    """The one's rate (or odds) divided by the other's."""
    lower: float
    upper: float
    """Confidence interval of the ratio; nan where its standard error is unknown."""


def covariate_effects(fit: FitResult[CovariateModel], *, level: float = 0.95) -> tuple[CovariateEffect, ...]:
    """Return what goes with each attribute, as ratios of rates.

    Parameters
    ----------
    fit : FitResult
        A fit of :class:`CovariateModel`.
    level : float
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    tuple of CovariateEffect
        One for each column of each attribute; ``pandas.DataFrame`` makes a table of them.

    Examples
    --------
    >>> from evergreen import BGNBD
    >>> from evergreen.models.attributed import AttributedHistories
    >>> shop, web = BGNBD(0.8, 9.0, 0.8, 2.4), BGNBD(0.8, 6.0, 0.8, 2.4)
    >>> drawn = [model.simulate(52.0, customers=4_000, seed=1) for model in (shop, web)]
    >>> x, t_x, T = (np.concatenate(pair) for pair in list(zip(*drawn))[:3])
    >>> histories = AttributedHistories.of(x, t_x, T, {"channel": ["shop"] * 4_000 + ["web"] * 4_000})
    >>> (effect,) = covariate_effects(CovariateModel.fit(histories, purchase=["channel"]))
    >>> effect.on, effect.step, effect.lower < 1.5 < effect.upper
    ('purchase', 'web instead of shop', True)
    """
    model, reach = fit.model, float(ndtri(0.5 + check_level(level) / 2))
    steps = [(covariate.name, step) for covariate in model.covariates for step in covariate.steps]
    terms, coefficients = model.terms, np.array(model.coefficients)
    covariance = fit.log_covariance[-len(terms) :, -len(terms) :]
    found = []
    for on, column in dict.fromkeys((term.on, term.column) for term in terms):
        used = [i for i, term in enumerate(terms) if (term.on, term.column) == (on, column)]
        signs = np.array([terms[i].shift.effect for i in used])
        effect = float(signs @ coefficients[used])
        width = reach * float(np.sqrt(signs @ covariance[np.ix_(used, used)] @ signs))
        ratio, lower, upper = np.exp([effect, effect - width, effect + width]).tolist()
        found.append(CovariateEffect(on, *steps[column], ratio, lower, upper))
    return tuple(found)
