"""The simulated twins of go_templates/validate/rules/times.go: times that tell a rule from what one would think. True is the rule."""

from typing import Any

from lab.sim import CLOSED, Body, G, ms, us
from lab.validate.rule import says


def _tell(g: G, took: int, beyond: int) -> None:
    """Whether a time is beyond a limit, and the time."""
    g.observe("seen", str(took > beyond).lower())
    g.observe("took_ns", took)


def _median(values: list[int]) -> int:
    return sorted(values)[len(values) // 2] if values else 0


def _begins(g: G, began: Any) -> Body:
    yield began.send(g.now())


def _hog(g: G, over: Any) -> Body:
    yield g.spin(ms(60))
    yield over.close()


@says("true", folk="false")
def short_sleep(g: G) -> Body:
    """A sleep of 100 µs in an idle process takes more than a millisecond: the poller's timeout has whole ones."""
    took = []
    for _ in range(20):
        start = g.now()
        yield g.sleep(us(100))
        took.append(g.now() - start)
    _tell(g, _median(took), ms(1))


@says("true", folk="false")
def time_slice(g: G) -> Body:
    """Two that only work take turns of 20 ms, not 10: sysmon, which looks every 10 ms, sees a slice's beginning at the first look."""
    away = []
    over = g.now() + ms(150)

    def hog(g: G) -> Body:
        last = g.now()
        while last < over:
            yield g.work(us(20))
            now = g.now()
            if now - last > ms(5):
                away.append(now - last)
            last = now

    yield g.go(hog)
    yield from hog(g)
    _tell(g, _median(away), ms(15))


def _handoff(g: G, call: int, into: list[int]) -> Body:
    """How long a goroutine waits that becomes runnable just before the only P's thread blocks in a system call."""
    began = g.chan(1)
    start = g.now()
    yield g.go(_begins, began)
    yield g.syscall(call)
    into.append((yield began.recv()) - start)


@says("true true", folk="false true")
def syscall_handoff(g: G) -> Body:
    """A P is taken from a system call by sysmon: after milliseconds where sysmon has not been needed for long, soon where it has."""
    yield g.spin(ms(100))
    took: list[int] = []
    yield from _handoff(g, ms(20), took)
    for _ in range(10):
        yield from _handoff(g, ms(1), took)
    _tell(g, took[0], ms(1))
    g.observe("seen", str(_median(took[1:]) < ms(1)).lower())


@says("true", folk="false")
def timer_beside_a_hog(g: G) -> Body:
    """A timer is run by a P; one that only works does not look."""
    over = g.chan()
    yield g.go(_hog, over)
    start = g.now()
    yield g.sleep(ms(1))
    _tell(g, g.now() - start, ms(5))
    yield over.recv()


def _round_trips(g: G, into: list[int]) -> Body:
    there, back = g.chan(), g.chan()

    def answers(_g: G) -> Body:
        while (yield there.recv()) is not CLOSED:
            yield back.send(None)

    yield g.go(answers)
    for _ in range(100):
        start = g.now()
        yield there.send(None)
        yield back.recv()
        into.append(g.now() - start)
    yield there.close()


@says("true", folk="false")
def locked_round_trip(g: G) -> Body:
    """A round trip over channels is many times dearer for a goroutine that is locked to its thread."""
    free: list[int] = []
    took: list[int] = []
    yield from _round_trips(g, free)
    yield g.lock_os_thread()
    yield from _round_trips(g, took)
    _tell(g, _median(took), 5 * _median(free))


_in_init: list[int] = []


def _init(g: G) -> Body:
    _in_init.clear()
    yield from _round_trips(g, _in_init)


@says("true", folk="false", inits=(_init,))
def init_round_trip(g: G) -> Body:
    """So it is in every init."""
    _tell(g, _median(_in_init), us(5))
    yield g.work(0)


@says("true", folk="false")
def greedy_lock(g: G) -> Body:
    """A mutex that is free is whoever's is running: one that waits gets it when the other is preempted, and not in turn."""
    mu, got = g.mutex(), g.chan(1)
    yield mu.lock()

    def wants(g: G) -> Body:
        start = g.now()
        yield mu.lock()
        yield got.send(g.now() - start)
        yield mu.unlock()

    yield g.go(wants)
    yield g.gosched()
    while True:
        yield g.work(us(200))
        yield mu.unlock()
        index, took = yield g.select(got.recv(), default=True)
        if index == 0:
            break
        yield mu.lock()
    _tell(g, took, ms(5))


@says("true", folk="false")
def fault_keeps_p(g: G) -> Body:
    """A thread in a page fault keeps its P: nobody else runs until all pages are there."""
    began = g.chan(1)
    yield g.go(_begins, began)
    start = g.now()
    yield g.touch(4 << 20)
    touched = g.now()
    at = yield began.recv()
    g.observe("seen", str(at >= touched).lower())
    g.observe("took_ns", at - start)


def _stolen(g: G, into: list[int], *, followed: bool) -> Body:
    yield g.sleep(ms(2))
    began = g.chan(1)
    start = g.now()
    yield g.go(_begins, began)
    if followed:
        yield g.go(_nothing)
    yield g.spin(ms(1))
    into.append((yield began.recv()) - start)


def _nothing(g: G) -> Body:
    yield g.work(0)


@says("true", folk="false")
def steal_runnext(g: G) -> Body:
    """Whoever is next to run on a busy P is stolen later than whoever stands in its queue."""
    runnext: list[int] = []
    queued: list[int] = []
    for _ in range(30):
        yield from _stolen(g, runnext, followed=False)
        yield from _stolen(g, queued, followed=True)
    _tell(g, min(runnext), min(queued))
