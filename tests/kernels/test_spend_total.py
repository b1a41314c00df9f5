"""Totals of an uncertain number of occasions, against simulation and quadrature of the story."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp
from scipy.stats import kstest, nbinom

from evergreen.kernels import gamma_gamma
from evergreen.kernels.spend_total import total_cdf, total_quantile
from tests.reference.bgnbd_story import exactly

positive = st.floats(np.log(0.05), np.log(200)).map(lambda y: float(np.exp(y)))
parameter_sets = st.tuples(positive, positive, positive)
PUBLISHED = (6.25, 3.74, 15.44)


@st.composite
def chances(draw: st.DrawFn) -> np.ndarray:
    """Probabilities of up to 6 occasions, of which some are impossible."""
    weights = np.array(draw(st.lists(st.integers(0, 9), min_size=2, max_size=7).filter(any)), float)
    return weights / weights.sum()


def story(parameters: Any, value: float, probability: np.ndarray, x: int, mean: float) -> Any:
    """Average, over a customer's nu given what was seen, the probability that n gamma(p, nu) values stay below."""
    p, q, v = exactly(*parameters)
    shape, rate, s = q + p * x, v + x * mp.mpf(mean), mp.mpf(value)

    def given_log_nu(y: Any) -> Any:
        nu = mp.exp(y)
        density = mp.exp(shape * mp.log(rate * nu) - rate * nu - mp.loggamma(shape))
        below = mp.fsum(
            mp.mpf(chance) * (mp.gammainc(p * n, 0, nu * s, regularized=True) if n else 1)
            for n, chance in enumerate(probability.tolist())
            if chance
        )
        return density * below

    center, width = mp.log(shape / rate), 1 / mp.sqrt(shape)
    ends = [center - 40 * max(width, 1 / shape), center + 3 * width + mp.log1p(40 / shape)]
    inner = [center + k * width for k in (-9, -3, 0, 3)]
    return mp.quad(given_log_nu, [ends[0], *[y for y in inner if ends[0] < y < ends[1]], ends[1]])


@pytest.mark.parametrize(
    ("parameters", "value", "x", "mean"),
    [
        (PUBLISHED, 80.0, 3, 35.0),
        (PUBLISHED, 1e3, 0, 0.0),
        ((0.3, 0.7, 100.0), 2.0, 1, 5.0),
        ((30.0, 12.0, 5.0), 33.0, 2, 12.5),
        ((2.0, 1.5, 0.1), 1e-3, 0, 0.0),
    ],
)
def test_cdf_is_the_story(parameters: gamma_gamma.Parameters, value: float, x: int, mean: float) -> None:
    probability = np.array([0.4, 0.3, 0.15, 0.0, 0.15])
    found = total_cdf(parameters, np.array([value]), probability[None], np.array([x]), np.array([mean]))
    with mp.workdps(20):
        assert found[0] == pytest.approx(float(story(parameters, value, probability, x, mean)), rel=1e-11)


@pytest.mark.parametrize("parameters", [PUBLISHED, (0.4, 1.2, 100.0), (40.0, 12.0, 5.0)])
def test_simulation(parameters: gamma_gamma.Parameters) -> None:
    """Customers as they are: levels drawn first, then occasions seen, then occasions to come."""
    p, _, _ = parameters
    random = np.random.default_rng(6)
    n = 5_000
    x = random.integers(0, 6, n)
    mean, level = gamma_gamma.simulate(parameters, x, random)
    shape = 0.5 + x
    share = np.asarray(nbinom.pmf(np.arange(60), shape[:, None], 0.6))
    ahead = nbinom.rvs(shape, 0.6, random_state=random)
    total = np.where(ahead > 0, random.gamma(p * np.maximum(ahead, 1)) * level / p, 0.0)
    reached = total_cdf(parameters, total, share, x, mean)
    spread = reached - (total == 0) * random.random(n) * share[:, 0]  # nothing spreads over its probability
    assert kstest(spread, "uniform").pvalue > 1e-4
    for wanted in (0.5, 0.95):
        below = total <= total_quantile(parameters, wanted, share, x, mean)
        certain = np.maximum(share[:, 0], wanted)
        assert abs((below - certain).mean()) < 5 * np.sqrt((certain * (1 - certain)).sum()) / n


@given(
    parameters=parameter_sets,
    probability=chances(),
    x=st.integers(0, 100),
    mean=positive,
    level=st.floats(1e-3, 0.999),
)
def test_quantile_is_the_inverse(
    parameters: gamma_gamma.Parameters, probability: np.ndarray, x: int, mean: float, level: float
) -> None:
    customer = probability[None], np.array([x]), np.array([mean])
    found = total_quantile(parameters, level, *customer)
    if level <= probability[0]:
        assert found[0] == 0
    elif np.isfinite(found[0]) and found[0] > 1e-290:
        assert np.all(total_cdf(parameters, found * (1 - 1e-10), *customer) <= level + 1e-10)
        assert np.all(total_cdf(parameters, found * (1 + 1e-10), *customer) >= level - 1e-10)


