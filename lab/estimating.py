"""How long an experiment would take, by what its cells took in earlier runs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lab.errors import LabError
from lab.experiment import Experiment
from lab.model.matrix import own_id
from lab.model.units import Nanos
from lab.store import RunFolder, Store

_RUNS: Final = 8
"""Earlier runs that are looked at, the newest ones."""
_REPLICATES: Final = 400
"""Replicates of each that are looked at: a median needs no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """How long an experiment's programs would run in all, over ``runs`` earlier runs; ``unknown`` of its cells never ran.

    Those count with their scenario's median, or with its time limit where none of its cells ever ran: a bound, then.
    """

    total: Nanos
    runs: int
    cells: int
    unknown: int
    unbounded: int


def estimated(wanted: Experiment, store: Store) -> Estimated:
    """The estimate for *wanted* by the runs that *store* has."""
    seen, runs = _seen({part.scenario.name for part in wanted.parts}, store)
    total, unknown, unbounded = 0.0, 0, 0
    for scenario, cell in wanted.cells:
        of_scenario = [wall for (name, _), wall in seen.items() if name == scenario.name]
        known = seen.get((scenario.name, own_id(scenario.name, cell.id)))
        if known is None:
            unknown += 1
            unbounded += not of_scenario
            known = statistics.median(of_scenario) if of_scenario else float(scenario.limits.time)
        total += known * wanted.replicates
    return Estimated(
        total=Nanos(round(total)), runs=runs, cells=len(wanted.cells), unknown=unknown, unbounded=unbounded
    )


def _seen(scenarios: set[str], store: Store) -> tuple[Mapping[tuple[str, str], float], int]:
    """The median duration of a replicate of each cell, in nanoseconds, in the newest run that has it."""
    found: dict[tuple[str, str], float] = {}
    used = 0
    for folder in reversed(store.runs()):
        if used == _RUNS:
            break
        try:
            walls = _walls(folder, scenarios)
        except LabError:
            continue
        if walls:
            used += 1
            found = {cell: statistics.median(values) for cell, values in walls.items()} | found
    return found, used


def _walls(folder: RunFolder, scenarios: set[str]) -> Mapping[tuple[str, str], list[int]]:
    cells = {cell.id: cell.scenario for cell in folder.plan().cells if cell.scenario in scenarios}
    walls: dict[tuple[str, str], list[int]] = {}
    if not cells:
        return walls
    for number, record in enumerate(folder.records()):
        if number == _REPLICATES:
            break
        if (scenario := cells.get(record.turn.cell)) is not None and record.turn.position >= 0:
            key = (scenario, own_id(scenario, record.turn.cell))
            walls.setdefault(key, []).append(record.wall_ns)
    return walls
