"""Package sync, select, timers and locked threads: orders and ends as Go has them."""

from collections.abc import Callable
from typing import Any

import pytest

from lab.sim import CLOSED, Body, G, ms, simulate, us
from tests.free import costing


def _seen(main: Callable[..., Body], **settings: Any) -> list[Any]:
    """What the program observed under ``at``, in order."""
    result = simulate(main, **settings)
    assert (result.outcome, result.message) == ("exit", "")
    return list(result.observations.get("at", ()))


def _wake_order(
    block: Callable[[G, Any], Body], wake: Callable[[G, Any], Body], make: Callable[[G], Any]
) -> list[int]:
    def main(g: G) -> Body:
        gate = make(g)
        for number in range(6):
            yield g.go(waiter, gate, number)
            yield g.sleep(ms(2))
        yield from wake(g, gate)
        yield g.sleep(ms(5))

    def waiter(g: G, gate: Any, number: int) -> Body:
        yield from block(g, gate)
        g.observe("at", number)

    return _seen(main, gomaxprocs=1)


def test_a_waitgroup_wakes_the_last_waiter_first_and_the_rest_in_order() -> None:
    """On one P 5 0 1 2 3 4 (R12; tried with go1.27.3)."""

    def make(g: G) -> Any:
        return g.waitgroup()

    def block(_g: G, wg: Any) -> Body:
        if wg.count == 0:
            yield wg.add(1)
        yield wg.wait()

    def wake(_g: G, wg: Any) -> Body:
        yield wg.done()

    assert _wake_order(block, wake, make) == [5, 0, 1, 2, 3, 4]


def test_a_broadcast_wakes_the_last_waiter_first_and_the_rest_in_order() -> None:
    """The same as a WaitGroup's end (R12, tried)."""

    def make(g: G) -> Any:
        mu = g.mutex()
        return mu, g.cond(mu)

    def block(_g: G, gate: Any) -> Body:
        mu, cond = gate
        yield mu.lock()
        yield cond.wait()
        yield mu.unlock()

    def wake(_g: G, gate: Any) -> Body:
        yield gate[1].broadcast()

    assert _wake_order(block, wake, make) == [5, 0, 1, 2, 3, 4]


def test_a_writers_unlock_wakes_the_last_reader_first_and_the_rest_in_order() -> None:
    """The same once more (R12, tried)."""

    def make(g: G) -> Any:
        rw = g.rwmutex()
        rw.w.locked = True
        rw.readers = -(1 << 30)
        return rw

    def block(_g: G, rw: Any) -> Body:
        yield rw.rlock()

    def wake(_g: G, rw: Any) -> Body:
        yield rw.unlock()

    assert _wake_order(block, wake, make) == [5, 0, 1, 2, 3, 4]


@pytest.mark.parametrize("procs", [1, 2, 4])
def test_a_mutex_lets_one_in_at_a_time(procs: int) -> None:
    """Whatever the number of Ps, no two goroutines are inside, and everybody gets in."""

    def main(g: G) -> Body:
        mu, wg, inside = g.mutex(), g.waitgroup(), [0]
        yield wg.add(20)
        for _ in range(20):
            yield g.go(worker, mu, wg, inside)
        yield wg.wait()
        g.observe("at", inside[0])

    def worker(g: G, mu: Any, wg: Any, inside: list[int]) -> Body:
        for _ in range(10):
            yield mu.lock()
            inside[0] += 1
            g.observe("most", inside[0])
            yield g.work(us(30))
            inside[0] -= 1
            yield mu.unlock()
        yield wg.done()

    result = simulate(main, gomaxprocs=procs)

    assert result.observations["at"] == (0,)
    assert set(result.observations["most"]) == {1}
    assert len(result.observations["most"]) == 200


