"""Every stage of a run, on one page: manifest → cells → render → build → run → decode → store → summary → report."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab import calibrate, catalogue, manifest, predict, reported, shelf
from lab.analysis import Analysis, analyse
from lab.bench import command, plan, selection
from lab.bench.decode import decode
from lab.bench.execute import execute
from lab.engine.choose import choose
from lab.errors import BuildError, UsageError
from lab.golang import base, build, render, toolchain
from lab.golang.build import Binary
from lab.host import environment
from lab.host.interruption import Interruption, interruptible
from lab.host.lock import measuring
from lab.manifest import register
from lab.manifest.tables import refusal
from lab.material import PROGRAM, Material, Prepared, Progress, Workshop, prepare, render_cell, seats, spec_of
from lab.model.claim import Register
from lab.model.outcome import CellSummary
from lab.model.run import (
    FORMAT,
    CostsUsed,
    Ending,
    Plan,
    PlannedCell,
    Record,
    StoppedBy,
    Termination,
    Turn,
)
from lab.model.scenario import GO_RELEASE, GOMAXPROCS, Scenario
from lab.model.units import Nanos, duration_to_text
from lab.sim.costs import Costs
from lab.sim.packaged import packaged
from lab.stats.process import quantile
from lab.stats.summary import summarise
from lab.store import Decided, RunFolder, Store


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
    base: str = "auto"
    """What programs are built on; see :func:`lab.golang.base.choose`."""


def run(root: Path | None, order: Order, progress: Progress) -> Analysis:
    """Measure a scenario: every stage in turn, the record written as it grows."""
    lab = catalogue.find(root, Path.cwd())
    text = lab.manifest(order.scenario).read_bytes()
    scenario = manifest.read(text, name=order.scenario, path=lab.manifest(order.scenario))
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
        material = prepare(workshop, scenario, cells, base_name=order.base)
        used = _costs(order, workshop, is_needed=predict.is_predicted(scenario, cells, twin))
        decided = Decided(
            plan=_plan(name, order, material, costs_used(used)),
            manifest=text,
            foretold=predict.foretell(scenario, cells, twin, used, cpus=_cpus(), seed=order.seed),
            costs=used.to_json(),
        )
        folder = Store(order.results or default_results(lab)).create(decided)
        with interruptible() as interruption:
            folder.end(_measure(material, decided.plan, folder, progress, interruption))
    found = analyse(folder)
    folder.keep_analysis(found.cells)
    folder.keep_report(reported.report(folder, found))
    return found


def foretell_run(root: Path | None, order: Order) -> Iterator[str]:
    """What :func:`run` would do, in lines: nothing is built, fetched, started or written."""
    lab = catalogue.find(root, Path.cwd())
    scenario = manifest.load(lab.manifest(order.scenario))
    cells = selection.select(scenario, order.request)
    selection.refuse_beyond(environment.available_memory(), scenario, cells)
    replicates = _replicates(scenario, order)
    cache = cache_folder()
    with choose(order.engine, cache, environ=os.environ) as chosen:
        yield chosen.why
        below = base.choose(chosen.engine, order.base, cache, cgo=scenario.cgo)
        yield f"builds: {below or 'with the Go release alone'}"
    have = toolchain.fetched(cache)
    missing = sorted({cell.text(GO_RELEASE) for cell in cells} - set(have))
    yield f"Go releases to fetch: {', '.join(missing) or 'none'}"
    yield f"{len(cells)} cells, {replicates} replicates of each, at most {duration_to_text(order.max_time)} of measuring:"
    yield from (f"  {cell.id}" for cell in cells)
    yield f"order: {replicates} blocks of all cells, shuffled with seed {order.seed}; the first block:"
    first = plan.blocks([cell.id for cell in cells], 1, order.seed)
    yield f"  {', '.join(turn.cell for turn in first)}"
    yield f"record: a new folder in {order.results or default_results(lab)}"


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
    used = shelf.for_simulation(costs)
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


def costs_used(used: Costs) -> CostsUsed:
    """Which costs these are."""
    return CostsUsed(source=used.source, identity=used.identity, calibrated=used.calibrated)


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
        for path, content in render_cell(lab, scenario, cell, cell).files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        yield folder, command.by_hand(scenario, cell)


def cache_folder() -> Path:
    """Where toolchains, binaries and build caches are kept between runs: ``$XDG_CACHE_HOME/golab``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "golab"


def open_register(root: Path | None) -> tuple[Register, Mapping[str, Scenario]]:
    """The register of claims, and every scenario by its name. ManifestError where they do not say the same of a claim."""
    lab = catalogue.find(root, Path.cwd())
    found = register.load(lab.claims)
    scenarios = {name: manifest.load(lab.manifest(name)) for name in lab.names()}
    if mistakes := register.disagreements(found, scenarios.values()):
        raise refusal(lab.claims, mistakes)
    return found, scenarios


def open_store(root: Path | None, results: Path | None) -> Store:
    """The folder of runs that *results* names, else the lab's own."""
    return Store(results or default_results(catalogue.find(root, Path.cwd())))


def default_results(lab: catalogue.Lab) -> Path:
    """``results/`` of a checkout; elsewhere ``golab-results`` in the current folder."""
    return lab.root / "results" if lab.is_checkout else Path.cwd() / "golab-results"


