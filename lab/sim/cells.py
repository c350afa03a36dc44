"""A program over settings and repetitions, as ``golab sim --json`` prints it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from lab.sim.costs import Costs
from lab.sim.simulate import Result, end_of, load, simulate, simulate_sampled
from lab.sim.timeline import timeline
from lab.sim.watchdog import patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is varied, and what is not. ``gomaxprocs`` None is the runtime's own choice; times are nanoseconds."""

    gomaxprocs: Sequence[int | None] = (None,)
    cpus: Sequence[int] = (2,)
    quota: Sequence[float | None] = (None,)
    go: Sequence[str] = ("1.27",)
    repetitions: int = 1
    seed: int = 1
    params: Mapping[str, Any]
    max_time: int
    max_events: int


_PATIENCE_S: Final = 10.0
"""For Python that does not come back to a yield."""


def run_cells(path: Path, settings: Settings, costs: Costs) -> dict[str, Any]:
    """Simulate every combination of the lists, each as often as asked: JSON values only."""
    with patience(_PATIENCE_S):
        names = load(path)
        cells = [_cell(names, settings, costs, place) for place in _places(settings)]
    return {
        "program": str(path),
        "seed": settings.seed,
        "costs": {"source": costs.source, "id": costs.identity, "calibrated": costs.calibrated},
        "cells": cells,
    }


def draw_cells(path: Path, settings: Settings, costs: Costs, columns: int) -> str:
    """The first repetition of every combination as a timeline."""
    drawn = []
    with patience(_PATIENCE_S):
        names = load(path)
        for place in _places(settings):
            result, samples = simulate_sampled(
                names["main"], columns, repetition=0, **_arguments(names, settings, costs, place)
            )
            lanes = timeline(
                result.events or (),
                samples,
                procs=result.statistics.gomaxprocs,
                cpus=place.cpus,
                end=end_of(result),
                columns=columns,
            )
            drawn.append(f"{replace(place, gomaxprocs=result.statistics.gomaxprocs)}: {lanes}")
    return "\n\n".join(drawn)


@dataclass(frozen=True, slots=True)
class _Place:
    """What of a cell is varied."""

    gomaxprocs: int | None
    cpus: int
    quota: float | None
    go: str

    def __str__(self) -> str:
        quota = "" if self.quota is None else f", quota {self.quota:g}"
        return f"gomaxprocs {self.gomaxprocs}, cpus {self.cpus}{quota}, go {self.go}"


def _places(settings: Settings) -> Iterator[_Place]:
    lists = (settings.gomaxprocs, settings.cpus, settings.quota, settings.go)
    return itertools.starmap(_Place, itertools.product(*lists))


def _arguments(names: Mapping[str, Any], settings: Settings, costs: Costs, place: _Place) -> dict[str, Any]:
    return {
        **asdict(place),
        "costs": costs,
        "seed": settings.seed,
        "params": settings.params,
        "inits": names.get("INITS", ()),
        "masks_deadlock": bool(names.get("MASKS_DEADLOCK", False)),
        "is_bare": bool(names.get("BARE", False)),
        "max_time": settings.max_time,
        "max_events": settings.max_events,
    }


def _cell(names: Mapping[str, Any], settings: Settings, costs: Costs, place: _Place) -> dict[str, Any]:
    arguments = _arguments(names, settings, costs, place)
    results: list[Result] = [
        simulate(names["main"], repetition=repetition, **arguments)
        for repetition in range(settings.repetitions)
    ]
    observed = dict.fromkeys(name for result in results for name in result.observations)
    return {
        **asdict(place),
        "gomaxprocs": "auto" if place.gomaxprocs is None else place.gomaxprocs,
        "outcomes": dict(Counter(result.outcome for result in results)),
        "ends": [result.outcome for result in results],
        "messages": [result.message for result in results],
        "wall_ns": [result.wall_ns for result in results],
        "observations": {
            name: [list(result.observations.get(name, ())) for result in results] for name in observed
        },
        "statistics": [dict(result.statistics) for result in results],
    }
