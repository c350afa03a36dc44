"""What a run that was killed had measured and not written down: brought over into its record, by whoever reads that next."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab import captured, manifest
from lab.bench.decode import Asked, decode, was_stopped
from lab.bench.exclude import Surroundings, excluded
from lab.bench.kept import kept_of
from lab.durable import unwritable
from lab.errors import StoreError
from lab.host.owner import Owner
from lab.lines import Records
from lab.model.level import UNSET
from lab.model.run import Capture, Plan, Record
from lab.model.scenario import QUOTA, Scenario
from lab.report.text import counted
from lab.store import RunFolder


def recover(folder: RunFolder) -> int:
    """Bring over what is left in the captures of a run that is over; how many replicates that were.

    They are read as the run itself would have, by its own manifests and probes. Only whether a stranger's container was there in its last
    quarter of a second nobody knows any more. Of :func:`held_cells` nothing is brought over. A run that goes on is left alone. StoreError
    where the record, or what is left, cannot be read or written: for whoever goes on with it.
    """
    with _left(folder) as left:
        if left is None or left.is_behind_damage:
            return 0
        left.bring_over()
        left.forget()
        return len(left.fresh)


def recovered(folder: RunFolder) -> str:
    """As :func:`recover`, for whoever only reads: what is not brought over, and why; empty where nothing is missing.

    A record on a disk that is read-only, full or somebody else's can be read as far as it goes.
    """
    try:
        with _left(folder) as left:
            return "" if left is None else _brought_over(left)
    except captured.UnreadableError as error:
        owner = folder.owner()
        if owner is not None and owner.is_alive(seen_from=Owner.of_this_process("")):
            return ""  # it goes on: nobody else's until it ends
        return _without(folder, str(error))


def _brought_over(left: _Left) -> str:
    if left.is_behind_damage:
        why = "the record is damaged before them, and golab resume sets that aside"
        return _missing(left.folder, len(left.fresh), why) if left.fresh else ""
    try:
        left.bring_over()
    except StoreError as error:
        return _missing(left.folder, len(left.fresh), str(error)) if left.fresh else ""
    # all of it is in the record: where the captures stay, whoever reads it next finds nothing new in them
    with contextlib.suppress(StoreError):
        left.forget()
    return ""


def _missing(folder: RunFolder, count: int, why: str) -> str:
    are = "is" if count == 1 else "are"
    return f"{counted(count, 'measured replicate')} {are} not in the record yet: {_without(folder, why)}"


def _without(folder: RunFolder, why: str) -> str:
    """A sentence without the folder's own path: a page is the same wherever its record lies."""
    return why.replace(f"{folder.path}/", "")


@dataclass(frozen=True, slots=True)
class _Left:
    """What is in the captures of a run and not in its record, or not before its damage: then nobody knows what stands behind that."""

    folder: RunFolder
    plan: Plan
    fresh: Sequence[Capture]
    is_behind_damage: bool

    def bring_over(self) -> None:
        """Into the record, behind its last whole line. StoreError where it cannot be written, or not be said how they are to be read."""
        self.folder.drop_half_line()
        # without any it may have been killed before its probes were written down, by which they are read
        if self.fresh:
            self.folder.append(*map(_reader(self.folder, self.plan), self.fresh))

    def forget(self) -> None:
        """Remove the captures: all of them are in the record. StoreError where that cannot be."""
        try:
            self.folder.captures.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(self.folder.captures, error) from None


@contextlib.contextmanager
def _left(folder: RunFolder) -> Generator[_Left | None]:
    """What may be brought over, while nobody else does; None where the run goes on, or left none."""
    with captured.left(folder.captures) as lines:
        if lines is None:
            yield None
            return
        plan = folder.plan()
        records = folder.records(plan)
        known = {record.turn.position for record in records}
        is_damaged = bool(records.damage) and not _ends_in_half_a_line(folder, records)
        held = held_cells(folder, plan)
        fresh = [
            capture
            for capture in _captures(plan, lines)
            if capture.turn.position not in known and capture.turn.cell not in held
        ]
        yield _Left(folder, plan, fresh, is_damaged)


def _ends_in_half_a_line(folder: RunFolder, records: Records) -> bool:
    """Whether that is all that is wrong with *records*, read to their end, and a kill has left it."""
    return folder.stopped_by() == "killed" and records.size == folder.half_line()


def _captures(plan: Plan, lines: Sequence[bytes]) -> Iterator[Capture]:
    """In the plan's order; what a probe said is none, nor is a replicate that was stopped because the lab had died."""
    for _, capture in sorted(kept_of(plan.turns, lines).items()):
        if not was_stopped(capture):
            yield capture


def held_cells(folder: RunFolder, plan: Plan) -> frozenset[str]:
    """The cells beside which somebody works, or for which the whole machine is set otherwise, as long as a replicate runs.

    Whether that held is found out after the replicate: what was measured before is none until then.
    """
    scenarios = _scenarios(folder, plan)
    found = set()
    for cell in plan.cells:
        scenario = scenarios[cell.scenario]
        levels = scenario.read_levels(cell.levels)
        if scenario.neighbour(levels) is not None or scenario.host_mode(levels):
            found.add(cell.id)
    return frozenset(found)


def _scenarios(folder: RunFolder, plan: Plan) -> Mapping[str, Scenario]:
    scenarios = {}
    for name in plan.manifests:
        content, path = folder.manifest(name)
        scenarios[name] = manifest.read(content, name=name, path=path)
    return scenarios


def _reader(folder: RunFolder, plan: Plan) -> Callable[[Capture], Record]:
    flaws = folder.flaws()
    cells = {cell.id: cell for cell in plan.cells}
    scenarios = _scenarios(folder, plan)
    cpus = plan.provenance["machine"]["cpu"]["count"] or 1

    def read_as(capture: Capture) -> Record:
        cell = cells[capture.turn.cell]
        scenario = scenarios[cell.scenario]
        asked = Asked.of(scenario, scenario.read_levels(cell.levels), flaws[cell.id])
        around = Surroundings(cpus=cpus, has_quota=cell.levels[QUOTA] != UNSET)
        return excluded(decode(capture, asked), scenario.exclusion, around)

    return read_as
