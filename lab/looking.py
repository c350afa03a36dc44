"""From the records of a run to what its instruments saw, and to what they cost: for each cell that one looks at."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from lab.dump import digested, seen_in
from lab.dump.several import MOST_GROUPS
from lab.golang import sampled, schedtrace
from lab.model.dump import Digest
from lab.model.instrument import WITH, attached, is_plain
from lab.model.looked import Course, Disturbance, Dumps, Line, Looked
from lab.model.matrix import Cell, partners
from lab.model.outcome import CellSummary, MeasuredMetric
from lab.model.run import Ending, Record
from lab.stats.disturbance import disturbance, tail_disturbance
from lab.stats.ending import is_behaviour
from lab.stats.process import PerProcess, Repetitions, measured
from lab.stats.summary import CLOCK_NS, is_tail_of_processes
from lab.store import RunFolder

MOST_SAMPLES: Final = 240
"""Of a time series that are kept of a run's analysis; of more, every second, third … The record has all."""
_TRACED: Final = (
    "idleprocs",
    "threads_traced",
    "spinningthreads",
    "runqueue",
    "localqueues",
    "longest_localqueue",
)
_SAMPLED: Final = (
    "goroutines_sampled",
    "collections",
    "mutex_wait_ns",
    "waits",
    "wait_p50_ns",
    "wait_p99_ns",
)
_UNREAD: Final[Mapping[str, Callable[[str], schedtrace.Series | sampled.Sampled]]] = {
    "schedtrace": schedtrace.read,
    "metrics": sampled.read,
}
"""Kinds of lines, as they are counted in the observations ``…_unread``."""
_NOTHING_BEFORE: Final = "nothing before its signal, for such a replicate is built and started as a plain one; what comes after it is not looked at"
_ACCOUNT: Final = ("wall_ns", "cpu_ns")
"""What the kernel and the clock know of every process, whatever it measures."""


@dataclass(slots=True)
class _Seen:
    """What is noted of one cell while its records go by."""

    walls: list[int] = field(default_factory=list)
    cpus: list[int] = field(default_factory=list)
    cut_short: int = 0  # at their limit: of such a life is only known that it is longer
    course: Course | None = None
    unread: Counter[str] = field(default_factory=Counter[str])
    first_unread: dict[str, str] = field(default_factory=dict[str, str])
    replicates: int = 0
    asked: list[int] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    digests: list[Digest] = field(default_factory=list)
    mute: int = 0

    def account(self, name: str) -> PerProcess:
        values = self.walls if name == "wall_ns" else self.cpus
        return Repetitions([(value,) for value in values]).only()


