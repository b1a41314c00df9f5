"""The door: opening a user's frame, and refusing columns of the wrong type in words that help."""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec
from typing import Any, TypeAlias

import narwhals.stable.v2 as nw
from narwhals.exceptions import DuplicateError

from evergreen.errors import InputTypeError, InvalidInputError, MissingExtraError
from evergreen.frames.advice import how_to_convert
from evergreen.frames.reading import LogColumns
from evergreen.frames.sessions import check_session

AnyFrame: TypeAlias = nw.DataFrame[Any] | nw.LazyFrame[Any]
"""A frame behind narwhals, in memory or lazy."""

_ACCEPTED = (
    "a dataframe: pandas, polars (eager or lazy), pyarrow Table, DuckDB relation, Ibis table, PySpark or another that "
    "narwhals reads"
)


def open_frame(name: str, frame: Any) -> AnyFrame:
    """Return a user's frame behind narwhals.

    Parameters
    ----------
    name : str
        What the frame is, for the message.
    frame : object
        The user's frame.

    Returns
    -------
    narwhals DataFrame or LazyFrame

    Raises
    ------
    InputTypeError
        If it is not a frame, or its columns have several levels.
    InvalidInputError
        If two columns share a name.
    SessionClosedError
        If its connection or session is closed.
    MissingExtraError
        If its engine hands over results by pyarrow, and that is not installed.
    """
    if nw.dependencies.is_pandas_dataframe(frame) and frame.columns.nlevels > 1:
        raise InputTypeError(
            f"The {name} has columns of {frame.columns.nlevels} levels (a MultiIndex): give it columns of "
            f"one level, such as {name}.columns = ['_'.join(names) for names in {name}.columns]."
        )
    try:
        opened: AnyFrame = nw.from_native(frame)
    except TypeError:
        raise InputTypeError.kind(f"The {name}", frame, _ACCEPTED) from None
    except DuplicateError:
        raise _doubled(name, frame) from None
    _check_arrow(opened)
    check_session(opened)
    if opened.implementation.is_spark_like() and len({column.casefold() for column in frame.columns}) < len(
        frame.columns
    ):
        raise _doubled(name, frame)  # to Spark, "amount" and "Amount" are one column
    try:
        opened.collect_schema()
    except DuplicateError:
        raise _doubled(name, frame) from None
    return opened


def is_lazy(frame: AnyFrame) -> bool:
    """Return whether a frame is lazy."""
    return isinstance(frame, nw.LazyFrame)


def alike(frame: AnyFrame, other: AnyFrame) -> bool:
    """Return whether two frames are of the same library, and both lazy or both in memory."""
    return is_lazy(frame) == is_lazy(other) and frame.implementation is other.implementation


def kind_of_frame(frame: AnyFrame) -> str:
    """Return what a frame is, for a message."""
    return f"{'lazy ' if is_lazy(frame) else ''}{str(frame.implementation).rpartition('.')[2].lower()} frame"


