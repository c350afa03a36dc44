"""results/: one folder a run. Written once, line by line; read by whoever comes back.

What a run decides beforehand is there before its first replicate: ``plan.json``, each scenario's manifest with its margins
and rules (``scenarios/NAME.toml``), what is predicted (``predictions.json``) and, by engine, the costs that this rests on
(``costs/ENGINE.json``); ``decided.json`` binds these to the lines that follow (:mod:`lab.bound`).
``probes.json`` has what a process of each cell saw of its own settings. ``runs.jsonl`` gets one line a replicate, fsync'ed before the
next one is ordered, and ``captures.jsonl`` is where a line is until then; ``dumps/POSITION.txt`` is there before the line of a
replicate that left a goroutine dump, whole for the first ones of a cell only. ``end.json`` says what ended the run, and ``analysis.json`` and
``report.html`` are derived from all that and may be written again at any time.
"""

from __future__ import annotations

import errno
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from lab import bound
from lab.dumped import SHORT_DUMP_BYTES, WHOLE_DUMPS, alike, shortened
from lab.durable import append, cut, made, settle, unwritable, write
from lab.errors import StoreError, UnknownNameError
from lab.filed import Analysis, End, Predictions, Probes, Programs, Resumed, content_of, read, to_json
from lab.host import scratch
from lab.host.owner import Owner
from lab.lines import Records, last_checksum, line_count, sealed, whole_bytes
from lab.model.outcome import CellSummary, Foresight
from lab.model.run import (
    FINISHED,
    FORMAT,
    DumpText,
    Ending,
    Plan,
    Record,
    Resumption,
    StoppedBy,
)

_PLAN: Final = bound.PLAN
_MANIFESTS: Final = "scenarios"
_PREDICTIONS: Final = "predictions.json"
_COSTS: Final = "costs"
_PROBES: Final = "probes.json"
_RUNS: Final = "runs.jsonl"
_DUMPS: Final = "dumps"
_CAPTURES: Final = "captures.jsonl"
_END: Final = "end.json"
_ANALYSIS: Final = "analysis.json"
_REPORT: Final = "report.html"
_RESUMED: Final = "resumed.json"
_OWNER: Final = "owner.json"
_PROGRAMS: Final = "programs.json"
_READ: Final = (_PLAN, _RUNS, _CAPTURES, _PROBES, _RESUMED, _END, _ANALYSIS, _PREDICTIONS, bound.NAME)
_TAKEN: Final = (errno.ENOTEMPTY, errno.EEXIST)
"""What a file system says where a folder is renamed to one that is not empty."""
_ASIDE: Final = "runs.damaged-{}.jsonl"


