"""What ``--json`` prints, as models whose JSON Schema ``golab schema`` publishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from lab.model.outcome import CellSummary, MeasuredMetric
from lab.model.run import FORMAT, Plan


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


class MetricResult(_Published):
    """One metric of one cell."""

    unit: Literal["ns", "bytes", "count", "errno"]
    statistic: Literal["p50", "p90", "max"]
    measured: Measured
    not_predicted: str = Field(description="why there is no prediction")


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


SCHEMAS: Final[Mapping[str, type[BaseModel]]] = {"run": RunResult, "list": ScenarioList}
"""What ``golab schema NAME`` knows."""


def run_result(plan: Plan, cells: Sequence[CellSummary], *, stopped_by: str, record: str) -> RunResult:
    """A finished run in its published form."""
    return RunResult(
        format=FORMAT,
        run=plan.run,
        scenario=plan.scenario,
        engine=plan.engine,
        quick=plan.quick,
        stopped_by=stopped_by,
        record=record,
        provenance=dict(plan.provenance),
        cells=[
            CellResult(
                id=cell.id,
                levels=dict(cell.levels),
                outcomes=dict(cell.outcomes),
                reasons=dict(cell.reasons),
                metrics={metric.name: _metric(metric) for metric in cell.metrics},
            )
            for cell in cells
        ],
    )


def _metric(metric: MeasuredMetric) -> MetricResult:
    estimate = metric.estimate
    return MetricResult.model_validate(
        {
            "unit": metric.unit,
            "statistic": metric.statistic,
            "not_predicted": metric.not_predicted,
            "measured": {
                "n": len(metric.values),
                "estimate": estimate.value if estimate else None,
                "ci": (estimate.low, estimate.high) if estimate else (None, None),
                "values": list(metric.values),
                "method": estimate.method if estimate else "",
            },
        }
    )
