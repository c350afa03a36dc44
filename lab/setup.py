"""What two runs were set up with, and where that differs: read before their numbers are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lab.model.instrument import WITH
from lab.model.run import Plan, PlannedCell
from lab.model.scenario import QUIET_LEVELS
from lab.model.versus import Difference

_FLEETING: Final = (
    "available_bytes",
    "free_bytes",
    "swap_free_bytes",
    "memory.usage_in_bytes",
    "memory.current",
)
"""Facts that are never twice the same, and that nobody set up."""
_ABSENT: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two cells that are compared: all their levels agree but those that the runs as a whole differ in."""

    old: PlannedCell
    new: PlannedCell


def pairs(old: Plan, new: Plan) -> tuple[Pair, ...]:
    """The cells of both runs that belong together, in the old run's order.

    A factor that has one level throughout each run, and not the same one, is what the runs are compared for: it does
    not keep cells apart. An instrument does: what it looks at is never compared with what it does not.
    """
    compared = {name for name, _, _ in _compared_levels(old, new)}
    others = {_key(cell, compared): cell for cell in new.cells}
    return tuple(
        Pair(old=cell, new=others[key]) for cell in old.cells if (key := _key(cell, compared)) in others
    )


def differences(old: Plan, new: Plan) -> tuple[Difference, ...]:
    """Every fact of the set-ups that differs, the ones that a reader asks for first at the top."""
    facts = (_facts(old), _facts(new))
    names = dict.fromkeys((*facts[0], *facts[1]))
    levels = [Difference(fact=name, old=a, new=b) for name, a, b in _compared_levels(old, new)]
    rest = [
        Difference(fact=name, old=facts[0].get(name, _ABSENT), new=facts[1].get(name, _ABSENT))
        for name in names
        if facts[0].get(name, _ABSENT) != facts[1].get(name, _ABSENT)
    ]
    return (*levels, *rest, *_of_cells(pairs(old, new)))


def refusal(old: Plan, new: Plan) -> str:
    """Why the two cannot be compared as they are, or nothing: other scenarios or programs."""
    if not set(old.manifests) & set(new.manifests):
        return f"one measured {old.scenario}, the other {new.scenario}"
    paired = pairs(old, new)
    if not paired:
        return "they have no cell in common"
    other = [pair.old.id for pair in paired if pair.old.program_sha256 != pair.new.program_sha256]
    if other:
        return (
            f"they did not run the same program in {', '.join(other)} (its source differs beyond the go line)"
        )
    return ""


def facts(provenance: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Nested provenance as lines: ``machine.cpu.model`` and its text."""
    return _flat(provenance, ())


def _facts(plan: Plan) -> dict[str, str]:
    own = {
        "engine": plan.engine,
        "manifest": ", ".join(plan.manifests.values()),
        "costs": ", ".join(dict.fromkeys(used.identity for used in plan.costs.values())),
        "replicates": str(plan.replicates),
    }
    return own | {
        name: text for name, text in facts(plan.provenance) if name.rpartition(".")[2] not in _FLEETING
    }


def _flat(value: object, path: Sequence[str]) -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for name, each in value.items():
                yield from _flat(each, (*path, str(name)))
        case list() | tuple() if any(isinstance(each, Mapping) for each in value):
            for number, each in enumerate(value, start=1):
                yield from _flat(each, (*path, str(number)))
        case list() | tuple():
            yield ".".join(path), ", ".join(str(each) for each in value)
        case _:
            yield ".".join(path), _ABSENT if value is None else str(value)


def _compared_levels(old: Plan, new: Plan) -> Iterator[tuple[str, str, str]]:
    names = dict.fromkeys(
        name for plan in (old, new) for cell in plan.cells for name in cell.levels if name != WITH
    )
    for name in names:
        a, b = (
            {cell.levels.get(name, QUIET_LEVELS.get(name, _ABSENT)) for cell in plan.cells}
            for plan in (old, new)
        )
        if len(a) == len(b) == 1 and a != b:
            yield name, a.pop(), b.pop()


def _key(cell: PlannedCell, without: set[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    levels = sorted(
        (name, level)
        for name, level in cell.levels.items()
        if name not in without and QUIET_LEVELS.get(name) != level
    )
    return cell.scenario, tuple(levels)


def _of_cells(paired: Sequence[Pair]) -> Iterator[Difference]:
    """What differs between paired cells, said once where it is the same for all of them."""
    for fact in ("image", "binary_sha256", "argv", "environment"):
        found = {(_text(getattr(pair.old, fact)), _text(getattr(pair.new, fact))): pair for pair in paired}
        for (a, b), pair in found.items():
            if a != b:
                where = "" if len(found) == 1 else f" of {pair.old.id}"
                yield Difference(fact=f"{fact}{where}", old=a, new=b)


def _text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else " ".join(value)
