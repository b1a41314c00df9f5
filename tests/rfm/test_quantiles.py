"""Quantile scores of plain arrays are those of the scorer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen import CustomerBase, RFMScorer, datasets, quantile_scores
from evergreen.errors import InvalidInputError


def test_the_scorer_of_a_base_gives_the_same() -> None:
    base = CustomerBase.from_transactions(datasets.load_cdnow())
    scored = RFMScorer(bins=(4, 5, 9), segments=None).fit(base).transform(base)
    np.testing.assert_array_equal(quantile_scores(scored["days_since_last"], 4, lowest_best=True), scored["r"])
    np.testing.assert_array_equal(quantile_scores(scored["orders"]), scored["f"])
    np.testing.assert_array_equal(quantile_scores(scored["total_value"], 9), scored["m"])


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=50), st.integers(2, 30))
def test_the_formula(values: list[int], bins: int) -> None:
    wanted = [1 + bins * sum(other < value for other in values) // len(values) for value in values]
    assert quantile_scores(values, bins).tolist() == wanted
    assert quantile_scores([-value for value in values], bins, lowest_best=True).tolist() == wanted


@pytest.mark.parametrize(
    ("values", "bins", "words"),
    [
        ([], 5, "at least one, got shape \\(0,\\)"),
        ([[1.0, 2.0]], 5, "got shape \\(1, 2\\)"),
        ([1.0, np.nan], 5, "values must be finite: 1 of 2 rows, for example nan"),
        ([1.0], 1, "bins must be a whole number of at least 2, got 1"),
        ([1.0], 2.5, "bins must be a whole number of at least 2, got 2.5"),
    ],
)
def test_what_cannot_be_scored_is_refused(values: Any, bins: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        quantile_scores(values, bins)
