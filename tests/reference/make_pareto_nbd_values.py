"""Write pareto_nbd_values.csv: Pareto/NBD at the corners of its domain, in full double precision.

Run it as ``python -m tests.reference.make_pareto_nbd_values``; it takes some minutes. Every value is computed with two
numbers of digits, that is with other nodes, and the likelihood by its closed form as well unless that needs too many.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
from mpmath import mp

from tests.reference import pareto_nbd_story as story

VALUES = Path(__file__).with_name("pareto_nbd_values.csv")
INPUTS = ("r", "alpha", "s", "beta", "x", "t_x", "T", "horizon", "delta", "n")
OUTPUTS = ("log_likelihood", "p_alive", "buys", "if_alive", "discounted_if_alive", "pmf_if_alive")
AGREE = 1e-17
CLOSED = 1_000.0  # shapes up to which the closed form is asked

X = (0, 1, 2, 7, 60, 700, 5_000)
NEAR_ONE = (1.0, 1 - 1e-12, 1 + 1e-12, 1 + 1e-7)


def log_uniform(random: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def draw(random: np.random.Generator, x: int, kind: int) -> dict[str, float]:
    """Draw anything, near s = 1, near alpha = beta, or (half of all) what fits to real customers look like."""
    low, high = (1e-4, 1e4) if kind < 4 else (0.05, 20.0)
    r, alpha, s, beta = (log_uniform(random, low, high) for _ in range(4))
    if kind % 4 == 1:
        s = NEAR_ONE[int(random.integers(len(NEAR_ONE)))]
    if kind % 4 == 2:
        beta = alpha * NEAR_ONE[int(random.integers(len(NEAR_ONE)))]
    T = 0.0 if random.random() < 0.15 else log_uniform(random, 1e-3, 3e3)
    t_x = T * (0.0, 1.0, float(random.random()), 0.95)[int(random.integers(4))] if x else 0.0
    return {
        "r": r,
        "alpha": alpha,
        "s": s,
        "beta": beta,
        "x": x,
        "t_x": t_x,
        "T": T,
        "horizon": log_uniform(random, 1e-4, 3e3),
        "delta": log_uniform(random, 1e-5, 0.1),
        "n": (0, 1, 2, 7, 60, 700)[int(random.integers(6))],
    }


def twice(function: Callable[[], story.Number]) -> story.Number:
    found = []
    for digits in (24, 34):
        with mp.workdps(digits):
            found.append(function())
    if abs(found[0] - found[1]) > AGREE * abs(found[1]):
        raise ArithmeticError(found)
    return found[1]


def solve(case: dict[str, float]) -> dict[str, str]:
    parameters = story.exactly(*(case[name] for name in ("r", "alpha", "s", "beta")))
    t_x, T, horizon, delta = story.exactly(*(case[name] for name in ("t_x", "T", "horizon", "delta")))
    x, n = int(case["x"]), int(case["n"])
    ahead = story.ahead(parameters, x, T)
    values = (
        twice(lambda: story.log_likelihood(parameters, x, t_x, T)),
        twice(lambda: story.p_alive(parameters, x, t_x, T)),
        twice(lambda: story.p_buys(ahead, horizon)),
        twice(lambda: story.purchases(ahead, horizon, mp.mpf(0))),
        twice(lambda: story.purchases(ahead, horizon, delta)),
        twice(lambda: story.pmf(ahead, n, horizon)),
    )
    if max(*parameters, x) < CLOSED:
        with mp.workdps(40):
            closed = story.log_likelihood_in_closed_form(parameters, x, t_x, T)
            if abs(closed - values[0]) > AGREE * (1 + abs(closed)):
                raise ArithmeticError([closed, values[0]])
    return {name: str(mp.nstr(value, 19)) for name, value in zip(OUTPUTS, values, strict=True)}


def main() -> None:
    random = np.random.default_rng(1987)
    with VALUES.open("w", newline="", encoding="utf-8") as file:
        writer: csv.DictWriter[str] = csv.DictWriter(file, INPUTS + OUTPUTS, lineterminator="\n")
        writer.writeheader()
        for x, kind, _ in itertools.product(X, range(8), range(3)):
            case = draw(random, x, kind)
            try:
                found = solve(case)
            except (ValueError, ArithmeticError, mp.NoConvergence) as error:
                print("left out:", case, error)  # noqa: T201
                continue
            writer.writerow({name: repr(value) for name, value in case.items()} | found)
            file.flush()


if __name__ == "__main__":
    main()
