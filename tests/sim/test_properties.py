"""Random programs: whatever they do, the scheduler keeps its books (hypothesis)."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.sim import Body, G, sched
from lab.sim.loop import Ended, Loop, Program
from lab.sim.packaged import packaged
from lab.sim.release import GO_1_27
from lab.sim.state import Goroutine
from lab.sim.status import GStatus

_STEPS = (
    "work",
    "touch",
    "sleep",
    "gosched",
    "send",
    "recv",
    "lock",
    "syscall",
    "netwait",
    "select",
    "go",
    "spin",
)
_steps = st.lists(st.tuples(st.sampled_from(_STEPS), st.integers(0, 5000)), max_size=12)
_programs = st.lists(_steps, min_size=1, max_size=5)


class _Watched(Loop):
    """A loop that checks the books after each event."""

    def step_checked(self, what: Program) -> Ended:
        """Run, with every invariant asserted between any two events."""
        step, last = self._env.step, 0

        def checked() -> None:
            nonlocal last
            step()
            assert self._env.now >= last
            last = int(self._env.now)
            sched.check(self._state)
            self._check_lost()

        self._env.step = checked  # type: ignore[method-assign]
        return self.run(what, max_time=10**10, max_events=20_000)

    def _check_lost(self) -> None:
        """Runnable Gs are those that are queued; nobody is run by two Ms; no more run than there are Ps."""
        state = self._state
        queued: set[int] = {id(g) for g in state.runq} | {id(g) for p in state.ps for g in p.runq}
        queued |= {id(p.runnext) for p in state.ps if p.runnext is not None}
        current: list[Goroutine] = [m.curg for m in state.ms if m.curg is not None]
        assert len(current) == len({id(g) for g in current})
        running = [g for g in current if g.status is GStatus.RUNNING]
        assert len(running) <= state.gomaxprocs
        for g in self._waiting.values():
            assert (id(g) in queued) == (g.status is GStatus.RUNNABLE)


def _program(goroutines: list[list[tuple[str, int]]]) -> Callable[..., Body]:  # noqa: C901 - a case an operation
    def main(g: G) -> Body:
        shared = (g.chan(1), g.mutex(), g.waitgroup())
        yield shared[2].add(len(goroutines))
        for steps in goroutines:
            yield g.go(walk, steps, shared, 0)
        yield g.select(g.after(20_000_000).recv())

    def walk(g: G, steps: list[tuple[str, int]], shared: Any, depth: int) -> Body:  # noqa: C901, PLR0912 - likewise
        chan, mu, wg = shared
        for what, n in steps:
            match what:
                case "work":
                    yield g.work(n * 1000)
                case "touch":
                    yield g.touch(n * 4096)
                case "sleep":
                    yield g.sleep(n)
                case "gosched":
                    yield g.gosched()
                case "send":
                    yield g.select(chan.send(n), default=n % 2 == 0)
                case "recv":
                    yield g.select(chan.recv(), g.after(n).recv())
                case "lock":
                    yield mu.lock()
                    yield g.work(n)
                    yield mu.unlock()
                case "syscall":
                    yield g.syscall(n * 100, cpu=n)
                case "netwait":
                    yield g.netwait(n)
                case "select":
                    yield g.select(chan.recv(), None, default=True)
                case "spin":
                    yield g.spin(n)
                case "go" if depth == 0:
                    yield g.go(walk, steps[:3], shared, 1)
        if depth == 0:
            yield wg.done()

    return main


def _run(goroutines: list[list[tuple[str, int]]], procs: int, seed: int) -> tuple[Ended, Any]:
    def stream(name: str) -> random.Random:
        return random.Random(f"{seed}/{name}")  # noqa: S311 - a simulation

    loop = _Watched(replace(GO_1_27), packaged(), stream, gomaxprocs=procs, cpus=procs)
    ended = loop.step_checked(Program(main=_program(goroutines), params={}))
    return ended, loop.statistics()


@settings(max_examples=60, deadline=None)
@given(_programs, st.integers(1, 5), st.integers(0, 1000))
def test_no_goroutine_is_lost_or_doubled(
    goroutines: list[list[tuple[str, int]]], procs: int, seed: int
) -> None:
    """Every invariant holds after every event, the program ends, and the same seed ends it the same way."""
    first = _run(goroutines, procs, seed)

    assert first[0].outcome == "exit"
    assert first == _run(goroutines, procs, seed)
