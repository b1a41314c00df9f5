"""When customers come back, and from when on waiting for them is useless."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, final

import numpy as np

from evergreen.durations import in_units
from evergreen.errors import InvalidInputError
from evergreen.kernels import survival as kernel
from evergreen.models.checks import check_finite, check_level, check_not_negative, check_share, check_whole, refuse
from evergreen.models.histories import check_parallel
from evergreen.typing import ArrayLike, Duration, FloatArray, IntArray, TimeUnit


class ReturnTable(NamedTuple):
    """The steps of a return curve, as columns of shape (m,): ``pandas.DataFrame(table._asdict())`` shows them."""

    time: FloatArray
    """Time since the purchase."""
    at_risk: IntArray
    """Gaps that lasted at least so long."""
    returned: IntArray
    """Gaps that a purchase ended at this time."""
    came_back: FloatArray
    """Chance to have come back by this time."""
    lower: FloatArray
    upper: FloatArray
    """Interval of that chance."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class ReturnCurve:
    """The chance to come back by the time since a purchase, told by the gaps of a base.

    :meth:`GapHistories.curve` makes one. It assumes nothing of how customers buy, and it speaks of customers as they
    were: it will not hold after a change of season, of the mix of customers or of what is done for them, and it says
    nothing beyond the longest time that was observed. It steps by whole periods of the occasion: of weeks, 30 days hold
    four.

    Parameters
    ----------
    steps : SurvivalCurve
        The estimate at the distinct lengths of gaps.
    time_unit : {"h", "D", "W", "M", "Y"}
        Unit of time.

    Examples
    --------
    The wait for the second purchase at CDNOW, of customers who did not come back for 0, 30, 60 and 180 days:

    >>> from evergreen import CustomerBase, datasets
    >>> curve = CustomerBase.from_transactions(datasets.load_cdnow(sample=True)).gaps().at(1).curve()
    >>> curve.p_return([0, 30, 60, 180], within="30D").round(3)
    array([0.174, 0.098, 0.049, 0.027])
    >>> curve.lapse_cut(within="30D", chance=0.05)
    60.0
    """

    steps: kernel.SurvivalCurve
    time_unit: TimeUnit = "D"

    @property
    def observed(self) -> float:
        """The longest time that was observed, in ``time_unit``."""
        return float(self.steps.time[-1])

    def survival(self, at: Duration | ArrayLike) -> FloatArray:
        """Return the chance not to have come back by a time.

        Parameters
        ----------
        at : duration or array_like
            Time since the purchase: numbers of ``time_unit``, or one duration such as ``"30D"``.

        Returns
        -------
        ndarray of float64
            nan beyond the longest time that was observed, unless everybody had come back by then.

        Raises
        ------
        InvalidInputError
            If a time is negative, missing or infinite.
        """
        return kernel.survival_at(self.steps, self._times(at))

    def p_return(self, at: Duration | ArrayLike, within: Duration) -> FloatArray:
        """Return the chance that a customer who has not come back by a time does so soon after it.

        Parameters
        ----------
        at : duration or array_like
            Time t since the last purchase: numbers of ``time_unit``, or one duration.
        within : duration
            Length w of the window after it, such as ``"30D"``: a return at t is too early, one at t + w counts.

        Returns
        -------
        ndarray of float64
            1 - S(t + w) / S(t); nan where the window ends beyond the longest time that was observed, and where
            everybody had come back by t.

        Raises
        ------
        InvalidInputError
            If a time is negative, missing or infinite.
        """
        return 1 - kernel.no_return(self.steps, self._times(at), in_units(within, self.time_unit))

    def p_return_interval(
        self, at: Duration | ArrayLike, within: Duration, *, level: float = 0.95
    ) -> tuple[FloatArray, FloatArray]:
        """Return the interval of :meth:`p_return`.

        Parameters
        ----------
        at, within
            As for :meth:`p_return`.
        level : float
            Coverage, between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of float64
            The interval of Wilson (1927) for the number of gaps that would tell as much (Rothman, 1978). It takes gaps
            for independent; those of one customer are not, and where a curve has several of each it is too narrow.

        Raises
        ------
        InvalidInputError
            If a time is negative, missing or infinite, or ``level`` lies outside 0 to 1.
        """
        length = in_units(within, self.time_unit)
        lower, upper = kernel.no_return_interval(self.steps, self._times(at), length, check_level(level))
        return 1 - upper, 1 - lower

    def lapse_cut(self, within: Duration, chance: float = 0.1) -> float:
        """Return the silence from which on customers hardly come back.

        Parameters
        ----------
        within : duration
            Length of the window in which they may come back, such as ``"90D"``.
        chance : float
            What is hardly: a chance of at most this.

        Returns
        -------
        float
            Time since the last purchase, in ``time_unit``, as :func:`lapse_cut` defines it; nan if there is none.

        Raises
        ------
        InvalidInputError
            If ``chance`` lies outside 0 to 1.
        """
        return kernel.lapse_cut(self.steps, in_units(within, self.time_unit), check_share("chance", chance))

    def table(self, *, level: float = 0.95) -> ReturnTable:
        """Return the steps of the curve with their intervals.

        Parameters
        ----------
        level : float
            Coverage, between 0 and 1.

        Returns
        -------
        ReturnTable
        """
        steps = self.steps
        lower, upper = kernel.survival_interval(steps, steps.time, check_level(level))
        return ReturnTable(steps.time, steps.at_risk, steps.ended, 1 - steps.survival, 1 - upper, 1 - lower)

    def _times(self, at: Duration | ArrayLike) -> FloatArray:
        if isinstance(at, (str, timedelta, np.timedelta64)):
            return np.asarray(in_units(at, self.time_unit))
        times = check_finite("at", at)
        refuse("at must be at least 0", times < 0, times)
        return times