@dataclass(frozen=True, slots=True)
class Sources:
    """What programs are made of: by program the digest of each file by its path, by digest a text that is kept."""

    programs: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """All that is fixed before the first replicate: ``manifests`` by scenario, and by engine a calibration's text."""

    plan: Plan
    manifests: Mapping[str, bytes]
    foretold: Foresight
    costs: Mapping[str, str]
    sources: Sources = field(default_factory=lambda: Sources({}, {}))


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path
    _dumps: Counter[tuple[str, Ending]] = field(
        default_factory=Counter[tuple[str, Ending]], init=False, repr=False, compare=False
    )
    """How many there are, once the first was written or found."""
    _checksums: list[int] = field(default_factory=list[int], init=False, repr=False, compare=False)
    """Of the last line, once one was written."""

    def append(self, *records: Record) -> None:
        """Add a line for each replicate; on return they are on the disk. StoreError where they cannot be: then none of them is."""
        path = self.path / _RUNS
        if self._checksums and not path.exists():
            raise StoreError(f"{path}: is not there any more: somebody took it away while the run went on")
        checksum = self._checksums[0] if self._checksums else self._last_checksum()
        lines = []
        for record in records:
            line, checksum = sealed(self._without_dump(record), checksum)
            lines.append(line)
        try:
            append(path, b"".join(lines))
        except StoreError as error:
            hint = f"what was measured before is kept; when there is room: golab resume {self.path}"
            raise StoreError(str(error), hint=hint) from None
        self._checksums[:] = [checksum]

    def _last_checksum(self) -> int:
        return last_checksum(self.path / _RUNS, bound.first_checksum(self.path, self.plan().format))

    def _without_dump(self, record: Record) -> Record:
        """The record as its line has it, once its dump is in a file of its own: whole, or its beginning after the first ones."""
        if record.dump is None:
            return record
        text, is_cut = record.dump.text.encode(errors="replace"), record.dump.cut
        if not self._dumps:  # a run that was killed is gone on with: some may be there
            self._dumps.update(alike(each) for each in self.records() if each.dump is not None)
        self._dumps[alike(record)] += 1
        if self._dumps[alike(record)] > WHOLE_DUMPS and len(text) > SHORT_DUMP_BYTES:
            text, is_cut = shortened(text), True
        write(made(self.path / _DUMPS) / self.dump(record).name, text)
        return replace(record, dump=DumpText(text="", cut=is_cut))

    def dump(self, record: Record) -> Path:
        """Where the goroutine dump of a replicate is, if it left one."""
        return self.path / _DUMPS / f"{record.turn.position}.txt"

    def dump_text(self, record: Record) -> str | None:
        """The text of a replicate's goroutine dump; None where it is not there."""
        try:
            return self.dump(record).read_text("utf-8", errors="replace")
        except OSError:
            return None

    @property
    def places(self) -> tuple[Path, ...]:
        """Where a golab that was killed may have left what it was writing."""
        return self.path, self.path / _DUMPS

    def sweep(self) -> None:
        """Remove what dead golabs left here half written."""
        for path in scratch.left(self.places):
            scratch.delete(path)

    def half_line(self) -> int | None:
        """Where in the record half a line begins; None where every line is whole."""
        return whole_bytes(self.path / _RUNS)

    def drop_half_line(self) -> None:
        """Take off what a kill in the middle of :meth:`append` left of a line; what is whole stays."""
        if (whole := self.half_line()) is not None:
            self.cut(whole)

    def keep_aside(self, size: int) -> str:
        """Copy what stands in the record from byte *size* on into a file of its own; its name, empty where nothing stands there."""
        taken = next(
            name for name in map(_ASIDE.format, itertools.count(1)) if not (self.path / name).exists()
        )
        behind = content_of(self.path / _RUNS)[size:] if (self.path / _RUNS).exists() else b""
        if behind:
            write(self.path / taken, behind)
        return taken if behind else ""

    def cut(self, size: int) -> None:
        """Take off what stands in the record from byte *size* on."""
        cut(self.path / _RUNS, size)
        self._checksums.clear()

    def own(self, owner: Owner) -> None:
        """Write down whose run it is, for as long as it goes on."""
        write(self.path / _OWNER, to_json(owner))

    def owner(self) -> Owner | None:
        """Whose run it is, or was when it was killed; None of one that came to its end."""
        try:
            return msgspec.json.decode((self.path / _OWNER).read_bytes(), type=Owner)
        except (OSError, msgspec.DecodeError):
            return None

    def resume(self, resumption: Resumption) -> None:
        """Write down that the run is gone on with: it has no end any more, nothing is concluded, lines that were lost count no more."""
        write(
            self.path / _RESUMED,
            to_json(Resumed(format=FORMAT, resumptions=(*self.resumptions(), resumption))),
        )
        for name in (_END, _ANALYSIS, _REPORT):
            (self.path / name).unlink(missing_ok=True)

    def resumptions(self) -> tuple[Resumption, ...]:
        """How often the run was gone on with, and what was so then."""
        path = self.path / _RESUMED
        return read(path, Resumed).resumptions if path.exists() else ()

    def end(self, stopped_by: StoppedBy) -> None:
        """Write down that no replicate comes any more, and why."""
        lines, checksum = line_count(self.path / _RUNS), f"{self._last_checksum():08x}"
        end = End(format=FORMAT, stopped_by=stopped_by, lines=lines, checksum=checksum)
        write(self.path / _END, to_json(end))
        (self.path / _OWNER).unlink(missing_ok=True)

    def keep_analysis(self, cells: Sequence[CellSummary], reached: tuple[int, str]) -> None:
        """Write what was concluded from the lines up to where :attr:`Records.reached` says."""
        lines, checksum = reached
        found = Analysis(format=FORMAT, cells=tuple(cells), lines=lines, checksum=checksum)
        write(self.path / _ANALYSIS, to_json(found))

    def keep_probes(self, seen: Mapping[str, Mapping[str, Any]], flaws: Mapping[str, str]) -> None:
        """Write what a process of each cell saw of its own settings before the first replicate, and what is not as asked."""
        write(self.path / _PROBES, to_json(Probes(format=FORMAT, cells=seen, flaws=flaws)))

    def flaws(self) -> Mapping[str, str]:
        """By cell, what is not as it was asked for. StoreError where nobody came to find out."""
        return read(self.path / _PROBES, Probes).flaws

    def seated(self) -> frozenset[str]:
        """The cells for which there was a container when the run was begun, or last gone on with; none where it never came so far."""
        path = self.path / _PROBES
        return frozenset(read(path, Probes).cells) if path.exists() else frozenset()

    @property
    def captures(self) -> Path:
        """What is measured and not written down yet; see :mod:`lab.captured`."""
        return self.path / _CAPTURES

    def keep_report(self, page: str) -> Path:
        """Write the run's page; where it is."""
        write(self.report, page.encode())
        return self.report

    @property
    def report(self) -> Path:
        """Where the run's page is, or would be."""
        return self.path / _REPORT

    def plan(self) -> Plan:
        """The run's plan. StoreError if there is none, its format is another, or it was changed since."""
        plan = read(self.path / _PLAN, Plan)
        bound.refuse_changed(self.path, plan.format, _PLAN)
        return plan

    def identity(self, plan: Plan) -> str:
        """Equal for two folders that hold the same run, and for no others: two machines may give one name. StoreError where it cannot be read."""
        return bound.identity(self.path, plan.format)

    def manifest(self, scenario: str) -> tuple[bytes, Path]:
        """A scenario's manifest as it was when the run was planned, and where that copy is."""
        path = self.path / _MANIFESTS / f"{scenario}.toml"
        return content_of(path), path

    def decided(self) -> Decided:
        """All that was fixed before the first replicate, but for the programs' sources."""
        plan = self.plan()
        return Decided(
            plan=plan,
            manifests={name: self.manifest(name)[0] for name in plan.manifests},
            foretold=self.foretold(),
            costs={name: content_of(self.path / _COSTS / f"{name}.json").decode() for name in plan.costs},
        )

    def source(self, program_sha256: str) -> Mapping[str, str]:
        """The files of a program as it was measured: their text, or ``sha256:…`` of a user's own; nothing in an earlier golab's record."""
        try:
            kept = read(self.path / _PROGRAMS, Programs)
        except StoreError:
            return {}
        return {
            path: kept.files.get(digest, f"sha256:{digest}")
            for path, digest in kept.programs.get(program_sha256, {}).items()
        }

    def foretold(self) -> Foresight:
        """What was predicted before anything was measured. An earlier golab's record has no outcomes.

        StoreError where it, or the plan or the costs that it rests on, was changed since.
        """
        bound.refuse_changed(self.path, self.plan().format)
        return read(self.path / _PREDICTIONS, Predictions).foretold()

    def records(self, plan: Plan | None = None) -> Records:
        """Every replicate that was measured, as a stream; whoever has read the *plan* need not have it read again."""
        plan = plan or self.plan()
        first = bound.first_checksum(self.path, plan.format)
        return Records(self.path / _RUNS, plan, self.resumptions(), first, self._ended())

    def _ended(self) -> tuple[int, str] | None:
        """How many lines there were when the run came to its end, and the last one's checksum; None where nobody has said so."""
        path = self.path / _END
        end = read(path, End) if path.exists() else None
        return None if end is None or end.lines is None else (end.lines, end.checksum)

    def kept_analysis(self, records: Records) -> tuple[CellSummary, ...] | None:
        """What was concluded from just these *records*, which are read; None where that was never written, is no more readable, or was of others."""
        try:
            found = read(self.path / _ANALYSIS, Analysis)
        except StoreError:
            return None
        for _ in records:
            pass
        return found.cells if (found.lines, found.checksum) == records.reached else None

    def read_files(self) -> Iterator[Path]:
        """What an analysis reads, but for dumps, and what keeps one; and the folders of which it reads all."""
        yield from (self.path / name for name in _READ)
        for folder in (self.path / _MANIFESTS, self.path / _COSTS):
            yield folder
            yield from sorted(folder.iterdir()) if folder.is_dir() else ()

    @property
    def is_unfinished(self) -> bool:
        """Whether it never came to an end, or something else ended it than its own plan."""
        return self.stopped_by() not in FINISHED

    def stopped_by(self) -> StoppedBy:
        """What ended the run; ``killed`` where it never came to say so."""
        path = self.path / _END
        return read(path, End).stopped_by if path.exists() else "killed"


