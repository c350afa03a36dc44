"""Rules of package sync's locks: who gets them. Each sequence was taken from go1.27.3."""

from typing import Any

import pytest

from lab.sim import Body, G, ms, us
from tests.observed import ended, observed


def _waiter(g: G, mu: Any, name: Any) -> Body:
    yield mu.lock()
    g.observe("at", name)
    yield mu.unlock()


def test_a_mutex_goes_through_its_waiters_in_order() -> None:
    """Each wakes the next and goes on itself first (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        mu = g.mutex()
        yield mu.lock()
        for number in range(4):
            yield g.go(waiter, mu, number)
            yield g.sleep(us(200))
        yield mu.unlock()
        yield g.sleep(ms(5))

    def waiter(g: G, mu: Any, number: int) -> Body:
        yield from _waiter(g, mu, number)
        g.observe("at", 10 + number)

    assert observed(main) == [0, 10, 1, 11, 2, 12, 3, 13]


def test_a_semaphore_that_was_given_is_anybodys() -> None:
    """Who comes to a mutex between the unlock and the woken one's turn takes its place (tried: 20 of 20).

    semrelease1 adds one to the count and makes the waiter ready; semacquire1 takes from the count without waiting.
    """

    def main(g: G) -> Body:
        yield g.sleep(ms(2))
        mu = g.mutex()
        yield mu.lock()
        yield g.go(_waiter, mu, "first")
        yield g.gosched()
        yield mu.unlock()  # makes first ready
        yield mu.lock()  # before it has run
        yield g.go(_waiter, mu, "second")
        yield g.gosched()
        yield mu.unlock()
        yield g.sleep(ms(5))

    assert observed(main) == ["second", "first"]


def test_who_lost_a_semaphore_waits_behind_its_queue() -> None:
    """With another waiter in the queue: it waits at the tail again, where its first place is (tried: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.sleep(ms(2))
        mu = g.mutex()
        yield mu.lock()
        for name in ("a", "b"):
            yield g.go(_waiter, mu, name)
        yield g.gosched()
        yield mu.unlock()
        yield mu.lock()
        yield g.go(_waiter, mu, "new")
        yield g.gosched()
        yield mu.unlock()
        yield g.sleep(ms(5))

    assert observed(main) == ["new", "a", "b"]


@pytest.mark.parametrize("after", [0, ms(2)])
def test_yielding_under_a_mutex_lets_nobody_in(after: int) -> None:
    """And who unlocks it locks it again before who is woken, at time 0 as later (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.sleep(after)
        mu = g.mutex()
        for number in range(3):
            yield g.go(worker, mu, number)
        yield g.sleep(ms(5))

    def worker(g: G, mu: Any, number: int) -> Body:
        for _ in range(2):
            yield mu.lock()
            g.observe("at", number)
            yield g.gosched()
            yield mu.unlock()

    assert observed(main) == [2, 2, 0, 0, 1, 1]


def test_who_waited_for_too_long_is_still_barged_once() -> None:
    """The lock is free when main asks again; after it they come in their order (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        mu = g.mutex()
        yield mu.lock()
        for number in range(3):
            yield g.go(worker, mu, number)
        yield g.sleep(ms(3))
        yield mu.unlock()
        yield mu.lock()
        g.observe("at", "barged")
        yield mu.unlock()
        yield g.sleep(ms(12))

    def worker(g: G, mu: Any, number: int) -> Body:
        yield mu.lock()
        g.observe("at", number)
        yield g.work(ms(2))
        yield mu.unlock()

    assert observed(main) == ["barged", 2, 0, 1]


def test_trying_a_lock() -> None:
    """It works where the lock is free, also before who has just been woken (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        mu = g.mutex()
        g.observe("at", (yield mu.try_lock()))
        g.observe("at", (yield mu.try_lock()))
        yield g.go(_waiter, mu, "waiter")
        yield g.sleep(ms(2))
        yield mu.unlock()
        g.observe("at", (yield mu.try_lock()))
        yield mu.unlock()
        yield g.gosched()
        g.observe("at", (yield mu.try_lock()))

    assert observed(main) == [True, False, True, "waiter", True]


def test_a_writers_unlock_lets_readers_in_before_the_next_writer() -> None:
    """Also a reader that came after that writer (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        rw = g.rwmutex()
        yield rw.lock()
        for who in (reader, reader, writer, reader):
            yield g.go(who, rw)
            yield g.sleep(us(200))
        yield rw.unlock()
        g.observe("at", "main")
        yield g.sleep(ms(2))

    def reader(g: G, rw: Any) -> Body:
        yield rw.rlock()
        g.observe("at", f"reader {g.gid}")
        yield rw.runlock()

    def writer(g: G, rw: Any) -> Body:
        yield rw.lock()
        g.observe("at", "writer")
        yield rw.unlock()

    assert observed(main) == ["main", "reader 2", "reader 3", "reader 5", "writer"]


def test_readers_and_a_writer_that_yield_inside() -> None:
    """Four goroutines, twice each, the second writes (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        rw = g.rwmutex()
        for number in range(4):
            yield g.go(worker, rw, number)
        yield g.sleep(ms(5))

    def worker(g: G, rw: Any, number: int) -> Body:
        lock, unlock = (rw.lock, rw.unlock) if number == 1 else (rw.rlock, rw.runlock)
        for _ in range(2):
            yield lock()
            g.observe("at", "w" if number == 1 else number)
            yield g.gosched()
            yield unlock()

    assert observed(main) == [3, 0, "w", 0, 2, 3, "w", 2]


def test_reading_again_behind_a_waiting_writer_is_a_deadlock() -> None:
    """A writer that waits comes before new readers (P=1, 2, 4; tried with go1.27.3: 20 of 20 each)."""

    def main(g: G) -> Body:
        rw = g.rwmutex()
        yield rw.rlock()
        yield g.go(writer, rw)
        yield g.sleep(ms(2))
        yield rw.rlock()

    def writer(_g: G, rw: Any) -> Body:
        yield rw.lock()

    assert [ended(main, procs).outcome for procs in (1, 2, 4)] == ["deadlock"] * 3


def test_a_signal_that_nobody_waits_for_is_lost() -> None:
    """Who waits afterwards waits for ever (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        mu = g.mutex()
        cond = g.cond(mu)
        yield cond.signal()
        yield mu.lock()
        yield cond.wait()

    assert ended(main).outcome == "deadlock"
