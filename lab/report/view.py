"""A finished run in words and rounded numbers: what any report shows, whatever it is drawn with."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lab.model.outcome import CellSummary, MeasuredMetric
from lab.model.units import duration_to_text, rounded_bytes

_ASIDE_WIDTH: Final = 32
"""Columns for what was asked for, beside the metrics."""
_ERRNOS: Final = {0: "0", 12: "ENOMEM"}


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one cell, as text; ``cell`` goes on from row to row of the same cell.

    Its first row has the id, the second how the replicates ended (``failed`` where they should not have), the next
    what was asked for.
    """

    cell: str
    is_first: bool
    failed: bool
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
    outcomes = ", ".join(f"{count} {ending}" for ending, count in cell.outcomes.items())
    asked = ", ".join(f"{name} {level}" for name, level in cell.levels.items())
    aside = [cell.id, outcomes, *textwrap.wrap(asked, _ASIDE_WIDTH)]
    is_unusual = not set(cell.outcomes) <= set(expected)
    return [
        Row(
            cell=line or "",
            is_first=position == 0,
            failed=position == 1 and is_unusual,
            metric=_metric_name(metric) if metric else "",
            measured=_measured(metric) if metric else "",
            interval=_interval(metric) if metric else "",
            n=str(len(metric.values)) if metric else "",
            predicted=f"no: {metric.not_predicted}" if metric else "",
        )
        for position, (line, metric) in enumerate(itertools.zip_longest(aside, cell.metrics, fillvalue=None))
    ]


def _measured(metric: MeasuredMetric) -> str:
    return value_to_text(metric.estimate.value, metric.unit) if metric.estimate else "none"


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
