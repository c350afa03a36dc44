"""Every stage of a run, on one page: manifest → cells → render → build → run → decode → store → summary."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from lab import calibrate, catalogue, claims, manifest, predict
from lab.bench import command, plan, selection
from lab.bench.agent import Agent, Command, greeted
from lab.bench.decode import decode
from lab.bench.execute import Seat, execute
from lab.engine.base import Container, Engine, File, Spec
from lab.engine.choose import choose
from lab.errors import BuildError, UsageError
from lab.golang import build, render, toolchain
from lab.golang.build import Binary
from lab.golang.render import GoProgram
from lab.host import environment
from lab.host.interruption import Interruption, interruptible
from lab.host.lock import measuring
from lab.model.matrix import Cell
from lab.model.outcome import CellSummary, Judged
from lab.model.run import FORMAT, Ending, Plan, PlannedCell, Record, Termination, Turn
from lab.model.scenario import GO_RELEASE, GOMAXPROCS, Scenario
from lab.model.units import Nanos, duration_to_text
from lab.sim.costs import Costs
from lab.sim.packaged import packaged
from lab.stats.estimate import quantile
from lab.stats.summary import summarise
from lab.store import RunFolder, Store

_AGENT: Final = "/golab/agent"
_PROGRAM: Final = "/golab/program"


class Progress(Protocol):
    """Who is told how far a run has come."""

    def stage(self, text: str) -> None:
        """Take note of a step that begins or is done."""

    def replicate(self, done: int, total: int) -> None:
        """Take note that *done* of *total* replicates are measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a user wants measured, where, and for how long at most."""

    scenario: str
    request: selection.Request
    replicates: int | None
    max_time: Nanos
    seed: int
    engine: Literal["auto", "docker", "host"]
    results: Path | None
    wait: bool
    costs: str = "auto"
    """``auto`` (this machine's calibration), ``packaged``, or a calibration's file."""
    calibrate: bool = True
    """Whether what is missing of this machine's calibration is measured first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run that has come to its end, one way or another."""

    title: str
    plan: Plan
    cells: tuple[CellSummary, ...]
    claims: tuple[Judged, ...]
    costs: Costs
    expected: tuple[str, ...]
    stopped_by: Literal["replicates", "max-time", "interrupted"]
    folder: Path
    notes: tuple[str, ...]


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
    """All that is needed to measure: what runs, and where."""

    scenario: Scenario
    engine: Engine
    agent: Binary
    prepared: tuple[Prepared, ...]


def run(root: Path | None, order: Order, progress: Progress) -> Finished:
    """Measure a scenario: every stage in turn, the record written as it grows."""
    lab = catalogue.find(root, Path.cwd())
    scenario = manifest.load(lab.manifest(order.scenario))
    cells = selection.select(scenario, order.request)
    selection.refuse_beyond(environment.available_memory(), scenario, cells)
    twin = predict.read_twin(lab.scenarios / f"{order.scenario}.py")
    cache = cache_folder()
    name = _run_name(scenario, order)
    with (
        choose(order.engine, cache, environ=os.environ, run=name) as chosen,
        measuring(progress.stage, wait=order.wait),
    ):
        progress.stage(chosen.why)
        workshop = Workshop(lab, chosen.engine, cache, progress)
        material = prepare(workshop, scenario, cells)
        planned = _plan(name, order, material)
        used = _costs(order, material, workshop)
        foretold = predict.foretell(scenario, cells, twin, used, cpus=_cpus(), seed=order.seed)
        folder = Store(order.results or default_results(lab)).create(planned)
        folder.keep_costs(used.to_json())
        with interruptible() as interruption:
            stopped_by = _measure(material, planned, folder, progress, interruption)
    summaries = summarise(scenario, cells, folder.records(), foretold)
    folder.finish(summaries, stopped_by=stopped_by)
    return Finished(
        title=scenario.title,
        plan=planned,
        cells=summaries,
        claims=claims.judge(scenario.claims, summaries),
        costs=used,
        expected=tuple(ending.value for ending in scenario.expected),
        stopped_by=stopped_by,
        folder=folder.path,
        notes=(*_stop_note(stopped_by), costs_note(used), f"record: {folder.path}"),
    )


def costs_in_words(used: Costs) -> Iterator[str]:
    """One line a cost and point: the median over processes of their medians, how far apart processes are, and n."""
    for cost in used.costs.values():
        for point in cost.points:
            middles = [quantile(values, 0.5) for values in point.processes]
            levels = ", ".join(f"{name} {level}" for name, level in point.levels.items())
            spread = f"{duration_to_text(min(middles))} … {duration_to_text(max(middles))}"
            middle = duration_to_text(quantile(middles, 0.5))
            yield f"{cost.name:18} {levels:32} {middle:>9}  ({spread}, {len(middles)} processes, {cost.origin}, {cost.date})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A prediction without a measurement."""

    title: str
    cells: tuple[CellSummary, ...]
    costs: Costs


def predict_only(
    root: Path | None, name: str, request: selection.Request, *, costs: str, seed: int
) -> Foreseen:
    """Predict a scenario's cells; needs neither Docker nor Go."""
    lab = catalogue.find(root, Path.cwd())
    scenario = manifest.load(lab.manifest(name))
    cells = selection.select(scenario, request)
    twin = predict.read_twin(lab.scenarios / f"{name}.py")
    fingerprint = environment.fingerprint()
    used = _given_costs(costs, fingerprint)
    if used is None:
        path = calibrate.Shelf(state_folder()).newest(fingerprint)
        used = calibrate.read(path, fingerprint) if path else packaged()
    foretold = predict.foretell(scenario, cells, twin, used, cpus=_cpus(), seed=seed)
    return Foreseen(title=scenario.title, cells=summarise(scenario, cells, (), foretold), costs=used)


def calibrate_only(
    root: Path | None, engine: Literal["auto", "docker", "host"], progress: Progress, *, wait: bool
) -> Costs:
    """Measure this machine's primitives on one engine and keep them."""
    lab = catalogue.find(root, Path.cwd())
    cache = cache_folder()
    with choose(engine, cache, environ=os.environ) as chosen, measuring(progress.stage, wait=wait):
        progress.stage(chosen.why)
        return _calibrated(Workshop(lab, chosen.engine, cache, progress), toolchain.DEFAULT_RELEASE)


def costs_note(used: Costs) -> str:
    """Which costs a prediction rests on, in words."""
    if not used.calibrated:
        return "costs: packaged, uncalibrated: another machine's; golab calibrate measures this one"
    return f"costs: calibrated, {used.identity}; what it lacks is packaged"


def render_to(
    root: Path | None, name: str, request: selection.Request, output: Path
) -> Iterator[tuple[Path, str]]:
    """Write the program of the first chosen cell to *output*, or of several to a folder each; say how to run each.

    UsageError where *output* holds something already.
    """
    lab = catalogue.find(root, Path.cwd())
    scenario = manifest.load(lab.manifest(name))
    cells = selection.select(scenario, request)
    if not request.lists and not request.selector.only:
        cells = cells[:1]
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output} holds something already", hint="give -o a folder that is new or empty")
    for cell in cells:
        folder = output if len(cells) == 1 else output / cell.id
        for path, content in _render(lab, scenario, cell, cell).files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        yield folder, command.by_hand(scenario, cell)


