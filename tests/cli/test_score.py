"""Scores of files are those of the library, however the log is written."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evergreen import CLVModel, CustomerBase, RFMScorer
from evergreen.errors import DataWarning
from tests.cli.conftest import Command

COLUMNS = [
    *("customer_id", "frequency", "recency", "T", "monetary_value", "first_purchase", "last_purchase"),
    *("orders", "total_value", "refunds", "days_since_last", "r", "f", "m", "rfm", "segment"),
    *("p_alive", "p_purchase", "expected_purchases", "expected_spend", "clv"),
]


def by_library(log: pd.DataFrame, **settings: object) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        base = CustomerBase.from_transactions(log)
        model = CLVModel().fit(base)
    ahead = model.predict(base, **settings)  # type: ignore[arg-type]
    compared = RFMScorer().fit(base).transform(base).drop(columns=["orders", "total_value"])
    return base.frame.merge(compared, on="customer_id").merge(ahead, on="customer_id")


def same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    """Check that scores agree: exactly where they are counted, to rounding where a model was fitted."""
    assert list(found.columns) == COLUMNS
    assert len(found) == len(wanted)
    found = found.sort_values("customer_id", ignore_index=True)
    for name in COLUMNS:
        if name in {"p_alive", "p_purchase", "expected_purchases", "expected_spend", "clv"}:
            np.testing.assert_allclose(found[name], wanted[name], rtol=1e-6, err_msg=name)
        elif name.endswith("_purchase"):
            assert (pd.to_datetime(found[name]) == wanted[name]).all()
        elif found[name].dtype.kind == "f":  # not every pandas reads the last bit of a text
            np.testing.assert_allclose(found[name], wanted[name], rtol=1e-15, err_msg=name)
        else:
            assert found[name].tolist() == wanted[name].tolist(), name


@pytest.fixture
def wanted(cdnow: pd.DataFrame) -> pd.DataFrame:
    return by_library(cdnow)


def scores(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def numbered(path: Path) -> pd.DataFrame:
    """Return scores of a CSV log, whose ids are text, with ids as numbers."""
    found = scores(path)
    return found.assign(customer_id=found["customer_id"].astype("int64"))


def test_csv_to_csv(evergreen: Command, log: Path, wanted: pd.DataFrame) -> None:
    assert evergreen("score", log, "-o", "scores.csv").code == 0
    same(scores(Path("scores.csv")), wanted)


def test_csv_to_parquet_has_types(evergreen: Command, log: Path, wanted: pd.DataFrame) -> None:
    assert evergreen("score", log, "-o", "scores.parquet").code == 0
    same(numbered(Path("scores.parquet")), wanted)
    found = scores(Path("scores.parquet"))
    assert found["r"].dtype == "int64"
    assert isinstance(found["customer_id"][0], str)


def test_parquet_keeps_the_type_of_ids(evergreen: Command, cdnow: pd.DataFrame, wanted: pd.DataFrame) -> None:
    cdnow.to_parquet("log.parquet")
    assert evergreen("score", "log.parquet", "-o", "scores.parquet").code == 0
    found = scores(Path("scores.parquet"))
    assert found["customer_id"].dtype == "int64"
    assert found["customer_id"].is_monotonic_increasing
    same(found, wanted)


@pytest.mark.parametrize("logs", [["parts"], ["parts/*.csv*"], ["parts/a.csv", "parts/b.csv.gz", "parts/deep/c.tsv"]])
def test_several_files(evergreen: Command, cdnow: pd.DataFrame, wanted: pd.DataFrame, logs: list[str]) -> None:
    """Columns in another order, another delimiter and compression do not matter; a file is read once."""
    Path("parts/deep").mkdir(parents=True)
    if logs == ["parts/*.csv*"]:
        cdnow[4_000:].to_csv("parts/c.csv", index=False)
    else:
        cdnow[4_000:].to_csv("parts/deep/c.tsv", index=False, sep="\t")
    cdnow[:2_000].to_csv("parts/a.csv", index=False)
    cdnow[2_000:4_000][["amount", "date", "customer_id"]].to_csv("parts/b.csv.gz", index=False, sep=";")
    Path("parts/_SUCCESS").touch()
    Path("parts/.hidden.csv").write_text("nothing", encoding="utf-8")
    outcome = evergreen("score", *logs, "parts/a.csv", "-o", "scores.parquet")
    assert outcome.code == 0, outcome.err
    assert "6,919 in 3 files" in outcome.out
    same(numbered(Path("scores.parquet")), wanted)


def test_several_parquet_files(evergreen: Command, cdnow: pd.DataFrame, wanted: pd.DataFrame) -> None:
    cdnow[:3_000].to_parquet("a.parquet")
    cdnow[3_000:][["amount", "customer_id", "date"]].to_parquet("b[1].pq")
    assert evergreen("score", "a.parquet", "b[1].pq", "-o", "scores.parquet").code == 0
    same(scores(Path("scores.parquet")), wanted)


def test_columns_have_other_names(evergreen: Command, cdnow: pd.DataFrame, wanted: pd.DataFrame) -> None:
    names = {"customer_id": "the client's number", "date": "it's, when", "amount": "a*b"}
    cdnow.rename(columns=names).to_csv("log.csv", index=False)
    columns = ["--customer", "the client's number", "--date", "it's, when", "--amount", "a*b"]
    assert evergreen("score", "log.csv", "-o", "scores.csv", *columns).code == 0
    found = scores(Path("scores.csv"))
    same(found.rename(columns={"the client's number": "customer_id"}), wanted)


def test_settings_reach_the_models(evergreen: Command, cdnow: pd.DataFrame, log: Path) -> None:
    settings = ["--horizon", "26W", "--discount-rate", "0.2", "--margin", "0.3"]
    assert evergreen("score", log, "-o", "scores.csv", *settings).code == 0
    same(scores(Path("scores.csv")), by_library(cdnow, horizon="26W", discount_rate=0.2, margin=0.3))


@pytest.mark.parametrize(("model", "said"), [("mbg/nbd", "MBG/NBD"), ("bg/cnbd-k", "BG/CNBD-K"), ("auto", "MBG/NBD")])
def test_other_models_and_all_the_time_to_come(
    model: str, said: str, evergreen: Command, cdnow: pd.DataFrame, log: Path
) -> None:
    done = evergreen("score", log, "-o", "scores.csv", "--model", model, "--horizon", "inf")
    assert done.code == 0
    assert f"  {said}, in days" in done.out
    assert "All the time to come" in done.out
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        base = CustomerBase.from_transactions(cdnow, log_gaps=model.endswith("-k"))
        wanted = CLVModel(transactions=model).fit(base).predict(base, horizon="inf")
    found = scores(Path("scores.csv")).sort_values("customer_id")
    np.testing.assert_allclose(found["clv"], wanted["clv"], rtol=1e-6)


def test_weeks_orders_end_and_segments(evergreen: Command, cdnow: pd.DataFrame) -> None:
    cdnow.assign(order=np.arange(len(cdnow)) // 2).to_parquet("log.parquet")
    settings = ["--order", "order", "--time-unit", "W", "--occasion", "W", "--observation-end", "1998-03-31"]
    outcome = evergreen("score", "log.parquet", "-o", "scores.parquet", "--segments", "rf6", *settings)
    assert outcome.code == 0
    found = scores(Path("scores.parquet"))
    assert (found["T"] % 1 == 0).all()
    assert found["T"].max() == 65
    assert "slipping" in set(found["segment"])
    assert "after the end of observation" in outcome.out
    assert "evergreen: note: " in outcome.err
    assert "in weeks" in outcome.out
    assert "in one week only" in outcome.out


def test_ids_come_back_as_they_are_written(evergreen: Command, cdnow: pd.DataFrame) -> None:
    ids = "00" + cdnow["customer_id"].astype(str)
    cdnow.assign(customer_id=ids).to_csv("log.csv", index=False)
    assert evergreen("score", "log.csv", "-o", "scores.csv").code == 0
    found = pd.read_csv("scores.csv", dtype={"customer_id": str})
    assert found["customer_id"].tolist() == sorted(set(ids))


def test_day_first_dates(evergreen: Command, cdnow: pd.DataFrame, wanted: pd.DataFrame) -> None:
    cdnow.assign(date=cdnow["date"].dt.strftime("%d/%m/%Y")).to_csv("log.csv", index=False)
    refused = evergreen("score", "log.csv", "-o", "scores.csv")
    assert refused.code == 2
    assert "not an ISO date" in refused.err
    assert "--date-format" in refused.err
    assert "pd.to_datetime" not in refused.err
    assert not Path("scores.csv").exists()
    assert evergreen("score", "log.csv", "-o", "scores.csv", "--date-format", "%d/%m/%Y").code == 0
    same(scores(Path("scores.csv")), wanted)


def test_iso_times_and_texts_that_only_look_like_dates(
    evergreen: Command, cdnow: pd.DataFrame, wanted: pd.DataFrame
) -> None:
    cdnow.assign(date=cdnow["date"].dt.strftime("%Y-%m-%dT23:59:59.999999999")).to_csv("log.csv", index=False)
    assert evergreen("score", "log.csv", "-o", "scores.csv").code == 0
    same(scores(Path("scores.csv")), wanted)
    Path("late.csv").write_text(
        "customer_id,date,amount\n1,2024-02-30,1\n1,2024-01-01 24:00,1\n1,2024-01-01,1\n", "utf-8"
    )
    refused = evergreen("score", "late.csv", "-o", "late_scores.csv")
    assert "2 of 3 rows" in refused.err


def test_dates_as_whole_numbers(evergreen: Command, cdnow: pd.DataFrame, wanted: pd.DataFrame) -> None:
    cdnow.assign(date=cdnow["date"].dt.strftime("%Y%m%d").astype(int)).to_parquet("log.parquet")
    assert evergreen("score", "log.parquet", "-o", "scores.parquet", "--date-format", "%Y%m%d").code == 0
    same(scores(Path("scores.parquet")), wanted)


def test_dates_with_a_time_zone(evergreen: Command, cdnow: pd.DataFrame, wanted: pd.DataFrame) -> None:
    local = cdnow["date"] + pd.Timedelta("23h")
    cdnow.assign(date=local.dt.tz_localize("America/New_York").dt.tz_convert("UTC")).to_parquet("log.parquet")
    assert evergreen("score", "log.parquet", "-o", "scores.parquet", "--time-zone", "America/New_York").code == 0
    same(scores(Path("scores.parquet")), wanted)


def test_decimal_commas_and_words_for_missing(evergreen: Command, cdnow: pd.DataFrame, wanted: pd.DataFrame) -> None:
    commas = cdnow["amount"].map("{:.2f}".format).str.replace(".", ",")
    none = pd.DataFrame({"customer_id": ["NA"], "date": ["1997-01-01"], "cds": [1], "amount": ["NA"]})
    pd.concat([cdnow.assign(amount=commas), none]).to_csv("log.csv", index=False, sep=";", encoding="latin-1")
    settings = ["--decimal", ",", "--null", "NA", "--encoding", "latin-1", "--delimiter", ";"]
    outcome = evergreen("score", "log.csv", "-o", "scores.csv", *settings)
    assert outcome.code == 0, outcome.err
    assert "1 without a customer" in outcome.out
    same(scores(Path("scores.csv")), wanted)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_amount_is_a_product(evergreen: Command, cdnow: pd.DataFrame, wanted: pd.DataFrame, suffix: str) -> None:
    lines = cdnow.assign(quantity=2, price=cdnow["amount"] / 2).drop(columns="amount")
    lines.to_csv("log.csv", index=False) if suffix == "csv" else lines.to_parquet("log.parquet")
    assert evergreen("score", f"log.{suffix}", "-o", "scores.parquet", "--amount", "quantity * price").code == 0
    same(numbered(Path("scores.parquet")), wanted)


def test_a_log_without_money(evergreen: Command, cdnow: pd.DataFrame, wanted: pd.DataFrame) -> None:
    cdnow.drop(columns="amount").to_parquet("log.parquet")
    outcome = evergreen("score", "log.parquet", "-o", "scores.parquet", "--no-amount")
    assert outcome.code == 0
    assert "Segments" not in outcome.out
    found = scores(Path("scores.parquet"))
    assert "clv" not in found
    np.testing.assert_allclose(found["expected_purchases"], wanted["expected_purchases"], rtol=1e-6)


@pytest.mark.parametrize("limit", ["64MB"])
def test_little_memory(evergreen: Command, limit: str) -> None:
    from evergreen import datasets

    datasets.simulate_log(100_000, seed=3).to_csv("log.csv", index=False)
    settings = ["--threads", 1, "--temp-directory", "."]
    assert evergreen("score", "log.csv", "-o", "little.csv", "--memory-limit", limit, *settings).code == 0
    assert evergreen("score", "log.csv", "-o", "much.csv").code == 0
    assert sorted(path.name for path in Path().iterdir()) == ["little.csv", "log.csv", "much.csv"]
    little, much = scores(Path("little.csv")), scores(Path("much.csv"))
    assert little[COLUMNS[:16]].equals(much[COLUMNS[:16]])
    np.testing.assert_allclose(little["clv"], much["clv"], rtol=1e-6)


def test_real_invoice_lines(evergreen: Command, evergreen_data: Path) -> None:
    log = evergreen_data / "online_retail_2010_2011.parquet"
    columns = [
        "--customer",
        "CustomerID",
        "--date",
        "InvoiceDate",
        "--amount",
        "Quantity*UnitPrice",
        "--order",
        "InvoiceNo",
    ]
    outcome = evergreen("score", log, "-o", "scores.parquet", *columns)
    assert outcome.code == 0
    assert "135,080 without a customer" in outcome.out
    lines = pd.read_parquet(log)
    lines = lines.assign(amount=lines["Quantity"] * lines["UnitPrice"]).dropna(subset="CustomerID")
    bought = lines.groupby("CustomerID")["amount"].max() >= 0
    found = scores(Path("scores.parquet")).set_index("CustomerID")
    assert len(found) == bought.sum()
    net = lines.groupby("CustomerID")["amount"].sum()[bought]
    np.testing.assert_allclose(found["total_value"], net, atol=1e-6)
