"""Decisions of channels (chan.go): who gets a value, who waits, who is made ready. No time passes here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lab.sim.program import CLOSED, Chan
from lab.sim.state import Goroutine

BLOCKS: Final = object()
"""The operation has to wait."""


class GoPanicError(Exception):
    """A panic of the simulated program, in Go's words."""


@dataclass(frozen=True, slots=True, eq=False)
class Waiter:
    """A goroutine that waits on a channel; a sender brings its value."""

    g: Goroutine
    value: Any = None


def send(chan: Chan, value: Any) -> Waiter | object | None:  # noqa: ANN401 - a channel carries anything
    """Send without waiting: the receiver that now has the value, None if it is buffered, or BLOCKS (chansend)."""
    if chan.closed:
        raise GoPanicError("send on closed channel")
    if chan.receivers:
        waiter: Waiter = chan.receivers.popleft()
        waiter.g.result = value
        return waiter
    if len(chan.buffer) < chan.capacity:
        chan.buffer.append(value)
        return None
    return BLOCKS


def receive(chan: Chan) -> tuple[Any, Waiter | None]:
    """Receive without waiting: the value or BLOCKS, and the sender that can go on (chanrecv)."""
    if chan.buffer:
        value = chan.buffer.popleft()
        if not chan.senders:
            return value, None
        waiter: Waiter = chan.senders.popleft()
        chan.buffer.append(waiter.value)
        return value, waiter
    if chan.senders:
        waiter = chan.senders.popleft()
        return waiter.value, waiter
    return (CLOSED if chan.closed else BLOCKS), None


def close(chan: Chan) -> list[Goroutine]:
    """Close; the waiters in the order in which they are made ready: last first (closechan)."""
    if chan.closed:
        raise GoPanicError("close of closed channel")
    chan.closed = True
    if chan.senders:
        raise GoPanicError("send on closed channel")
    waiters = [waiter.g for waiter in chan.receivers]
    chan.receivers.clear()
    for g in waiters:
        g.result = CLOSED
    return waiters[::-1]
