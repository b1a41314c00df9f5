"""What is said of every customer, beside the customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from evergreen.churn.chances import Chances, whole_days
from evergreen.churn.returns import lapsed
from evergreen.durations import times_in_days
from evergreen.frames import CustomerBase, ScoreTable
from evergreen.models.rhythm import Rhythm
from evergreen.typing import FloatArray, IntArray

BANDS: Final = ("ok", "watch", "alarm")
"""The names of the bands, from a low chance of churn to a high one."""
COLUMNS: Final = ("days_since_last", "p_churn", "overdue", "lapsed", "band", "days_to_alarm", "alarm_date")
"""What may be said, in the order of a result."""


def scored(
    base: CustomerBase,
    chances: Chances,
    bands: tuple[float, float],
    *,
    rhythm: Rhythm | None,
    lapse_cuts: Mapping[str, float] | None,
    attributes: Sequence[str],
) -> ScoreTable:
    """Add to the customers of a base what a detector says of them.

    Parameters
    ----------
    base : CustomerBase
    chances : Chances
        The chance of no purchase.
    bands : tuple of (float, float)
        Where watch and alarm begin.
    rhythm : Rhythm or None
        For ``overdue``.
    lapse_cuts : mapping of str to float, or None
        In days, for ``lapsed``.
    attributes : sequence of str
        What the chances depend on besides the histories.

    Returns
    -------
    ScoreTable
        With those of :data:`COLUMNS` that are known.
    """
    end = None if base.observation_end is None else np.datetime64(base.observation_end, "us")

    def score(x: IntArray, t_x: FloatArray, T: FloatArray, *known: Any) -> dict[str, Any]:
        days, p_churn = times_in_days(T - t_x, base.time_unit), chances.p_churn(x, t_x, T, *known)
        columns: dict[str, Any] = {"days_since_last": days, "p_churn": p_churn}
        if rhythm is not None:
            columns["overdue"] = rhythm.overdue_ratio(T - t_x, x, t_x)
        if lapse_cuts is not None:
            columns["lapsed"] = lapsed(lapse_cuts, x, days)
        columns["evergreen_band"] = np.searchsorted(bands, p_churn, side="right")
        columns["days_to_alarm"] = whole_days(chances.seconds_to(bands[-1], x, t_x, T, *known))
        if end is not None:
            columns["alarm_date"] = end + columns["days_to_alarm"].astype("timedelta64[D]")
        return columns

    table = base.scores().with_histories(score, *attributes)
    return table.with_labels("band", ["evergreen_band"], {(place,): name for place, name in enumerate(BANDS)})
