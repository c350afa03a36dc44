"""A record, analysed: what its replicates say under the margins and rules that were fixed before it was measured."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lab import bound, claims, manifest
from lab.dump import digested, shortened
from lab.errors import StoreError
from lab.lines import Records
from lab.looking import Looking
from lab.model.dump import CellDump
from lab.model.matrix import Cell, own_id, unattached
from lab.model.outcome import CellSummary, Judged
from lab.model.quality import Quality
from lab.model.run import FINISHED, CostsUsed, Ending, Plan, PlannedCell, Record, Resumption, StoppedBy
from lab.model.scenario import Scenario
from lab.quality import quality
from lab.recovery import recovered
from lab.report.text import counted
from lab.stats.summary import summarise
from lab.store import RunFolder

_NEVER_RUN: Final = {Ending.REFUSED.value, Ending.BUILD_FAILED.value}
"""Endings of cells that no replicate was made of."""
_STUCK: Final = (Ending.TIMEOUT, Ending.DEADLOCK)
"""Endings whose goroutine dump says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A run as it can be told. ``damage`` says what of its record could not be read, ``unrecovered`` what was measured and cannot be brought into it; or they are empty.

    ``reached`` is how many lines of its record it is made of, and the last one's checksum.
    """

    plan: Plan
    scenarios: Mapping[str, Scenario]
    cells: tuple[CellSummary, ...]
    claims: tuple[Judged, ...]
    quality: Quality | None
    stopped_by: StoppedBy
    damage: str
    unrecovered: str
    reached: tuple[int, str]
    resumptions: tuple[Resumption, ...]
    folder: Path

    @property
    def title(self) -> str:
        """What was measured, in words."""
        return self.plan.title or self.scenarios[self.plan.scenario].title

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know besides the numbers."""
        return (
            *self.warnings,
            *self.stopping,
            *self.unattached,
            *self.resumed,
            *costs_notes(self.plan.costs),
            f"record: {self.folder}",
            *([f"go on with it: golab resume {self.folder}"] if self.can_go_on else []),
        )

    @property
    def can_go_on(self) -> bool:
        """Whether ``golab resume`` has something to do: the run was stopped, or replicates of it were lost."""
        lost = any(Ending.INFRA_FAILED.value in cell.outcomes for cell in self.cells)
        return lost or bool(self.damage) or self.stopped_by not in FINISHED

    @property
    def resumed(self) -> tuple[str, ...]:
        """How often it was gone on with after it had been stopped, a line each."""
        return tuple(_gone_on(each) for each in self.resumptions)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What of the run is missing."""
        damage = (f"the record is damaged: {self.damage}",) if self.damage else ()
        unrecovered = (self.unrecovered,) if self.unrecovered else ()
        return (*damage, *self._end_note(), *unrecovered)

    @property
    def unattached(self) -> tuple[str, ...]:
        """Which cells its instruments do not look at, and why."""
        cells = [_cell(self.scenarios, each) for each in self.plan.cells]
        return tuple(
            line
            for scenario in self.scenarios.values()
            for line in unattached(scenario, [cell for cell in cells if cell.scenario == scenario.name])
        )

    @property
    def stopping(self) -> tuple[str, ...]:
        """By which rule a run ended that could have been longer."""
        least, most = self.plan.replicates, self.plan.most_replicates
        blocks = max((sum(cell.outcomes.values()) for cell in self.cells), default=0)
        if self.stopped_by == "precise":
            enough = "all that is judged was precise enough (its 90 % interval's half-width is at most half its margin)"
            return (f"stopped after {blocks} of at most {most} replicates of each cell: {enough}",)
        if self.stopped_by == "replicates" and blocks == most > least:
            return (
                f"measured {most} replicates of each cell, the most: not all that is judged is precise enough",
            )
        return ()

    def _end_note(self) -> tuple[str, ...]:
        match self.stopped_by:
            case "max-time":
                return ("stopped at --max-time: the last block is not complete",)
            case "interrupted":
                return ("interrupted: what was measured until then is kept",)
            case "killed":
                measured = sum(sum(cell.outcomes.values()) for cell in self.cells)
                return (f"the run never came to its end: {measured} of {len(self.plan.turns)} replicates",)
            case "replicates" | "precise":
                return ()


def _gone_on(resumption: Resumption) -> str:
    when = dt.datetime.fromtimestamp(resumption.at_ns // 10**9, dt.UTC)
    again = f", {counted(len(resumption.again), 'lost replicate')} run again" if resumption.again else ""
    aside = f", what was damaged kept in {resumption.set_aside}" if resumption.set_aside else ""
    return (
        f"gone on with at {when:%Y-%m-%d %H:%M} UTC by golab {resumption.golab},"
        f" after {counted(resumption.lines, 'line')} of its record{again}{aside}"
    )


def analyse(folder: RunFolder) -> Analysis:
    """Summaries and verdicts of a run, from its folder alone: no Go, no engine, nothing measured again.

    StoreError where the plan cannot be read or a manifest is not the one that the run was planned with.
    """
    plan = folder.plan()
    scenarios = {name: _scenario(folder, name, digest) for name, digest in plan.manifests.items()}
    unrecovered = recovered(folder)
    records = folder.records(plan)
    stuck: dict[str, Record] = {}
    planned = [_cell(scenarios, cell) for cell in plan.cells]
    looking = Looking(folder, planned)
    cells = summarise(scenarios, planned, _noting_stuck(looking.noting(records), stuck), folder.foretold())
    cells = tuple(replace(cell, dump=_dump(folder, stuck.get(cell.id))) for cell in looking.looked(cells))
    stopped_by = folder.stopped_by()
    return Analysis(
        plan=plan,
        scenarios=scenarios,
        cells=cells,
        claims=tuple(_judged(scenarios, cells)),
        quality=quality(cells, seed=plan.seed),
        stopped_by=stopped_by,
        resumptions=folder.resumptions(),
        damage=damage_of(records, cells, stopped_by),
        reached=records.reached,
        unrecovered=unrecovered,
        folder=folder.path,
    )


def _noting_stuck(records: Iterable[Record], stuck: dict[str, Record]) -> Iterator[Record]:
    """The records as they are; *stuck* gets the first of each cell that ended in a deadlock or at its limit and left a dump."""
    for record in records:
        if record.dump is not None and record.termination.ending in _STUCK:
            stuck.setdefault(record.turn.cell, record)
        yield record


def _dump(folder: RunFolder, record: Record | None) -> CellDump | None:
    """What the dump of a replicate tells; nothing where its text is no more in the record."""
    if record is None or record.dump is None or (text := folder.dump_text(record)) is None:
        return None
    return CellDump(
        position=record.turn.position,
        ending=record.termination.ending.value,
        file=str(folder.dump(record).relative_to(folder.path)),
        digest=shortened(digested(text, cut=record.dump.cut)),
    )


def refuse_changed(folder: RunFolder, plan: Plan) -> None:
    """StoreError where a manifest, a prediction or a calibration is not the one that the run was planned with."""
    bound.refuse_changed(folder.path, plan.format)
    for name, digest in plan.manifests.items():
        _manifest(folder, name, digest)


def damage_of(records: Records, cells: Sequence[CellSummary], stopped_by: StoppedBy) -> str:
    """What of a record could not be read, or is missing in it; empty of one that is whole. *records* were read to their end, and say *cells*."""
    return records.damage or _missing(records.plan, cells, stopped_by)


def _missing(plan: Plan, cells: Sequence[CellSummary], stopped_by: StoppedBy) -> str:
    """What a record lacks that was cut off between two lines: a run that came to its end has whole blocks.

    Cells that could not be run have no turns, and say so.
    """
    if stopped_by not in FINISHED:
        return ""
    counts = {cell.id: sum(cell.outcomes.values()) for cell in cells if not _NEVER_RUN & set(cell.outcomes)}
    blocks = max([plan.replicates, *counts.values()])
    short = {cell: count for cell, count in counts.items() if count < blocks}
    if not short:
        return ""
    told = ", ".join(f"{count} of {blocks} replicates of {cell}" for cell, count in short.items())
    return f"the run came to its end, and its record ends before it: there are {told}"


def costs_notes(costs: Mapping[str, CostsUsed]) -> tuple[str, ...]:
    """Which costs a run's predictions rest on, a line each; the engine is named where there are several."""
    several = len(set(costs.values())) > 1
    lines = (costs_note(used) + (f" (engine {engine})" if several else "") for engine, used in costs.items())
    return tuple(dict.fromkeys(lines))


