"""Plain models whose parameters are moved by coefficients, group by group: the chain rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from evergreen.models.encoding import Covariate
from evergreen.models.family import Family, Shift
from evergreen.models.fitting import Limits, Problem
from evergreen.typing import FloatArray


class Term(NamedTuple):
    """One coefficient of a model: where it comes from and what it moves."""

    name: str
    """Such as ``purchase[channel=web]``."""
    on: str
    """``purchase`` or ``dropout``."""
    column: int
    """Of the columns of all covariates side by side."""
    row: int
    """Of the parameters of the base model."""
    shift: Shift


def terms_of(
    family: Family, covariates: Sequence[Covariate], purchase: Sequence[str], dropout: Sequence[str]
) -> tuple[Term, ...]:
    """Return the coefficients: for each parameter that is moved the columns that move it.

    Parameters
    ----------
    family : Family
        The plain model.
    covariates : sequence of Covariate
        All of them.
    purchase, dropout : sequence of str
        Attributes that move the purchases, and those that move leaving.

    Returns
    -------
    tuple of Term
    """
    columns = [(covariate.name, column) for covariate in covariates for column in covariate.columns]
    found: list[Term] = []
    for on, shifts, chosen in (("purchase", family.purchase, purchase), ("dropout", family.dropout, dropout)):
        for shift in shifts:
            moved = on if len(shifts) == 1 else f"{on}_{shift.parameter}"
            row = family.names.index(shift.parameter)
            for i, (attribute, column) in enumerate(columns):
                if attribute in chosen:
                    found.append(Term(f"{moved}[{column}]", on, i, row, shift))
    return tuple(found)


def sum_over_groups(
    groups: Sequence[Problem], shifts: FloatArray
) -> Callable[[FloatArray], tuple[float, FloatArray, FloatArray]]:
    """Return the likelihood of customers in groups, each a plain model with parameters moved by the coefficients.

    Parameters
    ----------
    groups : sequence of Problem
        The plain likelihoods.
    shifts : ndarray of float64, shape (g, d, k)
        What a unit of each coefficient adds to the log-parameters of each group.

    Returns
    -------
    callable
        From d parameters and k coefficients to the value with gradient and Hessian.
    """
    d = shifts.shape[1]

    def log_likelihood(point: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        base, coefficients = point[:d], point[d:]
        value, gradient, hessian = 0.0, np.zeros_like(point), np.zeros((len(point), len(point)))
        for group, shift in zip(groups, shifts, strict=True):
            factor = np.exp(shift @ coefficients)
            moved = base * factor
            found, slope, bend = group.log_likelihood(moved)
            steps = np.hstack((np.diag(factor), moved[:, None] * shift))
            value += found
            gradient += slope @ steps
            hessian += steps.T @ bend @ steps
            mixed = (slope * factor)[:, None] * shift
            hessian[:d, d:] += mixed
            hessian[d:, :d] += mixed.T
            hessian[d:, d:] += shift.T @ ((slope * moved)[:, None] * shift)
        return value, gradient, hessian

    return log_likelihood


def limits_of(family: Family) -> Limits:
    """Return what to say of optima at which parameters or coefficients go to a limit.

    Parameters
    ----------
    family : Family
        The plain model.

    Returns
    -------
    callable
    """

    def sentence(point: FloatArray, lower: frozenset[str], upper: frozenset[str]) -> str:
        plain, said = frozenset(family.names), []
        if (lower | upper) & plain:
            said.append(family.limits(point[: len(family.names)], lower & plain, upper & plain))
        for names, where in ((lower - plain, "minus infinity"), (upper - plain, "infinity")):
            if names:
                said.append(
                    f"The likelihood rises as {', '.join(sorted(names))} goes to {where}: of the customers concerned "
                    "nobody buys again, nobody leaves, or all leave alike. Predictions are usable; this is no estimate."
                )
        return " ".join(said)

    return sentence
