"""What ``--json`` prints, as models whose JSON Schema ``golab schema`` publishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from lab.analysis import Analysis
from lab.model.outcome import CellSummary, Estimate, Inconclusive, Judged, MeasuredMetric
from lab.model.quality import Quality
from lab.model.scenario import Scenario
from lab.model.versus import PairedMetric, Versus
from lab.published_claims import ClaimsResult
from lab.report.scenario import rule_in_words
from lab.report.view import conclusion


class _Published(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measured(_Published):
    """What the replicates say: one value a process in ``values``, the interval ``ci`` at 95 %."""

    n: int
    estimate: float | None
    ci: tuple[float | None, float | None] = Field(
        description="95 % confidence interval; null where n gives none"
    )
    values: list[float]
    method: str
    repetitions: int = Field(description="in all processes together")
    icc: float | None = Field(description="intra-class correlation of a process's repetitions")
    effective_n: float | None = Field(description="what the repetitions are worth as independent values")
    cautions: list[str]


class Predicted(_Published):
    """What the simulator foretold: the centre, and the 90 % interval of one process."""

    estimate: float
    pi90: tuple[float, float]


class MetricResult(_Published):
    """One metric of one cell. What is not predicted has the reason instead of a prediction."""

    unit: Literal["ns", "bytes", "count", "errno"]
    statistic: Literal["p50", "p90", "max"]
    measured: Measured
    predicted: Predicted | None = None
    not_predicted: str | None = None
    ratio: float | None = Field(default=None, description="measured over predicted")
    no_ratio: str | None = Field(default=None, description="why there is a prediction and no ratio")
    ratio_ci: tuple[float | None, float | None] | None = Field(
        default=None, description="90 % interval of the ratio"
    )
    margin: float | None = None
    verdict: Literal["agrees", "disagrees", "inconclusive"] | None = None
    more: int | None = Field(default=None, description="how many more replicates would decide")


class ClaimResult(_Published):
    """A claim, judged by its rules."""

    id: str
    statement: str
    verdict: Literal["supported", "refuted", "depends", "not decided", "not measured yet"]
    why: str


class CostsUsed(_Published):
    """Which costs the prediction rests on."""

    source: str
    id: str
    calibrated: bool


class CellResult(_Published):
    """One cell: its levels, how its replicates ended, its metrics by name."""

    id: str
    levels: dict[str, str]
    outcomes: dict[str, int]
    reasons: dict[str, str]
    excluded: dict[str, int] = Field(
        description="replicates put aside by a rule on the environment, by reason"
    )
    metrics: dict[str, MetricResult]


class Told(_Published):
    """A number with its 95 % interval, or why there is none."""

    value: float | None = None
    ci: tuple[float | None, float | None] | None = None
    why: str | None = None


class EffectResult(_Published):
    """What changing one factor does: the ratio of two cells."""

    name: str
    measured: float
    measured_ci: tuple[float | None, float | None]
    predicted: float
    sign: Literal["agrees", "disagrees", "undecided"]


class QualityResult(_Published):
    """How good the predictions of a run are, over all metrics that were predicted and measured."""

    metrics: int
    cells: int
    held: dict[str, Told] = Field(description="share of processes within the 50 % and the 90 % interval")
    transform_p: float | None = Field(
        description="Cramér and von Mises' p-value of a uniform probability integral transform"
    )
    bias: Told = Field(description="measured over predicted")
    slope: Told = Field(description="of the error's logarithm on the level's")
    folk_skill: Told = Field(description="of the CRPS, against the folk model")
    effects: list[EffectResult]
    signs: Told = Field(description="share of measured signs that were predicted")
    tau: dict[str, float] = Field(description="Kendall's, by metric")


class RunResult(_Published):
    """``golab run … --json``."""

    format: Literal[1]
    run: str
    scenario: str
    engine: str
    quick: bool
    stopped_by: str
    damage: str = Field(description="what of the record could not be read, or empty")
    record: str = Field(description="the folder that holds the run's record")
    provenance: dict[str, Any]
    cells: list[CellResult]
    claims: list[ClaimResult]
    costs: CostsUsed | None
    quality: QualityResult | None
    conclusion: str


class PairedResult(_Published):
    """One metric in both runs: estimates with their 95 % intervals, new over old with its 90 % interval."""

    unit: Literal["ns", "bytes", "count", "errno"]
    statistic: Literal["p50", "p90", "max"]
    old: float | None
    old_ci: tuple[float | None, float | None]
    new: float | None
    new_ci: tuple[float | None, float | None]
    ratio: float | None = None
    ratio_ci: tuple[float | None, float | None] | None = None
    margin: float | None = None
    no_ratio: str | None = Field(default=None, description="why there is no ratio")
    verdict: Literal["agrees", "disagrees", "inconclusive"]
    more: int | None = Field(default=None, description="how many more replicates of each run would decide")
    rank_p: float | None = Field(default=None, description="Mann-Whitney's p-value for any difference")
    holm_p: float | None = Field(default=None, description="the same, corrected for all metrics (Holm)")


class ShiftResult(_Published):
    """An ending whose share of the replicates differs (Boschloo's p-value below 0.05)."""

    ending: str
    old: int
    of_old: int
    new: int
    of_new: int
    p: float


class PairedCellResult(_Published):
    """The same cell in both runs."""

    old: str
    new: str
    metrics: dict[str, PairedResult]
    shifts: list[ShiftResult]


class DifferenceResult(_Published):
    """A fact of the set-ups that differs."""

    fact: str
    old: str
    new: str


class VersusResult(_Published):
    """``golab compare A B --json``: B is the new run."""

    format: Literal[1]
    old: str
    new: str
    differences: list[DifferenceResult]
    cells: list[PairedCellResult]
    only_old: list[str]
    only_new: list[str]
    skill: Told = Field(description="of the new run's prediction against the old run's measurement")


class ListedRun(_Published):
    """One run; ``problem`` says why no more is known of it."""

    run: str
    scenario: str
    engine: str
    go: list[str]
    cells: int
    replicates: int = Field(description="measured")
    planned: int = Field(description="replicates that the plan has")
    stopped_by: str
    conclusion: str
    problem: str


class RunList(_Published):
    """``golab runs --json``: the oldest first."""

    format: Literal[1]
    runs: list[ListedRun]


class PredictResult(_Published):
    """``golab predict … --json``: the same cells, nothing measured."""

    format: Literal[1]
    scenario: str
    cells: list[CellResult]
    costs: CostsUsed


class ScenarioEntry(_Published):
    """One line of the catalogue."""

    name: str
    title: str
    cells: int
    factors: dict[str, list[str]]


class ScenarioList(_Published):
    """``golab list --json``."""

    format: Literal[1]
    scenarios: list[ScenarioEntry]


class ShownFactor(_Published):
    """What is varied; an open factor takes other values of its kind, too."""

    title: str
    levels: list[str]
    default: str
    open: bool


class ShownMetric(_Published):
    """What is measured, where (levels by factor), and how far a prediction may be off."""

    title: str
    unit: str
    statistic: str
    margin: float
    where: dict[str, list[str]]
    not_predicted: str


class ShownClaim(_Published):
    """A statement, and in words what decides it."""

    statement: str
    rules: list[str]
    open: str


class ShownScenario(_Published):
    """``golab show --json``."""

    format: Literal[1]
    name: str
    title: str
    blocks: str
    look_for: str
    factors: dict[str, ShownFactor]
    cells: list[str]
    quick_cells: list[str]
    metrics: dict[str, ShownMetric]
    claims: dict[str, ShownClaim]
    releases: list[str]
    replicates: int
    time_limit_ns: int
    memory_limit_bytes: int


class SimulatedWith(_Published):
    """Which costs a simulation used: ``packaged``, or the file of a calibration."""

    source: str
    id: str
    calibrated: bool


class SimulatedCell(_Published):
    """One combination of settings; every list has one entry for each repetition, in order."""

    gomaxprocs: int | Literal["auto"]
    cpus: int
    quota: float | None
    go: str
    outcomes: dict[Literal["exit", "panic", "deadlock", "hang", "timeout"], int]
    ends: list[Literal["exit", "panic", "deadlock", "hang", "timeout"]]
    messages: list[str]
    wall_ns: list[int | None] = Field(description="null for a hang and a timeout")
    observations: dict[str, list[list[Any]]]
    statistics: list[dict[str, Any]] = Field(
        description="as of the end: the fields of GODEBUG=schedtrace and names of runtime/metrics"
    )


class Simulation(_Published):
    """What ``golab sim`` found."""

    program: str
    seed: int
    costs: SimulatedWith
    cells: list[SimulatedCell]


class DoctorFinding(_Published):
    """One thing that was looked at."""

    subject: str
    verdict: Literal["ok", "note", "spoils", "prevents"]
    found: str
    why: str
    remedy: str


class DoctorResult(_Published):
    """What ``golab doctor`` found; ``exit_code`` 0, 1 or 4."""

    format: Literal[1]
    exit_code: Literal[0, 1, 4]
    findings: list[DoctorFinding]


SCHEMAS: Final[Mapping[str, type[BaseModel]]] = {
    "run": RunResult,
    "compare": VersusResult,
    "runs": RunList,
    "predict": PredictResult,
    "list": ScenarioList,
    "show": ShownScenario,
    "sim": Simulation,
    "doctor": DoctorResult,
    "claims": ClaimsResult,
}
"""What ``golab schema NAME`` knows."""


def shown_scenario(scenario: Scenario, cells: Sequence[str], quick: Sequence[str]) -> ShownScenario:
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
        cells=list(cells),
        quick_cells=list(quick),
        metrics={
            metric.name: ShownMetric(
                title=metric.title,
                unit=metric.unit,
                statistic=metric.statistic,
                margin=metric.margin,
                where={name: list(levels) for name, levels in metric.where.items()},
                not_predicted=metric.described or metric.not_predicted,
            )
            for metric in scenario.metrics
        },
        claims={
            claim.id: ShownClaim(
                statement=claim.statement,
                rules=[rule_in_words(rule) for rule in claim.rules],
                open=claim.open,
            )
            for claim in scenario.claims
        },
        releases=list(scenario.releases),
        replicates=scenario.replicates,
        time_limit_ns=scenario.limits.time,
        memory_limit_bytes=scenario.limits.memory_bytes,
    )


