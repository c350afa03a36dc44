"""Rules of system calls: who keeps the P, and where a caller comes back to. Each was taken from go1.27.3."""

from typing import Any

from lab.sim import Body, G, ms, simulate, us
from tests.observed import observed, says


def test_short_calls_keep_the_p() -> None:
    """Five in a row, and the goroutine in runnext has not run (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.sleep(ms(2))
        yield g.go(says, "other")
        for _ in range(5):
            yield g.syscall(200)
        g.observe("at", "main")
        yield g.sleep(ms(2))

    assert observed(main) == ["main", "other"]


def test_who_comes_back_without_a_p_stands_behind_all_that_waited() -> None:
    """Three of 4 ms each run before the caller of 2 ms (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.sleep(ms(2))
        for number in range(3):
            yield g.go(works, number)
        yield g.syscall(ms(2))
        g.observe("at", "main")

    def works(g: G, number: int) -> Body:
        yield g.work(ms(4))
        g.observe("at", number)

    assert observed(main) == [2, 0, 1, "main"]


def test_calls_overlap_on_one_p() -> None:
    """Four of 40 ms take less than 60 (P=1, 2, 4; tried with go1.27.3: 20 of 20 each)."""

    def main(g: G) -> Body:
        wg = g.waitgroup()
        yield wg.add(4)
        for _ in range(4):
            yield g.go(calls, wg)
        yield wg.wait()
        g.observe("at", ms(40) <= g.now() < ms(60))

    def calls(g: G, wg: Any) -> Body:
        yield g.syscall(ms(40))
        yield wg.done()

    assert [observed(main, procs) for procs in (1, 2, 4)] == [[True]] * 3


def test_a_caller_takes_its_old_p_back_from_another_call() -> None:
    """B is in a system call on the P that A had: A goes on at once (exitsyscallTryGetP; tried: 20 of 20)."""

    def main(g: G) -> Body:
        done = g.chan()
        yield g.go(calls_later, done)
        yield g.syscall(ms(102))
        g.observe("at", "a")
        g.observe("at", g.now() <= ms(104))
        yield done.recv()

    def calls_later(g: G, done: Any) -> Body:
        yield g.work(ms(100))
        yield g.syscall(ms(9))
        g.observe("at", "b")
        yield done.send(None)

    assert observed(main) == ["a", True, "b"]


def test_a_caller_takes_its_old_p_back_at_any_phase_of_sysmon() -> None:
    """Main goes on at once whenever the other is in its call just then, which it is mostly (tried: 167 of 167).

    Where sysmon hands the P over so late that the other still works, main waits (tried: 33 of 200).
    """

    def main(g: G) -> Body:
        for extra in range(10):
            done, due = g.chan(), g.now() + ms(61 + extra)
            yield g.go(calls_later, done, ms(60 + extra))
            yield g.syscall(ms(61 + extra))
            back = g.now()
            begun = yield done.recv()
            if begun < due < begun + ms(9):
                g.observe("at", back <= due + ms(2))

    def calls_later(g: G, done: Any, first: int) -> Body:
        yield g.work(first)
        begun = g.now()
        yield g.syscall(ms(9))
        yield done.send(begun)

    seen = observed(main)

    assert len(seen) >= 7
    assert all(seen)


def test_a_timer_is_served_while_its_p_is_in_a_call() -> None:
    """The P is taken and its sleeper runs in time (tried with go1.27.3: SLEEPERCALL)."""

    def main(g: G) -> Body:
        yield g.go(sleeper)
        yield g.gosched()
        yield g.syscall(ms(30))
        g.observe("at", "main")

    def sleeper(g: G) -> Body:
        yield g.sleep(ms(5))
        g.observe("at", ms(5) <= g.now() < ms(20))
        yield g.sleep(us(10))

    assert observed(main) == [True, "main"]


def test_threads_that_wait_in_the_kernel_can_be_counted() -> None:
    """Four goroutines in calls of 40 ms on one P have a thread each; in short calls one after the other has the same (retake, handoffp)."""

    def main(g: G, *, ns: int) -> Body:
        wg = g.waitgroup()
        yield wg.add(4)
        before = g.statistics()["threads"]
        for _ in range(4):
            yield g.go(calls, wg, ns)
        yield wg.wait()
        g.observe("more", g.statistics()["threads"] - before)

    def calls(g: G, wg: Any, ns: int) -> Body:
        yield g.syscall(ns)
        yield wg.done()

    def more(ns: int) -> int:
        return int(simulate(main, gomaxprocs=1, cpus=2, params={"ns": ns}).observations["more"][0])

    assert more(ms(40)) >= 2
    assert more(200) == 0
