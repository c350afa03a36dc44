"""``golab resume``: a run that was stopped is gone on with, from its record.

Theory of operation
-------------------
What was decided before the first replicate is in the record: the plan with every turn, the manifests, what is predicted, the costs. None of
that is decided again. What has to be made again (programs, binaries, containers) is made from the lab as it is now and has to come out the same, by
digest; else half of the run would be of another program (:mod:`lab.unchanged`).

What is left are the turns without a line, and those that were lost (:mod:`lab.bench.left`). The lost ones' lines stay where they are; ``resumed.json``
says from which line on they count no more, and is on the disk before the first new line is. Until the run ends again it has no end: whoever
kills it now leaves what a first kill leaves, and it can be gone on with again.

A record that is damaged is gone on with from the damage on: what stands behind it is kept in a file of its own, and is measured again. Where
nothing is missing before it, the record is made whole and nothing is measured.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from lab import captured, catalogue, experiment, manifest, planning, reported
from lab.analysis import Analysis
from lab.bench.left import Left, left_of
from lab.calibrate import iterations_per_us
from lab.durable import refuse_unwritable
from lab.engine.base import Engine
from lab.engine.choose import EngineName
from lab.errors import EnvironmentRefusedError, StoreError, UnknownNameError, UsageError
from lab.experiment import Experiment, Part
from lab.golang import module
from lab.host import environment
from lab.host.interruption import interruptible
from lab.host.owner import Owner
from lab.material import paced
from lab.measurement import measure
from lab.model.matrix import Cell
from lab.model.run import FINISHED, Plan
from lab.model.units import Nanos, long_duration_to_text
from lab.pipeline import Means, default_results, ready
from lab.predict import Twin
from lab.recovery import recover
from lab.resumption import note_resumption
from lab.sim import costs
from lab.store import RunFolder, Store
from lab.unchanged import (
    refuse_another_engine,
    refuse_another_machine,
    refuse_other_manifests,
    refuse_other_programs,
)
from lab.workshop import Progress

_ENGINES: Final[Mapping[str, EngineName]] = {"docker": "docker", "host": "host"}
_FOREGONE: Final = Twin(None, "predicted before it was measured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Where the record is, whether to wait for another golab, for how much longer it may measure (None: what is left of its time).

    ``modules`` is the module cache of a user's own program.
    """

    results: Path | None = None
    wait: bool = True
    max_time: Nanos | None = None
    modules: Path | None = None


def resume(root: Path | None, name: str | None, order: Order, progress: Progress) -> Analysis:
    """Go on with the run *name*, or with the newest that is not finished.

    UsageError where nothing of it is left, or what it measured has changed since; EnvironmentRefusedError where it still runs, or this is
    another machine.
    """
    lab = catalogue.find(root, Path.cwd())
    store = Store(order.results or default_results(lab))
    return go_on(
        lab, store.find(name) if name else _newest_unfinished(store.runs(), str(store.root)), order, progress
    )


def resume_matrix(root: Path | None, name: str, order: Order, progress: Progress) -> Analysis:
    """Go on with the newest run of a matrix that is not finished, or with the one that *name* means.

    UsageError also where the matrix's file asks for something else now.
    """
    lab = catalogue.find(root, Path.cwd())
    store = Store(order.results or default_results(lab))
    try:
        path = lab.matrix(name)
    except UnknownNameError:
        return go_on(lab, store.find(name), order, progress)
    runs = [run for run in store.runs() if _is_of_matrix(run, path.stem)]
    folder = _newest_unfinished(runs, f"matrix {path.stem}")
    _refuse_another_matrix(folder, experiment.of_matrix(lab, path), path)
    return go_on(lab, folder, order, progress)


