"""Interpolation in the age: as exact as the function itself, and blind to the rest of the batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.kernels.tabulate import AgePanels, Panels
from evergreen.typing import FloatArray, IntArray

scales = st.floats(np.log(1e-4), np.log(1e4)).map(np.exp)


def customers(seed: int, n: int) -> tuple[IntArray, FloatArray]:
    random = np.random.default_rng(seed)
    age = np.exp(random.uniform(np.log(1e-4), np.log(1e4), n))
    age[random.random(n) < 0.1] = 0.0
    return random.choice([0, 1, 2, 17, 5_000], n).astype(np.int64), age


@given(seed=st.integers(0, 10**6), scale=scales, power=st.floats(0.0, 3.0))
def test_functions_of_the_family(seed: int, scale: float, power: float) -> None:
    x, age = customers(seed, 200)

    def smooth(count: int, at: FloatArray) -> FloatArray:
        return -np.expm1(-(0.5 + count) * np.log1p(scale * 3 / (scale + at))) / (scale + at) ** power

    found = AgePanels(x, age, scale).interpolated(smooth)
    exact = np.array([smooth(int(count), np.array([at]))[0] for count, at in zip(x, age, strict=True)])
    np.testing.assert_allclose(found, exact, rtol=1e-12)


@given(seed=st.integers(0, 10**6), scale=scales)
def test_a_batch_changes_nothing(seed: int, scale: float) -> None:
    x, age = customers(seed, 60)

    def smooth(count: int, at: FloatArray) -> FloatArray:
        return np.exp(-(count % 7) * at / (scale + at)) * np.log1p(scale / (scale + at))

    together = AgePanels(x, age, scale).interpolated(smooth)
    alone = [AgePanels(x[i : i + 1], age[i : i + 1], scale).interpolated(smooth)[0] for i in range(len(x))]
    np.testing.assert_array_equal(together, alone)


def test_more_rows_than_a_block() -> None:
    random = np.random.default_rng(3)
    x, age = random.integers(0, 4, 70_000), random.uniform(0, 60, 70_000)
    found = AgePanels(x, age, 4.4).interpolated(lambda count, at: (1 + count) / (4.4 + at))
    np.testing.assert_allclose(found, (1 + x) / (4.4 + age), rtol=1e-13)


def test_nobody() -> None:
    empty = AgePanels(np.zeros(0, np.int64), np.zeros(0), 1.0)
    assert empty.interpolated(lambda count, at: at).shape == (0,)


@pytest.mark.parametrize("depth", [1.0, 2.0, 5.0])
def test_the_seam_between_panels(depth: float) -> None:
    age = 2.0 * np.expm1(np.nextafter([depth, depth], [0, 9]))
    found = AgePanels(np.zeros(2, np.int64), age, 2.0).interpolated(lambda count, at: 1 / (2.0 + at))
    np.testing.assert_allclose(found, 1 / (2.0 + age), rtol=1e-13)


def test_several_functions_at_once() -> None:
    random = np.random.default_rng(4)
    x, depth = random.integers(0, 4, 500), random.uniform(0, 6, 500)

    def both(count: int, at: FloatArray) -> FloatArray:
        return np.stack((np.exp(-at) * (1 + count), -np.sin(at / 2)))

    panels = Panels(x, depth)
    found = panels.interpolated(both)
    np.testing.assert_allclose(found, [np.exp(-depth) * (1 + x), -np.sin(depth / 2)], rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(found[0], panels.interpolated(lambda count, at: both(count, at)[0]))
    np.testing.assert_array_equal(found[1], panels.interpolated(lambda count, at: both(count, at)[1]))
    assert Panels(np.zeros(0, np.int64), np.zeros(0)).interpolated(both).shape == (2, 0)
