"""A machine without Go: threads on the simulator's kernel, each a few lines of what it does, and what became of them."""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lab.sim.bandwidth import PERIOD
from lab.sim.clock import Steps
from lab.sim.costs import Costs, Draws
from lab.sim.kernel import Kernel
from lab.sim.loop import _Clock
from lab.sim.thread import Thread
from tests.free import free

TICK = 4_000_000
SLICE = 5_000_000
"""Of bandwidth; both as the packaged costs have them."""


class Phases(random.Random):
    """A source of which the kernel draws the phases of its ticks, 0 without *ticks*, and when its quota is first renewed."""

    def __init__(self, first_refill: int = 0, ticks: random.Random | None = None) -> None:
        super().__init__(1)
        self._first_refill, self._ticks = first_refill, ticks

    def randrange(self, start: int, *_: int) -> int:  # type: ignore[override]  # only what the kernel asks for
        """The phase of what has *start* as its period."""
        if start == PERIOD:
            return self._first_refill
        return 0 if self._ticks is None else self._ticks.randrange(start)


class Change(NamedTuple):
    """What the kernel says of a thread."""

    at: int
    thread: int
    cpu: int
    old: str
    new: str


class Machine:
    """A kernel with nobody on it yet, at no cost unless *costs* are given."""

    def __init__(
        self,
        cpus: int,
        quota: float | None = None,
        *,
        source: random.Random | None = None,
        costs: Costs | None = None,
    ) -> None:
        self.clock = _Clock()
        self.changes: list[Change] = []
        self.ended: dict[int, int] = {}
        draws = Draws(costs or free(), random.Random(1))  # noqa: S311 - a simulation
        self.kernel = Kernel(self.clock, draws, source or Phases(), self._note, cpus=cpus, quota=quota)
        self._threads = 0

    def _note(self, thread: Thread, at: int, old: str, new: str) -> None:
        cpu = -1 if thread.cpu is None else thread.cpu.id
        self.changes.append(Change(at, thread.id, cpu, old, new))

    def start(self, body: Callable[[Thread], Steps], at: int = 0) -> Thread:
        """A thread that begins to want a CPU at *at*; it last ran on the CPU of its number."""
        thread = Thread(id=self._threads)
        self._threads += 1
        self.kernel.begin(thread, self._steps(thread, body), wakes_at=at)
        return thread

    def _steps(self, thread: Thread, body: Callable[[Thread], Steps]) -> Steps:
        yield from body(thread)
        self.ended[thread.id] = thread.clock
        yield from self.kernel.end(thread)

    def hog(self, ns: int, at: int = 0) -> Thread:
        """A thread that uses *ns* of CPU time and ends."""
        return self.start(lambda thread: self.work(thread, ns), at)

    def work(self, thread: Thread, ns: int) -> Steps:
        """Use *ns* of CPU time."""
        thread.clock += ns
        yield from self.kernel.reach(thread)

    def run(self, until: int) -> None:
        """Let *until* pass."""
        self.clock.timeout(until - int(self.clock.now))
        while self.clock.step_until(until):
            pass

    def used(self, start: int = 0, end: int | None = None) -> dict[int, int]:
        """CPU time of each thread between two times (free of costs, a thread runs from when it is given a CPU)."""
        found: dict[int, int] = {}
        for thread, begun, ended in self._runs():
            within = max(min(ended, end or self.kernel.now) - max(begun, start), 0)
            found[thread] = found.get(thread, 0) + within
        return found

    def _runs(self) -> Iterator[tuple[int, int, int]]:
        since: dict[int, int] = {}
        for change in self.changes:
            if change.new == "running":
                since[change.thread] = change.at
            elif change.old == "running":
                yield change.thread, since.pop(change.thread), change.at
        for thread, begun in since.items():
            yield thread, begun, self.kernel.now
