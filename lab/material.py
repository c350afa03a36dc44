"""What is measured: cells with their programs, binaries and containers, made ready before the first replicate."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lab.bench import account, command, selection
from lab.bench.agent import DUMP_LIMIT, OUTPUT_LIMIT, READ_LIMIT, Command
from lab.bench.berth import Berth, Kept, berth
from lab.bench.execute import Held, Seat, both
from lab.bench.neighbour import NeighbourAtWork
from lab.engine.base import FOLDER, Engine, File, Spec, Tree
from lab.errors import BuildError, EngineUnavailableError, EnvironmentRefusedError
from lab.golang import base, build, render, toolchain
from lab.golang.base import Base
from lab.golang.build import Binary
from lab.golang.render import GoProgram
from lab.model.instrument import attached
from lab.model.level import UNSET
from lab.model.matrix import Cell, partners
from lab.model.scenario import CPUSET, FS, GO_RELEASE, HOST_FS, MEMORY, QUOTA, TMPFS, Neighbour, Scenario
from lab.model.units import Nanos
from lab.workshop import Builds, BuiltNeighbour, Holding, Wanted, Workshop, neighbour, probe, render_cell

PROGRAM: Final = "/golab/program"
"""Where a container has the cell's program."""
_AGENT: Final = "/golab/agent"
_PROBE: Final = "/golab/probe"
_TMP: Final = "/tmp"  # noqa: S108 - the container's own tmpfs
_WHOLE_RUN: Final = Nanos(24 * 3600 * 10**9)
"""A neighbour's time limit: it ends when it is told to, or with the lab."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A cell that is ready to run: its program, and its binary, or what the compiler or the machine said."""

    wanted: Wanted
    program: GoProgram
    probe: Binary
    built: Binary | BuildError | EnvironmentRefusedError
    trees: tuple[Tree, ...] = ()
    """What its container holds beside it, the lowest first."""
    iterations_per_us: int = 0
    """Of the loop behind ``lab.Work``, where it runs; 0: not known."""
    neighbour: BuiltNeighbour | None = None
    """Who works beside it, if anybody does."""

    @property
    def cell(self) -> Cell:
        """The cell itself."""
        return self.wanted.cell


@dataclass(frozen=True, slots=True)
class Material:
    """All that is needed to measure: what runs, and where; and what it was built on, if on anything."""

    agent: Binary
    prepared: tuple[Prepared, ...]
    base: Base | None = None
    held: Base | None = None
    """The base that containers hold beside their program, if any does."""


@dataclass(frozen=True, slots=True)
class Runnable:
    """A cell that can run: where, and the container it needs."""

    wanted: Wanted
    engine: Engine
    spec: Spec
    iterations_per_us: int = 0
    beside: Spec | None = None
    """The container of who works beside it."""


def prepare(workshop: Workshop, wanted: Sequence[Wanted], *, base_name: str = base.AUTO) -> Material:
    """The agent and every cell's program, each distinct one built once. The first refusal where none can be run.

    Everything is built in the workshop's engine, wherever it runs: a static binary is the same. *base_name* is what
    programs are built on, as :func:`lab.golang.base.choose` has it; the agent needs nothing.
    """
    engine, cache, say = workshop.engine, workshop.cache, workshop.progress.stage
    below = _base(engine, base_name, cache, wanted)
    newest = toolchain.fetch(toolchain.DEFAULT_RELEASE, cache, say)
    agent = build.build(engine, newest, render.read_program(workshop.lab.tools, "agent"), cache)
    holding = Holding(workshop)
    builds = Builds(workshop, below, everywhere=base_name != base.AUTO)
    probes = {
        release: probe(workshop, release)
        for release in dict.fromkeys(each.cell.text(GO_RELEASE) for each in wanted)
    }
    prepared = []
    for each in wanted:
        scenario, cell = each.scenario, each.cell
        own = workshop.own.get(scenario.name)
        program = (
            own.program
            if own
            else render_cell(workshop.lab, scenario, cell, _with_default_flags(scenario, cell))
        )
        trees = holding.of(each)
        refused = next((x for x in (each.engine, trees) if isinstance(x, EnvironmentRefusedError)), None)
        beside = neighbour(workshop, each)
        built = refused or (beside if isinstance(beside, BuildError) else builds.of(each, program))
        ready = Prepared(
            each,
            program,
            probes[cell.text(GO_RELEASE)],
            built,
            () if isinstance(trees, EnvironmentRefusedError) else trees,
            neighbour=None if isinstance(beside, BuildError) else beside,
        )
        if isinstance(built, Binary):
            ready = replace(ready, built=_refusal(_runnable(agent, ready, built)) or built)
        prepared.append(ready)
    refusals = [each.built for each in prepared if not isinstance(each.built, Binary)]
    if len(refusals) == len(prepared):
        raise refusals[0]
    on = None if isinstance(below, EnvironmentRefusedError) else below
    return Material(agent, tuple(prepared), on, holding.base)


