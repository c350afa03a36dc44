"""Rules of threads and Ps, each a small program with what it does written out: who runs where, and what a P does.

Costs are nothing, so times are the runtime's own: slices, sysmon's sleeps, a thief's 3 µs.
"""

from collections.abc import Callable
from typing import Any

from lab.sim import Body, Event, G, ms, simulate, us
from tests.free import free


def _events(main: Callable[..., Body], procs: int) -> tuple[Event, ...]:
    events = simulate(main, gomaxprocs=procs, cpus=max(procs, 2), costs=free(), events=True).events
    assert events is not None
    return events


def _ran(events: tuple[Event, ...]) -> list[tuple[int, int, int]]:
    """The program's goroutines as they run: which, on which M and P."""
    return [(e.gid, e.mid, e.procid) for e in events if e.gid > 0 and e.new == "running"]


def _procs(events: tuple[Event, ...], since: int) -> list[tuple[int, str, int]]:
    """What becomes of Ps from some time on: when in µs, what, and which."""
    return [(e.at // 1000, e.new, e.procid) for e in events if e.kind == "proc" and e.at >= since]


def test_one_wake_up_leads_to_the_next() -> None:
    """A thread that has found work wakes one more, so Ps start one after the other (wakep, resetspinning)."""

    def main(g: G) -> Body:
        for _ in range(4):
            yield g.go(works)
        yield g.work(ms(1))

    def works(g: G) -> Body:
        yield g.work(us(500))

    events = _events(main, 4)
    woken: set[int] = set()
    most = 0
    for event in (event for event in events if event.kind == "thread"):
        if (event.old, event.new) == ("idle", "spinning"):
            woken.add(event.mid)
        else:
            woken.discard(event.mid)
        most = max(most, len(woken))

    assert [p for _, new, p in _procs(events, 0) if new == "running"] == [0, 1, 2, 3]
    assert most == 1


def test_a_runnext_is_stolen_after_a_moment() -> None:
    """While its P's own G runs on, a thief waits for 3 µs before it takes what would run next (runqgrab)."""

    def main(g: G) -> Body:
        yield g.work(ms(1))
        yield g.go(works)
        yield g.work(ms(1))
        g.observe("end", g.now())

    def works(g: G) -> Body:
        g.observe("start", g.now())
        yield g.work(us(10))

    result = simulate(main, gomaxprocs=2, cpus=2, costs=free())

    assert result.observations["start"][0] // 1000 == 1003


def test_a_p_leaves_a_system_call_and_the_goroutine_comes_back_to_the_global_queue() -> None:
    """With one P: sysmon takes it after 20 µs, another thread runs the rest, and the caller waits for its turn (R6, R7)."""

    def main(g: G) -> Body:
        yield g.work(us(1005))  # not to begin at the same instant as sysmon's round
        yield g.go(works)
        yield g.syscall(ms(3))
        yield g.work(us(100))

    def works(g: G) -> Body:
        yield g.work(ms(8))

    events = _events(main, 1)

    assert _ran(events) == [(1, 0, 0), (2, 1, 0), (1, 1, 0)]
    assert _procs(events, ms(1)) == [(1020, "idle", 0), (1020, "running", 0)]
    assert [(e.at // 1000, e.new) for e in events if e.gid == 1 and e.at >= ms(1)] == [
        (1005, "syscall"),
        (4005, "runnable"),
        (9020, "running"),
        (9120, "dead"),
    ]


def test_a_system_call_ends_on_an_idle_p() -> None:
    """With two Ps: one is idle when the call ends, and the caller goes on at once on it, on its own thread."""

    def main(g: G) -> Body:
        yield g.work(us(1005))  # not to begin at the same instant as sysmon's round
        yield g.go(works)
        yield g.syscall(ms(3))
        yield g.work(us(100))

    def works(g: G) -> Body:
        yield g.work(ms(8))

    events = _events(main, 2)

    assert _ran(events) == [(1, 0, 0), (2, 2, 1), (1, 0, 0)]
    assert [(e.at // 1000, e.old, e.new) for e in events if e.gid == 1 and e.at >= ms(2)] == [
        (4005, "syscall", "running"),
        (4105, "running", "dead"),
    ]


def test_a_locked_goroutine_needs_two_more_hand_overs() -> None:
    """Its P goes to another thread when it parks, and back to its own when it is to run (stoplockedm, startlockedm)."""

    def main(g: G) -> Body:
        answer = g.chan()
        yield g.lock_os_thread()
        yield g.go(answers, answer)
        yield answer.recv()

    def answers(_g: G, answer: Any) -> Body:
        yield answer.send(1)

    events = _events(main, 1)

    assert _ran(events) == [(1, 0, 0), (2, 1, 0), (1, 0, 0)]
    assert [(e.new, e.mid) for e in events if e.kind == "proc"] == [
        ("running", 0),
        ("idle", 0),
        ("running", 1),
        ("idle", 1),
        ("running", 0),
    ]


def test_a_goroutine_that_exits_locked_takes_its_thread_with_it() -> None:
    """And its P goes on with another (mexit)."""

    def main(g: G) -> Body:
        yield g.go(leaves)
        yield g.gosched()
        yield g.go(leaves)
        yield g.gosched()

    def leaves(g: G) -> Body:
        yield g.lock_os_thread()

    events = _events(main, 1)

    gone = [e.mid for e in events if e.kind == "thread" and not e.new]
    assert len(gone) == len(set(gone)) == 2
    assert 0 in gone


def test_a_full_search_ends_in_polling_for_the_next_timer() -> None:
    """One thread polls until the timer is due, cut to whole milliseconds; the other that looked for work parks (R4, R8)."""

    def main(g: G) -> Body:
        yield g.sleep(us(2500))

    events = _events(main, 2)

    assert [(e.at // 1000, e.old) for e in events if e.kind == "thread" and e.old == "polling"] == [
        (2000, "polling"),
        (3000, "polling"),
    ]
    assert [e.at // 1000 for e in events if e.gid == 1 and e.new == "running"] == [0, 3000]
