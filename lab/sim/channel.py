"""Decisions of channels and select (chan.go, select.go): who gets a value, who waits, who is made ready.

No time passes here. A goroutine that waits on one channel stands in its queue as itself; one that waits in a
select stands in several, as a :class:`Waiter` in each. The first to serve a select marks its :class:`Selection`, and
the others pass over it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from lab.sim.operation import Panic
from lab.sim.program import CLOSED, Chan
from lab.sim.result import GoPanicError
from lab.sim.state import Goroutine

BLOCKS: Final = object()
"""The operation has to wait."""
_PANICS: Final = Panic(None, "panic: send on closed channel")
"""What a sender has left to do when its channel has been closed."""


@dataclass(slots=True, eq=False)
class Selection:
    """One execution of a select that waits."""

    is_over: bool = False


@dataclass(slots=True, eq=False)
class Waiter:
    """A goroutine that waits in a select: its case's index and, where the case sends, the value."""

    g: Goroutine
    selection: Selection
    index: int
    sends: Any = None


def send(chan: Chan, value: Any) -> Any:  # noqa: ANN401 - a channel carries anything
    """Send without waiting: the receiver that now has the value, None if it is buffered, or BLOCKS (chansend)."""
    if chan.closed:
        raise GoPanicError(_PANICS.text)
    if (waiter := _first(chan.receivers, value)) is not None:
        return _goroutine(waiter)
    if len(chan.buffer) < chan.capacity:
        chan.buffer.append(value)
        return None
    return BLOCKS


def receive(chan: Chan) -> tuple[Any, Goroutine | None]:
    """Receive without waiting: the value or BLOCKS, and the sender that can go on (chanrecv)."""
    buffer = chan.buffer
    if buffer:
        value = buffer.popleft()
        if (waiter := _first(chan.senders, None)) is None:
            return value, None
        buffer.append(waiter.sends)
        return value, _goroutine(waiter)
    if (waiter := _first(chan.senders, None)) is not None:
        return waiter.sends, _goroutine(waiter)
    return (CLOSED if chan.closed else BLOCKS), None


def close(chan: Chan) -> list[Goroutine]:
    """Close; the waiters in the order in which they are made ready: last first (closechan). Senders will panic."""
    if chan.is_nil:
        raise GoPanicError("panic: close of nil channel")
    if chan.closed:
        raise GoPanicError("panic: close of closed channel")
    chan.closed = chan.is_special = True
    found = []
    while (waiter := _first(chan.receivers, CLOSED)) is not None:
        found.append(_goroutine(waiter))
    while (waiter := _first(chan.senders, None)) is not None:
        sender = _goroutine(waiter)
        sender.left = _PANICS
        found.append(sender)
    return found[::-1]


def _first(queue: deque[Any], value: Any) -> Any:  # noqa: ANN401 - a Goroutine or a Waiter
    """The first who still waits, whose operation now gives *value*; selects that are over are passed over (dequeue)."""
    while queue:
        waiter = queue.popleft()
        if type(waiter) is Goroutine:
            waiter.result = value
            return waiter
        if not waiter.selection.is_over:
            waiter.selection.is_over = True
            waiter.g.result = (waiter.index, value)
            return waiter
    return None


def _goroutine(waiter: Goroutine | Waiter) -> Goroutine:
    return waiter if isinstance(waiter, Goroutine) else waiter.g
