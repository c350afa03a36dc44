"""Run the calibration program, group by group and round by round, and make costs of what its processes saw."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lab.bench.agent import Agent, Command, greeted
from lab.bench.decode import decode
from lab.calibrate.conditions import Conditions, conditions, quota, was_throttled
from lab.calibrate.drifting import DRIFT, Drift, drifts, halves
from lab.calibrate.groups import Group, Sitting
from lab.calibrate.naming import costs_of
from lab.engine.base import FOLDER, Engine, File, Spec
from lab.errors import EnvironmentRefusedError, MeasurementError
from lab.golang.build import Binary
from lab.model.run import Capture, Record, Turn
from lab.model.scenario import HOST_FS, TMPFS
from lab.model.units import Nanos
from lab.sim.costs import Cost, Costs, Point

PROGRAM: Final = "calibrate"

_AGENT: Final = "/golab/agent"
_PATH: Final = "/golab/calibrate"
_MEMORY_BYTES: Final = 512 << 20
_PIDS: Final = 512
_LIMIT: Final = Nanos(20 * 10**9)
_QUIETER: Final = "let the machine come to rest first (--settle 10m waits for that), or keep it all the same (--accept-drift)"


class DriftedError(MeasurementError):
    """The machine did not stay the same while it was calibrated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Costs, and under what they were measured: a sitting each."""

    costs: Costs
    sittings: tuple[Conditions, ...]

    def to_json(self) -> str:
        """The costs' own text (:func:`lab.sim.costs.from_json` reads it), with the sittings beside them."""
        sittings = [sitting.to_json() for sitting in self.sittings]
        return json.dumps({**json.loads(self.costs.to_json()), "sittings": sittings})


def measure(
    engine: Engine, agent: Binary, program: Binary, sitting: Sitting, *, fingerprint: str
) -> tuple[Calibration, tuple[Drift, ...]]:
    """Measure, a fresh process for each group, folder and round; and what drifted between the first half and the second.

    A folder that cannot be had is left out, and told among the conditions. EnvironmentRefusedError under a CPU quota: the model has that part. MeasurementError if a process fails.
    """
    if engine.name == "host" and (limit := quota()):
        raise _under_quota(limit)
    spec = Spec(
        files=(File(path=_AGENT, content=agent.content), File(path=_PATH, content=program.content)),
        agent=(_AGENT,),
        memory_bytes=_MEMORY_BYTES,
        pids=_PIDS,
        cpuset=sitting.cpuset,
    )
    began = time.monotonic()
    records: list[tuple[bool, Record]] = []
    rounds: list[Mapping[str, Sequence[int]]] = []
    with contextlib.ExitStack() as stack:
        folders = dict.fromkeys(folder for group in sitting.groups for folder in group.folders)
        places, refused = _opened(stack, engine, spec, folders)
        for number in range(sitting.processes):
            before = len(records)
            rounds.append(_round(places, sitting.groups, records, number))
            if was_throttled([record for _, record in records[before:]]):
                raise _under_quota(f"round {number} was throttled")
    now = dt.datetime.now(dt.UTC)
    costs = Costs(
        source="calibrated",
        identity=f"{now:%Y%m%d-%H%M%S}-{engine.name}-go{sitting.release}",
        fingerprint=fingerprint,
        calibrated=True,
        costs=costs_of(
            rounds,
            date=f"{now:%Y-%m-%d}",
            origin=f"go_templates/calibrate, engine {engine.name}, go{sitting.release}",
        ),
    )
    moved = drifts(*halves(costs))
    was = replace(
        conditions(sitting, records, engine=engine.name, seconds=time.monotonic() - began),
        drifted=tuple(drift.name for drift in moved),
        refused=refused,
    )
    costs = replace(costs, costs={**costs.costs, "tick": _tick(was.tick_hz, costs.costs)})
    return Calibration(costs=costs, sittings=(was,)), moved


