"""Every stage of a run, on one page: manifest → cells → render → build → run → decode → store → summary → report."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Literal

from lab import (
    captured,
    catalogue,
    experiment,
    falsealarm,
    guest,
    manifest,
    planning,
    predict,
    reported,
    shelf,
)
from lab.analysis import Analysis
from lab.bench import selection
from lab.calibrate import LOOP, Calibration, Sitting, iterations_per_us, rest
from lab.costing import calibrated, costs_for
from lab.durable import refuse_unwritable
from lab.engine.choose import choose
from lab.engines import Engines, opened
from lab.errors import StoreError
from lab.estimating import Estimated, estimated
from lab.experiment import Experiment
from lab.golang import base, toolchain
from lab.host import environment, scratch
from lab.host.interruption import interruptible
from lab.host.lock import measuring
from lab.host.owner import Owner
from lab.hosting import Host, tuned
from lab.manifest import register
from lab.manifest.tables import refusal
from lab.material import Material, paced, prepare, runnable, works
from lab.measurement import measure
from lab.model.claim import Register
from lab.model.falsealarm import Checked
from lab.model.outcome import CellSummary
from lab.model.scenario import GO_RELEASE, Scenario
from lab.model.units import Nanos
from lab.sim.costs import Costs
from lab.stats.summary import summarise
from lab.store import Decided, RunFolder, Store
from lab.workshop import Progress, Wanted, Workshop

_CHEAP: Final = "mmap-large"
_CHEAP_LEVELS: Final = {"mode": ("touch",), "size": ("4MiB",)}
"""What A/A checks measure: processes of some milliseconds, with page faults, system calls and a scheduler in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """By what a user wants something measured, and where its record goes."""

    engine: Literal["auto", "docker", "host"] = "auto"
    results: Path | None = None
    wait: bool = True
    costs: str = "auto"
    """``auto`` (this machine's calibration), ``packaged``, or a calibration's file."""
    calibrate: bool = True
    """Whether what is missing of this machine's calibration is measured first."""
    base: str = "auto"
    """What programs are built on; see :func:`lab.golang.base.choose`."""
    foreign_costs: bool = False
    """Whether a calibration's file may be of another machine."""
    tune_host: bool = False
    """Whether settings of the whole machine may be changed for as long as the run needs them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which cells of a scenario a user wants measured, how often, and for how long at most."""

    scenario: str
    request: selection.Request
    replicates: int | None
    max_time: Nanos
    seed: int
    means: Means


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOrder:
    """A user's own program, which of its cells are wanted, how much of them, and by what means."""

    program: guest.Program
    request: selection.Request
    amount: guest.Amount
    means: Means


def run(root: Path | None, order: Order, progress: Progress) -> Analysis:
    """Measure a scenario: every stage in turn, the record written as it grows."""
    lab = catalogue.find(root, Path.cwd())
    return carry_out(lab, _of_scenario(lab, order), order.means, progress)


def run_program(root: Path | None, order: ProgramOrder, progress: Progress) -> Analysis:
    """Measure a user's own program: as a scenario of which the lab writes the manifest."""
    lab = catalogue.find(root, Path.cwd())
    return carry_out(lab, _of_program(lab, order), order.means, progress)


def run_matrix(root: Path | None, name: str, means: Means, progress: Progress) -> Analysis:
    """Measure a matrix, by its file or its name in ``experiments/``: one plan, one order, one record."""
    lab = catalogue.find(root, Path.cwd())
    wanted = experiment.of_matrix(lab, lab.matrix(name))
    by_what = planning.asked_means(means.base, tuned=means.tune_host)
    return carry_out(lab, replace(wanted, asked=(*wanted.asked, *by_what)), means, progress)


def plan_matrix(root: Path | None, name: str, results: Path | None) -> tuple[Experiment, Estimated]:
    """What a matrix would measure, and how long that would take by what earlier runs took."""
    lab = catalogue.find(root, Path.cwd())
    wanted = experiment.of_matrix(lab, lab.matrix(name))
    return wanted, estimated(wanted, Store(results or default_results(lab)))


def newest_of_matrix(root: Path | None, name: str, results: Path | None) -> RunFolder:
    """The newest run of a matrix. StoreError where it was never measured."""
    lab = catalogue.find(root, Path.cwd())
    matrix = lab.matrix(name).stem
    store = Store(results or default_results(lab))
    for folder in reversed(store.runs()):
        with contextlib.suppress(StoreError):
            planned = folder.plan()
            if planned.is_matrix and planned.scenario == matrix:
                return folder
    raise StoreError(
        f"{store.root}: holds no run of the matrix {matrix}", hint=f"measure it: golab matrix run {name}"
    )


