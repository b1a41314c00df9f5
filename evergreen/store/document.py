"""The text of a saved object: a JSON document that says what it is, and how it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import evergreen
from evergreen.errors import SavedFileError
from evergreen.store.kinds import thing as any_kind

Document: TypeAlias = dict[str, Any]
"""A parsed document."""

MIGRATIONS: Final[tuple[Callable[[Document], Document], ...]] = ()
"""The steps from each schema to the next: the first takes a document of schema 1 to schema 2, and so on."""

_FORMAT: Final = "evergreen"
_KEYS: Final = ("format", "schema", "version", "kind", "fields")


def dumps(thing: Any) -> str:
    """Return an object as text that :func:`loads` reads.

    Parameters
    ----------
    thing : object
        A model, a fit, histories, a segment map or a measure, fitted or not.

    Returns
    -------
    str
        A JSON document in ASCII; the same for equal objects.

    Raises
    ------
    InputTypeError
        If it is no object that can be saved, or a part of it is not.

    Examples
    --------
    >>> from evergreen import GammaGamma
    >>> text = dumps(GammaGamma(p=6.25, q=3.74, v=15.44))
    >>> loads(text)
    GammaGamma(p=6.25, q=3.74, v=15.44)
    """
    written = any_kind().write(thing, "thing")
    head = {"format": _FORMAT, "schema": _schema(), "version": evergreen.__version__}
    return _laid_out({**head, **written}) + "\n"


def loads(text: str) -> Any:
    """Return the object that a text of :func:`dumps` stands for.

    Parameters
    ----------
    text : str
        The text, of this version or of an older one.

    Returns
    -------
    object

    Raises
    ------
    SavedFileError
        If it is damaged, is another kind of document, or was written by a newer version; the message says which.

    Examples
    --------
    >>> loads("a,b,c")
    Traceback (most recent call last):
    evergreen.errors.SavedFileError: This is no JSON (Expecting value: line 1 column 1 (char 0)): it was cut short, ...
    """
    document = _parsed(text)
    for step in MIGRATIONS[_checked_schema(document) - 1 :]:
        document = step(document)
    unknown = [key for key in document if key not in _KEYS]
    missing = [key for key in _KEYS if key not in document]
    if unknown or missing:
        raise SavedFileError(
            f"The document must have {', '.join(_KEYS)}; {', '.join(missing) or 'nothing'} is missing and "
            f"{', '.join(unknown) or 'nothing'} is unknown."
        )
    return any_kind().read({"kind": document["kind"], "fields": document["fields"]}, "")


def _schema() -> int:
    return 1 + len(MIGRATIONS)


def _parsed(text: str) -> Document:
    try:
        document = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except SavedFileError:
        raise
    except (ValueError, RecursionError) as error:
        raise SavedFileError(
            f"This is no JSON ({error}): it was cut short, was changed, or is another kind of file. Save it again."
        ) from None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise SavedFileError(
            f'This is JSON, but was not saved by evergreen: it does not say "format": "{_FORMAT}" at its start.'
        )
    return document


def _checked_schema(document: Document) -> int:
    schema, version = document.get("schema"), document.get("version")
    if type(schema) is not int or schema < 1:
        raise SavedFileError.value("schema", schema, "a whole number of at least 1")
    if not isinstance(version, str):
        raise SavedFileError.value("version", version, "text")
    if schema > _schema():
        raise SavedFileError(
            f"It was saved by evergreen {version} in schema {schema}; this is evergreen {evergreen.__version__}, which "
            f"reads schemas up to {_schema()}. Update evergreen to {version} or newer."
        )
    return schema


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise SavedFileError("A name stands twice in one object: the file was changed. Save it again.")
    return found


def _constant(name: str) -> None:
    raise SavedFileError(f'{name} is no JSON; evergreen writes "nan", "inf" and "-inf" as text.')


def _laid_out(value: Any, indent: str = "") -> str:
    """Return JSON with one line for each name, and each list of numbers on the line of its name."""
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        lines = [f"{json.dumps(name)}: {_laid_out(part, deeper)}" for name, part in value.items()]
        return "{" + ",".join(f"\n{deeper}{line}" for line in lines) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[" + ",".join(f"\n{deeper}{json.dumps(part, allow_nan=False)}" for part in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)
