"""From runs, comparisons and scenarios to the forms that ``--json`` prints (:mod:`lab.published`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

from lab.analysis import Analysis
from lab.model.falsealarm import Checked
from lab.model.matrix import default_cells
from lab.model.outcome import CellSummary, Estimate, Inconclusive, Judged, MeasuredMetric, Outcome
from lab.model.quality import Quality
from lab.model.run import CostsUsed
from lab.model.scenario import Scenario
from lab.model.versus import Lasting, PairedMetric, Versus
from lab.published import (
    CellResult,
    ClaimResult,
    CostsResult,
    FalseAlarmResult,
    FalseAlarmsResult,
    MetricResult,
    OutcomeResult,
    RunResult,
    ShownClaim,
    ShownFactor,
    ShownMetric,
    ShownScenario,
)
from lab.published_comparison import (
    DifferenceResult,
    EffectResult,
    LastingResult,
    PairedCellResult,
    PairedResult,
    QualityResult,
    ShiftResult,
    Told,
    VersusResult,
)
from lab.published_dump import cell_dump
from lab.published_looked import looked_result
from lab.report.scenario import rule_in_words
from lab.report.view import conclusion


def shown_scenario(scenario: Scenario) -> ShownScenario:
    """A scenario in its published form."""
    return ShownScenario(
        format=1,
        name=scenario.name,
        title=scenario.title,
        blocks=" ".join(scenario.blocks.split()),
        look_for=" ".join(scenario.look_for.split()),
        factors={
            factor.name: ShownFactor(
                title=factor.title,
                levels=[level.text for level in factor.levels],
                default=factor.default.text,
                open=factor.open,
            )
            for factor in scenario.factors
        },
        cells=[cell.id for cell in default_cells(scenario)],
        quick_cells=[cell.id for cell in default_cells(scenario, quick=True)],
        tuned_cells=[
            cell.id for cell in default_cells(scenario, tuned=True) if scenario.needs_host(cell.levels)
        ],
        metrics={
            metric.name: ShownMetric(
                title=metric.title,
                unit=metric.unit,
                statistic=metric.statistic,
                margin=metric.margin,
                discard=metric.discard,
                where={name: list(levels) for name, levels in metric.where.items()},
                not_predicted=metric.described or metric.not_predicted,
            )
            for metric in scenario.metrics
        },
        claims={
            claim.id: ShownClaim(
                statement=claim.statement,
                rules=[rule_in_words(rule, scenario) for rule in claim.rules],
                open=claim.open,
            )
            for claim in scenario.claims
        },
        releases=list(scenario.releases),
        replicates=scenario.replicates,
        most_replicates=scenario.most_replicates,
        time_limit_ns=scenario.limits.time,
        memory_limit_bytes=scenario.limits.memory_bytes,
    )


def cell_results(cells: Sequence[CellSummary]) -> list[CellResult]:
    """Cells in their published form."""
    return [
        CellResult(
            id=cell.id,
            scenario=cell.scenario,
            levels=dict(cell.levels),
            outcomes=dict(cell.outcomes),
            reasons=dict(cell.reasons),
            excluded=dict(cell.excluded),
            outcome=_outcome(cell.outcome),
            metrics={metric.name: _metric(metric) for metric in cell.metrics},
            dump=cell_dump(cell.dump) if cell.dump else None,
            looked=looked_result(cell.looked) if cell.looked else None,
        )
        for cell in cells
    ]


def _outcome(found: Outcome) -> OutcomeResult:
    return OutcomeResult.model_validate(
        {
            "measured": dict(found.measured),
            "predicted": dict(found.predicted) or None,
            "not_predicted": found.not_predicted or None,
            "verdict": found.verdict.value if found.verdict else None,
            "margin": found.margin,
            "why": found.why,
            "more": found.more,
        }
    )


def claim_results(claims: Sequence[Judged]) -> list[ClaimResult]:
    """Judged claims in their published form."""
    return [
        ClaimResult.model_validate(
            {
                "id": claim.id,
                "statement": claim.statement,
                "verdict": claim.verdict.value,
                "why": claim.why,
            }
        )
        for claim in claims
    ]


def run_result(run: Analysis) -> RunResult:
    """A run in its published form."""
    plan = run.plan
    return RunResult(
        format=1,
        run=plan.run,
        scenario=plan.scenario,
        engine=plan.engine,
        quick=plan.quick,
        stopped_by=run.stopped_by,
        damage=run.damage,
        unrecovered=run.unrecovered,
        record=str(run.folder),
        provenance=dict(plan.provenance),
        cells=cell_results(run.cells),
        claims=claim_results(run.claims),
        costs=costs_result(plan.costs_of_run),
        costs_by_engine={engine: costs_result(used) for engine, used in plan.costs.items()},
        quality=_quality(run.quality) if run.quality else None,
        conclusion=conclusion(run.cells),
    )


def costs_result(used: CostsUsed) -> CostsResult:
    """Which costs a prediction rests on, in its published form."""
    return CostsResult(source=used.source, id=used.identity, calibrated=used.calibrated)


def _quality(found: Quality) -> QualityResult:
    transform, bias = found.transform, found.bias
    return QualityResult(
        metrics=found.metrics,
        cells=found.cells,
        held={f"{level:.0%}": _told(each) for level, each in found.held.items()},
        transform_p=None if isinstance(transform, Inconclusive) else transform.p,
        bias=_told(bias if isinstance(bias, Inconclusive) else bias.ratio),
        slope=_told(found.slope),
        folk_skill=_told(found.folk),
        effects=[
            EffectResult(
                name=each.name,
                measured=each.measured.value,
                measured_ci=(each.measured.low, each.measured.high),
                predicted=each.predicted,
                sign=each.sign.value,
            )
            for each in found.effects.each
        ],
        signs=_told(found.effects.signs),
        tau={metric: order.tau for metric, order in found.orders.items()},
        shapes={name: each.wasserstein for name, each in found.shapes.items()},
        odd_shapes=list(found.odd),
    )


def _told(found: Estimate | Inconclusive) -> Told:
    if isinstance(found, Inconclusive):
        return Told(why=found.why)
    return Told(value=found.value, ci=(found.low, found.high))


def versus_result(found: Versus) -> VersusResult:
    """Two runs, compared, in their published form."""
    return VersusResult(
        format=1,
        old=found.old,
        new=found.new,
        differences=[DifferenceResult(**asdict(each)) for each in found.differences],
        cells=[
            PairedCellResult(
                old=cell.old,
                new=cell.new,
                metrics={metric.name: _paired(metric) for metric in cell.metrics},
                shifts=[ShiftResult(**asdict(each)) for each in cell.shifts],
                lasting=_lasting(cell.lasting) if cell.lasting else None,
            )
            for cell in found.cells
        ],
        only_old=list(found.only_old),
        only_new=list(found.only_new),
        skill=_told(found.skill),
    )


def _lasting(found: Lasting) -> LastingResult:
    return LastingResult(
        timed_out_old=found.timed_out_old,
        of_old=found.of_old,
        timed_out_new=found.timed_out_new,
        of_new=found.of_new,
        p=None if isinstance(found.p, Inconclusive) else found.p,
        why=found.p.why if isinstance(found.p, Inconclusive) else None,
    )


def _paired(metric: PairedMetric) -> PairedResult:
    found: dict[str, Any] = {
        "unit": metric.unit,
        "statistic": metric.statistic,
        "verdict": metric.verdict.value,
        "holm_p": metric.holm_p,
        "explored_p": metric.explored_p,
    }
    for side, estimate in (("old", metric.old), ("new", metric.new)):
        found[side] = estimate.value if estimate else None
        found[f"{side}_ci"] = (estimate.low, estimate.high) if estimate else (None, None)
    if metric.shape is not None:
        found |= {name: getattr(metric.shape, name) for name in ("wasserstein", "energy", "energy_p")}
        found["shape_holm_p"] = metric.shape_holm_p
    if isinstance(metric.found, Inconclusive):
        found["no_ratio"] = metric.found.why
    else:
        comparison = metric.found.comparison
        found |= {
            "ratio": comparison.ratio,
            "ratio_ci": (comparison.low, comparison.high),
            "margin": comparison.margin,
            "more": comparison.more,
            "rank_p": metric.found.rank_p,
        }
    return PairedResult.model_validate(found)


def _metric(metric: MeasuredMetric) -> MetricResult:
    estimate, prediction, comparison = metric.estimate, metric.prediction, metric.comparison
    found: dict[str, Any] = {
        "unit": metric.unit,
        "statistic": metric.statistic,
        "not_predicted": metric.not_predicted or None,
        "measured": {
            "n": len(metric.values),
            "estimate": estimate.value if estimate else None,
            "ci": (estimate.low, estimate.high) if estimate else (None, None),
            "values": list(metric.values),
            "method": estimate.method if estimate else "",
            "repetitions": metric.repetitions,
            "icc": metric.correlation.icc if metric.correlation else None,
            "effective_n": metric.correlation.effective_n if metric.correlation else None,
            "cautions": [caution.text for caution in metric.cautions],
            "tails": {name: _told(each) for name, each in metric.tails.items()}
            | {name: _told(each) for name, each in metric.no_tails.items()},
        },
    }
    if prediction:
        found["predicted"] = {"estimate": prediction.value, "pi90": (prediction.low, prediction.high)}
    if metric.no_ratio:
        found["no_ratio"] = metric.no_ratio.why
    if comparison:
        found |= {
            "ratio": comparison.ratio,
            "ratio_ci": (comparison.low, comparison.high),
            "margin": comparison.margin,
            "verdict": comparison.verdict.value,
            "more": comparison.more,
        }
    return MetricResult.model_validate(found)


def false_alarms_result(found: Checked, nominal: float, code: Literal[0, 1]) -> FalseAlarmsResult:
    """What comparing the same with itself gave, in its published form."""
    return FalseAlarmsResult(
        format=1,
        exit_code=code,
        nominal=nominal,
        replicates=found.replicates,
        excluded=dict(found.excluded),
        metrics=[
            FalseAlarmResult(
                metric=each.metric,
                comparisons=each.comparisons,
                alarms=each.alarms,
                alarm_share_ci=(each.alarm_share.low or 0.0, each.alarm_share.high or 0.0),
                disagreements=each.disagreements,
                disagreement_share_ci=(
                    each.disagreement_share.low or 0.0,
                    each.disagreement_share.high or 0.0,
                ),
                ratios=list(each.ratios),
            )
            for each in found.metrics
        ],
    )
