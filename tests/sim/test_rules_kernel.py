"""Rules of Go on a kernel (R12, §4): more Ps than CPUs are threads to it, and a quota stops them wherever they are.

At no cost, ticks at multiples of 4 ms and periods of a quota at multiples of 100 ms, unless a test says otherwise.
"""

import random
from collections.abc import Callable
from typing import Any

import pytest

from lab.sim import Body, Event, G, ms, simulate, us
from lab.sim.bandwidth import PERIOD
from lab.sim.execution import Ended
from lab.sim.loop import Loop, Program
from lab.sim.release import GO_1_27
from tests.free import free
from tests.machine import Phases

_EVER = ms(10_000)


def _run(
    main: Callable[..., Body], procs: int, cpus: int, quota: float | None = None
) -> tuple[Ended, Loop, list[Event]]:
    def stream(name: str) -> random.Random:
        return Phases(PERIOD) if name == "golab kernel" else random.Random(name)  # noqa: S311 - a simulation

    loop = Loop(GO_1_27, free(), stream, gomaxprocs=procs, cpus=cpus, quota=quota, events=True)
    ended = loop.run(Program(main=main, params={}), max_time=_EVER, max_events=10**6)
    assert ended.outcome == "exit"
    events = [Event(*fields) for fields in loop.events or ()]
    return ended, loop, sorted(events, key=lambda event: event.at)


