"""Run a simulated program, or read one from a file."""

from __future__ import annotations

import inspect
import random
import runpy
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab.errors import LabError, ProgramRaisedError, SimulatedProgramError
from lab.sim.costs import Costs
from lab.sim.loop import Loop, Program
from lab.sim.operation import Body
from lab.sim.packaged import packaged
from lab.sim.program import s
from lab.sim.release import profile
from lab.sim.statistics import Statistics

_MOST_PS: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one simulated process did. ``wall_ns`` runs from main's first instruction to the exit."""

    outcome: str
    exit_code: int | None
    message: str
    wall_ns: int | None
    observations: Mapping[str, tuple[Any, ...]]
    statistics: Statistics


def simulate(  # noqa: PLR0913 - SIM.md's signature
    main: Callable[..., Body],
    *,
    gomaxprocs: int | None = None,
    cpus: int = 2,
    go: str = "1.27",
    costs: Costs | None = None,
    seed: int = 1,
    repetition: int = 0,
    params: Mapping[str, Any] | None = None,
    inits: Sequence[Callable[..., Body]] = (),
    masks_deadlock: bool = False,
    max_time: int = s(60),
    max_events: int = 50_000_000,
) -> Result:
    """Simulate one process of the program *main*; the same arguments give the same result.

    ``gomaxprocs=None`` is the runtime's own choice, the number of *cpus*. SimulatedProgramError for settings that
    cannot be, ProgramRaisedError with the user's line for what the program's Python raised.
    """
    procs = cpus if gomaxprocs is None else gomaxprocs
    if not 1 <= procs <= _MOST_PS:
        raise SimulatedProgramError(f"GOMAXPROCS goes from 1 to {_MOST_PS}, not {procs}")
    given = dict(params or {})
    known = [
        name for name, each in inspect.signature(main).parameters.items() if each.kind is each.KEYWORD_ONLY
    ]
    for name in given:
        if name not in known:
            raise SimulatedProgramError(
                f"the program has no parameter {name!r}", hint=f"there are: {', '.join(known) or 'none'}"
            )

    def stream(name: str) -> random.Random:
        return random.Random(f"{seed}/{repetition}/{name}")  # noqa: S311 - a simulation, not a secret

    loop = Loop(profile(go), costs or packaged(), stream, gomaxprocs=procs, cpus=cpus)
    try:
        what = Program(main=main, params=given, inits=tuple(inits), masks_deadlock=masks_deadlock)
        ended = loop.run(what, max_time=max_time, max_events=max_events)
    except LabError:
        raise
    except Exception as error:
        raise ProgramRaisedError(_where(error, main)) from error
    return Result(
        outcome=ended.outcome,
        exit_code=ended.exit_code,
        message=ended.message,
        wall_ns=ended.wall_ns,
        observations={name: tuple(values) for name, values in loop.observations.items()},
        statistics=loop.statistics(),
    )


def load(path: Path) -> Mapping[str, Any]:
    """The names that a program's file defines, ``main`` among them. ProgramRaisedError for what its Python raises."""
    try:
        names = runpy.run_path(str(path))
    except Exception as error:
        raise ProgramRaisedError(f"{path}: {type(error).__name__}: {error}") from error
    if not callable(names.get("main")) and "NOT_PREDICTED" not in names:
        raise SimulatedProgramError(f"{path}: has no function main(g)")
    return names


def _where(error: BaseException, main: Callable[..., Body]) -> str:
    """What was raised, and the innermost line of the program's own file; SimPy raises a copy of what a process raised."""
    own = main.__code__.co_filename
    lines: list[traceback.FrameSummary] = []
    while True:
        lines += [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own]
        if error.__cause__ is None:
            break
        error = error.__cause__
    at = f"{own}:{lines[-1].lineno}: " if lines else f"{own}: "
    return f"{at}{type(error).__name__}: {error}"
