"""Write bgnbd_values.csv: BG/NBD and MBG/NBD at the corners of their domain, in full double precision.

Run it as ``python -m tests.reference.make_bgnbd_values``; it takes some minutes. Every expectation is computed in
two ways that have to agree to 17 digits: by quadrature over the dropout probability and, unless it needs an
unreasonable number of digits or of seconds, by a closed form or a quadrature over time.
"""

from __future__ import annotations

import csv
import itertools
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from mpmath import mp

from tests.reference import bgnbd_story as story

VALUES = Path(__file__).with_name("bgnbd_values.csv")
INPUTS = ("r", "alpha", "a", "b", "x", "t_x", "T", "horizon", "delta", "n")
OUTPUTS = (
    "log_likelihood",
    "p_alive",
    "p_purchase",
    "if_alive",
    "discounted_if_alive",
    "ever_if_alive",
    "expected_new",
    "pmf",
    "pmf_ahead",
)
AGREE = 1e-17
PATIENCE = 6  # seconds for a closed form

X = (0, 1, 2, 7, 60, 700, 5_000)
NEAR_ONE = (1.0, 1 - 1e-12, 1 + 1e-12, 1 + 1e-7)
HORIZONS = ((1e-4, 1e-2), (1e-2, 1.0), (1.0, 100.0), (100.0, 3_000.0))  # in weeks: minutes to decades
MODELS = {"bg": (story.BG, 2005, HORIZONS), "mbg": (story.MBG, 2007, HORIZONS[1::2])}


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


def twice(
    first: Callable[[], story.Number], second: Callable[[], story.Number], digits: tuple[int, int] = (26, 26)
) -> story.Number:
    """Return what two ways agree on; if the second does not come to an end, the first in more digits is another."""
    with mp.workdps(digits[0]):
        found = first()
    try:
        with patience(), mp.workdps(digits[1]):
            again = second()
    except (ValueError, TimeoutError, mp.NoConvergence):
        with mp.workdps(digits[0] + 10):
            again = first()
    if abs(found / again - 1) > AGREE:
        raise ArithmeticError(f"{found} and {again}")
    return again


def expected(living: story.Parameters, horizon: story.Number) -> story.Number:
    return twice(
        lambda: story.purchases_by_quadrature(living, horizon),
        lambda: story.purchases_by_hypergeometric(living, horizon),
    )


def discounted(living: story.Parameters, horizon: story.Number, delta: story.Number) -> story.Number:
    def over_time() -> story.Number:
        with patience():
            return story.discounted_by_quadrature(living, horizon, delta)

    return twice(over_time, over_time, (24, 32))


def discounted_for_ever(living: story.Parameters, delta: story.Number) -> story.Number:
    def over_dropout() -> story.Number:
        with patience():
            return story.discounted_by_exponential_integral(living, delta)

    try:
        return discounted(living, mp.inf, delta)
    except (ValueError, TimeoutError, mp.NoConvergence):  # as it is for heavy buyers, where the other way is short
        return twice(over_dropout, over_dropout, (24, 32))


def solve(model: story.Story, case: dict[str, float]) -> dict[str, str]:
    parameters = story.exactly(*(case[name] for name in ("r", "alpha", "a", "b")))
    t_x, T, horizon, delta = story.exactly(*(case[name] for name in ("t_x", "T", "horizon", "delta")))
    x, n = int(case["x"]), int(case["n"])
    with mp.workdps(60):
        alive = model.p_alive(parameters, x, t_x, T)
        living, new = model.living(parameters, x, T), model.living(parameters, 0, mp.mpf(0))
        values = (
            model.log_likelihood(parameters, x, t_x, T),
            alive,
            alive * story.p_buys(living, horizon),
            expected(living, horizon),
            discounted(living, horizon, delta),
            discounted_for_ever(living, delta),
            model.stays_at_first(parameters) * expected(new, horizon),
            model.pmf(parameters, n, horizon),
            model.pmf_ahead(parameters, n, horizon, x, t_x, T),
        )
        return {name: str(mp.nstr(value, 19)) for name, value in zip(OUTPUTS, values, strict=True)}


def main() -> None:
    with VALUES.open("w", newline="", encoding="utf-8") as file:
        writer: csv.DictWriter[str] = csv.DictWriter(file, ("model", *INPUTS, *OUTPUTS), lineterminator="\n")
        writer.writeheader()
        for name, (model, seed, ranges) in MODELS.items():
            random = np.random.default_rng(seed)
            for x, kind, horizons in itertools.product(X, range(8), ranges):
                case = draw(random, x, kind, horizons)
                try:
                    found = solve(model, case)
                except (ValueError, ArithmeticError, TimeoutError, mp.NoConvergence) as error:
                    print("left out:", name, case, error)  # noqa: T201
                    continue
                writer.writerow({"model": name} | {key: repr(value) for key, value in case.items()} | found)
                file.flush()


if __name__ == "__main__":
    main()
