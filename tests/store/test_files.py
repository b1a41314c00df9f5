"""Files are written whole or not at all; what cannot be read says why."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evergreen
from evergreen import BGNBD, CLVModel, FitStatus, GammaGamma, RFMScorer, load, save
from evergreen.errors import InputTypeError, SavedFileError, SavedFileNotFoundError
from evergreen.store import document, dumps, loads
from tests.saved.examples import EXAMPLES

MODEL = BGNBD(0.243, 4.414, 0.793, 2.426)

# ------------------------------------------------------------------------------------------------- writing


def test_a_file_is_replaced_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.json"
    save(MODEL, path)
    before = path.read_bytes()

    def fail(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("evergreen.store.files.os.fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        save(GammaGamma(6.25, 3.74, 15.44), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_saved_leaves_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    save(MODEL, path)
    with pytest.raises(InputTypeError, match=r"thing must be of a kind that can be saved \(BGNBD, .*, got dict"):
        save({"r": 0.243}, path)
    assert load(path) == MODEL


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "model-2024.json").write_text("old", encoding="ascii")
    link = tmp_path / "model.json"
    link.symlink_to(tmp_path / "model-2024.json")
    save(MODEL, str(link))
    assert link.is_symlink()
    assert load(tmp_path / "model-2024.json") == MODEL


def test_a_part_that_cannot_be_saved_is_named() -> None:
    model = CLVModel.from_models(MODEL, time_unit="W")
    model.transaction_model_ = "bg/nbd"  # type: ignore[assignment]
    with pytest.raises(InputTypeError, match=r"^thing.transaction_model_ must be of a kind .*BGNBD, .*, got str"):
        dumps(model)
    with pytest.raises(InputTypeError, match=r"^thing.bins must be a whole number or a list of 3, got str"):
        dumps(RFMScorer(bins="five"))  # type: ignore[arg-type]
    with pytest.raises(InputTypeError, match=r"^thing.monetary must be one of 'total', 'mean', got str"):
        dumps(RFMScorer(monetary="median"))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------- reading


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SavedFileNotFoundError) as caught:
        load(tmp_path / "none.json")
    assert str(caught.value) == f"There is no file {str(tmp_path / 'none.json')!r} to load."
    assert isinstance(caught.value, FileNotFoundError)


def test_the_message_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    for content, said in ((b"\x93NUMPY\xff", "This is no text"), (b"a,b\n", "This is no JSON")):
        path.write_bytes(content)
        with pytest.raises(SavedFileError) as caught:
            load(path)
        assert str(caught.value).startswith(f"{str(path)!r}: {said}")


def test_editors_may_leave_their_marks(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(dumps(MODEL).replace("\n", "\r\n"), encoding="utf-8-sig")
    assert load(path) == MODEL


@pytest.mark.parametrize("name", EXAMPLES)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_is_refused(name: str, share: float) -> None:
    text = dumps(EXAMPLES[name].thing).rstrip()
    with pytest.raises(SavedFileError, match="This is no JSON"):
        loads(text[: int(share * len(text))])


def changed(thing: Any, change: Callable[[dict[str, Any]], Any]) -> str:
    found = json.loads(dumps(thing))
    change(found)
    return json.dumps(found)


def fields(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda found: found["fields"].update(values)


SCORER, CLV, FIT = (EXAMPLES[name].thing for name in ("RFMScorer", "CLVModel", "FitResult"))
PURCHASES, SPENDS, MAP = (EXAMPLES[name].thing for name in ("PurchaseHistories", "SpendHistories", "SegmentMap"))

DAMAGED: dict[str, tuple[str, str]] = {
    "nan": (dumps(MODEL).replace("0.243", "NaN"), 'NaN is no JSON; evergreen writes "nan", "inf" and "-inf" as text'),
    "a name twice": (dumps(MODEL).replace('"alpha"', '"r"'), "A name stands twice"),
    "nested without end": ("[" * 100_000, "This is no JSON"),
    "a list": ("[1, 2]", "was not saved by evergreen"),
    "another format": ('{"format": "elsewhere", "schema": 1}', 'it does not say "format": "evergreen"'),
    "a bare name": ('"evergreen"', "was not saved by evergreen"),
    "no schema": (changed(MODEL, lambda d: d.pop("schema")), "schema must be a whole number of at least 1, got None"),
    "schema true": (changed(MODEL, lambda d: d.update(schema=True)), "schema must be a whole number"),
    "schema 0": (changed(MODEL, lambda d: d.update(schema=0)), "schema must be a whole number of at least 1, got 0"),
    "no version": (changed(MODEL, lambda d: d.pop("version")), "version must be text, got None"),
    "no fields": (changed(MODEL, lambda d: d.pop("fields")), "fields is missing and nothing is unknown"),
    "more beside": (changed(MODEL, lambda d: d.update(note="!")), "nothing is missing and note is unknown"),
    "unknown kind": (
        changed(MODEL, lambda d: d.update(kind="os.system")),
        "kind 'os.system' is not known to this vers",
    ),
    "kind of a list": (changed(MODEL, lambda d: d.update(kind=["BGNBD"])), "is not known to this version"),
    "fields of a list": (changed(MODEL, lambda d: d.update(fields=[1, 2])), "The document must be of a kind"),
    "field missing": (changed(MODEL, lambda d: d["fields"].pop("b")), "The object is no BGNBD: it lacks b"),
    "field unknown": (changed(MODEL, fields(beta=1)), "The object is no BGNBD: it has unknown beta"),
    "text for a number": (changed(MODEL, fields(r="0.243")), "r must be a number, got '0.243'"),
    "true for a number": (changed(MODEL, fields(r=True)), "r must be a number, got True"),
    "nothing for a number": (changed(MODEL, fields(r=None)), "r must be a number, got None"),
    "out of domain": (changed(MODEL, fields(r=-1.0)), "BGNBD parameters must be positive and finite, got r=-1.0"),
    "infinite": (changed(MODEL, fields(r="inf")), "BGNBD parameters must be positive and finite, got r=inf"),
    "beyond floats": (dumps(MODEL).replace("0.243", "1e999"), "r has a number beyond the range of floats"),
    "whole beyond floats": (dumps(MODEL).replace("0.243", "1" * 400), "r has a number beyond the range of floats"),
    "too many digits": (dumps(MODEL).replace("0.243", "1" * 9_999), "This is no JSON .Exceeds the limit"),
    "unknown status": (changed(FIT, fields(status="fine")), "status must be one of 'converged', 'boundary', 'flat'"),
    "covariance of another size": (changed(FIT, fields(log_covariance=[[1.0]])), "must be of one size"),
    "covariance with a hole": (
        changed(FIT, fields(log_covariance=[[1.0], [1.0, 2.0]])),
        "must have rows of one length",
    ),
    "covariance of text": (changed(FIT, fields(log_covariance=[["a"]])), "log_covariance must be a number, got 'a'"),
    "fraction of a purchase": (changed(PURCHASES, fields(frequency=[0, 2.5, 7])), "must be a whole number, got 2.5"),
    "history that cannot be": (changed(PURCHASES, fields(T=[9.0, 0.0, 38.86])), "recency must not be greater than T"),
    "columns of two lengths": (changed(PURCHASES, fields(T=[9.0])), "one-dimensional and of one length"),
    "beyond 64 bits": (changed(PURCHASES, fields(frequency=[0, 2**70, 7])), "a whole number beyond 64 bits"),
    "unknown unit": (changed(PURCHASES, fields(time_unit="day")), "time_unit must be one of 'h', 'D', 'W', 'M', 'Y'"),
    "spend without occasion": (changed(SPENDS, fields(frequency=[0, 2])), "frequency must be at least 1 and value abo"),
    "spends left out": (changed(SPENDS, fields(without_value=-1)), "must be at least 0"),
    "map with a gap": (changed(MAP, lambda d: d["fields"]["rules"].pop()), "cells belong to no segment"),
    "rule without a name": (
        changed(MAP, lambda d: d["fields"]["rules"][1].pop("segment")),
        r"rules\[1\] is no SegmentR",
    ),
    "learned in part": (changed(SCORER, lambda d: d["fields"].pop("customers_")), "no RFMScorer: it lacks customers_"),
    "cut points of text": (
        changed(SCORER, lambda d: d["fields"]["cut_points_"].update(orders="many")),
        "cut_points_.orders must be a list of numbers, got 'many'",
    ),
    "a model in the wrong place": (
        changed(CLV, lambda d: d["fields"].update(transaction_model_=d["fields"]["spend_model_"])),
        "transaction_model_ must be of a kind that can be saved",
    ),
    "deep inside": (
        changed(CLV, lambda d: d["fields"]["fit_"]["fields"]["spend"]["fields"]["model"]["fields"].update(q=0)),
        "fit_.spend.model: GammaGamma parameters must be positive and finite, got q=0",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_named(name: str) -> None:
    text, message = DAMAGED[name]
    with pytest.raises(SavedFileError, match=message):
        loads(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda part: st.lists(part) | st.dictionaries(st.text(), part),
        max_leaves=8,
    ),
    st.sampled_from([*EXAMPLES]),
    st.data(),
)
def test_any_other_value_is_refused_or_read(value: Any, name: str, data: st.DataObject) -> None:
    """Whatever stands in a field, the error is ours."""
    found = json.loads(dumps(EXAMPLES[name].thing))
    found["fields"][data.draw(st.sampled_from([*found["fields"]]))] = value
    with contextlib.suppress(SavedFileError):
        loads(json.dumps(found))


# ------------------------------------------------------------------------------------------------ versions


def test_a_newer_schema_says_what_to_do() -> None:
    text = changed(MODEL, lambda d: d.update(schema=7, version="3.1.0"))
    with pytest.raises(SavedFileError) as caught:
        loads(text)
    assert str(caught.value) == (
        f"It was saved by evergreen 3.1.0 in schema 7; this is evergreen {evergreen.__version__}, which reads schemas "
        "up to 1. Update evergreen to 3.1.0 or newer."
    )


def test_older_schemas_are_brought_up_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if schema 1 had called alpha beta, and schema 2 had written it as a text."""

    def rename(found: dict[str, Any]) -> dict[str, Any]:
        found["fields"]["alpha"] = found["fields"].pop("beta")
        return found

    def number(found: dict[str, Any]) -> dict[str, Any]:
        found["fields"]["alpha"] = float(found["fields"]["alpha"])
        return found

    monkeypatch.setattr(document, "MIGRATIONS", (rename, number))
    assert json.loads(dumps(MODEL))["schema"] == 3
    assert loads(dumps(MODEL)) == MODEL
    second = changed(MODEL, lambda d: d.update(schema=2) or d["fields"].update(alpha="4.414"))
    first = changed(MODEL, lambda d: d.update(schema=1) or d["fields"].update(beta=str(d["fields"].pop("alpha"))))
    assert loads(second) == loads(first) == MODEL


def test_a_field_that_came_later_has_its_default() -> None:
    def forget(found: dict[str, Any]) -> None:
        del found["fields"]["first_purchase"], found["fields"]["prior"]

    again = loads(changed(CLV, forget))
    assert (again.first_purchase, again.prior) == (False, None)
    assert loads(changed(PURCHASES, lambda found: found["fields"].pop("log_gaps"))).log_gaps is None
    with pytest.raises(SavedFileError, match="it lacks time_unit"):
        loads(changed(PURCHASES, lambda found: found["fields"].pop("time_unit")))


def test_a_status_is_a_status_again() -> None:
    assert loads(dumps(FIT)).status is FitStatus.BOUNDARY
