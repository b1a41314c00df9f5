"""Pictures show the numbers of the results they are given."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest

from evergreen import (
    BGNBD,
    ChurnDetector,
    CLVModel,
    Concentration,
    CustomerBase,
    CustomerBaseAudit,
    Evaluation,
    GapHistories,
    LoyaltyLadder,
    Overlap,
    RFMScorer,
    SegmentMoves,
    datasets,
    split,
)
from evergreen.errors import InvalidInputError, MissingExtraError


@pytest.fixture(autouse=True)
def plots(optional: Any) -> Iterator[Any]:
    matplotlib = optional("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from evergreen import plots

    yield plots
    plt.close("all")


@pytest.fixture(scope="module")
def model() -> CLVModel:
    return CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W")


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    halves = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W")
    return CLVModel().fit(halves).evaluate(halves, period="28D")


def test_segments_shows_both_shares(plots: Any) -> None:
    base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    summary = RFMScorer().fit(base).summary(base)
    ax = plots.segments(summary)
    value, customers = (np.array([bar.get_width() for bar in bars]) for bars in ax.containers)
    np.testing.assert_allclose(value, 100 * summary["share_of_value"])
    np.testing.assert_allclose(customers, 100 * summary["share"])
    assert [label.get_text() for label in ax.get_yticklabels()] == summary["segment"].tolist()


def test_cells_show_value_and_customers(plots: Any) -> None:
    base = CustomerBase.from_transactions(datasets.load_cdnow(sample=True))
    cells = RFMScorer(bins=(3, 4, 2), segments=None).fit(base).cells(base)
    ax = plots.cells(cells)
    (mesh,) = ax.collections
    assert mesh.get_array().shape == (4, 3)
    filled = cells[cells["customers"] > 0]
    np.testing.assert_allclose(np.sort(mesh.get_array().compressed()), np.sort(np.log(filled["average_value"])))
    told = [text.get_text().split("\n") for text in ax.texts]
    assert told == [[f"{row.average_value:,.0f}", f"{row.customers:,}"] for row in filled.itertuples()]


@pytest.fixture(scope="module")
def moved() -> SegmentMoves:
    log = datasets.load_cdnow(sample=True)
    before, after = split(log, at="1997-12-31").calibration, CustomerBase.from_transactions(log)
    return RFMScorer(segments="rf6").fit(before).compare(before, after)


@pytest.mark.parametrize("show", ["customers", "value"])
def test_moves_are_as_wide_as_what_moved(plots: Any, moved: SegmentMoves, show: str) -> None:
    ax = plots.moves(moved, show=show)
    amounts = moved.customers if show == "customers" else moved.value_after
    shares = amounts / amounts.sum()
    for bars, axis in zip(ax.containers, (1, 0), strict=True):
        np.testing.assert_allclose([bar.get_height() for bar in bars], shares.sum(axis=axis))
    corners = [stream.get_paths()[0].vertices for stream in ax.collections]
    widths = [np.ptp(points[points[:, 0] == points[:, 0].min(), 1]) for points in corners]
    np.testing.assert_allclose(sorted(widths), sorted(shares[shares > 0]), atol=1e-12)
    assert ax.texts[0].get_text() == f"champion  {amounts.sum(axis=1)[0]:,.0f}"


def test_moves_of_nothing_are_refused(plots: Any, moved: SegmentMoves) -> None:
    with pytest.raises(InvalidInputError, match="show='orders' is not allowed; choose one of 'customers', 'value'"):
        plots.moves(moved, show="orders")
    empty = SegmentMoves(moved.segments, moved.customers, moved.value_before, 0 * moved.value_after, 0.95)
    with pytest.raises(InvalidInputError, match="There is nothing to draw: all value are 0"):
        plots.moves(empty, show="value")


@pytest.mark.parametrize("show", ["p_purchase", "expected_purchases", "p_alive"])
def test_history_map_shows_the_forecast(plots: Any, model: CLVModel, show: str) -> None:
    ax = plots.history_map(model, age="52W", horizon="26W", max_frequency=5, show=show)
    (mesh,) = (child for child in ax.collections if child.get_array() is not None)
    assert isinstance(model.transaction_model_, BGNBD)
    drawn = mesh.get_array().reshape(120, 5)
    expected = getattr(model.transaction_model_.forecast(26.0, 5, 52.0, 52.0), show)
    np.testing.assert_allclose(drawn[0, 4], expected)
    assert ax.get_ylabel() == "weeks since the last purchase"


def test_history_map_refuses_what_it_cannot_show(plots: Any, model: CLVModel) -> None:
    with pytest.raises(ValueError, match="show='recency' is not allowed; choose one of 'p_purchase'"):
        plots.history_map(model, show="recency")


@pytest.mark.parametrize(
    ("cumulative", "columns", "words"),
    [(True, "cumulative_{}", "so far"), (False, "{}", "in 4 weeks")],
)
def test_tracking_shows_both_sides_of_the_split(
    plots: Any, evaluation: Evaluation, cumulative: bool, columns: str, words: str
) -> None:
    ax = plots.tracking(evaluation, cumulative=cumulative)
    for line, name in zip(ax.lines, ("actual", "expected"), strict=False):
        np.testing.assert_array_equal(line.get_xdata(), evaluation.tracking["time"])
        np.testing.assert_array_equal(line.get_ydata(), evaluation.tracking[columns.format(name)])
        assert line.get_label() == name
    (ends,) = evaluation.tracking["time"][evaluation.tracking["since_at"] == 0.0]
    np.testing.assert_allclose(ax.lines[2].get_xdata(), ends)
    assert ax.get_ylabel() == f"repeat purchases {words}"


def test_tracking_by_week_says_so(plots: Any) -> None:
    halves = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W")
    weekly = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W").evaluate(halves)
    assert plots.tracking(weekly, cumulative=False).get_ylabel() == "repeat purchases per week"


def test_by_frequency_shows_means_and_customers(plots: Any, evaluation: Evaluation) -> None:
    ax = plots.by_frequency(evaluation)
    table = evaluation.by_frequency
    for bars, name in zip(ax.containers, ("actual", "expected"), strict=True):
        np.testing.assert_allclose([bar.get_height() for bar in bars], table[name])
    below = [label.get_text().split("\n") for label in ax.get_xticklabels()]
    assert [frequency for frequency, _ in below] == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    assert [customers for _, customers in below] == [f"{customers:,}" for customers in table["customers"]]


def test_calibration_shows_intervals_and_the_diagonal(plots: Any, evaluation: Evaluation) -> None:
    ax = plots.calibration(evaluation)
    table = evaluation.calibration
    diagonal, points = ax.lines
    np.testing.assert_array_equal(diagonal.get_xydata(), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(points.get_xydata(), table[["predicted", "observed"]])
    (bars,) = ax.collections
    drawn = np.array(bars.get_segments())
    np.testing.assert_allclose(drawn[:, :, 1], table[["lower", "upper"]])


@pytest.mark.parametrize("dates", [["1997-09-30"], ["1997-09-30", "1997-12-31", "1998-03-31"]])
def test_churn_backtest_shows_every_date(plots: Any, dates: list[str]) -> None:
    found = ChurnDetector(horizon="13W").backtest(datasets.load_cdnow(sample=True), at=dates)
    ax = plots.churn_backtest(found)
    diagonal, *points = ax.lines
    np.testing.assert_array_equal(diagonal.get_xydata(), [[0, 0], [1, 1]])
    assert len(points) == len(ax.collections) == len(dates)
    for at, drawn, bars in zip(dates, points, ax.collections, strict=True):
        table = found.calibration[found.calibration["at"] == date.fromisoformat(at)]
        np.testing.assert_allclose(drawn.get_xdata(), table["predicted"], atol=0.0121)
        np.testing.assert_array_equal(drawn.get_ydata(), table["observed"])
        np.testing.assert_allclose(np.array(bars.get_segments())[:, :, 1], table[["lower", "upper"]])
    labels = ax.get_legend_handles_labels()[1]
    auc = found.table.set_index("score")["auc"]
    wanted = zip(dates, np.atleast_1d(auc["bg/nbd"]), np.atleast_1d(auc["days since last"]), strict=True)
    assert labels == [f"{at}: {model:.3f}, silence {rule:.3f}".replace("0.", ".") for at, model, rule in wanted]


def test_concentration_shows_the_curve_its_interval_and_the_top(plots: Any) -> None:
    found = Concentration.of([60, 20, 5, 5, 5, 5], draws=50)
    ax = plots.concentration(found, top=0.5, label="value")
    equal, curve, down, point = ax.lines
    np.testing.assert_array_equal(equal.get_xydata(), [[0, 0], [100, 100]])
    np.testing.assert_allclose(curve.get_xdata(), 100 * np.arange(7) / 6)
    np.testing.assert_allclose(curve.get_ydata(), [0, 60, 80, 85, 90, 95, 100])
    np.testing.assert_allclose(point.get_xydata(), [[50, 85]])
    np.testing.assert_allclose(down.get_ydata(), [0, 85])
    assert [text.get_text() for text in ax.texts] == ["top 50 % hold 85 %"]
    (band,) = ax.collections
    assert found.upper is not None
    assert band.get_paths()[0].vertices[:, 1].max() == pytest.approx(100 * found.upper.max())
    plots.concentration(Concentration.of([5, 1], draws=0), label="trouble", ax=ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["value", "trouble"]
    assert len(ax.lines) == 4 + 3


def test_concentration_with_losses_shows_the_peak(plots: Any) -> None:
    ax = plots.concentration(Concentration.of([70, 30, 20, -20], draws=0))
    assert [text.get_text() for text in ax.texts] == ["top 20 % hold 70 %", "peak: 75 % bring 120 %"]
    np.testing.assert_allclose(ax.lines[-1].get_xydata(), [[75, 120]])
    assert ax.get_ylim()[1] > 120


@pytest.mark.parametrize(
    ("show", "first"), [("customers", "10.0 %\n10 (3 expected)"), ("value", "40.0 %"), ("trouble", "62.5 %")]
)
def test_overlap_shows_each_cell(plots: Any, show: Any, first: str) -> None:
    customers, value = np.array([[10, 20], [0, 70]]), np.array([[4.0, 3.0], [0.0, 3.0]])
    found = Overlap(("A", "B"), customers, value, np.array([[5.0, 1.0], [0.0, 2.0]]))
    ax = plots.overlap(found, show=show)
    (mesh,) = (child for child in ax.collections if child.get_array() is not None)
    shown = getattr(found, show)
    times = [[2.0, 20 / 27], [0.5, 70 / 63]]  # within 0.5 and 2; expected are 3, 27, 7 and 63
    np.testing.assert_allclose(mesh.get_array(), np.log2(times) if show == "customers" else 100 * shown / shown.sum())
    assert ax.texts[0].get_text() == first
    assert len(ax.texts) == 4
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A", "B"]
    with pytest.raises(ValueError, match="show='share' is not allowed; choose one of 'customers', 'value', 'trouble'"):
        plots.overlap(found, show="share")


def test_return_curve_shows_a_line_for_each_order(plots: Any) -> None:
    gaps = CustomerBase.from_transactions(datasets.load_cdnow(sample=True), time_unit="W").gaps()
    ax = plots.return_curve(gaps, within="90D")
    steps = [line for line in ax.lines if len(line.get_xdata()) > 1]
    parts = [gaps.at(1), gaps.at(2), gaps.from_order(3)]
    for line, band, part in zip(steps, ax.collections, parts, strict=True):
        table = part.curve().table()
        np.testing.assert_array_equal(line.get_xdata()[1:], table.time)
        np.testing.assert_allclose(line.get_ydata()[1:], 100 * table.came_back)
        heights = band.get_paths()[0].vertices[:, 1]
        assert heights.max() == pytest.approx(100 * table.upper.max())
    dots = [tuple(line.get_xydata()[0]) for line in ax.lines if len(line.get_xdata()) == 1]
    cuts = [part.curve().lapse_cut("90D") for part in parts]
    assert dots == [(cut, 100 * (1 - part.curve().survival(cut))) for cut, part in zip(cuts, parts, strict=True)]
    assert [text.get_text() for text in ax.texts] == [f"{cut:.3g}" for cut in cuts]
    assert ax.get_title("left") == "dots: from here on at most 10 % come back within 90 days"
    assert ax.get_xlabel() == "weeks since the purchase"


def test_return_curve_of_few(plots: Any) -> None:
    ax = plots.return_curve(GapHistories.of([1], [3.0], [1], [2]), within="1D")
    assert len(ax.lines) == 1
    assert not ax.texts
    assert plots.return_curve(GapHistories.of([1], [3.0], [1], [2])).get_title("left") == ""


def test_draws_on_given_axes(plots: Any, model: CLVModel) -> None:
    from matplotlib import pyplot as plt

    _, given = plt.subplots()
    assert plots.history_map(model, ax=given) is given


def test_missing_matplotlib_names_the_extra(plots: Any, model: CLVModel, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install 'evergreen-clv\[plot\]'"):
        plots.history_map(model)


@pytest.mark.parametrize("show", ["customers", "share"])
def test_ladder_shows_who_stood_where(plots: Any, show: str) -> None:
    log = datasets.load_cdnow(sample=True)
    climbing = LoyaltyLadder().fit(CustomerBase.from_transactions(log))
    moved = climbing.movement(log, every="3M", start="1996-12-31", end="1998-06-30")
    ax = plots.ladder(moved, show=show)
    there = moved.customers.to_numpy()[:, 1:]
    if show == "share":
        there = 100 * there[1:] / there[1:].sum(axis=1, keepdims=True)
    for area, last in zip(ax.collections, there.cumsum(axis=1)[-1], strict=True):
        corners = area.get_paths()[0].vertices
        np.testing.assert_allclose(corners[corners[:, 0] == corners[:, 0].max(), 1].max(), last)
    assert [area.get_label() for area in ax.collections] == list(moved.rungs)
    told = dict([*text.get_text().split("  "), ""][:2] for text in ax.texts)
    assert told["loyal"] == f"{there[-1, -1]:,.0f}" + (" %" if show == "share" else "")
    assert told["first-time"] == ""  # nobody at the end: the name alone, where there were most


def test_ladder_refuses_what_it_cannot_show(plots: Any) -> None:
    with pytest.raises(InvalidInputError, match="show='value' is not allowed; choose one of 'customers', 'share'"):
        plots.ladder(None, show="value")


@pytest.fixture(scope="module")
def audit() -> CustomerBaseAudit:
    log = datasets.load_cdnow(sample=True)
    return CustomerBaseAudit.from_transactions(log[log["date"] <= "1997-08-15"], period="M")


def test_cohort_map_shows_shares_and_marks_what_was_seen_in_part(plots: Any, audit: CustomerBaseAudit) -> None:
    ax = plots.cohort_map(audit)
    shares = audit.cohorts().to_numpy()[:3, 1:]
    np.testing.assert_allclose(ax.collections[0].get_array().filled(np.nan), shares)
    partial = [text.get_text() for text in ax.texts if text.get_text().endswith("*")]
    assert partial == [f"{row[np.isfinite(row)][-1]:.0%}*" for row in shares]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1997-01", "1997-02", "1997-03"]


def test_cohort_map_of_many_periods_has_a_scale(plots: Any) -> None:
    log = datasets.load_cdnow(sample=True)
    long = CustomerBaseAudit.from_transactions(log, period="M", observation_end="1999-12-31")
    ax = plots.cohort_map(long)
    assert not ax.texts
    assert len(ax.figure.axes) == 2


def test_revenue_by_cohort_adds_up(plots: Any, audit: CustomerBaseAudit) -> None:
    ax = plots.revenue_by_cohort(audit)
    assert len(ax.containers) == 3
    tops = np.max([[bar.get_y() + bar.get_height() for bar in bars] for bars in ax.containers], axis=0)
    np.testing.assert_allclose(tops, audit.whole()["revenue"])
    assert [bar.get_hatch() for bar in ax.containers[0]][-2:] == ["", "//"]


@pytest.mark.parametrize("show", ["groups", "drivers"])
def test_bridge_leads_from_one_period_to_the_other(plots: Any, audit: CustomerBaseAudit, show: str) -> None:
    pair = audit.two_periods("1997-03", "1997-04", margin=0.4)
    ax = plots.bridge(pair, show=show)
    table = pair.bridge() if show == "groups" else pair.drivers()
    table = table[table["amount"] != 0]
    bars = list(ax.containers[0])
    np.testing.assert_allclose([bar.get_height() for bar in bars], table["amount"])
    ends = [bar.get_y() + bar.get_height() for bar in bars]
    np.testing.assert_allclose([bar.get_y() for bar in bars[1:-1]], ends[:-2], atol=1e-9)
    assert ends[-2] == pytest.approx(ends[-1])
    assert ax.get_ylabel() == "profit"
    assert plots.bridge(audit.two_periods("1997-03", "1997-04")).get_ylabel() == "revenue"


def test_deciles_show_both_shares(plots: Any, audit: CustomerBaseAudit) -> None:
    one = audit.one_period("1997-03")
    value, customers = plots.deciles(one).containers
    np.testing.assert_allclose([bar.get_height() for bar in value], 100 * one.deciles()["share_of_revenue"])
    np.testing.assert_allclose([bar.get_height() for bar in customers], 100 * one.deciles()["share"])


def test_an_audit_that_shows_nothing_is_not_drawn(plots: Any, audit: CustomerBaseAudit) -> None:
    log = datasets.load_cdnow(sample=True)
    with pytest.raises(InvalidInputError, match="no cohort was seen beyond its first period"):
        plots.cohort_map(CustomerBaseAudit.from_transactions(log[log["date"] < "1998"], period="Y"))
    with pytest.raises(InvalidInputError, match="the customers of 1997-01 brought no revenue"):
        plots.deciles(CustomerBaseAudit.from_transactions(log.assign(amount=0.0), period="M").one_period("1997-01"))
    with pytest.raises(InvalidInputError, match="show='all' is not allowed"):
        plots.bridge(audit.two_periods("1997-01", "1997-02"), show="all")
