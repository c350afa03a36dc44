"""The template thread: clones threads in place of Ms whose own thread the program has changed (proc.go: templateThread).

A goroutine that is locked to its thread may have given it a mask, a namespace or a priority that a clone would
inherit. So the first LockOSThread starts a thread that has none of it, and new threads come from there.
"""

from __future__ import annotations

from lab.sim.clock import Steps
from lab.sim.kernel import Kernel
from lab.sim.state import M

_ID = -2


class TemplateThread:
    """It sleeps until a locked M needs another."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._wanted: list[tuple[M, Steps]] = []
        self._me: M | None = None

    @property
    def is_there(self) -> bool:
        """Whether a program has locked a goroutine to its thread."""
        return self._me is not None

    def start(self, m: M) -> None:
        """proc.go: startTemplateThread, at the first LockOSThread; *m* clones it."""
        if self._me is None:
            self._me = M(id=_ID)
            self._kernel.spawn(self._me, self._steps(self._me), m)

    def clone(self, m: M, steps: Steps, asked_by: M) -> None:
        """proc.go: newm, for an M that is locked."""
        assert self._me is not None  # noqa: S101 - locking has started it
        self._wanted.append((m, steps))
        self._kernel.wake(self._me, asked_by)

    def _steps(self, me: M) -> Steps:
        while True:
            while self._wanted:
                m, steps = self._wanted.pop(0)
                self._kernel.spawn(m, steps, me)
            yield from self._kernel.sleep(me)
