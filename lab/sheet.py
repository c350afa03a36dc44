"""Benchmark files side by side: what ``go test -bench`` or ``golab export --benchfmt`` wrote, or a run as that would tell it.

Theory of operation
-------------------
The unit of every comparison is one fresh process, and the benchmark format has no word for a process. So its end is read
from what the format does have: a ``replicate`` configuration line (golab writes one for each), the ``pkg`` line with which
each test binary begins, and the end of a file. ``go test -bench -count=10`` is therefore one process with ten repetitions:
nothing can be said of how processes differ, and that is what a reader is told, with what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lab.analysis import Analysis
from lab.benchfmt import Benchmark, Configuration, read_line
from lab.errors import StoreError
from lab.exported import REPLICATE, benchfmt
from lab.model.outcome import Inconclusive, Reason
from lab.model.versus import Difference, PairedCell, PairedMetric, Versus
from lab.stats.compare import compare_runs
from lab.stats.estimate import centre
from lab.stats.process import PerProcess
from lab.stats.reduction import Reduction
from lab.store import RunFolder
from lab.versus import Wanted, corrected, shape_of

DEFAULT_MARGIN: Final = 0.15
_BEGINS: Final = ("pkg", REPLICATE)
"""Configuration lines with which a process begins."""
_FLEETING: Final = (REPLICATE, "pkg", "run")
_STATISTIC: Final = "p50"
_GONE_WELL: Final = re.compile(r"PASS|(ok|\?)\s.*")
_FAILED: Final = re.compile(r"FAIL(\s.*)?")
"""What ``go test`` itself says of a package (cmd/go/internal/test)."""


@dataclass(slots=True)
class Sheet:
    """What benchmark files say: by benchmark and unit the processes' values, and what is true of all of them.

    ``skipped`` counts the lines that are none of the format, nor ``go test``'s own, ``processes`` those that gave results,
    ``failed`` the packages of which ``go test`` says that they failed.
    """

    name: str
    configuration: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    failed: int = 0
    processes: int = 0
    _values: dict[tuple[str, str], Reduction] = field(default_factory=dict)
    _open: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def read(self, lines: Iterable[str]) -> None:
        """Add a file's lines; its end is the end of a process."""
        package = ""
        for line in lines:
            match read_line(line):
                case Configuration(key, value):
                    if key in _BEGINS:
                        self._end_process()
                    package = value if key == "pkg" else package
                    if key not in _FLEETING:
                        self.configuration[key] = value
                case Benchmark(name, _, values):
                    where = f"{package}.{name}" if package else name
                    for unit, measured in values.items():
                        self._open.setdefault((where, unit), []).append(measured)
                case None if _FAILED.fullmatch(line.strip()):
                    self.failed += line.startswith("FAIL\t")
                case None:
                    self.skipped += bool(line.strip()) and not _GONE_WELL.fullmatch(line.strip())
        self._end_process()

    def samples(self) -> Mapping[tuple[str, str], PerProcess]:
        """By benchmark and unit, one value a process: the median of its repetitions."""
        return {key: found.per_process(_STATISTIC) for key, found in self._values.items()}

    def _end_process(self) -> None:
        for key, values in self._open.items():
            self._values.setdefault(key, Reduction([_STATISTIC])).add(values)
        self.processes += bool(self._open)
        self._open = {}


def is_sheet(name: str) -> bool:
    """Whether *name* is a file, or a folder of files that is no run."""
    path = Path(name)
    return path.is_file() or (path.is_dir() and not (path / "plan.json").exists())


def read_sheet(name: str) -> Sheet:
    """The file *name*, or all files of that folder. StoreError where nothing of the format is in it."""
    path, sheet = Path(name), Sheet(Path(name).name)
    files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
    for each in files:
        try:
            with each.open(encoding="utf-8", errors="replace") as lines:
                sheet.read(lines)
        except OSError as error:
            raise StoreError(f"{each}: cannot be read: {error.strerror}") from None
    if not sheet.processes:
        raise StoreError(
            f"{name}: holds no line of the Go benchmark format ({sheet.skipped} other lines)",
            hint="go test -bench writes such lines, and golab export --benchfmt",
        )
    return sheet


def sheet_of(folder: RunFolder, run: Analysis) -> Sheet:
    """A run as its export would be read."""
    sheet = Sheet(run.plan.run)
    sheet.read(benchfmt(folder, run))
    return sheet


def versus(old: Sheet, new: Sheet, margin: float, wanted: Wanted) -> Versus:
    """Every *wanted* benchmark and unit that both have, new over old, under one *margin*."""
    olds, news = old.samples(), new.samples()
    names = dict.fromkeys(name for name, _ in olds if any(name == other for other, _ in news))
    cells = [
        PairedCell(
            old=name,
            new=name,
            metrics=tuple(
                _metric(unit, olds[name, unit], news[name, unit], margin)
                for each, unit in olds
                if each == name and (name, unit) in news and wanted(name, unit)
            ),
            shifts=(),
        )
        for name in names
    ]
    return Versus(
        old=old.name,
        new=new.name,
        differences=tuple(_differences(old, new)),
        cells=corrected([cell for cell in cells if cell.metrics]),
        only_old=tuple(dict.fromkeys(name for name, _ in olds if name not in names)),
        only_new=tuple(dict.fromkeys(name for name, _ in news if name not in names)),
        skill=Inconclusive(reason=Reason.NOTHING_MEASURED, why="a benchmark file holds no prediction"),
    )


def warnings(sheets: Iterable[Sheet]) -> Iterator[str]:
    """What a reader has to know of the files: lines that say nothing, and results of a single process."""
    for sheet in sheets:
        if sheet.skipped:
            yield f"{sheet.name}: {sheet.skipped} lines are none of the benchmark format, and say nothing"
        if sheet.failed:
            yield f"{sheet.name}: go test says FAIL of {sheet.failed} of its runs: what they gave may be half of it"
        if sheet.processes == 1:
            yield (
                f"{sheet.name}: all results are of one process, so nothing can be said of how processes differ:"
                " run go test several times with -count=1, and put the outputs into one folder or file"
            )


def _metric(unit: str, old: PerProcess, new: PerProcess, margin: float) -> PairedMetric:
    return PairedMetric(
        name=unit,
        unit=_shown_unit(unit),
        statistic=_STATISTIC,
        old=centre(old),
        new=centre(new),
        found=compare_runs(new, old, margin),
        shape=shape_of(new, old),
    )


def _shown_unit(unit: str) -> str:
    """How values are written: by what stands in front of a slash and behind the last hyphen."""
    word = unit.partition("/")[0].rpartition("-")[2]
    return {"ns": "ns", "B": "bytes"}.get(word, "count")


def _differences(old: Sheet, new: Sheet) -> Iterator[Difference]:
    for key in dict.fromkeys((*old.configuration, *new.configuration)):
        a, b = (each.configuration.get(key, "-") for each in (old, new))
        if a != b:
            yield Difference(fact=key, old=a, new=b)
