"""How a total is spread over customers, and how sure that is: 80/20 tested, not asserted."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final, Self, final

import numpy as np

from evergreen.errors import InvalidInputError
from evergreen.frames import Levels, plain_table
from evergreen.kernels import concentration as curves
from evergreen.kernels.concentration import Gains
from evergreen.kernels.resampled_curves import resampled_curves
from evergreen.kernels.special import running_sum
from evergreen.models.checks import check_level, check_number
from evergreen.models.estimate import Estimate
from evergreen.pareto.shares import check_part, levels_of_values
from evergreen.typing import ArrayLike, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

_STEPS: Final = 1_000  # the curve is kept at every tenth of a percent of the customers, and of the total
_LEAST_LOSS: Final = 0.0005  # not 0.0 % when it is written
_TOPS: Final = (0.01, 0.05, 0.1, 0.2, 0.5)
_PARTS: Final = (0.5, 0.8, 0.95)


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Concentration:
    """A total over its customers, the best first.

    Make one with :meth:`of`, or fit a :class:`ParetoSegmenter`.

    Attributes
    ----------
    customers : int
        Number of customers n.
    total : float
        What their values add up to; above 0.
    gini : Estimate
        Coefficient of Gini (1912); with negative values it may exceed 1.
    peak : Estimate
        Share of the total that the customers of positive value bring: 1, or more if others bring losses.
    peak_at : Estimate
        Share of customers whose value is positive.
    level : float
        Coverage of the intervals.
    draws : int
        How many resamples of the customers the intervals come from; 0 for none. Where very few customers bring all,
        some resamples have nothing to share, and do not count. Where losses make the total of some 0 or less, bounds
        are nan: no interval of a share holds then.
    points : ndarray of int64, shape (m,)
        Numbers of best customers, from 0 to n: at each tenth of a percent of the customers and of the total, and
        wherever the value changes; if that is more than 2,000 times, at each tenth of a percent of gains and losses.
    value : ndarray of float64, shape (m,)
        Share of the total that they bring. Between points a straight line is drawn, never above the curve.
    lower, upper : ndarray of float64, shape (m,), or None
        Bounds of its interval at each point.

    Notes
    -----
    The intervals are those of the percentile bootstrap (Efron, 1979) for customers drawn at random from many more of
    their kind. In simulations 95 % intervals of the Gini held the truth in 89 % of samples of 500 customers from a
    lognormal population and in 86 % where the tail is heavy (Pareto, exponent 2.5); with 5,000 customers in 94 % and
    92 %. So for small bases they are too narrow, and the truth is then mostly above: the few who would spend most are
    often missing. Of other bootstrap intervals, bias-corrected ones (BCa) did hardly better; studentized ones
    (Davidson, 2009) held the Gini of 500 customers in 92 to 93 %, and were tried for it alone.

    Examples
    --------
    >>> found = Concentration.of([60, 20, 5, 5, 5, 5], draws=0)
    >>> print(found)
    20 % of 6 customers hold 80.0 % of the total. 80 % of it comes from 33.3 % of them. Gini 0.533.
    >>> found.share_of_top(0.5).percent
    '85.0 %'
    """

    customers: int
    total: float
    gini: Estimate
    peak: Estimate
    peak_at: Estimate
    level: float
    draws: int
    points: IntArray
    value: FloatArray
    lower: FloatArray | None
    upper: FloatArray | None

    @classmethod
    def of(
        cls,
        values: ArrayLike,
        *,
        count: ArrayLike | None = None,
        draws: int = 200,
        level: float = 0.95,
        seed: int = 0,
    ) -> Self:
        """Measure how values are spread.

        Parameters
        ----------
        values : array_like, shape (n,)
            A finite number for each customer, such as past value or forecast value.
        count : array_like of int, shape (n,), optional
            How many customers have each of them; one by default.
        draws : int
            How many times the customers are resampled for the intervals; 0 for no intervals.
        level : float
            Coverage of the intervals.
        seed : int
            Where chance starts: the same values have the same intervals.

        Returns
        -------
        Concentration

        Raises
        ------
        InvalidInputError
            If there are no values, one is missing or infinite, they do not add up to more than 0, or a setting is not
            allowed.
        """
        return cls.of_levels(Levels(*levels_of_values(values, count)), "values", draws=draws, level=level, seed=seed)

    @classmethod
    def of_levels(cls, levels: Levels, name: str, *, draws: int, level: float, seed: int) -> Self:
        """Measure how a column is spread, from its distinct values.

        Parameters
        ----------
        levels : Levels
            The distinct values with their customers.
        name : str
            What they are, for the message.
        draws, level, seed
            As for :meth:`of`.

        Returns
        -------
        Concentration

        Raises
        ------
        InvalidInputError
            If they do not add up to more than 0, or a setting is not allowed.
        """
        draws, level, seed = check_number("draws", draws), check_level(level), check_number("seed", seed)
        curve = curve_of(levels, name)
        customers, total = int(curve.customers[-1]), float(curve.value[-1])
        points = _points(curve)
        value = np.interp(points, curve.customers, curve.value) / total
        top = curve.value.argmax()
        figures = [curves.gini(curve), float(curve.value[top]) / total, int(curve.customers[top]) / customers]
        known = customers, total / levels.unit
        if not draws:
            gini, peak, peak_at = map(Estimate, figures)
            return cls(*known, gini, peak, peak_at, level, 0, points, value, None, None)
        random = np.random.default_rng(seed)
        found = resampled_curves(levels.whole, levels.count, points, draws=draws, random=random)
        tails = [(1 - level) / 2, (1 + level) / 2]
        told = ~np.isnan(found.gini) if levels.values[0] >= 0 else np.ones(draws, np.bool_)
        if not told.any():
            return cls.of_levels(levels, name, draws=0, level=level, seed=seed)
        drawn = np.column_stack((found.gini, found.peak, found.peak_at))[told]
        bounds = np.quantile(drawn, tails, axis=0).T.tolist()
        gini, peak, peak_at = (Estimate(figure, *bound) for figure, bound in zip(figures, bounds, strict=True))
        lower, upper = np.quantile(found.value[told], tails, axis=0)
        return cls(*known, gini, peak, peak_at, level, int(told.sum()), points, value, lower, upper)

    def share_of_top(self, share: float = 0.2) -> Estimate:
        """Return what share of the total the best customers bring.

        Parameters
        ----------
        share : float
            Share of customers, above 0; their number is rounded up.

        Returns
        -------
        Estimate
            Exact for whole percents and their tenths; in between it may be too low by less than one thousandth of gains
            and losses together.

        Raises
        ------
        InvalidInputError
            If the share is not above 0 and up to 1.
        """
        part = check_part("share", share)
        return Estimate(*(curves.share_of_top(Gains(self.points, value), part) for value in self._curves))

    def customers_for(self, share: float = 0.8) -> Estimate:
        """Return how few customers, as a share of all, bring a share of the total.

        Parameters
        ----------
        share : float
            Share of the total, above 0.

        Returns
        -------
        Estimate
            Exact for whole percents and their tenths; in between it may be too high by less than one thousandth of the
            customers.

        Raises
        ------
        InvalidInputError
            If the share is not above 0 and up to 1.
        """
        part = check_part("share", share)
        value, *bounds = self._curves
        # to bring the share by few customers is to have brought it by then: the upper curve has the lower bound
        wanted = (Gains(self.points, curve) for curve in (value, *reversed(bounds)))
        return Estimate(*(_share_for(curve, part) for curve in wanted))

    @property
    def erosion(self) -> Estimate:
        """Share of the total that is lost after the peak; 0 without losses."""
        return Estimate(self.peak.estimate - 1, self.peak.lower - 1, self.peak.upper - 1)

    @property
    def has_peak(self) -> bool:
        """Whether customers of negative value lose at least a twentieth of a percent of the total."""
        return self.erosion.estimate >= _LEAST_LOSS

    def to_frame(self) -> pd.DataFrame:
        """Return the figures as a table.

        Returns
        -------
        pandas.DataFrame
            One row per figure: ``figure``, ``estimate``, ``lower``, ``upper`` (nan without draws).
        """
        figures = self._figures()
        return plain_table(
            {
                "figure": np.array(list(figures), object),
                **{
                    name: np.array([getattr(figure, name) for figure in figures.values()])
                    for name in ("estimate", "lower", "upper")
                },
            }
        )

    def __str__(self) -> str:
        """Return what it says about 80/20."""
        words = (
            f"20 % of {self.customers:,} customers hold {self.share_of_top(0.2).percent} of the total. 80 % of it "
            f"comes from {self.customers_for(0.8).percent} of them. Gini {_rounded(self.gini)}."
        )
        if round(self.erosion.estimate, 3) > 0:
            words += (
                f" The best {self.peak_at.percent} bring {self.peak.percent}, of which the others lose "
                f"{self.erosion.percent}."
            )
        return words

    def __repr__(self) -> str:
        """Return one line."""
        return f"Concentration({self})"

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        figures = {name: _rounded(figure) for name, figure in self._figures().items()}
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(words)}</td></tr>" for name, words in figures.items())
        caption = f"Concentration of {self.total:,.6g} over {self.customers:,} customers"
        return f"<table><caption>{escape(caption)}</caption>{rows}</table>"

    @property
    def _curves(self) -> list[FloatArray]:
        return [curve for curve in (self.value, self.lower, self.upper) if curve is not None]

    def _figures(self) -> dict[str, Estimate]:
        return {
            "Gini": self.gini,
            **{f"share of the top {100 * top:.0f} %": self.share_of_top(top) for top in _TOPS},
            **{f"customers for {100 * part:.0f} %": self.customers_for(part) for part in _PARTS},
            "customers of positive value": self.peak_at,
            "share of these": self.peak,
            "lost after them": self.erosion,
        }


def curve_of(levels: Levels, name: str) -> Gains:
    """Return the curve of a column, best customers first, in its whole unit.

    Parameters
    ----------
    levels : Levels
        The distinct values with their customers.
    name : str
        What they are, for the message.

    Returns
    -------
    Gains

    Raises
    ------
    InvalidInputError
        If they do not add up to more than 0.
    """
    curve = curves.whale_curve(levels.whole, levels.count)
    if not curve.value[-1] > 0:
        raise InvalidInputError(
            f"The {name} of {curve.customers[-1]:,} customers add up to {curve.value[-1] / levels.unit:,.6g}: shares "
            "need a total above 0."
        )
    return curve


def _points(curve: Gains) -> IntArray:
    """Return numbers of customers between which the curve is as good as straight."""
    customers, steps = int(curve.customers[-1]), np.arange(1, _STEPS + 1) / _STEPS
    tops = [curves.top_count(customers, step) for step in steps.tolist()]
    levels = curve.customers
    if len(levels) > 2 * _STEPS:
        moved = running_sum(np.abs(np.diff(curve.value)))  # gains and losses alike
        reached = np.searchsorted(moved, steps * moved[-1])
        levels = levels[np.concatenate((reached - 1, reached))]
    return np.unique(np.concatenate(([0], tops, curves.smallest_counts(curve, steps), levels)))


def _share_for(curve: Gains, part: float) -> float:
    if np.isnan(curve.value).any():
        return float("nan")
    return int(curves.smallest_counts(curve, [part])[0]) / int(curve.customers[-1])


def _rounded(figure: Estimate) -> str:
    return str(Estimate(*(round(number, 3) for number in (figure.estimate, figure.lower, figure.upper))))
