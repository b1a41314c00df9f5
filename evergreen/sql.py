"""Scoring in the database: queries that give what a fitted model gives, where SQL can say it exactly.

Probabilities of the BG/NBD and the MBG/NBD, the expected spend of the gamma-gamma model, and RFM scores are
elementary functions of a customer's row: a query computes them to rounding, and nothing leaves the database. Expected
purchases and CLV are means over a distribution and have no such form; they need :meth:`CLVModel.predict`, which takes
a lazy relation of the database, too.

A query is written once, in standard SQL, and translated by sqlglot (extra ``sql``). Names of tables and columns are
always quoted, so they must be spelled as the database stores them. Numbers are written with an exponent: that makes
them doubles, to the last bit, where others would be decimals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from evergreen.clv import CLVModel
from evergreen.durations import DAYS_PER_UNIT, UNIT_NAMES, check_time_unit, in_units
from evergreen.errors import InputTypeError, InvalidInputError, MissingExtraError, NotFittedError
from evergreen.models.bgnbd import BGNBD, MBGNBD
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.models.segment_map import SegmentMap
from evergreen.rfm import RFMScorer
from evergreen.typing import Duration, FloatArray, TimeUnit

Dialect: TypeAlias = Literal["bigquery", "databricks", "duckdb", "postgres", "snowflake", "spark", "sqlite"]
"""The SQL of a database; the SQLite must have been built with its mathematical functions, as that of Python is."""

Table: TypeAlias = str | Sequence[str]
"""Name of a table; ``("sales", "customers")`` is the table of a schema."""

_DIALECTS: Final = ("bigquery", "databricks", "duckdb", "postgres", "snowflake", "spark", "sqlite")

_STAYED: Final[Mapping[type, str]] = MappingProxyType(
    {BGNBD: 'CASE WHEN "x" > 1e0 THEN "x" - 1e0 ELSE 0e0 END', MBGNBD: '"x"'}
)
"""By model: how many chances to leave before the last one a customer has let pass for certain."""

_NEVER_TEMPTED: Final[Mapping[type, str]] = MappingProxyType({BGNBD: 'WHEN "x" = 0e0 THEN 1e0 ', MBGNBD: ""})
"""By model: the customers who have had no chance to leave, as a branch of P(alive)."""

_NO_EXACT_SQL: Final = ("expected_purchases", "clv")


def clv_query(
    model: CLVModel,
    table: Table = "summary",
    *,
    dialect: Dialect = "duckdb",
    horizon: Duration = "365D",
    scores: Sequence[str] | None = None,
    customer: str = "customer_id",
    frequency: str = "frequency",
    recency: str = "recency",
    T: str = "T",
    monetary_value: str = "monetary_value",
    total_value: str = "total_value",
    refunds: str = "refunds",
) -> str:
    """Return a query that gives the columns of :meth:`CLVModel.predict` that SQL can compute.

    Parameters
    ----------
    model : CLVModel
        A fitted model of BG/NBD or MBG/NBD purchases.
    table : str or sequence of str
        The table to score: one row per customer, such as :meth:`CustomerBase.from_summary` takes, with times in the
        model's ``time_unit_``.
    dialect : {"bigquery", "databricks", "duckdb", "postgres", "snowflake", "spark", "sqlite"}
        The database.
    horizon : str, datetime.timedelta or numpy.timedelta64
        Length of time that ``p_purchase`` looks ahead, finite.
    scores : sequence of {"p_alive", "p_purchase", "expected_spend"}, optional
        The columns wanted; by default all that the model has.
    customer, frequency, recency, T, monetary_value, total_value, refunds : str
        Names of the columns; those of money are read where ``expected_spend`` is wanted: ``monetary_value``, or the
        last two for a model with ``first_purchase=True``.

    Returns
    -------
    str
        One SELECT without a semicolon: the customer id and the scores, in the order of ``scores``. Rows must be as
        :meth:`CustomerBase.from_summary` wants them.

    Raises
    ------
    NotFittedError
        Before ``fit``.
    InputTypeError
        If it is no CLV model.
    InvalidInputError
        If a score or the transaction model has no exact SQL, or a setting is not allowed.
    MissingExtraError
        If sqlglot is not installed.

    Examples
    --------
    >>> from evergreen import BGNBD, CLVModel, sql
    >>> model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W")
    >>> query = sql.clv_query(model, ("sales", "customers"), dialect="bigquery", horizon="52W")
    >>> [line for line in query.splitlines() if "customers" in line]
    ['          FROM `sales`.`customers`']
    """
    if not isinstance(model, CLVModel):
        raise InputTypeError.kind("model", model, "a CLVModel")
    if not hasattr(model, "transaction_model_"):
        raise NotFittedError.of(model, "clv_query")
    transactions, spend = model.transaction_model_, model.spend_model_
    if not isinstance(transactions, (BGNBD, MBGNBD)):
        raise InvalidInputError(
            f"{type(transactions).__name__} has no exact SQL: its probabilities are no elementary functions. Use "
            "CLVModel.predict, which takes a lazy relation of the database, too."
        )
    forms = {"p_alive": '"p_alive"', "p_purchase": '"p_alive" * "p_buys"'}
    if isinstance(spend, GammaGamma):
        occasions = '("x" + 1e0)' if model.first_purchase else '"x"'
        forms["expected_spend"] = _expected_spend(spend, occasions, dialect)
    chosen = _chosen(forms, scores)
    ahead = in_units(horizon, model.time_unit_)
    _check_free(customer, {"p_alive", "p_buys", "log_odds", "silence", "since", "ahead", "x", "t_x", "age", "mean"})
    spent, keep = "", f'{_name(customer)}, "x"'
    if "expected_spend" in chosen:
        whole = f"({_real(total_value)} + {_real(refunds)}) / ({_real(frequency)} + 1e0)"
        spent = f', {whole if model.first_purchase else _real(monetary_value)} AS "mean"'
        keep += ', "mean"'
    r, alpha = _number(transactions.r), _number(transactions.alpha)
    a, b = _number(math.log(transactions.a)), _number(transactions.b)
    kind = type(transactions)
    query = f"""
        SELECT {_name(customer)}, {", ".join(f"{forms[name]} AS {_name(name)}" for name in chosen)}
        FROM (
          SELECT {keep},
            CASE {_NEVER_TEMPTED[kind]}WHEN "log_odds" > 7e2 THEN 0e0
              WHEN "log_odds" > 0e0 THEN EXP(-"log_odds") / (1e0 + EXP(-"log_odds"))
              WHEN "log_odds" > -7e2 THEN 1e0 / (1e0 + EXP("log_odds"))
              WHEN "log_odds" IS NOT NULL THEN 1e0 END AS "p_alive",
            {_one_minus_exp_of_minus('"silence"')} AS "p_buys"
          FROM (
            SELECT {keep},
              {a} - LN({b} + {_STAYED[kind]}) + ({r} + "x") * {_log1p('"since"')} AS "log_odds",
              ({r} + "x") * {_log1p('"ahead"')} AS "silence"
            FROM (
              SELECT {keep},
                ("age" - "t_x") / ({alpha} + "t_x") AS "since",
                {_number(ahead)} / ({alpha} + "age") AS "ahead"
              FROM (
                SELECT {_name(customer)},
                  {_real(frequency)} AS "x", {_real(recency)} AS "t_x", {_real(T)} AS "age"{spent}
                FROM {_table(table)}
              ) AS "histories"
            ) AS "times"
          ) AS "logarithms"
        ) AS "chances"
    """  # noqa: S608 - names are quoted, numbers are floats
    title = f"Customers by {type(transactions).__name__}: times in {UNIT_NAMES[model.time_unit_]}, horizon {ahead:g}"
    return _translated(query, dialect, title)


def rfm_query(
    scorer: RFMScorer,
    table: Table = "summary",
    *,
    dialect: Dialect = "duckdb",
    time_unit: TimeUnit = "D",
    customer: str = "customer_id",
    recency: str = "recency",
    T: str = "T",
    orders: str = "orders",
    total_value: str = "total_value",
) -> str:
    """Return a query that gives what :meth:`RFMScorer.transform` gives.

    Parameters
    ----------
    scorer : RFMScorer
        A fitted scorer.
    table : str or sequence of str
        The table to score: one row per customer, such as the frame of a :class:`CustomerBase`.
    dialect : {"bigquery", "databricks", "duckdb", "postgres", "snowflake", "spark", "sqlite"}
        The database.
    time_unit : {"h", "D", "W", "M", "Y"}
        Unit of ``recency`` and ``T`` in the table.
    customer, recency, T, orders, total_value : str
        Names of the columns.

    Returns
    -------
    str
        One SELECT without a semicolon, with the columns of :meth:`RFMScorer.transform`: a missing value makes missing
        scores.

    Raises
    ------
    NotFittedError
        Before ``fit``.
    InputTypeError
        If it is no RFM scorer.
    InvalidInputError
        If a setting is not allowed, or has changed since ``fit``.
    MissingExtraError
        If sqlglot is not installed.

    Examples
    --------
    >>> from evergreen import CustomerBase, RFMScorer, datasets, sql
    >>> scorer = RFMScorer().fit(CustomerBase.from_transactions(datasets.load_cdnow(sample=True)))
    >>> sql.rfm_query(scorer, dialect="snowflake").count("THEN 'champion'")
    1
    """
    if not isinstance(scorer, RFMScorer):
        raise InputTypeError.kind("scorer", scorer, "an RFMScorer")
    if not hasattr(scorer, "cut_points_"):
        raise NotFittedError.of(scorer, "rfm_query")
    cuts, segments, weights = scorer.rules()
    columns = ", ".join(map(_name, cuts))
    _check_free(customer, {*cuts, "r", "f", "m", "rfm", "score", "segment"})
    seconds = _number(DAYS_PER_UNIT[check_time_unit(time_unit)] * 86_400)
    per_order = f" / {_real(orders)}" if "mean_value" in cuts else ""
    days, _, money = cuts
    scored = f"""
        SELECT {_name(customer)},
          ROUND(({_real(T)} - {_real(recency)}) * {seconds}) / 8.64e4 AS {_name(days)},
          {_name(orders)} AS "orders",
          {_real(total_value)}{per_order} AS {_name(money)}
        FROM {_table(table)}
    """  # noqa: S608 - names are quoted, numbers are floats
    for made, ladders in _steps(cuts):
        before = ", ".join([_name(customer), columns, *map(_name, made)])
        scored = f'SELECT {before}, {", ".join(ladders)} FROM ({scored}) AS "measured"'  # noqa: S608
    query = f"""
        SELECT {_name(customer)}, {columns}, "r", "f", "m",
          100 * "r" + 10 * "f" + "m" AS "rfm"{_score(weights)}{_segment_column(segments)}
        FROM ({scored}) AS "scored"
    """  # noqa: S608
    return _translated(query, dialect, "RFM scores by learned cut points")


def _chosen(forms: Mapping[str, str], scores: Sequence[str] | None) -> list[str]:
    """Return the scores to compute, after a check that there is SQL for each."""
    chosen = list(forms if scores is None else scores)
    for score in chosen:
        if score in _NO_EXACT_SQL:
            raise InvalidInputError(
                f"{score} has no exact SQL: it is a mean over the probability to leave, no elementary function. Use "
                "CLVModel.predict, which takes a lazy relation of the database, too."
            )
        if score not in forms:
            raise InvalidInputError.not_allowed("score", score, forms)
    if not chosen or len(set(chosen)) < len(chosen):
        raise InvalidInputError(f"scores must name at least one score and each once, got {chosen}.")
    return chosen


def _check_free(customer: str, taken: set[str]) -> None:
    _check_text(customer)
    if customer.casefold() in {name.casefold() for name in taken}:
        raise InvalidInputError(
            f"The customer column cannot be named {customer!r} here: the query makes such a column."
        )


# ---------------------------------------------------------------------------------------------- formulas


def _log1p(u: str) -> str:
    """Return log(1 + u), accurate for small u, too (Kahan's way: the rounding of 1 + u cancels in the quotient)."""
    return f"CASE WHEN 1e0 + {u} = 1e0 THEN {u} ELSE {u} * LN(1e0 + {u}) / ((1e0 + {u}) - 1e0) END"


def _one_minus_exp_of_minus(y: str) -> str:
    """Return 1 - exp(-y) for y of at least 0, accurate for small y, too, and by the same way."""
    return (
        f"CASE WHEN {y} > 4e1 THEN 1e0 WHEN EXP(-{y}) = 1e0 THEN {y} ELSE (EXP(-{y}) - 1e0) * {y} / LN(EXP(-{y})) END"
    )


def _expected_spend(spend: GammaGamma, occasions: str, dialect: Dialect) -> str:
    """Return the level of all customers and the customer's own mean, weighted; infinite where the expectation is."""
    p, q, v = spend.p, spend.q, spend.v
    known = f"{_number(p)} * {occasions}"
    total = f"({known} + {_number(q - 1)})"
    finite = f'({_number(p * v)} + {known} * CASE WHEN {occasions} = 0e0 THEN 0e0 ELSE "mean" END) / {total}'
    if q > 1:
        return finite
    # casts of SQLite know no infinity, but its numbers run over into one
    infinity = "9e999" if dialect == "sqlite" else "CAST('inf' AS DOUBLE PRECISION)"
    return f'CASE WHEN {total} > 0e0 THEN {finite} WHEN "x" IS NOT NULL THEN {infinity} END'


def _steps(cuts: Mapping[str, FloatArray]) -> list[tuple[str, list[str]]]:
    """Return the scores to make one after another: the letters made before, and those of the step as columns."""
    steps: list[tuple[str, list[str]]] = []
    for place, (letter, (column, points)) in enumerate(zip("rfm", cuts.items(), strict=True)):
        before = "rfm"[:place]
        if not steps or points.ndim > 1:
            steps.append((before, []))
        ladder = _ladder_of_cells(column, points, before[: points.ndim - 1], lowest_best=letter == "r")
        steps[-1][1].append(f"{ladder} AS {_name(letter)}")
    return steps


def _ladder_of_cells(column: str, points: FloatArray, by: str, *, lowest_best: bool) -> str:
    """Return the ladder of the cell that the scores made before name."""
    if not by:
        return _ladder(column, points, lowest_best=lowest_best)
    cells = " ".join(
        f"WHEN {score} THEN {_ladder_of_cells(column, part, by[1:], lowest_best=lowest_best)}"
        for score, part in enumerate(points, 1)
    )
    return f"CASE {_name(by[0])} {cells} END"


def _ladder(column: str, points: FloatArray, *, lowest_best: bool) -> str:
    """Return 1 plus the number of cut points that a value beats."""
    value, beats = _name(column), "<" if lowest_best else ">"
    best_first = points.tolist() if lowest_best else points.tolist()[::-1]
    steps = " ".join(
        f"WHEN {value} {beats} {_number(point)} THEN {len(points) + 1 - place}"
        for place, point in enumerate(best_first)
    )
    return f"CASE {steps} WHEN {value} IS NOT NULL THEN 1 END"


def _score(weights: tuple[float, float, float] | None) -> str:
    """Return the weighted mean of the scores as a further column."""
    if weights is None:
        return ""
    terms = (f"{_number(weight)} * {_name(letter)}" for weight, letter in zip(weights, "rfm", strict=True))
    return f', {" + ".join(terms)} AS "score"'


def _segment_column(segments: SegmentMap | None) -> str:
    """Return the segment as a further column."""
    return "" if segments is None else f', {_segment(segments)} AS "segment"'


def _segment(segments: SegmentMap) -> str:
    axes = ['("f" + "m")' if axis == "fm" else _name(axis) for axis in segments.axes]
    rules: list[str] = []
    for rule in segments.rules:
        bounds = zip(axes, rule.ranges, strict=True)
        inside = [
            f"{axis} = {low}" if low == high else f"{axis} BETWEEN {low} AND {high}" for axis, (low, high) in bounds
        ]
        rules.append(f"WHEN {' AND '.join(inside)} THEN {_text(rule.segment)}")
    return f"CASE {' '.join(rules)} END"


# ------------------------------------------------------------------------------------------------- words


def _number(value: float) -> str:
    """Return a literal that databases take for a double.

    Examples
    --------
    >>> _number(0.243), _number(-1e300), _number(7)
    ('2.43e-1', '-1e300', '7e0')
    """
    shortest = Decimal(repr(float(value)))
    return f"{shortest.normalize():e}".replace("e+", "e") if shortest else "0e0"


def _check_text(name: object) -> None:
    if not isinstance(name, str):
        raise InputTypeError.kind("The name of a column or a table", name, "text")


def _name(name: str) -> str:
    _check_text(name)
    quoted = name.replace('"', '""')
    return f'"{quoted}"'


def _text(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def _real(column: str) -> str:
    return f"CAST({_name(column)} AS DOUBLE PRECISION)"


def _table(table: Table) -> str:
    if isinstance(table, str):
        if "." in table:
            raise InvalidInputError(
                f"table={table!r} has a dot: write {tuple(table.split('.'))!r} for the table of a schema."
            )
        return _name(table)
    if not isinstance(table, Sequence):
        _check_text(table)
    if not 1 <= len(table) <= 3:
        raise InvalidInputError(f"table={table!r} must have one to three parts: catalog, schema and name.")
    return ".".join(map(_name, table))


def _translated(query: str, dialect: Dialect, title: str) -> str:
    if dialect not in _DIALECTS:
        raise InvalidInputError.not_allowed("dialect", dialect, _DIALECTS)
    try:
        import sqlglot
    except ImportError:
        raise MissingExtraError.of("sqlglot", "sql", "Writing SQL") from None
    # standard SQL, as Postgres has it: other readers would guess what a division of whole numbers is meant to be
    [found] = sqlglot.transpile(query, read="postgres", write=dialect, identify=True, pretty=True)
    return f"-- {title}\n{found}"