def _opened(
    stack: contextlib.ExitStack, engine: Engine, spec: Spec, folders: Iterable[str]
) -> tuple[Mapping[str, Agent], tuple[str, ...]]:
    """An agent for each of *folders*, and why there is none for others; the machine's own is the host engine's alone.

    EnvironmentRefusedError if there is none at all, or under a quota.
    """
    places: dict[str, Agent] = {}
    refusals: dict[str, EnvironmentRefusedError] = {}
    for folder in folders:
        if folder == HOST_FS and engine.name != "host":
            continue
        wanted = replace(spec, folder=TMPFS if folder == HOST_FS else folder)
        try:
            engine.refuse(wanted)
            container = stack.enter_context(engine.opened(wanted))
        except EnvironmentRefusedError as error:
            refusals[folder] = error
            continue
        places[folder] = stack.enter_context(greeted(container))
        if microseconds := int(places[folder].hello.get("limits", {}).get("quota_us", 0)):
            raise _under_quota(f"{microseconds} µs a period for its container")
    if not places:
        raise next(iter(refusals.values()))
    return places, tuple(f"{folder}: {error}" for folder, error in refusals.items())


def _round(
    places: Mapping[str, Agent], groups: Iterable[Group], records: list[tuple[bool, Record]], number: int
) -> Mapping[str, Sequence[int]]:
    """A process of each group in each of its folders, which *records* then has; what they observed, of one name from all folders."""
    seen: dict[str, list[int]] = {}
    for group in groups:
        for folder in (each for each in group.folders if each in places):
            environment = group.environment(folder, number)
            record = _process(places[folder], group, folder, environment, position=len(records))
            records.append((group.is_single, record))
            for name, values in record.observations.items():
                seen.setdefault(name, []).extend(values)
    return seen


def _tick(hz: int, beside: Mapping[str, Cost]) -> Cost:
    """What the kernel is built with is known, not measured: of the date and origin of what was measured *beside*."""
    one = next(iter(beside.values()))
    return Cost(
        name="tick",
        points=(Point(levels={}, processes=((1e9 / hz,),)),),
        date=one.date,
        origin=f"the kernel's coarse clock, HZ {hz}",
    )


def refusal(calibration: Calibration, moved: Sequence[Drift]) -> DriftedError:
    """What is told of a calibration whose second half was not its first's equal."""
    first, (was, *_) = moved[0], calibration.sittings
    # what is known of the kernel, as its tick is, has no two halves
    points = sum(
        len(point.processes) > 1 for cost in calibration.costs.costs.values() for point in cost.points
    )
    return DriftedError(
        f"the machine changed while it was calibrated: {len(moved)} of {points} primitives moved by more than"
        f" {DRIFT:.0%} between the first half and the second, most of all {first.name}: {first.ratio.value:.2f} times"
        f" what it was ({first.ratio.low:.2f} … {first.ratio.high:.2f}); {was.state()}",
        hint=_QUIETER,
    )


def _process(
    agent: Agent, group: Group, folder: str, environment: tuple[str, ...], *, position: int
) -> Record:
    container = agent.container
    is_own = folder in (TMPFS, HOST_FS)
    command = Command(
        argv=(container.path(_PATH), group.name),
        environment=("HOME=/tmp", "PATH=/", *environment),
        directory=container.path("/tmp" if is_own else FOLDER),  # noqa: S108 - the container's own tmpfs
        timeout=_LIMIT,
    )
    raw = agent.run(command, stop=lambda: False)
    record = decode(Capture(turn=Turn(position=position, block=position, cell=PROGRAM), raw=raw))
    if not record.usable:
        ended = record.termination
        raise MeasurementError(
            f"a calibration process of the group {group.name} ended in {ended.ending.value}: {ended.detail}"
        )
    return record


def _under_quota(what: str) -> EnvironmentRefusedError:
    return EnvironmentRefusedError(
        f"a CPU quota is in force ({what}), and primitives are never measured under one",
        hint="calibrate outside of it: the simulator knows quotas and adds their part itself",
    )
