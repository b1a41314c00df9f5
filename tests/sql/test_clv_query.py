"""The query of a CLV model gives what the model itself predicts."""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from evergreen import BGNBD, MBGNBD, CLVModel, CustomerBase, GammaGamma
from evergreen.errors import InputTypeError, InvalidInputError, MissingExtraError, NotFittedError
from evergreen.models.transactions import HistoryModel
from evergreen.sql import clv_query

duckdb: Any = pytest.importorskip("duckdb")
pytest.importorskip("sqlglot")

DATABASE = duckdb.connect()

SPEND = GammaGamma(6.25, 3.74, 15.44)
NO_MEAN = GammaGamma(0.3, 0.7, 15.44)

# x = 0, T = 0, a purchase on the last day, heavy buyers lately and long silent, moments, centuries
ROWS: list[tuple[int, float, float, float]] = [
    (0, 0.0, 0.0, 0.0),
    (0, 0.0, 1e-9, 0.0),
    (0, 0.0, 3_650.0, 0.0),
    (1, 0.0, 0.0, 9.99),
    (1, 0.0, 500.0, 1e-300),
    (2, 30.43, 38.86, 22.35),
    (2, 38.86, 38.86, 1e99),
    (3, 1e-12, 1e-9, 0.0),
    (40, 38.0, 38.0 + 1e-10, 1.5),
    (1_000, 364.0, 365.0, 73.74),
    (1_000, 10.0, 365.0, 73.74),
    (100_000, 364.999, 365.0, 0.01),
    (100_000, 1e5, 1e5 + 0.3, 0.01),
    (100_000, 1.0, 3e4, 0.01),
]


def summary_of(rows: list[tuple[int, float, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["frequency", "recency", "T", "monetary_value"])
    table.insert(0, "customer_id", range(len(table)))
    return table


def in_duckdb(query: str, summary: pd.DataFrame) -> dict[str, np.ndarray[Any, Any]]:
    DATABASE.register("rows", summary)
    DATABASE.execute("CREATE OR REPLACE TABLE summary AS SELECT * FROM rows")
    return {str(name): column for name, column in DATABASE.sql(query).fetchnumpy().items()}


def in_sqlite(query: str, summary: pd.DataFrame) -> dict[str, np.ndarray[Any, Any]]:
    database = sqlite3.connect(":memory:")
    try:
        database.execute("SELECT LN(EXP(1.0))")
    except sqlite3.OperationalError:
        pytest.skip("this SQLite was built without mathematical functions")
    summary.to_sql("summary", database, index=False)
    found = pd.read_sql_query(query, database)
    database.close()
    return {str(name): found[name].to_numpy() for name in found.columns}


def assert_as_predicted(found: dict[str, np.ndarray[Any, Any]], model: CLVModel, summary: pd.DataFrame) -> None:
    base = CustomerBase.from_summary(summary, time_unit=model.time_unit_)
    wanted = model.predict(base, horizon="52W")
    place = np.argsort(found["customer_id"])
    for name in list(found)[1:]:
        np.testing.assert_allclose(found[name][place], wanted[name], rtol=1e-12, atol=1e-300, err_msg=name)


@pytest.mark.filterwarnings("ignore:The spend model")
@pytest.mark.parametrize("run", [in_duckdb, in_sqlite], ids=["duckdb", "sqlite"])
@pytest.mark.parametrize("spend", [SPEND, NO_MEAN, None], ids=["spend", "no mean", "no spend"])
@pytest.mark.parametrize(
    "transactions",
    [
        BGNBD(0.243, 4.414, 0.793, 2.426),
        BGNBD(0.243, 4.414, 0.793, 0.1),
        BGNBD(1e-6, 1e6, 1e-6, 1e6),
        MBGNBD(0.525, 6.183, 0.891, 1.614),
        MBGNBD(1e3, 1e-6, 1e3, 1e-6),
    ],
    ids=str,
)
def test_hostile_rows(transactions: HistoryModel, spend: GammaGamma | None, run: Any) -> None:
    model = CLVModel.from_models(transactions, spend, time_unit="W")
    dialect: Any = "duckdb" if run is in_duckdb else "sqlite"
    found = run(clv_query(model, dialect=dialect, horizon="52W"), summary_of(ROWS))
    assert list(found) == ["customer_id", "p_alive", "p_purchase", *(["expected_spend"] if spend else [])]
    assert_as_predicted(found, model, summary_of(ROWS))


PARAMETER = st.floats(-6, 6).map(lambda power: 10.0**power)
LENGTH = st.one_of(st.just(0.0), st.floats(-6, 6).map(lambda power: 10.0**power))


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, float, float, float]:
    x = draw(st.one_of(st.integers(0, 5), st.integers(0, 100_000)))
    T = draw(LENGTH)
    return x, 0.0 if x == 0 else draw(st.floats(0, 1)) * T, T, draw(st.floats(0, 1e6))


@given(
    kind=st.sampled_from([BGNBD, MBGNBD]),
    parameters=st.tuples(PARAMETER, PARAMETER, PARAMETER, PARAMETER),
    rows=st.lists(histories(), min_size=1, max_size=20),
)
def test_any_parameters_and_any_rows(kind: type, parameters: tuple[float, ...], rows: Any) -> None:
    model = CLVModel.from_models(kind(*parameters), SPEND, time_unit="W")
    assert_as_predicted(in_duckdb(clv_query(model, horizon="52W"), summary_of(rows)), model, summary_of(rows))


def test_a_short_horizon_keeps_its_digits() -> None:
    bgnbd = BGNBD(1e-5, 4.414, 0.793, 2.426)
    model = CLVModel.from_models(bgnbd, time_unit="Y")
    found = in_duckdb(clv_query(model, horizon="0.0001h"), summary_of(ROWS))
    x, t_x, T = (summary_of(ROWS)[name] for name in ("frequency", "recency", "T"))
    wanted = bgnbd.p_purchase(0.0001 / 24 / 365.2425, x, t_x, T)
    np.testing.assert_allclose(found["p_purchase"], wanted, rtol=1e-12)


def test_money_of_those_without_a_repeat_may_be_missing() -> None:
    model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), SPEND, time_unit="W")
    rows = summary_of([(0, 0.0, 9.0, np.nan), (2, 3.0, 9.0, 22.35)])
    for values in (rows, rows.astype({"monetary_value": object}).where(rows.notna(), None)):
        found = in_duckdb(clv_query(model), values)
        np.testing.assert_allclose(found["expected_spend"], SPEND.expected_spend([0, 2], [0.0, 22.35]), rtol=1e-14)


