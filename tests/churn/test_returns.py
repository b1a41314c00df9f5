"""The chance of no return is read from the curve of customers who bought as often, as far as that knows enough."""

from __future__ import annotations

import numpy as np
import pytest

from evergreen import CustomerBase, GapHistories, datasets
from evergreen.churn.returns import ENOUGH, ReturnChances, ReturnCurves, compact, lapsed
from evergreen.errors import InvalidInputError
from evergreen.kernels.survival import MIN_KNOWN


@pytest.fixture(scope="module")
def gaps() -> GapHistories:
    return CustomerBase.from_transactions(datasets.load_cdnow(sample=True)).gaps()


@pytest.fixture(scope="module")
def curves(gaps: GapHistories) -> ReturnCurves:
    return ReturnCurves.of(gaps)


def test_an_order_has_its_own_curve_while_there_are_enough(gaps: GapHistories, curves: ReturnCurves) -> None:
    last = len(curves.by_order)
    assert last == 7
    for order in range(1, last):
        assert min(gaps.at(order).gaps, gaps.from_order(order + 1).gaps) >= ENOUGH
        assert curves.by_order[order - 1].steps.ended.sum() == gaps.at(order).gaps
    assert min(gaps.at(last).gaps, gaps.from_order(last + 1).gaps) < ENOUGH
    assert curves.by_order[-1].steps.ended.sum() == gaps.from_order(last).gaps
    assert sum(int(curve.steps.ended.sum()) for curve in curves.by_order) == gaps.gaps


@pytest.mark.parametrize(("frequency", "place"), [(0, 0), (1, 1), (6, 6), (40, 6)])
def test_chance_is_that_of_the_curve(curves: ReturnCurves, frequency: int, place: int) -> None:
    silence = np.arange(0.0, 200.0)
    x, t_x = np.full(len(silence), frequency), np.full(len(silence), 3.0 * (frequency > 0))
    found = ReturnChances(curves, 60.0).p_churn(x, t_x, t_x + silence)
    wanted = 1 - curves.by_order[place].p_return(silence, within="60D")
    known = np.flatnonzero(~np.isnan(wanted))
    np.testing.assert_allclose(found[known[:90]], wanted[known[:90]], rtol=1e-14)


def test_beyond_what_is_known_the_last_chance_holds() -> None:
    """A curve that knows nobody beyond day 50, and too few from day 41 on."""
    few = MIN_KNOWN - 1
    gaps = GapHistories.of([1, 1, 1, 1], [10, 41, 50, 50], [100, 60, few, 0], [0, 0, 0, 0])
    chances = ReturnChances(ReturnCurves.of(gaps), 10.0)
    zero = np.zeros(5, np.int64), np.zeros(5)
    found = chances.p_churn(*zero, np.array([0.0, 10.0, 40.0, 41.0, 300.0]))
    np.testing.assert_allclose(found, [1 - 100 / (160 + few), 1.0, 0.0, 0.0, 0.0], atol=1e-12)


def test_horizon_beyond_every_gap_is_refused(curves: ReturnCurves) -> None:
    with pytest.raises(InvalidInputError, match="No gap was observed for as long as the horizon"):
        ReturnChances(curves, 800.0)


def test_frequent_buyers_without_long_gaps_are_taken_for_those_below() -> None:
    order, length = np.repeat([1, 2], 300), np.tile(np.arange(1, 301), 2)
    gaps = GapHistories.of(order, np.where(order == 2, length % 20, length), np.ones(600), np.zeros(600))
    sooner = GapHistories.of([2] * 250, np.arange(250) % 20, [1] * 250, [0] * 250)
    censored = GapHistories.of([2], [19], [0], [40])
    chances = ReturnChances(ReturnCurves.of(gaps + sooner + censored), 60.0)
    zero = np.zeros(2)
    assert len(ReturnCurves.of(gaps + sooner + censored).by_order) == 2
    once, again = chances.p_churn(np.array([0, 5]), zero, zero + 10.0)
    assert once == again == pytest.approx(230 / 290)


def test_many_lengths_are_rounded_up_to_few() -> None:
    random = np.random.default_rng(1)
    length = random.gamma(1.0, 300.0, 20_000)
    gaps = GapHistories.of(np.ones(20_000), length, np.ones(20_000), np.zeros(20_000))
    few = compact(gaps)
    assert len(gaps) > 10_000
    assert len(few) <= 2_048
    assert few.gaps == gaps.gaps
    at = np.linspace(0, 1_000, 50)
    np.testing.assert_allclose(few.curve().survival(at), gaps.curve().survival(at), atol=0.006)


def test_compact_gaps_have_the_same_curves(gaps: GapHistories, curves: ReturnCurves) -> None:
    few = compact(gaps)
    assert len(few) < len(gaps)
    assert (few.customers, few.gaps) == (gaps.customers, gaps.gaps)
    for one, other in zip(ReturnCurves.of(few).by_order, curves.by_order, strict=True):
        np.testing.assert_array_equal(one.steps.survival, other.steps.survival)


def test_a_base_in_which_nobody_came_back_a_second_time() -> None:
    curves = ReturnCurves.of(GapHistories.of([1, 1], [5, 90], [0, 0], [40, 40]))
    assert curves.again is None
    cuts = curves.lapse_cuts(30.0, 0.1)
    assert cuts["bought once"] == 0.0
    assert np.isnan(cuts["came back"])


def test_lapsed_is_beyond_the_cut_of_ones_kind() -> None:
    cuts = {"everyone": 50.0, "bought once": 30.0, "came back": 90.0}
    silence = np.array([29.0, 30.0, 89.0, 90.0])
    assert lapsed(cuts, np.array([0, 0, 3, 3]), silence).tolist() == [False, True, False, True]
    assert not lapsed({**cuts, "came back": np.nan}, np.array([3]), np.array([1e6])).any()
