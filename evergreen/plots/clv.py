"""Pictures of what a CLV model expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from evergreen.clv import CLVModel
from evergreen.durations import UNIT_NAMES, in_units
from evergreen.errors import InvalidInputError
from evergreen.models.covariates import CovariateModel
from evergreen.plots.canvas import INK, axes, tidy
from evergreen.typing import Duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLES = {
    "p_purchase": "Chance of buying again within {}",
    "expected_purchases": "Purchases expected within {}",
    "p_alive": "Chance of being alive",
}


def history_map(
    model: CLVModel,
    *,
    age: Duration = "365D",
    horizon: Duration = "365D",
    max_frequency: int = 12,
    show: Literal["p_purchase", "expected_purchases", "p_alive"] = "p_purchase",
    ax: Axes | None = None,
) -> Axes:
    """Draw what a model expects of customers of one age, by how often and how recently they bought.

    Parameters
    ----------
    model : CLVModel
        A fitted model.
    age : str, datetime.timedelta or numpy.timedelta64
        Time since the first purchase of the customers drawn.
    horizon : str, datetime.timedelta or numpy.timedelta64
        Time ahead.
    max_frequency : int
        The largest number of repeat purchases drawn.
    show : {"p_purchase", "expected_purchases", "p_alive"}
        What the colors mean.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InvalidInputError
        If a setting is not allowed.
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> from evergreen import BGNBD, CLVModel, plots
    >>> model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W")
    >>> ax = plots.history_map(model, horizon="52W")
    >>> ax.get_xlabel()
    'repeat purchases'
    """
    if show not in _TITLES:
        raise InvalidInputError.not_allowed("show", show, _TITLES)
    unit = model.time_unit_
    T = in_units(age, unit)
    frequency, silence = np.meshgrid(np.arange(1, max_frequency + 1), np.linspace(0, T, 120))
    buyers = model.transaction_model_
    if isinstance(buyers, CovariateModel):
        raise InvalidInputError(
            "A model with covariates has a map for each kind of customer: draw that of model.at(...)."
        )
    forecast = buyers.forecast(in_units(horizon, unit), frequency, T - silence, T)
    ax = axes(ax, (6.4, 4.2))
    mesh = ax.pcolormesh(frequency, silence, getattr(forecast, show), cmap="YlGn", shading="nearest", vmin=0)
    bar = ax.figure.colorbar(mesh, ax=ax, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=INK, length=0)
    ax.set_xlabel("repeat purchases", color=INK)
    ax.set_ylabel(f"{UNIT_NAMES[unit]} since the last purchase", color=INK)
    ax.set_title(_TITLES[show].format(horizon), loc="left", fontsize=10)
    ax.invert_yaxis()
    tidy(ax)
    return ax
