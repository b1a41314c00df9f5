"""The errors and warnings of evergreen.

Each error is also the nearest builtin, so ``except ValueError`` keeps working. Messages are built from
facts by named constructors: what was given, what is allowed, how many rows, what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self


class EvergreenError(Exception):
    """Base of every error that evergreen raises on purpose."""


class InvalidInputError(EvergreenError, ValueError):
    """A value in the data or in a setting is not allowed."""

    @classmethod
    def not_allowed(cls, name: str, given: object, allowed: Iterable[object]) -> Self:
        """Return the error for a setting outside its list of choices."""
        choices = ", ".join(repr(choice) for choice in allowed)
        return cls(f"{name}={given!r} is not allowed; choose one of {choices}.")

    @classmethod
    def rows(cls, what: str, bad: int, total: int, *, example: object = None, todo: str) -> Self:
        """Return the error for a number of rows that break a rule."""
        shown = "" if example is None else f", for example {example!r}"
        return cls(f"{what}: {bad:,} of {total:,} rows{shown}. {todo}")


class ColumnNotFoundError(EvergreenError, KeyError):
    """A column that was asked for is not in the frame."""

    @classmethod
    def missing(cls, wanted: Mapping[str, str], available: Iterable[str]) -> Self:
        """Return the error for columns (role -> name) that the frame does not have."""
        roles = ", ".join(f"{role}={name!r}" for role, name in wanted.items())
        names = ", ".join(repr(name) for name in available)
        return cls(f"The frame has no column for {roles}; its columns are {names}.")

    def __str__(self) -> str:
        """Return the message itself, where KeyError would show its repr."""
        return str(self.args[0])


class InputTypeError(EvergreenError, TypeError):
    """An object or a column is of a kind that evergreen cannot read."""

    @classmethod
    def kind(cls, name: str, given: object, wanted: str) -> Self:
        """Return the error for an argument of the wrong kind."""
        found = "a class" if isinstance(given, type) else type(given).__name__
        return cls(f"{name} must be {wanted}, got {found}.")


class NotFittedError(EvergreenError, ValueError, AttributeError):
    """A method that needs learned values was called before ``fit``."""

    @classmethod
    def of(cls, owner: object, wanted: str) -> Self:
        """Return the error for ``owner``, which has to be fitted before ``wanted``."""
        name = type(owner).__name__
        return cls(f"This {name} is not fitted yet; call {name}.fit(...) before {wanted}.")


class SavedFileError(EvergreenError, ValueError):
    """A saved object cannot be read: its file is damaged, is of another kind, or comes from a newer version."""

    @classmethod
    def value(cls, place: str, given: object, wanted: str) -> Self:
        """Return the error for a value in a file that is not what stands in this place."""
        text = repr(given)
        return cls(f"{place or 'The document'} must be {wanted}, got {text if len(text) <= 60 else text[:57] + '...'}.")


class SavedFileNotFoundError(EvergreenError, FileNotFoundError):
    """There is no file where a saved object was expected."""


class MissingExtraError(EvergreenError, ImportError):
    """An optional package is needed and not installed."""

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> Self:
        """Return the error that names the extra to install."""
        return cls(f"{purpose} needs {package}, which is not installed: pip install 'evergreen-clv[{extra}]'.")


class SessionClosedError(EvergreenError, RuntimeError):
    """The connection or session that holds a frame is closed, so its rows cannot be read any more."""

    @classmethod
    def of(cls, what: str, place: str) -> Self:
        """Return the error for a frame, such as a DuckDB relation, whose connection or session is closed."""
        return cls(
            f"The {place} of this {what} is closed: keep it open as long as the base and its results are used, or read "
            f"the log again on an open {place}."
        )


class EvergreenWarning(UserWarning):
    """Base of every warning that evergreen gives."""


class DataWarning(EvergreenWarning):
    """Rows or customers were left out, or look unlike what was asked for; the message counts them."""


class FitWarning(EvergreenWarning):
    """A fit ended in another way than an inner maximum; the message says what that means."""
