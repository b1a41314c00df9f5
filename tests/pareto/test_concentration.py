"""A concentration keeps what a curve says, in few points, with intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen import Concentration, Estimate, gini, share_of_top, smallest_share
from evergreen.errors import InputTypeError, InvalidInputError

RANDOM = np.random.default_rng(5)
BASES = {
    "three": np.array([5.0, 3.0, 1.0]),
    "shared values": RANDOM.geometric(0.2, 5_000) * 2.5,
    "distinct values": RANDOM.lognormal(3, 1.2, 20_000),
    "one has half": np.append(np.ones(9_999), 10_000.0),
    "one loses half": np.append(RANDOM.lognormal(3, 1.2, 9_999), -100_000.0),
    "losses": RANDOM.normal(20, 40, 8_000),
    "most have nothing": np.where(RANDOM.random(9_000) < 0.9, 0.0, RANDOM.lognormal(3, 1, 9_000)),
}
PER_MILLE = [*range(1, 1_001, 37), 10, 50, 200, 500, 800, 950, 1_000]


@pytest.fixture(params=BASES, ids=str)
def values(request: pytest.FixtureRequest) -> np.ndarray:
    return BASES[request.param]


def test_tenths_of_a_percent_are_exact(values: np.ndarray) -> None:
    found = Concentration.of(values, draws=0)
    assert found.gini.estimate == pytest.approx(gini(values), rel=1e-13)
    for share in (per_mille / 1_000 for per_mille in PER_MILLE):
        assert found.share_of_top(share).estimate == pytest.approx(share_of_top(values, share), rel=1e-12)
        assert found.customers_for(share).estimate == smallest_share(values, share)


def test_few_points_are_enough(values: np.ndarray) -> None:
    found = Concentration.of(values, draws=0)
    assert len(found.points) <= 5_001
    moved = np.abs(values).sum() / values.sum()
    for share in np.random.default_rng(1).uniform(0.0005, 1, 200).tolist():
        difference = share_of_top(values, share) - found.share_of_top(share).estimate
        assert -1e-12 <= difference < 0.001 * moved
        more = found.customers_for(share).estimate - smallest_share(values, share)
        assert 0 <= more <= 0.001 + 1 / len(values)


def test_the_whale(values: np.ndarray) -> None:
    found, best = Concentration.of(values, draws=0), np.sort(values)[::-1]
    curve = np.cumsum(best) / best.sum()
    assert found.peak.estimate == pytest.approx(curve.max(), rel=1e-12)
    assert found.peak_at.estimate == (values > 0).mean()
    assert found.erosion.estimate == pytest.approx(-values[values < 0].sum() / values.sum(), abs=1e-12)
    assert ("lose" in str(found)) == bool((values < 0).any())


@given(st.lists(st.integers(-5, 50), min_size=1, max_size=30).filter(lambda values: sum(values) > 0))
def test_small_bases_are_kept_whole(values: list[int]) -> None:
    found = Concentration.of(values, draws=0)
    best = sorted(values, reverse=True)
    assert (found.customers, found.total) == (len(values), sum(values))
    for point, share in zip(found.points.tolist(), found.value.tolist(), strict=True):
        assert share == pytest.approx(sum(best[:point]) / sum(values), abs=1e-14)
    assert set(found.points.tolist()) >= {0, *(sum(value >= level for value in values) for level in values)}


# ------------------------------------------------------------------------------------------------ intervals


@pytest.mark.parametrize("name", ["shared values", "distinct values", "losses", "most have nothing"])
def test_intervals_are_those_of_samples_drawn_one_by_one(name: str) -> None:
    values = BASES[name][:400]
    found = Concentration.of(values, draws=2_000, level=0.9)
    random, draws = np.random.default_rng(9), 1_000
    samples = [random.choice(values, len(values)) for _ in range(draws)]
    for figure, of in (
        (found.gini, gini),
        (found.share_of_top(0.2), share_of_top),
        (found.customers_for(0.8), smallest_share),
    ):
        drawn = np.array([of(sample) for sample in samples])
        lower, upper = np.quantile(drawn, [0.05, 0.95])
        near = 0.25 * drawn.std() + 1.5 / len(values)
        assert figure.lower == pytest.approx(lower, abs=near)
        assert figure.upper == pytest.approx(upper, abs=near)
        assert figure.lower <= figure.estimate <= figure.upper


def test_intervals_of_shares_enclose_them(values: np.ndarray) -> None:
    found = Concentration.of(values, draws=60)
    for share in (0.05, 0.2, 0.5, 0.8):
        for figure in (found.share_of_top(share), found.customers_for(share)):
            assert figure.lower <= figure.upper or math.isnan(figure.lower)
    whole = found.share_of_top(1.0)
    assert (whole.estimate, whole.lower, whole.upper) == pytest.approx((1, 1, 1))


def test_the_same_values_have_the_same_intervals() -> None:
    values = BASES["distinct values"][:500]
    one, other = (Concentration.of(some, draws=50) for some in (values, np.random.default_rng(1).permutation(values)))
    assert str(one) == str(other)
    np.testing.assert_array_equal(one.lower, other.lower)
    assert Concentration.of(values, draws=50, seed=1).gini != one.gini
    assert str(Concentration.of(values, draws=0).gini) == str(Estimate(one.gini.estimate))


def test_a_higher_level_has_wider_intervals() -> None:
    values = BASES["distinct values"][:500]
    narrow, wide = (Concentration.of(values, level=level).gini for level in (0.5, 0.99))
    assert wide.lower < narrow.lower < narrow.estimate < narrow.upper < wide.upper


@pytest.mark.slow
@pytest.mark.parametrize(("n", "least", "most"), [(500, 0.83, 0.95), (5_000, 0.9, 0.99)])
def test_coverage_of_gini_is_as_documented(n: int, least: float, most: float) -> None:
    """Percentile intervals on a lognormal population: 89 % at 500 customers, 94 % at 5,000 were found in 2,000."""
    truth = math.erf(1.2 / 2)
    random, held = np.random.default_rng(4), 0
    for _ in range(150):
        found = Concentration.of(random.lognormal(3, 1.2, n), draws=150).gini
        held += found.lower <= truth <= found.upper
    assert least <= held / 150 <= most


def test_shares_of_a_total_that_may_be_lost_have_no_interval() -> None:
    found = Concentration.of([50.0, -20.0, -20.0], draws=100)
    assert found.share_of_top(0.3).estimate == 5
    for figure in (found.gini, found.peak, found.erosion, found.share_of_top(0.3), found.customers_for(0.8)):
        assert math.isnan(figure.lower)
        assert math.isnan(figure.upper)
    assert not math.isnan(found.peak_at.lower)


# ------------------------------------------------------------------------------------------------ words


def test_it_says_whether_80_20_holds() -> None:
    values = [40, 40, *[2] * 8, *[0.5] * 8]
    found = Concentration.of(values, draws=0)
    assert str(found) == (
        "20 % of 18 customers hold 84.0 % of the total. 80 % of it comes from 11.1 % of them. Gini 0.742."
    )
    assert repr(found) == f"Concentration({found})"
    losing = Concentration.of([60, 30, 20, -10], draws=0)
    assert str(losing).endswith("The best 75.0 % bring 110.0 %, of which the others lose 10.0 %.")


def test_tables_have_every_figure_with_its_interval() -> None:
    found = Concentration.of(BASES["losses"], draws=50)
    table = found.to_frame().set_index("figure")
    assert list(table) == ["estimate", "lower", "upper"]
    assert table.index.tolist() == [
        "Gini",
        *(f"share of the top {share} %" for share in (1, 5, 10, 20, 50)),
        *(f"customers for {share} %" for share in (50, 80, 95)),
        "customers of positive value",
        "share of these",
        "lost after them",
    ]
    assert table.loc["share of the top 20 %", "upper"] == found.share_of_top(0.2).upper
    assert table.loc["lost after them", "estimate"] == found.erosion.estimate
    page = found._repr_html_()
    assert page.count("<tr>") == len(table)
    assert "over 8,000 customers" in page


def test_what_is_refused() -> None:
    with pytest.raises(InvalidInputError) as caught:
        Concentration.of([1, -3, 1])
    assert str(caught.value) == "The values of 3 customers add up to -1: shares need a total above 0."
    with pytest.raises(InvalidInputError, match="draws must be finite and at least 0, got -1"):
        Concentration.of([1], draws=-1)
    with pytest.raises(InvalidInputError, match=r"draws=0.5 must be a whole number of at least 0\."):
        Concentration.of([1], draws=0.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputTypeError, match="seed must be a number, got str"):
        Concentration.of([1], seed="now")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidInputError, match="level must lie between 0 and 1, got 95"):
        Concentration.of([1], level=95)
    with pytest.raises(InvalidInputError, match="share must be above 0"):
        Concentration.of([1], draws=0).share_of_top(0)


def test_resamples_without_anything_to_share_do_not_count() -> None:
    """One customer of a hundred makes all the trouble, and 37 of 100 resamples miss him."""
    found = Concentration.of([0] * 99 + [5], draws=400)
    assert 200 < found.draws < 300
    assert found.gini.estimate == pytest.approx(0.99)
    assert 0.9 < found.gini.lower < found.gini.estimate < found.gini.upper + 1e-12
    assert np.isfinite(found.to_frame()[["lower", "upper"]].to_numpy()).all()
