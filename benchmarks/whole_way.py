"""The whole way from a log to scored customers, in a process of its own, with its peak of memory.

    python benchmarks/whole_way.py build 10000000 FOLDER
    python benchmarks/whole_way.py evergreen FOLDER

The second command prints one JSON object: CPU and wall seconds of each step, the peak of resident memory at
its end, and the answers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a program, it knows its own folder alone

import benchmarks.one_thread  # noqa: F401, I001 - before numpy is loaded
import numpy as np
import pandas as pd

from benchmarks import problems
from benchmarks.processes import Steps

COLUMNS = ("customer_id", "date", "amount")


def build(size, folder):
    log = problems.long_log(size)
    for name in COLUMNS:
        np.save(folder / f"{name}.npy", log[name].to_numpy())


def read(folder):
    return pd.DataFrame({name: np.load(folder / f"{name}.npy") for name in COLUMNS})


def with_evergreen(log, step):
    from evergreen import CLVModel, CustomerBase, RFMScorer

    base = step("summary", lambda: CustomerBase.from_transactions(log))
    model = step("both fits", lambda: CLVModel().fit(base))
    scored = step("P(alive), purchases, CLV", lambda: model.predict(base, horizon="360D", discount_rate=0.1))
    rfm = step("RFM scores and segments", lambda: RFMScorer().fit(base).transform(base))
    return {
        "customers": len(base),
        "histories": model.fit_.transactions.histories,
        "alive": scored["p_alive"].sum(),
        "purchases": scored["expected_purchases"].sum(),
        "CLV": scored["clv"].sum(),
        "sum of r": rfm["r"].sum(),
    }


def with_lifetimes(log, step):
    from benchmarks.entrants import lifetimes, pandas_recipe

    summary = step("summary", lambda: lifetimes.summarize(log))
    x, t_x, T, value = (
        summary[name].reset_index(drop=True) for name in ("frequency", "recency", "T", "monetary_value")
    )
    arrays = (x.to_numpy(), t_x.to_numpy(), T.to_numpy())

    def fit():
        purchases = lifetimes.BetaGeoFitter().fit(*arrays)
        return purchases, lifetimes.GammaGammaFitter().fit(x[x > 0].to_numpy(), value[x > 0].to_numpy())

    def score():
        monthly = 1.1 ** (30 / 365) - 1
        clv = values.customer_lifetime_value(purchases, x, t_x, T, value, time=12, discount_rate=monthly)
        return purchases.conditional_probability_alive(*arrays), purchases.predict(360, *arrays), clv

    def rfm():
        total = log.groupby("customer_id")["amount"].sum().reindex(summary.index).reset_index(drop=True)
        columns = {"customer_id": summary.index, "days_since_last": T - t_x, "orders": x + 1}
        return pandas_recipe.rfm(pd.DataFrame({**columns, "total_value": total}))

    purchases, values = step("both fits", lifetimes.quietly(fit))
    alive, expected, clv = step("P(alive), purchases, CLV", lifetimes.quietly(score))
    scored = step("RFM scores and segments", rfm)
    return {
        "customers": len(summary),
        "alive": alive.sum(),
        "purchases": expected.sum(),
        "CLV": clv.sum(),
        "sum of r": scored["r"].sum(),
    }


def score(entrant, folder):
    log = read(folder)
    step = Steps()
    answer = {"evergreen": with_evergreen, "lifetimes": with_lifetimes}[entrant](log, step)
    return step.report(len(log), answer)


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        print(json.dumps(score(sys.argv[1], Path(sys.argv[2]))))
