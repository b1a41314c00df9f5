"""Models of customers who differ in what is known of them beside their purchases: a channel, an age, a region."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeAlias, final

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.kernels.shape import Forecast
from evergreen.models.attributed import (
    AttributedHistories,
    Column,
    check_attribute,
    chosen_attributes,
    distinct_attributes,
)
from evergreen.models.bgnbd import BGNBD
from evergreen.models.checks import check_finite, check_histories, check_shapes
from evergreen.models.encoding import Covariate, encode_rows, learn_covariates
from evergreen.models.fitting import FitResult, Problem, WeakPrior, fit
from evergreen.models.shifts import Term, limits_of, sum_over_groups, terms_of
from evergreen.models.transactions import HistoryModel
from evergreen.typing import ArrayLike, FloatArray, IntArray

Verb: TypeAlias = Callable[[HistoryModel, IntArray, FloatArray, FloatArray], Sequence[FloatArray]]
"""What a plain model says of customers with the histories (frequency, recency, T)."""


@final
@dataclass(frozen=True, slots=True)
class CovariateModel:
    """A transaction model whose parameters depend on attributes of the customers that do not change.

    Customers with equal attributes follow a plain model, :meth:`at`, and all forecasts are its. For a customer with
    the columns z (see :class:`Covariate`) the rate of purchases is multiplied by ``exp(sum of coefficient * z)``:
    alpha is divided by it. In the BG/NBD and the MBG/NBD a and b are each multiplied by such a factor of their own,
    in the Pareto/NBD beta is divided by one, that of the rate of dropout.

    Parameters
    ----------
    base : BGNBD, MBGNBD or ParetoNBD
        The model of the reference customer: numbers at their centers (the mean of the customers of the fit), text at
        the reference level, booleans False.
    covariates : tuple of Covariate
        How attributes become columns.
    purchase, dropout : tuple of str
        Attributes that move the purchases, and those that move leaving.
    coefficients : tuple of float
        In the order of :attr:`names`.

    Raises
    ------
    InputTypeError, InvalidInputError
        If the base model takes no covariates, or names and coefficients do not go together.

    Notes
    -----
    Fader & Hardie (2007), "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models", note 019.

    The likelihood and the forecasts take one call of the plain model, about a millisecond, for each distinct row of
    attributes: round ages to years and incomes to thousands.

    Examples
    --------
    >>> channel = Covariate("channel", levels=("shop", "web"))
    >>> model = CovariateModel(BGNBD(0.5, 6.0, 0.8, 2.4), (channel,), ("channel",), (), (0.4,))
    >>> model.parameters["purchase[channel=web]"], round(model.at({"channel": "web"}).alpha, 3)
    (0.4, 4.022)
    >>> model.expected_purchases(39, [2, 2], 30.0, 39.0, {"channel": ["shop", "web"]}).round(3)
    array([1.271, 1.309])
    """

    base: HistoryModel
    covariates: tuple[Covariate, ...]
    purchase: tuple[str, ...]
    dropout: tuple[str, ...]
    coefficients: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check that the parts go together."""
        if not isinstance(self.base, HistoryModel):
            raise InputTypeError.kind("base", self.base, "a model with parameters, such as BGNBD(...)")
        family = self.base.family
        if (self.purchase and not family.purchase) or (self.dropout and not family.dropout):
            raise InvalidInputError(f"{type(self.base).__name__} takes no such covariates.")
        known, used = [covariate.name for covariate in self.covariates], (*self.purchase, *self.dropout)
        if len(set(known)) < len(known) or set(known) != set(used):
            raise InvalidInputError(f"The covariates {known} are not those of purchase and dropout: {list(used)}.")
        if len(check_finite("coefficients", self.coefficients)) != len(self.names):
            raise InvalidInputError(f"There are {len(self.coefficients)} coefficients for {list(self.names)}.")

    @classmethod
    def fit(
        cls,
        histories: AttributedHistories,
        *,
        model: type[HistoryModel] | HistoryModel = BGNBD,
        purchase: Sequence[str] = (),
        dropout: Sequence[str] = (),
        prior: WeakPrior | None = None,
    ) -> FitResult[CovariateModel]:
        """Return the model of highest likelihood.

        Parameters
        ----------
        histories : AttributedHistories
            The customer base with its attributes.
        model : type or transaction model
            The plain model of customers with equal attributes.
        purchase, dropout : sequence of str
            Attributes that may move the purchases, and those that may move leaving.
        prior : WeakPrior, optional
            Pulls parameters to ordinary values, and to 0 the effect between the mean and the extreme customer.

        Returns
        -------
        FitResult
            The model with standard errors and a named outcome. It does not depend on the units of the attributes.

        Raises
        ------
        InputTypeError
            If they are not histories with attributes.
        InvalidInputError
            If there is nothing to learn from, or an attribute is missing, the same for all customers, or follows from
            others.

        Examples
        --------
        >>> shop, web = BGNBD(0.8, 9.0, 0.8, 2.4), BGNBD(0.8, 6.0, 0.8, 2.4)
        >>> drawn = [model.simulate(52.0, customers=4_000, seed=1) for model in (shop, web)]
        >>> x, t_x, T = (np.concatenate(pair) for pair in list(zip(*drawn))[:3])
        >>> histories = AttributedHistories.of(x, t_x, T, {"channel": ["shop"] * 4_000 + ["web"] * 4_000})
        >>> fit = CovariateModel.fit(histories, purchase=["channel"])
        >>> round(fit.parameters["purchase[channel=web]"], 1)  # the truth is log(9 / 6), .405
        0.4
        """
        if not isinstance(histories, AttributedHistories):
            raise InputTypeError.kind(
                "histories", histories, "AttributedHistories, such as base.histories_by('channel')"
            )
        chosen = _names_of("purchase", purchase), _names_of("dropout", dropout)
        if not any(chosen):
            raise InvalidInputError("Name attributes that move purchases (purchase=) or leaving (dropout=).")
        without = histories.histories()
        plain = model.fit(without, prior=prior) if isinstance(model, type) else model.refit(without, prior=prior)
        terms = terms_of(plain.model.family, covariates := learn_covariates(histories, *chosen), *chosen)
        start = cls(plain.model, covariates, *chosen, (0.0,) * len(terms))
        return _improved(start, histories, prior)

    def refit(self, histories: AttributedHistories, *, prior: WeakPrior | None = None) -> FitResult[CovariateModel]:
        """Return the model of highest likelihood with the same covariates, centers and levels.

        Parameters
        ----------
        histories : AttributedHistories
            The customer base with its attributes.
        prior : WeakPrior, optional
            As for :meth:`fit`.

        Returns
        -------
        FitResult
        """
        plain = self.base.refit(histories.histories(), prior=prior)
        start = replace(self, base=plain.model, coefficients=(0.0,) * len(self.names))
        return _improved(start, histories, prior)

    def problem(self, histories: AttributedHistories, prior: WeakPrior | None = None) -> Problem:
        """Return the likelihood of customers under models with these covariates.

        Parameters
        ----------
        histories : AttributedHistories
            The customer base with its attributes.
        prior : WeakPrior, optional
            What is known before.

        Returns
        -------
        Problem
            Numbers are divided by their greatest distance from the center, so that a coefficient is the effect between
            the reference and the extreme customer.
        """
        family = self.base.family
        rows, parts = histories.by(*(covariate.name for covariate in self.covariates))
        columns = encode_rows(self.covariates, rows)
        reach = np.abs(columns).max(axis=0)
        scale = np.where(reach > 0, reach, 1.0)
        unit = family.time_scale(histories.histories())
        groups = [family.likelihood(part, unit) for part in parts]
        return Problem(
            names=(*family.names, *self.names),
            log_likelihood=sum_over_groups(groups, self._shifts(columns / scale)),
            units=np.concatenate((groups[0].units, [1 / scale[term.column] for term in self.terms])),
            shift=sum(group.shift for group in groups),
            customers=histories.customers,
            histories=sum(group.histories for group in groups),
            starts=tuple(np.append(start, np.zeros(len(self.terms))) for start in groups[0].starts),
            rough=None,
            limits=limits_of(family),
            prior=prior,
            coefficients=self.names,
        )

    def with_parameters(self, *values: float) -> Self:
        """Return the model with the same covariates and other parameters.

        Parameters
        ----------
        *values : float
            Those of the base model, then the coefficients.

        Returns
        -------
        CovariateModel
        """
        d = len(self.base.family.names)
        return replace(self, base=self.base.with_parameters(*values[:d]), coefficients=values[d:])

    @property
    def terms(self) -> tuple[Term, ...]:
        """The coefficients, and what each moves."""
        return terms_of(self.base.family, self.covariates, self.purchase, self.dropout)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return tuple(term.name for term in self.terms)

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters of the base model and the coefficients, by name."""
        return self.base.parameters | dict(zip(self.names, self.coefficients, strict=True))

    def at(self, attributes: Mapping[str, str | float | bool]) -> HistoryModel:
        """Return the plain model of customers with these attributes.

        Parameters
        ----------
        attributes : mapping of str to str, float or bool
            A value for each covariate; others are not used.

        Returns
        -------
        HistoryModel
            Of the class of ``base``, with all its verbs.

        Raises
        ------
        InvalidInputError
            If an attribute is missing or its level was not in the data.

        Examples
        --------
        >>> age = Covariate("age", center=40.0)
        >>> CovariateModel(BGNBD(0.5, 6.0, 0.8, 2.4), (age,), ("age",), (), (0.01,)).at({"age": 40})
        BGNBD(r=0.5, alpha=6.0, a=0.8, b=2.4)
        """
        return self._models({name: check_attribute(name, [value]) for name, value in attributes.items()})[0]

    def p_alive(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, attributes: Mapping[str, ArrayLike]
    ) -> FloatArray:
        """Return the probability that customers are still alive at T.

        Parameters
        ----------
        frequency, recency, T : array_like
            As for :meth:`BGNBD.p_alive`.
        attributes : mapping of str to array_like
            A value of each covariate; all broadcast with the histories.

        Returns
        -------
        ndarray of float64
            Of the arguments' common shape.
        """
        return self._each(lambda model, x, t_x, T: (model.p_alive(x, t_x, T),), (frequency, recency, T), attributes)[0]

    def p_purchase(
        self,
        horizon: float,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        attributes: Mapping[str, ArrayLike],
    ) -> FloatArray:
        """Return the probability of at least one purchase within the horizon.

        Parameters
        ----------
        horizon : float
            Time ahead of T, at least 0; may be infinite.
        frequency, recency, T : array_like
            As for :meth:`BGNBD.p_alive`.
        attributes : mapping of str to array_like
            As for :meth:`p_alive`.

        Returns
        -------
        ndarray of float64
            Of the arguments' common shape.
        """
        return self._each(
            lambda model, x, t_x, T: (model.p_purchase(horizon, x, t_x, T),), (frequency, recency, T), attributes
        )[0]

    def expected_purchases(
        self,
        horizon: float,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        attributes: Mapping[str, ArrayLike],
    ) -> FloatArray:
        """Return the expected number of purchases within the horizon.

        Parameters
        ----------
        horizon : float
            Time ahead of T, at least 0; may be infinite.
        frequency, recency, T : array_like
            As for :meth:`BGNBD.p_alive`.
        attributes : mapping of str to array_like
            As for :meth:`p_alive`.

        Returns
        -------
        ndarray of float64
            Of the arguments' common shape.
        """
        return self._each(
            lambda model, x, t_x, T: (model.expected_purchases(horizon, x, t_x, T),),
            (frequency, recency, T),
            attributes,
        )[0]

    def forecast(
        self,
        horizon: float,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        attributes: Mapping[str, ArrayLike],
        *,
        delta: float = 0.0,
    ) -> Forecast:
        """Return all forecasts of one horizon at once.

        Parameters
        ----------
        horizon : float
            Time ahead of T, at least 0; may be infinite.
        frequency, recency, T : array_like
            As for :meth:`BGNBD.p_alive`.
        attributes : mapping of str to array_like
            As for :meth:`p_alive`.
        delta : float
            Continuous discount rate per time unit, at least 0.

        Returns
        -------
        Forecast
            As from :meth:`BGNBD.forecast`. The forecast of a customer does not depend on the others.
        """
        return Forecast(
            *self._each(
                lambda model, x, t_x, T: model.forecast(horizon, x, t_x, T, delta=delta),
                (frequency, recency, T),
                attributes,
            )
        )

    def groups(self, attributes: Mapping[str, ArrayLike]) -> list[tuple[HistoryModel, IntArray]]:
        """Group customers by their attributes.

        Parameters
        ----------
        attributes : mapping of str to array_like, each of shape (n,)
            A column for each covariate; others are not used.

        Returns
        -------
        list of (HistoryModel, ndarray of int64)
            The plain model of each distinct row of attributes, and the positions of the customers who have it.

        Raises
        ------
        InvalidInputError
            If an attribute is missing or its level was not in the data.

        Examples
        --------
        >>> channel = Covariate("channel", levels=("shop", "web"))
        >>> model = CovariateModel(BGNBD(0.5, 6.0, 0.8, 2.4), (channel,), ("channel",), (), (0.4,))
        >>> [(round(plain.parameters["alpha"], 2), at) for plain, at in model.groups({"channel": ["web", "shop"]})]
        [(6.0, array([1])), (4.02, array([0]))]
        """
        names = [covariate.name for covariate in self.covariates]
        known = {name: check_attribute(name, values) for name, values in attributes.items() if name in names}
        rows, position = distinct_attributes(known, len(next(iter(known.values()), ())))
        order = np.argsort(position, kind="stable")
        members = np.split(order, np.flatnonzero(np.diff(position[order])) + 1)
        models = self._models(rows)
        return list(zip(models, members[: len(models)], strict=True))

    def _shifts(self, columns: FloatArray) -> FloatArray:
        """Return what a unit of each coefficient adds to the log-parameters of each row: shape (g, d, terms)."""
        shifts = np.zeros((len(columns), len(self.base.family.names), len(self.terms)))
        for i, term in enumerate(self.terms):
            shifts[:, term.row, i] = term.shift.sign * columns[:, term.column]
        return shifts

    def _models(self, attributes: Mapping[str, Column]) -> list[HistoryModel]:
        """Return the plain model of each row of attributes."""
        used = chosen_attributes(attributes, tuple(covariate.name for covariate in self.covariates))
        shifts = self._shifts(encode_rows(self.covariates, used))
        base = np.array(list(self.base.parameters.values()))
        with np.errstate(over="ignore"):  # the model refuses what is not finite
            return [self.base.with_parameters(*(base * np.exp(shift @ self.coefficients)).tolist()) for shift in shifts]

    def _each(
        self,
        verb: Verb,
        history: tuple[ArrayLike, ArrayLike, ArrayLike],
        attributes: Mapping[str, ArrayLike],
    ) -> list[FloatArray]:
        """Return what the plain model of each customer's attributes says of the customer."""
        names = [covariate.name for covariate in self.covariates]
        known = {name: check_attribute(name, values) for name, values in attributes.items() if name in names}
        x, t_x, T = check_histories(*history)
        columns = check_shapes(frequency=x, recency=t_x, T=T, **known)
        x, t_x, age, *rest = (column.ravel() for column in columns)
        groups = self.groups(dict(zip(known, rest, strict=True))) or [(self.base, np.zeros(0, np.int64))]
        pieces = [verb(model, x[at], t_x[at], age[at]) for model, at in groups]
        order = np.concatenate([at for _, at in groups])
        return [_back(order, np.concatenate(parts), columns[0].shape) for parts in zip(*pieces, strict=True)]


def _improved(
    start: CovariateModel, histories: AttributedHistories, prior: WeakPrior | None
) -> FitResult[CovariateModel]:
    """Return the model of highest likelihood, searched for from one that is near."""
    values = tuple(start.parameters.values())
    return fit(start.problem(histories, prior), start.with_parameters, start=values)


def _names_of(setting: str, given: Sequence[str]) -> tuple[str, ...]:
    """Return the names of attributes, each once."""
    if isinstance(given, str) or not all(isinstance(name, str) for name in given):
        raise InputTypeError.kind(setting, given, "names of attributes, such as ['channel']")
    return tuple(dict.fromkeys(given))


def _back(order: IntArray, values: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return values to the rows that they were taken from."""
    found = np.empty_like(values)
    found[order] = values
    return found.reshape(shape)[()]
