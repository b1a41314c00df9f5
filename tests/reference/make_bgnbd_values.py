"""Write bgnbd_values.csv: BG/NBD at the corners of its domain, in full double precision.

Run it as ``python -m tests.reference.make_bgnbd_values``; it takes some minutes. Every expectation is computed by
quadrature over the dropout probability and, unless the closed form needs an unreasonable number of digits, by the
closed form as well; the two have to agree to 17 digits.
"""

from __future__ import annotations

import csv
import itertools
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from mpmath import mp

from tests.reference import bgnbd_story as story

VALUES = Path(__file__).with_name("bgnbd_values.csv")
INPUTS = ("r", "alpha", "a", "b", "x", "t_x", "T", "horizon", "delta", "n")
OUTPUTS = ("log_likelihood", "p_alive", "p_purchase", "if_alive", "discounted_if_alive", "expected_new", "pmf")
AGREE = 1e-17
PATIENCE = 6  # seconds for a closed form

X = (0, 1, 2, 7, 60, 700, 5_000)
NEAR_ONE = (1.0, 1 - 1e-12, 1 + 1e-12, 1 + 1e-7)
HORIZONS = ((1e-4, 1e-2), (1e-2, 1.0), (1.0, 100.0), (100.0, 3_000.0))  # in weeks: minutes to decades


def log_uniform(random: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def draw(random: np.random.Generator, x: int, kind: int, horizons: tuple[float, float]) -> dict[str, float]:
    r, alpha, b = (log_uniform(random, 1e-4, 1e4) for _ in range(3))
    a = log_uniform(random, *((1e-4, 0.05), (0.05, 5.0), (5.0, 1e4))[kind % 4]) if kind % 4 < 3 else 1.0
    if kind % 4 == 3:
        a = NEAR_ONE[int(random.integers(len(NEAR_ONE)))]
    if kind >= 4:  # what fits to real customers look like
        r, alpha, b = (log_uniform(random, 0.05, 20.0) for _ in range(3))
    T = 0.0 if random.random() < 0.15 else log_uniform(random, 1e-3, 3e3)
    t_x = T * (0.0, 1.0, float(random.random()), 0.95)[int(random.integers(4))] if x else 0.0
    return {
        "r": r,
        "alpha": alpha,
        "a": a,
        "b": b,
        "x": x,
        "t_x": t_x,
        "T": T,
        "horizon": log_uniform(random, *horizons),
        "delta": log_uniform(random, 1e-5, 0.1),
        "n": (0, 1, 2, 7, 60, 700)[int(random.integers(6))],
    }


@contextmanager
def patience() -> Generator[None]:
    """Give up where a hypergeometric series does not come to an end."""

    def give_up(number: int, frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)


def expected(parameters: story.Parameters, horizon: story.Number, x: int, T: story.Number) -> story.Number:
    with mp.workdps(26):
        found = story.purchases_by_quadrature(parameters, horizon, x, T)
    try:
        with patience(), mp.workdps(26):
            second = story.purchases_by_hypergeometric(parameters, horizon, x, T)
    except (ValueError, TimeoutError, mp.NoConvergence):
        with mp.workdps(36):
            second = story.purchases_by_quadrature(parameters, horizon, x, T)
    if abs(found / second - 1) > AGREE:
        raise ArithmeticError(f"{parameters} {horizon} {x} {T}: {found} and {second}")
    return second


def discounted(
    parameters: story.Parameters, horizon: story.Number, delta: story.Number, x: int, T: story.Number
) -> story.Number:
    found = []
    for digits in (24, 32):
        with patience(), mp.workdps(digits):
            found.append(story.discounted_by_quadrature(parameters, horizon, delta, x, T))
    if abs(found[0] / found[1] - 1) > AGREE:
        raise ArithmeticError(f"{parameters} {horizon} {x} {T}: {found}")
    return found[1]


def solve(case: dict[str, float]) -> dict[str, str]:
    parameters = story.exactly(*(case[name] for name in ("r", "alpha", "a", "b")))
    t_x, T, horizon, delta = story.exactly(*(case[name] for name in ("t_x", "T", "horizon", "delta")))
    x, n = int(case["x"]), int(case["n"])
    with mp.workdps(60):
        alive = story.p_alive(parameters, x, t_x, T)
        values = (
            story.log_likelihood(parameters, x, t_x, T),
            alive,
            alive * story.p_buys_if_alive(parameters, horizon, x, T),
            expected(parameters, horizon, x, T),
            discounted(parameters, horizon, delta, x, T),
            expected(parameters, horizon, 0, mp.mpf(0)),
            story.pmf(parameters, n, horizon),
        )
        return {name: str(mp.nstr(value, 19)) for name, value in zip(OUTPUTS, values, strict=True)}


def main() -> None:
    random = np.random.default_rng(2005)
    with VALUES.open("w", newline="", encoding="utf-8") as file:
        writer: csv.DictWriter[str] = csv.DictWriter(file, INPUTS + OUTPUTS, lineterminator="\n")
        writer.writeheader()
        for x, kind, horizons in itertools.product(X, range(8), HORIZONS):
            case = draw(random, x, kind, horizons)
            try:
                found = solve(case)
            except (ValueError, ArithmeticError, TimeoutError, mp.NoConvergence) as error:
                print("left out:", case, error)  # noqa: T201
                continue
            writer.writerow({name: repr(value) for name, value in case.items()} | found)
            file.flush()


if __name__ == "__main__":
    main()