def _seen(
    main: Callable[..., Body], procs: int, cpus: int, quota: float | None = None
) -> dict[str, list[int]]:
    """What the program observed, in ms."""
    seen = _run(main, procs, cpus, quota)[1].observations
    return {name: [value // ms(1) for value in values] for name, values in seen.items()}


def test_two_ps_on_one_cpu_take_turns_and_keep_their_ps() -> None:
    """A P is running all the while that its thread waits for a CPU: Go does not notice (20 ms of work each take 40)."""

    def main(g: G) -> Body:
        done = g.chan()
        yield g.go(works, done)
        yield g.go(works, done)
        yield done.recv()
        yield done.recv()

    def works(g: G, done: Any) -> Body:
        yield g.work(ms(20))
        yield done.send(None)

    ended, _, events = _run(main, 2, 1)
    begun = [e.at for e in events if e.kind == "goroutine" and e.gid > 1 and e.new == "running"][:2]
    over = [e.at for e in events if e.kind == "goroutine" and e.gid > 1 and e.new == "dead"]
    lost = [e for e in events if e.kind == "proc" and e.new == "idle" and max(begun) < e.at < min(over)]
    turns = [e for e in events if e.kind == "cpu" and (e.old, e.new) == ("waiting", "running")]

    assert ended.wall_ns is not None
    assert ended.wall_ns // ms(1) == 40
    assert max(begun) < us(100)
    assert min(over) > ms(36)
    assert lost == []
    assert len({e.mid for e in turns if e.mid >= 0 and ms(12) < e.at < ms(36)}) == 2


def test_spinning_ends_with_the_wall_clock_and_work_does_not() -> None:
    """Beside each other on one CPU: 30 ms of spinning got 15 ms of it, and the 30 ms of work take the rest alone."""

    def main(g: G) -> Body:
        done = g.chan()
        yield g.go(uses, done, "spin")
        yield g.go(uses, done, "work")
        yield done.recv()
        yield done.recv()

    def uses(g: G, done: Any, how: str) -> Body:
        yield g.spin(ms(30)) if how == "spin" else g.work(ms(30))
        g.observe(how, g.now())
        yield done.send(None)

    assert _seen(main, 2, 2) == {"spin": [30], "work": [30]}
    assert _seen(main, 2, 1) == {"spin": [30], "work": [44]}


@pytest.mark.parametrize(("how", "took"), [("spin", 100), ("work", 128)])
def test_throttled_time_counts_for_spinning_and_not_for_work(how: str, took: int) -> None:
    """Half a CPU, 80 ms: throttled at 52 ms. The spinner's time is over when it may go on; work has 28 ms to come."""

    def main(g: G) -> Body:
        yield g.spin(ms(80)) if how == "spin" else g.work(ms(80))
        g.observe("took", g.now())

    assert _seen(main, 1, 1, 0.5) == {"took": [took]}


def test_a_lock_whose_holder_is_throttled_stays_locked_until_the_next_period() -> None:
    """40 ms of CPU time under the lock, a quota of 30 a period: 32, throttled, 8 more. Three others wait for 108 ms.

    They have no CPU time used up and nothing to do with the holder's P: a convoy that no profile of CPU time shows.
    """

    def main(g: G) -> Body:
        mu, wg = g.mutex(), g.waitgroup()
        yield wg.add(4)
        yield g.go(waits, mu, wg)
        yield g.go(waits, mu, wg)
        yield g.go(waits, mu, wg)
        yield mu.lock()
        yield g.go(holds, mu, wg)
        yield wg.wait()

    def holds(g: G, mu: Any, wg: Any) -> Body:
        yield g.work(ms(40))
        yield mu.unlock()
        g.observe("unlocked", g.now())
        yield wg.done()

    def waits(g: G, mu: Any, wg: Any) -> Body:
        yield g.sleep(ms(10))
        yield mu.lock()
        g.observe("locked", g.now())
        yield g.work(us(1500))
        yield mu.unlock()
        yield wg.done()

    assert _seen(main, 1, 1) == {"unlocked": [40], "locked": [40, 41, 43]}
    assert _seen(main, 2, 2, 0.3) == {"unlocked": [108], "locked": [108, 109, 111]}


def test_a_thread_that_looks_for_work_and_is_throttled_keeps_others_from_being_woken() -> None:
    """It is counted in nmspinning all the while, so wakep wakes nobody: what is made runnable waits, whoever is idle."""

    def main(g: G) -> Body:
        for _ in range(200):
            yield g.go(works)
            yield g.work(us(700))

    def works(g: G) -> Body:
        yield g.work(us(900))

    events = simulate(main, gomaxprocs=4, cpus=4, quota=0.5, events=True).events
    assert events is not None
    frozen = _frozen_spinning(events)
    within = [[e for e in events if start < e.at < end] for start, end in frozen]

    assert len(frozen) >= 3
    assert any(e.kind == "goroutine" and not e.old for some in within for e in some)
    assert [
        e for some in within for e in some if (e.kind, e.old, e.new) == ("thread", "idle", "spinning")
    ] == []


def _frozen_spinning(events: tuple[Event, ...]) -> list[tuple[int, int]]:
    """From when until when a thread that looked for work was throttled."""
    spinning: set[int] = set()
    since: dict[int, int] = {}
    found = []
    for e in events:
        if e.kind == "thread":
            (spinning.add if e.new == "spinning" else spinning.discard)(e.mid)
        elif e.kind == "cpu" and e.new == "throttled" and e.mid in spinning:
            since[e.mid] = e.at
        elif e.kind == "cpu" and e.old == "throttled" and e.mid in since:
            found.append((since.pop(e.mid), e.at))
    return found


@pytest.mark.parametrize("quota", [2.5, 8])
def test_a_quota_above_the_cpus_has_no_effect(quota: float) -> None:
    """The same events of every goroutine, P, thread and CPU, with locks, sleeps, calls and turns."""

    def main(g: G) -> Body:
        mu, wg = g.mutex(), g.waitgroup()
        yield wg.add(6)
        for number in range(1, 7):
            yield g.go(mixed, mu, wg, number)
        yield wg.wait()

    def mixed(g: G, mu: Any, wg: Any, number: int) -> Body:
        for _ in range(10):
            yield g.work(us(300 * number))
            yield mu.lock()
            yield g.work(us(50))
            yield mu.unlock()
            yield g.sleep(us(500))
            yield g.syscall(us(200), cpu=us(20))
        yield wg.done()

    without = simulate(main, gomaxprocs=4, cpus=2, events=True)

    assert simulate(main, gomaxprocs=4, cpus=2, quota=quota, events=True) == without
