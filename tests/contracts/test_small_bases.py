"""Laws of every transaction model on few customers: a model with a named outcome, and what a weak prior does."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from evergreen import FitStatus, PurchaseHistories, WeakPrior
from evergreen.models.fitting import FitResult
from evergreen.models.transactions import HistoryModel
from tests.contracts.registry import TIMED
from tests.reference import cdnow


@pytest.fixture(scope="module")
def real(truth: HistoryModel) -> tuple[np.ndarray, ...]:
    """Return the customers of CDNOW; weeks are opportunities where time is discrete."""
    base = cdnow.customers()
    if not truth.discrete:
        return base.frequency, base.recency, base.T
    t_x = np.ceil(base.recency)
    return np.minimum(base.frequency, t_x.astype(np.int64)), t_x, np.ceil(base.T)


@pytest.mark.parametrize("size", [30, 50, 100, 500])
def test_every_small_base_has_a_model(size: int, truth: HistoryModel, real: tuple[np.ndarray, ...]) -> None:
    """12 random bases of each size: no exception, no nan, and an outcome with a name."""
    random = np.random.default_rng(size)
    for _ in range(12):
        chosen = random.choice(len(real[0]), size, replace=False)
        sample = tuple(column[chosen] for column in real)
        fit = truth.refit(PurchaseHistories.of(*sample))
        assert fit.status in set(FitStatus) - {FitStatus.STOPPED}
        assert fit.message
        assert np.isfinite(fit.values).all()
        if fit.status is FitStatus.CONVERGED:
            assert np.isfinite(list(fit.standard_errors.values())).all()
        for part in fit.model.forecast(39.0, *sample, delta=0.002):
            assert (np.isfinite(part) & (part >= 0)).all()


# ------------------------------------------------------------------------------------------- weak priors


def distance(model: HistoryModel, histories: PurchaseHistories) -> float:
    """Return how far, in logarithms, the parameters are from those typical of customer bases."""
    problem = model.problem(histories)
    found = np.array([model.parameters[name] for name in problem.names])
    return float(np.linalg.norm(np.log(found / (problem.starts[0] * problem.units))))


def test_weak_prior_says_little_about_thousands(
    truth: HistoryModel, histories: PurchaseHistories, fitted: FitResult[HistoryModel]
) -> None:
    weighed = truth.refit(histories, prior=WeakPrior())
    assert weighed.status is FitStatus.CONVERGED
    for name, error in fitted.standard_errors.items():
        assert abs(weighed.parameters[name] - fitted.parameters[name]) < error, name
        assert weighed.standard_errors[name] < 1.2 * error, name


def test_weak_prior_pulls_few_towards_typical_values(truth: HistoryModel, customers: tuple[np.ndarray, ...]) -> None:
    few = PurchaseHistories.of(*(column[:40] for column in customers))
    fits = [truth.refit(few), *(truth.refit(few, prior=WeakPrior(spread)) for spread in (30.0, 10.0, 3.0, 1.01))]
    assert all(fit.status is FitStatus.CONVERGED for fit in fits[1:])
    far = [distance(fit.model, few) for fit in fits]
    assert all(nearer <= further * (1 + 1e-6) for further, nearer in pairwise(far))
    assert far[-1] < 0.05


@pytest.mark.parametrize("truth", TIMED, indirect=True)
@pytest.mark.parametrize("factor", [24.0, 1 / 365.2425], ids=["h", "Y"])
def test_weak_prior_knows_no_unit(factor: float, truth: HistoryModel, customers: tuple[np.ndarray, ...]) -> None:
    x, t_x, T = (column[:200] for column in customers)
    ours = truth.refit(PurchaseHistories.of(x, t_x, T), prior=WeakPrior()).model
    other = truth.refit(PurchaseHistories.of(x, t_x * factor, T * factor), prior=WeakPrior()).model
    for name, wanted in ours.forecast(90.0, x, t_x, T)._asdict().items():
        found = getattr(other.forecast(90.0 * factor, x, t_x * factor, T * factor), name)
        np.testing.assert_allclose(found, wanted, rtol=1e-7, err_msg=name)
