"""Small result tables: a few rows that a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.frames.columns import AnyFrame
from evergreen.frames.engines import values_for_frame
from evergreen.models.fitting import FitResult

if TYPE_CHECKING:
    import pandas as pd


def small_table(like: AnyFrame, columns: Mapping[str, np.ndarray[Any, Any]]) -> Any:
    """Return a small table in memory, of the kind that goes with a frame.

    Parameters
    ----------
    like : narwhals DataFrame or LazyFrame
        The frame that the user works with.
    columns : mapping of str to ndarray
        Columns of one length.

    Returns
    -------
    native frame
        Of the frame's own kind if that is in memory, polars for lazy polars, otherwise pandas.
    """
    engine = like.implementation
    in_memory = engine.is_polars() or isinstance(like, nw.DataFrame)
    return nw.from_dict(
        {name: values_for_frame(column) for name, column in columns.items()},
        backend=engine if in_memory else "pandas",
    ).to_native()


def arrays_of(frame: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Return the columns of a result as arrays, row beside row; a lazy one is computed once.

    Parameters
    ----------
    frame : native frame
        Of any kind.

    Returns
    -------
    dict of str to ndarray, each of shape (n,)
    """
    rows = nw.from_native(frame).lazy().collect()
    return {name: rows.get_column(name).to_numpy() for name in rows.columns}


def plain_table(columns: Mapping[str, np.ndarray[Any, Any]]) -> pd.DataFrame:
    """Return a small table that does not come from a frame of the user's.

    Parameters
    ----------
    columns : mapping of str to ndarray
        Columns of one length.

    Returns
    -------
    pandas.DataFrame
    """
    import pandas as pd

    return pd.DataFrame(dict(columns))


def plain_matrix(values: np.ndarray[Any, Any], rows: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Return a small table with a name for each row and each column.

    Parameters
    ----------
    values : ndarray, shape (r, c)
        The cells.
    rows, columns : sequence of str, shape (r,) and (c,)
        Their names.

    Returns
    -------
    pandas.DataFrame
    """
    import pandas as pd

    return pd.DataFrame(values, list(rows), list(columns))


def parameter_table(
    parts: Sequence[tuple[object, Mapping[str, float], FitResult[Any] | None]], level: float
) -> pd.DataFrame:
    """Return the parameters of models with their uncertainty.

    Parameters
    ----------
    parts : sequence of (model, parameters, fit)
        Each model with its parameters by name and, if it was fitted, how.
    level : float
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Columns ``model``, ``parameter``, ``estimate``, ``standard_error``, ``lower``, ``upper``.
    """
    import pandas as pd

    rows = []
    for model, parameters, fit in parts:
        errors = {} if fit is None else fit.standard_errors
        bounds = {} if fit is None else fit.intervals(level)
        for name, value in parameters.items():
            low, high = bounds.get(name, (np.nan, np.nan))
            rows.append((type(model).__name__, name, value, errors.get(name, np.nan), low, high))
    columns = ["model", "parameter", "estimate", "standard_error", "lower", "upper"]
    return pd.DataFrame.from_records(rows, columns=columns)
