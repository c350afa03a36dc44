"""How long a default run takes at the least: what its programs sleep, wait and compute, by their twins, and the limits of what hangs."""

import inspect
from pathlib import Path

import pytest

from lab import catalogue, manifest, predict
from lab.bench.command import defaults
from lab.errors import SimulatedProgramError
from lab.model.matrix import Cell, default_cells
from lab.model.scenario import GOMAXPROCS, Scenario
from lab.sim import simulate

_SECONDS = {False: 90, True: 15}
"""What a default run and a quick one may take with warm caches. Processes, containers and predictions come on top of what is counted here."""
_LONGER = {"mutex-contention", "rwmutex-contention", "sched-starvation"}
"""Scenarios that need a window of time in each process: a third more."""


def _process_ns(scenario: Scenario, twin: predict.Twin, cell: Cell) -> int:
    """One process of the cell by the newest release's rules; of what is no Go, all that it may take; of what its twin refuses, nothing."""
    if scenario.building(cell.levels).language != "go":
        return scenario.limits.time
    assert twin.main is not None
    params = dict(defaults(scenario, cell))
    procs = cell.text(GOMAXPROCS)
    try:
        done = simulate(
            twin.main,
            gomaxprocs=None if procs == "auto" else int(procs),
            params={
                name: value
                for name, value in params.items()
                if name in inspect.signature(twin.main).parameters
            },
            inits=twin.inits(params),
            is_bare=twin.is_bare,
            masks_deadlock=scenario.building(cell.levels).cgo,
            max_time=scenario.limits.time,
        )
    except SimulatedProgramError:
        return 0
    return scenario.limits.time if done.wall_ns is None else done.wall_ns


@pytest.mark.parametrize("quick", [False, True])
def test_a_run_keeps_its_time(lab_root: Path, quick: bool) -> None:  # noqa: FBT001
    """Of every scenario that has a twin; how long a build takes nobody can say beforehand."""
    lab = catalogue.find(lab_root, lab_root)
    seconds = {}
    for name in lab.names():
        scenario = manifest.load(lab.manifest(name))
        twin = predict.read_twin(lab.scenarios / f"{name}.py")
        if twin.main is not None:
            replicates = scenario.quick_replicates if quick else scenario.replicates
            cells = default_cells(scenario, quick=quick)
            seconds[name] = replicates * sum(_process_ns(scenario, twin, cell) for cell in cells) / 1e9
            seconds[name] /= 4 / 3 if name in _LONGER else 1

    assert set(seconds) >= {"init-chain", "mmap-large", "once-deadlock", "runtime-init"}
    assert {name: took for name, took in seconds.items() if took > _SECONDS[quick]} == {}
