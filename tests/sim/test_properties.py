"""Random programs: whatever they do, the scheduler keeps its books (hypothesis)."""

import random
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.sim import Body, Event, G, fair, ms, sched, simulate
from lab.sim.bandwidth import PERIOD
from lab.sim.events import Fields
from lab.sim.execution import Ended
from lab.sim.loop import Loop, Program
from lab.sim.packaged import packaged
from lab.sim.release import GO_1_27
from lab.sim.state import Goroutine
from lab.sim.status import G_TRANSITIONS, GStatus
from lab.sim.thread import Thread, ThreadState
from tests.machine import SLICE, TICK, Phases
from tests.programs import program, programs

_LASTS = 130_000_000
"""Longer than a period of a quota."""


class _Where(NamedTuple):
    """Settings of a run."""

    procs: int
    cpus: int
    quota: float | None


wheres = st.builds(
    _Where, st.integers(1, 5), st.integers(1, 4), st.sampled_from((None, 0.05, 0.2, 0.5, 1.5, 3.0))
)


class _Watched(Loop):
    """A loop that checks the books after each event."""

    def step_checked(self, what: Program) -> Ended:
        """Run, with every invariant asserted between any two events."""
        step, last = self._env.step_until, 0
        self._ran: dict[Thread, tuple[tuple[int, int], int]] = {}
        self._wasted_since = sys.maxsize

        def checked(until: int) -> bool:
            nonlocal last
            went_on = step(until)
            assert self._env.now >= last
            last = int(self._env.now)
            sched.check(self._state)
            self._check_lost()
            self._check_cpus()
            return went_on

        self._env.step_until = checked  # type: ignore[method-assign]
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

    def _check_cpus(self) -> None:
        """A thread is in one place, a CPU has one thread and is never idle while one waits there, vruntime never goes back.

        Where some wait elsewhere while CPUs are idle, one is taken there at each tick.
        """
        kernel = self._kernel
        threads: list[Thread] = [*self._state.ms, self._sysmon.me]
        current = [cpu.current for cpu in kernel.cpus.all if cpu.current is not None]
        queued = [thread for cpu in kernel.cpus.all for thread in cpu.queue]
        assert len({id(thread) for thread in (*current, *queued)}) == len(current) + len(queued)
        for thread in threads:
            assert (thread in current) == (thread.state is ThreadState.RUNNING)
            assert (thread in queued) == (thread.state is ThreadState.WAITING)
        for cpu in kernel.cpus.all:
            assert all(thread.cpu is cpu for thread in (*cpu.queue, cpu.current) if thread is not None)
            assert cpu.current is None or not cpu.throttled
            assert cpu.current is not None or cpu.throttled or not cpu.queue
            assert (cpu.id in kernel.cpus.idle) == (cpu.current is None and not cpu.throttled)
        is_wasted = kernel.cpus.idle and any(cpu.queue and not cpu.throttled for cpu in kernel.cpus.all)
        self._wasted_since = min(self._wasted_since, kernel.now) if is_wasted else sys.maxsize
        assert kernel.now - self._wasted_since <= len(kernel.cpus.all) * TICK
        for thread in (*current, *queued):
            assert thread.cpu is not None
            ran = fair.ran(thread, kernel.now) if thread in current else thread.vruntime
            place = thread.cpu.id, thread.sleeps
            if thread in self._ran and self._ran[thread][0] == place:
                assert ran >= self._ran[thread][1]
            self._ran[thread] = place, ran


def _run(
    goroutines: list[list[tuple[str, int]]], where: _Where, seed: int, *, lasts: int = _LASTS, **how: bool
) -> tuple[Ended, Any, Any, Any]:
    return _run_main(program(goroutines, lasts), where, seed, **how)


def _run_main(
    main: Callable[..., Body],
    where: _Where,
    seed: int,
    *,
    fused: bool = True,
    events: bool = False,
) -> tuple[Ended, Any, Any, Any]:
    def stream(name: str) -> random.Random:
        return random.Random(f"{seed}/{name}")  # noqa: S311 - a simulation

    procs, cpus, quota = where
    loop = _Watched(
        GO_1_27,
        packaged(),
        stream,
        gomaxprocs=procs,
        cpus=cpus,
        quota=quota,
        events=events,
        fused=fused,
    )
    ended = loop.step_checked(Program(main=main, params={}))
    return ended, loop.observations, loop.statistics(), loop.events


_few = settings(max_examples=40, deadline=None)


@_few
@given(programs, wheres, st.integers(0, 1000))
def test_no_goroutine_is_lost_or_doubled(
    goroutines: list[list[tuple[str, int]]], where: _Where, seed: int
) -> None:
    """Every invariant holds after every event, the program ends, and the same seed ends it the same way."""
    first = _run(goroutines, where, seed)

    assert first[0].outcome == "exit"
    assert first == _run(goroutines, where, seed)


@settings(max_examples=100, deadline=None)
@given(programs, wheres, st.integers(0, 1000), st.booleans())
def test_the_hot_loop_decides_as_the_functions_do(
    goroutines: list[list[tuple[str, int]]],
    where: _Where,
    seed: int,
    events: bool,  # noqa: FBT001 - drawn
) -> None:
    """The same events, and every goroutine at the same place at the same time, whether moves are written out or not.

    Also where threads wait for CPUs, or are throttled.
    """
    written_out = _run(goroutines, where, seed, events=events)

    assert written_out == _run(goroutines, where, seed, events=events, fused=False)


