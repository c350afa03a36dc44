"""From a replicate's record to how its start went: what it marked before and after each package's inits, and its dump."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote

from lab.dump import parsed
from lab.model.dump import Dump, Goroutine
from lab.model.run import Ending, Record
from lab.model.start import Init, Start, Started
from lab.model.units import Nanos
from lab.store import RunFolder

_BEGUN: Final = "init "
_DONE: Final = "done "
_MAIN: Final = "main"
_MAIN_GOROUTINE: Final = 1
"""The goroutine that runs inits, and then main.main (runtime/proc.go: main)."""
_HOPELESS: Final = frozenset({Ending.TIMEOUT, Ending.DEADLOCK})
_NEVER_RAN: Final = frozenset({Ending.REFUSED, Ending.BUILD_FAILED, Ending.INFRA_FAILED})


def starts_of(folder: RunFolder) -> Iterator[Start]:
    """The starts of a run's replicates, cell by cell as it was planned. StoreError where its record cannot be read."""
    order = {cell.id: number for number, cell in enumerate(folder.plan().cells)}
    for record in sorted(folder.records(), key=lambda each: order[each.turn.cell]):
        text = folder.dump_text(record)
        cut = record.dump is not None and record.dump.cut
        yield start_of(record, None if text is None else parsed(text, cut=cut))


def start_of(record: Record, dump: Dump | None) -> Start:
    """The start of one replicate whose runtime told of inits (go_templates/overlays/program.toml)."""
    inits = tuple(_inits(record.marks, _since_start(record)))
    main = _since_start(record).get(_MAIN)
    within = next((init.package for init in reversed(inits) if init.took is None), "")
    return Start(
        cell=record.turn.cell,
        started=_started(record, reached=main is not None),
        lasted=record.wall_ns,
        inits=inits,
        main=main,
        within=within if main is None else "",
        goroutine=_runs_inits(dump) if dump is not None and main is None else None,
        detail=record.termination.detail or record.termination.ending.value,
    )


def _started(record: Record, *, reached: bool) -> Started:
    if reached:
        return Started.BEGAN
    if record.termination.ending in _NEVER_RAN:
        return Started.UNSEEN
    return Started.STUCK if record.termination.ending in _HOPELESS else Started.ENDED


def _since_start(record: Record) -> Mapping[str, Nanos]:
    """Instants of marks, counted from the process's start; as :func:`lab.bench.account.of_marks` names them."""
    found = {mark: record.observations.get(f"start_to_{mark}_ns", ()) for mark in record.marks}
    return {mark: Nanos(values[0]) for mark, values in found.items() if values}


def _inits(marks: Mapping[str, int], since_start: Mapping[str, Nanos]) -> Iterator[Init]:
    for mark, at in marks.items():
        package = mark.removeprefix(_BEGUN)
        if package == mark or mark not in since_start:
            continue
        end = marks.get(f"{_DONE}{package}")
        yield Init(
            # as it stands in the symbol table, where a dot of the last element is %2e (cmd/internal/objabi/path.go)
            package=unquote(package),
            begun=since_start[mark],
            took=None if end is None else Nanos(end - at),
        )


def _runs_inits(dump: Dump) -> Goroutine | None:
    return next((each for each in dump.goroutines if each.id == _MAIN_GOROUTINE), None)