def prepare(workshop: Workshop, scenario: Scenario, cells: Sequence[Cell]) -> Material:
    """The agent and every cell's program, each distinct one built once. BuildError where none can be built."""
    engine, cache, say = workshop.engine, workshop.cache, workshop.progress.stage
    newest = toolchain.fetch(toolchain.DEFAULT_RELEASE, cache, say)
    agent = build.build(engine, newest, render.read_program(workshop.lab.tools, "agent"), cache)
    built: dict[tuple[str, str], Binary | BuildError] = {}
    prepared = []
    for cell in cells:
        release = toolchain.fetch(cell.text(GO_RELEASE), cache, say)
        program = _render(workshop.lab, scenario, cell, _defaults_cell(scenario, cell))
        key = (release.release, program.sha256)
        if key not in built:
            say(f"building {scenario.name} with Go {release.release}")
            try:
                built[key] = build.build(engine, release, program, cache)
            except BuildError as error:
                built[key] = error
        prepared.append(Prepared(cell, program, built[key]))
    refusals = [each for each in built.values() if isinstance(each, BuildError)]
    if len(refusals) == len(built):
        raise refusals[0]
    return Material(scenario, engine, agent, tuple(prepared))


def cache_folder() -> Path:
    """Where toolchains, binaries and build caches are kept between runs: ``$XDG_CACHE_HOME/golab``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "golab"


def state_folder() -> Path:
    """Where calibrations are kept: ``$XDG_STATE_HOME/golab/costs``."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "golab" / "costs"


