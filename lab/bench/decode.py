"""What the agent sent of a replicate, as a :class:`~lab.model.run.Record`."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from lab.bench import account
from lab.bench.agent import OUTPUT_LIMIT, WIRE, read
from lab.dump import is_dump
from lab.errors import MeasurementError
from lab.model.instrument import Instrument
from lab.model.level import Level, Levels, cpus_of
from lab.model.run import Capture, DumpText, Ending, Output, Record, Termination, Usage
from lab.model.scenario import AUTO, CPUSET, GOMAXPROCS, Scenario
from lab.model.units import Nanos

_DEADLOCK: Final = re.compile(
    r"^fatal error: (all goroutines are asleep - deadlock!|no goroutines \(main called runtime\.Goexit\) - deadlock!)$",
    re.MULTILINE,
)
"""runtime/proc.go, checkdead: both texts, on a line of their own."""
_FATAL: Final = re.compile(r"^(?:panic: |fatal error: |runtime: ).*$", re.MULTILINE)
_FIRST: Final = re.compile(r"^(?!SCHED |METRICS )\S.*$", re.MULTILINE)
"""What a program says, behind the lines of instruments."""
_DUMPED: Final = re.compile(r"SIGQUIT: quit$", re.MULTILINE)
"""runtime/signal_unix.go, sighandler. It may stand in the middle of a line that another thread was printing."""
_SIGQUIT: Final = 3
_SIGKILL: Final = 9
_SIGTERM: Final = 15
_SIGABRT: Final = 6


class _Stream(msgspec.Struct, frozen=True):
    base64: str
    bytes: int


class _UsageLine(msgspec.Struct, frozen=True):
    user_ns: int
    system_ns: int
    max_rss_bytes: int
    minor_faults: int
    major_faults: int
    voluntary_switches: int
    involuntary_switches: int


class _Done(msgspec.Struct, frozen=True):
    """The agent's ``done`` line, docs/wire.md."""

    error: str
    exit_code: int
    signal: int
    timed_out: bool
    stopped: bool
    oom_kills: int
    start_ns: int
    end_ns: int
    started_at_ns: int
    usage: _UsageLine
    stdout: _Stream
    stderr: _Stream
    lines: list[str]
    lines_dropped: int
    before: dict[str, int]
    after: dict[str, int]
    ended: int
    waited_ns: int = 0
    asked_to_end: bool = False
    dump_asked_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a replicate was to be given: a process that saw something else is ``contaminated``.

    ``cpus`` are those of its cpuset, none where there is none; ``flaw`` is what its container was not given. A process that
    ``speaks`` has to say what it saw; of another the cell's probe has. ``reads`` are the instruments whose output on its
    standard error is to be read.
    """

    gomaxprocs: str = AUTO
    cpus: frozenset[int] = frozenset()
    flaw: str = ""
    speaks: bool = True
    reads: tuple[Instrument, ...] = ()

    @classmethod
    def of(cls, scenario: Scenario, levels: Levels, flaw: str) -> Asked:
        """What the replicates of a cell with these levels were to be given."""
        return cls(
            gomaxprocs=levels[GOMAXPROCS].text,
            cpus=cpus_of(levels[CPUSET]),
            flaw=flaw,
            speaks=scenario.speaks(levels),
            reads=scenario.reads_of(levels),
        )


def decode(capture: Capture, asked: Asked = Asked()) -> Record:
    """The record of *capture*; never raises for what a program or an agent sent, it becomes the ending."""
    try:
        message = read(capture.raw)
        if message.get("ev") != "done":
            return _infra_failed(capture, str(message.get("message", message)))
        done = msgspec.convert(message, _Done)
        observations, marks, effective = _program_lines(done.lines)
    except (MeasurementError, msgspec.ValidationError) as error:
        return _infra_failed(capture, str(error))
    stderr = base64.b64decode(done.stderr.base64)
    said = stderr.decode(errors="replace")
    termination = _termination(done, said)
    is_silent = not asked.speaks and not effective
    unasked = asked.flaw if is_silent else not_as_asked(effective, asked)
    if termination.ending is Ending.EXIT and unasked:
        termination = Termination(ending=Ending.CONTAMINATED, exit_code=0, detail=unasked)
    is_cut = done.stderr.bytes > len(stderr)
    try:
        observations |= account.of_instruments(asked.reads, said, start_ns=done.start_ns, is_cut=is_cut)
    except MeasurementError as error:
        if termination.ending is Ending.EXIT:  # of another nothing is wanted but how it ended
            termination = Termination(ending=Ending.INFRA_FAILED, exit_code=0, detail=str(error))
    usage = Usage(**{name: getattr(done.usage, name) for name in _UsageLine.__struct_fields__})
    wall = Nanos(done.end_ns - done.start_ns)
    return Record(
        turn=capture.turn,
        termination=termination,
        started_at_ns=done.started_at_ns,
        wall_ns=wall,
        observations={
            **account.of_marks(marks, done.start_ns),
            **({} if asked.speaks else account.of_process(wall, usage)),
            **({"dump_asked_ns": (done.dump_asked_ns,)} if done.dump_asked_ns else {}),
            **observations,
        },
        marks=marks,
        effective=effective,
        usage=usage,
        stdout=_output(done.stdout),
        stderr=_output(done.stderr),
        signals={"before": done.before, "after": done.after},
        waited_ns=done.waited_ns,
        dump=_dump(termination, said, asked=done.dump_asked_ns > 0, cut=is_cut),
    )


def was_stopped(capture: Capture) -> bool:
    """Whether the replicate was ended, or not even started, because the lab said so."""
    try:
        return read(capture.raw).get("stopped", True) is not False
    except MeasurementError:
        return True


def _termination(done: _Done, stderr: str) -> Termination:  # noqa: PLR0911 - one return an ending, in order of precedence
    if done.error:
        return Termination(ending=Ending.INFRA_FAILED, detail=f"could not be started: {done.error}")
    if done.stopped:
        return Termination(ending=Ending.INFRA_FAILED, detail="the run was interrupted")
    if done.timed_out:
        return Termination(ending=Ending.TIMEOUT, detail="ended at its time limit")
    if done.oom_kills and done.signal == _SIGKILL:
        return Termination(ending=Ending.OOM, signal=done.signal, detail="killed at its memory limit")
    if (asked := _asked_to(done, stderr)) is not None:
        return asked
    if done.signal == _SIGABRT and _FATAL.search(stderr):
        return replace(
            _exited(done.exit_code, stderr), exit_code=None, signal=done.signal
        )  # GOTRACEBACK=crash
    if done.signal:
        return Termination(ending=Ending.SIGNAL, signal=done.signal, detail=f"killed by signal {done.signal}")
    if done.lines_dropped:
        return Termination(
            ending=Ending.INFRA_FAILED,
            exit_code=done.exit_code,
            detail=f"{done.lines_dropped} of its lines were too many to keep",
        )
    return _exited(done.exit_code, stderr)


def _asked_to(done: _Done, stderr: str) -> Termination | None:
    """The ending of a process that ended as it was asked to: by SIGTERM, or by the SIGQUIT that asks for a dump."""
    code, signal = (None, done.signal) if done.signal else (done.exit_code, None)
    if done.asked_to_end and done.signal == _SIGTERM:
        detail = "ended by SIGTERM, as it was asked to"
    elif done.dump_asked_ns and _DUMPED.search(stderr):
        detail = "ended by SIGQUIT with a dump, as it was asked to"
    elif done.dump_asked_ns and done.signal == _SIGQUIT:
        detail = "ended by SIGQUIT before its runtime could answer"
    else:
        return None
    return Termination(ending=Ending.EXIT, exit_code=code, signal=signal, detail=detail)


def _exited(exit_code: int, stderr: str) -> Termination:
    if exit_code == 0:
        return Termination(ending=Ending.EXIT, exit_code=0)
    said = _FATAL.search(stderr) or _FIRST.search(stderr)
    ending = Ending.DEADLOCK if _DEADLOCK.search(stderr) else Ending.EXIT_NONZERO
    return Termination(ending=ending, exit_code=exit_code, detail=said[0][:300] if said else "")


def _program_lines(lines: Iterable[str]) -> tuple[dict[str, tuple[int, ...]], dict[str, int], dict[str, Any]]:
    """What the program itself said: observations by name, marks, what took effect."""
    observations: dict[str, list[int]] = {}
    marks: dict[str, int] = {}
    effective: dict[str, Any] = {}
    for line in lines:
        match read(line.encode()):
            case {"wire": wire}:
                if wire != WIRE:
                    raise MeasurementError(f"the program speaks wire {wire}, the lab {WIRE}")
            case {"o": str(name), "v": int(value)}:
                observations.setdefault(name, []).append(value)
            case {"m": str(name), "t": int(instant)}:
                marks[name] = instant
            case {"e": dict(seen)}:
                effective |= seen
            case _:
                raise MeasurementError(f"the program wrote a line that is none of the wire's: {line[:80]!r}")
    return {name: tuple(values) for name, values in observations.items()}, marks, effective


def not_as_asked(effective: Mapping[str, Any], asked: Asked) -> str:
    """Where what a process saw is not what its cell asks for; empty where it is."""
    seen, cpus = effective.get("gomaxprocs"), str(effective.get("cpus", "nothing"))
    if asked.flaw:
        return asked.flaw
    if asked.gomaxprocs not in (AUTO, str(seen)):
        return f"GOMAXPROCS={asked.gomaxprocs} was asked for, the process saw {'nothing' if seen is None else seen}"
    if asked.cpus and _cpus(cpus) != asked.cpus:
        return f"CPUs {', '.join(map(str, sorted(asked.cpus)))} were asked for, the process saw {cpus}"
    return ""


def _cpus(text: str) -> frozenset[int]:
    try:
        return cpus_of(Level(text, text))
    except ValueError:
        return frozenset()


def _dump(termination: Termination, stderr: str, *, asked: bool, cut: bool) -> DumpText | None:
    """What Go wrote of its goroutines when the program did not end by itself, or was *asked* for it."""
    if (termination.ending is Ending.EXIT and not asked) or not is_dump(stderr):
        return None
    return DumpText(text=stderr, cut=cut)


def _output(stream: _Stream) -> Output:
    """The beginning of a stream: more is kept where a dump is in it, or an instrument reads it."""
    kept = base64.b64decode(stream.base64)[:OUTPUT_LIMIT]
    return Output(text=kept.decode(errors="replace"), total_bytes=stream.bytes)


def _infra_failed(capture: Capture, why: str) -> Record:
    return Record(
        turn=capture.turn,
        termination=Termination(ending=Ending.INFRA_FAILED, detail=why),
        started_at_ns=0,
        wall_ns=Nanos(0),
    )
