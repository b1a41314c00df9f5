"""Arguments of models that do not go together."""

from __future__ import annotations

import pytest

from evergreen import BGNBD, GammaGamma, PurchaseHistories
from evergreen.errors import InvalidInputError


def test_shapes_that_do_not_go_together() -> None:
    with pytest.raises(InvalidInputError, match=r"got frequency \(2,\), recency \(3,\), T \(\)\.$"):
        BGNBD(0.2, 4.0, 0.8, 2.4).p_alive([1, 2], [1.0, 2.0, 3.0], 9.0)
    with pytest.raises(InvalidInputError, match=r"got frequency \(2,\), monetary_value \(3,\)\.$"):
        GammaGamma(6.0, 4.0, 15.0).expected_spend([1, 2], [1.0, 2.0, 3.0])


def test_histories_add_to_histories_only() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        PurchaseHistories.of([0], [0], [9]) + 1  # type: ignore[operator]