@pytest.mark.filterwarnings("ignore:The spend model")
@pytest.mark.parametrize("spend", [SPEND, NO_MEAN], ids=["spend", "no mean"])
def test_first_purchases_as_evidence(spend: GammaGamma) -> None:
    model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), spend, time_unit="W")
    model.set_params(first_purchase=True)
    table = summary_of(ROWS).assign(total_value=np.linspace(-5, 900, len(ROWS)), refunds=np.linspace(7, 0, len(ROWS)))
    assert_as_predicted(in_duckdb(clv_query(model, horizon="52W"), table), model, table)


def test_missing_histories_have_missing_scores() -> None:
    model = CLVModel.from_models(MBGNBD(0.525, 6.183, 0.891, 1.614), NO_MEAN, time_unit="W")
    with duckdb.connect() as database:
        columns = "1 AS customer_id, NULL AS frequency, NULL AS recency, NULL AS T, NULL AS monetary_value"
        database.execute(f"CREATE TABLE summary AS SELECT {columns}")
        assert database.sql(clv_query(model)).fetchall() == [(1, None, None, None)]


def test_columns_and_scores_as_wanted() -> None:
    model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), SPEND, time_unit="W")
    names: dict[str, Any] = {
        "customer": 'a "b" c',
        "frequency": "select",
        "recency": "x; --",
        "T": "t",
        "monetary_value": "Wert in €",
    }
    with duckdb.connect() as database:
        database.execute('CREATE SCHEMA "my schema"')
        database.register("rows", summary_of(ROWS).set_axis(list(names.values()), axis=1))
        database.execute('CREATE TABLE "my schema"."t.1" AS SELECT * FROM rows')
        query = clv_query(model, ("my schema", "t.1"), scores=["expected_spend", "p_alive"], horizon="52W", **names)
        found = {str(name): column for name, column in database.sql(query).fetchnumpy().items()}
    assert list(found) == ['a "b" c', "expected_spend", "p_alive"]
    assert_as_predicted({"customer_id": found.pop('a "b" c'), **found}, model, summary_of(ROWS))
    assert '"monetary_value"' not in clv_query(model, scores=["p_alive"])


def test_what_has_no_exact_sql_says_so() -> None:
    model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W")
    for score in ("clv", "expected_purchases"):
        with pytest.raises(InvalidInputError, match=f"^{score} has no exact SQL: .* Use CLVModel.predict"):
            clv_query(model, scores=["p_alive", score])
    with pytest.raises(InvalidInputError, match="score='expected_spend' is not allowed; choose one of 'p_alive', 'p_p"):
        clv_query(model, scores=["expected_spend"])
    for scores in ([], ["p_alive", "p_alive"]):
        with pytest.raises(InvalidInputError, match="at least one score and each once"):
            clv_query(model, scores=scores)


def test_wrong_settings_are_refused() -> None:
    model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"dialect": "cobol"}, "dialect='cobol' is not allowed; choose one of 'bigquery', 'databricks'"),
        ({"table": "sales.summary"}, r"write \('sales', 'summary'\)"),
        ({"table": ()}, "one to three parts"),
        ({"customer": "P_Alive"}, "cannot be named 'P_Alive'"),
        ({"horizon": "1 fortnight"}, "Cannot read the duration"),
    ]
    for settings, message in wrong:
        with pytest.raises(InvalidInputError, match=message):
            clv_query(model, **settings)
    with pytest.raises(InputTypeError, match="model must be a CLVModel, got BGNBD"):
        clv_query(BGNBD(0.243, 4.414, 0.793, 2.426))  # type: ignore[arg-type]
    with pytest.raises(NotFittedError, match=r"call CLVModel.fit\(...\) before clv_query"):
        clv_query(CLVModel())


def test_without_sqlglot_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W")
    with pytest.raises(MissingExtraError, match=r"Writing SQL needs sqlglot.*'evergreen-clv\[sql\]'"):
        clv_query(model)
