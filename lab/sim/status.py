"""The states of a G, and the moves between them that the runtime knows."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


class GStatus(enum.Enum):
    """Where a G is (runtime2.go: ``_Grunnable`` …)."""

    RUNNABLE = "runnable"
    RUNNING = "running"
    SYSCALL = "syscall"
    WAITING = "waiting"
    DEAD = "dead"


class GEvent(enum.Enum):
    """What moves a G."""

    EXECUTE = "execute"
    PREEMPT = "preempt"
    PARK = "park"
    READY = "ready"
    ENTER_SYSCALL = "entersyscall"
    EXIT_SYSCALL = "exitsyscall"
    LOSE_P = "exitsyscall without a P"
    EXIT = "exit"


G_TRANSITIONS: Final[Mapping[GStatus, Mapping[GEvent, GStatus]]] = MappingProxyType(
    {
        GStatus.RUNNABLE: {GEvent.EXECUTE: GStatus.RUNNING},
        GStatus.RUNNING: {
            GEvent.PREEMPT: GStatus.RUNNABLE,
            GEvent.PARK: GStatus.WAITING,
            GEvent.ENTER_SYSCALL: GStatus.SYSCALL,
            GEvent.EXIT: GStatus.DEAD,
        },
        GStatus.SYSCALL: {GEvent.EXIT_SYSCALL: GStatus.RUNNING, GEvent.LOSE_P: GStatus.RUNNABLE},
        GStatus.WAITING: {GEvent.READY: GStatus.RUNNABLE},
        GStatus.DEAD: {},
    }
)


class InvalidTransitionError(AssertionError):
    """A move that the runtime does not know: a bug in the simulator."""


def next_status(status: GStatus, event: GEvent) -> GStatus:
    """Where *event* takes a G that is in *status*."""
    try:
        return G_TRANSITIONS[status][event]
    except KeyError:
        raise InvalidTransitionError(f"a {status.value} G cannot {event.value}") from None