def costs_note(used: CostsUsed) -> str:
    """Which costs a prediction rests on, in words."""
    if not used.calibrated and used.source != "packaged":
        return f"costs: {used.identity}, uncalibrated: another machine's; golab calibrate measures this one"
    if not used.calibrated:
        return "costs: packaged, uncalibrated: another machine's; golab calibrate measures this one"
    return f"costs: calibrated, {used.identity}; what it lacks is packaged"


def _scenario(folder: RunFolder, name: str, digest: str) -> Scenario:
    content, path = _manifest(folder, name, digest)
    return manifest.read(content, name=name, path=path)


def _manifest(folder: RunFolder, name: str, digest: str) -> tuple[bytes, Path]:
    content, path = folder.manifest(name)
    if hashlib.sha256(content).hexdigest() != digest:
        raise StoreError(
            f"{path}: was changed after the run was planned",
            hint="margins and rules are fixed before measuring: put the file back, or measure again",
        )
    return content, path


def _judged(scenarios: Mapping[str, Scenario], cells: Sequence[CellSummary]) -> Iterator[Judged]:
    """A scenario's claims are judged by its own cells: another's may have the same names for other things."""
    for scenario in scenarios.values():
        own = [
            replace(cell, id=own_id(scenario.name, cell.id))
            for cell in cells
            if cell.scenario == scenario.name
        ]
        yield from claims.judge(scenario.claims, own)


def _cell(scenarios: Mapping[str, Scenario], planned: PlannedCell) -> Cell:
    scenario = scenarios[planned.scenario]
    return Cell(scenario.name, planned.id, scenario.read_levels(planned.levels))
