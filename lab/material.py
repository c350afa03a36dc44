"""What is measured: cells with their programs, binaries and containers, made ready before the first replicate."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from lab import catalogue
from lab.bench import command, selection
from lab.bench.agent import Agent, Command, greeted
from lab.bench.execute import Seat
from lab.engine.base import Container, Engine, File, Spec
from lab.errors import BuildError
from lab.golang import base, build, render, toolchain
from lab.golang.base import Base
from lab.golang.build import Binary
from lab.golang.render import GoProgram
from lab.model.matrix import Cell
from lab.model.scenario import GO_RELEASE, Scenario

PROGRAM: Final = "/golab/program"
"""Where a container has the cell's program."""
_AGENT: Final = "/golab/agent"


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


@dataclass(frozen=True, slots=True)
class Prepared:
    """A cell that is ready to run: its program, and its binary or what the compiler said."""

    cell: Cell
    program: GoProgram
    built: Binary | BuildError


@dataclass(frozen=True, slots=True)
class Material:
    """All that is needed to measure: what runs, and where; and what it was built on, if on anything."""

    scenario: Scenario
    engine: Engine
    agent: Binary
    prepared: tuple[Prepared, ...]
    base: Base | None = None


def prepare(
    workshop: Workshop, scenario: Scenario, cells: Sequence[Cell], *, base_name: str = base.AUTO
) -> Material:
    """The agent and every cell's program, each distinct one built once. BuildError where none can be built.

    *base_name* is what programs are built on, as :func:`lab.golang.base.choose` has it; the agent needs nothing.
    """
    engine, cache, say = workshop.engine, workshop.cache, workshop.progress.stage
    below = base.choose(engine, base_name, cache, cgo=scenario.cgo)
    setting = build.Setting(base=below.image if below else None, cgo=scenario.cgo)
    newest = toolchain.fetch(toolchain.DEFAULT_RELEASE, cache, say)
    agent = build.build(engine, newest, render.read_program(workshop.lab.tools, "agent"), cache)
    built: dict[tuple[str, str], Binary | BuildError] = {}
    prepared = []
    for cell in cells:
        release = toolchain.fetch(cell.text(GO_RELEASE), cache, say)
        program = render_cell(workshop.lab, scenario, cell, _with_default_flags(scenario, cell))
        key = (release.release, program.sha256)
        if key not in built:
            say(
                " ".join(
                    [f"building {scenario.name} with Go {release.release}", *([str(below)] if below else [])]
                )
            )
            try:
                built[key] = build.build(engine, release, program, cache, setting)
            except BuildError as error:
                built[key] = error
        prepared.append(Prepared(cell, program, built[key]))
    refusals = [each for each in built.values() if isinstance(each, BuildError)]
    if len(refusals) == len(built):
        raise refusals[0]
    return Material(scenario, engine, agent, tuple(prepared), below)


def render_cell(lab: catalogue.Lab, scenario: Scenario, cell: Cell, defaults: Cell) -> GoProgram:
    """The program of *cell*, with the levels of *defaults* as its flags' defaults and typed constants."""
    return render.render_program(
        lab.templates,
        scenario.name,
        tools=lab.tools,
        go_line=toolchain.go_line(cell.text(GO_RELEASE)),
        values=command.defaults(scenario, defaults),
    )


def _with_default_flags(scenario: Scenario, cell: Cell) -> Cell:
    """A cell whose flags are at their defaults: cells that differ only in flags share one program."""
    levels = {
        factor.name: factor.default if factor.reaches == "flag" else cell.levels[factor.name]
        for factor in scenario.factors
    }
    return Cell(cell.scenario, cell.id, levels)


def spec_of(material: Material, each: Prepared) -> Spec:
    """The container of a cell that could be built."""
    assert isinstance(each.built, Binary)  # noqa: S101 - only what was built runs
    limits = material.scenario.limits
    return Spec(
        files=(
            File(path=_AGENT, content=material.agent.content),
            File(path=PROGRAM, content=each.built.content),
        ),
        agent=(_AGENT,),
        memory_bytes=limits.memory_bytes + selection.touched_bytes(material.scenario, each.cell),
        pids=limits.pids,
    )


@contextlib.contextmanager
def seats(material: Material) -> Generator[Mapping[str, Seat]]:
    """A seat for each cell that could be built; one container for each distinct spec, all of them open at once."""
    with contextlib.ExitStack() as stack:
        agents: dict[Spec, Agent] = {}
        found = {}
        for each in material.prepared:
            if isinstance(each.built, BuildError):
                continue
            spec = spec_of(material, each)
            if spec not in agents:
                agents[spec] = stack.enter_context(greeted(stack.enter_context(material.engine.opened(spec))))
            found[each.cell.id] = Seat(
                agents[spec], _command(material.scenario, each.cell, agents[spec].container)
            )
        yield found


def _command(scenario: Scenario, cell: Cell, container: Container) -> Command:
    return Command(
        argv=(container.path(PROGRAM), *command.flags(scenario, cell)),
        environment=command.environment(scenario, cell),
        directory=container.path("/tmp"),  # noqa: S108 - the container's own tmpfs
        timeout=scenario.limits.time,
    )
