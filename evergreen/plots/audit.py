"""Pictures of a customer-base audit: cohorts, the whole, the way from one period to another, deciles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from evergreen.audit import CustomerBaseAudit, OnePeriod, TwoPeriods
from evergreen.errors import InvalidInputError
from evergreen.frames import PERIOD_NAMES
from evergreen.plots.canvas import INK, LEAF, MIST, RUST, add_legend, axes, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEGIBLE: Final = 24  # periods beyond which the cells of a map have no room for numbers
_MOST_TICKS: Final = 12


def cohort_map(audit: CustomerBaseAudit, *, ax: Axes | None = None) -> Axes:
    """Draw the share of each cohort that bought in each period after its first.

    Parameters
    ----------
    audit : CustomerBaseAudit
        The audit.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        A row for each cohort with customers, the first at the top; a column for each number of periods since. The first
        period, in which all bought, is left out. What was not seen stays white; the darkest cells are the largest
        shares. A star marks a period that was seen in part.

    Raises
    ------
    InvalidInputError
        If no cohort was seen beyond its first period.
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import CustomerBaseAudit, datasets, plots
    >>> audit = CustomerBaseAudit.from_transactions(datasets.load_cdnow(), period="M")
    >>> ax = plots.cohort_map(audit)
    >>> [text.get_text() for text in ax.texts[:3]]
    ['15%', '12%', '10%']
    """
    shares = audit.cohorts().to_numpy()
    there = np.flatnonzero(np.isfinite(shares[:, 0]) & (np.arange(len(shares)) < len(shares) - 1))
    if not len(there):
        raise InvalidInputError("There is nothing to draw: no cohort was seen beyond its first period.")
    grid = shares[there, 1:]
    grid = grid[:, np.isfinite(grid).any(axis=0)]
    ax = axes(ax, (0.42 * grid.shape[1] + 2.4, 0.36 * grid.shape[0] + 1.4))
    ages, rows = np.arange(1, grid.shape[1] + 1), np.arange(len(there))
    cells = np.ma.masked_invalid(grid)
    mesh = ax.pcolormesh(ages, rows, cells, cmap="YlGn", vmin=0, shading="nearest", edgecolors="white", linewidth=1.5)
    partial = audit.to_frame().set_index(["cohort", "age"])["partial"]
    names = [audit.periods[place] for place in there]
    if grid.shape[1] > _LEGIBLE:
        ax.figure.colorbar(mesh, ax=ax, format="{x:.0%}").outline.set_visible(False)
    else:
        dark = 0.65 * np.nanmax(grid)
        for row, column in np.argwhere(np.isfinite(grid)).tolist():
            text = f"{grid[row, column]:.0%}" + ("*" if partial[names[row], column + 1] else "")
            color = "white" if grid[row, column] > dark else INK
            ax.text(column + 1, row, text, ha="center", va="center", color=color, fontsize=8)
    ax.set_yticks(rows, names)
    ax.invert_yaxis()
    ax.set_xticks(ages[:: 1 + (len(ages) - 1) // _LEGIBLE])
    ax.set_xlabel(f"{PERIOD_NAMES[audit.period]} since the first purchase", color=INK)
    ax.set_title("Share of each cohort that bought", loc="left", fontsize=10)
    tidy(ax)
    ax.spines[["left", "bottom"]].set_visible(False)
    return ax


def revenue_by_cohort(audit: CustomerBaseAudit, *, ax: Axes | None = None) -> Axes:
    """Draw the revenue of each period in layers, one for each cohort.

    Parameters
    ----------
    audit : CustomerBaseAudit
        The audit.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        A stack of bars for each period: the oldest cohort at the bottom and the darkest, new customers in the color of
        their own at the top. Bars of periods seen in part are hatched. A cohort with more refunds than purchases in a
        period counts as nothing there.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import CustomerBaseAudit, datasets, plots
    >>> ax = plots.revenue_by_cohort(CustomerBaseAudit.from_transactions(datasets.load_cdnow()))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['new customers', 'existing customers, by cohort']
    """
    from matplotlib import colormaps
    from matplotlib.patches import Patch

    money = np.nan_to_num(audit.cohorts("revenue", by="period").to_numpy()).clip(0)
    ax = axes(ax, (7.5, 4.2))
    places = np.arange(len(money))
    hatches = ["//" if name in audit.partial else "" for name in audit.periods]
    under = np.zeros(len(money))
    cohorts = np.flatnonzero(money.any(axis=1))
    tones = colormaps["YlGn"](np.linspace(0.9, 0.25, len(cohorts)))
    for cohort, tone in zip(cohorts, tones, strict=True):
        layer = money[cohort]
        colors: list[Any] = [MIST if place == cohort else tone for place in places]
        ax.bar(places, layer, 0.86, under, color=colors, edgecolor="white", linewidth=0.4, hatch=hatches)
        under += layer
    some = places[:: 1 + (len(places) - 1) // _MOST_TICKS]
    ax.set_xticks(some, [audit.periods[place] for place in some])
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylabel("revenue", color=INK)
    keys = [Patch(color=MIST, label="new customers"), Patch(color=LEAF, label="existing customers, by cohort")]
    add_legend(ax, handles=keys)
    tidy(ax)
    return ax


def bridge(pair: TwoPeriods, *, show: Literal["groups", "drivers"] = "groups", ax: Axes | None = None) -> Axes:
    r"""Draw the way from one period to another as a waterfall.

    Parameters
    ----------
    pair : TwoPeriods
        What :meth:`CustomerBaseAudit.two_periods` returned.
    show : {"groups", "drivers"}
        The steps of :meth:`TwoPeriods.bridge` or of :meth:`TwoPeriods.drivers`; steps of 0 are left out.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        Gray bars are the two periods, green steps lead up, red ones down.

    Raises
    ------
    InvalidInputError
        If ``show`` is not allowed.
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import CustomerBaseAudit, datasets, plots
    >>> audit = CustomerBaseAudit.from_transactions(datasets.load_cdnow())
    >>> ax = plots.bridge(audit.two_periods("1997Q3", "1997Q4"))
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['1997Q3', 'lost', 'back', 'kept:\nfrequency', 'kept:\norder value', '1997Q4']
    """
    if show not in ("groups", "drivers"):
        raise InvalidInputError.not_allowed("show", show, ("groups", "drivers"))
    table = pair.bridge() if show == "groups" else pair.drivers()
    names, amounts = table["step"].to_numpy(), table["amount"].to_numpy()
    ends = np.isin(np.arange(len(names)), (0, len(names) - 1))
    shown = ends | (amounts != 0)
    names, amounts, ends = names[shown], amounts[shown], ends[shown]
    after = np.cumsum(amounts[:-1])
    under = np.concatenate([[0.0], after[:-1], [0.0]])
    ax = axes(ax, (1.05 * len(names) + 0.8, 4.2))
    colors = [MIST if end else LEAF if amount > 0 else RUST for end, amount in zip(ends, amounts, strict=True)]
    bars = ax.bar(np.arange(len(names)), amounts, 0.7, under, color=colors)
    places = np.arange(len(names))
    ax.hlines(after, places[:-1] + 0.35, places[1:] - 0.35, color=MIST, linewidth=1)
    labels = [f"{amount:,.0f}" if end else f"{amount:+,.0f}" for end, amount in zip(ends, amounts, strict=True)]
    for bar, label in zip(bars, labels, strict=True):
        top = max(bar.get_y(), bar.get_y() + bar.get_height())
        at = (bar.get_x() + bar.get_width() / 2, top)
        ax.annotate(label, at, (0, 3), textcoords="offset points", ha="center", color=INK, fontsize=8)
    ax.set_xticks(places, [str(name).replace(": ", ":\n") for name in names])
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylabel("revenue" if pair.margin == (1.0, 1.0) else "profit", color=INK)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.06 * (high - low))
    tidy(ax)
    return ax


def deciles(one: OnePeriod, *, ax: Axes | None = None) -> Axes:
    """Draw what each tenth of the customers of a period brought.

    Parameters
    ----------
    one : OnePeriod
        What :meth:`CustomerBaseAudit.one_period` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes
        Green bars are shares of the revenue, gray ones shares of the customers, the best decile on the left.

    Raises
    ------
    InvalidInputError
        If the period has no customers, or brought nothing.
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import CustomerBaseAudit, datasets, plots
    >>> ax = plots.deciles(CustomerBaseAudit.from_transactions(datasets.load_cdnow()).one_period("1997Q1"))
    >>> [round(bar.get_height()) for bar in ax.containers[0]]
    [39, 16, 11, 9, 7, 6, 4, 3, 4, 1]
    """
    table = one.deciles()
    value, customers = (100 * table[name].to_numpy() for name in ("share_of_revenue", "share"))
    if not np.isfinite(value).all():
        raise InvalidInputError(f"There is nothing to draw: the customers of {one.period} brought no revenue.")
    ax = axes(ax, (7.0, 3.8))
    places = np.arange(1, len(table) + 1)
    for shift, shares, color, label in ((-0.2, value, LEAF, "of revenue"), (0.2, customers, MIST, "of customers")):
        bars = ax.bar(places + shift, shares, 0.38, color=color, label=label)
        ax.bar_label(bars, fmt="%.0f", padding=2, color=INK, fontsize=8)
    ax.set_xticks(places)
    ax.set_xlabel("decile of customers by revenue", color=INK)
    ax.set_ylabel("share, %", color=INK)
    ax.set_title(f"{one.period}: {one.customers:,} customers", loc="left", fontsize=10)
    add_legend(ax)
    tidy(ax)
    return ax
