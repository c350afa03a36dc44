"""A record, analysed: what its replicates say under the margins and rules that were fixed before it was measured."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from lab import claims, manifest
from lab.errors import StoreError
from lab.model.matrix import Cell
from lab.model.outcome import CellSummary, Judged
from lab.model.quality import Quality
from lab.model.run import CostsUsed, Plan, PlannedCell, StoppedBy
from lab.model.scenario import Scenario
from lab.quality import quality
from lab.stats.summary import summarise
from lab.store import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A run as it can be told. ``damage`` says what of its record could not be read, or is empty."""

    plan: Plan
    scenario: Scenario
    cells: tuple[CellSummary, ...]
    claims: tuple[Judged, ...]
    quality: Quality | None
    stopped_by: StoppedBy
    damage: str
    folder: Path

    @property
    def expected(self) -> tuple[str, ...]:
        """The endings that are no failure in this scenario."""
        return tuple(ending.value for ending in self.scenario.expected)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know besides the numbers."""
        return (*self.warnings, costs_note(self.plan.costs), f"record: {self.folder}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What of the run is missing."""
        damage = (f"the record is damaged: {self.damage}",) if self.damage else ()
        return (*damage, *self._end_note())

    def _end_note(self) -> tuple[str, ...]:
        match self.stopped_by:
            case "max-time":
                return ("stopped at --max-time: the last block is not complete",)
            case "interrupted":
                return ("interrupted: what was measured until then is kept",)
            case "killed":
                measured = sum(sum(cell.outcomes.values()) for cell in self.cells)
                return (f"the run never came to its end: {measured} of {len(self.plan.turns)} replicates",)
            case "replicates":
                return ()


def analyse(folder: RunFolder) -> Analysis:
    """Summaries and verdicts of a run, from its folder alone: no Go, no engine, nothing measured again.

    StoreError where the plan cannot be read or the manifest is not the one that the run was planned with.
    """
    plan = folder.plan()
    content, path = folder.manifest()
    if hashlib.sha256(content).hexdigest() != plan.manifest_sha256:
        raise StoreError(
            f"{path}: was changed after the run was planned",
            hint="margins and rules are fixed before measuring: put the file back, or measure again",
        )
    scenario = manifest.read(content, name=plan.scenario, path=path)
    records = folder.records()
    cells = summarise(scenario, [_cell(scenario, cell) for cell in plan.cells], records, folder.foretold())
    return Analysis(
        plan=plan,
        scenario=scenario,
        cells=cells,
        claims=claims.judge(scenario.claims, cells),
        quality=quality(cells, seed=plan.seed),
        stopped_by=folder.stopped_by(),
        damage=records.damage,
        folder=folder.path,
    )


def costs_note(used: CostsUsed) -> str:
    """Which costs a prediction rests on, in words."""
    if not used.calibrated:
        return "costs: packaged, uncalibrated: another machine's; golab calibrate measures this one"
    return f"costs: calibrated, {used.identity}; what it lacks is packaged"


def _cell(scenario: Scenario, planned: PlannedCell) -> Cell:
    levels = {name: scenario.factor(name).level(text) for name, text in planned.levels.items()}
    return Cell(scenario.name, planned.id, levels)
