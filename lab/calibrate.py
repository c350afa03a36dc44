"""Measure this machine's primitive costs, where programs will run. Fit on primitives, judge on programs.

The calibration program (``go_templates/calibrate``) is built and run like any other, in several fresh processes;
no scenario's own measurement ever comes in here. Where the result is kept, :mod:`lab.shelf` says.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from lab.bench.agent import Command, greeted
from lab.bench.decode import decode
from lab.engine.base import Engine, File, Spec
from lab.errors import MeasurementError
from lab.golang.build import Binary
from lab.model.run import Capture, Turn
from lab.model.units import Nanos
from lab.sim.costs import Cost, Costs, Point

PROGRAM: Final = "calibrate"
PROCESSES: Final = 16

_AGENT: Final = "/golab/agent"
_PATH: Final = "/golab/calibrate"
_MEMORY_BYTES: Final = 512 << 20
_PIDS: Final = 64
_LIMIT: Final = Nanos(20 * 10**9)
_REGION: Final = 96 << 20
"""What the program touches at once; go_templates/calibrate/main.go: region."""
_PAGES: Final = {"4k": 4 << 10, "2m": 2 << 20}
_GIB: Final = 1 << 30
_MMAP: Final = re.compile(r"(mmap|munmap)_(none|rw|noreserve)_(\d+)g_ns")
_OF_PAGES: Final = re.compile(r"(fault|populate|unmap)_(4k|2m)_ns")
_NAPS: Final = {"nap_20us_overshoot_ns": 20_000, "nap_10ms_overshoot_ns": 10_000_000}
_SLEEP: Final = "sleep_1ms_overshoot_ns"


def measure(
    engine: Engine,
    agent: Binary,
    program: Binary,
    *,
    fingerprint: str,
    release: str,
    say: Callable[[str], None],
) -> Costs:
    """Run the calibration program in several processes and turn what they saw into costs."""
    say(f"calibrating: {PROCESSES} processes of primitives on engine {engine.name}")
    spec = Spec(
        files=(File(path=_AGENT, content=agent.content), File(path=_PATH, content=program.content)),
        agent=(_AGENT,),
        memory_bytes=_MEMORY_BYTES,
        pids=_PIDS,
    )
    seen = []
    with engine.opened(spec) as container, greeted(container) as greeted_agent:
        command = Command(
            argv=(container.path(_PATH),),
            environment=("HOME=/tmp", "PATH=/"),
            directory=container.path("/tmp"),  # noqa: S108 - the container's own tmpfs
            timeout=_LIMIT,
        )
        for number in range(PROCESSES):
            raw = greeted_agent.run(command, stop=lambda: False)
            record = decode(Capture(turn=Turn(position=number, block=number, cell=PROGRAM), raw=raw))
            if not record.usable:
                raise MeasurementError(
                    f"a calibration process ended in {record.termination.ending.value}: {record.termination.detail}"
                )
            seen.append(record.observations)
    now = dt.datetime.now(dt.UTC)
    identity = f"{now:%Y%m%d-%H%M%S}-{engine.name}-go{release}"
    return Costs(
        source="calibrated",
        identity=identity,
        fingerprint=fingerprint,
        calibrated=True,
        costs=costs_of(
            seen, date=f"{now:%Y-%m-%d}", origin=f"go_templates/calibrate, engine {engine.name}, go{release}"
        ),
    )


def costs_of(
    processes: Sequence[Mapping[str, Sequence[int]]], *, date: str, origin: str
) -> Mapping[str, Cost]:
    """Costs from what each calibration process observed, by the observations' names."""
    points: dict[str, list[Point]] = {}
    for name in sorted({name for process in processes for name in process}):
        found = _meaning(name)
        if found is None:
            continue
        cost, levels, divisor = found
        values = tuple(
            tuple(max(value, 0) / divisor for value in process[name])
            for process in processes
            if process.get(name)
        )
        points.setdefault(cost, []).append(Point(levels=levels, processes=values))
    return {
        name: Cost(name=name, points=tuple(made), date=date, origin=origin)
        for name, made in sorted(points.items())
    }


def _meaning(name: str) -> tuple[str, Mapping[str, int | str], int] | None:
    """Which cost an observation is about, at which levels, and by what to divide it; None for what is no cost."""
    if found := _MMAP.fullmatch(name):
        return found[1], {"bytes": int(found[3]) * _GIB, "prot": found[2]}, 1
    if found := _OF_PAGES.fullmatch(name):
        page = _PAGES[found[2]]
        return found[1], {"page": page}, _REGION // page
    if name in _NAPS:
        return "usleep_overshoot", {"ns": _NAPS[name]}, 1
    return ("epoll_overshoot", {}, 1) if name == _SLEEP else None
