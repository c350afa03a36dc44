"""How a start went, in sentences: whose init it is stuck in, at which call, what came before; or when main.main began."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lab.model.dump import Frame, Goroutine
from lab.model.start import Init, Start, Started
from lab.model.units import Nanos, value_to_text
from lab.report.text import counted

_SLOWEST: Final = 3
_RUNTIME: Final = "runtime."
_RUNS_INITS: Final = "runtime.doInit"


def start_lines(start: Start, told: Sequence[str] = ()) -> tuple[str, ...]:
    """What is told of one start; *told* are the sentences about its dump."""
    return tuple(_lines(start, told))


def init_frames(goroutine: Goroutine) -> tuple[Frame, ...]:
    """The calls from the innermost that is not the runtime's to the init itself: how the runtime came to it is of no interest."""
    end = next(
        (number for number, frame in enumerate(goroutine.frames) if frame.function.startswith(_RUNS_INITS)),
        len(goroutine.frames),
    )
    frames = goroutine.frames[:end]
    own = next((n for n, frame in enumerate(frames) if not frame.function.startswith(_RUNTIME)), 0)
    return frames[own:]


def _lines(start: Start, told: Sequence[str]) -> Iterator[str]:
    yield f"{start.cell}: {_verdict(start)}"
    if start.goroutine is not None:
        yield from _stack(start.goroutine)
    if start.started is not Started.BEGAN:
        yield from (f"  {line}" for line in told)
    done = [init for init in start.inits if init.took is not None]
    if done:
        yield f"  {_before(done, total=start.main)}"


def _verdict(start: Start) -> str:
    match start.started:
        case Started.BEGAN:
            return f"the start was not stuck: main.main began after {_time(start.main)}"
        case Started.UNSEEN:
            return f"nothing was seen of its start: {start.detail}"
        case Started.STUCK if not start.within:
            where = "after all inits, and before main.main" if start.inits else "before the first init"
            return f"the start is stuck {where}, after {_time(start.lasted)} ({start.detail})"
        case Started.STUCK:
            since = next(init.begun for init in start.inits if init.package == start.within)
            return (
                f"the start is stuck in an init of package {start.within}: it began {_time(since)} after the process,"
                f" and had not ended {_time(Nanos(start.lasted - since))} later ({start.detail})"
            )
        case Started.ENDED:
            where = f"in an init of package {start.within}" if start.within else "before main.main"
            return f"the program ended {where}, after {_time(start.lasted)}: {start.detail}"


def _stack(goroutine: Goroutine) -> Iterator[str]:
    state = goroutine.reason or goroutine.status
    longest = f", {counted(goroutine.minutes, 'minute')}" if goroutine.minutes else ""
    yield f"  goroutine {goroutine.id} runs it [{state}{longest}]:"
    for frame in init_frames(goroutine):
        yield f"    {frame.function}{f'  {frame.file}:{frame.line}' if frame.file else ''}"


def _before(done: Sequence[Init], *, total: Nanos | None) -> str:
    slowest = sorted(done, key=lambda init: -(init.took or 0))[:_SLOWEST]
    named = ", ".join(f"{init.package} {_time(init.took)}" for init in slowest)
    together = _time(Nanos(sum(init.took or 0 for init in done)))
    end = "" if total is None else f" of the {_time(total)}"
    return f"inits of {counted(len(done), 'package')} had ended, in {together}{end}; the longest: {named}"


def _time(nanos: Nanos | None) -> str:
    return value_to_text(float(nanos or 0), "ns")