def lapse_cut(
    lengths: ArrayLike, ended: ArrayLike, *, within: float, chance: float = 0.1, count: ArrayLike | None = None
) -> float:
    """Return the silence from which on customers hardly come back.

    Parameters
    ----------
    lengths : array_like, shape (n,)
        Lengths of gaps between purchases, at least 0, and of silences since the last one.
    ended : array_like of bool, shape (n,)
        Whether a purchase ended the gap.
    within : float
        Length of the window in which they may come back, above 0, in the unit of ``lengths``.
    chance : float
        What is hardly: a chance of at most this.
    count : array_like of int, shape (n,), optional
        Gaps per row; one by default.

    Returns
    -------
    float
        The least t at which the chance of a return within the window, for those who have not come back by t, is at
        most ``chance`` and after which it is never clearly above it again (the 95 % interval lies above it): a
        purchase that has its rhythm is not taken for lost because nobody comes back on the day after, nor does an
        accident late on the curve move the cut. Only times count at which the outcomes of at least 30 gaps are
        known. nan if there is none.

    Raises
    ------
    InvalidInputError
        If a length is missing, infinite or negative, or a setting is not allowed.

    Examples
    --------
    >>> monthly = [28, 29, 30, 31, 32] * 20
    >>> lapse_cut([*monthly, *[300] * 60], [True] * 100 + [False] * 60, within=7)
    32.0
    """
    counts = check_parallel(count, lengths=lengths, ended=ended)
    lasted = check_finite("lengths", lengths)
    refuse("lengths must be at least 0", lasted < 0, lasted)
    window = check_not_negative("within", within)
    if not window:
        raise InvalidInputError("within must be above 0.")
    over = check_whole("ended", ended)
    refuse("ended must be true or false", over > 1, over)
    if not counts.sum():
        raise InvalidInputError("There are no gaps: lengths is empty, or its counts are 0.")
    curve = kernel.kaplan_meier(lasted, counts * over, counts * (1 - over))
    return kernel.lapse_cut(curve, window, check_share("chance", chance))
