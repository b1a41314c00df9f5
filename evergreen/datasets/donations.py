"""Yearly donations of 11,104 people, the data of the BG/BB, read from a file of the ``lifetimes`` distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evergreen.datasets.files import data_file

if TYPE_CHECKING:
    import pandas as pd


def load_donations() -> pd.DataFrame:
    """Return how often and how lately the donors of 1995 gave again in the six years that followed.

    First donations to a public radio station in 1995, and in which of the years 1996 to 2001 each donor gave again
    (Fader, Hardie & Shang, 2010).

    Returns
    -------
    pandas.DataFrame
        One row for each of the 22 distinct histories, times in years: ``frequency`` (int64), ``recency`` and ``T``
        (float64), and ``customers`` (int64), how many donors share it.

    Examples
    --------
    >>> donors = load_donations()
    >>> int(donors["customers"].sum()), int(donors["frequency"] @ donors["customers"])
    (11104, 24615)
    >>> from evergreen import BGBB, PurchaseHistories
    >>> histories = PurchaseHistories.of(
    ...     donors["frequency"], donors["recency"], donors["T"], count=donors["customers"], time_unit="Y"
    ... )
    >>> round(BGBB.fit(histories).log_likelihood, 1)
    -33225.6
    """
    import pandas as pd

    with data_file("donations.csv").open() as lines:
        found = pd.read_csv(lines)
    names = {"periods": "T", "weights": "customers"}
    return found.rename(columns=names).astype({"recency": "float64", "T": "float64"})
