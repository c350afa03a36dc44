"""results/: one folder a run. Written once, line by line; read by whoever comes back.

What a run decides beforehand is there before its first replicate: ``plan.json``, each scenario's manifest with its margins
and rules (``scenarios/NAME.toml``), what is predicted (``predictions.json``) and, by engine, the costs that this rests on
(``costs/ENGINE.json``).
``probes.json`` has what a process of each cell saw of its own settings. ``runs.jsonl`` gets one line a replicate, fsync'ed before the
next one is ordered, and ``captures.jsonl`` is where a line is until then; ``dumps/POSITION.txt`` is there before the line of a
replicate that left a goroutine dump, whole for the first ones of a cell only. ``end.json`` says what ended the run, and ``analysis.json`` and
``report.html`` are derived from all that and may be written again at any time.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from lab.errors import StoreError, UnknownNameError
from lab.model.outcome import CellSummary, Foresight, ForetoldOutcome, Prediction
from lab.model.run import FORMAT, DumpText, Ending, Plan, Record, StoppedBy

_PLAN: Final = "plan.json"
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

WHOLE_DUMPS: Final = 3
"""Goroutine dumps of a cell's replicates with the same ending that are kept as they are."""
SHORT_DUMP_BYTES: Final = 64 << 10
"""What is kept of a further one. Goroutine 1 is near its beginning, and some hundred more fit in."""
_HEAD_BYTES: Final = 4 << 10
"""What of that may be of the text before the first goroutine: Go's last words stand right before it."""
_FIRST_GOROUTINE: Final = re.compile(rb"^goroutine \d", re.MULTILINE)

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """All that is fixed before the first replicate: ``manifests`` by scenario, and by engine a calibration's text."""

    plan: Plan
    manifests: Mapping[str, bytes]
    foretold: Foresight
    costs: Mapping[str, str]


@dataclass(slots=True)
class Records:
    """A run's replicates, one by one from the disk; after the last one ``damage`` says what could not be read.

    What stands before the first damage is given, nothing after it: nobody knows what is missing there.
    """

    path: Path
    damage: str = field(default="", init=False)

    def __iter__(self) -> Iterator[Record]:
        """Every whole record up to the first damage. StoreError where the file cannot be read at all."""
        self.damage = ""
        decoder = msgspec.json.Decoder(Record)
        offset = 0
        try:
            with self.path.open("rb") as file:
                for line in file:
                    if not line.endswith(b"\n"):
                        self.damage = (
                            f"{self.path.name}: its last line was cut off at byte {offset + len(line)}"
                        )
                        return
                    try:
                        record = decoder.decode(line)
                    except msgspec.DecodeError as error:
                        self.damage = f"{self.path.name}: damaged at byte {offset}; what comes after is not used: {error}"
                        return
                    yield record
                    offset += len(line)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path
    _dumps: Counter[tuple[str, Ending]] = field(
        default_factory=Counter[tuple[str, Ending]], init=False, repr=False, compare=False
    )
    """How many there are, once the first was written or found."""

    def append(self, *records: Record) -> None:
        """Add a line for each replicate; on return they are on the disk. StoreError where they cannot be."""
        lines = b"".join(msgspec.json.encode(self._without_dump(record)) + b"\n" for record in records)
        try:
            with (self.path / _RUNS).open("ab", buffering=0) as file:
                file.write(lines)
                os.fsync(file.fileno())
        except OSError as error:
            raise _unwritable(self.path / _RUNS, error) from None

    def _without_dump(self, record: Record) -> Record:
        """The record as its line has it, once its dump is in a file of its own: whole, or its beginning after the first ones."""
        if record.dump is None:
            return record
        text, is_cut = record.dump.text.encode(errors="replace"), record.dump.cut
        if not self._dumps:  # a run that was killed is gone on with: some may be there
            self._dumps.update(_alike(each) for each in self.records() if each.dump is not None)
        self._dumps[_alike(record)] += 1
        if self._dumps[_alike(record)] > WHOLE_DUMPS and len(text) > SHORT_DUMP_BYTES:
            text, is_cut = _beginning(text), True
        _write(_made(self.path / _DUMPS) / self.dump(record).name, text)
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

    def drop_half_line(self) -> None:
        """Take off what a kill in the middle of :meth:`append` left of a line; what is whole stays."""
        path = self.path / _RUNS
        content = path.read_bytes() if path.exists() else b""
        if not content.endswith(b"\n") and content:
            os.truncate(path, content.rfind(b"\n") + 1)

    def end(self, stopped_by: StoppedBy) -> None:
        """Write down that no replicate comes any more, and why."""
        _write(self.path / _END, _json(_End(format=FORMAT, stopped_by=stopped_by)))

    def keep_analysis(self, cells: Sequence[CellSummary]) -> None:
        """Write what was concluded."""
        _write(self.path / _ANALYSIS, _json(_Analysis(format=FORMAT, cells=tuple(cells))))

    def keep_probes(self, seen: Mapping[str, Mapping[str, Any]], flaws: Mapping[str, str]) -> None:
        """Write what a process of each cell saw of its own settings before the first replicate, and what is not as asked."""
        _write(self.path / _PROBES, _json(_Probes(format=FORMAT, cells=seen, flaws=flaws)))

    def flaws(self) -> Mapping[str, str]:
        """By cell, what is not as it was asked for. StoreError where nobody came to find out."""
        return _read(self.path / _PROBES, _Probes).flaws

    @property
    def captures(self) -> Path:
        """What is measured and not written down yet; see :mod:`lab.captured`."""
        return self.path / _CAPTURES

    def keep_report(self, page: str) -> Path:
        """Write the run's page; where it is."""
        _write(self.report, page.encode())
        return self.report

    @property
    def report(self) -> Path:
        """Where the run's page is, or would be."""
        return self.path / _REPORT

    def plan(self) -> Plan:
        """The run's plan. StoreError if there is none, or its format is another."""
        return _read(self.path / _PLAN, Plan)

    def manifest(self, scenario: str) -> tuple[bytes, Path]:
        """A scenario's manifest as it was when the run was planned, and where that copy is."""
        path = self.path / _MANIFESTS / f"{scenario}.toml"
        return _content(path), path

    def foretold(self) -> Foresight:
        """What was predicted before anything was measured. An earlier golab's record has no outcomes."""
        kept = _read(self.path / _PREDICTIONS, _Predictions)
        return Foresight(
            metrics={
                (entry.cell, entry.metric): entry.prediction or entry.not_predicted
                for entry in kept.predictions
            },
            outcomes={entry.cell: entry.simulated or entry.not_predicted for entry in kept.outcomes},
        )

    def records(self) -> Records:
        """Every replicate that was measured, as a stream."""
        return Records(self.path / _RUNS)

    def kept_analysis(self) -> tuple[CellSummary, ...] | None:
        """What was concluded when the run was last analysed; None where that was never written or is no more readable."""
        try:
            return _read(self.path / _ANALYSIS, _Analysis).cells
        except StoreError:
            return None

    def stopped_by(self) -> StoppedBy:
        """What ended the run; ``killed`` where it never came to say so."""
        path = self.path / _END
        return _read(path, _End).stopped_by if path.exists() else "killed"