def _costs(order: Order, workshop: Workshop, *, is_needed: bool) -> Costs:
    """The costs for a run: as asked, else this machine's, measured first where they are missing and needed."""
    fingerprint = environment.fingerprint()
    if (given := shelf.given(order.costs, fingerprint)) is not None:
        return given
    path = shelf.users_shelf().place(fingerprint, workshop.engine.name, toolchain.DEFAULT_RELEASE)
    wanted = order.calibrate and is_needed
    if not path.exists():
        return _calibrated(workshop, toolchain.DEFAULT_RELEASE) if wanted else packaged()
    kept = shelf.read(path, fingerprint)
    if wanted and _has_drifted(workshop, kept):
        return _calibrated(workshop, toolchain.DEFAULT_RELEASE)
    return kept


def _has_drifted(workshop: Workshop, kept: Costs) -> bool:
    """Whether this machine is no more what it was when it was calibrated: a virtual one may move to another host."""
    fresh = _primitives(workshop, toolchain.DEFAULT_RELEASE, calibrate.CHECKED)
    moved = calibrate.drifts(kept, fresh)
    if moved:
        first = moved[0]
        levels = ", ".join(f"{name} {level}" for name, level in first.levels.items())
        workshop.progress.stage(
            f"costs have drifted since calibration {kept.identity}: {first.cost} ({levels}) is"
            f" {first.ratio.value:.2f} of what it was, and {len(moved) - 1} more"
        )
    return bool(moved)


def _calibrated(workshop: Workshop, release: str) -> Costs:
    processes = calibrate.PROCESSES
    workshop.progress.stage(
        f"calibrating: {processes} processes of primitives on engine {workshop.engine.name}"
    )
    found = _primitives(workshop, release, processes)
    shelf.keep(found, shelf.users_shelf().place(found.fingerprint, workshop.engine.name, release))
    return packaged().merged(found)


def _primitives(workshop: Workshop, release: str, processes: int) -> Costs:
    """What primitives cost here and now."""
    tools = workshop.lab.tools
    go = toolchain.fetch(release, workshop.cache, workshop.progress.stage)
    agent = build.build(workshop.engine, go, render.read_program(tools, "agent"), workshop.cache)
    source = render.render_program(tools, calibrate.PROGRAM, tools=tools, go_line=go.go_line, values={})
    program = build.build(workshop.engine, go, source, workshop.cache)
    return calibrate.measure(
        workshop.engine,
        agent,
        program,
        fingerprint=environment.fingerprint(),
        release=release,
        processes=processes,
    )


def _cpus() -> int:
    return len(os.sched_getaffinity(0))


def _run_name(scenario: Scenario, order: Order) -> str:
    return f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{scenario.name}-{order.seed & 0xFFFF:04x}"


def _replicates(scenario: Scenario, order: Order) -> int:
    return order.replicates or (scenario.quick_replicates if order.request.quick else scenario.replicates)


def _asked(scenario: Scenario, order: Order, engine: str) -> tuple[str, ...]:
    """The arguments that plan the same again; levels as the user wrote them, the seed and n as they came out."""
    request = order.request
    lists = [f"--set={name}={','.join(texts)}" for name, texts in request.lists.items()]
    patterns = [
        *(f"--only={pattern}" for pattern in request.selector.only),
        *(f"--skip={pattern}" for pattern in request.selector.skip),
    ]
    fixed = [f"--runs={_replicates(scenario, order)}", f"--seed={order.seed}", f"--engine={engine}"]
    quick = ["--quick"] if request.quick else []
    base = [] if order.base == "auto" else [f"--base={order.base}"]
    return ("run", "scenario", scenario.name, *quick, *lists, *patterns, *fixed, *base)


def _plan(name: str, order: Order, material: Material, costs: CostsUsed) -> Plan:
    scenario = material.scenario
    quick, replicates = order.request.quick, _replicates(scenario, order)
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
        asked=_asked(scenario, order, material.engine.name),
        costs=costs,
        cells=tuple(_planned(material, each) for each in material.prepared),
        turns=plan.blocks(runnable, replicates, order.seed),
        provenance={
            "engine": material.engine.describe(),
            "machine": environment.describe(),
            "base": material.base.described() if material.base else None,
        },
    )


def _planned(material: Material, each: Prepared) -> PlannedCell:
    is_built = isinstance(each.built, Binary)
    return PlannedCell(
        id=each.cell.id,
        levels={name: level.text for name, level in each.cell.levels.items()},
        program_sha256=each.program.source_sha256,
        binary_sha256=each.built.sha256 if isinstance(each.built, Binary) else "",
        image=material.engine.image_of(spec_of(material, each)) if is_built else "",
        argv=(PROGRAM, *command.flags(material.scenario, each.cell)),
        environment=command.environment(material.scenario, each.cell),
    )


def _measure(
    material: Material, planned: Plan, folder: RunFolder, progress: Progress, interruption: Interruption
) -> StoppedBy:
    """Run the plan's turns and write down each; what ended it."""
    for each in material.prepared:
        if isinstance(each.built, BuildError):
            folder.append(_unbuilt(each))
    asked = {cell.id: cell.levels[GOMAXPROCS] for cell in planned.cells}
    with seats(material) as seated:
        deadline = time.monotonic() + planned.max_time_ns / 1e9
        progress.replicate(0, len(planned.turns))
        for capture in execute(planned.turns, seated, stop=lambda: interruption.asked):
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
