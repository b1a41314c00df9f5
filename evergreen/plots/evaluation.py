"""Pictures of forecasts beside what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from evergreen.clv import Evaluation
from evergreen.clv.evaluation import MANY
from evergreen.durations import UNIT_NAMES
from evergreen.plots.canvas import INK, LEAF, MIST, add_legend, axes, draw_shares, on_diagonal, tidy
from evergreen.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROUNDING: Final = 1e-9  # times are sums of days


def tracking(evaluation: Evaluation, *, cumulative: bool = True, ax: Axes | None = None) -> Axes:
    """Draw actual and expected repeat purchases over time, through the calibration and the holdout.

    Parameters
    ----------
    evaluation : Evaluation
        What :meth:`CLVModel.evaluate` returned.
    cumulative : bool
        Whether purchases are added up from the first day on, or told for each period; the first and the last period
        may be cut short by the log.
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
    >>> from evergreen import CLVModel, datasets, plots, split
    >>> halves = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W")
    >>> ax = plots.tracking(CLVModel().fit(halves).evaluate(halves))
    >>> ax.get_xlabel()
    'weeks since the first day of the log'
    """
    table, unit = evaluation.tracking, UNIT_NAMES[evaluation.time_unit]
    kind = "cumulative_" if cumulative else ""
    time, actual, expected = (table[name].to_numpy() for name in ("time", f"{kind}actual", f"{kind}expected"))
    ax = axes(ax, (7.0, 4.0))
    ax.fill_between(time, actual, color=MIST, alpha=0.4, linewidth=0)
    ax.plot(time, actual, color=MIST, linewidth=2, label="actual")
    ax.plot(time, expected, color=LEAF, linewidth=2, label="expected")
    ax.set_xlim(0, time[-1])
    ax.set_ylim(0)
    ax.yaxis.set_major_formatter("{x:,.10g}")
    at = float(time[0] - table["since_at"].iloc[0])
    ax.axvline(at, color=INK, linewidth=0.8, linestyle=":")
    for words, side, gap in (("calibration", "right", "{}  "), ("holdout", "left", "  {}")):
        ax.text(at, 1.02, gap.format(words), transform=ax.get_xaxis_transform(), ha=side, color=INK, fontsize=8)
    ax.set_xlabel(f"{unit} since the first day of the log", color=INK)
    ax.set_ylabel(f"repeat purchases {'so far' if cumulative else _each(time, unit)}", color=INK)
    add_legend(ax, loc="upper left" if cumulative else "upper right")
    tidy(ax)
    return ax


def by_frequency(evaluation: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw actual and expected purchases in the holdout by how often customers had bought before.

    Parameters
    ----------
    evaluation : Evaluation
        What :meth:`CLVModel.evaluate` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        How many customers each pair of bars is about stands below it.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import CLVModel, datasets, plots, split
    >>> halves = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W")
    >>> ax = plots.by_frequency(CLVModel().fit(halves).evaluate(halves))
    >>> ax.get_xticklabels()[-1].get_text().split()
    ['7+', '64']
    """
    table = evaluation.by_frequency
    ax = axes(ax, (7.0, 4.0))
    places = np.arange(len(table))
    for shift, name, color in ((-0.19, "actual", MIST), (0.19, "expected", LEAF)):
        bars = ax.bar(places + shift, table[name].to_numpy(), width=0.36, color=color, label=name)
        ax.bar_label(bars, fmt="%.1f", padding=2, color=INK, fontsize=8)
    pairs = zip(table["frequency"], table["customers"], strict=True)
    ax.set_xticks(places, [f"{n}{'+' if n == MANY else ''}\n{customers:,}" for n, customers in pairs])
    ax.set_xlabel("repeat purchases in the calibration; customers below", color=INK)
    ax.set_ylabel("mean purchases in the holdout", color=INK)
    add_legend(ax, loc="upper left")
    tidy(ax)
    return ax


def calibration(evaluation: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw the chance of a purchase in the holdout beside the share of customers who made one.

    Parameters
    ----------
    evaluation : Evaluation
        What :meth:`CLVModel.evaluate` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        A point for each tenth of the customers, with the 95 % interval of the share; on the diagonal chances are as
        they were said to be.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import CLVModel, datasets, plots, split
    >>> halves = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W")
    >>> ax = plots.calibration(CLVModel().fit(halves).evaluate(halves))
    >>> ax.get_ylabel()
    'share who bought'
    """
    ax = axes(ax, (4.6, 4.4))
    on_diagonal(ax, "chance of a purchase in the holdout", "share who bought")
    draw_shares(ax, evaluation.calibration)
    return ax


def _each(time: FloatArray, unit: str) -> str:
    """Return the length of the periods that end at these times in words: "per week", "in 4 weeks"."""
    length = float(np.diff(time, prepend=0.0).max())
    return f"per {unit.removesuffix('s')}" if abs(length - 1) < _ROUNDING else f"in {length:.3g} {unit}"
