"""The twin of runtime-init: what it predicts of a start, and what only a thread that is cloned explains."""

from pathlib import Path

import pytest

from lab.predict import read_twin
from lab.sim import simulate
from lab.sim.packaged import packaged

_SHORTEST_CLONE = min(
    value
    for name in ("thread_start",)
    for point in packaged().costs[name].points
    for values in point.processes
    for value in values
)


@pytest.mark.parametrize("procs", [1, 2, 4])
def test_main_waits_in_gcenable_for_a_thread_that_has_to_start(lab_root: Path, procs: int) -> None:
    """It is locked to its own thread, and no other that could run its goroutines is there: none waits less long than a clone."""
    twin = read_twin(lab_root / "scenarios/runtime-init.py")
    assert twin.main is not None
    seen = [
        simulate(
            twin.main, gomaxprocs=procs, repetition=number, inits=twin.inits({}), is_bare=twin.is_bare
        ).observations
        for number in range(10)
    ]

    assert all(each["sysmon_runs_ns"][0] >= each["sysmon_ns"][0] + _SHORTEST_CLONE for each in seen)
    if procs == 1:
        assert all(each["gcenable_ns"][0] >= _SHORTEST_CLONE for each in seen)
    assert all(len(each["gcenable_ns"]) == 1 for each in seen)


def test_with_the_threads_of_main_main_it_would_be_shorter(lab_root: Path) -> None:
    """So the prediction rests on where it begins: on one P a sleeping thread is woken in less time than one is cloned."""
    twin = read_twin(lab_root / "scenarios/runtime-init.py")
    assert twin.main is not None
    bare, started = (
        sorted(
            simulate(
                twin.main, gomaxprocs=1, repetition=number, inits=twin.inits({}), is_bare=is_bare
            ).observations["gcenable_ns"][0]
            for number in range(15)
        )[7]
        for is_bare in (True, False)
    )

    assert started < bare
