"""Where scores begin: each method turns a base into cut points, the values that a customer has to beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias, TypeVar

import numpy as np

from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.frames import ScoreTable
from evergreen.kernels.binning import cut_ranks, cuts_of_equal_weight
from evergreen.kernels.kmeans import optimal_starts
from evergreen.models.checks import check_finite
from evergreen.typing import ArrayLike, FloatArray, IntArray

Breaks: TypeAlias = Mapping[str, Sequence[float] | FloatArray | IntArray]
"""Cut points by the columns that they are about."""

RECENCY: Final = "days_since_last"
"""The one column whose lowest values are the best."""


class Asked(NamedTuple):
    """What is to be learned."""

    columns: tuple[str, str, str]
    """The columns that r, f and m look at."""
    bins: tuple[int, int, int]
    """The number of scores of each."""
    customers: int
    """Customers of the base."""
    breaks: Breaks | None
    """Cut points that the user gave."""


_Weight = TypeVar("_Weight", FloatArray, IntArray)

Method: TypeAlias = Callable[[ScoreTable, Asked], dict[str, FloatArray]]


def of_quantiles(table: ScoreTable, asked: Asked) -> dict[str, FloatArray]:
    """Return cut points that leave equally many customers between them, equal customers together."""
    return {
        column: _quantiles(table, column, asked.customers, bins)
        for column, bins in zip(asked.columns, asked.bins, strict=True)
    }


def of_breaks(_: ScoreTable, asked: Asked) -> dict[str, FloatArray]:
    """Return the cut points that the user gave."""
    breaks = asked.breaks
    if not isinstance(breaks, Mapping):
        example = "breaks={'days_since_last': [30, 90, 180, 365], ...}"
        raise InputTypeError.kind("method='breaks' needs cut points: breaks", breaks, f"a mapping, such as {example}")
    if set(breaks) != set(asked.columns):
        raise InvalidInputError(
            f"breaks must have cut points for exactly {', '.join(map(repr, asked.columns))}, got {list(breaks)}."
        )
    return {
        column: _checked_breaks(column, breaks[column], bins)
        for column, bins in zip(asked.columns, asked.bins, strict=True)
    }


def of_kmeans(table: ScoreTable, asked: Asked) -> dict[str, FloatArray]:
    """Return cut points between the groups of least spread, column by column."""
    found = {}
    for column, bins in zip(asked.columns, asked.bins, strict=True):
        levels = table.levels(column)
        if len(levels.values) < bins:
            raise InvalidInputError(
                f"method='kmeans' with {bins} scores needs as many different values of {column}, and this base has "
                f"{len(levels.values)}: ask for fewer bins, or take quantiles."
            )
        worth, count = _worst_first(column, levels.values, levels.count)
        found[column] = _ascending(column, worth[optimal_starts(worth, count, bins)[1:] - 1])
    return found


def of_equal_revenue(table: ScoreTable, asked: Asked) -> dict[str, FloatArray]:
    """Return cut points that leave equal shares of the revenue between them, column by column."""
    found = {}
    for column, bins in zip(asked.columns, asked.bins, strict=True):
        values, brought = _revenue(table, column)
        revenue = np.maximum(brought, 0.0)
        if not revenue.any():
            raise InvalidInputError("method='equal_revenue' needs revenue, and no customer's total value is above 0.")
        worth, revenue = _worst_first(column, values, revenue)
        found[column] = _ascending(column, cuts_of_equal_weight(worth, revenue, bins))
    return found


def of_nested(table: ScoreTable, asked: Asked) -> dict[str, FloatArray]:
    """Return quantiles of recency, of frequency among customers of one r, and of money among those of one r and f."""
    (recency, orders, money), bins = asked.columns, asked.bins
    found = {recency: _quantiles(table, recency, asked.customers, bins[0])}
    table = table.with_cuts("r", recency, found[recency].tolist(), lowest_best=True)
    found[orders] = _within(table, "r", orders, asked, (bins[0],), bins[1])
    table = table.with_cuts_by("f", orders, ["r"], found[orders])
    table = table.with_columns(rf=lambda c: 10 * c["r"] + c["f"])
    found[money] = _within(table, "rf", money, asked, bins[:2], bins[2])
    return found


METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {
        "quantile": of_quantiles,
        "breaks": of_breaks,
        "nested": of_nested,
        "kmeans": of_kmeans,
        "equal_revenue": of_equal_revenue,
    }
)
"""How cut points are learned, by the name that :class:`RFMScorer` takes."""


def _quantiles(table: ScoreTable, column: str, customers: int, bins: int) -> FloatArray:
    ranks = cut_ranks(customers, bins)
    if column == RECENCY:
        ranks = (customers + 1 - ranks)[::-1]  # the worst are those silent for longest
    return table.order_statistics(column, ranks.tolist())


def _within(table: ScoreTable, by: str, column: str, asked: Asked, cells: tuple[int, ...], bins: int) -> FloatArray:
    """Return the quantiles within each cell; those of all customers where a cell is empty."""

    def ranks(customers: int) -> list[int]:
        listed: list[int] = cut_ranks(customers, bins).tolist()
        return listed

    found = table.order_statistics_by(by, column, ranks)
    points = np.full((*cells, bins - 1), np.nan)
    for cell in product(*map(range, cells)):
        key = int("".join(str(place + 1) for place in cell))
        if key in found:
            points[cell] = found[key]
    if np.isnan(points).any():
        overall = _quantiles(table, column, asked.customers, bins)
        points = np.where(np.isnan(points), overall, points)
    return points


def _checked_breaks(column: str, given: ArrayLike, bins: int) -> FloatArray:
    points = check_finite(f"breaks[{column!r}]", given)
    if points.ndim != 1 or not (np.diff(points) > 0).all():
        raise InvalidInputError(f"breaks[{column!r}] must be different numbers in ascending order, got {given!r}.")
    if len(points) + 1 != bins:
        raise InvalidInputError(
            f"breaks[{column!r}] has {len(points)} cut points, which make {len(points) + 1} scores, and bins asks for "
            f"{bins}: say bins=(scores of r, of f, of m) to match."
        )
    return points


def _revenue(table: ScoreTable, column: str) -> tuple[FloatArray, FloatArray]:
    """Return the distinct values of a column in ascending order, and the total value of the customers of each."""
    if column == "total_value":
        levels = table.levels(column)
        return levels.values, levels.count * levels.whole
    found = table.group_totals(column, ["total_value"])
    return found[column].astype(np.float64), found["total_value"]


def _worst_first(column: str, values: FloatArray, weight: _Weight) -> tuple[FloatArray, _Weight]:
    """Return ascending values, such that the larger is the better, and the weight of each."""
    return (-values[::-1], weight[::-1]) if column == RECENCY else (values, weight)


def _ascending(column: str, cuts: FloatArray) -> FloatArray:
    """Return cut points in the column's own values, in ascending order."""
    return -cuts[::-1] if column == RECENCY else cuts
