"""A finished run in words and rounded numbers: what any report shows, whatever it is drawn with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lab.model.outcome import CellSummary, MeasuredMetric
from lab.model.units import duration_to_text, rounded_bytes

_ERRNOS: Final = {0: "0", 12: "ENOMEM"}


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one cell, as text. ``outcomes`` is on a cell's first row only."""

    cell: str
    outcomes: str
    metric: str
    measured: str
    interval: str
    n: str
    predicted: str


def rows(cells: Sequence[CellSummary], expected: Sequence[str] = ("exit",)) -> tuple[Row, ...]:
    """The rows of the table, cell by cell."""
    return tuple(row for cell in cells for row in _cell_rows(cell, expected))


def failures(cells: Sequence[CellSummary], expected: Sequence[str] = ("exit",)) -> tuple[str, ...]:
    """One sentence for each ending that a cell should not have had."""
    return tuple(
        f"{cell.id}: {count} of {sum(cell.outcomes.values())} replicates ended in {ending}"
        + (f": {cell.reasons[ending]}" if ending in cell.reasons else "")
        for cell in cells
        for ending, count in cell.outcomes.items()
        if ending not in expected
    )


def not_predicted(cells: Sequence[CellSummary]) -> Mapping[str, int]:
    """Each reason for which something is not predicted, and how many metrics it concerns."""
    reasons: dict[str, int] = {}
    for cell in cells:
        for metric in cell.metrics:
            reasons[metric.not_predicted] = reasons.get(metric.not_predicted, 0) + 1
    return reasons


def value_to_text(value: float, unit: str) -> str:
    """A number in its metric's unit, to three digits."""
    match unit:
        case "ns":
            return duration_to_text(value)
        case "bytes":
            return rounded_bytes(value)
        case "errno":
            return _ERRNOS.get(round(value), f"{value:.3g}")
        case _:
            return f"{value:.3g}"


def _cell_rows(cell: CellSummary, expected: Sequence[str]) -> list[Row]:
    usual = set(cell.outcomes) <= set(expected)
    outcomes = "" if usual else ", ".join(f"{count} {ending}" for ending, count in cell.outcomes.items())
    made = [
        Row(
            cell=cell.id if first else "",
            outcomes=outcomes if first else "",
            metric=_metric_name(metric),
            measured=value_to_text(metric.estimate.value, metric.unit) if metric.estimate else "none",
            interval=_interval(metric),
            n=str(len(metric.values)),
            predicted=f"no: {metric.not_predicted}",
        )
        for first, metric in zip([True] + [False] * len(cell.metrics), cell.metrics, strict=False)
    ]
    return made or [Row(cell.id, outcomes, "none", "none", "", "0", "")]


def _metric_name(metric: MeasuredMetric) -> str:
    return (
        metric.name
        if metric.statistic == "p50" or metric.statistic in metric.name
        else f"{metric.name} ({metric.statistic})"
    )


def _interval(metric: MeasuredMetric) -> str:
    estimate = metric.estimate
    if estimate is None or estimate.low is None or estimate.high is None:
        return ""
    if estimate.low == estimate.high:
        return "always the same"
    return f"{value_to_text(estimate.low, metric.unit)} … {value_to_text(estimate.high, metric.unit)}"