def go_on(lab: catalogue.Lab, folder: RunFolder, order: Order, progress: Progress) -> Analysis:
    """Measure what is left of a run, and analyse all of it."""
    plan = folder.plan()
    if plan.asked[:1] == ("validate",):
        lab = lab.validation
    _refuse_running(folder, plan)
    refuse_unwritable(folder.path)
    decided = folder.decided()
    folder.sweep()
    recover(folder)
    left = _left(folder, plan, order)
    if not left.turns:
        return _closed(folder, plan, left)
    is_own = plan.asked[:2] == ("run", "program")
    if not is_own:
        refuse_other_manifests(folder, plan, lab.scenarios)
    refuse_another_machine(plan, environment.describe(), is_settled=False)
    wanted = _experiment(folder, plan, left)
    if is_own:
        wanted = replace(wanted, own={plan.scenario: _own(folder, plan, order)})
    means = Means(
        engine=_ENGINES[plan.engine],
        wait=order.wait,
        base=planning.base_asked(plan),
        tune_host=planning.is_tuned(plan),
    )
    with ready(lab, wanted, means, progress, name=lambda: plan.run, results=folder.path) as found:
        _refuse_running(folder, plan)
        refuse_another_machine(plan, environment.describe())
        described = {name: each.describe() for name, each in found.engines.usable.items()}
        refuse_another_engine(plan, described)
        material = paced(found.material, _rates(decided.costs))
        own = found.engines.own
        refuse_other_programs(folder, plan, planning.planned_cells(material, own), material)
        left = open_again(folder, plan, order, own)
        progress.stage(
            f"{plan.run}: {len(plan.turns) - len(left.turns)} of {len(plan.turns)} replicates are there"
        )
        with interruptible() as interruption:
            folder.end(measure(material, decided, folder, progress, interruption, left=left))
    return reported.concluded(folder)


def _newest_unfinished(runs: Iterable[RunFolder], where: str) -> RunFolder:
    known = tuple(runs)
    for folder in reversed(known):
        if folder.is_unfinished:
            return folder
    if not known:
        raise StoreError(f"{where}: there is no run yet", hint="golab runs lists what there is")
    raise UsageError(
        f"{where}: every run came to its end, the newest is {known[-1].path.name}",
        hint="golab report shows it; name a run to have its lost replicates run again",
    )


def _is_of_matrix(folder: RunFolder, name: str) -> bool:
    try:
        plan = folder.plan()
    except StoreError:
        return False
    return plan.is_matrix and plan.scenario == name


def _refuse_another_matrix(folder: RunFolder, wanted: Experiment, path: Path) -> None:
    """UsageError where the matrix's file no more asks for the cells, the order and the numbers of the run."""
    plan = folder.plan()
    then = {cell.id: dict(cell.levels) for cell in plan.cells}
    now = {cell.id: {name: level.text for name, level in cell.levels.items()} for _, cell in wanted.cells}
    told = [
        *(f"cell {cell} is new" for cell in now if cell not in then),
        *(f"cell {cell} is gone" for cell in then if cell not in now),
        *(f"cell {cell} has other levels" for cell in now if cell in then and then[cell] != now[cell]),
    ]
    numbers = {
        "replicates": (plan.replicates, wanted.replicates),
        "most replicates": (plan.most_replicates, wanted.most_replicates),
        "the order's seed": (plan.seed, wanted.order_seed),
    }
    told += [f"{what}: {old}, now {new}" for what, (old, new) in numbers.items() if old != new]
    if told:
        raise UsageError(
            f"{path} asks for something else since {plan.run} was planned: {'; '.join(told)}",
            hint=f"golab resume {folder.path} goes on with the plan as it was",
        )


def _refuse_running(folder: RunFolder, plan: Plan) -> None:
    owner, this = folder.owner(), Owner.of_this_process(plan.run)
    is_another = owner is not None and owner.pid != this.pid and owner.is_alive(seen_from=this)
    if is_another or captured.is_held(folder.captures):
        who = f" (pid {owner.pid})" if owner is not None else ""
        raise EnvironmentRefusedError(
            f"{plan.run} still runs{who}", hint="wait for it, or stop it first: Ctrl-C, or kill its process"
        )


def _left(folder: RunFolder, plan: Plan, order: Order) -> Left:
    """What is left. UsageError where that is nothing, or there is no time for it."""
    records = folder.records(plan)
    left = left_of(plan, records, folder.resumptions())
    stopped_by = folder.stopped_by()
    is_due = left.again or any(turn.block < max(plan.replicates, left.begun_blocks) for turn in left.turns)
    if stopped_by in FINISHED and not is_due and not records.damage:
        raise UsageError(
            f"{plan.run} is finished: there is nothing to go on with",
            hint=f"golab report {folder.path} shows it; more replicates are another run: golab {' '.join(plan.asked)}",
        )
    if order.max_time is not None:
        return replace(left, max_time_ns=Nanos(left.elapsed_ns + order.max_time))
    if left.turns and (stopped_by == "max-time" or left.elapsed_ns >= left.max_time_ns):
        raise UsageError(
            f"{plan.run} has used up its time, {long_duration_to_text(left.max_time_ns)}",
            hint="--max-time 10m gives it so much more",
        )
    return left