def _base(
    engine: Engine, name: str, cache: Path, wanted: Sequence[Wanted]
) -> Base | EnvironmentRefusedError | None:
    """What programs are built on. That the lab's own base is not made yet concerns those that need a compiler, and no others.

    Where all of them do, nothing need be built to find that out.
    """
    needing = [each.scenario.building(each.cell.levels).needs_compiler for each in wanted]
    try:
        return base.choose(engine, name, cache, cgo=any(needing))
    except EnvironmentRefusedError as error:
        if name != base.AUTO or all(needing):
            raise
        return error


def _with_default_flags(scenario: Scenario, cell: Cell) -> Cell:
    """A cell whose flags are at their defaults: cells that differ only in flags share one program."""
    levels = {
        factor.name: factor.default if factor.reaches == "flag" else cell.levels[factor.name]
        for factor in scenario.factors
    }
    return Cell(cell.scenario, cell.id, levels)


def runnable(material: Material) -> Iterator[Runnable]:
    """The cells that can run, each with its container; equal specs in one engine are one container."""
    for each in material.prepared:
        if isinstance(each.built, Binary):
            found = _runnable(material.agent, each, each.built)
            yield replace(found, iterations_per_us=each.iterations_per_us)


def works(material: Material) -> bool:
    """Whether any program calls ``lab.Work``, whose loop has to be timed beforehand."""
    return any(
        b"lab.Work(" in content
        for each in material.prepared
        for path, content in each.program.files.items()
        if not path.startswith("internal/")
    )


def paced(material: Material, rates: Mapping[str, int]) -> Material:
    """With how fast the loop behind ``lab.Work`` is, by the engine's name."""
    return replace(
        material,
        prepared=tuple(
            each
            if isinstance(each.wanted.engine, EnvironmentRefusedError)
            else replace(each, iterations_per_us=rates.get(each.wanted.engine.name, 0))
            for each in material.prepared
        ),
    )


def _runnable(agent: Binary, each: Prepared, program: Binary) -> Runnable:
    wanted = each.wanted
    assert not isinstance(wanted.engine, EnvironmentRefusedError)  # noqa: S101 - nothing is built for a refused engine
    spec = replace(_spec((agent, each.probe, program), wanted), trees=each.trees)
    beside = (
        _neighbouring(agent, each.neighbour.binary, wanted, wanted.engine.name) if each.neighbour else None
    )
    return Runnable(wanted, wanted.engine, spec, beside=beside)


def _refusal(cell: Runnable) -> EnvironmentRefusedError | None:
    """Why the engine could not run the cell as it is asked for."""
    try:
        for spec in filter(None, (cell.spec, cell.beside)):
            cell.engine.refuse(spec)
    except EnvironmentRefusedError as error:
        return error
    return None


def _spec(binaries: tuple[Binary, Binary, Binary], wanted: Wanted) -> Spec:
    scenario, levels = wanted.scenario, wanted.cell.levels
    folder = TMPFS if levels[FS].text == HOST_FS else levels[FS].text
    bound = scenario.limits.memory_bytes + selection.touched_bytes(scenario, wanted.cell)
    is_asked = levels[MEMORY].text != UNSET
    return Spec(
        files=_files(zip((_AGENT, _PROBE, PROGRAM), binaries, strict=True)),
        agent=(_AGENT,),
        memory_bytes=int(levels[MEMORY].value) if is_asked else bound,
        pids=scenario.limits.pids,
        cpuset="" if levels[CPUSET].text == UNSET else str(levels[CPUSET].value),
        quota=None if levels[QUOTA].text == UNSET else float(levels[QUOTA].value),
        memory_is_asked=is_asked,
        folder=folder,
        laid=() if folder == TMPFS else scenario.laid(levels),
    )


def _neighbouring(agent: Binary, program: Binary, wanted: Wanted, engine: str) -> Spec:
    """The container of who works beside a cell: with a folder on the machine's disk, which the host engine's own is."""
    return Spec(
        files=_files([(_AGENT, agent), (PROGRAM, program)]),
        agent=(_AGENT,),
        memory_bytes=wanted.scenario.limits.memory_bytes,
        pids=wanted.scenario.limits.pids,
        folder=TMPFS if engine == "host" else "bind",
    )


def _files(binaries: Iterable[tuple[str, Binary]]) -> tuple[File, ...]:
    return tuple(File(path=path, content=binary.content) for path, binary in binaries)