@pytest.mark.parametrize(
    ("yields", "expected"), [(False, [-1] * 6), (True, [-1, 2, 0, 1, -1, -1, -1, -1, -1])]
)
def test_a_mutex_is_barged_until_a_woken_waiter_has_starved(expected: list[int], *, yields: bool) -> None:
    """One is woken at a time; starving, they are handed the lock in order. Both sequences were tried with go1.27.3."""

    def main(g: G) -> Body:
        mu = g.mutex()
        yield mu.lock()
        for number in range(3):
            yield g.go(waiter, mu, number)
        yield g.sleep(ms(5))
        for _ in range(6):
            yield mu.unlock()
            yield mu.lock()
            g.observe("at", -1)
            if yields:
                yield g.gosched()

    def waiter(g: G, mu: Any, number: int) -> Body:
        yield mu.lock()
        g.observe("at", number)
        yield mu.unlock()

    assert _seen(main, gomaxprocs=1) == expected


def test_readers_share_and_a_writer_waits_for_them() -> None:
    """Three readers of 5 ms are done together; the writer comes after them, and a later reader after the writer."""

    def main(g: G) -> Body:
        rw, wg = g.rwmutex(), g.waitgroup()
        yield wg.add(5)
        for number in range(3):
            yield g.go(reader, rw, wg, number)
        yield g.sleep(ms(1))
        yield g.go(writer, rw, wg)
        yield g.sleep(ms(1))
        yield g.go(reader, rw, wg, 9)
        yield wg.wait()

    def reader(g: G, rw: Any, wg: Any, number: int) -> Body:
        yield rw.rlock()
        yield g.sleep(ms(5))
        g.observe("at", number)
        yield rw.runlock()
        yield wg.done()

    def writer(g: G, rw: Any, wg: Any) -> Body:
        yield rw.lock()
        g.observe("at", 100)
        yield rw.unlock()
        yield wg.done()

    seen = _seen(main, gomaxprocs=4)

    assert sorted(seen[:3]) == [0, 1, 2]
    assert seen[3:] == [100, 9]


def test_once_runs_once_and_everybody_waits_for_it() -> None:
    """The mutex is held while the function runs."""

    def main(g: G) -> Body:
        once, wg = g.once(), g.waitgroup()
        yield wg.add(3)
        for _ in range(3):
            yield g.go(caller, once, wg)
        yield wg.wait()

    def caller(g: G, once: Any, wg: Any) -> Body:
        yield once.do(init)
        g.observe("at", round(g.now() / 1e6))
        yield wg.done()

    def init(g: G) -> Body:
        g.observe("at", -1)
        yield g.sleep(ms(3))

    assert _seen(main, gomaxprocs=2) == [-1, 3, 3, 3]


def test_once_within_itself_is_a_deadlock() -> None:
    """once.go: the slow path is a mutex, and it is not re-entrant."""

    def main(g: G) -> Body:
        once = g.once()
        yield once.do(again, once)

    def again(_g: G, once: Any) -> Body:
        yield once.do(again, once)

    assert simulate(main).outcome == "deadlock"


def test_select_takes_what_is_ready() -> None:
    """A ready case, else the default, else whatever comes first; a nil channel keeps its index and never comes."""

    def main(g: G) -> Body:
        full, empty = g.chan(1), g.chan()
        yield full.send(7)
        g.observe("at", (yield g.select(None, full.recv(), empty.recv())))
        g.observe("at", (yield g.select(empty.recv(), default=True)))
        g.observe("at", (yield g.select(empty.recv(), full.send(8))))
        g.observe("at", (yield g.select(empty.recv(), g.after(ms(2)).recv()))[0])
        yield g.go(sender, empty)
        g.observe("at", (yield g.select(empty.recv(), g.chan(None).recv())))
        yield empty.close()
        g.observe("at", (yield g.select(empty.recv())))

    def sender(_g: G, chan: Any) -> Body:
        yield chan.send(9)

    assert _seen(main, gomaxprocs=1) == [(1, 7), (-1, None), (1, None), 1, (0, 9), (0, CLOSED)]


