"""All entrants, the one first whose answers the others are compared with."""

from __future__ import annotations

from typing import Final

from benchmarks.entrants import evergreen, lifetimes, lifetimes_grouped, nothing, pandas_recipe, scipy_bootstrap

ENTRANTS: Final = (evergreen, lifetimes, lifetimes_grouped, pandas_recipe, scipy_bootstrap, nothing)


def who_can(task: str) -> list:
    """Return the entrants that have a function for a task."""
    return [entrant for entrant in ENTRANTS if hasattr(entrant, task)]
