"""Pictures of the loyalty ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.ladder import LadderMovement
from evergreen.plots.canvas import INK, LEAF, MIST, axes, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEGIBLE: Final = 0.035  # a rung with a smaller share of the height has no room for a label
_TICKS: Final = 7


def ladder(moved: LadderMovement, *, show: Literal["customers", "share"] = "customers", ax: Axes | None = None) -> Axes:
    """Draw how many customers stood on each rung over time, the rungs on top of one another.

    Parameters
    ----------
    moved : LadderMovement
        What :meth:`LoyaltyLadder.movement` returned.
    show : {"customers", "share"}
        Numbers of customers, or their share of those who had come by then.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        An area for each rung, the lowest at the bottom and the palest; at the right its name and its customers, or
        their share in percent, at the last date. A rung that is empty by then has its name where it was widest.
        Customers who had not come yet are not drawn.

    Raises
    ------
    InvalidInputError
        If ``show`` is not allowed.
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import CustomerBase, LoyaltyLadder, datasets, plots
    >>> log = datasets.load_cdnow(sample=True)
    >>> climbing = LoyaltyLadder().fit(CustomerBase.from_transactions(log))
    >>> ax = plots.ladder(climbing.movement(log, every="1M", start="1997-01-31", end="1998-06-30"))
    >>> [text.get_text() for text in ax.texts]
    ['lapsed  1,545', 'first-time', 'repeat  330', 'client  325', 'loyal  157']
    """
    if show not in ("customers", "share"):
        raise InvalidInputError.not_allowed("show", show, ("customers", "share"))
    heights = moved.customers.to_numpy()[:, 1:].astype(np.float64)
    there = heights.sum(axis=1, keepdims=True)
    if show == "share":
        heights = 100 * np.divide(heights, there, out=np.full_like(heights, np.nan), where=there > 0)
    ax = axes(ax, (8.0, 4.4))
    from matplotlib import dates
    from matplotlib.colors import LinearSegmentedColormap

    calendar: Any = dates  # its functions have no types of their own

    days = np.array([calendar.date2num(moment) for moment in moved.dates])
    shades = LinearSegmentedColormap.from_list("ladder", [MIST, LEAF, INK])(np.linspace(0, 0.8, len(moved.rungs)))
    tops = heights.cumsum(axis=1)
    legible = _LEGIBLE * np.nanmax(tops)
    label: dict[str, Any] = {"textcoords": "offset points", "color": INK, "fontsize": 8}
    for place, name in enumerate(moved.rungs):
        low = tops[:, place] - heights[:, place]
        ax.fill_between(days, low, tops[:, place], color=shades[place], label=name, edgecolor="white", linewidth=0.8)
        last, peak = heights[-1, place], int(np.nanargmax(heights[:, place]))
        if last >= legible:
            told = f"{name}  {last:,.0f}" + (" %" if show == "share" else "")
            ax.annotate(told, (days[-1], low[-1] + last / 2), (6, 0), va="center", **label)
        elif heights[peak, place] >= legible:
            ax.annotate(name, (days[peak], low[peak] + heights[peak, place] / 2), (8, 0), va="center", **label)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    locator = calendar.AutoDateLocator(maxticks=_TICKS)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(calendar.ConciseDateFormatter(locator))
    ax.set(xlim=(days[0], days[-1]), ylim=(0, 100 if show == "share" else np.nanmax(tops) * 1.02))
    ax.set_ylabel("share of the customers so far, %" if show == "share" else "customers", color=INK)
    tidy(ax)
    return ax
