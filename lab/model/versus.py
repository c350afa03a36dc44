"""Two measured runs, side by side: what differs around them, and in each metric of each pair of cells."""

from __future__ import annotations

from dataclasses import dataclass

from lab.model.outcome import Estimate, Inconclusive, Reason, RunComparison, Verdict
from lab.model.quality import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact that is not the same in both set-ups; ``-`` where one has no such fact."""

    fact: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedMetric:
    """One metric in both runs. ``found`` is new over old, or why there is no ratio.

    ``holm_p`` is the rank test's p-value for any difference, corrected for all metrics of the comparison (Holm), and
    ``explored_p`` the same for exploring (Benjamini and Hochberg): of those of at most 5 % one in twenty is none. So is
    ``shape_holm_p`` of the energy distance between the two distributions of processes, which ``shape`` has in full.
    """

    name: str
    unit: str
    statistic: str
    old: Estimate | None
    new: Estimate | None
    found: RunComparison | Inconclusive
    holm_p: float | None = None
    explored_p: float | None = None
    shape: Shape | None = None
    shape_holm_p: float | None = None

    @property
    def verdict(self) -> Verdict:
        """Equal constants agree, zeros too, which have no ratio; what has no ratio otherwise is inconclusive."""
        if isinstance(self.found, RunComparison):
            return self.found.comparison.verdict
        if self.found.reason is Reason.LOST:
            return Verdict.INCONCLUSIVE
        old, new = _constant(self.old), _constant(self.new)
        return Verdict.AGREES if old is not None and old == new else Verdict.INCONCLUSIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """An ending whose share differs between the runs: counts of all replicates, and Boschloo's p-value."""

    ending: str
    old: int
    of_old: int
    new: int
    of_new: int
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """How many replicates of a cell timed out in each run, of how many.

    ``p`` is the log-rank test's of "they take equally long", or why there is none.
    """

    timed_out_old: int
    of_old: int
    timed_out_new: int
    of_new: int
    p: float | Inconclusive


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedCell:
    """The same cell in both runs, under the id that each has for it; ``lasting`` where replicates timed out."""

    old: str
    new: str
    metrics: tuple[PairedMetric, ...]
    shifts: tuple[Shift, ...]
    lasting: Lasting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Versus:
    """A new run against an old one. ``only_old`` and ``only_new`` are cells without a partner.

    ``skill`` is that of the new run's prediction against what the old one measured: above 0 it knew the new run better.
    """

    old: str
    new: str
    differences: tuple[Difference, ...]
    cells: tuple[PairedCell, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    skill: Estimate | Inconclusive

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Of every metric; an ending whose share differs disagrees."""
        return tuple(metric.verdict for cell in self.cells for metric in cell.metrics) + tuple(
            Verdict.DISAGREES for cell in self.cells for _ in cell.shifts
        )


def _constant(estimate: Estimate | None) -> float | None:
    """The value that all replicates gave, of at least two; None where they differ."""
    if estimate is None or estimate.low is None or estimate.low != estimate.high:
        return None
    return estimate.value
