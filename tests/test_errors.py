"""One family of errors: each also the nearest builtin, each message made of facts."""

from __future__ import annotations

import inspect
import pickle
from importlib import metadata

import pytest

from evergreen import CLVModel, errors
from evergreen.errors import (
    ColumnNotFoundError,
    DataWarning,
    EvergreenError,
    EvergreenWarning,
    FitWarning,
    InputTypeError,
    InvalidInputError,
    MissingExtraError,
    NotFittedError,
    SavedFileError,
    SavedFileNotFoundError,
    SessionClosedError,
)

NEAREST: dict[type[Exception], tuple[type[Exception], ...]] = {
    InvalidInputError: (ValueError,),
    ColumnNotFoundError: (KeyError, LookupError),
    InputTypeError: (TypeError,),
    NotFittedError: (ValueError, AttributeError),
    SavedFileError: (ValueError,),
    SavedFileNotFoundError: (FileNotFoundError, OSError),
    MissingExtraError: (ImportError,),
    SessionClosedError: (RuntimeError,),
}
CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]


def test_the_family_is_complete() -> None:
    found = {kind for kind in CLASSES if issubclass(kind, EvergreenError)}
    assert found == {EvergreenError, *NEAREST}
    warnings = {kind for kind in CLASSES if issubclass(kind, EvergreenWarning)}
    assert warnings == {EvergreenWarning, DataWarning, FitWarning}
    assert found | warnings == set(CLASSES)


@pytest.mark.parametrize("kind", NEAREST)
def test_each_is_the_nearest_builtin(kind: type[Exception]) -> None:
    assert issubclass(kind, EvergreenError)
    for builtin in NEAREST[kind]:
        with pytest.raises(builtin):
            raise kind("what happened")


@pytest.mark.parametrize("kind", [EvergreenError, *NEAREST])
def test_a_message_is_shown_as_it_is(kind: type[Exception]) -> None:
    """KeyError would show the repr of its message."""
    assert str(kind("what 'happened'")) == "what 'happened'"
    again = pickle.loads(pickle.dumps(kind("what happened")))  # noqa: S301 - our own bytes
    assert type(again) is kind
    assert str(again) == "what happened"


def test_warnings_are_user_warnings() -> None:
    assert issubclass(DataWarning, UserWarning)
    assert issubclass(FitWarning, UserWarning)


MADE = [
    (
        InvalidInputError.not_allowed("bins", 0, [2, "three"]),
        "bins=0 is not allowed; choose one of 2, 'three'.",
    ),
    (
        InvalidInputError.rows("amount must be finite", 1_234, 99_999, example="x", todo="Correct them."),
        "amount must be finite: 1,234 of 99,999 rows, for example 'x'. Correct them.",
    ),
    (
        InvalidInputError.rows("ids must be there", 1, 2, todo="Correct them."),
        "ids must be there: 1 of 2 rows. Correct them.",
    ),
    (
        ColumnNotFoundError.missing({"customer": "id", "date": "day"}, ["a", "b"]),
        "The frame has no column for customer='id', date='day'; its columns are 'a', 'b'.",
    ),
    (InputTypeError.kind("A log", 3.0, "a frame"), "A log must be a frame, got float."),
    (
        NotFittedError.of(CLVModel(), "predict"),
        "This CLVModel is not fitted yet; call CLVModel.fit(...) before predict.",
    ),
    (SavedFileError.value("fit_.values", "a" * 99, "a list"), f"fit_.values must be a list, got '{'a' * 56}...."),
    (
        MissingExtraError.of("matplotlib", "plot", "Drawing"),
        "Drawing needs matplotlib, which is not installed: pip install 'evergreen-clv[plot]'.",
    ),
]


@pytest.mark.parametrize(("error", "message"), MADE, ids=lambda part: type(part).__name__)
def test_messages(error: Exception, message: str) -> None:
    assert str(error) == message


def test_a_message_of_a_missing_extra_names_an_extra_that_exists() -> None:
    extras = metadata.metadata("evergreen-clv").get_all("Provides-Extra") or []
    assert {"duckdb", "plot", "polars", "report", "spark", "sql"} <= set(extras)
