"""The CDNOW purchases, the field's best known log, read from the files of the ``lifetimes`` distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evergreen.datasets.files import data_file

if TYPE_CHECKING:
    import pandas as pd


def load_cdnow(*, sample: bool = False) -> pd.DataFrame:
    """Return the purchases of CDNOW's customers of early 1997, until the middle of 1998.

    Every customer bought for the first time between January and March 1997; their purchases are complete until
    1998-06-30 (Fader & Hardie, 2001).

    Parameters
    ----------
    sample : bool
        The systematic 1/10 sample of most papers (6,919 rows, 2,357 customers) instead of the full log (69,659
        rows, 23,570 customers).

    Returns
    -------
    pandas.DataFrame
        One row per transaction: ``customer_id`` (int64), ``date`` (datetime64, a day), ``cds`` (int64, number of
        CDs), ``amount`` (float64, US dollars; some are 0).

    Examples
    --------
    >>> log = load_cdnow(sample=True)
    >>> len(log), log["customer_id"].nunique(), round(float(log["amount"].sum()), 2)
    (6919, 2357, 244091.94)
    """
    import pandas as pd

    columns = ["customer_id", "date", "cds", "amount"]
    names = ["customer_id", "sample_id", *columns[1:]] if sample else columns
    with data_file("CDNOW_sample.txt" if sample else "CDNOW_master.txt").open() as lines:
        log = pd.read_csv(lines, sep=r"\s+", names=names, header=None, skiprows=0 if sample else 1, dtype={"date": str})
    return log.assign(date=pd.to_datetime(log["date"], format="%Y%m%d"))[columns]


def load_cdnow_summary() -> pd.DataFrame:
    """Return the published summary of the 1/10 sample after 39 weeks.

    Returns
    -------
    pandas.DataFrame
        One row per customer: ``customer_id``, ``frequency``, ``recency`` and ``T`` in weeks, ``monetary_value`` in
        US dollars. Times are rounded to two digits, as published.
        Ids count the sample's customers from 1: they are not the ids of :func:`load_cdnow`.

    Examples
    --------
    >>> load_cdnow_summary().head(2)
       customer_id  frequency  recency      T  monetary_value
    0            1          2    30.43  38.86           22.35
    1            2          1     1.71  38.86           11.77
    """
    import pandas as pd

    with data_file("cdnow_customers_summary_with_transactions.csv").open() as lines:
        summary = pd.read_csv(lines)
    names = {"ID": "customer_id", "x": "frequency", "t_x": "recency", "zbar": "monetary_value"}
    return summary.rename(columns=names)
