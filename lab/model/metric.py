"""What is measured of a process, and in which cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lab.model.level import Levels, matches

Statistic = Literal["p50", "p90", "p99", "p99.9", "max"]
"""What a process's repetitions are reduced to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What is measured, in the unit that its name ends in, and how far a prediction may be off.

    ``where`` lists, per factor, the levels (as text) in whose cells the program gives this metric.
    ``margin`` is the equivalence margin as a share (0.15 is ± 15 %). ``discard`` is how many first repetitions of each
    process are its warm-up and left out: a *steady* metric has some, a *one-shot* metric (an init, a first touch) has one
    repetition and no warm-up. ``not_predicted`` says why there is no
    prediction, or is empty. ``described`` metrics are shown with the reason and never compared. The repetitions of a ``series`` are samples over
    the time of a process, which may well move.
    """

    name: str
    title: str
    observation: str
    unit: Literal["ns", "bytes", "count", "errno"]
    statistic: Statistic = "p50"
    margin: float = 0.15
    discard: int = 0
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_predicted: str = ""
    described: str = ""
    series: bool = False

    @property
    def seen_as(self) -> tuple[str, int]:
        """The observation, and from which repetition on it counts: metrics that agree in both share their values."""
        return self.observation, self.discard

    def repetitions(self, observations: Mapping[str, Sequence[int]]) -> Sequence[int]:
        """What counts of one process's observations; empty where it gave none, or only warm-up."""
        return observations.get(self.observation, ())[self.discard :]

    def applies_to(self, levels: Levels) -> bool:
        """Whether a cell with these levels gives this metric."""
        return matches(self.where, levels)