def test_the_hot_loop_follows_an_m_that_gets_another_p() -> None:
    """Out of a system call with another P, it makes a receiver ready there, and not on the P that it had."""

    def main(g: G) -> Body:
        chan = g.chan()
        yield g.go(hog, 10)
        yield g.sleep(ms(1))
        yield g.go(hears, chan)
        yield g.sleep(ms(2))
        yield g.go(hog, 100)
        yield g.syscall(ms(20))
        yield chan.send(1)
        yield g.work(ms(1))

    def hog(g: G, count: int) -> Body:
        yield g.work(ms(count))

    def hears(g: G, chan: Any) -> Body:
        g.observe("heard", (yield chan.recv()))
        g.observe("at", g.now())

    written_out = _run_main(main, _Where(2, 2, None), 1, events=True)

    assert _procs_of_main(written_out[3]) == {0, 1}
    assert written_out == _run_main(main, _Where(2, 2, None), 1, events=True, fused=False)


def _procs_of_main(events: list[Fields]) -> set[int]:
    return {event[4] for event in events if event[1:3] == ("goroutine", 1) and event[6] == "running"}


@_few
@given(programs, wheres, st.integers(0, 1000))
def test_the_events_tell_a_possible_story(
    goroutines: list[list[tuple[str, int]]], where: _Where, seed: int
) -> None:
    """In order; every G moves as the runtime lets it; a P runs one G, a G on one P; and Little's law holds."""
    main, (procs, cpus, quota) = program(goroutines, _LASTS), where
    result = simulate(main, gomaxprocs=procs, cpus=cpus, quota=quota, seed=seed, events=True)

    assert result.events is not None
    _assert_possible(result.events, procs)
    _assert_threads_possible(result.events)
    _assert_little(result.events)
    without = simulate(main, gomaxprocs=procs, cpus=cpus, quota=quota, seed=seed)
    assert (without.observations, without.wall_ns) == (result.observations, result.wall_ns)


@_few
@given(programs, wheres, st.integers(0, 1000), st.integers(0, PERIOD - 1))
def test_no_more_cpu_time_is_used_than_there_is(
    goroutines: list[list[tuple[str, int]]], where: _Where, seed: int, phase: int
) -> None:
    """In k periods k quotas, and for each CPU at most a slice that it still had and a tick that it overran."""

    def stream(name: str) -> random.Random:
        source = random.Random(f"{seed}/{name}")  # noqa: S311 - a simulation
        return Phases(phase, source) if name == "golab kernel" else source

    procs, cpus, quota = where
    loop = Loop(GO_1_27, packaged(), stream, gomaxprocs=procs, cpus=cpus, quota=quota, events=True)
    loop.run(Program(main=program(goroutines, 3 * _LASTS), params={}), max_time=10**10, max_events=10**6)
    uses = _uses([Event(*fields) for fields in loop.events or ()])
    end = max((end for _, end in uses), default=0)

    for start in range(phase, end, PERIOD):
        for stop in range(start + PERIOD, end + PERIOD, PERIOD):
            used = sum(max(min(e, stop) - max(b, start), 0) for b, e in uses)
            periods = (stop - start) // PERIOD
            assert used <= periods * min(quota or cpus, cpus) * PERIOD + cpus * (SLICE + TICK)


def _assert_possible(events: tuple[Event, ...], procs: int) -> None:
    status: dict[int, str] = {}
    running: dict[int, int] = {}  # P to G
    owner: dict[int, int] = {}  # P to M
    allowed = {old.value: {new.value for new in news} for old, news in G_TRANSITIONS.items()}
    last = 0
    for event in events:
        assert event.at >= last
        last = event.at
        if event.kind == "proc":
            assert (event.procid in owner) == (event.old == "running")
            if event.new == "running":
                owner[event.procid] = event.mid
            else:
                del owner[event.procid]
        if event.kind != "goroutine":
            continue
        assert status.get(event.gid, "") == event.old
        assert event.old == "" or event.new in allowed[event.old]
        status[event.gid] = event.new
        if event.new == "running":
            assert owner[event.procid] == event.mid
            assert event.procid not in running
            running[event.procid] = event.gid
        elif event.old == "running":
            assert running.pop(event.procid) == event.gid
    assert len(running) <= procs


def _assert_threads_possible(events: tuple[Event, ...]) -> None:
    """A thread is where it was left; a CPU has one at a time; and who does something is awake."""
    state: dict[int, str] = {}
    running: dict[int, int] = {}  # thread to CPU
    for event in events:
        if event.kind == "cpu":
            assert state.get(event.mid, "asleep") == event.old
            state[event.mid] = event.new
            if event.old == "running":
                assert running.pop(event.mid) == event.procid
            if event.new == "running":
                assert event.procid not in running.values()
                running[event.mid] = event.procid
        elif event.kind == "goroutine":  # it may just have been put off its CPU by whom it woke
            assert state[event.mid] != "asleep"


def _uses(events: list[Event]) -> list[tuple[int, int]]:
    """Each stretch in which a thread had a CPU."""
    since: dict[int, int] = {}
    found = []
    last = max((event.at for event in events), default=0)
    for event in events:
        if event.kind == "cpu" and event.new == "running":
            since[event.mid] = event.at
        elif event.kind == "cpu" and event.old == "running":
            found.append((since.pop(event.mid), event.at))
    return found + [(start, last) for start in since.values()]


def _assert_little(events: tuple[Event, ...]) -> None:
    """The number of runnable goroutines, integrated over time, is the sum of how long each was runnable."""
    area = count = last = 0
    since: dict[int, int] = {}
    waited = 0
    for event in events:
        if event.kind != "goroutine":
            continue
        area += count * (event.at - last)
        last = event.at
        if event.new == "runnable":
            count += 1
            since[event.gid] = event.at
        elif event.old == "runnable":
            count -= 1
            waited += event.at - since.pop(event.gid)
    assert area == waited + sum(last - start for start in since.values())