def in_memory(frame: nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
    """Return a small lazy result in memory."""
    return frame.collect()


def check_log_types(frame: AnyFrame, columns: LogColumns) -> None:
    """Refuse columns of a log whose type cannot be read.

    Parameters
    ----------
    frame : narwhals DataFrame or LazyFrame
        The log.
    columns : LogColumns
        The roles of its columns.

    Raises
    ------
    InputTypeError
        If ids are lists, dates are numbers or have a time zone, or amounts are text or booleans.
    """
    schema = frame.collect_schema()
    for role in ("customer", "order"):
        if role in columns.roles:
            check_id_type(role, columns.roles[role], schema[columns.roles[role]])
    kind = schema[columns.date]
    if isinstance(kind, nw.Datetime) and kind.time_zone is not None:
        raise time_zone_error(columns.date, kind.time_zone, frame.implementation)
    if not (isinstance(kind, (nw.Date, nw.Datetime, nw.String, nw.Object)) or kind == nw.Unknown):
        raise InputTypeError(
            f"The date column {columns.date!r} holds {kind}{_example(frame, columns.date)}, not dates: "
            f"convert it first, such as {how_to_convert(columns.date, 'dates from numbers', frame.implementation)} "
            "for 19970101 as a number."
        )
    if columns.amount is not None:
        check_number_type("amount", columns.amount, frame)


def check_id_type(role: str, name: str, kind: nw.dtypes.DType) -> None:
    """Refuse ids that are lists or structures."""
    if isinstance(kind, (nw.List, nw.Array, nw.Struct)):
        raise InputTypeError(
            f"The {role} column {name!r} holds {kind}: an id must be one value, such as a number or a text."
        )


def check_number_type(role: str, name: str, frame: AnyFrame) -> None:
    """Refuse numbers that are text, booleans or dates."""
    kind = frame.collect_schema()[name]
    if not (kind.is_numeric() or isinstance(kind, nw.Object) or kind == nw.Unknown):
        raise InputTypeError(
            f"The {role} column {name!r} holds {kind}{_example(frame, name)}, not numbers: convert it first, "
            f"such as {how_to_convert(name, 'numbers', frame.implementation)}."
        )


def time_zone_error(name: str, zone: object, engine: nw.Implementation = nw.Implementation.PANDAS) -> InputTypeError:
    """Return the error for dates with a time zone."""
    todo = f"such as {how_to_convert(name, 'local dates', engine)}"
    if engine.is_spark_like():
        todo += f" for the dates of {zone}, the zone of the session, which every TIMESTAMP of Spark has"
    elif engine.is_ibis():
        todo += " for the dates of the zone that its database is set to"
    return InputTypeError(
        f"The date column {name!r} has the time zone {zone}: whose day is a purchase near midnight? Convert "
        f"it to local dates first, {todo}."
    )


def ids_do_not_fit(name: str, given: object, wanted: object, example: object) -> InputTypeError:
    """Return the error for ids of later rows that the type of a base does not take."""
    shown = "" if example is None else f", for example {example}"
    return InputTypeError(
        f"The customer column {name!r} of the new rows holds {given}, that of the base {wanted}, which does not take "
        f"all of them{shown}: bring the ids of both to one type that does."
    )


def text_date_error(
    name: str, bad: int, total: int, example: object, engine: nw.Implementation = nw.Implementation.PANDAS
) -> InvalidInputError:
    """Return the error for texts that are not ISO dates."""
    return InvalidInputError.rows(
        f"The date column {name!r} holds text that is not an ISO date (2024-12-31, 2024-12-31 18:30)",
        bad,
        total,
        example=example,
        todo=f"Parse it first with its own format, such as {how_to_convert(name, 'dates from text', engine)}.",
    )


def _check_arrow(frame: AnyFrame) -> None:
    """Refuse engines that hand over their results by pyarrow where that is not installed."""
    engine = frame.implementation
    extras = {"duckdb": engine.is_duckdb(), "ibis": engine.is_ibis(), "spark": engine.is_spark_like()}
    for extra, holds in extras.items():
        if holds and find_spec("pyarrow") is None:
            raise MissingExtraError.of("pyarrow", extra, "Reading results from this engine")


def _example(frame: AnyFrame, name: str) -> str:
    """Return the first value of a column, for a message."""
    column = frame.select(nw.col(name)).head(1)
    rows = column.collect() if isinstance(column, nw.LazyFrame) else column
    values = rows.get_column(name).to_list()
    return f" (for example {values[0]!r})" if values else ""


def _doubled(name: str, frame: Any) -> InvalidInputError:
    names = [str(column) for column in getattr(frame, "column_names", frame.columns)]  # pyarrow's columns are arrays
    alike = Counter(column.casefold() for column in names)
    doubled = sorted({column for column in names if alike[column.casefold()] > 1})
    return InvalidInputError(f"The {name} has more than one column named {doubled}: rename or drop all but one.")
