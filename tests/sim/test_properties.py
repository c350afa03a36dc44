"""Random programs: whatever they do, the scheduler keeps its books (hypothesis)."""

import random
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.sim import Body, Event, G, ms, sched, simulate
from lab.sim.events import Fields
from lab.sim.execution import Ended
from lab.sim.loop import Loop, Program
from lab.sim.packaged import packaged
from lab.sim.release import GO_1_27
from lab.sim.state import Goroutine
from lab.sim.status import G_TRANSITIONS, GStatus
from tests.programs import program, programs


class _Watched(Loop):
    """A loop that checks the books after each event."""

    def step_checked(self, what: Program) -> Ended:
        """Run, with every invariant asserted between any two events."""
        step, last = self._env.step_until, 0

        def checked(until: int) -> bool:
            nonlocal last
            went_on = step(until)
            assert self._env.now >= last
            last = int(self._env.now)
            sched.check(self._state)
            self._check_lost()
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


def _run(
    goroutines: list[list[tuple[str, int]]], procs: int, seed: int, **machine: Any
) -> tuple[Ended, Any, Any, Any]:
    return _run_main(program(goroutines), procs, seed, **machine)


def _run_main(
    main: Callable[..., Body],
    procs: int,
    seed: int,
    *,
    fused: bool = True,
    cpus: int | None = None,
    quota: float | None = None,
    events: bool = False,
) -> tuple[Ended, Any, Any, Any]:
    def stream(name: str) -> random.Random:
        return random.Random(f"{seed}/{name}")  # noqa: S311 - a simulation

    loop = _Watched(
        GO_1_27,
        packaged(),
        stream,
        gomaxprocs=procs,
        cpus=cpus or procs,
        quota=quota,
        events=events,
        fused=fused,
    )
    ended = loop.step_checked(Program(main=main, params={}))
    return ended, loop.observations, loop.statistics(), loop.events


_few = settings(max_examples=40, deadline=None)


@_few
@given(programs, st.integers(1, 5), st.integers(0, 1000))
def test_no_goroutine_is_lost_or_doubled(
    goroutines: list[list[tuple[str, int]]], procs: int, seed: int
) -> None:
    """Every invariant holds after every event, the program ends, and the same seed ends it the same way."""
    first = _run(goroutines, procs, seed)

    assert first[0].outcome == "exit"
    assert first == _run(goroutines, procs, seed)


_machines = st.fixed_dictionaries(
    {
        "cpus": st.sampled_from([None, 1, 2]),
        "quota": st.sampled_from([None, 0.3, 1.5]),
        "events": st.booleans(),
    }
)


@settings(max_examples=100, deadline=None)
@given(programs, st.integers(1, 4), st.integers(0, 1000), _machines)
def test_the_hot_loop_decides_as_the_functions_do(
    goroutines: list[list[tuple[str, int]]], procs: int, seed: int, machine: dict[str, Any]
) -> None:
    """The same events, and every goroutine at the same place at the same time, whether moves are written out or not.

    Also where threads wait for CPUs, or are throttled.
    """
    written_out = _run(goroutines, procs, seed, **machine)

    assert written_out == _run(goroutines, procs, seed, **machine, fused=False)


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

    written_out = _run_main(main, 2, 1, events=True)

    assert _procs_of_main(written_out[3]) == {0, 1}
    assert written_out == _run_main(main, 2, 1, events=True, fused=False)


def _procs_of_main(events: list[Fields]) -> set[int]:
    return {event[4] for event in events if event[1:3] == ("goroutine", 1) and event[6] == "running"}


@_few
@given(programs, st.integers(1, 5), st.integers(0, 1000))
def test_the_events_tell_a_possible_story(
    goroutines: list[list[tuple[str, int]]], procs: int, seed: int
) -> None:
    """In order; every G moves as the runtime lets it; a P runs one G, a G on one P; and Little's law holds."""
    result = simulate(program(goroutines), gomaxprocs=procs, cpus=procs, seed=seed, events=True)

    assert result.events is not None
    _assert_possible(result.events, procs)
    _assert_little(result.events)
    without = simulate(program(goroutines), gomaxprocs=procs, cpus=procs, seed=seed)
    assert (without.observations, without.wall_ns) == (result.observations, result.wall_ns)


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
