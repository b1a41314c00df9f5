"""Every method of cutting scores, by its own definition."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergreen import CustomerBase, RFMScorer, datasets
from evergreen.errors import InputTypeError, InvalidInputError
from tests.rfm.bases import summary_base

COLUMNS = ("days_since_last", "orders", "total_value")
FEWER = settings(max_examples=max(10, settings().max_examples // 3))
customers = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 5), st.integers(0, 12)), min_size=1, max_size=60)


@pytest.fixture(scope="module")
def base() -> CustomerBase:
    return CustomerBase.from_transactions(datasets.load_cdnow())


def scored(base: CustomerBase, **settings: Any) -> pd.DataFrame:
    frame: pd.DataFrame = RFMScorer(segments=None, **settings).fit(base).transform(base)
    return frame


def by_force(worth: np.ndarray[Any, Any], bins: int, weight: np.ndarray[Any, Any] | None = None) -> list[int]:
    """Return 1 + floor(K * share of the weight of customers strictly worse), at most K, one by one."""
    each = np.ones(len(worth), np.int64) if weight is None else weight
    return [min(bins, int(1 + bins * each[worth < mine].sum() // each.sum())) for mine in worth]


# -------------------------------------------------------------------------------------------- cut points


def test_breaks_are_values_to_beat() -> None:
    base = summary_base(days=[29, 30, 31, 400], orders=[1, 2, 3, 4], value=[50, 50.01, 500, 9])
    breaks = {"days_since_last": [30, 365], "orders": [1, 3], "total_value": [10, 50]}
    found = scored(base, method="breaks", breaks=breaks, bins=3)
    assert found["r"].tolist() == [3, 2, 2, 1]
    assert found["f"].tolist() == [1, 2, 2, 3]
    assert found["m"].tolist() == [2, 3, 3, 1]


def test_breaks_may_be_of_different_numbers(base: CustomerBase) -> None:
    breaks = {"days_since_last": [30, 90, 180, 365], "orders": [1], "total_value": [50, 100]}
    found = scored(base, method="breaks", breaks=breaks, bins=(5, 2, 3))
    assert (found["f"] == np.where(found["orders"] > 1, 2, 1)).all()
    assert sorted(found["r"].unique()) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("method", ["quantile", "kmeans", "equal_revenue"])
def test_what_another_scorer_learned_will_do_as_breaks(method: Any, base: CustomerBase) -> None:
    learned = RFMScorer(method=method).fit(base)
    again = RFMScorer(method="breaks", breaks={name: np.unique(points) for name, points in learned.cut_points_.items()})
    bins = tuple(len(np.unique(points)) + 1 for points in learned.cut_points_.values())
    again.set_params(bins=bins, segments=None)
    found, wanted = again.fit(base).transform(base), learned.transform(base)
    for score in ("r", "f", "m"):
        assert (found[score].rank(method="dense") == wanted[score].rank(method="dense")).all()


GOOD = {"days_since_last": [1.0], "orders": [1.0], "total_value": [1.0]}


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"method": "breaks"}, InputTypeError, "method='breaks' needs cut points: breaks must be a mapping"),
        ({"breaks": GOOD}, InvalidInputError, "breaks are for method='breaks', and method is 'quantile'"),
        (
            {"method": "breaks", "breaks": {"orders": [1.0]}, "bins": 2},
            InvalidInputError,
            r"breaks must have cut points for exactly 'days_since_last', 'orders', 'total_value', got \['orders'\]",
        ),
        (
            {"method": "breaks", "breaks": {**GOOD, "orders": [1.0, 1.0]}, "bins": 2},
            InvalidInputError,
            r"breaks\['orders'\] must be different numbers in ascending order, got \[1.0, 1.0\]",
        ),
        (
            {"method": "breaks", "breaks": {**GOOD, "orders": [1.0, np.nan]}, "bins": 2},
            InvalidInputError,
            r"breaks\['orders'\] must be finite: 1 of 2 rows",
        ),
        (
            {"method": "breaks", "breaks": GOOD},
            InvalidInputError,
            r"breaks\['days_since_last'\] has 1 cut points, which make 2 scores, and bins asks for 5",
        ),
        ({"method": "median"}, InvalidInputError, "method='median' is not allowed; choose one of 'quantile', 'breaks'"),
    ],
)
def test_breaks_that_say_nothing_are_refused(settings: Any, error: type[Exception], words: str) -> None:
    base = summary_base([1, 2, 3], [1, 2, 3], [1, 2, 3])
    scorer = RFMScorer(segments=None, **settings)
    with pytest.raises(error, match=words):
        scorer.fit(base)
    assert not hasattr(scorer, "cut_points_")


# ------------------------------------------------------------------------------------------------ nested


@FEWER
@given(customers, st.tuples(*[st.integers(2, 6)] * 3))
def test_nested_scores_are_quantiles_within_those_before(
    rows: list[tuple[int, int, int]], bins: tuple[int, int, int]
) -> None:
    days, orders, value = np.array(rows).T
    found = scored(summary_base(days, orders, value), method="nested", bins=bins)
    assert found["r"].tolist() == by_force(-days, bins[0])
    for _, cell in found.groupby("r"):
        assert cell["f"].tolist() == by_force(cell["orders"].to_numpy(), bins[1])
    for _, cell in found.groupby(["r", "f"]):
        assert cell["m"].tolist() == by_force(cell["total_value"].to_numpy(), bins[2])


def test_a_cell_that_was_empty_takes_the_quantiles_of_all() -> None:
    base = summary_base([1, 1, 9, 9], [1, 1, 3, 1], [10, 20, 30, 40])
    scorer = RFMScorer(method="nested", bins=2, segments=None).fit(base)
    assert scorer.transform(base)["rfm"].tolist() == [211, 212, 121, 111]
    np.testing.assert_array_equal(scorer.cut_points_["total_value"][1, 1], [20.0])
    later = summary_base([1, 1], [7, 7], [15, 25])
    assert scorer.transform(later)["rfm"].tolist() == [221, 222]


def test_nested_cut_points_have_a_place_for_each_score_before(base: CustomerBase) -> None:
    points = RFMScorer(method="nested", bins=(3, 4, 5), segments=None).fit(base).cut_points_
    assert [points[name].shape for name in COLUMNS] == [(2,), (3, 3), (3, 4, 4)]


# ----------------------------------------------------------------------------------------------- k-means


def test_kmeans_makes_the_least_spread(base: CustomerBase) -> None:
    """On the orders of CDNOW, against every way to cut them in three."""
    found = scored(base, method="kmeans", bins=3)
    orders, count = np.unique(found["orders"].to_numpy(), return_counts=True)

    def spread(cuts: list[int]) -> float:
        parts = zip(np.split(orders, cuts), np.split(count, cuts), strict=True)
        return sum(float(n @ (values - np.average(values, weights=n)) ** 2) for values, n in parts)

    ours = [int(np.searchsorted(orders, found.loc[found["f"] == score, "orders"].min())) for score in (2, 3)]
    every = combinations(range(1, len(orders)), 2)
    assert spread(ours) == pytest.approx(min(spread(list(cuts)) for cuts in every), rel=1e-12)
    assert found.groupby("f")["orders"].max().is_monotonic_increasing


def test_recency_by_kmeans_is_best_where_it_is_least(base: CustomerBase) -> None:
    found = scored(base, method="kmeans")
    by_score = found.groupby("r")["days_since_last"]
    assert by_score.min().is_monotonic_decreasing
    assert (by_score.min().to_numpy()[:-1] > by_score.max().to_numpy()[1:]).all()


def test_too_few_values_for_kmeans_are_told() -> None:
    base = summary_base([1, 2, 3], [1, 1, 2], [1, 2, 3])
    with pytest.raises(
        InvalidInputError, match="with 3 scores needs as many different values of orders, and this base has 2"
    ):
        scored(base, method="kmeans", bins=3)


# ----------------------------------------------------------------------------------------- equal revenue


@FEWER
@given(customers.filter(lambda rows: any(value for _, _, value in rows)), st.integers(2, 9))
def test_equal_revenue_is_the_formula(rows: list[tuple[int, int, int]], bins: int) -> None:
    days, orders, value = np.array(rows).T
    found = scored(summary_base(days, orders, value), method="equal_revenue", bins=bins)
    for score, worth in (("r", -days), ("f", orders), ("m", value)):
        assert found[score].tolist() == by_force(worth, bins, value)


def test_scores_of_equal_revenue_carry_about_equal_revenue(base: CustomerBase) -> None:
    found = scored(base, method="equal_revenue")
    shares = found.groupby("m")["total_value"].sum() / found["total_value"].sum()
    np.testing.assert_allclose(shares, 0.2, atol=0.002)
    assert found["m"].value_counts(normalize=True)[5] < 0.05


def test_refunds_are_taken_off_and_what_is_left_below_zero_is_no_revenue() -> None:
    base = summary_base([1, 2, 3], [1, 2, 3], [-50, 10, 10])
    found = scored(base, method="equal_revenue", bins=2)
    assert found["f"].tolist() == [1, 1, 2]
    assert found["m"].tolist() == [1, 1, 1]
    with pytest.raises(InvalidInputError, match="needs revenue, and no customer's total value is above 0"):
        scored(summary_base([1, 2], [1, 1], [-5, 0]), method="equal_revenue")


# ----------------------------------------------------------------------------------------------- weights


def test_score_is_the_weighted_mean(base: CustomerBase) -> None:
    found = RFMScorer(weights=(1, 2, 5)).fit(base).transform(base)
    assert found.columns.tolist()[-3:] == ["rfm", "score", "segment"]
    np.testing.assert_allclose(found["score"], (found["r"] + 2 * found["f"] + 5 * found["m"]) / 8, rtol=1e-14)
    alone = RFMScorer(weights=(0, 0, 2.5), segments=None).fit(base).transform(base)
    assert (alone["score"] == alone["m"]).all()


@pytest.mark.parametrize("weights", [(1, 2), 1.0, (1, 1, -1), (0, 0, 0), (1, 1, np.inf), (1, 1, np.nan), "111"])
def test_weights_that_weigh_nothing_are_refused(weights: Any, base: CustomerBase) -> None:
    with pytest.raises(InvalidInputError, match="weights must be three numbers of at least 0"):
        RFMScorer(weights=weights).fit(base)


def test_weights_need_one_scale(base: CustomerBase) -> None:
    with pytest.raises(InvalidInputError, match=r"bins=\(5, 5, 3\) are of different ones: give equal bins"):
        RFMScorer(bins=(5, 5, 3), weights=(1, 1, 1), segments=None).fit(base)
