"""What comparing the same with itself gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lab.model.outcome import Estimate

NOMINAL: Final = 0.05
"""Below which p a comparison is an alarm, and how often it should be one where there is nothing to find."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """Of one metric: how many comparisons of the same with the same gave p below 5 %, and how many were told to disagree.

    The shares are of those comparisons that could be made, with their 95 % intervals (Wilson).
    """

    metric: str
    comparisons: int
    alarms: int
    alarm_share: Estimate
    disagreements: int
    disagreement_share: Estimate
    ratios: tuple[float, ...]

    @property
    def is_too_many(self) -> bool:
        """Whether the rate certainly lies above the nominal one."""
        return self.alarm_share.low is not None and self.alarm_share.low > NOMINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came out, by metric, and how many replicates were put aside for which reason."""

    metrics: tuple[FalseAlarms, ...]
    replicates: int
    excluded: Mapping[str, int]