def default_results(lab: catalogue.Lab) -> Path:
    """``results/`` of a checkout; elsewhere ``golab-results`` in the current folder."""
    return lab.root / "results" if lab.is_checkout else Path.cwd() / "golab-results"


def _costs(order: Order, material: Material, workshop: Workshop) -> Costs:
    """The costs for a run: as asked, else this machine's, measured first where they are missing."""
    fingerprint = environment.fingerprint()
    if (given := _given_costs(order.costs, fingerprint)) is not None:
        return given
    path = calibrate.Shelf(state_folder()).place(fingerprint, workshop.engine.name, toolchain.DEFAULT_RELEASE)
    if path.exists():
        return calibrate.read(path, fingerprint)
    is_needed = any(not (metric.described or metric.not_predicted) for metric in material.scenario.metrics)
    if order.calibrate and is_needed:
        return _calibrated(workshop, toolchain.DEFAULT_RELEASE)
    return packaged()


def _given_costs(asked: str, fingerprint: str) -> Costs | None:
    """``packaged`` or a file; None for ``auto``."""
    match asked:
        case "auto":
            return None
        case "packaged":
            return packaged()
        case _:
            return calibrate.read(Path(asked), fingerprint)


def _calibrated(workshop: Workshop, release: str) -> Costs:
    say, tools = workshop.progress.stage, workshop.lab.tools
    go = toolchain.fetch(release, workshop.cache, say)
    agent = build.build(workshop.engine, go, render.read_program(tools, "agent"), workshop.cache)
    source = render.render_program(tools, calibrate.PROGRAM, tools=tools, go_line=go.go_line, values={})
    program = build.build(workshop.engine, go, source, workshop.cache)
    fingerprint = environment.fingerprint()
    found = calibrate.measure(
        workshop.engine, agent, program, fingerprint=fingerprint, release=release, say=say
    )
    calibrate.keep(found, calibrate.Shelf(state_folder()).place(fingerprint, workshop.engine.name, release))
    return packaged().merged(found)


def _cpus() -> int:
    return len(os.sched_getaffinity(0))


def _render(lab: catalogue.Lab, scenario: Scenario, cell: Cell, defaults: Cell) -> GoProgram:
    return render.render_program(
        lab.templates,
        scenario.name,
        tools=lab.tools,
        go_line=toolchain.go_line(cell.text(GO_RELEASE)),
        values=command.defaults(scenario, defaults),
    )


def _defaults_cell(scenario: Scenario, cell: Cell) -> Cell:
    """A cell whose flags are at their defaults: cells that differ only in flags share one program."""
    levels = {
        factor.name: factor.default if factor.reaches == "flag" else cell.levels[factor.name]
        for factor in scenario.factors
    }
    return Cell(cell.scenario, cell.id, levels)


def _run_name(scenario: Scenario, order: Order) -> str:
    return f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{scenario.name}-{order.seed & 0xFFFF:04x}"


def _plan(name: str, order: Order, material: Material) -> Plan:
    scenario = material.scenario
    quick = order.request.quick
    replicates = order.replicates or (scenario.quick_replicates if quick else scenario.replicates)
    runnable = [each.cell.id for each in material.prepared if isinstance(each.built, Binary)]
    return Plan(
        format=FORMAT,
        run=name,
        scenario=scenario.name,
        manifest_sha256=scenario.manifest_sha256,
        engine=material.engine.name,
        seed=order.seed,
        replicates=replicates,
        max_time_ns=order.max_time,
        quick=quick,
        cells=tuple(_planned(material, each) for each in material.prepared),
        turns=plan.blocks(runnable, replicates, order.seed),
        provenance={"engine": material.engine.describe(), "machine": environment.describe()},
    )


