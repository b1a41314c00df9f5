"""Churn: who is slipping away, how surely, and until when there is time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Self, final

import numpy as np

from evergreen.churn.backtest import ChurnBacktest, Learned, backtest
from evergreen.churn.campaign import Offer
from evergreen.churn.chances import Chances, ModelChances
from evergreen.churn.returns import ReturnChances, ReturnCurves, compact
from evergreen.churn.scoring import BANDS, COLUMNS, scored
from evergreen.durations import check_time_unit, in_days, in_units
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames import CustomerBase, Moment, ScoreTable, ZeroAmounts, check_base, check_fits_model, check_numbers
from evergreen.kernels.concentration import shares_of_sum
from evergreen.models.bgcnbd import CondensedModel
from evergreen.models.buyers import Buyers, Evidence, attributes_of, evidence_with, fit_buyers
from evergreen.models.catalog import TRANSACTION_MODELS, name_of
from evergreen.models.checks import check_choice, check_share
from evergreen.models.covariates import CovariateModel
from evergreen.models.estimator import Estimator
from evergreen.models.fitting import FitResult, WeakPrior
from evergreen.models.gaps import GapHistories
from evergreen.models.histories import PurchaseHistories
from evergreen.models.rhythm import Rhythm
from evergreen.models.transactions import HistoryModel
from evergreen.typing import Duration, Occasion, TimeUnit

GAPS: Final = "gaps"
"""The choice of no model."""
_KINDS: Final[Mapping[str, type[HistoryModel] | None]] = MappingProxyType({**TRANSACTION_MODELS, GAPS: None})


@final
class ChurnDetector(Estimator):
    """The chance that a customer makes no purchase within a horizon, and what to make of it.

    The score is ``p_churn`` = 1 - P(at least one purchase within the horizon), never 1 - P(alive). P(alive) answers
    another question: the BG/NBD takes everybody who bought once to be alive, and many who are alive will not buy soon.
    On CDNOW 1 - P(alive) puts those who come back behind those who do not (AUC .316); ``p_churn`` reaches .757, and the
    days since the last purchase, which need no model, .771. So those days stand beside every score, and
    :meth:`backtest` says which of them to sort by.

    Parameters
    ----------
    horizon : str, datetime.timedelta or numpy.timedelta64
        How long a customer may take to buy again, such as ``"90D"``.
    transactions : {"bg/nbd", "mbg/nbd", "pareto/nbd", "bg/cnbd-k", "mbg/cnbd-k", "bg/bb", "gaps"}
        The transaction model that ``p_churn`` comes from, as in :class:`CLVModel`; ``"gaps"`` takes it without a model
        from the times between purchases, among customers who had bought as often.
    purchase_covariates, dropout_covariates : sequence of str
        Attributes of the base that may move purchases and leaving: :class:`CovariateModel`.
    prior : WeakPrior, optional
        Keeps parameters that a small base does not determine near ordinary values.
    bands : tuple of (float, float)
        Where ``p_churn`` begins to be ``"watch"`` and ``"alarm"``; below it is ``"ok"``.
    lapse_chance : float or None
        A customer has lapsed from the silence on after which one like him comes back within the horizon with at most
        this chance. None leaves the gaps between purchases unread, for which a lazy log would run once more.

    Attributes
    ----------
    transaction_model_ : HistoryModel, CovariateModel or None
        The fitted transaction model; its times are in ``time_unit_``. None for ``"gaps"``.
    fit_ : FitResult or None
        How its fit ended; None for ``"gaps"`` and after :meth:`from_model`.
    rhythm_ : Rhythm or None
        Personal gaps, and how far they are shrunk to the gap of the population.
    gaps_ : GapHistories or None
        The gaps between purchases, counted; None for a base from a summary, which does not tell them.
    time_unit_ : {"h", "D", "W", "M", "Y"}
        Unit of the model's times.

    Notes
    -----
    A customer without a contract never says that he has left. "Churn" is here what can be checked: no purchase within
    the horizon. It is no prophecy about a single customer, and it will not hold after a change of season, of prices or
    of what is done for customers.

    Examples
    --------
    >>> from evergreen import ChurnDetector, CustomerBase, datasets
    >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    >>> detector = ChurnDetector(horizon="90D").fit(base)
    >>> columns = ["days_since_last", "p_churn", "overdue", "lapsed", "band", "days_to_alarm"]
    >>> detector.transform(base).loc[:2, columns].round(2)
       days_since_last  p_churn  overdue  lapsed   band  days_to_alarm
    0            200.0     0.75     2.16   False  watch             66
    1            542.0     0.96     8.27    True  alarm              0
    2            533.0     0.97    10.64    True  alarm              0
    """

    transaction_model_: Buyers | None
    fit_: FitResult[Any] | None
    rhythm_: Rhythm | None
    gaps_: GapHistories | None
    time_unit_: TimeUnit

    def __init__(
        self,
        *,
        horizon: Duration = "90D",
        transactions: str = "bg/nbd",
        purchase_covariates: Sequence[str] = (),
        dropout_covariates: Sequence[str] = (),
        prior: WeakPrior | None = None,
        bands: tuple[float, float] = (0.5, 0.8),
        lapse_chance: float | None = 0.1,
    ) -> None:
        self.horizon = horizon
        self.transactions = transactions
        self.purchase_covariates = purchase_covariates
        self.dropout_covariates = dropout_covariates
        self.prior = prior
        self.bands = bands
        self.lapse_chance = lapse_chance

    @classmethod
    def from_model(
        cls,
        model: HistoryModel | CovariateModel,
        *,
        time_unit: TimeUnit,
        horizon: Duration = "90D",
        bands: tuple[float, float] = (0.5, 0.8),
    ) -> Self:
        """Return a detector that is ready to score, from a transaction model that is known already.

        Parameters
        ----------
        model : BGNBD or another transaction model, or CovariateModel
            Such as the ``transaction_model_`` of a :class:`CLVModel`.
        time_unit : {"h", "D", "W", "M", "Y"}
            The unit of the model's times.
        horizon, bands
            As for the constructor.

        Returns
        -------
        ChurnDetector
            Without rhythm and gaps: its scores have no ``overdue`` and no ``lapsed``.

        Raises
        ------
        InputTypeError
            If it is no model with parameters.

        Examples
        --------
        >>> from evergreen import BGNBD
        >>> ChurnDetector.from_model(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W").transactions
        'bg/nbd'
        """
        if isinstance(model, type) or not isinstance(model, HistoryModel | CovariateModel):
            raise InputTypeError.kind("model", model, "a transaction model with parameters, such as BGNBD(...)")
        plain = model if isinstance(model, HistoryModel) else model.base
        detector = cls(horizon=horizon, transactions=name_of(plain), bands=bands)
        if isinstance(model, CovariateModel):
            detector.set_params(purchase_covariates=model.purchase, dropout_covariates=model.dropout)
        detector.transaction_model_ = model
        detector.fit_ = detector.rhythm_ = detector.gaps_ = None
        detector.time_unit_ = check_time_unit(time_unit)
        return detector

    def fit(self, base: CustomerBase) -> Self:
        """Learn when customers buy, and when they come back.

        Parameters
        ----------
        base : CustomerBase
            The customers; of a lazy base nothing but distinct histories and distinct gaps is collected.

        Returns
        -------
        ChurnDetector
            The object itself, fitted.

        Raises
        ------
        InputTypeError
            If it is not a customer base.
        InvalidInputError
            If a setting is not allowed, there is nothing to learn from (nobody came back), or ``"gaps"`` are asked of a
            base that was made from a summary.

        Warns
        -----
        FitWarning
            If the fit of the transaction model ended otherwise than in an inner maximum.
        """
        base = check_base(base)
        kind = self._checked()
        evidence = evidence_with(base, self._covariates)
        fit, rhythm = self._fitted(kind, evidence)
        told = kind is None or (self.lapse_chance is not None and base.has_gaps)
        gaps = compact(base.gaps()) if told else None
        model = None if fit is None else fit.model
        self._chances(model, gaps, base.time_unit)  # refuses a horizon that no gap has lasted
        self.transaction_model_ = model
        self.fit_ = fit
        self.rhythm_ = rhythm
        self.gaps_ = gaps
        self.time_unit_ = base.time_unit
        if fit is not None:
            fit.warn(stacklevel=2)
        return self

    def transform(self, base: CustomerBase, *, value: str | None = None) -> Any:
        """Say of every customer how likely it is that nothing more comes within the horizon.

        Parameters
        ----------
        base : CustomerBase
            The base of the fit, or another one in the same time unit.
        value : str, optional
            A column of numbers of the base, such as an attribute with each customer's lifetime value.

        Returns
        -------
        frame
            Of the base's own kind (lazy if the base is lazy), one row per customer: the customer id;
            ``days_since_last``, the rule to beat; ``p_churn``; ``overdue``, the silence in personal gaps
            (:func:`overdue_ratio`); ``lapsed``, whether the silence is beyond the lapse cut of customers who bought
            once, or of those who came back; ``band`` (``"ok"``, ``"watch"``, ``"alarm"``); ``days_to_alarm``, the whole
            days of further silence until ``p_churn`` reaches the alarm, 0 where it has, 36525 (a hundred years) for all
            beyond; ``alarm_date``, that day; and ``value_at_risk``, ``p_churn`` times the value. ``overdue`` and
            ``lapsed`` are there if they were learned, the date if the base knows the end of its observation.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InputTypeError
            If it is not a customer base, or the value is no number.
        InvalidInputError
            If the base is in another time unit or lacks an attribute, or a setting is not allowed.
        """
        self._require("time_unit_", "transform")
        table = self._scored(base, value)
        made = set(table.columns) - set(base.columns)
        return table.to_native(*(name for name in (*COLUMNS, "value_at_risk") if name in made))

    def summary(self, base: CustomerBase, *, value: str | None = None) -> Any:
        """Add up the bands of a base.

        Parameters
        ----------
        base : CustomerBase
            The base to describe.
        value : str, optional
            As for :meth:`transform`.

        Returns
        -------
        frame
            One row per band: ``band``, ``customers``, ``share`` of customers, mean ``p_churn`` (missing where there is
            nobody) and, with a value, its sum ``value`` and the sum ``value_at_risk``.

        Raises
        ------
        NotFittedError, InputTypeError, InvalidInputError
            As for :meth:`transform`.
        """
        self._require("time_unit_", "summary")
        table = self._scored(base, value)
        money = [] if value is None else [value, "value_at_risk"]
        bands, customers, chance, *sums = table.group_totals("band", ["p_churn", *money], BANDS).values()
        return table.small_table(
            {
                "band": bands,
                "customers": customers,
                "share": shares_of_sum(customers),
                "p_churn": np.divide(chance, customers, out=np.full(len(bands), np.nan), where=customers > 0),
                **dict(zip(("value", "value_at_risk"), sums, strict=False)),
            }
        )

    def campaign(
        self, base: CustomerBase, *, value: str, contact_cost: float, offer_cost: float, success_rate: float
    ) -> Any:
        """Say whom it pays to contact with an offer.

        Parameters
        ----------
        base : CustomerBase
            As for :meth:`transform`.
        value : str
            A column of numbers of the base: what each customer is worth if he is won back.
        contact_cost, offer_cost, success_rate : float
            As for :func:`profit_threshold`.

        Returns
        -------
        frame
            Of the base's own kind, one row per customer: the id, ``p_churn``, ``threshold`` (:func:`profit_threshold`,
            and 1 where it never pays), ``expected_profit`` of a contact, and ``contact``, whether that is above 0.

        Raises
        ------
        NotFittedError, InputTypeError, InvalidInputError
            As for :meth:`transform`, and if a cost or the success rate is out of range.
        """
        self._require("time_unit_", "campaign")
        offer = Offer.of(contact_cost, offer_cost, success_rate)
        return offer.beside(self._scored(base, value), value).to_native(
            "p_churn", "threshold", "expected_profit", "contact"
        )

    def lapse_cuts(self) -> dict[str, float]:
        """Return the days of silence from which on customers hardly come back within the horizon.

        Returns
        -------
        dict of str to float
            For ``"everyone"`` (all gaps, so that frequent buyers have many), for those who ``"bought once"`` and for
            those who ``"came back"``: as :func:`lapse_cut` defines it, at the chance ``lapse_chance``. Nan where no
            silence that was observed is long enough.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidInputError
            If the gaps are not known, or ``lapse_chance`` is None.

        Examples
        --------
        >>> from evergreen import ChurnDetector, CustomerBase, datasets
        >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
        >>> ChurnDetector(horizon="90D").fit(base).lapse_cuts()
        {'everyone': 205.0, 'bought once': 129.0, 'came back': 343.0}
        """
        self._require("time_unit_", "lapse_cuts")
        self._checked()
        if self.gaps_ is None or self.lapse_chance is None:
            raise InvalidInputError(
                "This ChurnDetector knows no gaps between purchases: fit it, with a lapse_chance, on a base that was "
                "made from a log."
            )
        return ReturnCurves.of(self.gaps_).lapse_cuts(in_days(self.horizon), self.lapse_chance)

    def backtest(
        self,
        log: Any,
        *,
        at: Moment | Iterable[Moment],
        customer: str = "customer_id",
        date: str = "date",
        amount: str | None = "amount",
        order: str | None = None,
        time_unit: TimeUnit = "D",
        occasion: Occasion = "D",
        zero_amounts: ZeroAmounts = "keep",
        attributes: Any = None,
    ) -> ChurnBacktest:
        """Go back to several dates, score on what was known then, and see who bought within the horizon.

        Parameters
        ----------
        log : frame
            One row per purchase, as for :func:`split`. It is not changed.
        at : str, date, datetime or numpy.datetime64, or several of them
            Ends of what was known; the horizon after each must lie within the log.
        customer, date, amount, order, time_unit, occasion, zero_amounts
            As for :func:`split`.
        attributes : frame, optional
            One row per customer with the covariates, if the detector has some
            (:meth:`CustomerBase.with_attributes`); as they were known at every one of the dates.

        Returns
        -------
        ChurnBacktest
            ``p_churn``, the overdue ratio and the hiatus rule (days since the last purchase) at every date, and a plain
            sentence on which orders customers best. The detector itself is not changed: one like it is fitted for each
            date.

        Raises
        ------
        InvalidInputError
            If a setting is not allowed, there is no date, or a horizon reaches beyond the log.

        Examples
        --------
        >>> from evergreen import ChurnDetector, datasets
        >>> log = datasets.load_cdnow(sample=True)
        >>> found = ChurnDetector(horizon="39W").backtest(log, at="1997-09-30", time_unit="W")
        >>> found.table.loc[:, ["score", "auc", "brier", "calibration_error", "lift"]].round(3)
                     score    auc  brier  calibration_error   lift
        0           bg/nbd  0.757  0.161              0.056  1.126
        1  days since last  0.771    NaN                NaN  1.275
        2    overdue ratio  0.751    NaN                NaN  1.189
        """
        kind = self._checked()
        if self._covariates and attributes is None:
            raise InvalidInputError(f"The model has covariates: give attributes, a frame with {[*self._covariates]}.")
        reading = {
            "customer": customer,
            "date": date,
            "amount": amount,
            "order": order,
            "time_unit": time_unit,
            "occasion": occasion,
            "zero_amounts": zero_amounts,
            "log_gaps": kind is not None and issubclass(kind, CondensedModel),
        }

        def learn(evidence: Evidence, base: CustomerBase) -> Learned:
            fit, rhythm = self._fitted(kind, evidence)
            if fit is None:
                return Learned(self._chances(None, compact(base.gaps()), base.time_unit), rhythm)
            fit.warn(stacklevel=5)
            return Learned(self._chances(fit.model, None, base.time_unit), rhythm)

        given: Any = at
        return backtest(
            learn,
            log,
            [given] if isinstance(given, str) or not isinstance(given, Iterable) else given,
            horizon=in_days(self.horizon),
            reading=reading,
            known=attributes,
            covariates=self._covariates,
            name=self.transactions,
        )

    @property
    def _covariates(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.purchase_covariates, *self.dropout_covariates)))

    def _fitted(self, kind: type[HistoryModel] | None, evidence: Evidence) -> tuple[FitResult[Any] | None, Rhythm]:
        """Fit the transaction model, if there is one, and the rhythm."""
        histories = evidence if isinstance(evidence, PurchaseHistories) else evidence.histories()
        rhythm = Rhythm.fit(histories).model
        if kind is None:
            return None, rhythm
        purchase, dropout = self.purchase_covariates, self.dropout_covariates
        return fit_buyers(kind, evidence, purchase=purchase, dropout=dropout, prior=self.prior), rhythm

    def _chances(self, model: Buyers | None, gaps: GapHistories | None, time_unit: TimeUnit) -> Chances:
        """Return the chance of no purchase within the horizon as a function of histories."""
        horizon = in_units(self.horizon, time_unit)
        if model is not None:
            return ModelChances(model, horizon, time_unit)
        if gaps is None:
            raise InvalidInputError("This ChurnDetector has neither a model nor gaps: fit it again.")
        return ReturnChances(ReturnCurves.of(gaps), horizon)

    def _scored(self, base: CustomerBase, value: str | None) -> ScoreTable:
        """Return the base with everything that is said of a customer."""
        self._check_learned(self._checked())
        known = () if self.transaction_model_ is None else attributes_of(self.transaction_model_)
        base = check_fits_model(base, self.time_unit_, known)
        if value is not None:
            check_numbers(base, "value", value)
        told = self.gaps_ is not None and self.lapse_chance is not None
        table = scored(
            base,
            self._chances(self.transaction_model_, self.gaps_, self.time_unit_),
            self.bands,
            rhythm=self.rhythm_,
            lapse_cuts=self.lapse_cuts() if told else None,
            attributes=known,
        )
        return table if value is None else table.with_columns(value_at_risk=lambda c: c["p_churn"] * c[value])

    def _check_learned(self, kind: type[HistoryModel] | None) -> None:
        """Refuse a model that is not of the kind that the settings name."""
        model = self.transaction_model_
        plain = model.base if isinstance(model, CovariateModel) else model
        if kind is not (None if plain is None else type(plain)):
            learned = "from gaps" if plain is None else f"a {type(plain).__name__}"
            raise InvalidInputError(
                f"This ChurnDetector learned {learned}, its settings now ask for transactions={self.transactions!r}: "
                "fit it again."
            )

    def _checked(self) -> type[HistoryModel] | None:
        """Check the settings, and return the kind of model."""
        kind = check_choice("transactions", self.transactions, _KINDS)
        in_days(self.horizon)
        given: Any = self.bands
        shares = [check_share("bands", cut) for cut in given] if isinstance(given, tuple | list) else []
        if len(shares) != len(BANDS) - 1 or not 0 < shares[0] < shares[1]:
            raise InvalidInputError(
                f"bands must be two chances above 0 and in ascending order, such as (0.5, 0.8), got {given!r}."
            )
        if self.lapse_chance is not None:
            check_share("lapse_chance", self.lapse_chance)
        roles: dict[str, Any] = {"purchase": self.purchase_covariates, "dropout": self.dropout_covariates}
        for role, names in roles.items():
            if not isinstance(names, (tuple, list)):
                raise InputTypeError.kind(f"{role}_covariates", names, "a list of names of attributes")
        if kind is None and self._covariates:
            raise InvalidInputError("transactions='gaps' takes no covariates: name a model.")
        return kind
