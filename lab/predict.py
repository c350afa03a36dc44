"""A scenario's cells, predicted: its simulated twin run over resampled calibrations."""

from __future__ import annotations

import contextlib
import inspect
import multiprocessing
import multiprocessing.connection
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from lab.errors import LabError, ProgramRaisedError, SimulatedProgramError
from lab.model.building import Building
from lab.model.instrument import NOT_PREDICTED, is_plain
from lab.model.level import UNSET, cpus_of
from lab.model.matrix import Cell
from lab.model.metric import Metric
from lab.model.outcome import CALIBRATIONS, Foresight, ForetoldOutcome, Prediction
from lab.model.scenario import (
    AUTO,
    BUILT_IN_FACTORS,
    CPUSET,
    FS,
    GO_RELEASE,
    GODEBUG,
    GOMAXPROCS,
    QUOTA,
    Scenario,
)
from lab.sim import simulate
from lab.sim.costs import Cost, Costs
from lab.sim.operation import Body
from lab.sim.packaged import packaged
from lab.sim.release import profile
from lab.sim.simulate import Result, load
from lab.stats.compare import predicted
from lab.stats.process import PerProcess, Repetitions

PROCESSES: Final = 4
"""Simulated processes for each."""
_WORTH_SHARING: Final = 4
"""Cells from which on starting other processes takes less time than it saves."""
FOLK_PS: Final = 64
"""The folk model: durations add up, and nobody waits for a P or a CPU, because there are as many as anybody wants."""


Inits = Callable[[Mapping[str, Any]], Sequence[Callable[..., Body]]]
"""From the parameters of a twin's main to what runs before it."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A scenario's simulated twin, or why there is none; ``path`` is where other processes find it.

    ``is_bare``: it begins before the runtime has threads and goroutines of its own.
    """

    main: Callable[..., Body] | None
    not_predicted: str = ""
    path: Path | None = None
    inits: Inits = lambda _: ()
    is_bare: bool = False


def read_twin(path: Path) -> Twin:
    """The twin beside a manifest. ProgramRaisedError where its Python raises."""
    if not path.exists():
        return Twin(None, f"there is no {path.name} beside the manifest")
    names: Mapping[str, Any] = load(path)
    always = tuple(names.get("INITS", ()))
    return Twin(
        names.get("main"),
        str(names.get("NOT_PREDICTED", "")),
        path,
        names.get("inits", lambda _: always),
        bool(names.get("BARE", False)),
    )


def is_predicted(scenario: Scenario, cells: Sequence[Cell], twin: Twin) -> bool:
    """Whether anything of these cells is predicted at all."""
    return twin.main is not None and any(_is_simulated(scenario, cell) for cell in cells)


def foretell(
    scenario: Scenario,
    cells: Sequence[Cell],
    twin: Twin,
    costs: Costs,
    *,
    cpus: int,
    seed: int,
    processes: int = 1,
) -> Foresight:
    """Predictions of every metric of every cell and of how its processes end, or the reason for none.

    The same arguments give the same, by however many *processes* the cells are shared.
    """
    source = random.Random(f"{seed}/golab calibrations")  # noqa: S311 - a simulation
    resampled = [costs.resampled(source) for _ in range(CALIBRATIONS)]
    task = _Task(twin, resampled, cpus, seed)
    work = [_Work.of(scenario, cell) for cell in cells if _is_simulated(scenario, cell)]
    is_shared = processes > 1 and len(work) >= _WORTH_SHARING and twin.main is not None
    done = _shared(task, work, processes) if is_shared else [task.cell(each) for each in work]
    foretold = {each.cell.id: found for each, found in zip(work, done, strict=True)}
    return Foresight(
        metrics={
            (cell.id, metric.name): _reason(metric) or _foretold(cell, metric, foretold)
            for cell in cells
            for metric in scenario.metrics_of(cell.levels)
        },
        outcomes={
            cell.id: foretold[cell.id].outcome
            if cell.id in foretold
            else _NOTHING_PREDICTED
            if is_plain(cell.levels)
            else NOT_PREDICTED
            for cell in cells
        },
    )


