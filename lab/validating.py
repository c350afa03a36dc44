"""``golab validate``, stage by stage: what is measured and compared, and what that says of the simulator."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lab import catalogue, experiment, pipeline, planning, setup, shelf
from lab.analysis import Analysis, analyse, costs_notes
from lab.bench import selection
from lab.errors import EnvironmentRefusedError, StoreError, UsageError
from lab.experiment import Experiment, Part
from lab.host import facts
from lab.manifest import failure
from lab.model.accuracy import Accuracy, Row
from lab.model.matrix import Selector
from lab.model.outcome import Estimate, Inconclusive
from lab.model.rules import EndResult, RuleResult
from lab.model.run import Record
from lab.model.scenario import GOMAXPROCS, Scenario
from lab.model.units import Nanos
from lab.pipeline import Means
from lab.report.accuracy_page import PICTURE, accuracy_page, accuracy_picture
from lab.store import RunFolder, Store
from lab.validate.accuracy import WhyItFails, accuracy
from lab.validate.oracle import judged_case, judged_chance
from lab.validate.outcome import cases_in, chances_in
from lab.validate.rule import judged, right_share, rules_in
from lab.workshop import Progress

PROGRAMS: Final = "programs"
"""The scenario that holds the paired programs."""
NAME: Final = "validate"
"""How its runs are called."""
DEVELOPMENT: Final = "development"
HELD_OUT: Final = "held-out"

_STEAL_SECONDS: Final = 0.5
_BUSY: Final = 0.25
"""Share of the CPUs that others use, above which a machine is called noisy."""
_STOLEN: Final = 0.02
_LOOK_AGAIN_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which programs and cells of ring 2, how often, for how long, by what means; ``kept`` is one set or empty for both."""

    kept: str
    patterns: tuple[str, ...]
    replicates: int | None
    max_time: Nanos
    seed: int
    quick: bool
    means: Means


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Scenarios that are measured together, and the sets of their programs; replicates where they are not the manifest's."""

    name: str
    run: str
    scenarios: tuple[str, ...]
    sets: tuple[str, ...]
    replicates: int | None = None
    quick_replicates: int | None = None


RULES: Final = Ring(name="1", run=f"{NAME}-rules", scenarios=("rules",), sets=("rules",))
ENDS: Final = Ring(name="oracle", run=f"{NAME}-ends", scenarios=("outcomes", "masked"), sets=("ends",))
CHANCES: Final = Ring(
    name="oracle",
    run=f"{NAME}-chances",
    scenarios=("outcomes",),
    sets=("chances",),
    replicates=40,
    quick_replicates=20,
)


