"""Run a simulated program, or read one from a file."""

from __future__ import annotations

import inspect
import math
import random
import runpy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from lab.errors import LabError, ProgramRaisedError, SimulatedProgramError
from lab.sim.costs import Costs
from lab.sim.events import Event, Recorded
from lab.sim.execution import Ended
from lab.sim.loop import Loop, Program
from lab.sim.mistakes import MistakeError, NeverYieldsError, noting, raised_at
from lab.sim.operation import Body
from lab.sim.packaged import packaged
from lab.sim.program import s
from lab.sim.release import profile
from lab.sim.statistics import Statistics
from lab.sim.timeline import Sample
from lab.sim.watchdog import watched

_MOST_PS: Final = 1024
_LEAST_QUOTA: Final = 0.01
"""1 ms a period. kernel/sched/core.c: ``min_cfs_quota_period``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one simulated process did. ``wall_ns`` runs from main's first instruction to the exit."""

    outcome: str
    exit_code: int | None
    message: str
    wall_ns: int | None
    observations: Mapping[str, tuple[Any, ...]]
    statistics: Statistics
    recorded: Recorded | None = field(repr=False)
    """What ``events`` are made of, None unless they were asked for."""

    @property
    def events(self) -> tuple[Event, ...] | None:
        """In order; None unless they were asked for."""
        return None if self.recorded is None else self.recorded.events()


def simulate(  # noqa: PLR0913 - SIM.md's signature
    main: Callable[..., Body],
    *,
    gomaxprocs: int | None = None,
    cpus: int = 2,
    quota: float | None = None,
    go: str = "1.27",
    costs: Costs | None = None,
    seed: int = 1,
    repetition: int = 0,
    params: Mapping[str, Any] | None = None,
    inits: Sequence[Callable[..., Body]] = (),
    masks_deadlock: bool = False,
    is_bare: bool = False,
    events: bool = False,
    max_time: int = s(60),
    max_events: int = 50_000_000,
) -> Result:
    """Simulate one process of the program *main*; the same arguments give the same result.

    ``gomaxprocs=None`` is the runtime's own choice (:func:`default_gomaxprocs`). *cpus* are those that the process may
    use; *quota* is its control group's CPU bandwidth in CPUs' worth of time, None for no limit. *is_bare* begins earlier than main.main: with the
    inits of the runtime itself, when there is neither a goroutine nor a thread of its own but sysmon's. Times are nanoseconds. *max_events* bounds
    the operations and the simulator's own steps together. SimulatedProgramError for settings that cannot be,
    ProgramRaisedError with the user's line, the goroutine and the simulated time for what the program's Python did.
    """
    setup = Setup(
        main, gomaxprocs=gomaxprocs, cpus=cpus, quota=quota, go=go, costs=costs, seed=seed, repetition=repetition,
        params=params, inits=inits, masks_deadlock=masks_deadlock, is_bare=is_bare, events=events, max_time=max_time,
        max_events=max_events,
    )  # fmt: skip
    return setup.run()[0]


