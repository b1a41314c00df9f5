"""The axes that pictures are drawn on, and the colors they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from evergreen.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAF: Final = "#2f7d4f"
"""Value, and whatever is growing."""

MIST: Final = "#b9c4bd"
"""Customers, and whatever is compared with."""

RUST: Final = "#b4613c"
"""Whatever is shrinking, or makes trouble."""

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


def tidy(ax: Axes) -> None:
    """Take away the lines of a frame that carry nothing."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MIST)
    ax.tick_params(colors=INK, length=0)
    ax.title.set_color(INK)
