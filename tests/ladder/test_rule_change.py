"""Two sets of rules on the same customers: who rises, who falls, and what they are worth."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from evergreen import CustomerBase, LoyaltyLadder, Rung, Rungs, datasets
from evergreen.errors import InvalidInputError
from tests.contracts.registry import ENGINES, Engine, base_of, sample_log


def stairs(*begins: int, names: str = "abcdef") -> Rungs:
    """Return rungs that begin at numbers of orders."""
    ends = [*begins[1:], None]
    boxes = zip(names, begins, ends, strict=False)
    return Rungs([Rung(name, {"orders": (begin, end)}) for name, begin, end in boxes])


BY_MONEY = Rungs([Rung("a", {"total_value": (None, 40)}), Rung("b", {"total_value": (40, None)})])


@pytest.fixture(scope="module")
def base() -> CustomerBase:
    return CustomerBase.from_transactions(datasets.load_cdnow(sample=True))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (stairs(1, 3, 6), stairs(1, 2, 8)),
        (stairs(1, 3), stairs(1, 3, 6)),
        (stairs(1, 3, 6), stairs(1, 3, names="ac")),
        (stairs(1, 2), BY_MONEY),
    ],
    ids=["moved", "one more", "one less", "by other columns"],
)
def test_changes_are_those_of_the_customers(base: CustomerBase, old: Rungs, new: Rungs) -> None:
    change = LoyaltyLadder(rungs=old).fit(base).compare(new, base)
    scored = [LoyaltyLadder(rungs=rungs).fit(base).transform(base)["rung"] for rungs in (old, new)]
    value = base.frame["total_value"]
    frame: Any = change.to_frame().set_index(["old", "new"])
    for before, after in product(old.names, new.names):
        there = (scored[0] == before) & (scored[1] == after)
        row = frame.loc[(before, after)]
        assert row["customers"] == there.sum()
        np.testing.assert_allclose(row["total_value"], value[there].sum(), atol=1e-9)
        assert row["change"] == ("rises" if after > before else "falls" if after < before else "stays")
    summary: Any = change.summary().set_index("change")
    assert summary.loc["falls", "customers"] == (scored[1] < scored[0]).sum()
    np.testing.assert_allclose(summary.loc["falls", "total_value"], value[scored[1] < scored[0]].sum(), atol=1e-9)
    assert summary["customers"].sum() == len(base)
    np.testing.assert_allclose(summary["total_value"].sum(), value.sum(), rtol=1e-13)


def test_the_same_rules_move_nobody(base: CustomerBase) -> None:
    change = LoyaltyLadder(rungs=stairs(1, 4)).fit(base).compare(stairs(1, 4), base)
    assert repr(change) == "2,357 customers under other rules: 0 rise, 0 fall (worth 0), 2,357 stay"


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_engines_agree_to_the_bit(engine: Engine) -> None:
    log = sample_log()
    ladder = LoyaltyLadder(rungs=stairs(1, 3, 6)).fit(base_of(log))
    wanted, found = (ladder.compare(stairs(1, 2, 8), base_of(frame)) for frame in (log, engine.of(log)))
    np.testing.assert_array_equal(found.customers, wanted.customers)
    assert wanted.total_value is not None
    assert found.total_value is not None
    np.testing.assert_array_equal(found.total_value, wanted.total_value)


@pytest.mark.parametrize("names", ["xyz", "ba", "adb"])
def test_ladders_that_cannot_be_compared_are_refused(base: CustomerBase, names: str) -> None:
    new = stairs(*range(1, len(names) + 1), names=names)
    with pytest.raises(
        InvalidInputError, match="in the same order, so that it is clear who rises: the rungs are a, b, c"
    ):
        LoyaltyLadder(rungs=stairs(1, 3, 6)).fit(base).compare(new, base)
