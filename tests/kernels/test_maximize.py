"""The search, on functions whose maximum is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen.kernels.maximize import maximize
from evergreen.typing import FloatArray

Answer = tuple[float, FloatArray, FloatArray]
BOX = np.full(2, 10.0)


def banana(z: FloatArray) -> Answer:
    x, y = z.tolist()
    ridge = y - x * x
    value = -((1 - x) ** 2) - 100 * ridge**2
    gradient = np.array([2 * (1 - x) + 400 * x * ridge, -200 * ridge])
    hessian = np.array([[-2 + 400 * ridge - 800 * x * x, 400 * x], [400 * x, -200.0]])
    return value, gradient, hessian


@given(x=st.floats(-3, 3), y=st.floats(-3, 3))
def test_banana(x: float, y: float) -> None:
    found = maximize(banana, np.array([x, y]), lower=-BOX, upper=BOX)
    assert found.converged
    assert not (found.at_lower | found.at_upper).any()
    np.testing.assert_allclose(found.point, [1, 1], atol=1e-7)
    assert found.evaluations < 100


@given(seed=st.integers(0, 10**6))
def test_concave_quadratics_in_a_box(seed: int) -> None:
    random = np.random.default_rng(seed)
    root = random.normal(size=(4, 4))
    curvature = root @ root.T + 0.1 * np.eye(4)
    top = random.normal(scale=2, size=4)

    def hill(z: FloatArray) -> Answer:
        d = z - top
        return float(-0.5 * d @ curvature @ d), -curvature @ d, -curvature

    found = maximize(hill, np.zeros(4), lower=-np.ones(4), upper=np.ones(4))
    assert found.converged
    assert np.all(np.abs(found.point) <= 1)
    # Karush, Kuhn and Tucker: slopes vanish inside and point outwards on the faces
    slope = found.gradient
    inside = np.abs(found.point) < 1
    assert np.all(np.abs(slope[inside]) < 1e-7)
    assert np.all(slope[found.point == 1] >= -1e-7)
    assert np.all(slope[found.point == -1] <= 1e-7)
    np.testing.assert_array_equal(found.at_upper, (found.point == 1) & (slope >= 0))


def test_a_face_that_is_no_optimum_is_left_again() -> None:
    def hill(z: FloatArray) -> Answer:
        return float(-(z @ z)), -2 * z, -2 * np.eye(2)

    found = maximize(hill, np.array([-10.0, 10.0]), lower=-BOX, upper=BOX)
    np.testing.assert_allclose(found.point, 0, atol=1e-9)


def test_a_slope_without_end_stops_at_the_box() -> None:
    def saturating(z: FloatArray) -> Answer:
        e = np.exp(-z)
        return float(-e.sum()), e, np.diag(-e)

    found = maximize(saturating, np.zeros(2), lower=-BOX, upper=BOX)
    assert found.converged
    assert found.point.min() > 9


def test_a_ridge_ends_somewhere_on_it() -> None:
    def ridge(z: FloatArray) -> Answer:
        d = z.sum() - 3
        return float(-(d**2)), np.full(2, -2 * d), np.full((2, 2), -2.0)

    found = maximize(ridge, np.zeros(2), lower=-BOX, upper=BOX)
    assert found.converged
    assert found.point.sum() == pytest.approx(3, abs=1e-7)


def test_a_saddle_is_left() -> None:
    def saddle(z: FloatArray) -> Answer:
        x, y = z.tolist()
        return x * x - x**4 - y * y, np.array([2 * x - 4 * x**3, -2 * y]), np.diag([2 - 12 * x * x, -2.0])

    found = maximize(saddle, np.array([1e-6, 1.0]), lower=-BOX, upper=BOX)
    assert abs(found.point[0]) == pytest.approx(0.5**0.5, abs=1e-7)


def test_it_says_when_it_had_to_stop() -> None:
    found = maximize(banana, np.array([-3.0, 3.0]), lower=-BOX, upper=BOX, max_evaluations=4)
    assert not found.converged
    assert found.evaluations == 4
