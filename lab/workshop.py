"""Where programs are made: cells, the engine that builds their programs, and what each build and each container stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lab import catalogue
from lab.bench import command
from lab.bench.execute import Held
from lab.engine.base import Engine, Tree
from lab.errors import BuildError, EnvironmentRefusedError
from lab.golang import base, build, render, toolchain
from lab.golang.base import Base
from lab.golang.build import Binary
from lab.golang.module import Module
from lab.golang.overlay import overlaid
from lab.golang.render import GoProgram
from lab.golang.toolchain import Toolchain
from lab.manifest.building import load_overlay
from lab.model.building import Building
from lab.model.matrix import Cell
from lab.model.scenario import GO_RELEASE, Scenario


class Progress(Protocol):
    """Who is told how far a run has come."""

    def stage(self, text: str) -> None:
        """Take note of a step that begins or is done."""

    def replicate(self, done: int, total: int) -> None:
        """Take note that *done* of *total* replicates are measured."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where programs are made: templates, an engine, a cache, and who is told."""

    lab: catalogue.Lab
    engine: Engine
    cache: Path
    progress: Progress
    own: Mapping[str, Module] = field(default_factory=dict)
    """Users' modules by scenario: whose program is not rendered from templates, but given."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A cell that is to be measured, whose it is, and where it runs; or why it cannot run there."""

    scenario: Scenario
    cell: Cell
    engine: Engine | EnvironmentRefusedError
    held: Held | None = None
    """What holds the machine as the cell needs it, while a replicate runs."""
    is_alone: bool = False
    """Whether it has to be held anew for each replicate."""


def probe(workshop: Workshop, release: str) -> Binary:
    """The program that says what a process of a cell sees of its own settings, as that release builds it."""
    tools = workshop.lab.tools
    go = toolchain.fetch(release, workshop.cache, workshop.progress.stage)
    source = render.render_program(tools, "probe", tools=tools, go_line=go.go_line, values={})
    return build.build(workshop.engine, go, source, workshop.cache)


@dataclass(frozen=True, slots=True)
class BuiltNeighbour:
    """Who works beside a cell's replicates: by name, source and binary."""

    name: str
    program: GoProgram
    binary: Binary


def neighbour(workshop: Workshop, wanted: Wanted) -> BuiltNeighbour | BuildError | None:
    """Who works beside a cell's replicates, as the newest release builds it; None where nobody does."""
    named = wanted.scenario.neighbour(wanted.cell.levels)
    if named is None:
        return None
    go = toolchain.fetch(toolchain.DEFAULT_RELEASE, workshop.cache, workshop.progress.stage)
    source = render.render_program(
        workshop.lab.neighbour(named.program),
        named.program,
        tools=workshop.lab.tools,
        go_line=go.go_line,
        values={},
    )
    try:
        binary = build.build(workshop.engine, go, source, workshop.cache)
    except BuildError as error:
        return error
    return BuiltNeighbour(named.program, source, binary)


class Holding:
    """What containers hold beside their programs; ``base`` is golab's own, once a cell's container has it."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self.base: Base | None = None

    def of(self, wanted: Wanted) -> tuple[Tree, ...] | EnvironmentRefusedError:
        """The trees of a cell's container, the lowest first, or why it cannot have them."""
        cache, say = self._workshop.cache, self._workshop.progress.stage
        held = wanted.scenario.held(wanted.cell.levels)
        if isinstance(wanted.engine, EnvironmentRefusedError):
            return ()
        trees = []
        if "base" in held:
            try:
                self.base = self.base or base.beside(wanted.engine, cache)
            except EnvironmentRefusedError as error:
                return error
            trees += [self.base.image.tree] if self.base is not None and wanted.engine.name != "host" else []
        if "go" in held:
            trees.append(toolchain.fetch(wanted.cell.text(GO_RELEASE), cache, say).tree)
        return tuple(tree for tree in trees if tree is not None)


class Builds:
    """Binaries by release and source, made when first asked for; on *below* those with C in them, or *everywhere* all."""

    def __init__(
        self, workshop: Workshop, below: Base | EnvironmentRefusedError | None, *, everywhere: bool
    ) -> None:
        self._workshop = workshop
        self._below = below
        self._everywhere = everywhere
        self._made: dict[tuple[str, str, Building], Binary | BuildError] = {}

    def of(self, wanted: Wanted, program: GoProgram) -> Binary | BuildError | EnvironmentRefusedError:
        """The binary of a cell's program, or what the compiler said, or that there is none."""
        engine, cache, say = self._workshop.engine, self._workshop.cache, self._workshop.progress.stage
        scenario = wanted.scenario
        building = scenario.building(wanted.cell.levels)
        below = self._below if building.needs_compiler or self._everywhere else None
        if isinstance(below, EnvironmentRefusedError):
            return below
        release = toolchain.fetch(wanted.cell.text(GO_RELEASE), cache, say)
        key = (release.release, program.sha256, building)
        if key not in self._made:
            say(_announced(scenario.name, release.release, building, below))
            try:
                setting = build.Setting(
                    base=below.image if below else None,
                    building=building,
                    sources=self._sources(building, release),
                    own=self._workshop.own.get(scenario.name),
                )
                self._made[key] = build.build(engine, release, program, cache, setting)
            except BuildError as error:
                self._made[key] = error
        return self._made[key]

    def _sources(self, building: Building, release: Toolchain) -> Mapping[str, bytes]:
        names = [name for name in (building.overlay, building.attached) if name]
        return overlaid([load_overlay(self._workshop.lab.overlays, name) for name in names], release)


def _announced(name: str, release: str, building: Building, below: Base | None) -> str:
    how = [
        f"building {name} with {'g++' if building.language == 'c++' else f'Go {release}'}",
        *(f"over {name}" for name in (building.overlay, building.attached) if name),
        *([f"linked with {building.ldflags}"] if building.ldflags else []),
        *([str(below)] if below else []),
    ]
    return " ".join(how)


def render_cell(lab: catalogue.Lab, scenario: Scenario, cell: Cell, defaults: Cell) -> GoProgram:
    """The program of *cell*, with the levels of *defaults* as its flags' defaults and typed constants."""
    return render.render_program(
        lab.templates,
        scenario.name,
        tools=lab.tools,
        go_line=toolchain.go_line(cell.text(GO_RELEASE)),
        values=command.defaults(scenario, defaults),
    )