def test_select_looks_in_random_order() -> None:
    """Two ready cases are taken about as often; the seed is fixed, three standard errors are 9 %."""

    def main(g: G) -> Body:
        a, b = g.chan(1), g.chan(1)
        yield a.send(0)
        yield b.send(1)
        for _ in range(1000):
            index, _ = yield g.select(a.recv(), b.recv())
            g.observe("at", index)
            yield (a, b)[index].send(0)

    assert 455 <= sum(_seen(main)) <= 545


def test_timers_stop_reset_and_fire_functions() -> None:
    """Stop says whether it was running; a stopped one never fires; AfterFunc runs in a goroutine of its own."""

    def main(g: G) -> Body:
        timer = g.timer(ms(5))
        assert timer.c is not None
        g.observe("at", (yield timer.stop()))
        g.observe("at", (yield timer.stop()))
        g.observe("at", (yield timer.reset(ms(2))))
        g.observe("at", round((yield timer.c.recv()) / 1e6))
        late = yield g.after_func(ms(3), note, "late")
        yield g.after_func(ms(1), note, "soon")
        g.observe("at", (yield late.stop()))
        yield g.sleep(ms(6))

    def note(g: G, text: str) -> Body:
        g.observe("at", text)
        yield g.work(0)

    assert _seen(main) == [True, False, False, 2, True, "soon"]


def test_goexit_runs_what_is_deferred() -> None:
    """A finally is a deferred call, through the calls of Once too; main's Goexit leaves the others running."""

    def main(g: G) -> Body:
        yield g.go(worker)
        try:
            yield g.once().do(leave)
        finally:
            g.observe("at", "deferred")
            yield g.work(1)

    def leave(g: G) -> Body:
        yield g.goexit()
        g.observe("at", "never")

    def worker(g: G) -> Body:
        yield g.sleep(ms(2))
        g.observe("at", "still here")

    result = simulate(main)

    assert result.observations["at"] == ("deferred", "still here")
    assert (result.outcome, result.exit_code) == ("deadlock", 2)
    assert result.message == "fatal error: no goroutines (main called runtime.Goexit) - deadlock!"


def _unlock(g: G) -> Body:
    yield g.mutex().unlock()


def _runlock(g: G) -> Body:
    yield g.rwmutex().runlock()


def _negative(g: G) -> Body:
    yield g.waitgroup().done()


def _boom(g: G) -> Body:
    yield g.panic("boom")


def _close_nil(g: G) -> Body:
    yield g.chan(None).close()


def _close_twice(g: G) -> Body:
    chan = g.chan()
    yield chan.close()
    yield chan.close()


@pytest.mark.parametrize(
    ("main", "message"),
    [
        (_unlock, "fatal error: sync: unlock of unlocked mutex"),
        (_runlock, "fatal error: sync: RUnlock of unlocked RWMutex"),
        (_negative, "panic: sync: negative WaitGroup counter"),
        (_boom, "panic: boom"),
        (_close_nil, "panic: close of nil channel"),
        (_close_twice, "panic: close of closed channel"),
    ],
)
def test_the_runtime_dies_in_its_own_words(main: Callable[..., Body], message: str) -> None:
    """Exit code 2, and the text that Go prints."""
    result = simulate(main)

    assert (result.outcome, result.exit_code, result.message) == ("panic", 2, message)


@pytest.mark.parametrize("procs", [1, 2, 4])
def test_what_the_runtime_does_not_notice_is_a_hang(procs: int) -> None:
    """A system call that never returns, the network, cgo: an M counts as running, or the extra one masks it."""

    def reading(g: G) -> Body:
        yield g.syscall(None)

    def waiting(g: G) -> Body:
        yield g.netwait(None)

    def after_cgo(g: G) -> Body:
        yield g.cgo(us(1))
        yield g.block()

    def blocked(g: G) -> Body:
        yield g.block()

    ends = [simulate(main, gomaxprocs=procs).outcome for main in (reading, waiting, after_cgo, blocked)]

    assert ends == ["hang", "hang", "hang", "deadlock"]
    masked = simulate(blocked, gomaxprocs=procs, masks_deadlock=True)
    assert (masked.outcome, masked.exit_code, masked.wall_ns) == ("hang", None, None)
    assert masked.message == "waiting: goroutine 1 [select (no cases)]"


