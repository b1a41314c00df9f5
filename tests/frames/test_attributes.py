"""What else is known of customers: matched by id on every engine, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen.errors import ColumnNotFoundError, InputTypeError, InvalidInputError
from evergreen.frames import CustomerBase
from tests.frames.kinds import KINDS, LAZY, rows
from tests.frames.test_engines_agree import base_of, hostile_log

EVERY = ["pandas", "polars", "polars lazy", "pyarrow", "duckdb"]
CHANNELS = ["web", "shop", "ünïversity", ""]


def known(base: CustomerBase, seed: int = 5) -> pd.DataFrame:
    """Return attributes of every customer and of others, in another order, with a row that has no id."""
    random = np.random.default_rng(seed)
    ids = [
        *rows(base.frame)["customer_id"],
        *(["nobody", None] if isinstance(base_id(base), str) else [10**9, 10**9 + 1]),
    ]
    frame = pd.DataFrame(
        {
            "who": pd.Series(ids),
            "channel": random.choice(CHANNELS, len(ids)),
            "margin": random.choice([0.1, 0.25, 1 / 3], len(ids)),
            "stores": random.integers(-3, 4, len(ids)),
            "loyal": random.random(len(ids)) < 0.5,
        }
    )
    return frame.sample(frac=1, random_state=seed, ignore_index=True)


def base_id(base: CustomerBase) -> Any:
    return rows(base.frame)["customer_id"].iloc[0]


def attributed(kind: str, log: pd.DataFrame, attributes: pd.DataFrame) -> CustomerBase:
    return base_of(KINDS[kind](log)).persist().with_attributes(KINDS[kind](attributes), customer="who").persist()


@pytest.fixture(scope="module", params=["int", "text"])
def log(request: pytest.FixtureRequest) -> pd.DataFrame:
    return hostile_log(800, request.param)


@pytest.fixture(scope="module")
def attributes(log: pd.DataFrame) -> pd.DataFrame:
    return known(base_of(log))


@pytest.fixture(scope="module")
def plain(log: pd.DataFrame, attributes: pd.DataFrame) -> CustomerBase:
    return attributed("pandas", log, attributes)


@pytest.mark.parametrize("kind", KINDS)
def test_attributes_are_matched_by_id(
    kind: str, log: pd.DataFrame, attributes: pd.DataFrame, plain: CustomerBase
) -> None:
    base = attributed(kind, log, attributes)
    before = base_of(KINDS[kind](log)).persist()
    assert base.attributes == ("channel", "margin", "stores", "loyal")
    assert base.is_lazy == (kind in LAZY)
    assert base.columns == [*before.columns, *base.attributes]
    assert type(base.frame) is type(before.frame)
    found = rows(base.frame)
    pd.testing.assert_frame_equal(found[before.columns], rows(before.frame), check_exact=True)
    by_hand = attributes.dropna(subset="who").set_index("who").loc[found["customer_id"]]
    for name in base.attributes:
        assert found[name].tolist() == by_hand[name].tolist(), name
    if not base.is_lazy:
        pd.testing.assert_index_equal(rows(base.frame).index, rows(before.frame).index)
        for name, dtype in (("margin", "f8"), ("stores", "i8"), ("loyal", "?")):
            assert base.array(name).dtype == np.dtype(dtype)
            np.testing.assert_array_equal(base.array(name), plain.array(name))
        assert base.array("channel").tolist() == plain.array("channel").tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_histories_with_attributes_are_equal(
    kind: str, log: pd.DataFrame, attributes: pd.DataFrame, plain: CustomerBase
) -> None:
    base = attributed(kind, log, attributes)
    for names in (("channel",), ("stores", "channel"), ("margin", "loyal"), ()):
        found, wanted = base.histories_by(*names), plain.histories_by(*names)
        assert list(found.values) == list(names or base.attributes)
        assert found.time_unit == base.time_unit
        for column in ("frequency", "recency", "T", "count"):
            np.testing.assert_array_equal(getattr(found, column), getattr(wanted, column))
        for name, values in wanted.values.items():
            np.testing.assert_array_equal(found.values[name], values)
        assert found.customers == len(plain)
    whole, histories = plain.histories_by("stores").histories(), plain.histories()
    for column in ("frequency", "recency", "T", "count"):
        np.testing.assert_array_equal(getattr(whole, column), getattr(histories, column))
    counts = rows(plain.frame).groupby("channel").size()
    rows_of, parts = base.histories_by("channel", "stores").by("channel")
    assert [part.customers for part in parts] == counts.loc[rows_of["channel"].tolist()].tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_scores_may_depend_on_attributes(
    kind: str, log: pd.DataFrame, attributes: pd.DataFrame, plain: CustomerBase
) -> None:
    def score(frequency: Any, recency: Any, T: Any, channel: Any, margin: Any) -> dict[str, Any]:
        assert frequency.dtype == np.int64
        assert recency.dtype == T.dtype == margin.dtype == np.float64
        longer = np.array([len(text) for text in channel.tolist()])
        return {"score": (frequency + recency / (T + 1)) * margin + longer}

    base = attributed(kind, log, attributes)
    table = (
        base.scores().with_histories(score, "channel", "margin").with_columns(more=lambda c: c["score"] * c["margin"])
    )
    found = rows(table.to_native("score", "more"))
    given = rows(plain.frame)
    wanted = (given["frequency"] + given["recency"] / (given["T"] + 1)) * given["margin"] + given["channel"].str.len()
    np.testing.assert_array_equal(found["score"], wanted)
    np.testing.assert_array_equal(found["more"], wanted * given["margin"])


@pytest.mark.parametrize("kind", EVERY)
def test_the_frames_are_left_alone(kind: str) -> None:
    log, more = hostile_log(300, "int"), pd.DataFrame({"customer_id": range(-5, 100), "x": 1.5})
    base, given = base_of(KINDS[kind](log)), KINDS[kind](more)
    before = [rows(frame) for frame in (base.frame, given)]
    one = base.with_attributes(given)
    two = one.with_attributes(KINDS[kind](more.rename(columns={"x": "y"})))
    for frame, earlier in zip((base.frame, given), before, strict=True):
        pd.testing.assert_frame_equal(rows(frame), earlier)
    assert (base.attributes, one.attributes, two.attributes) == ((), ("x",), ("x", "y"))
    assert (rows(two.frame)[["x", "y"]] == 1.5).all(axis=None)
    assert "attributes x, y" in repr(two)


@pytest.mark.parametrize(
    ("ids", "theirs"),
    [
        (pd.Series([1, 2], dtype="int32"), pd.Series([2, 1, 3], dtype="int64")),
        (pd.Series([1, 2]), pd.Series([2.0, 1.0, np.nan])),
        (pd.Series([1, 2]), pd.Series([2.0, 1.0, 1.5])),
        (pd.Series([1.0, 2.0]), pd.Series([2, 1, 3])),
        (pd.Series([2**63 + 1, 2**63 + 3], dtype="uint64"), pd.Series([2**63 + 3, 2**63 + 1, 4], dtype="uint64")),
        (pd.Series(["a", "b"]), pd.Series(["b", "a", None], dtype=object)),
        (pd.Series(["a", "b"], dtype="category"), pd.Series(["b", "a", "c"])),
        (pd.Series(["a", "b"]), pd.Series(["b", "a", "c"], dtype="category")),
        (
            pd.to_datetime(pd.Series(["2020-01-01", "2020-01-02"])),
            pd.to_datetime(pd.Series(["2020-01-02", "2020-01-01", None])),
        ),
    ],
    ids=lambda ids: f"{ids.dtype} {ids.iloc[-1]}",
)
@pytest.mark.parametrize("kind", EVERY)
def test_ids_of_related_types(kind: str, ids: pd.Series[Any], theirs: pd.Series[Any]) -> None:
    summary = pd.DataFrame({"customer_id": ids, "frequency": 0, "recency": 0.0, "T": [1.0, 2.0]})
    base = CustomerBase.from_summary(KINDS[kind](summary))
    found = base.with_attributes(KINDS[kind](pd.DataFrame({"customer_id": theirs, "x": [20, 10, 30]})))
    assert dict(zip(rows(found.frame)["T"], rows(found.frame)["x"], strict=True)) == {1.0: 10, 2.0: 20}
    if kind == "pandas":
        assert found.frame["customer_id"].dtype == ids.dtype


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    (
        {"x": [1.0, 2.0]},
        InvalidInputError,
        r"no row among the attributes: 1 of 3 rows, for example 3\. Say what .* absent=0\) where",
    ),
    ({"customer_id": [1, 2, 2, 3, 3], "x": 1.0}, InvalidInputError, r"once: 2 of 5 rows\. Bring"),
    ({"x": [1.0, None, np.inf]}, InvalidInputError, r"'x' must not be missing or infinite: 2 of 3 rows\. Fill"),
    ({"x": ["a", None, "b"]}, InvalidInputError, r"'x' must not be missing or infinite: 1 of 3 rows\. Fill"),
    ({"T": [1.0, 2.0, 3.0]}, InvalidInputError, r"Attributes cannot be named \['T'\]"),
    ({"refunds": [1.0, 2.0, 3.0]}, InvalidInputError, r"Attributes cannot be named \['refunds'\]"),
    (
        {"customer_id": ["1", "2", "3"], "x": 1},
        InputTypeError,
        "of the attributes holds String, the column 'customer_id'",
    ),
    ({"x": pd.to_datetime(["2020-01-01"] * 3)}, InputTypeError, "Attribute 'x' holds Datetime"),
    ({"id": [1, 2, 3]}, ColumnNotFoundError, "customer='customer_id'"),
]


@pytest.mark.parametrize(("columns", "error", "message"), REFUSED)
@pytest.mark.parametrize("kind", EVERY)
def test_what_is_refused(kind: str, columns: dict[str, Any], error: type[Exception], message: str) -> None:
    if "id" in columns:
        given = pd.DataFrame(columns)
    else:
        ids = columns.get("customer_id", [1, 2, 3][: len(next(iter(columns.values())))])
        given = pd.DataFrame({**columns, "customer_id": ids})
    base = CustomerBase.from_summary(
        KINDS[kind](pd.DataFrame({"customer_id": [1, 2, 3], "frequency": 0, "recency": 0.0, "T": 1.0}))
    )
    with pytest.raises(error, match=message):
        base.with_attributes(KINDS[kind](given))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ids", [[2, 9, 4], [9], []], ids=["some", "others", "nobody"])
def test_customers_without_a_row_have_what_was_said(kind: str, ids: list[int]) -> None:
    summary = pd.DataFrame({"customer_id": [4, 1, 2, 3], "frequency": 0, "recency": 0.0, "T": [4.0, 1.0, 2.0, 3.0]})
    desk = pd.DataFrame({"customer_id": pd.Series(ids, dtype="int64"), "contacts": 5, "minutes": 2.5})
    desk = desk.assign(topic="price", open=True).astype({"contacts": "int64", "topic": "string", "open": bool})
    base, given = CustomerBase.from_summary(KINDS[kind](summary)), KINDS[kind](desk)
    base = base.with_attributes(given, "contacts", "minutes", absent=0)
    base = base.with_attributes(given, "topic", absent="").with_attributes(given, "open", absent=False)
    found = rows(base.frame).set_index("customer_id")
    for customer in (1, 2, 3, 4):
        wanted = [5, 2.5, "price", True] if customer in ids else [0, 0.0, "", False]
        assert [found[name][customer] for name in ("contacts", "minutes", "topic", "open")] == wanted
    if not base.is_lazy:
        assert [base.array(name).dtype.kind for name in ("contacts", "open")] == ["i", "b"]
    if kind == "pandas":
        assert base.frame["customer_id"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("kind", EVERY)
def test_a_missing_value_stays_missing(kind: str) -> None:
    """`absent` is for customers who are not in the frame, not for what the frame does not know."""
    summary = pd.DataFrame({"customer_id": [1, 2, 3], "frequency": 0, "recency": 0.0, "T": 1.0})
    desk = pd.DataFrame({"customer_id": [1, 2], "minutes": [2.5, np.nan]})
    with pytest.raises(InvalidInputError, match=r"'minutes' must not be missing or infinite: 1 of 3 rows"):
        CustomerBase.from_summary(KINDS[kind](summary)).with_attributes(KINDS[kind](desk), absent=0)


@pytest.mark.parametrize(
    ("column", "absent", "words"),
    [
        ("contacts", 0.5, "absent=0.5 does not go with attribute 'contacts', which holds whole numbers"),
        ("contacts", "none", "absent='none' does not go with attribute 'contacts', which holds whole numbers"),
        ("contacts", False, "absent=False does not go with attribute 'contacts', which holds whole numbers"),
        ("contacts", 10**20, "absent=100000000000000000000 does not go with attribute 'contacts', which holds whole"),
        ("contacts", np.inf, "absent=inf does not go with attribute 'contacts', which holds whole numbers"),
        ("minutes", np.nan, "absent=nan does not go with attribute 'minutes', which holds numbers"),
        ("minutes", np.inf, "absent=inf does not go with attribute 'minutes', which holds numbers"),
        ("topic", 0, "absent=0 does not go with attribute 'topic', which holds text"),
        ("open", 0, "absent=0 does not go with attribute 'open', which holds booleans"),
        ("open", [], r"absent=\[\] does not go with attribute 'open', which holds booleans"),
    ],
)
def test_a_value_for_the_absent_of_another_kind(column: str, absent: Any, words: str) -> None:
    summary = pd.DataFrame({"customer_id": [1, 2], "frequency": 0, "recency": 0.0, "T": 1.0})
    desk = pd.DataFrame({"customer_id": [1], "contacts": 5, "minutes": 2.5, "topic": "price", "open": True})
    with pytest.raises(InvalidInputError, match=words):
        CustomerBase.from_summary(summary).with_attributes(desk, column, absent=absent)


def test_names_that_are_not_there() -> None:
    base = CustomerBase.from_summary(pd.DataFrame({"customer_id": [1], "frequency": 0, "recency": 0.0, "T": 1.0}))
    more = pd.DataFrame({"customer_id": [1], "x": [1.0]})
    with pytest.raises(ColumnNotFoundError, match="attribute 'y'='y'"):
        base.with_attributes(more, "y")
    with pytest.raises(InvalidInputError, match=r"has no attributes \['y'\]; it has \['x'\]"):
        base.with_attributes(more).histories_by("y")
    with pytest.raises(InvalidInputError, match=r"has no attributes \[\]; it has \[\]"):
        base.histories_by()
    with pytest.raises(ColumnNotFoundError):
        base.scores().with_histories(lambda *_: {}, "x")


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ("pandas", "polars", "in a polars frame, the base in a pandas frame"),
        ("polars", "polars lazy", "in a lazy polars frame, the base in a polars frame"),
        ("duckdb", "polars lazy", "in a lazy polars frame, the base in a lazy duckdb frame"),
    ],
)
def test_frames_of_different_kinds(one: str, other: str, words: str) -> None:
    summary = pd.DataFrame({"customer_id": [1], "frequency": 0, "recency": 0.0, "T": 1.0})
    base = CustomerBase.from_summary(KINDS[one](summary))
    with pytest.raises(InputTypeError, match=words):
        base.with_attributes(KINDS[other](pd.DataFrame({"customer_id": [1], "x": [1.0]})))


def test_relations_of_different_connections() -> None:
    duckdb = pytest.importorskip("duckdb")
    one, other = duckdb.connect(), duckdb.connect()
    base = CustomerBase.from_summary(one.sql("SELECT 1 AS customer_id, 0 AS frequency, 0.0 AS recency, 1.0 AS T"))
    with pytest.raises(InputTypeError, match="on different connections of DuckDB"):
        base.with_attributes(other.sql("SELECT 1 AS customer_id, 2 AS x"))


def test_databases_do_not_tell_t_from_T() -> None:  # noqa: N802 - these are the names
    frames = [
        pd.DataFrame({"id": [1], "frequency": [0], "recency": [0.0], "T": [9.0]}),
        pd.DataFrame({"id": [1], "t": ["web"]}),
    ]
    summary, known = (KINDS["duckdb"](frame) for frame in frames)
    with pytest.raises(InvalidInputError, match=r"Attributes cannot be named \['t'\]: these are columns of a base"):
        CustomerBase.from_summary(summary, customer="id").with_attributes(known, customer="id")
    told = CustomerBase.from_summary(frames[0], customer="id").with_attributes(frames[1], customer="id")
    assert told.attributes == ("t",)
    log = pd.DataFrame({"Orders": [1, 2], "date": pd.to_datetime(["2024-01-01", "2024-01-02"]), "amount": [1.0, 2.0]})
    assert len(CustomerBase.from_transactions(log, customer="Orders")) == 2
    with pytest.raises(InvalidInputError, match="customer='Orders' is the name of another column of a base"):
        CustomerBase.from_transactions(KINDS["duckdb"](log), customer="Orders")
    with pytest.raises(InvalidInputError, match="customer='t' is the name of another column of a base"):
        CustomerBase.from_summary(
            KINDS["duckdb"](frames[0].rename(columns={"id": "t", "T": "age"})), customer="t", T="age"
        )


@pytest.mark.parametrize("absent", [np.int64(2), np.float64(2.0), 2])
def test_a_number_of_numpy_is_a_number_for_those_who_have_no_row(absent: Any) -> None:
    summary = pd.DataFrame({"customer_id": [1, 2], "frequency": 0, "recency": 0.0, "T": 9.0})
    known = pd.DataFrame({"customer_id": [1], "calls": [7]})
    found = CustomerBase.from_summary(summary).with_attributes(known, absent=absent)
    assert found.array("calls").tolist() == [7, 2]
