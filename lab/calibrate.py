"""Measure this machine's primitive costs, where programs will run. Fit on primitives, judge on programs.

The calibration program (``go_templates/calibrate``) is built and run like any other, in several fresh processes;
no scenario's own measurement ever comes in here. Where the result is kept, :mod:`lab.shelf` says.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lab.bench.agent import Command, greeted
from lab.bench.decode import decode
from lab.engine.base import Engine, File, Spec
from lab.errors import MeasurementError
from lab.golang.build import Binary
from lab.model.outcome import Estimate
from lab.model.run import Capture, Turn
from lab.model.units import Nanos
from lab.sim.costs import Cost, Costs, Point
from lab.stats.estimate import centre_ratio
from lab.stats.process import PerProcess, Repetitions

PROGRAM: Final = "calibrate"
PROCESSES: Final = 16
CHECKED: Final = 4
"""Processes that tell whether a kept calibration still holds."""
DRIFT: Final = 0.10
"""By how much a cost may have moved since it was measured."""

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
    processes: int = PROCESSES,
) -> Costs:
    """Run the calibration program in several processes and turn what they saw into costs."""
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
        for number in range(processes):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A cost that is no more what it was: what it is now over what was kept, with its 95 % interval."""

    cost: str
    levels: Mapping[str, int | str]
    ratio: Estimate


def drifts(kept: Costs, fresh: Costs) -> tuple[Drift, ...]:
    """Every cost whose whole interval lies more than :data:`DRIFT` away from what was kept, the largest drift first."""
    found = (
        Drift(cost=name, levels=point.levels, ratio=ratio)
        for name, cost in fresh.costs.items()
        if name in kept.costs
        for point in cost.points
        for old in kept.costs[name].points
        if old.levels == point.levels
        and isinstance(ratio := centre_ratio(_medians(point), _medians(old)), Estimate)
        and _is_beyond(ratio)
    )
    return tuple(sorted(found, key=lambda drift: -abs(math.log(drift.ratio.value))))


def _is_beyond(ratio: Estimate) -> bool:
    assert ratio.low is not None  # noqa: S101 - a ratio of two spreads has its interval
    assert ratio.high is not None  # noqa: S101
    return ratio.low > 1 + DRIFT or ratio.high < 1 / (1 + DRIFT)


def _medians(point: Point) -> PerProcess:
    return Repetitions(point.processes).reduced("p50")


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
