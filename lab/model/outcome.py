"""What is concluded from records: estimates and, per cell and metric, what a reader is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its uncertainty; ``low`` and ``high`` are None where n gives no interval."""

    value: float
    low: float | None
    high: float | None
    confidence: float
    n: int
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMetric:
    """One metric of one cell: one value a replicate, and what they estimate."""

    name: str
    unit: str
    statistic: str
    values: tuple[float, ...]
    estimate: Estimate | None
    not_predicted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSummary:
    """One cell of a finished run: how its replicates ended, and what they measured."""

    id: str
    levels: Mapping[str, str]
    outcomes: Mapping[str, int]
    reasons: Mapping[str, str]
    metrics: tuple[MeasuredMetric, ...]