@given(parameters=parameter_sets, probability=chances(), x=st.integers(0, 50), mean=positive)
def test_cdf_and_quantile_rise(
    parameters: gamma_gamma.Parameters, probability: np.ndarray, x: int, mean: float
) -> None:
    values = np.array([0.0, 1e-300, 1.0, 10.0, 1e3, 1e6, 1e300, np.inf])
    rows = np.tile(probability, (len(values), 1)), np.full(len(values), x), np.full(len(values), mean)
    found = total_cdf(parameters, values, *rows)
    assert np.all(np.diff(found) >= -1e-14)
    assert found[0] == pytest.approx(probability[0], abs=1e-15)
    assert found[-1] == pytest.approx(1, abs=1e-14)
    customer = probability[None], np.array([x]), np.array([mean])
    quantiles = [total_quantile(parameters, level, *customer)[0] for level in (0.01, 0.3, 0.5, 0.9, 0.99)]
    assert np.all(np.diff(quantiles) >= -1e-9 * np.array(quantiles[1:]))


@pytest.mark.parametrize("p", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("q", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("x", [0, 1, 100_000])
def test_no_parameters_are_too_much(p: float, q: float, x: int) -> None:
    """Also where quantiles are too small or too large for a float."""
    customer = np.array([[0.2, 0.5, 0.3]]), np.array([x]), np.array([30.0])
    for level in (0.1, 0.5, 0.9, 1 - 1e-9):
        found = total_quantile((p, q, 20.0), level, *customer)
        assert found[0] >= 0
        assert 0.2 <= total_cdf((p, q, 20.0), found, *customer)[0] <= 1


@given(unit=st.sampled_from([0.01, 100.0, 157.3]), x=st.integers(0, 50), mean=positive, level=st.floats(0.3, 0.99))
def test_the_currency_changes_nothing(unit: float, x: int, mean: float, level: float) -> None:
    p, q, v = PUBLISHED
    share, count = np.array([[0.2, 0.5, 0.3]]), np.array([x])
    here = total_quantile(PUBLISHED, level, share, count, np.array([mean]))
    there = total_quantile((p, q, v * unit), level, share, count, np.array([mean * unit]))
    assert there[0] == pytest.approx(unit * here[0], rel=1e-13)


def test_a_customer_does_not_know_his_neighbors() -> None:
    random = np.random.default_rng(7)
    n = 200
    x, mean = random.integers(0, 9, n), random.gamma(4, 9, n)
    share = np.asarray(nbinom.pmf(np.arange(40), 0.5 + x[:, None], 0.6))
    value = random.gamma(1, 80, n)
    cdf = total_cdf(PUBLISHED, value, share, x, mean)
    quantile = total_quantile(PUBLISHED, 0.9, share, x, mean)
    for i in range(n):
        one = share[[i], : 40 if i % 2 else 50], x[[i]], mean[[i]]
        assert total_cdf(PUBLISHED, value[[i]], *one)[0] == cdf[i]
        assert total_quantile(PUBLISHED, 0.9, *one)[0] == quantile[i]
    wider = np.column_stack((share, np.zeros((n, 30))))
    np.testing.assert_array_equal(total_quantile(PUBLISHED, 0.9, wider, x, mean), quantile)
    np.testing.assert_array_equal(total_cdf(PUBLISHED, value, wider, x, mean), cdf)


@given(lost=st.floats(0, 0.2), level=st.floats(0.05, 0.75))
def test_what_a_row_lacks_is_the_most_it_can_be_wrong(lost: float, level: float) -> None:
    whole = np.array([[0.3, 0.3, 0.2, 0.2]])
    cut = whole.copy()
    cut[0, 3] = 0.2 - lost
    nobody, value = (np.array([0]), np.zeros(1)), np.array([60.0])
    full, short = (total_cdf(PUBLISHED, value, share, *nobody)[0] for share in (whole, cut))
    assert full <= short + 1e-15
    assert short <= full + lost + 1e-15
    reached = total_cdf(PUBLISHED, total_quantile(PUBLISHED, level, cut, *nobody), whole, *nobody)[0]
    assert max(level, 0.3) - lost - 1e-12 <= reached <= max(level, 0.3) + 1e-12


def test_nobody_spends() -> None:
    rows = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 3]), np.array([0.0, 20.0])
    assert total_cdf(PUBLISHED, np.array([0.0, 5.0]), *rows).tolist() == [1.0, 1.0]
    assert total_quantile(PUBLISHED, 0.999, *rows).tolist() == [0.0, 0.0]
    nobody = np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros(0)
    assert total_quantile(PUBLISHED, 0.5, *nobody).tolist() == []