def _of_scenario(lab: catalogue.Lab, order: Order) -> Experiment:
    part = experiment.part_of(lab, order.scenario, order.request)
    quick, scenario = order.request.quick, part.scenario
    fixed = order.replicates or (scenario.quick_replicates if quick else None)
    return Experiment(
        name=order.scenario,
        title="",
        parts=(part,),
        replicates=fixed or scenario.replicates,
        most_replicates=fixed or scenario.most_replicates,
        max_time=order.max_time,
        order_seed=order.seed,
        simulation_seed=order.seed,
        quick=quick,
        asked=planning.asked(order.scenario, order.request, order.replicates, order.seed, order.means.base),
    )


def _of_program(lab: catalogue.Lab, order: ProgramOrder) -> Experiment:
    return guest.experiment(
        order.program,
        order.request,
        order.amount,
        results=order.means.results or default_results(lab),
        base=order.means.base,
    )


@dataclass(frozen=True, slots=True)
class Ready:
    """A machine on which an experiment can be measured as the *run*: its lock is held, its settings are as they were asked for."""

    run: str
    engines: Engines
    host: Host
    workshops: Mapping[str, Workshop]
    material: Material


@contextlib.contextmanager
def ready(
    lab: catalogue.Lab,
    wanted: Experiment,
    means: Means,
    progress: Progress,
    *,
    name: Callable[[], str],
    results: Path,
) -> Generator[Ready]:
    """All that a run of an experiment needs, built; the machine is as it was afterwards. StoreError where *results* cannot be written.

    *name* says what the run is called, as long as nobody else has taken that.
    """
    for scenario, cell in wanted.cells:
        selection.refuse_beyond(environment.available_memory(), scenario, (cell,))
    cache = cache_folder()
    with (
        _begun(wanted, means, cache, progress, name) as (run, engines),
        tuned(engines.cells(wanted), progress.stage, run=run, allowed=means.tune_host) as host,
    ):
        refuse_unwritable(results)
        workshops = {
            each: Workshop(lab, engine, cache, progress, wanted.own)
            for each, engine in engines.usable.items()
        }
        cells = [host.applied_to(each) for each in engines.cells(wanted)]
        material = prepare(workshops[engines.own.name], cells, base_name=means.base)
        yield Ready(run, engines, host, workshops, material)


@contextlib.contextmanager
def _begun(
    wanted: Experiment, means: Means, cache: Path, progress: Progress, name: Callable[[], str]
) -> Generator[tuple[str, Engines]]:
    """A run's name, its engines, and the machine's lock. Whoever held the lock before may have taken the name, which is on all that the engines make."""
    while True:
        run = name()
        with (
            opened(wanted, means.engine, cache, progress.stage, run=run) as engines,
            measuring(progress.stage, wait=means.wait),
        ):
            if name() == run:
                yield run, engines
                return


def carry_out(lab: catalogue.Lab, wanted: Experiment, means: Means, progress: Progress) -> Analysis:
    """Measure an experiment: prepare, predict, write both down, measure, analyse."""
    store = Store(means.results or default_results(lab))
    name = partial(store.free, planning.run_name(wanted))
    with ready(lab, wanted, means, progress, name=name, results=store.root) as found:
        engines, material = found.engines, found.material
        anew = means.calibrate and experiment.is_predicted(wanted)
        needed = experiment.drawn(wanted, cpus=_cpus()) if anew else frozenset[str]()
        if needed and works(material):
            needed |= {LOOP}
        costs = {
            each: costs_for(
                found.workshops[each],
                means.costs,
                measure=anew,
                needed=needed,
                foreign=means.foreign_costs,
                checked=not wanted.quick,
            )
            for each in dict.fromkeys(cell.engine.name for cell in runnable(material))
        }
        material = paced(material, {each: iterations_per_us(used) or 0 for each, used in costs.items()})
        decided = Decided(
            plan=planning.plan(found.run, wanted, engines.own, material, costs, granted=found.host.granted),
            manifests={part.scenario.name: part.manifest for part in wanted.parts},
            foretold=experiment.foretell(
                wanted,
                costs,
                {cell.id: engines.name_of(cell) for _, cell in wanted.cells},
                cpus=_cpus(),
                processes=_cpus(),
            ),
            costs={each: used.to_json() for each, used in costs.items()},
            sources=planning.sources(wanted, material),
        )
        folder = store.create(decided)
        folder.own(Owner.of_this_process(found.run))
        with interruptible() as interruption:
            folder.end(measure(material, decided, folder, progress, interruption))
    return reported.concluded(folder)


