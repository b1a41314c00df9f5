"""BG/NBD and MBG/NBD formulas against the models' story in many digits, over the whole domain."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp

from evergreen.kernels.bgnbd import BG_NBD, Parameters
from tests.reference import bgnbd_story as story
from tests.reference.bgnbd_cases import (
    MODELS,
    TINY,
    History,
    Model,
    both,
    close,
    counts,
    histories,
    horizons,
    moderate_sets,
    parameter_sets,
)

VALUES = Path(__file__).parents[1] / "reference" / "bgnbd_values.csv"

# ------------------------------------------------------------------------------- the grid of known values


class Known(NamedTuple):
    """Columns of the table; those of the answers as numbers of many digits."""

    model: Model
    inputs: dict[str, float]
    outputs: dict[str, Any]

    @property
    def parameters(self) -> Parameters:
        r, alpha, a, b = (self.inputs[name] for name in ("r", "alpha", "a", "b"))
        return r, alpha, a, b

    @property
    def history(self) -> History:
        return History(int(self.inputs["x"]), self.inputs["t_x"], self.inputs["T"])


def known_values() -> list[Known]:
    with VALUES.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    inputs = ("r", "alpha", "a", "b", "x", "t_x", "T", "horizon", "delta", "n")
    return [
        Known(
            MODELS[line["model"]],
            {name: float(line[name]) for name in inputs},
            {name: mp.mpf(value) for name, value in line.items() if name not in (*inputs, "model")},
        )
        for line in lines
    ]


KNOWN = known_values()


@both
def test_the_grid_is_there(model: Model) -> None:
    cases = [known for known in KNOWN if known.model is model]
    assert len(cases) > 80
    assert {known.history.x for known in cases} == {0, 1, 2, 7, 60, 700, 5_000}


def misses(name: str, found: list[Any], exact: list[Any], rel: float) -> list[str]:
    return [
        f"{name} {float(got)!r} for {mp.nstr(true, 17)} at {known.model.kernel} {known.inputs}"
        for known, got, true in zip(KNOWN, found, exact, strict=True)
        if not close(got, true, rel)
    ]


def test_forecasts_on_the_grid() -> None:
    forecasts = [
        k.model.kernel.forecast(k.parameters, k.inputs["horizon"], k.inputs["delta"], *k.history.arrays) for k in KNOWN
    ]
    answers = [known.outputs for known in KNOWN]
    exact = {
        "p_alive": [answer["p_alive"] for answer in answers],
        "p_purchase": [answer["p_purchase"] for answer in answers],
        "expected_purchases": [answer["p_alive"] * answer["if_alive"] for answer in answers],
        "discounted_purchases": [answer["p_alive"] * answer["discounted_if_alive"] for answer in answers],
    }
    wrong = [
        miss
        for name, values in exact.items()
        for miss in misses(name, [getattr(forecast, name)[0] for forecast in forecasts], values, 1e-10)
    ]
    assert not wrong, "\n".join(wrong)


def test_expectations_of_the_living_on_the_grid() -> None:
    # as if the last purchase were at T, so that P(alive) is hardly small
    found, exact = [], []
    for known in KNOWN:
        x, _, T = known.history.arrays
        found.append(known.model.kernel.expected_purchases(known.parameters, known.inputs["horizon"], x, T, T)[0])
        with mp.workdps(40):
            parameters = story.exactly(*known.parameters)
            at_T = known.model.story.p_alive(parameters, int(x[0]), mp.mpf(T[0]), mp.mpf(T[0]))
            exact.append(known.outputs["if_alive"] * at_T)
    wrong = misses("expected", found, exact, 1e-12)
    assert not wrong, "\n".join(wrong)


def test_new_customers_on_the_grid() -> None:
    found = [k.model.kernel.expected_purchases_new(k.parameters, np.array([k.inputs["horizon"]]))[0] for k in KNOWN]
    wrong = misses("expected_new", found, [k.outputs["expected_new"] for k in KNOWN], 1e-12)
    assert not wrong, "\n".join(wrong)


def test_pmf_on_the_grid() -> None:
    found = [k.model.kernel.pmf(k.parameters, np.array([int(k.inputs["n"])]), k.inputs["horizon"])[0] for k in KNOWN]
    wrong = misses("pmf", found, [k.outputs["pmf"] for k in KNOWN], 1e-9)
    assert not wrong, "\n".join(wrong)


def test_numbers_ahead_on_the_grid() -> None:
    found = [
        known.model.kernel.pmf_ahead(
            known.parameters, np.array([int(known.inputs["n"])]), known.inputs["horizon"], *known.history.arrays
        )[0]
        for known in KNOWN
    ]
    wrong = misses("pmf_ahead", found, [k.outputs["pmf_ahead"] for k in KNOWN], 1e-9)
    assert not wrong, "\n".join(wrong)


def test_all_purchases_to_come_on_the_grid() -> None:
    found = [
        k.model.kernel.forecast(k.parameters, math.inf, k.inputs["delta"], *k.history.arrays).discounted_purchases[0]
        for k in KNOWN
    ]
    exact = [k.outputs["p_alive"] * k.outputs["ever_if_alive"] for k in KNOWN]
    wrong = misses("discounted without end", found, exact, 1e-10)
    assert not wrong, "\n".join(wrong)


def test_likelihood_on_the_grid() -> None:
    wrong = []
    for known in KNOWN:
        evidence = known.model.kernel.gather(*known.history.arrays, np.array([1]))
        value = known.model.kernel.log_likelihood(known.parameters, evidence)[0]
        # the terms are of this size before they cancel
        size = 1 + (known.history.x + known.inputs["r"]) * abs(np.log(known.inputs["alpha"] + known.inputs["T"]))
        size += known.history.x * np.log(known.history.x + known.inputs["r"] + 1)
        if abs(value - float(known.outputs["log_likelihood"])) > 1e-13 * size:
            wrong.append(f"{value!r} for {known.outputs['log_likelihood']} at {known.inputs}")
    assert not wrong, "\n".join(wrong)


# ------------------------------------------------------------------------------- live, wherever hypothesis goes


@both
@given(parameters=parameter_sets, history=histories())
def test_likelihood_and_p_alive(model: Model, parameters: Parameters, history: History) -> None:
    value = model.kernel.log_likelihood(parameters, model.kernel.gather(*history.arrays, np.array([1])))[0]
    with mp.workdps(50):
        letters = story.exactly(*parameters)
        exact = model.story.log_likelihood(letters, history.x, mp.mpf(history.t_x), mp.mpf(history.T))
        alive = model.story.p_alive(letters, history.x, mp.mpf(history.t_x), mp.mpf(history.T))
    size = 1 + (history.x + parameters[0]) * (1 + abs(np.log(parameters[1] + history.T)) + np.log1p(history.x))
    assert abs(value - float(exact)) < 1e-13 * size
    assert close(model.kernel.p_alive(parameters, *history.arrays)[0], alive, 1e-11)


@both
@settings(max_examples=settings().max_examples // 2)
@given(parameters=parameter_sets, x=counts, T=st.floats(0, 3e3), horizon=horizons)
@example(parameters=(0.5, 5.0, 0.05, 2.0), x=1, T=10.0, horizon=30.0)  # nodes of p once underflowed to 0
@example(parameters=(1e-4, 1e-4, 1.0, 1.0), x=0, T=0.0, horizon=3.0)  # rare buyers once were under-resolved
def test_expected_purchases(model: Model, parameters: Parameters, x: int, T: float, horizon: float) -> None:
    history = History(x, T if x else 0.0, T)
    found = model.kernel.expected_purchases(parameters, horizon, *history.arrays)[0]
    with mp.workdps(26):
        letters = story.exactly(*parameters)
        exact = story.purchases_by_quadrature(model.story.living(letters, x, mp.mpf(T)), mp.mpf(horizon))
        exact *= model.story.p_alive(letters, x, mp.mpf(history.t_x), mp.mpf(T))
    assert close(found, exact, 1e-10)


@both
@given(
    parameters=moderate_sets,
    x=st.integers(0, 60),
    T=st.floats(0, 50),
    share=st.floats(0.01, 0.95),
)
def test_expected_purchases_counted_one_by_one(
    model: Model, parameters: Parameters, x: int, T: float, share: float
) -> None:
    horizon = (parameters[1] + T) * share / (1 - share)  # terms fall like share^m
    found = model.kernel.expected_purchases(
        parameters, horizon, np.array([x]), np.array([T if x else 0.0]), np.array([T])
    )[0]
    with mp.workdps(30):
        letters = story.exactly(*parameters)
        exact = story.purchases_by_counting(model.story.living(letters, x, mp.mpf(T)), mp.mpf(horizon))
        exact *= model.story.p_alive(letters, x, mp.mpf(T if x else 0.0), mp.mpf(T))
    assert close(found, exact, 1e-12)


# ------------------------------------------------------------------------------- laws


@both
@given(parameters=parameter_sets, history=histories(), horizon=horizons, delta=st.sampled_from([1e-5, 1e-3, 0.1]))
@example(parameters=(1e-4, 1e-4, 1e-4, 1e-4), history=History(5_000, 0.0, 3e3), horizon=3e3, delta=0.1)
@example(parameters=(1e4, 1e-4, 1e-4, 1e4), history=History(5_000, 3e3, 3e3), horizon=3e3, delta=0.1)
@example(parameters=(1e4, 1e-4, 1e4, 1e-4), history=History(1, 0.0, 0.0), horizon=3e3, delta=0.1)
def test_forecasts_keep_their_order(
    model: Model, parameters: Parameters, history: History, horizon: float, delta: float
) -> None:
    found = model.kernel.forecast(parameters, horizon, delta, *history.arrays)
    alive, buys, expected, discounted = (float(part[0]) for part in found)
    assert all(np.isfinite(part) for part in (alive, buys, expected, discounted))
    ulp = 1 + 1e-12
    assert 0 <= buys <= alive <= 1
    assert buys <= expected * ulp
    assert discounted <= expected * ulp
    assert discounted >= np.exp(-delta * horizon) * expected / ulp
    assert expected <= alive * (parameters[0] + history.x) * horizon / (parameters[1] + history.T) * ulp


@both
@given(parameters=parameter_sets, history=histories(), horizon=horizons, longer=st.floats(0, 3))
def test_longer_horizons_bring_more(
    model: Model, parameters: Parameters, history: History, horizon: float, longer: float
) -> None:
    near = model.kernel.forecast(parameters, horizon, 0.01, *history.arrays)
    far = model.kernel.forecast(parameters, horizon * (1 + longer), 0.01, *history.arrays)
    for shorter, further in zip(near, far, strict=True):
        assert shorter[0] <= further[0] * (1 + 1e-11)


@both
@given(parameters=parameter_sets, history=histories(), horizon=horizons)
def test_single_answers_equal_the_forecast(
    model: Model, parameters: Parameters, history: History, horizon: float
) -> None:
    found = model.kernel.forecast(parameters, horizon, 0.0, *history.arrays)
    assert found.p_alive[0] == model.kernel.p_alive(parameters, *history.arrays)[0]
    assert found.p_purchase[0] == model.kernel.p_purchase(parameters, horizon, *history.arrays)[0]
    assert found.expected_purchases[0] == model.kernel.expected_purchases(parameters, horizon, *history.arrays)[0]
    assert found.discounted_purchases[0] == found.expected_purchases[0]


@both
@given(parameters=parameter_sets, history=histories())
def test_nothing_happens_within_no_time(model: Model, parameters: Parameters, history: History) -> None:
    found = model.kernel.forecast(parameters, 0.0, 0.0, *history.arrays)
    assert found.p_purchase[0] == found.expected_purchases[0] == 0


@both
@given(parameters=parameter_sets, people=st.lists(histories(), min_size=2, max_size=25), horizon=horizons)
def test_a_score_does_not_depend_on_the_batch(
    model: Model, parameters: Parameters, people: list[History], horizon: float
) -> None:
    columns = [np.concatenate(column) for column in zip(*(person.arrays for person in people), strict=True)]
    together = model.kernel.forecast(parameters, horizon, 0.01, columns[0], columns[1], columns[2])
    backwards = model.kernel.forecast(parameters, horizon, 0.01, *(column[::-1] for column in columns))
    for i, person in enumerate(people):
        alone = model.kernel.forecast(parameters, horizon, 0.01, *person.arrays)
        for part, reversed_part, single in zip(together, backwards, alone, strict=True):
            assert part[i] == single[0]
            assert reversed_part[len(people) - 1 - i] == single[0]


@both
@given(parameters=parameter_sets, horizon=horizons)
def test_a_new_customer_is_one_without_a_past(model: Model, parameters: Parameters, horizon: float) -> None:
    new = model.kernel.expected_purchases_new(parameters, np.array([horizon]))[0]
    fresh = model.kernel.expected_purchases(parameters, horizon, *History(0, 0.0, 0.0).arrays)[0]
    assert new == pytest.approx(fresh, rel=1e-12, abs=0)
    assert model.kernel.p_purchase(parameters, horizon, *History(0, 0.0, 0.0).arrays)[0] == pytest.approx(
        1 - model.kernel.pmf(parameters, np.array([0]), horizon)[0], rel=1e-12, abs=1e-15
    )


@both
@given(parameters=moderate_sets, share=st.floats(0.01, 0.9))
def test_pmf_is_a_distribution_with_the_right_mean(model: Model, parameters: Parameters, share: float) -> None:
    horizon = parameters[1] * share / (1 - share)
    n = np.arange(1_500)  # terms fall like share^n
    p = model.kernel.pmf(parameters, n, horizon)
    assert np.all((p >= 0) & (p <= 1))
    assert p.sum() == pytest.approx(1, rel=1e-11, abs=0)
    assert n @ p == pytest.approx(
        model.kernel.expected_purchases_new(parameters, np.array([horizon]))[0], rel=1e-10, abs=0
    )


@both
@given(parameters=parameter_sets, horizon=horizons)
def test_pmf_anywhere(model: Model, parameters: Parameters, horizon: float) -> None:
    p = model.kernel.pmf(parameters, np.arange(5_001), horizon)
    assert np.all((p >= 0) & (p <= 1 + 1e-12))
    assert p.sum() <= 1 + 1e-9


@both
@given(parameters=parameter_sets, n=st.integers(0, 400), horizon=horizons)
def test_pmf(model: Model, parameters: Parameters, n: int, horizon: float) -> None:
    with mp.workdps(40):
        exact = model.story.pmf(story.exactly(*parameters), n, mp.mpf(horizon))
    assert close(model.kernel.pmf(parameters, np.array([n]), horizon)[0], exact, 1e-10)


@both
@given(parameters=parameter_sets, history=histories(), horizon=horizons, unit=st.sampled_from([7.0, 1 / 24, 365.2425]))
def test_the_unit_of_time_changes_nothing(
    model: Model, parameters: Parameters, history: History, horizon: float, unit: float
) -> None:
    r, alpha, a, b = parameters
    x, t_x, T = history.arrays
    weeks = model.kernel.forecast(parameters, horizon, 0.01, x, t_x, T)
    other = model.kernel.forecast((r, alpha * unit, a, b), horizon * unit, 0.01 / unit, x, t_x * unit, T * unit)
    for one, two in zip(weeks, other, strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-9, atol=TINY)


@both
@given(parameters=parameter_sets, history=histories(), horizon=horizons)
def test_a_year_in_two_halves(model: Model, parameters: Parameters, history: History, horizon: float) -> None:
    """The present value of (0, 2h] is that of (0, h] plus what comes after: it lies between known bounds."""
    delta = 0.003
    x, t_x, T = history.arrays
    once = model.kernel.forecast(parameters, horizon, delta, x, t_x, T)
    twice = model.kernel.forecast(parameters, 2 * horizon, delta, x, t_x, T)
    later = twice.expected_purchases - once.expected_purchases
    gained = twice.discounted_purchases - once.discounted_purchases
    noise = 1e-11 * twice.expected_purchases
    assert np.all(gained <= np.exp(-delta * horizon) * later + noise)
    assert np.all(gained >= np.exp(-2 * delta * horizon) * later - noise)


def test_one_time_buyers_are_alive() -> None:
    T = np.array([0.0, 1.0, 1e6])
    np.testing.assert_array_equal(BG_NBD.p_alive((0.2, 4.4, 0.8, 2.4), np.zeros(3, np.int64), np.zeros(3), T), 1.0)


def test_p_alive_of_customers_who_hardly_stay() -> None:
    # after one purchase he stayed with b / (a + b), and nothing has happened since: b + 1 - 1 is not b
    b = 1e-4 / 3
    assert BG_NBD.p_alive((0.2, 4.4, 1.0, b), *History(1, 9.0, 9.0).arrays)[0] == pytest.approx(
        b / (1 + b), rel=1e-15, abs=0
    )


# ------------------------------------------------------------------------------- derivatives

POINTS: list[Parameters] = [
    (0.243, 4.414, 0.793, 2.426),
    (1e-3, 2.0, 1.0, 1e-3),
    (300.0, 4e3, 0.02, 8.0),
    (2.0, 1e-3, 500.0, 0.1),
    (0.7, 9.0, 2e3, 9e3),
    (8e3, 1e4, 1e-4, 1e4),
]
SMALL_BASE = (
    np.array([0, 0, 1, 1, 2, 40, 900]),
    np.array([0.0, 0.0, 0.0, 12.5, 30.43, 38.0, 38.86]),
    np.array([0.0, 38.86, 20.0, 12.5, 38.86, 38.86, 38.86]),
    np.array([3, 50, 2, 7, 11, 4, 1]),
)


@both
@pytest.mark.parametrize("parameters", POINTS)
def test_likelihood_and_derivatives_of_a_base(model: Model, parameters: Parameters) -> None:
    """Grouped evidence gives the plain sum over customers, and its derivatives."""

    def plain(*letters: story.Number) -> story.Number:
        return mp.fsum(
            int(n) * model.story.log_likelihood((letters[0], letters[1], letters[2], letters[3]), int(x), t_x, T)
            for x, t_x, T, n in zip(*(column.tolist() for column in SMALL_BASE), strict=True)
        )

    value, gradient, hessian = model.kernel.log_likelihood(parameters, model.kernel.gather(*SMALL_BASE))
    with mp.workdps(40):
        letters = story.exactly(*parameters)
        assert value == pytest.approx(float(plain(*letters)), rel=1e-13, abs=0)
        # on the log scale, relative to the sizes met there
        scale = np.array(parameters)
        exact_gradient = np.array([float(mp.diff(plain, letters, order)) for order in np.eye(4, dtype=int).tolist()])
        size = 1 + np.abs(exact_gradient * scale).max()
        np.testing.assert_allclose(gradient * scale, exact_gradient * scale, rtol=1e-9, atol=1e-12 * size)
        for i in range(4):
            for j in range(i, 4):
                order = (np.eye(4, dtype=int)[i] + np.eye(4, dtype=int)[j]).tolist()
                exact = float(mp.diff(plain, letters, order)) * scale[i] * scale[j]
                assert hessian[i, j] * scale[i] * scale[j] == pytest.approx(exact, rel=1e-8, abs=1e-11 * size)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-14)


@both
@settings(max_examples=settings().max_examples // 2)
@given(parameters=parameter_sets, history=histories())
def test_gradient_anywhere(model: Model, parameters: Parameters, history: History) -> None:
    x, t_x, T = history

    def plain(*letters: story.Number) -> story.Number:
        return model.story.log_likelihood((letters[0], letters[1], letters[2], letters[3]), x, mp.mpf(t_x), mp.mpf(T))

    gradient = model.kernel.log_likelihood(parameters, model.kernel.gather(*history.arrays, np.array([1])))[1]
    with mp.workdps(40):
        letters = story.exactly(*parameters)
        exact = np.array([float(mp.diff(plain, letters, order)) for order in np.eye(4, dtype=int).tolist()])
    scale = np.array(parameters)
    size = 1 + np.abs(exact * scale).max() + x + parameters[0]
    np.testing.assert_allclose(gradient * scale, exact * scale, rtol=1e-8, atol=1e-12 * size)
