"""What is concluded from records: estimates and, per cell and metric, what a reader is told."""

from __future__ import annotations

import enum
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
class Prediction:
    """What the simulator foretells of one process: its centre, and the 90 % interval of single processes.

    ``log_se`` is the standard error of the centre's logarithm, from ``calibrations`` resampled calibrations.
    """

    value: float
    low: float
    high: float
    log_se: float
    calibrations: int
    n: int


Foretold = Mapping[tuple[str, str], Prediction | str]
"""By cell id and metric name: a prediction, or why there is none."""


class Verdict(enum.Enum):
    """Whether a prediction holds."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Measured over predicted: the ratio, its 90 % interval, and the verdict under the margin.

    ``more`` is how many more replicates would decide; None where they would not, or where it is decided.
    """

    ratio: float
    low: float | None
    high: float | None
    margin: float
    verdict: Verdict
    more: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMetric:
    """One metric of one cell: one value a replicate, what they estimate, and what was predicted or why nothing was."""

    name: str
    unit: str
    statistic: str
    values: tuple[float, ...]
    estimate: Estimate | None
    not_predicted: str
    prediction: Prediction | None = None
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSummary:
    """One cell of a finished run: how its replicates ended, and what they measured."""

    id: str
    levels: Mapping[str, str]
    outcomes: Mapping[str, int]
    reasons: Mapping[str, str]
    metrics: tuple[MeasuredMetric, ...]


class ClaimVerdict(enum.Enum):
    """What a machine's own measurements say of a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    DEPENDS = "depends"
    NOT_DECIDED = "not decided"
    NOT_MEASURED = "not measured yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A claim with its verdict, and the numbers behind it in words."""

    id: str
    statement: str
    verdict: ClaimVerdict
    why: str
