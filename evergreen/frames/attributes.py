"""Putting what else is known of customers beside them: matched by their id, on any engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames.advice import how_to_convert
from evergreen.frames.audit import HUGE
from evergreen.frames.columns import AnyFrame, alike, check_id_type, kind_of_frame, open_frame
from evergreen.frames.engines import joined_lazily, taken_names
from evergreen.frames.reading import SUMMARY_COLUMNS, check_columns

_KEY = "evergreen_key"
_MATCH = "evergreen_match"
_ROW = "evergreen_row"
_WRONG = "evergreen_wrong"
_TODO = (
    "Say what holds for them, such as with_attributes(..., absent=0) where no row means none, or give each of them a "
    "row first, with values such as 'unknown' or the mean."
)


def open_attributes(
    frame: Any, base: AnyFrame, columns: Sequence[str], *, customer: str, base_customer: str
) -> nw.LazyFrame[Any]:
    """Open a frame of attributes and check that it goes with a base.

    Parameters
    ----------
    frame : frame
        The user's frame; not changed.
    base : narwhals DataFrame or LazyFrame
        The base.
    columns : sequence of str
        The columns wanted; all by default.
    customer, base_customer : str
        Name of the id column there and in the base.

    Returns
    -------
    narwhals LazyFrame
        The key to join on and the columns wanted: int64, float64, booleans or text. Rows without an id are left out.

    Raises
    ------
    ColumnNotFoundError
        If a column is missing.
    InputTypeError
        If the frame is of another kind than the base, or a column of a type that is neither a number nor text.
    InvalidInputError
        If a name is taken, or a customer has several rows.
    """
    opened = open_frame("frame of attributes", frame)
    if not alike(opened, base):
        raise InputTypeError(
            f"The attributes are in a {kind_of_frame(opened)}, the base in a {kind_of_frame(base)}: bring them in a "
            "frame of the same kind."
        )
    schema = opened.collect_schema()
    wanted = list(columns) or [name for name in schema.names() if name != customer]
    check_columns({"customer": customer} | {f"attribute {name!r}": name for name in wanted}, schema.names())
    taken = taken_names(base, wanted, (*base.collect_schema().names(), *SUMMARY_COLUMNS))
    if taken:
        raise InvalidInputError(f"Attributes cannot be named {taken}: these are columns of a base. Rename them first.")
    check_id_type("customer", customer, schema[customer])
    there, key = _keys(customer, schema[customer], base_customer, base.collect_schema()[base_customer])
    values = [_value(name, schema[name], opened.implementation) for name in wanted]
    rows = opened.lazy().filter(there).select(key, *values)
    _check_once(rows, customer)
    return rows


def with_attributes(
    base: AnyFrame, customer: str, attributes: nw.LazyFrame[Any], absent: float | str | None = None
) -> AnyFrame:
    """Join attributes to the customers of a base, and check that every customer has all of them.

    Parameters
    ----------
    base : narwhals DataFrame or LazyFrame
        The base.
    customer : str
        Its id column.
    attributes : narwhals LazyFrame
        As from :func:`open_attributes`.
    absent : float, bool or str, optional
        Value of all columns for customers who have no row; by default there must be none.

    Returns
    -------
    narwhals DataFrame or LazyFrame
        The base in its order with the columns added.

    Raises
    ------
    InputTypeError
        If the two are in different sessions of an engine.
    InvalidInputError
        If customers have no row and nothing is said of them, the value for them does not go with a column, or a value
        is missing or infinite.
    """
    names = [name for name in attributes.collect_schema().names() if name != _KEY]
    kinds = attributes.collect_schema()
    key = _cast(nw.col(customer), base.collect_schema()[customer], kinds[_KEY]).alias(_KEY)
    marked = attributes.with_columns(nw.lit(1).alias(_MATCH))
    placed: AnyFrame
    if isinstance(base, nw.DataFrame):
        joined = base.with_row_index(_ROW).with_columns(key).join(marked.collect(), on=_KEY, how="left")
        placed = nw.maybe_reset_index(joined.sort(_ROW).drop(_ROW))
    else:
        placed = joined_lazily(base.with_columns(key), marked, _KEY)
    if absent is not None:
        filled = [_filled(name, kinds[name], absent) for name in names]
        placed = placed.with_columns(*filled, nw.lit(1).alias(_MATCH))
    _check_values(placed, customer, {name: kinds[name] for name in names})
    # a join may have made room for missing values
    whole = [nw.col(name).cast(kinds[name]) for name in names if not isinstance(kinds[name], nw.String)]
    placed = placed.with_columns(*whole) if whole else placed
    return placed.select(*base.collect_schema().names(), *names)


def _keys(name: str, kind: nw.dtypes.DType, base_name: str, wanted: nw.dtypes.DType) -> tuple[nw.Expr, nw.Expr]:
    """Return which rows have an id that can occur in the base, and the id as the base has it."""
    given = nw.col(name)
    there = given.abs() < HUGE if kind.is_float() else ~given.is_null()
    if kind.is_numeric() and wanted.is_numeric():
        if kind.is_float() and not wanted.is_float():
            there = there & (given.floor() == given) & (given.abs() < 2.0**63)
    elif not (_is_text(kind) and _is_text(wanted)) and type(kind) is not type(wanted):
        raise InputTypeError(
            f"The customer column {name!r} of the attributes holds {kind}, the column {base_name!r} of the base "
            f"{wanted}: convert one of them first."
        )
    return there, _cast(given, kind, wanted if not _is_text(wanted) else nw.String()).alias(_KEY)


def _cast(column: nw.Expr, kind: nw.dtypes.DType, wanted: nw.dtypes.DType) -> nw.Expr:
    as_it_is = kind == wanted and not _is_text(kind)  # there are texts and texts: one engine has two types of them
    return column if as_it_is else column.cast(wanted)


def _is_text(kind: nw.dtypes.DType) -> bool:
    return isinstance(kind, (nw.String, nw.Categorical, nw.Enum))


def _value(name: str, kind: nw.dtypes.DType, engine: nw.Implementation) -> nw.Expr:
    """Return an attribute in one of the few types that go everywhere."""
    column = nw.col(name)
    if kind.is_numeric():
        return column.cast(nw.Int64() if kind.is_integer() else nw.Float64())
    if isinstance(kind, nw.Boolean):
        return column
    if isinstance(kind, nw.String):
        return column
    if _is_text(kind):
        return nw.when(~column.is_null()).then(column.cast(nw.String())).alias(name)
    raise InputTypeError(
        f"Attribute {name!r} holds {kind}, not numbers, text or booleans: convert it first, such as "
        f"{how_to_convert(name, 'numbers', engine)}."
    )


def _filled(name: str, kind: nw.dtypes.DType, absent: float | str) -> nw.Expr:
    """Return an attribute with a value where customers have no row."""
    if isinstance(kind, nw.Boolean):
        words, goes = "booleans", isinstance(absent, bool)
    elif isinstance(kind, nw.String):
        words, goes = "text", isinstance(absent, str)
    else:
        words = "numbers" if kind.is_float() else "whole numbers"
        goes = isinstance(absent, (int, float)) and not isinstance(absent, bool) and _fits(absent, kind)
    if not goes:
        raise InvalidInputError(
            f"absent={absent!r} does not go with attribute {name!r}, which holds {words}: name the columns that it is "
            "meant for, and add others by another with_attributes()."
        )
    return nw.when(nw.col(_MATCH).is_null()).then(nw.lit(absent).cast(kind)).otherwise(nw.col(name)).alias(name)


def _fits(number: float, kind: nw.dtypes.DType) -> bool:
    """Return whether a column of floats or of int64 can hold a number."""
    if kind.is_float():
        return abs(number) < HUGE
    return (isinstance(number, int) or number.is_integer()) and abs(number) < 2**63


def _check_once(rows: nw.LazyFrame[Any], customer: str) -> None:
    """Refuse a customer with several rows."""
    found = rows.group_by(_KEY).agg(nw.len().alias("rows"))
    row = next(found.select(nw.len().alias("ids"), nw.col("rows").sum()).collect().iter_rows(named=True))
    total = int(row["rows"] or 0)
    if int(row["ids"]) < total:
        raise InvalidInputError.rows(
            f"{customer} must name each customer of the attributes once",
            total - int(row["ids"]),
            total,
            todo="Bring the rows of one customer together.",
        )


def _check_values(joined: AnyFrame, customer: str, kinds: dict[str, nw.dtypes.DType]) -> None:
    """Refuse customers without a row, and values that are missing."""
    lone = nw.col(_MATCH).is_null()
    wrong = {
        name: ~((nw.col(name).abs() < HUGE).fill_null(value=False)) if kind.is_float() else nw.col(name).is_null()
        for name, kind in kinds.items()
    }
    flags = [_flag(bad).alias(f"{_WRONG}_{place}") for place, bad in enumerate([lone, *wrong.values()])]
    marked = joined.lazy().select(nw.col(customer), *flags)
    sums = [nw.col(f"{_WRONG}_{place}").sum() for place in range(len(flags))]
    row = next(marked.select(nw.len().alias("rows"), *sums).collect().iter_rows(named=True))
    rows, (alone, *bad) = int(row["rows"]), (int(row[f"{_WRONG}_{place}"] or 0) for place in range(len(flags)))
    if alone:
        first = marked.filter(nw.col(f"{_WRONG}_0") == 1).select(customer).head(1).collect()
        example = first.get_column(customer).to_list()[0]
        what = "Customers of the base have no row among the attributes"
        raise InvalidInputError.rows(what, alone, rows, example=example, todo=_TODO)
    for name, count in zip(wrong, bad, strict=True):
        if count:
            raise InvalidInputError.rows(
                f"Attribute {name!r} must not be missing or infinite",
                count,
                rows,
                todo="Fill in these values first, such as with 'unknown' or the mean.",
            )


def _flag(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))
