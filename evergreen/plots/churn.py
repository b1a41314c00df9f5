"""Pictures of churn: what was said beside what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evergreen.churn import ChurnBacktest
from evergreen.plots.canvas import INK, LEAF, MIST, axes, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    ax.plot([0, 1], [0, 1], color=MIST, linewidth=1, linestyle="--")
    dates = backtest.calibration["at"].unique()
    shades = LinearSegmentedColormap.from_list("dates", [MIST, LEAF])(np.linspace(0.25, 1, len(dates)))
    shift = np.linspace(-0.006, 0.006, len(dates)) if len(dates) > 1 else [0.0]
    for date, shade, aside in zip(dates, shades if len(dates) > 1 else [LEAF], shift, strict=True):
        table = backtest.calibration[backtest.calibration["at"] == date]
        observed, lower, upper = (table[name].to_numpy() for name in ("observed", "lower", "upper"))
        bars = np.maximum([observed - lower, upper - observed], 0.0)
        model, rule, *_ = backtest.table.loc[backtest.table["at"] == date, "auc"]
        label = f"{date:%Y-%m-%d}: {_short(model)}, silence {_short(rule)}"
        said = table["predicted"].to_numpy() + aside
        ax.errorbar(said, observed, bars, fmt="o", color=shade, markersize=5, elinewidth=1.2, label=label)
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    ax.set_xlabel("chance of no purchase within the horizon", color=INK)
    ax.set_ylabel("share who made none", color=INK)
    ax.legend(frameon=False, loc="upper left", labelcolor=INK, title="AUC of the chance", title_fontsize=9, fontsize=9)
    tidy(ax)
    return ax


def _short(auc: float) -> str:
    return f"{auc:.3f}".removeprefix("0")