def _foretold(cell: Cell, metric: Metric, foretold: Mapping[str, _Done]) -> Prediction | str:
    return foretold[cell.id].metrics[metric.name] if is_plain(cell.levels) else NOT_PREDICTED


_NOTHING_PREDICTED: Final = "nothing of this cell is predicted"


def _is_simulated(scenario: Scenario, cell: Cell) -> bool:
    """Whether anything of a cell is to be predicted: a metric, or, where there is none, how it ends; nothing of what an instrument looks at."""
    metrics = scenario.metrics_of(cell.levels)
    return is_plain(cell.levels) and (not metrics or any(not _reason(metric) for metric in metrics))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A cell that is to be simulated: which metrics are wanted of it, its processes' limit, what its build decides."""

    cell: Cell
    metrics: tuple[Metric, ...]
    limit: int
    building: Building

    @classmethod
    def of(cls, scenario: Scenario, cell: Cell) -> _Work:
        """The work that a cell of *scenario* is."""
        return cls(
            cell=cell,
            metrics=tuple(metric for metric in scenario.metrics_of(cell.levels) if not _reason(metric)),
            limit=scenario.limits.time,
            building=scenario.building(cell.levels),
        )

    @property
    def unpredicted(self) -> str:
        """What of the cell the simulator does not know; it is never predicted by other rules."""
        if self.building.language != "go":
            return f"a program in {self.building.language.upper()} has no Go scheduler, which is what is simulated"
        try:
            profile(self.cell.text(GO_RELEASE))
        except LabError as error:
            return str(error)
        if self.cell.text(GODEBUG) != UNSET:
            return "the simulator knows no GODEBUG settings"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What is predicted of one cell."""

    metrics: Mapping[str, Prediction | str]
    outcome: ForetoldOutcome


class _Noting(Mapping[str, Cost]):
    """Costs that remember which of them were asked for."""

    def __init__(self, costs: Mapping[str, Cost]) -> None:
        self._costs = costs
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Cost:
        self.asked.add(name)
        return self._costs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._costs)

    def __len__(self) -> int:
        return len(self._costs)


def drawn(scenario: Scenario, cells: Sequence[Cell], twin: Twin, *, cpus: int, seed: int) -> frozenset[str]:
    """The names of the costs that a prediction of these cells rests on: one simulated process of each, to see."""
    noting = _Noting(packaged().costs)
    costs = replace(packaged(), costs=noting)
    for each in (_Work.of(scenario, cell) for cell in cells if _is_simulated(scenario, cell)):
        if twin.main is not None and not each.unpredicted:
            given = _given(each, cpus, processes=1)
            with contextlib.suppress(SimulatedProgramError):  # the prediction will give it as its reason
                _simulated(each, twin, [costs], replace(given, quota=None), seed=seed)
    return frozenset(noting.asked)


def _shared(task: _Task, work: Sequence[_Work], processes: int) -> list[_Done]:
    """*work* by several processes, started anew: a fork would take this one's threads and locks with it."""
    assert task.twin.path is not None  # noqa: S101 - whoever has no path has no twin to share
    context = multiprocessing.get_context("spawn")
    adopt: Any = _adopt  # the executor's stub knows no initializer with arguments
    arguments: Any = (task.twin.path, task.costs, task.cpus, task.seed)
    with ProcessPoolExecutor(min(processes, len(work)), context, adopt, arguments) as pool:
        return list(pool.map(_of_adopted, work))


_adopted: list[_Task] = []
"""The task of this process, if it is one that shares work."""


