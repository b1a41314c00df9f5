"""Pictures of churn: what was said beside what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from evergreen.churn import ChurnBacktest
from evergreen.plots.canvas import LEAF, MIST, add_legend, axes, draw_shares, on_diagonal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ASIDE: Final = 0.012  # dates stand side by side where they say the same


def churn_backtest(backtest: ChurnBacktest, *, ax: Axes | None = None) -> Axes:
    """Draw the chance of no purchase beside the share of customers who made none, at every date of a backtest.

    Parameters
    ----------
    backtest : ChurnBacktest
        What :meth:`ChurnDetector.backtest` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        A point for each tenth of the customers, with the 95 % interval of the share, the later the date the darker; on
        the diagonal chances are as they were said to be. Beside each date stands how well the chance, and the days
        since the last purchase, order customers.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import ChurnDetector, datasets, plots
    >>> found = ChurnDetector(horizon="39W").backtest(datasets.load_cdnow(sample=True), at="1997-09-30")
    >>> ax = plots.churn_backtest(found)
    >>> ax.get_legend_handles_labels()[1]
    ['1997-09-30: .757, silence .771']
    """
    from matplotlib.colors import LinearSegmentedColormap

    ax = axes(ax, (5.6, 5.2))
    on_diagonal(ax, "chance of no purchase within the horizon", "share who made none")
    dates = backtest.calibration["at"].unique()
    shades = LinearSegmentedColormap.from_list("dates", [MIST, LEAF])(np.linspace(1, 0.25, len(dates))[::-1])
    for shade, aside, date in zip(shades, np.linspace(0, _ASIDE, len(dates)), dates, strict=True):
        model, rule, *_ = backtest.table.loc[backtest.table["at"] == date, "auc"]
        label = f"{date:%Y-%m-%d}: {_short(model)}, silence {_short(rule)}"
        table = backtest.calibration[backtest.calibration["at"] == date]
        draw_shares(ax, table, color=shade, aside=float(aside), label=label)
    title = "AUC of the chance, and of silence alone"
    add_legend(ax, loc="upper left", title=title, title_fontsize=9, fontsize=9)
    return ax


def _short(auc: float) -> str:
    return f"{auc:.3f}".removeprefix("0")
