"""How long a default run takes at the least: what its programs sleep, wait and compute, by their twins, and the limits of what hangs."""

import inspect
from pathlib import Path

import pytest

from lab import catalogue, manifest, predict
from lab.bench.command import defaults
from lab.model.matrix import Cell, default_cells
from lab.model.scenario import GOMAXPROCS, Scenario
from lab.sim import simulate

_SECONDS = {False: 90, True: 15}
"""What a default run and a quick one may take with warm caches. Processes, containers and predictions come on top of what is counted here."""


def _process_ns(scenario: Scenario, twin: predict.Twin, cell: Cell) -> int:
    """One process of the cell by the newest release's rules; of what is no Go, all that it may take."""
    if scenario.building(cell.levels).language != "go":
        return scenario.limits.time
    assert twin.main is not None
    params = dict(defaults(scenario, cell))
    procs = cell.text(GOMAXPROCS)
    done = simulate(
        twin.main,
        gomaxprocs=None if procs == "auto" else int(procs),
        params={
            name: value for name, value in params.items() if name in inspect.signature(twin.main).parameters
        },
        inits=twin.inits(params),
        is_bare=twin.is_bare,
        masks_deadlock=scenario.building(cell.levels).cgo,
        max_time=scenario.limits.time,
    )
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

    assert set(seconds) >= {"init-chain", "mmap-large", "once-deadlock", "runtime-init"}
    assert {name: took for name, took in seconds.items() if took > _SECONDS[quick]} == {}
