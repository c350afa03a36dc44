"""What was measured so far: one line a run, from what each folder says of itself.

The folders are the truth, wherever they were copied from. What was read of them is kept beside them in ``index.json``, so that a list of a thousand
runs need not read them all again: an entry holds as long as the files of its folder have the sizes and times that they had when it was made.
Whoever removes the index loses nothing.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from lab import __version__
from lab.analysis import analyse, damage_of, refuse_changed
from lab.durable import write
from lab.errors import LabError, StoreError
from lab.model.run import Plan
from lab.model.scenario import GO_RELEASE
from lab.recovery import recovered
from lab.report.view import conclusion
from lab.store import RunFolder, Store

INDEX: Final = "index.json"
_FORMAT: Final = 3
"""Format 1 may hold what a folder said while its run came to its end; format 2 knows runs by their names alone, and of no damage."""
_UNKNOWN: Final = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One run: what it measured, how far it came, how its predictions did; or the ``problem`` that its folder has.

    ``run`` is the folder's name, ``named`` what the run calls itself; ``same_as`` are other folders that hold the same run. ``damage`` says
    what of the record could not be read, ``unrecovered`` what was measured and cannot be brought into it.
    """

    run: str
    named: str = ""
    scenario: str = _UNKNOWN
    engine: str = _UNKNOWN
    go: tuple[str, ...] = ()
    cells: int = 0
    replicates: int = 0
    planned: int = 0
    stopped_by: str = _UNKNOWN
    conclusion: str = ""
    damage: str = ""
    unrecovered: str = ""
    problem: str = ""
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """``identity`` is equal where two folders hold the same run; empty of a folder that has a problem."""

    signature: tuple[tuple[int, int], ...]
    listed: Listed
    identity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """``golab`` is who made it: another one may say something else of the same folder."""

    format: int
    golab: str
    entries: Mapping[str, _Entry]


def listed(store: Store) -> tuple[Listed, ...]:
    """Every run of a folder, the oldest first; one that cannot be read is listed with the reason."""
    known = _kept(store.root / INDEX)
    entries = {folder.path.name: _entry(folder, known.get(folder.path.name)) for folder in store.runs()}
    sound = {name: entry for name, entry in entries.items() if entry.signature and not entry.listed.problem}
    if sound != known:
        with contextlib.suppress(StoreError):  # a folder that others may only read is listed, too
            _keep(store.root / INDEX, sound)
    return _with_copies(entries.values())


def _kept(path: Path) -> Mapping[str, _Entry]:
    """What the index has; nothing where there is none, or it is another golab's, or damaged."""
    try:
        index = msgspec.json.decode(path.read_bytes(), type=_Index)
    except (OSError, msgspec.DecodeError):
        return {}
    return index.entries if (index.format, index.golab) == (_FORMAT, __version__) else {}


def _keep(path: Path, entries: Mapping[str, _Entry]) -> None:
    write(path, msgspec.json.encode(_Index(format=_FORMAT, golab=__version__, entries=entries)) + b"\n")


def _entry(folder: RunFolder, known: _Entry | None) -> _Entry:
    """What is said of a folder; without a signature where nobody is to be told that again.

    Its files changed meanwhile, or what is missing of it may be brought over as soon as it can be written, which changes none of them.
    """
    signature = _signature(folder)
    if signature and known is not None and known.signature == signature:
        return known
    try:
        plan = folder.plan()
        found, identity = _told(folder, plan), folder.identity(plan)
    except LabError as error:
        found, identity = Listed(run=folder.path.name, problem=str(error)), ""
    is_lasting = _signature(folder) == signature and not found.unrecovered
    return _Entry(signature=signature if is_lasting else (), listed=found, identity=identity)


def _signature(folder: RunFolder) -> tuple[tuple[int, int], ...]:
    """Changes whenever a file changes that is read for the list: the size of each, and when it was written. Empty where nobody here may know."""
    try:
        return tuple(map(_stamp, folder.read_files()))
    except OSError:
        return ()


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _told(folder: RunFolder, plan: Plan) -> Listed:
    """What is concluded is taken from who concluded it before, if that was from the very lines that are there now: they are read, and not analysed."""
    refuse_changed(folder, plan)
    unrecovered, stopped_by, records = recovered(folder), folder.stopped_by(), folder.records(plan)
    cells = folder.kept_analysis(records)
    if cells is None:
        found = analyse(folder)
        cells, damage = found.cells, found.damage
    else:
        damage = damage_of(records, cells, stopped_by)
    return Listed(
        run=folder.path.name,
        named=plan.run,
        scenario=plan.scenario,
        engine=plan.engine,
        go=tuple(dict.fromkeys(cell.levels[GO_RELEASE] for cell in plan.cells)),
        cells=len(plan.cells),
        replicates=sum(sum(cell.outcomes.values()) for cell in cells),
        planned=len(plan.turns),
        stopped_by=stopped_by,
        conclusion=conclusion(cells),
        damage=damage,
        unrecovered=unrecovered,
    )


def _with_copies(entries: Collection[_Entry]) -> tuple[Listed, ...]:
    """With the other folders in which the same run is, which a copy under another name makes. Two machines may have given one name: that is none."""
    folders: dict[str, list[str]] = defaultdict(list)
    for each in entries:
        if each.identity:
            folders[each.identity].append(each.listed.run)
    return tuple(
        replace(
            each.listed,
            same_as=tuple(name for name in folders[each.identity] if name != each.listed.run),
        )
        for each in entries
    )
