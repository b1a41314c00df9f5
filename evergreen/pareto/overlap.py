"""Whether those who carry the value are those who make the trouble."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, final

import numpy as np

from evergreen.frames import plain_table
from evergreen.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Overlap:
    """Customers by their class of value and their class of trouble.

    Attributes
    ----------
    classes : tuple of str, length K
        Names of the classes, the best first; in trouble the first are those who make most of it.
    customers : ndarray of int64, shape (K, K)
        How many there are; a row for each class of value, a column for each class of trouble.
    value, trouble : ndarray of float64, shape (K, K)
        What they bring, and what they make.

    Examples
    --------
    >>> found = Overlap(("A", "B"), np.array([[30, 170], [70, 730]]), np.ones((2, 2)), np.ones((2, 2)))
    >>> print(found)
    30 of 1,000 customers are in class A of both value and trouble; were these independent, it would be 20. Jaccard
    0.111, odds ratio 1.84.
    >>> round(found.p_value, 4)
    0.0119
    """

    classes: tuple[str, ...]
    customers: IntArray
    value: FloatArray
    trouble: FloatArray

    @property
    def two_by_two(self) -> IntArray:
        """Customers by class A and the others, of value in rows and of trouble in columns, shape (2, 2)."""
        starts = [0, 1]
        return np.add.reduceat(np.add.reduceat(self.customers, starts, axis=0), starts, axis=1)

    @property
    def both(self) -> int:
        """Customers in class A of both."""
        return int(self.customers[0, 0])

    @property
    def expected(self) -> float:
        """How many would be in class A of both, were value and trouble independent."""
        return float(self._independent()[0, 0])

    @property
    def jaccard(self) -> float:
        """Customers in class A of both, as a share of those in class A of either (Jaccard, 1901); nan if nobody is."""
        (both, one), (other, _) = self.two_by_two.tolist()
        either = both + one + other
        return float(both / either) if either else math.nan

    @property
    def odds_ratio(self) -> float:
        """How many times the odds of class A of trouble are higher in class A of value than outside; nan for 0/0."""
        (both, one), (other, neither) = self.two_by_two.tolist()
        if one * other == 0:
            return math.inf if both * neither else math.nan
        return float(both * neither / (one * other))

    @property
    def p_value(self) -> float:
        """Probability of a table as unlikely as this one, were the two independent: Fisher's exact test, two-sided."""
        from scipy.stats import fisher_exact

        return float(fisher_exact(self.two_by_two).pvalue)

    def to_frame(self) -> pd.DataFrame:
        """Return the cells as a table.

        Returns
        -------
        pandas.DataFrame
            One row per cell: ``value_class``, ``trouble_class``, ``customers``, ``expected`` (customers, were the two
            independent), ``value``, ``trouble``.
        """
        names = np.array(self.classes, object)
        return plain_table(
            {
                "value_class": np.repeat(names, len(names)),
                "trouble_class": np.tile(names, len(names)),
                "customers": self.customers.ravel(),
                "expected": self._independent().ravel(),
                "value": self.value.ravel(),
                "trouble": self.trouble.ravel(),
            }
        )

    def __str__(self) -> str:
        """Return what it says about class A."""
        return (
            f"{self.both:,} of {self.customers.sum():,} customers are in class {self.classes[0]} of both value and "
            f"trouble; were these independent, it would be {self.expected:,.3g}. Jaccard {self.jaccard:.3g}, odds "
            f"ratio {self.odds_ratio:.3g}."
        )

    def __repr__(self) -> str:
        """Return one line."""
        return f"Overlap({self})"

    def _repr_html_(self) -> str:
        """Return the customers of each cell as a small table for notebooks."""
        head = "".join(f"<th>trouble {escape(name)}</th>" for name in self.classes)
        rows = "".join(
            f"<tr><th>value {escape(name)}</th>{''.join(f'<td>{cell:,}</td>' for cell in row)}</tr>"
            for name, row in zip(self.classes, self.customers.tolist(), strict=True)
        )
        return f"<table><caption>{escape(str(self))}</caption><tr><th></th>{head}</tr>{rows}</table>"

    def _independent(self) -> FloatArray:
        return np.outer(self.customers.sum(axis=1), self.customers.sum(axis=0)) / self.customers.sum()