def simulate_sampled(main: Callable[..., Body], columns: int, **settings: Any) -> tuple[Result, list[Sample]]:  # noqa: ANN401 - simulate's
    """As :func:`simulate` with its events, and the lengths of the queues at the ends of *columns* equal parts.

    The program runs twice: the first time says how long it takes.
    """
    setup = Setup(main, **settings, events=True)
    result, _ = setup.run()
    return setup.run(sample_every=max(end_of(result) // columns, 1))


def end_of(result: Result) -> int:
    """When the last thing happened, in simulated nanoseconds."""
    if result.wall_ns is not None:
        return result.wall_ns
    return result.events[-1].at if result.events else 0


class Setup:
    """A simulation that can be run, again and again the same; takes what :func:`simulate` takes."""

    def __init__(  # noqa: PLR0913 - SIM.md's signature
        self,
        main: Callable[..., Body],
        *,
        gomaxprocs: int | None = None,
        cpus: int = 2,
        quota: float | None = None,
        go: str = "1.27",
        costs: Costs | None = None,
        seed: int = 1,
        repetition: int = 0,
        params: Mapping[str, Any] | None = None,
        inits: Sequence[Callable[..., Body]] = (),
        masks_deadlock: bool = False,
        is_bare: bool = False,
        events: bool = False,
        max_time: int = s(60),
        max_events: int = 50_000_000,
    ) -> None:
        _check_settings(gomaxprocs, cpus, quota, max_time)
        procs = default_gomaxprocs(cpus, quota) if gomaxprocs is None else gomaxprocs
        given = dict(params or {})
        _check_parameters(main, given)
        self._what = Program(
            main=main, params=given, inits=tuple(inits), masks_deadlock=masks_deadlock, is_bare=is_bare
        )
        self._limits = {"max_time": max_time, "max_events": max_events}
        release, used = profile(go), costs or packaged()

        def stream(name: str) -> random.Random:
            return random.Random(f"{seed}/{repetition}/{name}")  # noqa: S311 - a simulation, not a secret

        self._loop = partial(
            Loop, release, used, stream, gomaxprocs=procs, cpus=cpus, quota=quota, events=events
        )

    def run(self, *, sample_every: int = 0) -> tuple[Result, list[Sample]]:
        """Simulate once."""
        loop = self._loop()
        ended = self._run(loop, sample_every)
        if loop.forgotten:
            self._name_forgotten()
        result = Result(
            outcome=ended.outcome,
            exit_code=ended.exit_code,
            message=ended.message,
            wall_ns=ended.wall_ns,
            observations={name: tuple(values) for name, values in loop.observations.items()},
            statistics=loop.statistics(),
            recorded=None if loop.events is None else Recorded(loop.events),
        )
        return result, loop.samples

    def _run(self, loop: Loop, sample_every: int = 0) -> Ended:
        try:
            with watched(loop.progress):
                return loop.run(self._what, sample_every=sample_every, **self._limits)
        except LabError:
            raise
        except MistakeError as error:
            raise _raised(error.place or loop.line(), loop.where(), error.text) from error
        except NeverYieldsError as error:
            raise _raised(raised_at(error) or loop.line(), loop.where(), str(error)) from error
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise _raised(raised_at(error) or loop.line(), loop.where(), said) from error

    def _name_forgotten(self) -> None:
        """Run again with every operation noted; ProgramRaisedError for the first that nobody yields."""
        loop = self._loop()
        with noting(loop.where) as made:
            self._run(loop)
        if (found := made.first_forgotten()) is not None:
            name, place, circumstances = found
            said = f"made an operation ({name}) and never yielded it: write yield before it"
            raise _raised(place, circumstances, said)


def default_gomaxprocs(cpus: int, quota: float | None) -> int:
    """The runtime's own choice since Go 1.25: the CPUs, or the quota rounded up, but no less than 2 for it.

    cgroup_linux.go: adjustCgroupGOMAXPROCS. An environment variable GOMAXPROCS, ``GODEBUG=containermaxprocs=0`` or a
    ``go`` line in go.mod below 1.25 turn it off: give *gomaxprocs* then.
    """
    return cpus if quota is None else min(cpus, max(2, math.ceil(quota)))


def _raised(*parts: str) -> ProgramRaisedError:
    return ProgramRaisedError(": ".join(part for part in parts if part))


def _check_settings(procs: int | None, cpus: int, quota: float | None, max_time: int) -> None:
    if procs is not None and not 1 <= procs <= _MOST_PS:
        raise SimulatedProgramError(f"GOMAXPROCS goes from 1 to {_MOST_PS}, not {procs}")
    if not 1 <= cpus <= _MOST_PS:
        raise SimulatedProgramError(f"CPUs go from 1 to {_MOST_PS}, not {cpus}")
    if quota is not None and not _LEAST_QUOTA <= quota < math.inf:
        raise SimulatedProgramError(
            f"quota {quota}: a quota is in CPUs' worth of time, at least {_LEAST_QUOTA}, and finite",
            hint="None is no quota",
        )
    if max_time <= 0:
        raise SimulatedProgramError(f"max_time {max_time}: nothing happens before 0")


def _check_parameters(main: Callable[..., Body], given: Mapping[str, Any]) -> None:
    known = [
        name for name, each in inspect.signature(main).parameters.items() if each.kind is each.KEYWORD_ONLY
    ]
    for name in given:
        if name not in known:
            raise SimulatedProgramError(
                f"the program has no parameter {name!r}", hint=f"there are: {', '.join(known) or 'none'}"
            )


def load(path: Path) -> Mapping[str, Any]:
    """The names that a program's file defines, ``main`` among them. ProgramRaisedError for what its Python raises."""
    try:
        names = runpy.run_path(str(path))
    except (Exception, SystemExit) as error:
        raise ProgramRaisedError(f"{path}: {type(error).__name__}: {error}") from error
    if not callable(names.get("main")) and "NOT_PREDICTED" not in names:
        raise SimulatedProgramError(f"{path}: has no function main(g)")
    return names
