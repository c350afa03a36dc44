"""Decisions of channels and select (chan.go, select.go): who gets a value, who waits, who is made ready.

No time passes here. A goroutine that waits in a select stands in the queue of each of its channels; the first
to serve it marks its :class:`Selection`, and the others pass over it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from lab.sim.program import CLOSED, Chan
from lab.sim.state import Goroutine

BLOCKS: Final = object()
"""The operation has to wait."""


class GoPanicError(Exception):
    """A panic of the simulated program, or a fatal error of its runtime, in Go's words."""


@dataclass(slots=True, eq=False)
class Selection:
    """One execution of a select that waits."""

    is_over: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Waiter:
    """A goroutine that waits on a channel; a sender brings its value, a select its case's index."""

    g: Goroutine
    value: Any = None
    selection: Selection | None = None
    index: int = -1

    def serve(self, value: Any) -> None:  # noqa: ANN401 - a channel carries anything
        """Have its operation give *value*."""
        if self.selection is None:
            self.g.result = value
            return
        self.selection.is_over = True
        self.g.result = (self.index, value)


def send(chan: Chan, value: Any) -> Waiter | object | None:  # noqa: ANN401 - a channel carries anything
    """Send without waiting: the receiver that now has the value, None if it is buffered, or BLOCKS (chansend)."""
    if chan.closed:
        raise GoPanicError("panic: send on closed channel")
    if (waiter := _first(chan.receivers)) is not None:
        waiter.serve(value)
        return waiter
    if len(chan.buffer) < chan.capacity:
        chan.buffer.append(value)
        return None
    return BLOCKS


def receive(chan: Chan) -> tuple[Any, Waiter | None]:
    """Receive without waiting: the value or BLOCKS, and the sender that can go on (chanrecv)."""
    if chan.buffer:
        value = chan.buffer.popleft()
        if (waiter := _first(chan.senders)) is not None:
            chan.buffer.append(waiter.value)
            waiter.serve(None)
        return value, waiter
    if (waiter := _first(chan.senders)) is not None:
        waiter.serve(None)
        return waiter.value, waiter
    return (CLOSED if chan.closed else BLOCKS), None


def close(chan: Chan) -> list[Goroutine]:
    """Close; the waiters in the order in which they are made ready: last first (closechan)."""
    if chan.is_nil:
        raise GoPanicError("panic: close of nil channel")
    if chan.closed:
        raise GoPanicError("panic: close of closed channel")
    chan.closed = True
    if _first(chan.senders) is not None:
        raise GoPanicError("panic: send on closed channel")
    found = []
    while (waiter := _first(chan.receivers)) is not None:
        waiter.serve(CLOSED)
        found.append(waiter.g)
    return found[::-1]


def _first(queue: deque[Waiter]) -> Waiter | None:
    """The first who still waits, taken out; those whose select is over are passed over (dequeue)."""
    while queue:
        waiter = queue.popleft()
        if waiter.selection is None or not waiter.selection.is_over:
            return waiter
    return None
