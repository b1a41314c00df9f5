"""The axes that pictures are drawn on, and the colors they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evergreen.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

LEAF: Final = "#2f7d4f"
"""Value, and whatever is growing."""

MIST: Final = "#b9c4bd"
"""Customers, and whatever is compared with."""

RUST: Final = "#b4613c"
"""Whatever is shrinking, or makes trouble."""

SKY: Final = "#3b7ea1"
"""A third line beside the others."""

INK: Final = "#22302a"
"""Text and lines."""


def axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return the axes that were given, or new ones of a size in inches.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise MissingExtraError.of("matplotlib", "plot", "Drawing") from None
    _, drawn = plt.subplots(figsize=size, layout="constrained")
    return drawn


def on_diagonal(ax: Axes, said: str, happened: str) -> None:
    """Lay out axes from 0 to 1 on which chances are right where they lie on the diagonal."""
    ax.plot([0, 1], [0, 1], color=MIST, linewidth=1, linestyle="--")
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    ax.set_xlabel(said, color=INK)
    ax.set_ylabel(happened, color=INK)
    tidy(ax)


def draw_shares(
    ax: Axes, table: pd.DataFrame, *, color: Any = LEAF, aside: float = 0.0, label: str | None = None
) -> None:
    """Draw the shares ``observed`` over the chances ``predicted``, with their intervals, moved aside by a little."""
    observed, lower, upper = (table[name].to_numpy() for name in ("observed", "lower", "upper"))
    bars = np.maximum([observed - lower, upper - observed], 0.0)
    said = table["predicted"].to_numpy() + aside
    ax.errorbar(said, observed, bars, fmt="o", color=color, markersize=5, elinewidth=1.2, label=label)


def add_legend(ax: Axes, **settings: Any) -> None:
    """Say what is what, without a frame; settings are those of matplotlib."""
    ax.legend(frameon=False, labelcolor=INK, **settings)


def tidy(ax: Axes) -> None:
    """Take away the lines of a frame that carry nothing."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MIST)
    ax.tick_params(colors=INK, length=0)
    ax.title.set_color(INK)
