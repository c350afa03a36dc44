"""Speaking with the agent of one container (docs/wire.md): greet it, keep it alive, have it run replicates."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lab.engine.base import Container
from lab.errors import MeasurementError
from lab.model.units import Nanos

WIRE: Final = 2
"""The wire's version. History. 1: first. 2: orders may be held together, and are then answered together."""

OUTPUT_LIMIT: Final = 64 << 10
READ_LIMIT: Final = 8 << 20
"""Bytes of each stream that are kept where an instrument reads them; a record keeps :data:`OUTPUT_LIMIT` all the same."""
LINE_LIMIT: Final = 8 << 20
DUMP_LIMIT: Final = 8 << 20

_BEAT_SECONDS: Final = 1.0
_SILENCE: Final = Nanos(10 * 10**9)
"""How long an agent goes on without a beat. It looks each second."""
_GREETING_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.1
_STILL_SECONDS: Final = 2.0
"""A poll that takes so long tells that it was not the agent who was slow."""
_GRACE_SECONDS: Final = 5.0
"""How long after a replicate's own time limit the agent may take to say so."""
_DUMPING_SECONDS: Final = 2.0
"""How long a replicate may take beyond its time limit to write its dump and end: go_templates/agent/replicate.go, and more."""
_SETTLING_SECONDS: Final = 5.0
"""How long the agent waits for an unthrottled period at most: go_templates/agent/settle.go, and more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One process to start: paths as the agent sees them, the whole environment, the time limit.

    ``settle``: it starts after a period of the CPU quota in which nothing was throttled, or it would pay its predecessor's debt.
    ``stop_after``: it is told to end by SIGTERM, as servers are. ``dump_limit``: at its time limit it is told by SIGQUIT to write its goroutines' stacks, and so many bytes are kept of these, or of those that
    a deadlock or a panic writes; 0 for a program that is not Go's. ``dump_after``: it is told so in the middle of its life.
    """

    argv: tuple[str, ...]
    environment: tuple[str, ...]
    directory: str
    timeout: Nanos
    settle: bool = False
    dump_limit: int = 0
    output_limit: int = OUTPUT_LIMIT
    stop_after: Nanos | None = None
    dump_after: Nanos | None = None


class Beats:
    """How far apart the beats were that this process gave: it gives none while it stands still (SIGSTOP, a frozen group, a suspended machine)."""

    def __init__(self) -> None:
        self._longest = 0.0
        self._last = time.monotonic()

    def given(self) -> None:
        """One more."""
        self._longest, self._last = self.longest, time.monotonic()

    @property
    def longest(self) -> float:
        """Seconds between two of them at most, or since the last."""
        return max(self._longest, time.monotonic() - self._last)


