"""Arguments of models that do not go together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evergreen import BGNBD, Concentration, GammaGamma, PurchaseHistories, gini, lapse_cut, quantile_scores
from evergreen.errors import InputTypeError, InvalidInputError


def test_shapes_that_do_not_go_together() -> None:
    with pytest.raises(InvalidInputError, match=r"got frequency \(2,\), recency \(3,\), T \(\)\.$"):
        BGNBD(0.2, 4.0, 0.8, 2.4).p_alive([1, 2], [1.0, 2.0, 3.0], 9.0)
    with pytest.raises(InvalidInputError, match=r"got frequency \(2,\), monetary_value \(3,\)\.$"):
        GammaGamma(6.0, 4.0, 15.0).expected_spend([1, 2], [1.0, 2.0, 3.0])


def test_histories_add_to_histories_only() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        PurchaseHistories.of([0], [0], [9]) + 1  # type: ignore[operator]


@pytest.mark.parametrize(
    "wrong",
    ["x", ["a", "b"], b"a", {}, [[1.0], [1.0, 2.0]], object()],
    ids=["text", "texts", "bytes", "dict", "ragged", "object"],
)
def test_what_is_no_array_of_numbers_is_named(wrong: Any) -> None:
    for call in (gini, quantile_scores, Concentration.of):
        with pytest.raises(InputTypeError, match=f"values must be numbers, got {type(wrong).__name__}"):
            call(wrong)
    with pytest.raises(InputTypeError, match="count must be numbers"):
        gini([1.0, 2.0], count=wrong)


def test_times_are_not_taken_for_numbers() -> None:
    """A week is 7 days, or 604,800,000,000 of the microseconds that an array of times holds."""
    gaps: Any = np.array([7, 7, 14], "m8[us]")
    with pytest.raises(InputTypeError, match=r"lengths must be numbers, not times: divide timedelta64\[us\] by a unit"):
        lapse_cut(gaps, [True, True, False], within=7)
    with pytest.raises(InputTypeError, match="frequency must be numbers, not times"):
        PurchaseHistories.of(gaps, [0.0, 0.0, 0.0], [9.0, 9.0, 9.0])


@pytest.mark.parametrize(
    "text",
    [["1", "2"], np.array(["1", "2"]), np.array([1, "2"], object), pd.Series(["1", "2"], dtype="string")],
    ids=["list", "numpy", "mixed", "pandas"],
)
def test_text_is_not_taken_for_numbers(text: Any) -> None:
    """Numpy would read it; a column of text in a log is refused, too."""
    with pytest.raises(InputTypeError, match="values must be numbers, not text, got"):
        gini(text)
    with pytest.raises(InputTypeError, match="count must be numbers, not text, got"):
        gini([1.0, 2.0], count=text)


@pytest.mark.parametrize("counts", [[1e19, 1.0], np.array([2**63, 1], np.uint64)], ids=["float", "uint64"])
def test_whole_numbers_beyond_int64_do_not_turn_negative(counts: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"count must be below 2\*\*63"):
        gini([1.0, 2.0], count=counts)
