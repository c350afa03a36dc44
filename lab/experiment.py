"""What one run is to measure: the cells of a scenario, or those of a matrix, with all that is decided beforehand."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab import manifest, predict
from lab.bench import selection
from lab.catalogue import Lab
from lab.errors import LabError
from lab.golang.module import Module
from lab.manifest import experiment as file
from lab.model.experiment import Entry, Matrix
from lab.model.matrix import Cell, Selector, joint_id
from lab.model.outcome import Foresight
from lab.model.scenario import AUTO, ENGINE, FS, HOST_FS, Scenario
from lab.model.units import Nanos
from lab.predict import Twin
from lab.sim.costs import Costs


@dataclass(frozen=True, slots=True)
class Part:
    """One scenario's cells in an experiment, its manifest as it stands, and its simulated twin."""

    scenario: Scenario
    manifest: bytes
    twin: Twin
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """All that a run measures. ``title`` is a matrix's own; ``asked`` are the command's arguments that say the same again."""

    name: str
    title: str
    parts: tuple[Part, ...]
    replicates: int
    most_replicates: int
    max_time: Nanos
    order_seed: int
    simulation_seed: int
    quick: bool
    asked: tuple[str, ...]
    own: Mapping[str, Module] = field(default_factory=dict)
    """Users' modules by scenario: of all others the program is rendered."""
    arguments: tuple[str, ...] = ()
    """What of the command stands after its ``--``."""

    @property
    def cells(self) -> tuple[tuple[Scenario, Cell], ...]:
        """Every cell with its scenario."""
        return tuple((part.scenario, cell) for part in self.parts for cell in part.cells)


def part_of(lab: Lab, name: str, request: selection.Request) -> Part:
    """The cells of the scenario *name* that *request* chooses. Errors are those of its manifest, the choice and the twin."""
    path = lab.manifest(name)
    content = path.read_bytes()
    scenario = manifest.read(content, name=name, path=path)
    twin = predict.read_twin(lab.scenarios / f"{name}.py")
    return Part(scenario, content, twin, selection.select(scenario, request))


def of_matrix(lab: Lab, path: Path) -> Experiment:
    """The experiment of a matrix's file. ManifestError lists every mistake of it, and every scenario, factor, level or pattern that is not there."""
    matrix = file.load(path, functools.partial(_mistakes, lab))
    return Experiment(
        name=matrix.name,
        title=matrix.title,
        parts=_parts(lab, matrix),
        replicates=matrix.replicates,
        most_replicates=matrix.most_replicates,
        max_time=matrix.budget,
        order_seed=matrix.order_seed,
        simulation_seed=matrix.simulation_seed,
        quick=False,
        asked=("matrix", "run", str(path)),
    )


def foretell(
    experiment: Experiment,
    costs: Mapping[str, Costs],
    engine_of: Mapping[str, str],
    *,
    cpus: int,
    processes: int,
) -> Foresight:
    """Predictions for every cell by the *costs* of its engine (*engine_of* has that by cell id).

    A cell whose engine was refused has no costs of its own, and needs none: it gets those of the first engine.
    """
    found = Foresight(metrics={})
    names = {cell: name if name in costs else next(iter(costs)) for cell, name in engine_of.items()}
    for part in experiment.parts:
        for engine in dict.fromkeys(names[cell.id] for cell in part.cells):
            cells = [cell for cell in part.cells if names[cell.id] == engine]
            own = predict.foretell(
                part.scenario,
                cells,
                part.twin,
                costs[engine],
                cpus=cpus,
                seed=experiment.simulation_seed,
                processes=processes,
            )
            found = Foresight(
                metrics={**found.metrics, **own.metrics}, outcomes={**found.outcomes, **own.outcomes}
            )
    return found


def engine_named(cell: Cell) -> str:
    """The engine that a cell names, by its own factor or as the one on whose file system it runs; empty for the run's own."""
    if cell.text(FS) == HOST_FS:
        return "host"
    return "" if cell.text(ENGINE) == AUTO else cell.text(ENGINE)


def is_predicted(experiment: Experiment) -> bool:
    """Whether anything of it is predicted at all."""
    return any(predict.is_predicted(part.scenario, part.cells, part.twin) for part in experiment.parts)


def drawn(experiment: Experiment, *, cpus: int) -> frozenset[str]:
    """The names of the costs that its predictions rest on."""
    return frozenset[str]().union(
        *(
            predict.drawn(part.scenario, part.cells, part.twin, cpus=cpus, seed=experiment.simulation_seed)
            for part in experiment.parts
        )
    )


def _parts(lab: Lab, matrix: Matrix) -> tuple[Part, ...]:
    found: dict[str, Part] = {}
    for entry in matrix.entries:
        part = part_of(lab, entry.scenario, _request(entry))
        if (before := found.get(entry.scenario)) is not None:
            part = replace(part, cells=_distinct([*before.cells, *part.cells]))
        found[entry.scenario] = part
    if len(found) == 1:
        return tuple(found.values())
    return tuple(replace(part, cells=tuple(_jointly(part.cells))) for part in found.values())


def _mistakes(lab: Lab, entry: Entry) -> Iterator[str]:
    """What is wrong with an entry of a matrix by the scenarios that there are; each begins with its key."""
    try:
        scenario = manifest.load(lab.manifest(entry.scenario))
        predict.read_twin(lab.scenarios / f"{entry.scenario}.py")
    except LabError as error:
        yield f"name: {error.in_full}"
        return
    for mistake in selection.mistakes(scenario, _request(entry)):
        key = f"factors.{mistake.key}" if mistake.key in entry.levels else mistake.key or "factors"
        yield f"{key}: {mistake.error.in_full}"


def _request(entry: Entry) -> selection.Request:
    return selection.Request(lists=entry.levels, selector=Selector(only=entry.only, skip=entry.skip))


def _jointly(cells: Iterable[Cell]) -> Iterator[Cell]:
    """Cells by ids that tell two scenarios' apart."""
    return (replace(cell, id=joint_id(cell.scenario, cell.id)) for cell in cells)


def _distinct(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    return tuple({cell.id: cell for cell in cells}.values())
