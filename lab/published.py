"""What ``--json`` prints, as models whose JSON Schema ``golab schema`` publishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from lab.model.outcome import CellSummary, Judged, MeasuredMetric


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
    metrics: dict[str, MetricResult]


class RunResult(_Published):
    """``golab run … --json``."""

    format: Literal[1]
    run: str
    scenario: str
    engine: str
    quick: bool
    stopped_by: str
    record: str = Field(description="the folder that holds the run's record")
    provenance: dict[str, Any]
    cells: list[CellResult]
    claims: list[ClaimResult]
    costs: CostsUsed | None
    conclusion: str


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
    "predict": PredictResult,
    "list": ScenarioList,
    "sim": Simulation,
    "doctor": DoctorResult,
}
"""What ``golab schema NAME`` knows."""


def cell_results(cells: Sequence[CellSummary]) -> list[CellResult]:
    """Cells in their published form."""
    return [
        CellResult(
            id=cell.id,
            levels=dict(cell.levels),
            outcomes=dict(cell.outcomes),
            reasons=dict(cell.reasons),
            metrics={metric.name: _metric(metric) for metric in cell.metrics},
        )
        for cell in cells
    ]


def claim_results(claims: Sequence[Judged]) -> list[ClaimResult]:
    """Judged claims in their published form."""
    return [ClaimResult.model_validate({**asdict(claim), "verdict": claim.verdict.value}) for claim in claims]


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
        },
    }
    if prediction:
        found["predicted"] = {"estimate": prediction.value, "pi90": (prediction.low, prediction.high)}
    if comparison:
        found |= {
            "ratio": comparison.ratio,
            "ratio_ci": (comparison.low, comparison.high),
            "margin": comparison.margin,
            "verdict": comparison.verdict.value,
            "more": comparison.more,
        }
    return MetricResult.model_validate(found)
