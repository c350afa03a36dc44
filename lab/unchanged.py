"""What a run is gone on with under: the same manifests, machine, engines, programs, binaries, containers and neighbours as it was planned with.

Half of a run under one program and half under another would be two runs that look like one. So whatever differs refuses the whole
resumption, with the difference.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from lab import __version__
from lab.engine import said
from lab.errors import EnvironmentRefusedError, UsageError
from lab.golang.render import GoProgram
from lab.host import environment
from lab.material import Material
from lab.model.run import Plan, PlannedCell
from lab.store import RunFolder
from lab.workshop import BuiltNeighbour

_SWITCHED: Final = frozenset({"thp"})
"""What ``--tune-host`` has otherwise while a replicate runs (:mod:`lab.hosting`)."""
_AGAIN: Final = "measure it anew, or go back to what it was planned with"
_WHERE: Final = "go on where it was begun; golab report shows what there is of it"
_OTHER_MEMORY: Final = 0.01
"""Of a machine's memory: from such a difference on it is another's."""
_SHOWN: Final = 5
"""Cells that are named."""
_LINES: Final = 60
"""Of a difference."""


def refuse_other_manifests(folder: RunFolder, plan: Plan, scenarios: Path) -> None:
    """UsageError with the difference where a manifest in the folder *scenarios* is no more what it was."""
    for name, digest in plan.manifests.items():
        kept, _ = folder.manifest(name)
        path = scenarios / f"{name}.toml"
        if not path.is_file():
            raise UsageError(
                f"{plan.run}: there is no scenario {name} any more ({path})",
                hint="give --root the folder that it was measured from",
            )
        now = path.read_bytes()
        if hashlib.sha256(now).hexdigest() != digest:
            shown = _difference(
                {f"{name}.toml": kept.decode(errors="replace")},
                {f"{name}.toml": now.decode(errors="replace")},
            )
            raise UsageError(f"{plan.run}: {path} was changed since it was planned:\n{shown}", hint=_AGAIN)


def refuse_another_machine(plan: Plan, described: Mapping[str, Any], *, is_settled: bool = True) -> None:
    """EnvironmentRefusedError where *described* is not the machine of the plan, as far as a measurement depends on it and the plan says so.

    As long as it is not *is_settled* nothing is said of what a golab switches for a while: one may be at it, or have been killed then.
    """
    now = _of_machine(described)
    then = {
        name: fact
        for name, fact in _of_machine(plan.provenance.get("machine", {})).items()
        if is_settled or name not in _SWITCHED
    }
    changes = _changes(then, now)
    if told := "\n".join(changes):
        raise EnvironmentRefusedError(
            f"{plan.run} was measured on another machine, under another kernel or on other CPUs:\n{told}",
            hint=_WHERE,
        )


def refuse_another_engine(plan: Plan, described: Mapping[str, Mapping[str, Any]]) -> None:
    """EnvironmentRefusedError where an engine of the plan is another one, or set up otherwise, than that of its name which is *described*.

    Only what the plan says of it is compared. Another version of an engine is none.
    """
    planned = {plan.engine: plan.provenance.get("engine", {}), **plan.provenance.get("other_engines", {})}
    changes = [
        f"engine {name}: {change}"
        for name, then in planned.items()
        if name in described
        for change in _changes(said.what_matters(then), said.what_matters(described[name]))
    ]
    if told := "\n".join(changes):
        raise EnvironmentRefusedError(
            f"{plan.run} was measured in another engine, or in one that was set up otherwise:\n{told}",
            hint=_WHERE,
        )


def _of_machine(described: Mapping[str, Any]) -> dict[str, Any]:
    """What must not change in the middle of a run: what costs depend on, and the CPUs on which golab and what it starts may run."""
    allowed = (described.get("cpu") or {}).get("allowed")
    return {**environment.what_matters(described), "cpus_allowed": allowed}


def _changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is not what it was; a fact that an older record does not have is none."""
    return [
        f"{name} was {old}, is {now.get(name)}"
        for name, old in then.items()
        if old is not None and not _is_same(name, old, now.get(name))
    ]


def _is_same(name: str, then: object, now: object) -> bool:
    """Whether a fact is what it was: the memory that a kernel has to give is not to the byte the same after each boot."""
    if name == "memory_bytes" and isinstance(then, int) and isinstance(now, int):
        return abs(then - now) <= then * _OTHER_MEMORY
    return then == now