def test_a_pending_timer_puts_a_deadlock_off_until_it_has_fired() -> None:
    """Checkdead looks for timers; once it has fired there is none (R7, tried)."""

    def main(g: G) -> Body:
        yield g.after_func(ms(4), note)
        yield g.block()

    def note(g: G) -> Body:
        g.observe("at", round(g.now() / 1e6))
        yield g.work(0)

    result = simulate(main)

    assert (result.outcome, result.observations["at"]) == ("deadlock", (4,))


def test_the_network_wakes_who_waits() -> None:
    """Each at its time, whether an M polls or everybody is busy."""

    def main(g: G) -> Body:
        done = g.chan(10)
        for number in (3, 1, 2):
            yield g.go(waiter, number, done)
        yield g.work(ms(1.5))
        for _ in range(3):
            yield done.recv()

    def waiter(g: G, number: int, done: Any) -> Body:
        yield g.netwait(ms(number))
        g.observe("at", number)
        yield done.send(None)

    assert [_seen(main, gomaxprocs=procs) for procs in (1, 2)] == [[1, 2, 3], [1, 2, 3]]


def test_a_locked_goroutine_runs_on_its_own_thread_and_a_switch_to_it_is_dear() -> None:
    """Two futex hops instead of none: a channel's round trip takes them, and what it took before (R7)."""
    costs = costing({"wake_run": us(11), "chan_handed": 40, "schedule": 60})

    def main(g: G, *, locked: bool = False) -> Body:
        a, b = g.chan(), g.chan()
        yield g.go(echo, a, b)
        if locked:
            yield g.lock_os_thread()
        start = g.now()
        for _ in range(50):
            yield a.send(1)
            yield b.recv()
        g.observe("at", (g.now() - start) // 50)

    def echo(_g: G, a: Any, b: Any) -> Body:
        while True:
            yield a.recv()
            yield b.send(1)

    plain, locked = (
        _seen(main, gomaxprocs=1, costs=costs, params={"locked": locked})[0] for locked in (False, True)
    )

    assert 0 < plain < us(1)
    assert us(20) < locked < us(400)
    assert locked == plain + 2 * us(11)


def test_inits_run_in_order_before_main_on_mains_goroutine() -> None:
    """Locked to its thread; goroutines that they start run meanwhile where there is another P."""

    def first(g: G) -> Body:
        yield g.go(helper)
        yield g.sleep(ms(2))
        g.observe("at", "first")

    def second(g: G) -> Body:
        yield g.work(us(10))
        g.observe("at", "second")

    def main(g: G) -> Body:
        g.observe("at", "main")
        yield g.work(0)

    def helper(g: G) -> Body:
        g.observe("at", "helper")
        yield g.work(0)

    assert [_seen(main, inits=(first, second), gomaxprocs=procs) for procs in (1, 2)] == [
        ["helper", "first", "second", "main"]
    ] * 2


def test_a_spin_ends_at_its_time_preempted_or_not() -> None:
    """Two spinners of 30 ms on one P are both done after little more than that; two workers need twice as long."""

    def main(g: G, *, how: str = "spin") -> Body:
        wg = g.waitgroup()
        yield wg.add(2)
        for _ in range(2):
            yield g.go(burn, wg, how)
        yield wg.wait()
        g.observe("at", g.now())

    def burn(g: G, wg: Any, how: str) -> Body:
        yield g.spin(ms(30)) if how == "spin" else g.work(ms(30))
        yield wg.done()

    spun, worked = (_seen(main, gomaxprocs=1, params={"how": how})[0] for how in ("spin", "work"))

    assert ms(30) <= spun < ms(55)
    assert ms(60) <= worked < ms(61)
