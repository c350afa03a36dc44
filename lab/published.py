"""What ``--json`` prints, as models whose JSON Schema ``golab schema`` publishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from lab.model.metric import Statistic
from lab.published_accuracy import AccuracyResult, EndsResult, RulesResult
from lab.published_claims import ClaimsResult
from lab.published_comparison import QualityResult, Told, VersusResult
from lab.published_dump import CellDumpResult, DumpResult
from lab.published_looked import LookedResult
from lab.published_start import StartResult


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
    tails: dict[str, Told] = Field(
        description="p90, p95, p99 and p99.9 of all repetitions together, or why not"
    )


class Predicted(_Published):
    """What the simulator foretold: the centre, and the 90 % interval of one process."""

    estimate: float
    pi90: tuple[float, float]


class MetricResult(_Published):
    """One metric of one cell. What is not predicted has the reason instead of a prediction."""

    unit: Literal["ns", "bytes", "count", "errno"]
    statistic: Statistic
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


class OutcomeResult(_Published):
    """How a cell's processes ended, in words (exit, panic, deadlock, hang, else the lab's for an ending) with how many each.

    ``predicted`` are the simulated processes, null where ``not_predicted`` says why. A hang is what is still there at its limit.
    """

    measured: dict[str, int]
    predicted: dict[str, int] | None = None
    not_predicted: str | None = None
    verdict: Literal["agrees", "disagrees", "inconclusive"] | None = None
    margin: float | None = Field(default=None, description="how far a share may be off")
    why: str = Field(default="", description="what decides, or why nothing does")
    more: int | None = Field(default=None, description="how many more replicates would decide")


class ClaimResult(_Published):
    """A claim, judged by its rules."""

    id: str
    statement: str
    verdict: Literal["supported", "refuted", "depends", "not decided", "not measured yet"]
    why: str


class CostsResult(_Published):
    """Which costs the prediction rests on."""

    source: str
    id: str
    calibrated: bool


class CellResult(_Published):
    """One cell: its scenario and levels, how its replicates ended, its metrics by name."""

    id: str
    scenario: str
    levels: dict[str, str]
    outcomes: dict[str, int]
    reasons: dict[str, str]
    excluded: dict[str, int] = Field(
        description="replicates put aside by a rule on the environment, by reason"
    )
    dump: CellDumpResult | None = Field(
        default=None, description="where the goroutines of its first replicate were that was stuck"
    )
    outcome: OutcomeResult
    metrics: dict[str, MetricResult]
    looked: LookedResult | None = Field(
        default=None, description="what an instrument saw of it and what that cost, in a cell that has one"
    )


class RunResult(_Published):
    """``golab run … --json``."""

    format: Literal[1]
    run: str
    scenario: str
    engine: str
    quick: bool
    stopped_by: str
    damage: str = Field(description="what of the record could not be read, or empty")
    unrecovered: str = Field(
        default="", description="what was measured and cannot be brought into the record, or empty"
    )
    record: str = Field(description="the folder that holds the run's record")
    provenance: dict[str, Any]
    cells: list[CellResult]
    claims: list[ClaimResult]
    costs: CostsResult | None
    costs_by_engine: dict[str, CostsResult]
    quality: QualityResult | None
    conclusion: str


class ListedRun(_Published):
    """One run; ``problem`` says why no more is known of it."""

    run: str = Field(description="its folder's name")
    named: str = Field(default="", description="what the run calls itself; empty where that is not known")
    same_as: list[str] = Field(default=[], description="other folders that hold the same run")
    scenario: str
    engine: str
    go: list[str]
    cells: int
    replicates: int = Field(description="measured")
    planned: int = Field(description="replicates that the plan has")
    stopped_by: str
    conclusion: str
    damage: str = Field(default="", description="what of the record could not be read, or empty")
    unrecovered: str = Field(
        default="", description="what was measured and cannot be brought into the record, or empty"
    )
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
    costs: CostsResult


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
    discard: int = Field(description="first repetitions of each process that are its warm-up")
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
    tuned_cells: list[str] = Field(
        description="cells for which the machine has to be changed, with --tune-host"
    )
    metrics: dict[str, ShownMetric]
    claims: dict[str, ShownClaim]
    releases: list[str]
    replicates: int
    most_replicates: int
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


class FalseAlarmResult(_Published):
    """One metric of one cell, compared with itself; shares with their 95 % intervals (Wilson)."""

    metric: str
    comparisons: int
    alarms: int = Field(description="comparisons with p below 0.05 (Mann-Whitney, exact)")
    alarm_share_ci: tuple[float, float]
    disagreements: int = Field(description="comparisons whose verdict was that they disagree")
    disagreement_share_ci: tuple[float, float]
    ratios: list[float] = Field(description="measured over measured, a comparison each")


class FalseAlarmsResult(_Published):
    """``golab doctor --aa``: how often this machine tells the same from itself."""

    format: Literal[1]
    exit_code: Literal[0, 1]
    nominal: float
    replicates: int
    excluded: dict[str, int] = Field(description="replicates put aside, by reason")
    metrics: list[FalseAlarmResult]


SCHEMAS: Final[Mapping[str, type[BaseModel]]] = {
    "run": RunResult,
    "compare": VersusResult,
    "runs": RunList,
    "predict": PredictResult,
    "list": ScenarioList,
    "show": ShownScenario,
    "sim": Simulation,
    "doctor": DoctorResult,
    "aa": FalseAlarmsResult,
    "dump": DumpResult,
    "start": StartResult,
    "claims": ClaimsResult,
    "accuracy": AccuracyResult,
    "rules": RulesResult,
    "oracle": EndsResult,
}
"""What ``golab schema NAME`` knows."""
