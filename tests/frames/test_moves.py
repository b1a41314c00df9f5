"""Customers of two bases, matched by their id."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evergreen import CustomerBase
from evergreen.frames import pair_totals
from tests.frames.kinds import KINDS

SUMMARY = pd.DataFrame({"frequency": 0, "recency": 0.0, "T": 9.0, "total_value": [5.0, 20.0, 1.5]})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", [("int32", "int64"), ("int64", "uint16")])
def test_ids_of_two_sizes_match(kind: str, sizes: tuple[str, str]) -> None:
    """One log was read with whole numbers of 4 bytes, the other with 8."""
    before, after = (
        CustomerBase.from_summary(KINDS[kind](SUMMARY.assign(customer_id=np.array(ids, size)))).scores()
        for ids, size in zip(([1, 2, 3], [2, 3, 4]), sizes, strict=True)
    )
    one, other = (table.with_cuts("class", "T", [10.0]) for table in (before, after))
    found = pair_totals(one, other, "class", "total_value")
    assert found.before.tolist() == [0, 1, 1]
    assert found.after.tolist() == [1, 0, 1]
    assert found.customers.tolist() == [1, 1, 2]
    assert found.value_before.tolist() == [0.0, 5.0, 21.5]
    assert found.value_after.tolist() == [1.5, 0.0, 25.0]
