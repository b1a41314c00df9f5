"""Return curves: the numbers of CDNOW, words for times, and what is refused."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from evergreen import CustomerBase, GapHistories, ReturnCurve, datasets, lapse_cut
from evergreen.errors import InputTypeError, InvalidInputError
from evergreen.typing import TimeUnit


@pytest.fixture(scope="module", params=[True, False], ids=["sample", "full"])
def cdnow(request: pytest.FixtureRequest) -> tuple[bool, CustomerBase]:
    return request.param, CustomerBase.from_transactions(datasets.load_cdnow(sample=request.param))


def test_the_second_purchase_at_cdnow(cdnow: tuple[bool, CustomerBase]) -> None:
    sample, base = cdnow
    gaps = base.gaps().at(1)
    curve = gaps.curve()
    chances = curve.p_return([0, 30, 60, 90, 180, 270], within="30D").round(3).tolist()
    by_then = (1 - curve.survival([30, 90, 365])).round(3).tolist()
    if sample:
        assert chances == [0.174, 0.098, 0.049, 0.044, 0.027, 0.019]
        assert by_then == [0.174, 0.291, 0.456]
    else:
        assert chances == [0.175, 0.093, 0.054, 0.044, 0.030, 0.023]
    length, returned, silent = np.array([gaps.length, gaps.returned, gaps.silent])
    for t in (0, 30, 270):  # nobody's observation ends before day 455: the chances are shares
        still = ((returned + silent) * (length > t)).sum()
        share = (returned * ((length > t) & (length <= t + 30))).sum() / still
        assert curve.p_return(t, "30D") == pytest.approx(share, rel=1e-12)


def test_the_cut_at_cdnow(cdnow: tuple[bool, CustomerBase]) -> None:
    _, base = cdnow
    curve = base.gaps().curve()
    days = np.arange(300.0)
    chance, (lower, _) = curve.p_return(days, "90D"), curve.p_return_interval(days, "90D")
    cut = int(curve.lapse_cut("90D"))
    assert chance[cut] <= 0.1
    assert (lower[cut:] <= 0.1).all()
    earlier = np.flatnonzero(chance[:cut] <= 0.1)
    assert not len(earlier) or (lower[earlier.max() : cut] > 0.1).any()
    assert curve.lapse_cut("90D", chance=0.2) < cut < curve.lapse_cut("90D", chance=0.08)


@pytest.mark.parametrize("unit", ["h", "D", "W", "M", "Y"])
def test_the_unit_of_time_changes_nothing(unit: TimeUnit) -> None:
    log = datasets.load_cdnow(sample=True)
    days, other = (CustomerBase.from_transactions(log, time_unit=one).gaps() for one in ("D", unit))
    np.testing.assert_array_equal(other.returned, days.returned)
    np.testing.assert_array_equal(other.silent, days.silent)
    ratio = {"h": 24, "D": 1, "W": 1 / 7, "M": 12 / 365.2425, "Y": 1 / 365.2425}[unit]
    np.testing.assert_allclose(other.length, days.length * ratio, rtol=1e-12)
    for at, within in (("30D", "30D"), ("52W", "1W"), (timedelta(days=90), np.timedelta64(720, "h"))):
        assert other.curve().survival(at) == days.curve().survival(at)
        assert other.curve().p_return(at, within) == days.curve().p_return(at, within)
        np.testing.assert_array_equal(
            other.curve().p_return_interval(at, within), days.curve().p_return_interval(at, within)
        )
    assert other.curve().lapse_cut("90D") == pytest.approx(days.curve().lapse_cut("90D") * ratio, rel=1e-12)
    assert other.curve().observed == pytest.approx(545 * ratio, rel=1e-12)


def test_beyond_what_was_observed_nothing_is_said() -> None:
    curve = GapHistories.of([1, 1], [10, 40], [5, 0], [0, 5]).curve()
    np.testing.assert_array_equal(curve.survival([0, 40, 41]), [1, 0.5, math.nan])
    np.testing.assert_array_equal(curve.p_return([0, 10, 11], "30D"), [0.5, 0, math.nan])
    lower, upper = curve.p_return_interval([0, 10, 11], "30D")
    assert (lower[0] < 0.5 < upper[0], lower[1], math.isnan(lower[2])) == (True, 0, True)


def test_the_table_shows_the_steps() -> None:
    curve = GapHistories.of([1, 1, 1], [10, 20, 40], [5, 0, 1], [0, 3, 2]).curve()
    table = curve.table(level=0.9)
    assert table.time.tolist() == [10, 20, 40]
    assert table.at_risk.tolist() == [11, 6, 3]
    assert table.returned.tolist() == [5, 0, 1]
    np.testing.assert_allclose(table.came_back, 1 - curve.survival(table.time))
    assert (table.lower < table.came_back).all()
    assert (table.came_back < table.upper).all()
    assert (table.upper < curve.table().upper).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda curve: curve.survival(-1), "at must be at least 0"),
        (lambda curve: curve.survival([1, math.nan]), "at must be finite: 1 of 2 rows"),
        (lambda curve: curve.p_return(0, "0D"), "positive"),
        (lambda curve: curve.lapse_cut("30D", chance=10), "30 % is 0.3"),
        (lambda curve: curve.p_return_interval(0, "1D", level=1), "level"),
        (lambda curve: curve.table(level=95), "level"),
    ],
)
def test_what_cannot_be(call: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        call(GapHistories.of([1], [10], [5], [5]).curve())


def test_a_window_names_its_unit() -> None:
    with pytest.raises(InputTypeError, match="duration"):
        GapHistories.of([1], [10], [5], [5]).curve().p_return(0, 30)  # type: ignore[arg-type]


def test_the_cut_of_arrays_is_that_of_the_base() -> None:
    gaps = CustomerBase.from_transactions(datasets.load_cdnow(sample=True)).gaps()
    lengths = np.concatenate((gaps.length, gaps.length))
    ended = np.repeat([True, False], len(gaps))
    counts = np.concatenate((gaps.returned, gaps.silent))
    cut = gaps.curve().lapse_cut("90D", chance=0.15)
    assert lapse_cut(lengths, ended, within=90, chance=0.15, count=counts) == cut
    assert lapse_cut(np.repeat(lengths, counts), np.repeat(ended, counts), within=90, chance=0.15) == cut


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"lengths": [-1.0]}, "lengths must be at least 0"),
        ({"lengths": [math.inf]}, "lengths must be finite"),
        ({"ended": [2]}, "ended must be true or false"),
        ({"ended": [True, False]}, "one length"),
        ({"within": 0.0}, "within must be above 0"),
        ({"within": -1.0}, "within must be finite and at least 0"),
        ({"chance": 1.5}, "chance is a share"),
        ({"count": [0]}, "There are no gaps"),
        ({"lengths": [], "ended": []}, "There are no gaps"),
    ],
)
def test_arrays_that_cannot_be(given: dict[str, Any], words: str) -> None:
    options: dict[str, Any] = {"lengths": [1.0], "ended": [True], "within": 30.0}
    with pytest.raises(InvalidInputError, match=words):
        lapse_cut(**options | given)


def test_a_curve_is_a_value() -> None:
    curve = GapHistories.of([1], [10], [5], [5]).curve()
    assert isinstance(curve, ReturnCurve)
    with pytest.raises(AttributeError):
        curve.time_unit = "W"  # type: ignore[misc]