class Agent:
    """The agent in *container*, greeted. Made by :func:`greeted`."""

    def __init__(self, container: Container, hello: Mapping[str, Any], beats: Beats) -> None:
        self.container = container
        self.hello = hello
        self._beats = beats
        self._alone = itertools.count(1)

    def start(self, command: Command) -> None:
        """Start a process that runs until :meth:`end`, or to its own end; nothing else runs here meanwhile. MeasurementError if the agent is gone."""
        number = f"beside-{next(self._alone)}"
        self.container.send(msgspec.json.encode(_order(number, command, hold=False)))

    def end(self) -> bytes:
        """End what was started, and give the agent's line about it, as it came. MeasurementError if the agent is gone, or says nothing."""
        self.container.send(b'{"op":"stop"}')
        line = self.container.receive(_GRACE_SECONDS)
        if line is None:
            raise MeasurementError(
                f"the agent said nothing for {_GRACE_SECONDS:.0f} s after it was told to stop"
            )
        return line

    @property
    def left_alone(self) -> str:
        """That it had to end because this process stood still, in words; empty where it had not."""
        seconds = self._beats.longest
        return (
            f"golab stood still for {seconds:.0f} s, so its agent ended" if seconds > _SILENCE / 1e9 else ""
        )

    @property
    def keeps(self) -> bool:
        """Whether it keeps what was measured in a file before it tells, so that it may be asked for several at once."""
        return bool(self.hello.get("captures"))

    def run(self, command: Command, *, stop: Callable[[], bool]) -> bytes:
        """Run one replicate and give the agent's line about it, as it came; as :meth:`run_sheaf`."""
        (line,) = self.run_sheaf([(f"alone-{next(self._alone)}", command)], stop=stop)
        return line

    def run_sheaf(
        self, orders: Sequence[tuple[str, Command]], *, stop: Callable[[], bool]
    ) -> Iterator[bytes]:
        """Run replicates, each with an id, one after the other, and give the agent's line about each, as it came.

        Nothing lies between them but the agent's own work, and nobody else is woken; the lines come when the last has ended.
        When *stop* turns true the one that runs is ended at once, and none starts any more; their lines say so.
        MeasurementError if the agent is gone, or silent beyond the replicates' limits.
        """
        last = len(orders) - 1
        held = [_order(*order, hold=number < last) for number, order in enumerate(orders)]
        self.container.send(b"\n".join(msgspec.json.encode(order) for order in held))
        settling = sum(command.settle for _, command in orders)
        dumping = sum(command.dump_limit > 0 for _, command in orders)
        grace = _GRACE_SECONDS + _SETTLING_SECONDS * settling + _DUMPING_SECONDS * dumping
        deadline = time.monotonic() + sum(command.timeout for _, command in orders) / 1e9 + grace
        told_to_stop = False
        for _ in orders:
            looked = time.monotonic()
            while (line := self.container.receive(_POLL_SECONDS)) is None:
                now = time.monotonic()
                if now - looked > _STILL_SECONDS:
                    deadline += (
                        now - looked
                    )  # this process stood still: what was said meanwhile has yet to be read
                looked = now
                if now > deadline:
                    raise MeasurementError(
                        f"the agent said nothing for {grace:.0f} s after the replicate's time limit"
                    )
                if stop() and not told_to_stop:
                    self.container.send(b'{"op":"stop"}')
                    told_to_stop = True
            yield line


def _order(number: str, command: Command, *, hold: bool) -> dict[str, object]:
    return {
        "op": "run",
        "id": number,
        "argv": command.argv,
        "env": command.environment,
        "dir": command.directory,
        "timeout_ns": command.timeout,
        "stop_after_ns": command.stop_after or 0,
        "dump_after_ns": command.dump_after or 0,
        "output_limit": command.output_limit,
        "line_limit": LINE_LIMIT,
        "dump_limit": command.dump_limit,
        "settle": command.settle,
        "hold": hold,
    }


@contextlib.contextmanager
def greeted(container: Container) -> Generator[Agent]:
    """The agent of *container*, after both sides agreed on the wire, kept alive by a beat each second."""
    container.send(msgspec.json.encode({"op": "hello", "wire": WIRE, "silence_ns": _SILENCE}))
    line = container.receive(_GREETING_SECONDS)
    if line is None:
        raise MeasurementError(f"the agent did not answer within {_GREETING_SECONDS:.0f} s")
    hello = read(line)
    if hello.get("ev") != "hello" or hello.get("wire") != WIRE:
        said = hello.get("message") or f"wire {hello.get('wire')}"
        raise MeasurementError(
            f"the agent speaks another wire than {WIRE}: {said}", hint="run golab clean and try again"
        )
    ended = threading.Event()
    beats = Beats()
    beat = threading.Thread(target=_beat, args=(container, ended, beats), name="golab beat", daemon=True)
    beat.start()
    try:
        yield Agent(container, hello, beats)
    finally:
        ended.set()
        beat.join()


def read(line: bytes) -> dict[str, Any]:
    """A line of the agent as an object. MeasurementError if it is none."""
    try:
        message = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MeasurementError(f"the agent sent a line that is not JSON ({error}): {line[:80]!r}") from None
    if not isinstance(message, dict):
        raise MeasurementError(f"the agent sent {line[:80]!r}, not an object")
    return message


def _beat(container: Container, ended: threading.Event, beats: Beats) -> None:
    while not ended.wait(_BEAT_SECONDS):
        beats.given()
        try:
            container.send(b'{"op":"beat"}')
        except MeasurementError:
            return  # whoever waits for a line finds out, and says why