@dataclass(frozen=True, slots=True)
class Store:
    """The folder that holds the runs."""

    root: Path

    def create(self, decided: Decided) -> RunFolder:
        """A new run's folder, with all that was decided in it: there as a whole, or not at all. StoreError where it cannot be made.

        What a golab left that was killed while it made one is removed.
        """
        folder = self.root / decided.plan.run
        try:
            made(self.root)
            for path in scratch.left([self.root]):
                scratch.remove(path)
            with scratch.folder(self.root, "record", mode=0o777) as fresh:
                _fill(fresh, decided)
                fresh.rename(folder)
            settle(self.root)
        except OSError as error:
            if error.errno in _TAKEN:
                raise StoreError(
                    f"{folder}: another run has taken this name meanwhile, and is not written over",
                    hint="measure again: the run gets a name of its own",
                ) from None
            raise unwritable(folder, error) from None
        return RunFolder(folder)

    def free(self, name: str) -> str:
        """*name*, or with a number behind it, such as no run has: the wall clock, which is in it, may say the same twice."""
        names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
        return next(each for each in names if not (self.root / each).exists())

    def runs(self) -> tuple[RunFolder, ...]:
        """Every run of this folder, the oldest first."""
        if not self.root.is_dir():
            return ()
        found = (path.parent for path in self.root.glob(f"*/{_PLAN}") if not scratch.is_one(path.parent))
        return tuple(RunFolder(path) for path in sorted(found, key=lambda path: path.name))

    def find(self, name: str | None) -> RunFolder:
        """The run that *name* means: a folder, a run's name or enough of it; None means the newest.

        UnknownNameError names the nearest runs; StoreError where there is no run at all.
        """
        runs = self.runs()
        if name is None:
            if not runs:
                raise StoreError(
                    f"{self.root}: holds no run yet",
                    hint="measure one: golab run scenario mmap-large --quick",
                )
            return runs[-1]
        if (Path(name) / _PLAN).is_file():
            return RunFolder(Path(name))
        matching = [run for run in runs if name in run.path.name]
        exact = [run for run in matching if run.path.name == name]
        if len(exact or matching) == 1:
            return (exact or matching)[0]
        known = matching or runs
        raise UnknownNameError(f"run in {self.root}", name, [run.path.name for run in known])


def _fill(folder: Path, decided: Decided) -> None:
    """The plan comes last: whoever finds it finds all the rest."""
    for name, manifest in decided.manifests.items():
        write(made(folder / _MANIFESTS) / f"{name}.toml", manifest)
    programs = Programs(format=FORMAT, programs=decided.sources.programs, files=decided.sources.files)
    write(folder / _PROGRAMS, to_json(programs))
    plan = to_json(decided.plan)
    others = {f"{_COSTS}/{engine}.json": costs.encode() for engine, costs in decided.costs.items()}
    others[_PREDICTIONS] = to_json(Predictions.of(decided.foretold))
    for path, content in others.items():
        made((folder / path).parent)
        write(folder / path, content)
    write(folder / bound.NAME, bound.binding({**others, _PLAN: plan}))
    write(folder / _PLAN, plan)
