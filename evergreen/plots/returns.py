"""Pictures of when customers come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from evergreen.durations import UNIT_NAMES, in_days
from evergreen.models.gaps import GapHistories
from evergreen.plots.canvas import INK, LEAF, MIST, SKY, add_legend, axes, tidy
from evergreen.typing import Duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINES: Final = ((1, INK, "1st to 2nd purchase"), (2, SKY, "2nd to 3rd"), (3, LEAF, "later"))
"""The order of the gaps that a line is about, its color and its words; the last stands for all that follow."""


def return_curve(
    gaps: GapHistories, *, within: Duration | None = None, chance: float = 0.1, ax: Axes | None = None
) -> Axes:
    """Draw the share of customers who have come back by the time since their purchase.

    Parameters
    ----------
    gaps : GapHistories
        What :meth:`CustomerBase.gaps` returned.
    within : duration, optional
        Window of the lapse cut, such as ``"90D"``: a dot on each line, where it has one. No dots by default.
    chance : float
        What is hardly: the chance of a return within the window that a lapsed customer has at most.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        A line after the first purchase, after the second and after all later ones, as far as there are any, each with
        its 95 % interval. Customers with many gaps are many times in the last.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import CustomerBase, datasets, plots
    >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    >>> ax = plots.return_curve(base.gaps(), within="90D")
    >>> ax.get_ylabel()
    'came back, %'
    """
    ax = axes(ax, (7.0, 4.0))
    for order, color, words in _LINES:
        part = gaps.from_order(order) if order == _LINES[-1][0] else gaps.at(order)
        if not len(part):
            continue
        curve = part.curve()
        table = curve.table()
        time = np.concatenate(([0.0], table.time))
        came_back, lower, upper = (
            100 * np.concatenate(([0.0], column)) for column in (table.came_back, table.lower, table.upper)
        )
        ax.fill_between(time, lower, upper, step="post", color=color, alpha=0.15, linewidth=0)
        ax.step(time, came_back, where="post", color=color, linewidth=1.8, label=words)
        cut = np.nan if within is None else curve.lapse_cut(within, chance)
        if not np.isnan(cut):
            height = 100 * (1 - float(curve.survival(cut)))
            ax.plot(cut, height, "o", color=color, markersize=7, markeredgecolor="white", markeredgewidth=1.2)
            ax.annotate(f"{cut:.3g}", (cut, height), (4, -13), textcoords="offset points", color=color, fontsize=8)
    ax.set_xlim(0)
    ax.set_ylim(0, 100)
    ax.grid(axis="y", color=MIST, alpha=0.4, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_xlabel(f"{UNIT_NAMES[gaps.time_unit]} since the purchase", color=INK)
    ax.set_ylabel("came back, %", color=INK)
    if within is not None:
        said = f"dots: from here on at most {100 * chance:.3g} % come back within {in_days(within):.3g} days"
        ax.set_title(said, fontsize=9, loc="left", color=INK)
    add_legend(ax, loc="upper left")
    tidy(ax)
    return ax
