"""lifetimes on customers that its user has grouped by hand: its fits take weights."""

from __future__ import annotations

from benchmarks.entrants.lifetimes import BetaGeoFitter, hold, quietly

__all__ = ["LARGEST", "NAME", "fit", "hold"]

NAME = "lifetimes, grouped by hand"
LARGEST = 1_000_000


@quietly
def fit(held):
    grouped = held.customers.frame.groupby(["frequency", "recency", "T"], as_index=False, sort=False).size()
    columns = (grouped[name].to_numpy() for name in ("frequency", "recency", "T", "size"))
    return BetaGeoFitter().fit(*columns).params_.to_dict()
