"""Pictures of RFM segments, and of moves between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import narwhals.stable.v2 as nw
import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.plots.canvas import INK, LEAF, MIST, RUST, add_legend, axes, tidy
from evergreen.rfm import SegmentMoves
from evergreen.rfm.moves import GONE, NEW
from evergreen.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_GAP: Final = 0.012  # between two segments, as a share of the height
_BAR: Final = 0.02  # width of the bars
_CURVE: Final = np.linspace(0, 1, 60)
_RISE: Final = _CURVE**3 * (10 - 15 * _CURVE + 6 * _CURVE**2)
_LEGIBLE: Final = 0.012  # a segment with a smaller share has no room for a label


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
    add_legend(ax, loc="lower right")
    tidy(ax)
    return ax


def cells(described: Any, *, ax: Axes | None = None) -> Axes:
    """Draw what customers are worth by their scores of recency and frequency, and how many there are.

    Parameters
    ----------
    described : frame
        What :meth:`RFMScorer.cells` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        A cell for each pair of scores: the darker, the more a customer there has brought on average; below that stands
        how many they are. The best are at the top right.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import CustomerBase, RFMScorer, datasets, plots
    >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    >>> ax = plots.cells(RFMScorer().fit(base).cells(base))
    >>> ax.texts[0].get_text().split()
    ['388', '264']
    """
    frame = nw.from_native(described, eager_only=True)
    r, f, customers, value = (frame.get_column(name).to_numpy() for name in ("r", "f", "customers", "average_value"))
    grid = np.full((int(f.max()), int(r.max())), np.nan)
    grid[f - 1, r - 1] = value
    ax = axes(ax, (1.1 * grid.shape[1] + 1.4, 0.75 * grid.shape[0] + 1.2))
    places = [np.arange(1, size + 1) for size in grid.shape[::-1]]
    # most of the money is in a few cells: by the logarithm the others differ, too
    tone = np.log(np.where(grid > 0, grid, np.nan))
    ax.pcolormesh(*places, np.ma.masked_invalid(tone), cmap="YlGn", shading="nearest", edgecolors="white", linewidth=2)
    dark = np.nanmin(tone) + 0.6 * (np.nanmax(tone) - np.nanmin(tone)) if np.isfinite(tone).any() else np.inf
    for x, y, number, worth in zip(r, f, customers, value, strict=True):
        if number:
            color = "white" if tone[y - 1, x - 1] > dark else INK
            ax.text(x, y, f"{worth:,.0f}\n{number:,}", ha="center", va="center", color=color, fontsize=8)
    for axis, ticks in zip((ax.xaxis, ax.yaxis), places, strict=True):
        axis.set_ticks(ticks)
    ax.set_xlabel("score of recency", color=INK)
    ax.set_ylabel("score of frequency", color=INK)
    ax.set_title("Mean value of a customer; customers below", loc="left", fontsize=10)
    tidy(ax)
    ax.spines[["left", "bottom"]].set_visible(False)
    return ax


def moves(moved: SegmentMoves, *, show: Literal["customers", "value"] = "customers", ax: Axes | None = None) -> Axes:
    """Draw who moved from which segment to which as streams between two stacks (a Sankey diagram).

    Parameters
    ----------
    moved : SegmentMoves
        What :meth:`RFMScorer.compare` returned.
    show : {"customers", "value"}
        What the width of a stream means: customers, or their total value at the later date (below 0 counts as nothing).
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        Segments stand in the order of their map, before on the left and after on the right. Green streams lead to
        segments that come earlier in the map, red ones to later ones, gray ones stay.

    Raises
    ------
    InvalidInputError
        If ``show`` is not allowed, or there is nothing to draw.
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import CustomerBase, RFMScorer, datasets, plots, split
    >>> log = datasets.load_cdnow(sample=True)
    >>> before, after = split(log, at="1997-12-31").calibration, CustomerBase.from_transactions(log)
    >>> ax = plots.moves(RFMScorer(segments="rf6").fit(before).compare(before, after))
    >>> [text.get_text() for text in ax.texts][:2]
    ['champion  576', 'developing  306']
    """
    if show not in ("customers", "value"):
        raise InvalidInputError.not_allowed("show", show, ("customers", "value"))
    amounts = moved.customers.astype(np.float64) if show == "customers" else np.maximum(moved.value_after, 0.0)
    total = float(amounts.sum())
    if not total:
        raise InvalidInputError(f"There is nothing to draw: all {show} are 0.")
    ax = axes(ax, (8.0, 5.6))
    widths = amounts / total
    lefts, rights = _stack(widths.sum(axis=1)), _stack(widths.sum(axis=0))
    x = _BAR + (1 - 2 * _BAR) * _CURVE
    from_, to = lefts.copy(), rights.copy()
    for row, column in np.argwhere(widths > 0).tolist():
        width, last = widths[row, column], len(moved.segments)
        top = from_[row] + (to[column] - from_[row]) * _RISE
        ax.fill_between(x, top, top + width, color=_tone(row, column, last), alpha=0.55, linewidth=0)
        from_[row] += width
        to[column] += width
    for side, tops, shares, names in (
        (0, lefts, widths.sum(axis=1), [*moved.segments, NEW]),
        (1, rights, widths.sum(axis=0), [*moved.segments, GONE]),
    ):
        ax.bar(side + (_BAR / 2 if side == 0 else -_BAR / 2), shares, _BAR, tops, color=INK)
        for top, share, name in zip(tops, shares, names, strict=True):
            if share >= _LEGIBLE:
                at, align = (-0.01, "right") if side == 0 else (1.01, "left")
                label = f"{name}  {share * total:,.0f}"
                ax.text(at, top + share / 2, label, ha=align, va="center", color=INK, fontsize=8)
    ax.set(xlim=(-0.32, 1.32), ylim=(max(lefts[-1] + widths[-1].sum(), rights[-1] + widths[:, -1].sum()), 0))
    ax.set_title("before", loc="left", fontsize=9, x=0.19)
    ax.set_title("after", loc="right", fontsize=9, x=0.81)
    ax.set_axis_off()
    return ax


def _stack(shares: FloatArray) -> FloatArray:
    """Return where each share begins when they stand below each other with gaps between those that are there."""
    heights = np.where(shares > 0, shares + _GAP, 0.0)
    return np.cumsum(heights) - heights


def _tone(before: int, after: int, absent: int) -> str:
    """Return the color of a stream: customers who come or go neither rise nor fall."""
    if before == after or absent in (before, after):
        return MIST
    return LEAF if after < before else RUST