def cell_results(cells: Sequence[CellSummary]) -> list[CellResult]:
    """Cells in their published form."""
    return [
        CellResult(
            id=cell.id,
            levels=dict(cell.levels),
            outcomes=dict(cell.outcomes),
            reasons=dict(cell.reasons),
            excluded=dict(cell.excluded),
            metrics={metric.name: _metric(metric) for metric in cell.metrics},
        )
        for cell in cells
    ]


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
        record=str(run.folder),
        provenance=dict(plan.provenance),
        cells=cell_results(run.cells),
        claims=claim_results(run.claims),
        costs=CostsUsed(source=plan.costs.source, id=plan.costs.identity, calibrated=plan.costs.calibrated),
        quality=_quality(run.quality) if run.quality else None,
        conclusion=conclusion(run.cells),
    )


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
            )
            for cell in found.cells
        ],
        only_old=list(found.only_old),
        only_new=list(found.only_new),
        skill=_told(found.skill),
    )


def _paired(metric: PairedMetric) -> PairedResult:
    found: dict[str, Any] = {
        "unit": metric.unit,
        "statistic": metric.statistic,
        "verdict": metric.verdict.value,
        "holm_p": metric.holm_p,
    }
    for side, estimate in (("old", metric.old), ("new", metric.new)):
        found[side] = estimate.value if estimate else None
        found[f"{side}_ci"] = (estimate.low, estimate.high) if estimate else (None, None)
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
