"""Speaking with the agent of one container (docs/wire.md): greet it, keep it alive, have it run replicates."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lab.engine.base import Container
from lab.errors import MeasurementError
from lab.model.units import Nanos

WIRE: Final = 1
"""The wire's version. History. 1: first."""

OUTPUT_LIMIT: Final = 64 << 10
LINE_LIMIT: Final = 8 << 20

_BEAT_SECONDS: Final = 1.0
_GREETING_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.1
_GRACE_SECONDS: Final = 5.0
"""How long after a replicate's own time limit the agent may take to say so."""
_SETTLING_SECONDS: Final = 5.0
"""How long the agent waits for an unthrottled period at most: go_templates/agent/settle.go, and more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One process to start: paths as the agent sees them, the whole environment, the time limit.

    ``settle``: it starts after a period of the CPU quota in which nothing was throttled, or it would pay its predecessor's debt.
    """

    argv: tuple[str, ...]
    environment: tuple[str, ...]
    directory: str
    timeout: Nanos
    settle: bool = False


class Agent:
    """The agent in *container*, greeted. Made by :func:`greeted`."""

    def __init__(self, container: Container, hello: Mapping[str, Any]) -> None:
        self.container = container
        self.hello = hello
        self._next_id = 0

    def run(self, command: Command, *, stop: Callable[[], bool]) -> bytes:
        """Run one replicate and give the agent's line about it, as it came.

        When *stop* turns true the replicate is ended at once; its line says so. MeasurementError if the agent
        is gone, or silent beyond the replicate's limit.
        """
        self._next_id += 1
        self._send(
            op="run",
            id=str(self._next_id),
            argv=command.argv,
            env=command.environment,
            dir=command.directory,
            timeout_ns=command.timeout,
            output_limit=OUTPUT_LIMIT,
            line_limit=LINE_LIMIT,
            settle=command.settle,
        )
        grace = _GRACE_SECONDS + (_SETTLING_SECONDS if command.settle else 0)
        deadline = time.monotonic() + command.timeout / 1e9 + grace
        told_to_stop = False
        while time.monotonic() < deadline:
            line = self.container.receive(_POLL_SECONDS)
            if line is not None:
                return line
            if stop() and not told_to_stop:
                self._send(op="stop")
                told_to_stop = True
        raise MeasurementError(f"the agent said nothing for {grace:.0f} s after the replicate's time limit")

    def _send(self, **message: object) -> None:
        self.container.send(msgspec.json.encode(message))


@contextlib.contextmanager
def greeted(container: Container) -> Generator[Agent]:
    """The agent of *container*, after both sides agreed on the wire, kept alive by a beat each second."""
    container.send(msgspec.json.encode({"op": "hello", "wire": WIRE}))
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
    beat = threading.Thread(target=_beat, args=(container, ended), name="golab beat", daemon=True)
    beat.start()
    try:
        yield Agent(container, hello)
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


def _beat(container: Container, ended: threading.Event) -> None:
    while not ended.wait(_BEAT_SECONDS):
        try:
            container.send(b'{"op":"beat"}')
        except MeasurementError:
            return  # whoever waits for a line finds out, and says why
