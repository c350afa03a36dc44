"""What a run had safely measured when it was hit, and whether it is still there, once, when the run has been gone on with."""

import json
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.analysis import analyse
from lab.errors import LabError
from lab.model.run import Ending, Record
from lab.recovery import held_cells
from lab.store import RunFolder
from tests.faults.inside import World

CAPTURES = "captures.jsonl"
_RUNS = "runs.jsonl"


@dataclass
class Kept:
    """The record of *folder* right after a fault in *world*."""

    world: World
    folder: RunFolder
    records: tuple[Record, ...] = ()
    again: int = 0
    _measured: dict[int, int] = field(default_factory=dict)
    """By position, how long it took: of every replicate that anybody has answered for, and of which nothing more was to be found out."""

    @property
    def measured(self) -> int:
        """How many replicates were safe, once :meth:`at_once` was asked."""
        return len(self._measured)

    def at_once(self, *, is_damaged: bool = False) -> Iterator[str]:
        """What is wrong with the record as the fault has left it; one that :meth:`damage` has changed may be damaged, and cut."""
        runs = self.folder.path / _RUNS
        size = runs.stat().st_size if runs.exists() else 0
        if size < (synced := self._synced(runs)) and not is_damaged:
            yield f"{_RUNS} has {size} bytes, and {synced} were on the disk"
        records = self.folder.records()
        found = {
            record.turn.position: record.wall_ns
            for record in records
            if record.termination.ending is not Ending.INFRA_FAILED
        }
        if records.damage and "cut off" not in records.damage and not is_damaged:
            yield f"the record is damaged: {records.damage}"
        self._measured = {**found, **dict(self._captured()), **self._measured}

    def damage(self) -> None:
        """Change a line in the middle of what is there, and have all of it on the disk."""
        runs = self.folder.path / _RUNS
        lines = runs.read_bytes().splitlines(keepends=True)
        assert lines, "it was killed while it wrote down what was measured"
        middle = lines[len(lines) // 2]
        begin = len(b'{"crc":"')
        changed = b"0" if middle[begin : begin + 1] != b"0" else b"1"
        lines[len(lines) // 2] = middle[:begin] + changed + middle[begin + 1 :]
        runs.write_bytes(b"".join(lines))
        subprocess.run(["sync", "--file-system", str(runs)], check=True)

    def _synced(self, path: Path) -> int:
        lines = (self.world.home / "durable").read_text().splitlines()
        sizes = [int(size) for size, _, name in (line.partition("\t") for line in lines) if name == str(path)]
        return max(sizes, default=0)

    def _captured(self) -> Iterator[tuple[int, int]]:
        path = self.folder.path / CAPTURES
        lines = filter(None, path.read_bytes().split(b"\n")[:-1] if path.exists() else [])
        plan = self.folder.plan()
        held = held_cells(self.folder, plan)
        to_come = {turn.position for turn in plan.turns if turn.cell in held}
        for line in lines:
            found: dict[str, Any] = json.loads(line)
            if str(found["id"]).isdecimal() and not found["stopped"] and int(found["id"]) not in to_come:
                yield int(found["id"]), found["end_ns"] - found["start_ns"]

    def finally_(self, whole: Sequence[Record] = ()) -> Iterator[str]:
        """What is wrong now that the run is whole; *whole* are the records of one that nothing happened to, where they can be the same."""
        records = self.folder.records()
        self.records = tuple(records)
        self.again = sum(len(each.again) for each in self.folder.resumptions())
        if records.damage:
            yield f"the record is damaged in the end: {records.damage}"
        if lacking := [
            each.turn.position for each in self.records if each.dump and self.folder.dump_text(each) is None
        ]:
            yield f"they left dumps, which are not there: {lacking}"
        positions = Counter(record.turn.position for record in self.records if record.turn.position >= 0)
        if twice := [position for position, times in positions.items() if times > 1]:
            yield f"counted twice: {twice}"
        planned = {turn.position for turn in self.folder.plan().turns}
        if self.folder.stopped_by() == "replicates" and (missing := planned - set(positions)):
            yield f"never measured: {sorted(missing)}"
        took = {record.turn.position: record.wall_ns for record in self.records}
        if changed := [each for each, wall in self._measured.items() if took.get(each) != wall]:
            yield f"measured before and not in the record: {sorted(changed)}"
        if whole and [*_by_position(self.records)] != [*_by_position(whole)]:
            yield "its records are not those of a run that nothing happened to"
        yield from self._analysed_alike()

    def _analysed_alike(self) -> Iterator[str]:
        """The same records in the order in which they were measured, in a run that nothing happened to, must lead to the same words."""
        with tempfile.TemporaryDirectory(dir=self.world.home) as place:
            path = Path(place) / self.folder.path.name
            shutil.copytree(self.folder.path, path)
            for name in (_RUNS, "resumed.json"):
                (path / name).unlink(missing_ok=True)
            other = RunFolder(path)
            other.append(*self.records)
            if (self.folder.path / "dumps").exists():
                shutil.copytree(self.folder.path / "dumps", path / "dumps", dirs_exist_ok=True)
            try:
                found = analyse(self.folder)
                alike = analyse(other).cells == found.cells
            except LabError as error:
                yield f"it cannot be analysed: {error}"
                return
            if found.damage:
                yield f"its analysis tells of a damage: {found.damage}"
            if not alike:
                yield "its analysis is not that of an uninterrupted run of the same records"
            if self.folder.kept_analysis(self.folder.records()) is None:
                yield "it has no analysis"
            if not self.folder.report.exists():
                yield "it has no report"


def _by_position(records: Sequence[Record]) -> list[Record]:
    return sorted(records, key=lambda record: record.turn.position)
