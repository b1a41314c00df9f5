"""Pictures of RFM segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.plots.canvas import INK, LEAF, MIST, axes, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def segments(summary: Any, *, ax: Axes | None = None) -> Axes:
    """Draw each segment's share of the customers beside its share of the value.

    Parameters
    ----------
    summary : frame
        What :meth:`RFMScorer.summary` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import CustomerBase, RFMScorer, datasets, plots
    >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    >>> ax = plots.segments(RFMScorer().fit(base).summary(base))
    >>> [label.get_text() for label in ax.get_yticklabels()][0]
    'champion'
    """
    frame = nw.from_native(summary, eager_only=True)
    names = frame.get_column("segment").to_list()
    customers, value = (100 * frame.get_column(name).to_numpy() for name in ("share", "share_of_value"))
    ax = axes(ax, (7.0, 0.42 * len(names) + 1.2))
    places = np.arange(len(names))
    for shift, shares, color, label in ((-0.19, value, LEAF, "of value"), (0.19, customers, MIST, "of customers")):
        bars = ax.barh(places + shift, shares, height=0.36, color=color, label=label)
        ax.bar_label(bars, fmt=lambda share: f"{share:.0f}" if share >= 0.5 else "", padding=3, color=INK, fontsize=8)
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.set_xlabel("share, %", color=INK)
    ax.legend(frameon=False, loc="lower right", labelcolor=INK)
    tidy(ax)
    return ax