def _adopt(twin: Path, costs: Sequence[Costs], cpus: int, seed: int) -> None:
    """Begin as a process that shares work. It ends with the one that shares: who was killed cannot tell it to."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 - this one was started by another
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # a Ctrl-C is for all of a terminal's, and one of them says so
    _adopted.append(_Task(read_twin(twin), costs, cpus, seed))


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _of_adopted(work: _Work) -> _Done:
    return _adopted[0].cell(work)


def _reason(metric: Metric) -> str:
    return metric.described or metric.not_predicted


@dataclass(frozen=True, slots=True)
class _Task:
    """What all cells have in common: the twin, the resampled calibrations, the machine's CPUs, the seed."""

    twin: Twin
    costs: Sequence[Costs]
    cpus: int
    seed: int

    def cell(self, work: _Work) -> _Done:
        """The predictions of one cell, which depend on nothing of another's."""
        if self.twin.main is None:
            return _undone(work, self.twin.not_predicted)
        if why := work.unpredicted:
            return _undone(work, why)
        try:
            given = _given(work, self.cpus, processes=PROCESSES)
            results = _simulated(work, self.twin, self.costs, given, seed=self.seed)
        except SimulatedProgramError as error:
            return _undone(work, str(error))
        folk = _simulated(work, self.twin, self.costs, _FOLK, seed=self.seed) if work.metrics else ()
        return _Done(
            metrics={metric.name: _metric(work.cell, metric, results, folk) for metric in work.metrics},
            outcome=dict(Counter(each.outcome for row in results for each in row).most_common()),
        )


def _undone(work: _Work, why: str) -> _Done:
    return _Done(metrics={metric.name: why for metric in work.metrics}, outcome=why)


Results = Sequence[Sequence[Result]]
"""For each resampled calibration its simulated processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What a simulated process is given, and how many are simulated for each calibration."""

    gomaxprocs: int | None
    cpus: int
    quota: float | None
    processes: int


_FOLK: Final = _Given(gomaxprocs=FOLK_PS, cpus=FOLK_PS, quota=None, processes=1)


def _given(work: _Work, cpus: int, *, processes: int) -> _Given:
    """What a process of the cell is given on a machine with so many CPUs."""
    levels = work.cell.levels
    procs, quota = levels[GOMAXPROCS], levels[QUOTA]
    return _Given(
        gomaxprocs=None if procs.text == AUTO else int(procs.value),
        cpus=len(cpus_of(levels[CPUSET])) or cpus,
        quota=None if quota.text == UNSET else float(quota.value),
        processes=processes,
    )


def _simulated(work: _Work, twin: Twin, costs: Sequence[Costs], given: _Given, *, seed: int) -> Results:
    """Simulated processes, ended at the real ones' limit; a program with C in it is one whose deadlocks the runtime cannot see."""
    main = twin.main
    assert main is not None  # noqa: S101 - asked before
    params = _parameters(work.cell, main)
    return [
        [
            simulate(
                main,
                gomaxprocs=given.gomaxprocs,
                cpus=given.cpus,
                quota=given.quota,
                go=work.cell.text(GO_RELEASE),
                costs=each,
                seed=seed,
                repetition=row * PROCESSES + number,
                params=params,
                inits=twin.inits(params),
                is_bare=twin.is_bare,
                masks_deadlock=work.building.cgo,
                max_time=work.limit,
            )
            for number in range(given.processes)
        ]
        for row, each in enumerate(costs)
    ]


def _parameters(cell: Cell, main: Callable[..., Body]) -> Mapping[str, int | str]:
    accepted = inspect.signature(main).parameters
    return {
        name: level.value
        for name, level in cell.levels.items()
        if (name == FS or name not in BUILT_IN_FACTORS) and name in accepted
    }


def _metric(cell: Cell, metric: Metric, results: Results, folk: Results) -> Prediction | str:
    """The prediction of one metric. ProgramRaisedError where the twin never observes what the manifest wants predicted."""
    values = _values(metric, results)
    if not values:
        ends = sorted({each.outcome for row in results for each in row})
        if ends != ["exit"]:
            return f"the simulated process ends in {', '.join(ends)}"
        raise ProgramRaisedError(
            f"the twin of {cell.scenario} observes no {metric.observation!r} in cell {cell.id},"
            f" and the manifest wants {metric.name} predicted",
            hint="observe it in the twin, or give the metric a not_predicted with the reason",
        )
    found = predicted(values)
    if found is None:
        return "the simulated value is not positive"
    return replace(found, folk=tuple(value for each in _values(metric, folk) for value in each.values))


def _values(metric: Metric, results: Results) -> list[PerProcess]:
    observed = [
        Repetitions([seen for each in row if (seen := metric.repetitions(each.observations))])
        for row in results
    ]
    return [each.reduced(metric.statistic) for each in observed if each.n]