def open_again(folder: RunFolder, plan: Plan, order: Order, engine: Engine) -> Left:
    """The record as it is to be gone on with, all of it on the disk; what is left."""
    described = engine.describe()
    _take_up(folder, plan, _left(folder, plan, order), described)
    left = left_of(plan, folder.records(plan), folder.resumptions())
    if left.again:  # what stood in captures behind a damage is in the record only now
        note_resumption(
            folder, described, again=left.again, max_time_ns=left.max_time_ns, elapsed_ns=left.elapsed_ns
        )
    return left


def _closed(folder: RunFolder, plan: Plan, left: Left) -> Analysis:
    """A run of which nothing is left to measure: it was killed before it wrote its end, or what is damaged stands behind all of it."""
    ended = folder.stopped_by()
    records = folder.records(plan)
    for _ in records:
        pass
    if records.damage:
        _take_up(folder, plan, left, engine={})
    folder.end(ended if ended in FINISHED else "replicates")
    return reported.concluded(folder)


def _take_up(folder: RunFolder, plan: Plan, left: Left, engine: Mapping[str, Any]) -> None:
    """Write down that the run is gone on with, in an *engine* that said so of itself, and have its record end before its damage.

    That is kept aside first, then told of, and taken off last: whoever kills this leaves nothing that is not told.
    """
    if folder.stopped_by() == "killed":  # half a line of any other was not left by a kill
        folder.drop_half_line()
    records = folder.records(plan)
    for _ in records:
        pass
    aside = folder.keep_aside(records.size) if records.damage else ""
    folder.own(Owner.of_this_process(plan.run))
    note_resumption(
        folder,
        engine,
        again=left.again,
        max_time_ns=left.max_time_ns,
        elapsed_ns=left.elapsed_ns,
        set_aside=aside,
    )
    if aside:
        folder.cut(records.size)
        recover(folder)
    folder.captures.unlink(missing_ok=True)


def _experiment(folder: RunFolder, plan: Plan, left: Left) -> Experiment:
    """What the plan is of, without the cells that could not be run."""
    scenarios = {}
    for name in plan.manifests:
        content, path = folder.manifest(name)
        scenarios[name] = (manifest.read(content, name=name, path=path), content)
    cells: dict[str, list[Cell]] = {}
    for planned in plan.cells:
        if planned.id not in left.told:
            scenario, _ = scenarios[planned.scenario]
            cells.setdefault(planned.scenario, []).append(
                Cell(scenario.name, planned.id, scenario.read_levels(planned.levels))
            )
    return Experiment(
        name=plan.scenario,
        title=plan.title,
        parts=tuple(Part(*scenarios[name], _FOREGONE, tuple(own)) for name, own in cells.items()),
        replicates=plan.replicates,
        most_replicates=plan.most_replicates,
        max_time=left.max_time_ns,
        order_seed=plan.seed,
        simulation_seed=plan.seed,
        quick=plan.quick,
        asked=plan.asked,
    )


def _own(folder: RunFolder, plan: Plan, order: Order) -> module.Module:
    """A user's own program, where it was. UsageError where it is no more."""
    where = Path(plan.asked[2])
    try:
        return module.read(
            where,
            modules=order.modules or module.module_cache(os.environ, Path.home()),
            results=folder.path.parent,
        )
    except UsageError as error:
        raise UsageError(
            f"{plan.run} measured the program in {where}, and it is not there as it was: {error}",
            hint=error.hint,
        ) from None


def _rates(kept: Mapping[str, str]) -> Mapping[str, int]:
    """How fast the loop behind ``lab.Work`` was said to be, by engine."""
    return {
        engine: iterations_per_us(costs.from_json(text, source=f"costs/{engine}.json")) or 0
        for engine, text in kept.items()
    }
