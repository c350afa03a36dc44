"""Notes what changes, where somebody has asked for the events."""

from __future__ import annotations

from typing import Final

from lab.sim.events import Fields
from lab.sim.state import Goroutine, M, P
from lab.sim.status import GStatus
from lab.sim.thread import Thread

_NONE: Final = -1


class Recorder:
    """Appends to *events*, or does nothing where that is None: ``on`` says which, for who asks first.

    What is noted is an event's fields in their order: making an :class:`~lab.sim.events.Event` of each takes longer
    than the move that it tells of, so that is left to who reads them.
    """

    def __init__(self, events: list[Fields] | None) -> None:
        self.note = ([] if events is None else events).append
        self.on = events is not None

    def created(self, m: M, g: Goroutine) -> None:
        """A new G."""
        if self.on:
            self._add(m, "goroutine", (g.gid, _p_of(m)), ("", g.status.value), g.name)

    def moved(self, m: M, g: Goroutine, status: GStatus, reason: str = "") -> None:
        """*g* is about to have another *status*."""
        if self.on:
            self._add(m, "goroutine", (g.gid, _p_of(m)), (g.status.value, status.value), reason)

    def proc(self, m: M, p: P, old: str, new: str) -> None:
        """A P has changed hands."""
        if self.on:
            self._add(m, "proc", (_NONE, p.id), (old, new))

    def thread(self, m: M, old: str, new: str) -> None:
        """An M does something else."""
        if self.on:
            self._add(m, "thread", (_NONE, _p_of(m)), (old, new))

    def woken(self, m: M, old: str, by: M) -> None:
        """An M that sleeps, or is new, is to look for work: *by* has counted it as spinning, at its own time."""
        if self.on:
            self.note((by.clock, "thread", _NONE, m.id, _p_of(m), old, "spinning", ""))

    def used_cpu(self, thread: Thread, at: int, old: str, new: str) -> None:
        """The kernel has given a thread a CPU, or taken it."""
        cpu = _NONE if thread.cpu is None else thread.cpu.id
        self.note((at, "cpu", _NONE, thread.id, cpu, old, new, ""))

    def _add(self, m: M, kind: str, who: tuple[int, int], change: tuple[str, str], reason: str = "") -> None:
        self.note((m.clock, kind, who[0], m.id, who[1], change[0], change[1], reason))


def _p_of(m: M) -> int:
    return _NONE if m.p is None else m.p.id