@contextlib.contextmanager
def seats(
    cells: Iterable[Runnable], kept: Kept | None = None
) -> Generator[Mapping[str, Seat | EnvironmentRefusedError]]:
    """A seat for each cell, or why its container cannot be started; one for each distinct spec of an engine, all open at once.

    An engine that is not there any more is an EngineUnavailableError of them all.

    Their agents append what they have measured to *kept* before they tell, if there is such a file and they can.
    """
    cells = tuple(cells)
    plain = partners(each.wanted.cell for each in cells)
    with contextlib.ExitStack() as stack:
        berths: dict[tuple[str, Spec], Berth | EnvironmentRefusedError] = {}
        beside = _Beside(stack)
        found: dict[str, Seat | EnvironmentRefusedError] = {}
        for each in cells:
            key = (each.engine.name, each.spec)
            if key not in berths:
                berths[key] = _opened(stack, each.engine, each.spec, kept)
            found[each.wanted.cell.id] = _seat(each, berths[key], beside.held(each), plain)
        yield found


def _seat(
    each: Runnable,
    here: Berth | EnvironmentRefusedError,
    held: Held | EnvironmentRefusedError | None,
    plain: Mapping[str, str],
) -> Seat | EnvironmentRefusedError:
    """The seat of a cell in its berth, beside what its neighbour holds, or why there is none; *plain* has the cells that are as others without dumps."""
    if isinstance(here, EnvironmentRefusedError):
        return here
    if isinstance(held, EnvironmentRefusedError):
        return held
    wanted = each.wanted
    return Seat(
        here,
        functools.partial(_command, each),
        functools.partial(_probing, each),
        both(held, wanted.held),
        plain.get(wanted.cell.id, "") if attached(wanted.cell.levels).dumps else None,
        wanted.is_alone,
    )


def _opened(
    stack: contextlib.ExitStack, engine: Engine, spec: Spec, kept: Kept | None
) -> Berth | EnvironmentRefusedError:
    try:
        return stack.enter_context(berth(engine, spec, kept))
    except EngineUnavailableError:
        raise
    except EnvironmentRefusedError as error:
        return error


class _Beside:
    """Neighbours by engine, container and arguments, opened in *stack* when first asked for."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._made: dict[tuple[str, Spec, tuple[str, ...]], Held | EnvironmentRefusedError] = {}

    def held(self, cell: Runnable) -> Held | EnvironmentRefusedError | None:
        """What has a cell's neighbour work; None where it has none, or why there is none."""
        named = cell.wanted.scenario.neighbour(cell.wanted.cell.levels)
        if named is None or cell.beside is None:
            return None
        key = (cell.engine.name, cell.beside, named.arguments)
        if key not in self._made:
            opened = _opened(self._stack, cell.engine, cell.beside, None)
            self._made[key] = (
                opened
                if isinstance(opened, EnvironmentRefusedError)
                else NeighbourAtWork(
                    named.program, opened, functools.partial(_working, named, cell.beside)
                ).held
            )
        return self._made[key]


def _working(named: Neighbour, spec: Spec, berth: Berth) -> Command:
    container = berth.container
    return Command(
        argv=(container.path(PROGRAM), *named.arguments),
        environment=command.BARE,
        directory=container.path(_TMP if spec.folder == TMPFS else FOLDER),
        timeout=_WHOLE_RUN,
    )


def _command(each: Runnable, berth: Berth) -> Command:
    wanted, container = each.wanted, berth.container
    scenario = wanted.scenario
    goroot = container.path(toolchain.AT) if "go" in scenario.held(wanted.cell.levels) else ""
    environment = command.environment(scenario, wanted.cell, each.iterations_per_us, goroot)
    return Command(
        argv=(container.path(PROGRAM), *command.flags(scenario, wanted.cell)),
        environment=environment,
        directory=container.path(_TMP if wanted.cell.text(FS) in (TMPFS, HOST_FS) else FOLDER),
        timeout=scenario.limits.time,
        stop_after=scenario.process.stop_after,
        settle=wanted.cell.text(QUOTA) != UNSET,
        dump_limit=_dump_limit(each),
        output_limit=READ_LIMIT
        if account.is_printing(scenario.reads_of(wanted.cell.levels), environment)
        else OUTPUT_LIMIT,
    )


def _dump_limit(each: Runnable) -> int:
    """Bytes of a dump that its agent keeps. It copies them some times over, in its container's memory: a sixteenth of that at most."""
    if each.wanted.scenario.building(each.wanted.cell.levels).language != "go":
        return 0
    return min(DUMP_LIMIT, each.spec.memory_bytes // 16)


def _probing(each: Runnable, berth: Berth) -> Command:
    return replace(_command(each, berth), argv=(berth.container.path(_PROBE),), settle=False, stop_after=None)