def _programs(order: Order) -> Ring:
    sets = (order.kept,) if order.kept else (DEVELOPMENT, HELD_OUT)
    return Ring(name="2", run=NAME, scenarios=(PROGRAMS,), sets=sets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """A run of ring 1: what the programs said, and the times that some of them observe."""

    run: Analysis
    results: tuple[RuleResult, ...]
    times: tuple[Row, ...]

    @property
    def right(self) -> Estimate | Inconclusive:
        """The share of all runs that said what their rule says."""
        return right_share(self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What the oracle foretold and what became of it, and the runs that say so."""

    runs: tuple[Analysis, ...]
    results: tuple[EndResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """A run of ring 2, what it says, and what a reader has to know besides."""

    run: Analysis
    accuracy: Accuracy
    notes: tuple[str, ...]


def programs(root: Path | None, order: Order, progress: Progress) -> Validated:
    """Measure the paired programs, predict them, and compare. UsageError where no cell is left."""
    lab = catalogue.find(root, Path.cwd())
    wanted = _experiment(lab, order, _programs(order))
    return _judged(lab, pipeline.carry_out(lab.validation, wanted, order.means, progress))


def rules(root: Path | None, order: Order, progress: Progress) -> Ruled:
    """Run the programs of the rules and their twins, and hold both to what each rule says."""
    lab = catalogue.find(root, Path.cwd())
    run = pipeline.carry_out(lab.validation, _experiment(lab, order, RULES), order.means, progress)
    known, costs = rules_in(lab.validation.scenarios / "rules"), shelf.for_simulation(order.means.costs)
    records = _records(run)
    return Ruled(
        run=run,
        results=tuple(
            judged(known[program], procs, (record.stderr.text for record in records[cell]), costs)
            for cell, program, procs in _cells(run)
        ),
        times=accuracy(run.cells, sets_of(run.scenarios["rules"]), (), seed=run.plan.seed).rows,
    )


def endings(root: Path | None, order: Order, progress: Progress) -> Ended:
    """Run the programs of the oracle and their twins, and compare how they end. UsageError where no cell is left."""
    lab = catalogue.find(root, Path.cwd())
    folder, costs = lab.validation.scenarios / "outcomes", shelf.for_simulation(order.means.costs)
    cases, chances = cases_in(folder), chances_in(folder)
    runs: list[Analysis] = []
    results: list[EndResult] = []
    for ring in (ENDS, CHANCES):
        try:
            wanted = _experiment(lab, order, ring)
        except UsageError:
            if ring is CHANCES and not runs:
                raise
            continue
        run = pipeline.carry_out(lab.validation, wanted, order.means, progress)
        runs.append(run)
        records = _records(run)
        for cell, program, procs in _cells(run):
            own = records[cell]
            results.append(
                judged_case(cases[program], procs, own, costs)
                if ring is ENDS
                else judged_chance(chances[program], procs, own, costs)
            )
    return Ended(runs=tuple(runs), results=tuple(results))


def _cells(run: Analysis) -> Iterator[tuple[str, str, int]]:
    """Of each cell its id, its program and its GOMAXPROCS."""
    for cell in run.cells:
        yield cell.id, cell.levels["program"], int(cell.levels[GOMAXPROCS])


def _records(run: Analysis) -> Mapping[str, list[Record]]:
    """The replicates of each cell, without those that never ran."""
    found: dict[str, list[Record]] = {cell.id: [] for cell in run.cells}
    for record in RunFolder(run.folder).records():
        if record.turn.position >= 0 and not record.excluded:
            found[record.turn.cell].append(record)
    return found


def of_record(root: Path | None, name: str | None, results: Path | None) -> Validated:
    """What an earlier run says, the newest where *name* is None. StoreError where it is no validation."""
    lab = catalogue.find(root, Path.cwd())
    folder = _record(Store(results or pipeline.default_results(lab)), name)
    return _judged(lab, analyse(folder))


def write_page(found: Validated, folder: Path) -> Iterator[Path]:
    """Write the page about a validation and its picture; where they are. EnvironmentRefusedError where they cannot be."""
    record = found.run.folder.name
    facts, notes = machine_facts(found.run), found.run.stopping + costs_notes(found.run.plan.costs)
    content = {
        "accuracy.md": accuracy_page(found.accuracy, record, facts, notes),
        PICTURE: accuracy_picture(found.accuracy),
    }
    for name, text in content.items():
        try:
            (folder / name).write_text(text)
        except OSError as error:
            raise EnvironmentRefusedError(f"{folder / name}: cannot be written: {error.strerror}") from None
        yield folder / name


def machine_facts(run: Analysis) -> tuple[tuple[str, str], ...]:
    """What a reader asks of the machine first."""
    known = dict(setup.facts(run.plan.provenance))
    wanted = {
        "CPU": "machine.cpu.model",
        "CPUs": "machine.cpu.count",
        "kernel": "machine.kernel.release",
        "engine": "engine.version",
    }
    own = {"engine": run.plan.engine, "measured": run.plan.run[:8], "seed": str(run.plan.seed)}
    found = {name: known[fact] for name, fact in wanted.items() if fact in known}
    found["engine"] = " ".join(filter(None, (own.pop("engine"), found.get("engine", ""))))
    return tuple((found | own).items())


def in_words(root: Path | None, order: Order, ring: str) -> Iterator[str]:
    """What would be measured, in lines; nothing is built or written."""
    lab = catalogue.find(root, Path.cwd())
    for each in {"1": (RULES,), "oracle": (ENDS, CHANCES)}.get(ring, (_programs(order),)):
        yield from planning.in_words(_experiment(lab, order, each))


def sets_of(scenario: Scenario) -> Mapping[str, str]:
    """By program the set that it is of: the manifest's groups begin with its name."""
    found: dict[str, str] = {}
    for group in scenario.groups:
        kept = group.name.partition(",")[0].replace(" ", "-")
        for program in group.levels["program"]:
            found.setdefault(program, kept)
    return found


def noise() -> str:
    """What makes this machine noisy now, in words; empty where nothing does."""
    before = _busy_seconds()
    began = time.monotonic()
    stolen = facts.steal(_STEAL_SECONDS)
    used = (_busy_seconds() - before) / (time.monotonic() - began) / len(os.sched_getaffinity(0))
    found = []
    if used > _BUSY:
        found.append(f"others use {used:.0%} of its CPUs")
    if stolen is not None and stolen > _STOLEN:
        found.append(f"its host takes {stolen:.0%} of its CPU time (steal)")
    return " and ".join(found)


def wait_until_quiet(
    limit_seconds: float,
    say: Callable[[str], object],
    *,
    look: Callable[[], str] = noise,
    pause_seconds: float = _LOOK_AGAIN_SECONDS,
) -> str:
    """Wait until nothing makes this machine noisy, at most so long; what still does, or nothing."""
    deadline = time.monotonic() + limit_seconds
    while found := look():
        if time.monotonic() > deadline:
            return found
        say(f"this machine is noisy: {found}; waiting")
        time.sleep(pause_seconds)
    return ""


def _experiment(lab: catalogue.Lab, order: Order, ring: Ring) -> Experiment:
    """Of the *ring*'s scenarios the cells of the sets that are wanted."""
    request = selection.Request(selector=Selector(only=order.patterns), quick=order.quick)
    parts = [_only(part, ring.sets) for part in _parts(lab.validation, ring, request)]
    if not any(part.cells for part in parts):
        raise UsageError(
            f"no cell of ring {ring.name} is left", hint="widen --cells, or --held-out and --development"
        )
    scenario = parts[0].scenario
    standard = scenario.quick_replicates if order.quick else scenario.replicates
    replicates = order.replicates or (ring.quick_replicates if order.quick else ring.replicates) or standard
    runs = [] if order.replicates is None else [f"--runs={order.replicates}"]
    return Experiment(
        name=ring.run,
        title=scenario.title,
        parts=tuple(part for part in parts if part.cells),
        replicates=replicates,
        most_replicates=replicates,
        max_time=order.max_time,
        order_seed=order.seed,
        simulation_seed=order.seed,
        quick=order.quick,
        asked=(
            NAME,
            f"--ring={ring.name}",
            *(f"--{kept}" for kept in (DEVELOPMENT, HELD_OUT) if ring.sets == (kept,)),
            *(f"--cells={pattern}" for pattern in order.patterns),
            *(["--quick"] if order.quick else []),
            *runs,
            f"--seed={order.seed}",
        ),
    )


def _parts(lab: catalogue.Lab, ring: Ring, request: selection.Request) -> Iterator[Part]:
    """A pattern need not match in every scenario of a ring."""
    for name in ring.scenarios:
        with contextlib.suppress(*([UsageError] if len(ring.scenarios) > 1 else [])):
            yield experiment.part_of(lab, name, request)


def _only(part: Part, sets: tuple[str, ...]) -> Part:
    kept = sets_of(part.scenario)
    return replace(part, cells=tuple(cell for cell in part.cells if kept[cell.text("program")] in sets))


def _record(store: Store, name: str | None) -> RunFolder:
    if name is not None:
        return store.find(name)
    for folder in reversed(store.runs()):
        with contextlib.suppress(StoreError):
            if folder.plan().scenario == NAME:
                return folder
    raise StoreError(f"{store.root}: holds no validation yet", hint="golab validate --ring 2 measures one")


def _judged(lab: catalogue.Lab, run: Analysis) -> Validated:
    if set(run.scenarios) != {PROGRAMS}:
        raise StoreError(f"{run.folder}: is no validation", hint="golab runs lists what there is")
    path = lab.validation.scenarios / "reasons.toml"
    reasons = [WhyItFails(cells=x.cells, metrics=x.metrics, why=x.why) for x in failure.load(path)]
    return Validated(
        run=run,
        accuracy=accuracy(run.cells, sets_of(run.scenarios[PROGRAMS]), reasons, seed=run.plan.seed),
        notes=run.notes,
    )


def _busy_seconds() -> float:
    """CPU time that all processes of the machine but this one have used."""
    ticks = facts.busy_ticks()
    own = sum(os.times()[:2])
    return ticks / os.sysconf("SC_CLK_TCK") - own if ticks is not None else 0.0