@dataclass(frozen=True, slots=True)
class Store:
    """The folder that holds the runs."""

    root: Path

    def create(self, decided: Decided) -> RunFolder:
        """A new run's folder, with all that was decided in it. StoreError where it cannot be made."""
        folder = self.root / decided.plan.run
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise _unwritable(folder, error) from None
        predictions = _Predictions(
            format=FORMAT,
            predictions=tuple(_entry(*item) for item in decided.foretold.metrics.items()),
            outcomes=tuple(_outcome_entry(*item) for item in decided.foretold.outcomes.items()),
        )
        for name, manifest in decided.manifests.items():
            _write(_made(folder / _MANIFESTS) / f"{name}.toml", manifest)
        _write(folder / _PREDICTIONS, _json(predictions))
        for engine, costs in decided.costs.items():
            _write(_made(folder / _COSTS) / f"{engine}.json", costs.encode())
        _write(folder / _PLAN, _json(decided.plan))
        return RunFolder(folder)

    def runs(self) -> tuple[RunFolder, ...]:
        """Every run of this folder, the oldest first."""
        if not self.root.is_dir():
            return ()
        found = (path.parent for path in self.root.glob(f"*/{_PLAN}"))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    cell: str
    metric: str
    prediction: Prediction | None
    not_predicted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _OutcomeEntry:
    cell: str
    simulated: Mapping[str, int]
    not_predicted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Predictions:
    format: int
    predictions: tuple[_Entry, ...]
    outcomes: tuple[_OutcomeEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Probes:
    format: int
    cells: Mapping[str, Mapping[str, Any]]
    flaws: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    format: int
    stopped_by: StoppedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Analysis:
    format: int
    cells: tuple[CellSummary, ...]


def _alike(record: Record) -> tuple[str, Ending]:
    """Which dumps are likely to tell the same."""
    return record.turn.cell, record.termination.ending


def _beginning(text: bytes) -> bytes:
    """The whole lines around and behind the first goroutine's, up to what is kept of a dump that is not kept whole."""
    first = _FIRST_GOROUTINE.search(text)
    begin = 0
    if first is not None and first.start() > _HEAD_BYTES:
        begin = text.find(b"\n", first.start() - _HEAD_BYTES, first.start()) + 1
    end = begin + SHORT_DUMP_BYTES
    return text[begin : text.rfind(b"\n", begin, end) + 1 or end]


def _entry(key: tuple[str, str], foretold: Prediction | str) -> _Entry:
    cell, metric = key
    if isinstance(foretold, Prediction):
        return _Entry(cell=cell, metric=metric, prediction=foretold, not_predicted="")
    return _Entry(cell=cell, metric=metric, prediction=None, not_predicted=foretold)


def _outcome_entry(cell: str, foretold: ForetoldOutcome) -> _OutcomeEntry:
    if isinstance(foretold, str):
        return _OutcomeEntry(cell=cell, simulated={}, not_predicted=foretold)
    return _OutcomeEntry(cell=cell, simulated=foretold, not_predicted="")


def _read(path: Path, kind: type[_Kind]) -> _Kind:
    content = _content(path)
    try:
        found = msgspec.json.decode(content).get("format")
        if found != FORMAT:
            raise StoreError(f"{path}: is of format {found}; this golab reads {FORMAT}", hint=_other(found))
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, AttributeError) as error:
        raise StoreError(f"{path}: cannot be read: {error}") from None


def _other(found: object) -> str:
    if isinstance(found, int) and found > FORMAT:
        return "a newer golab wrote it: read it with that one, or bring this one up to date"
    return "an earlier golab wrote it, which did not keep what an analysis needs: measure it again"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from None


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def _write(path: Path, content: bytes) -> None:
    """Replace *path* as a whole: a reader sees the old content or the new, never half of it."""
    fresh = path.with_suffix(".new")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None
    return folder


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: cannot be written: {error.strerror}",
        hint="make room, or give --results a folder you may write",
    )
