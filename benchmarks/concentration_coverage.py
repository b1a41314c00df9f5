"""Print how often 95 %% intervals of a concentration hold the truth: ``python -m benchmarks.concentration_coverage``.

Samples come from populations whose figures are known: lognormal with sigma 1.2, and Pareto with exponent 2.5, whose
variance is finite and whose third moment is not.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

import benchmarks.one_thread  # noqa: F401 - before numpy is loaded
from evergreen import Concentration

SIGMA, EXPONENT = 1.2, 2.5


@dataclass(frozen=True, slots=True)
class Population:
    """How to draw customers, and what is true of all of them."""

    draw: Callable[[np.random.Generator, int], np.ndarray]
    truth: dict[str, float]


POPULATIONS = {
    "lognormal": Population(
        lambda random, n: random.lognormal(3.0, SIGMA, n),
        {
            "Gini": math.erf(SIGMA / 2),
            "top 20 %": float(ndtr(SIGMA - ndtri(0.8))),
            "for 80 %": float(ndtr(ndtri(0.8) - SIGMA)),
        },
    ),
    "Pareto": Population(
        lambda random, n: random.pareto(EXPONENT, n) + 1,
        {
            "Gini": 1 / (2 * EXPONENT - 1),
            "top 20 %": 0.2 ** (1 - 1 / EXPONENT),
            "for 80 %": 0.8 ** (1 / (1 - 1 / EXPONENT)),
        },
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Print how often 95 %% intervals of a concentration hold the truth.")
    parser.add_argument("--samples", type=int, default=1_000)
    parser.add_argument("--draws", type=int, default=400)
    asked = parser.parse_args()
    print("| population | customers | figure | truth | holds it | truth above |\n|---|---:|---|---:|---:|---:|")
    for name, population in POPULATIONS.items():
        for customers in (500, 5_000):
            random, held, above = np.random.default_rng(1), dict.fromkeys(population.truth, 0), {}
            for _ in range(asked.samples):
                found = Concentration.of(population.draw(random, customers), draws=asked.draws)
                figures = dict(
                    zip(population.truth, (found.gini, found.share_of_top(0.2), found.customers_for(0.8)), strict=True)
                )
                for figure, truth in population.truth.items():
                    held[figure] += figures[figure].lower <= truth <= figures[figure].upper
                    above[figure] = above.get(figure, 0) + (truth > figures[figure].upper)
            for figure, truth in population.truth.items():
                shares = f"{held[figure] / asked.samples:.3f} | {above[figure] / asked.samples:.3f}"
                print(f"| {name} | {customers:,} | {figure} | {truth:.3f} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