class Looking:
    """Notes of a run's records what its instruments saw. Without an instrument nothing is noted."""

    def __init__(self, folder: RunFolder, cells: Sequence[Cell]) -> None:
        self._folder = folder
        self._cells = {cell.id: cell for cell in cells}
        self._plain = partners(cells)
        looked = [cell.id for cell in cells if not is_plain(cell.levels)]
        self._seen = {name: _Seen() for name in (*looked, *self._plain.values())}

    def noting(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records as they are."""
        for record in records:
            if (seen := self._seen.get(record.turn.cell)) is not None and not record.excluded:
                self._note(seen, record)
            yield record

    def _note(self, seen: _Seen, record: Record) -> None:
        if record.termination.ending is Ending.TIMEOUT:
            seen.cut_short += 1
        elif is_behaviour(record.termination.ending):
            seen.walls.append(record.wall_ns)
            if record.usage is not None:
                seen.cpus.append(record.usage.user_ns + record.usage.system_ns)
        looked = attached(self._cells[record.turn.cell].levels)
        if looked.reads:
            _note_series(seen, record)
        if looked.dumps and is_behaviour(record.termination.ending):
            self._note_dump(seen, record)

    def _note_dump(self, seen: _Seen, record: Record) -> None:
        seen.replicates += 1
        asked = record.observations.get("dump_asked_ns", ())
        seen.asked.extend(asked)
        text = self._folder.dump_text(record) if record.dump is not None else None
        if text is None or record.dump is None:
            seen.mute += bool(asked)
            return
        seen.files.append(str(self._folder.dump(record).relative_to(self._folder.path)))
        digest = digested(text, cut=record.dump.cut)
        if not digest.cut:
            seen.digests.append(replace(digest, waits=(), knots=()))

    def looked(self, cells: Sequence[CellSummary]) -> tuple[CellSummary, ...]:
        """The summaries, those of cells that an instrument looks at with what it saw."""
        by_id = {cell.id: cell for cell in cells}
        return tuple(
            cell if is_plain(self._cells[cell.id].levels) else replace(cell, looked=self._of(cell, by_id))
            for cell in cells
        )

    def _of(self, cell: CellSummary, by_id: Mapping[str, CellSummary]) -> Looked:
        seen, plain = self._seen[cell.id], by_id.get(self._plain.get(cell.id, ""))
        levels = self._cells[cell.id].levels
        dumps = attached(levels).dumps
        why = (
            _NOTHING_BEFORE
            if dumps
            else ""
            if plain
            else "the run has no cell with the same levels without it"
        )
        return Looked(
            instrument=levels[WITH].text,
            plain=plain.id if plain else "",
            undisturbed=why,
            disturbances=() if why or plain is None else tuple(self._disturbances(cell, plain)),
            course=seen.course,
            dumps=_dumps(seen) if dumps else None,
            unread=dict(seen.unread),
            first_unread=dict(seen.first_unread),
        )

    def _disturbances(self, cell: CellSummary, plain: CellSummary) -> Iterator[Disturbance]:
        theirs = {metric.name: metric for metric in plain.metrics}
        for metric in cell.metrics:
            if (without := theirs.get(metric.name)) is not None:
                yield _of_metric(cell, plain, metric, without)
        for name in _ACCOUNT:
            if name not in theirs:
                with_it, without_it = (self._seen[each.id] for each in (cell, plain))
                found = disturbance(name, "p50", with_it.account(name), without_it.account(name))
                late = with_it.cut_short + without_it.cut_short
                yield replace(found, ratio=None, why=_cut_short(late)) if late else found


def _cut_short(count: int) -> str:
    return f"{count} of their replicates timed out: what those would have taken is not known"


def _of_metric(
    cell: CellSummary, plain: CellSummary, metric: MeasuredMetric, without: MeasuredMetric
) -> Disturbance:
    samples = measured(metric), measured(without)
    resolution = CLOCK_NS if metric.unit == "ns" else 0.0
    found = disturbance(metric.name, metric.statistic, *samples, resolution=resolution)
    if found.ratio is not None and is_tail_of_processes(metric) and is_tail_of_processes(without):
        found = tail_disturbance(metric.name, metric.statistic, *samples)
    lost = cell.lost or plain.lost
    return found if lost is None else replace(found, ratio=None, why=lost.why)


def _note_series(seen: _Seen, record: Record) -> None:
    for kind, read in _UNREAD.items():
        if count := sum(record.observations.get(f"{kind}_unread", ())):
            seen.unread[kind] += count
            if kind not in seen.first_unread and (strange := read(record.stderr.text).unread):
                seen.first_unread[kind] = strange[0]
    is_course = seen.course is None and is_behaviour(record.termination.ending)
    if is_course and (lines := tuple(_lines(record.observations))):
        seen.course = Course(
            position=record.turn.position,
            ending=record.termination.ending.value,
            wall_ns=record.wall_ns,
            lines=lines,
        )


def _lines(observations: Mapping[str, Sequence[int]]) -> Iterator[Line]:
    """The time series of a replicate. Schedtrace counts from its first line, beside which the first sample is taken."""
    sampled_at = observations.get("sampled_at_ns", ())
    begun = sampled_at[0] if sampled_at else 0
    traced_at = [begun + each for each in observations.get("traced_at_ns", ())]
    for names, at in ((_TRACED, traced_at), (_SAMPLED, sampled_at)):
        step = -(-len(at) // MOST_SAMPLES) or 1
        for name in names:
            values = observations.get(name, ())
            if at and len(values) == len(at):
                unit: Literal["ns", "count"] = "ns" if name.endswith("_ns") else "count"
                yield Line(
                    name=name,
                    unit=unit,
                    at_ns=tuple(at[::step]),
                    values=tuple(values[::step]),
                    count=len(values),
                )


def _dumps(seen: _Seen) -> Dumps:
    groups = seen_in(seen.digests)
    strange = [unread for digest in seen.digests for unread in digest.unread]
    return Dumps(
        replicates=seen.replicates,
        dumped=len(seen.files),
        whole=len(seen.digests),
        early=seen.replicates - len(seen.asked),
        mute=seen.mute,
        asked_ns=round(statistics.median(seen.asked)) if seen.asked else None,
        files=tuple(seen.files),
        groups=groups[:MOST_GROUPS],
        more_groups=max(0, len(groups) - MOST_GROUPS),
        unread=len(strange),
        first_unread=strange[0].text if strange else "",
    )