def foretell_run(root: Path | None, order: Order) -> Iterator[str]:
    """What :func:`run` would do, in lines: nothing is built, fetched, started or written."""
    lab = catalogue.find(root, Path.cwd())
    yield from _foretold(lab, _of_scenario(lab, order), order.means)


def foretell_program(root: Path | None, order: ProgramOrder) -> Iterator[str]:
    """The same of :func:`run_program`."""
    lab = catalogue.find(root, Path.cwd())
    yield from _foretold(lab, _of_program(lab, order), order.means)


def _foretold(lab: catalogue.Lab, wanted: Experiment, means: Means) -> Iterator[str]:
    cache = cache_folder()
    for scenario, cell in wanted.cells:
        selection.refuse_beyond(environment.available_memory(), scenario, (cell,))
    with choose(means.engine, cache, environ=os.environ) as chosen:
        yield chosen.why
        below = base.choose(
            chosen.engine,
            means.base,
            cache,
            cgo=any(scenario.building(cell.levels).needs_compiler for scenario, cell in wanted.cells),
        )
        yield f"builds: {below or 'with the Go release alone'}"
    have = toolchain.fetched(cache)
    missing = sorted({cell.text(GO_RELEASE) for _, cell in wanted.cells} - set(have))
    yield f"Go releases to fetch: {', '.join(missing) or 'none'}"
    yield from planning.in_words(wanted)
    yield f"record: a new folder in {means.results or default_results(lab)}"


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
    part = experiment.part_of(catalogue.find(root, Path.cwd()), name, request)
    used = shelf.for_simulation(costs)
    foretold = predict.foretell(
        part.scenario, part.cells, part.twin, used, cpus=_cpus(), seed=seed, processes=_cpus()
    )
    cells = summarise({name: part.scenario}, part.cells, (), foretold)
    return Foreseen(title=part.scenario.title, cells=cells, costs=used)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrating:
    """How a user wants this machine calibrated; ``settle`` is how long at most it may take to come to rest before."""

    engine: Literal["auto", "docker", "host"]
    sitting: Sitting
    wait: bool
    settle: Nanos
    accepts_drift: bool


def calibrate_only(root: Path | None, wanted: Calibrating, progress: Progress) -> Calibration:
    """Measure this machine's primitives on one engine and keep them."""
    lab = catalogue.find(root, Path.cwd())
    cache = cache_folder()
    with (
        choose(wanted.engine, cache, environ=os.environ) as chosen,
        measuring(progress.stage, wait=wanted.wait),
    ):
        progress.stage(chosen.words)
        rest(wanted.settle / 1e9, progress.stage)
        workshop = Workshop(lab, chosen.engine, cache, progress)
        return calibrated(workshop, wanted.sitting, accepts_drift=wanted.accepts_drift)


def check_false_alarms(
    root: Path | None, engine: Literal["auto", "docker", "host"], progress: Progress, *, wait: bool, seed: int
) -> Checked:
    """A against A on this machine: one cheap cell, many times over. See :mod:`lab.falsealarm`."""
    lab = catalogue.find(root, Path.cwd())
    part = experiment.part_of(lab, _CHEAP, selection.Request(lists=_CHEAP_LEVELS))
    cache = cache_folder()
    with (
        choose(engine, cache, environ=os.environ, run="doctor") as chosen,
        measuring(progress.stage, wait=wait),
    ):
        progress.stage(chosen.words)
        workshop = Workshop(lab, chosen.engine, cache, progress)
        (cell,) = part.cells
        material = prepare(workshop, [Wanted(part.scenario, cell, chosen.engine)])
        progress.stage(
            f"A against A: {falsealarm.COMPARISONS} comparisons of {falsealarm.REPLICATES} processes with as many,"
            f" cell {cell.id} of {_CHEAP}"
        )
        with scratch.folder(cache, "check") as place, captured.made(place / "kept") as kept:
            return falsealarm.check(material, cpus=_cpus(), seed=seed, told=progress.replicate, kept=kept)


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


def _cpus() -> int:
    return len(os.sched_getaffinity(0))
