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


# bound once: looking up a member of an Enum takes longer than moving a G
RUNNABLE: Final = GStatus.RUNNABLE
RUNNING: Final = GStatus.RUNNING
SYSCALL: Final = GStatus.SYSCALL
WAITING: Final = GStatus.WAITING
DEAD: Final = GStatus.DEAD

G_TRANSITIONS: Final[Mapping[GStatus, frozenset[GStatus]]] = MappingProxyType(
    {
        RUNNABLE: frozenset({RUNNING}),
        RUNNING: frozenset({RUNNABLE, WAITING, SYSCALL, DEAD}),
        SYSCALL: frozenset({RUNNING, RUNNABLE}),
        WAITING: frozenset({RUNNABLE}),
        DEAD: frozenset(),
    }
)
"""Every move that casgstatus makes. The simulator's events are held to it by a property test."""
