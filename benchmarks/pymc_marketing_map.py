"""Fits by pymc-marketing (maximum a posteriori), in an environment of its own, on the customers of other benchmarks.

    python benchmarks/pymc_marketing_map.py save 100k customers.npz     # where evergreen is installed
    python benchmarks/pymc_marketing_map.py fit customers.npz           # where pymc-marketing is

The second prints one line for each model: CPU seconds of the first fit and of a second one (compiled code is kept
between them) and the parameters. pymc-marketing needs other versions of much, hence the two environments.
"""

from __future__ import annotations

import sys
import time
import warnings
from importlib import metadata

import numpy as np


def save(size, path):
    """Write the customers of a size."""
    from benchmarks import problems

    customers = problems.customers(size)
    np.savez(path, frequency=customers.frequency, recency=customers.recency, T=customers.T)


def fit(path):
    """Fit and print."""
    import pandas as pd
    from pymc_marketing import clv

    customers = dict(np.load(path))
    frame = pd.DataFrame({"customer_id": np.arange(len(customers["T"])), **customers})
    print(f"pymc-marketing {metadata.version('pymc-marketing')}, {len(frame):,} customers")
    for kind in (clv.BetaGeoModel, clv.ModifiedBetaGeoModel, clv.ParetoNBDModel):
        seconds = []
        for _ in range(2):
            begin = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    model = kind(data=frame)
                except TypeError:
                    model = kind()
                    found = model.fit(frame, method="map", progressbar=False)
                else:
                    found = model.fit(method="map", progressbar=False)
            seconds.append(time.process_time() - begin)
        table = found.fit_summary() if hasattr(found, "fit_summary") else model.fit_summary()
        print(f"{kind.__name__}: {seconds[0]:.1f} s, again {seconds[1]:.1f} s; {dict(table.round(4))}", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, ".")
    command, *arguments = sys.argv[1:]
    {"save": save, "fit": fit}[command](*arguments)