def _planned(material: Material, each: Prepared) -> PlannedCell:
    is_built = isinstance(each.built, Binary)
    return PlannedCell(
        id=each.cell.id,
        levels={name: level.text for name, level in each.cell.levels.items()},
        program_sha256=each.program.source_sha256,
        binary_sha256=each.built.sha256 if isinstance(each.built, Binary) else "",
        image=material.engine.image_of(_spec(material, each)) if is_built else "",
        argv=(_PROGRAM, *command.flags(material.scenario, each.cell)),
        environment=command.environment(material.scenario, each.cell),
    )


def _spec(material: Material, each: Prepared) -> Spec:
    assert isinstance(each.built, Binary)  # noqa: S101 - only what was built runs
    limits = material.scenario.limits
    return Spec(
        files=(
            File(path=_AGENT, content=material.agent.content),
            File(path=_PROGRAM, content=each.built.content),
        ),
        agent=(_AGENT,),
        memory_bytes=limits.memory_bytes + selection.touched_bytes(material.scenario, each.cell),
        pids=limits.pids,
    )


@contextlib.contextmanager
def _seats(material: Material) -> Generator[Mapping[str, Seat]]:
    """A seat for each cell that could be built; one container for each distinct spec, all of them open at once."""
    with contextlib.ExitStack() as stack:
        agents: dict[Spec, Agent] = {}
        seats = {}
        for each in material.prepared:
            if isinstance(each.built, BuildError):
                continue
            spec = _spec(material, each)
            if spec not in agents:
                agents[spec] = stack.enter_context(greeted(stack.enter_context(material.engine.opened(spec))))
            seats[each.cell.id] = Seat(
                agents[spec], _command(material.scenario, each.cell, agents[spec].container)
            )
        yield seats


def _command(scenario: Scenario, cell: Cell, container: Container) -> Command:
    return Command(
        argv=(container.path(_PROGRAM), *command.flags(scenario, cell)),
        environment=command.environment(scenario, cell),
        directory=container.path("/tmp"),  # noqa: S108 - the container's own tmpfs
        timeout=scenario.limits.time,
    )


def _measure(
    material: Material, planned: Plan, folder: RunFolder, progress: Progress, interruption: Interruption
) -> Literal["replicates", "max-time", "interrupted"]:
    """Run the plan's turns and write down each; what ended it."""
    for each in material.prepared:
        if isinstance(each.built, BuildError):
            folder.append(_unbuilt(each))
    asked = {cell.id: cell.levels[GOMAXPROCS] for cell in planned.cells}
    with _seats(material) as seats:
        deadline = time.monotonic() + planned.max_time_ns / 1e9
        progress.replicate(0, len(planned.turns))
        for capture in execute(planned.turns, seats, stop=lambda: interruption.asked):
            if interruption.asked:
                return "interrupted"  # the replicate that was stopped half way is none
            folder.append(decode(capture, gomaxprocs=asked[capture.turn.cell]))
            progress.replicate(capture.turn.position + 1, len(planned.turns))
            if time.monotonic() > deadline and capture.turn != planned.turns[-1]:
                return "max-time"
    return "interrupted" if interruption.asked else "replicates"


def _unbuilt(each: Prepared) -> Record:
    return Record(
        turn=Turn(position=-1, block=-1, cell=each.cell.id),
        termination=Termination(ending=Ending.BUILD_FAILED, detail=str(each.built)),
        started_at_ns=time.time_ns(),
        wall_ns=Nanos(0),
    )


def _stop_note(stopped_by: str) -> tuple[str, ...]:
    match stopped_by:
        case "max-time":
            return ("stopped at --max-time: the last block is not complete",)
        case "interrupted":
            return ("interrupted: what was measured until then is kept",)
        case _:
            return ()
