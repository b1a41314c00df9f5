"""What a type checker sees of the public interface.

The functions below are read by mypy and pyright as part of the project's checks: `assert_type` fails there if a
type is not the one that is promised, and an unused `type: ignore` fails there if a wrong call is not refused. Run by
pytest, the first group also shows that values are of these types, and the second that wrong calls raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, assert_type

import numpy as np
import pandas as pd
import pytest

from evergreen import (
    BGNBD,
    MBGNBD,
    ChurnBacktest,
    ChurnDetector,
    CLVFit,
    CLVModel,
    Concentration,
    CustomerBase,
    CustomerBaseAudit,
    CustomerEquity,
    Estimate,
    Evaluation,
    FitResult,
    FitStatus,
    GammaGamma,
    GapHistories,
    LadderMovement,
    LoyaltyLadder,
    LoyaltyPlan,
    MarkovChain,
    OnePeriod,
    Overlap,
    ParameterDraws,
    ParetoNBD,
    ParetoSegmenter,
    PurchaseHistories,
    ReturnCurve,
    RewardBudget,
    RFMScorer,
    Rhythm,
    RuleChange,
    Rung,
    Rungs,
    Scorecard,
    SegmentMap,
    SegmentMoves,
    SegmentRule,
    SpendHistories,
    Split,
    SuccessCriterion,
    SurprisePicks,
    Transitions,
    TwoPeriods,
    WeakPrior,
    bootstrap,
    compare,
    datasets,
    gini,
    interop,
    lapse_cut,
    lorenz,
    overdue_ratio,
    posterior,
    profit_threshold,
    quantile_scores,
    reward_budget,
    scorecard,
    share_of_top,
    smallest_share,
    split,
    surprise,
)
from evergreen.durations import in_days, in_units
from evergreen.errors import EvergreenError
from evergreen.kernels.shape import Forecast
from evergreen.models.covariates import CovariateModel
from evergreen.models.protocols import SpendModel, TransactionModel
from evergreen.models.state_estimates import StateEstimates
from evergreen.models.transactions import HistoryModel
from evergreen.pareto.quadrant import QuadrantCuts
from evergreen.typing import FloatArray, IntArray, TimeUnit


@pytest.fixture(scope="module")
def base() -> CustomerBase:
    return CustomerBase.from_summary(datasets.load_cdnow_summary(), time_unit="W")


# ------------------------------------------------------------------------------------- what comes back


def test_moves_make_a_chain_and_a_chain_estimates() -> None:
    moves = Transitions(("low", "high"), np.array([[90, 10], [20, 80]]), 91.0)
    assert_type(moves + moves, Transitions)
    assert_type(moves.rates(prior="fit"), FloatArray)
    assert_type(moves.intervals(0.9), tuple[FloatArray, FloatArray])
    chain = moves.chain(draws=0)
    assert_type(chain, MarkovChain)
    reward = {"low": 1.0, "high": 2.0}
    assert_type(chain.values(reward, horizon=timedelta(days=365)), StateEstimates)
    assert_type(chain.gain("low", "high", reward), Estimate)
    assert_type(chain.time_to(["high"])["low"], Estimate)
    assert_type(chain.steady_state().share, FloatArray)
    assert_type(chain.simulate({"low": 5}, 3, seed=1), IntArray)


def test_a_plan_is_priced_and_judged() -> None:
    day = date(2026, 12, 31)
    plan = LoyaltyPlan(
        rungs=("low", "high"),
        goal="climb",
        data=("orders",),
        program=(),
        criteria=(SuccessCriterion("share", 0.3, day),),
        entry="at once",
        contacts=(),
        surprise_budget=10.0,
        start=date(2026, 1, 1),
        end=day,
    )
    chain = MarkovChain(("low", "high"), np.eye(2), 91.0)
    assert_type(plan.predictability({"low": 3}), float)
    budget = reward_budget(plan, chain, {"low": 3}, horizon="1Y")
    assert_type(budget, RewardBudget)
    assert_type(budget.total, Estimate)
    assert_type(scorecard(plan, {"share": 0.4}, on=day), Scorecard)
    assert_type(surprise(["a"], ["low"], picks=1, salt="x"), SurprisePicks)


def test_measures_return_themselves_from_fit(base: CustomerBase) -> None:
    model = assert_type(CLVModel().fit(base), CLVModel)
    assert_type(CLVModel().set_params(spend=None), CLVModel)
    assert_type(RFMScorer().set_params(bins=4), RFMScorer)
    assert_type(CLVModel.from_models(BGNBD(1, 1, 1, 1), time_unit="W"), CLVModel)
    assert_type(model.transaction_model_, HistoryModel | CovariateModel)
    assert_type(model.fit_, CLVFit)
    assert_type(model.time_unit_, TimeUnit)
    assert_type(model.summary(), pd.DataFrame)
    assert_type(model.get_params(), dict[str, Any])


def test_scorers_learn_arrays(base: CustomerBase) -> None:
    valued = CustomerBase.from_summary(base.frame.assign(total_value=1.0))
    scorer = RFMScorer().fit(valued)
    assert_type(scorer, RFMScorer)
    assert_type(scorer.cut_points_, dict[str, FloatArray])
    assert_type(scorer.customers_, int)
    assert_type(scorer.compare(valued, valued), SegmentMoves)
    assert_type(scorer.compare(valued, valued).rates, pd.DataFrame)
    assert_type(quantile_scores([1.0, 2.0]), IntArray)


def test_concentrations_are_estimates(base: CustomerBase) -> None:
    segmenter = ParetoSegmenter(draws=0).fit(CustomerBase.from_summary(base.frame.assign(total_value=1.0)))
    assert_type(segmenter, ParetoSegmenter)
    found = assert_type(segmenter.value_, Concentration)
    assert_type(segmenter.trouble_, Concentration | None)
    assert_type(segmenter.overlap_, Overlap | None)
    assert_type(segmenter.quadrant_, QuadrantCuts | None)
    assert_type(found.gini, Estimate)
    assert_type(found.share_of_top(0.1), Estimate)
    assert_type(Concentration.of([1, 2], draws=0).customers_for(), Estimate)
    assert_type(found.to_frame(), pd.DataFrame)
    assert_type(gini([1, 2]), float)
    assert_type(share_of_top([1, 2], 0.5), float)
    assert_type(smallest_share([1, 2], 0.5), float)
    assert_type(lorenz([1, 2]), tuple[FloatArray, FloatArray])


def test_churn_is_told_in_frames_and_numbers(base: CustomerBase) -> None:
    detector = assert_type(ChurnDetector(horizon=timedelta(weeks=13)).fit(base), ChurnDetector)
    assert_type(detector.transaction_model_, HistoryModel | CovariateModel | None)
    assert_type(detector.rhythm_, Rhythm | None)
    assert_type(ChurnDetector.from_model(BGNBD(1, 1, 1, 1), time_unit="W"), ChurnDetector)
    found = ChurnDetector(horizon="13W").backtest(datasets.load_cdnow(sample=True), at="1997-09-30")
    assert_type(found, ChurnBacktest)
    assert_type(found.table, pd.DataFrame)
    assert_type(found.verdict, str)
    assert_type(overdue_ratio([1.0], 0, 0, population_gap=9.0, k=1), FloatArray)
    assert_type(profit_threshold([9.0], contact_cost=1, offer_cost=1, success_rate=0.3), FloatArray)


def test_a_fit_knows_its_model(base: CustomerBase) -> None:
    fit = BGNBD.fit(base.histories())
    assert_type(fit, FitResult[BGNBD])
    assert_type(fit.model, BGNBD)
    assert_type(fit.status, FitStatus)
    assert_type(fit.parameters, Mapping[str, float])
    assert_type(fit.intervals(0.9), Mapping[str, tuple[float, float]])
    assert_type(GammaGamma.fit(base.spends()), FitResult[GammaGamma])


def test_models_return_arrays() -> None:
    model = BGNBD(0.243, 4.414, 0.793, 2.426)
    assert_type(model.p_alive([1, 2], [3.0, 4.0], 5.0), FloatArray)
    assert_type(model.expected_purchases(39.0, 2, 30.43, 38.86), FloatArray)
    assert_type(model.forecast(39.0, [1], [2.0], [3.0]), Forecast)
    assert_type(GammaGamma(6.25, 3.74, 15.44).mean, float)
    assert_type(GammaGamma(6.25, 3.74, 15.44).credibility([0, 1]), tuple[FloatArray, FloatArray])


def test_draws_know_what_they_fit(base: CustomerBase) -> None:
    fit, histories = BGNBD.fit(base.histories(), prior=WeakPrior()), base.histories()
    drawn = posterior(fit, histories, prior=WeakPrior(), draws=20, seed=1)
    assert_type(drawn, ParameterDraws)
    assert_type(drawn.intervals(0.9), dict[str, tuple[float, float]])
    assert_type(bootstrap(fit.model, histories, replicates=2, seed=1), ParameterDraws)
    assert_type(fit.model.purchase_quantiles([0.5], 39.0, 2, 30.43, 38.86), IntArray)


def test_totals_and_evaluations() -> None:
    halves = split(datasets.load_cdnow(sample=True), at="1997-09-30", time_unit="W")
    model = CLVModel().fit(halves)
    equity = assert_type(model.customer_equity(halves.calibration, horizon="26W", draws=0), CustomerEquity)
    assert_type(equity.value.estimate, float)
    assert_type(model.new_customer_value(), float)
    found = assert_type(model.evaluate(halves), Evaluation)
    assert_type(found.measures, Mapping[str, float])
    assert_type(compare(["bg/nbd"], halves), pd.DataFrame)


def test_models_satisfy_their_protocols() -> None:
    for model in (MBGNBD, ParetoNBD):
        assert isinstance(model(1, 1, 1, 1), TransactionModel)
    transactions: TransactionModel = BGNBD(0.243, 4.414, 0.793, 2.426)
    spend: SpendModel = GammaGamma(6.25, 3.74, 15.44)
    assert isinstance(transactions, BGNBD)
    assert isinstance(spend, GammaGamma)


def test_bases_and_histories(base: CustomerBase) -> None:
    assert_type(base, CustomerBase)
    assert_type(len(base), int)
    assert_type(base.histories(), PurchaseHistories)
    assert_type(base.histories() + base.histories(), PurchaseHistories)
    assert_type(base.spends(), SpendHistories)
    assert_type(base.purchase_arrays(), tuple[IntArray, FloatArray, FloatArray])
    assert_type(split(datasets.load_cdnow(sample=True), at="1997-09-30"), Split)
    assert_type(datasets.simulate_log(5, seed=1), pd.DataFrame)


def test_gaps_and_returns() -> None:
    gaps = CustomerBase.from_transactions(datasets.load_cdnow(sample=True)).gaps()
    assert_type(gaps, GapHistories)
    assert_type(gaps + gaps.at(1), GapHistories)
    assert_type(gaps.from_order(2).gaps, int)
    curve = assert_type(gaps.curve(), ReturnCurve)
    assert_type(curve.p_return([0, 30], within="30D"), FloatArray)
    assert_type(curve.survival(timedelta(days=30)), FloatArray)
    assert_type(curve.p_return_interval("30D", within="30D"), tuple[FloatArray, FloatArray])
    assert_type(curve.lapse_cut("90D"), float)
    assert_type(lapse_cut([1.0, 2.0], [True, False], within=3.0), float)


def test_durations() -> None:
    assert_type(in_days("52W"), float)
    assert_type(in_units(timedelta(weeks=1), "D"), float)
    assert_type(in_units(np.timedelta64(1, "W"), "D"), float)


def test_interop() -> None:
    model = CLVModel.from_models(BGNBD(0.243, 4.414, 0.793, 2.426), time_unit="W")
    fitter, _ = interop.to_lifetimes(model)
    assert_type(interop.from_lifetimes(fitter, time_unit="W"), CLVModel)


def test_ladders() -> None:
    log = datasets.load_cdnow(sample=True)
    base = CustomerBase.from_transactions(log)
    rungs = Rungs([Rung("guest", {"orders": (1, 3)}), Rung("member", {"orders": (3, None)})])
    assert_type(rungs.names, tuple[str, ...])
    assert_type(rungs.number({"orders": np.arange(3)}), IntArray)
    ladder = LoyaltyLadder(rungs=rungs).fit(base)
    assert_type(ladder, LoyaltyLadder)
    assert_type(ladder.customers_, dict[str, int])
    change = ladder.compare(rungs, base)
    assert_type(change, RuleChange)
    assert_type(change.summary(), pd.DataFrame)
    moved = ladder.movement(log, every="6M", start="1997-06-30", end="1998-06-30")
    assert_type(moved, LadderMovement)
    assert_type(moved.customers, pd.DataFrame)
    assert_type(moved.rates(level=0.9), pd.DataFrame)


def test_audits_are_small_tables() -> None:
    audit = CustomerBaseAudit.from_transactions(datasets.load_cdnow(sample=True))
    assert_type(audit, CustomerBaseAudit)
    assert_type(audit.periods, tuple[str, ...])
    assert_type(audit.revenue, float)
    assert_type(audit.whole(), pd.DataFrame)
    assert_type(audit.cohorts("orders", by="period"), pd.DataFrame)
    one = assert_type(audit.one_period("1997Q1"), OnePeriod)
    assert_type(one.deciles(), pd.DataFrame)
    assert_type(one.one_time_share, float)
    pair = assert_type(audit.two_periods("1997Q1", "1997Q2", margin=(0.4, 0.5)), TwoPeriods)
    assert_type(pair.bridge(), pd.DataFrame)
    assert_type(pair.revenue, FloatArray)


def test_segment_maps() -> None:
    made = SegmentMap(axes=("r",), rules=[SegmentRule("all", ((1, 5),))])
    assert_type(made.segments, tuple[str, ...])
    assert_type(made.cells, dict[tuple[int, ...], str])


# --------------------------------------------------------------------------------------- what is refused


def test_wrong_calls_are_refused_by_the_checker_and_by_the_library(base: CustomerBase) -> None:
    model = CLVModel.from_models(BGNBD(1, 1, 1, 1), time_unit="W")
    with pytest.raises(EvergreenError):
        CLVModel().fit(base.histories())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(EvergreenError):
        model.predict(base, horizon=52)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(EvergreenError):
        model.predict(base, margin=[0.3])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(EvergreenError):
        CLVModel.from_models(BGNBD(1, 1, 1, 1), time_unit="weeks")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(EvergreenError):
        CLVModel.from_models(GammaGamma(1, 2, 3), time_unit="W")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(EvergreenError):
        BGNBD.fit(base.spends())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(EvergreenError):
        RFMScorer(monetary="median").fit(base)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(EvergreenError):
        CustomerBaseAudit.from_transactions(base.frame, period="W")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_settings_are_keywords() -> None:
    with pytest.raises(TypeError):
        CLVModel("bg/nbd")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        RFMScorer(bin=4)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        LoyaltyLadder(None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        ParetoSegmenter("total_value")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_values_are_frozen() -> None:
    model = BGNBD(1, 1, 1, 1)
    with pytest.raises(AttributeError):
        model.r = 2.0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
