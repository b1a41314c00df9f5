"""Pictures of concentration: who brings the value, who makes the trouble, and whether they are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.pareto import Concentration, Overlap
from evergreen.plots.canvas import INK, LEAF, MIST, add_legend, axes, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN = ("customers", "value", "trouble")


def concentration(
    found: Concentration,
    *,
    top: float = 0.2,
    label: str | None = None,
    color: str = LEAF,
    ax: Axes | None = None,
) -> Axes:
    """Draw what the best customers bring of the total, with the share of the top ones marked.

    Parameters
    ----------
    found : Concentration
        What :meth:`Concentration.of` or :class:`ParetoSegmenter` measured.
    top : float
        Share of customers that is marked.
    label : str, optional
        Name of the curve, for a legend beside others on the same axes.
    color : str
        Of the curve.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        The curve with its interval, and the straight line of equal customers. Where some bring losses the curve is a
        whale, and its peak is marked.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import Concentration, plots
    >>> ax = plots.concentration(Concentration.of([60, 20, 5, 5, 5, 5]))
    >>> [text.get_text() for text in ax.texts]
    ['top 20 % hold 80 %']
    """
    share = found.share_of_top(top).estimate
    ax = axes(ax, (5.6, 4.6))
    customers = 100 * found.points / found.customers
    if not ax.lines:
        ax.plot([0, 100], [0, 100], color=MIST, linewidth=1, linestyle="--")
    if found.lower is not None and found.upper is not None:
        ax.fill_between(customers, 100 * found.lower, 100 * found.upper, color=color, alpha=0.2, linewidth=0)
    ax.plot(customers, 100 * found.value, color=color, linewidth=2, label=label)
    _mark(ax, 100 * top, 100 * share, f"top {100 * top:.3g} % hold {100 * share:.3g} %", color)
    if found.has_peak:
        at, peak = 100 * found.peak_at.estimate, 100 * found.peak.estimate
        _mark(ax, at, peak, f"peak: {at:.3g} % bring {peak:.3g} %", color, above=True)
    ax.set_xlim(0, 100)
    ax.set_ylim(0, max(100.0, ax.get_ylim()[1]))
    ax.set_xlabel("share of customers, the best first, %", color=INK)
    ax.set_ylabel("share of the total, %", color=INK)
    if label is not None:
        add_legend(ax, loc="lower right")
    tidy(ax)
    return ax


def overlap(
    found: Overlap, *, show: Literal["customers", "value", "trouble"] = "customers", ax: Axes | None = None
) -> Axes:
    """Draw classes of value by classes of trouble.

    Parameters
    ----------
    found : Overlap
        What :class:`ParetoSegmenter` counted.
    show : {"customers", "value", "trouble"}
        What is in the cells, as a share of all. Customers are colored by how many there are beside how many there would
        be, were value and trouble independent; value and trouble by their share.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        A row for each class of value, a column for each class of trouble.

    Raises
    ------
    InvalidInputError
        If there is nothing of that name to show.
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import CustomerBase, ParetoSegmenter, datasets, plots
    >>> base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    >>> contacts = base.frame[["customer_id"]].assign(contacts=base.frame["frequency"] % 3)
    >>> segmenter = ParetoSegmenter(trouble="contacts", draws=0).fit(base.with_attributes(contacts))
    >>> ax = plots.overlap(segmenter.overlap_)
    >>> ax.get_xlabel()
    'class of trouble'
    """
    if show not in _SHOWN:
        raise InvalidInputError.not_allowed("show", show, _SHOWN)
    cells, names = getattr(found, show), found.classes
    share = 100 * cells / cells.sum()
    ax = axes(ax, (1.2 * len(names) + 1.6, 0.9 * len(names) + 1.2))
    places = np.arange(len(names))
    grid: dict[str, Any] = {"shading": "nearest", "edgecolors": "white", "linewidth": 2}
    if show == "customers":
        expected = found.to_frame()["expected"].to_numpy().reshape(cells.shape)
        times = np.divide(cells, expected, out=np.ones(cells.shape), where=expected > 0)
        ax.pcolormesh(places, places, np.log2(np.clip(times, 0.5, 2.0)), cmap="PRGn", vmin=-1.5, vmax=1.5, **grid)
        more = [f"\n{cell:,} ({usual:,.0f} expected)" for cell, usual in zip(cells.flat, expected.flat, strict=True)]
        title, dark = "Customers in each cell; green: more than if independent", np.zeros(cells.shape, np.bool_)
    else:
        ax.pcolormesh(places, places, share, cmap="YlGn" if show == "value" else "OrRd", vmin=0, **grid)
        title, more, dark = f"Share of the {show} in each cell", [""] * cells.size, share > 0.6 * share.max()
    for (row, column), words in zip(np.ndindex(cells.shape), more, strict=True):
        color, told = "white" if dark[row, column] else INK, f"{share[row, column]:.1f} %{words}"
        ax.text(column, row, told, ha="center", va="center", color=color, fontsize=8)
    ax.set_xticks(places, names)
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.set_xlabel("class of trouble", color=INK)
    ax.set_ylabel("class of value", color=INK)
    ax.set_title(title, loc="left", fontsize=10)
    tidy(ax)
    ax.spines[["left", "bottom"]].set_visible(False)
    return ax


def _mark(ax: Axes, x: float, y: float, words: str, color: str, *, above: bool = False) -> None:
    """Put a point on a curve, with a line down to the axis and words beside it."""
    ax.plot([x, x], [0, y], color=INK, linewidth=0.8, linestyle=":")
    ax.plot([x], [y], marker="o", color=color, markersize=5)
    side, shift = ("center", (0, 16)) if above else ("left", (8, -12))
    ax.annotate(words, (x, y), shift, textcoords="offset points", color=INK, fontsize=8, ha=side)
