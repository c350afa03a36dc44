"""``golab validate``, stage by stage: what is measured and compared, and what that says of the simulator."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lab import catalogue, experiment, pipeline, planning
from lab.analysis import Analysis, analyse
from lab.bench import selection
from lab.errors import StoreError, UsageError
from lab.experiment import Experiment, Part
from lab.host import facts
from lab.manifest import failure
from lab.material import Progress
from lab.model.accuracy import Accuracy
from lab.model.matrix import Cell, Selector
from lab.model.scenario import Scenario
from lab.model.units import Nanos
from lab.pipeline import Means
from lab.store import RunFolder, Store
from lab.validate.accuracy import WhyItFails, accuracy

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
class Validated:
    """A run of ring 2, what it says, and what a reader has to know besides."""

    run: Analysis
    accuracy: Accuracy
    notes: tuple[str, ...]


def programs(root: Path | None, order: Order, progress: Progress) -> Validated:
    """Measure the paired programs, predict them, and compare. UsageError where no cell is left."""
    lab = catalogue.find(root, Path.cwd())
    wanted = _experiment(lab, order)
    return _judged(lab, pipeline.carry_out(lab.validation, wanted, order.means, progress))


def of_record(root: Path | None, name: str | None, results: Path | None) -> Validated:
    """What an earlier run says, the newest where *name* is None. StoreError where it is no validation."""
    lab = catalogue.find(root, Path.cwd())
    folder = _record(Store(results or pipeline.default_results(lab)), name)
    return _judged(lab, analyse(folder))


def in_words(root: Path | None, order: Order) -> Iterator[str]:
    """What :func:`programs` would measure, in lines; nothing is built or written."""
    yield from planning.in_words(_experiment(catalogue.find(root, Path.cwd()), order))


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


def wait_until_quiet(limit_seconds: float, say: Callable[[str], object]) -> str:
    """Wait until nothing makes this machine noisy, at most so long; what still does, or nothing."""
    deadline = time.monotonic() + limit_seconds
    while found := noise():
        if time.monotonic() > deadline:
            return found
        say(f"this machine is noisy: {found}; waiting")
        time.sleep(_LOOK_AGAIN_SECONDS)
    return ""


def _experiment(lab: catalogue.Lab, order: Order) -> Experiment:
    request = selection.Request(selector=Selector(only=order.patterns), quick=order.quick)
    part = experiment.part_of(lab.validation, PROGRAMS, request)
    if order.kept:
        part = _only(part, order.kept)
    scenario = part.scenario
    replicates = order.replicates or (scenario.quick_replicates if order.quick else scenario.replicates)
    chosen = [f"--{order.kept}"] if order.kept else []
    runs = [] if order.replicates is None else [f"--runs={order.replicates}"]
    return Experiment(
        name=NAME,
        title=scenario.title,
        parts=(part,),
        replicates=replicates,
        most_replicates=replicates,
        max_time=order.max_time,
        order_seed=order.seed,
        simulation_seed=order.seed,
        quick=order.quick,
        asked=(
            NAME,
            "--ring=2",
            *chosen,
            *(f"--cells={pattern}" for pattern in order.patterns),
            *(["--quick"] if order.quick else []),
            *runs,
            f"--seed={order.seed}",
        ),
    )


def _only(part: Part, kept: str) -> Part:
    sets = sets_of(part.scenario)
    cells: Sequence[Cell] = tuple(cell for cell in part.cells if sets[cell.text("program")] == kept)
    if not cells:
        raise UsageError(f"no cell of the set {kept} is left", hint="widen --cells, or leave it out")
    return replace(part, cells=tuple(cells))


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
