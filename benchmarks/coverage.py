"""Print how often 90 %% intervals hold the truth: ``python -m benchmarks.coverage``.

For each model many bases are drawn from it and fitted. A right interval of 90 % holds the parameter that the base
was drawn with in nine of ten bases.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

import benchmarks.one_thread  # noqa: F401 - before numpy is loaded
from benchmarks.problems import SPEND
from evergreen import FitResult, GammaGamma, PurchaseHistories, SpendHistories
from evergreen.models.transactions import HistoryModel
from tests.contracts.registry import TRANSACTION_MODELS
from tests.reference.coverage import Coverage, coverage

LEVEL = 0.9


def purchase_fits(truth: HistoryModel, bases: int, customers: int) -> Iterator[FitResult[Any]]:
    """Draw bases of customers observed for up to a year, and fit the model to each."""
    ages = np.random.default_rng(1).integers(60, 365, customers).astype(np.float64)
    for seed in range(bases):
        drawn = truth.simulate(ages, seed=seed)
        yield truth.refit(PurchaseHistories.of(drawn.frequency, drawn.recency, drawn.T))


def spend_fits(truth: GammaGamma, bases: int, customers: int) -> Iterator[FitResult[Any]]:
    """Draw bases of customers who have all bought again, most of them once or twice, and fit the model to each."""
    for seed in range(bases):
        frequency = np.random.default_rng(seed).geometric(0.4, customers)
        value, _ = truth.simulate(frequency, seed=seed + bases)
        yield GammaGamma.fit(SpendHistories.of(frequency, value))


def print_table(name: str, truth: dict[str, float], found: Coverage) -> None:
    ended = ", ".join(f"{count} {status.value}" for status, count in found.ended.most_common())
    print(f"\n{name}: {ended}\n")
    print("| parameter | truth | intervals given | hold the truth |\n|---|---|---|---|")
    for parameter, value in truth.items():
        print(f"| {parameter} | {value:g} | {found.given[parameter]} | {found.share(parameter):.3f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Print how often 90 %% intervals hold the truth.")
    parser.add_argument("--bases", type=int, default=300)
    parser.add_argument("--customers", type=int, default=1_000)
    asked = parser.parse_args()
    for name, model in TRANSACTION_MODELS.items():
        truth = model.parameters
        print_table(name, truth, coverage(truth, purchase_fits(model, asked.bases, asked.customers), LEVEL))
    spend = asdict(SPEND)
    print_table("gamma-gamma", spend, coverage(spend, spend_fits(SPEND, asked.bases, asked.customers), LEVEL))


if __name__ == "__main__":
    main()