def refuse_other_programs(
    folder: RunFolder, plan: Plan, cells: tuple[PlannedCell, ...], material: Material
) -> None:
    """UsageError where a cell's program, binary, container, arguments, environment or neighbour are not those of its plan; what differs."""
    planned = {cell.id: cell for cell in plan.cells}
    prepared = {each.cell.id: each for each in material.prepared}
    found: dict[str, list[str]] = {}
    for cell in cells:
        here = prepared[cell.id]
        for words in (
            *_differing(folder, planned[cell.id], cell, here.program, str(here.built)),
            *_other_neighbour(folder, plan.provenance, here.neighbour),
        ):
            found.setdefault(words, []).append(cell.id)
    if found:
        told = "\n".join(f"{_named(ids)}: {words}" for words, ids in found.items())
        raise UsageError(
            f"{plan.run} cannot be gone on with as it was begun:\n{told}",
            hint=f"{_AGAIN}{_golab(plan)}",
        )


def _differing(
    folder: RunFolder, then: PlannedCell, now: PlannedCell, program: GoProgram, why: str
) -> Iterator[str]:
    if then.engine != now.engine:
        yield f"it ran on engine {then.engine}, and would on {now.engine}"
    elif then.program_sha256 != now.program_sha256:
        kept = folder.source(then.program_sha256)
        yield f"its program was changed:\n{_of_program(kept, program)}" if kept else "its program was changed"
    elif then.binary_sha256 != now.binary_sha256:
        yield _other_binary(then.binary_sha256, now.binary_sha256, why)
    elif then.image != now.image:
        yield f"its container holds something else ({then.image[:19]}, now {now.image[:19]}): another agent, probe or Go release"
    elif then.argv != now.argv:
        yield f"it was started as {' '.join(then.argv)}, and would be as {' '.join(now.argv)}"
    elif then.environment != now.environment:
        gone = sorted(set(then.environment) - set(now.environment))
        new = sorted(set(now.environment) - set(then.environment))
        yield f"its environment had {', '.join(gone) or 'nothing else'}, and would have {', '.join(new) or 'nothing else'}"


def _other_binary(then: str, now: str, why: str) -> str:
    if not now:
        return f"it ran, and cannot any more: {why}"
    if not then:
        return "it could not be run when it was planned, and can be now"
    return (
        f"the same program gave another binary ({then[:12]}, now {now[:12]}):"
        " another base, C compiler, overlay or linker flags"
    )


def _other_neighbour(
    folder: RunFolder, provenance: Mapping[str, Any], now: BuiltNeighbour | None
) -> Iterator[str]:
    """What of who works beside a cell is not what it was, as far as the record says what that was."""
    if now is None:
        return
    then = provenance.get("neighbours", {}).get(now.name)
    if then in (None, now.binary.sha256):
        return
    source = provenance.get("neighbour_programs", {}).get(now.name, now.program.source_sha256)
    kept = folder.source(source) if source != now.program.source_sha256 else {}
    if kept:
        yield f"its neighbour {now.name} was changed:\n{_of_program(kept, now.program)}"
    else:
        yield f"its neighbour {now.name} is another ({then[:12]}, now {now.binary.sha256[:12]})"


def _of_program(kept: Mapping[str, str], program: GoProgram) -> str:
    now = {path: content.decode(errors="replace") for path, content in program.files.items()}
    digests = {
        path: f"sha256:{hashlib.sha256(content).hexdigest()}" for path, content in program.files.items()
    }
    comparable = {
        path: digests[path] if kept.get(path, "").startswith("sha256:") else text
        for path, text in now.items()
    }
    return _difference(kept, comparable)


def _difference(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What changed in the files, as ``diff -u`` shows it; its first lines."""
    lines = [
        line
        for path in sorted({*then, *now})
        for line in difflib.unified_diff(
            then.get(path, "").splitlines(),
            now.get(path, "").splitlines(),
            f"{path} (as planned)",
            f"{path} (now)",
            lineterm="",
        )
    ]
    more = [f"… and {len(lines) - _LINES} lines more"] if len(lines) > _LINES else []
    return "\n".join([*lines[:_LINES], *more])


def _named(ids: list[str]) -> str:
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f"{', '.join(ids[:_SHOWN])}{more}"


def _golab(plan: Plan) -> str:
    """That golab itself is another, where that may be why."""
    then = plan.provenance.get("golab")
    return f" (golab {then} planned it, this is {__version__})" if then not in (None, __version__) else ""
