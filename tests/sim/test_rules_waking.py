"""Rules of waking: who runs first when several are made ready. Each sequence was taken from go1.27.3."""

from typing import Any

import pytest

from lab.sim import CLOSED, Body, G, ms, us
from tests.observed import ended, observed, says


def test_closing_wakes_plain_receivers_and_selects_alike() -> None:
    """The first waiter first, the rest reversed, whatever they wait in (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        gate, other = g.chan(), g.chan()
        for number in range(6):
            yield g.go(waiter, gate, other, number)
            yield g.sleep(ms(2))
        yield gate.close()
        yield g.sleep(ms(3))

    def waiter(g: G, gate: Any, other: Any, number: int) -> Body:
        if number % 2:
            yield g.select(other.recv(), gate.recv())
        else:
            yield gate.recv()
        g.observe("at", number)

    assert observed(main) == [0, 5, 4, 3, 2, 1]


def test_closing_does_no_harm_to_the_closer_while_somebody_sends() -> None:
    """The panic is the sender's: main may return before that one runs (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        chan = g.chan()
        yield g.go(sender, chan)
        yield g.sleep(ms(2))
        yield chan.close()
        g.observe("at", "closed")

    def sender(_g: G, chan: Any) -> Body:
        yield chan.send(1)

    assert [observed(main, procs) for procs in (1, 2, 4)] == [["closed"]] * 3


@pytest.mark.parametrize("how", ["send", "select"])
def test_a_sender_on_a_channel_that_is_closed_panics_itself(how: str) -> None:
    """Main goes on, and the sender's deferred calls run (both ways; tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        chan = g.chan()
        yield g.go(sender, chan)
        yield g.sleep(ms(2))
        yield chan.close()
        g.observe("at", "closed")
        yield g.sleep(ms(5))
        g.observe("at", "never")

    def sender(g: G, chan: Any) -> Body:
        try:
            yield (chan.send(1) if how == "send" else g.select(chan.send(1), g.chan().recv()))
        finally:
            g.observe("at", "deferred by the sender")

    result = ended(main)

    assert result.observations["at"] == ("closed", "deferred by the sender")
    assert (result.outcome, result.exit_code, result.message) == ("panic", 2, "panic: send on closed channel")


def test_signals_wake_in_order() -> None:
    """One a time; two at once, and the second runs first (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        mu = g.mutex()
        cond = g.cond(mu)
        for number in range(3):
            yield g.go(waiter, mu, cond, number)
            yield g.sleep(ms(2))
        for pause in (ms(2), 0, ms(2)):
            yield cond.signal()
            yield g.sleep(pause)

    def waiter(g: G, mu: Any, cond: Any, number: int) -> Body:
        yield mu.lock()
        yield cond.wait()
        yield mu.unlock()
        g.observe("at", number)

    assert observed(main) == [0, 2, 1]


def test_four_signals_at_once_are_a_broadcast() -> None:
    """The last waiter first, the rest in order (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        mu = g.mutex()
        cond = g.cond(mu)
        for number in range(4):
            yield g.go(waiter, mu, cond, number)
            yield g.sleep(ms(2))
        for _ in range(4):
            yield cond.signal()
        yield g.sleep(ms(2))

    def waiter(g: G, mu: Any, cond: Any, number: int) -> Body:
        yield mu.lock()
        yield cond.wait()
        yield mu.unlock()
        g.observe("at", number)

    assert observed(main) == [3, 0, 1, 2]


def test_a_broadcast_under_the_lock_has_them_queue_for_it() -> None:
    """They reach the mutex in the order in which they are woken, and get it so (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        mu = g.mutex()
        cond = g.cond(mu)
        for number in range(4):
            yield g.go(waiter, mu, cond, number)
            yield g.sleep(us(200))
        yield mu.lock()
        yield cond.broadcast()
        yield g.gosched()
        g.observe("at", "main")
        yield mu.unlock()
        yield g.sleep(ms(5))

    def waiter(g: G, mu: Any, cond: Any, number: int) -> Body:
        yield mu.lock()
        yield cond.wait()
        g.observe("at", number)
        yield mu.unlock()

    assert observed(main) == ["main", 3, 0, 1, 2]


def test_senders_that_wait_are_served_in_order_and_go_on_last_first() -> None:
    """Each receive makes one ready, which kicks the one before (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        chan = g.chan()
        for number in range(4):
            yield g.go(sender, chan, number)
            yield g.sleep(ms(2))
        for _ in range(4):
            g.observe("at", (yield chan.recv()))
        yield g.sleep(ms(2))

    def sender(g: G, chan: Any, number: int) -> Body:
        yield chan.send(number)
        g.observe("at", f"sent {number}")

    assert observed(main) == [0, 1, 2, 3, "sent 3", "sent 0", "sent 1", "sent 2"]


def test_a_full_buffer_gives_its_head_and_takes_the_senders_value() -> None:
    """The order of values is kept; three had to wait (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        chan = g.chan(2)
        for number in range(5):
            yield g.go(sender, chan, number)
            yield g.sleep(ms(2))
        for _ in range(5):
            g.observe("at", (yield chan.recv()))
        yield g.sleep(ms(2))

    def sender(g: G, chan: Any, number: int) -> Body:
        yield chan.send(number)
        g.observe("at", f"sent {number}")

    assert observed(main) == ["sent 0", "sent 1", 0, 1, 2, 3, 4, "sent 4", "sent 2", "sent 3"]


def test_receivers_that_wait_are_served_in_order_and_go_on_last_first() -> None:
    """Main sends on without a stop (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        chan = g.chan()
        for number in range(4):
            yield g.go(receiver, chan, number)
            yield g.sleep(ms(2))
        for value in range(4):
            yield chan.send(value)
        g.observe("at", "main")
        yield g.sleep(ms(2))

    def receiver(g: G, chan: Any, number: int) -> Body:
        g.observe("at", (number, (yield chan.recv())))

    assert observed(main) == ["main", (3, 3), (0, 0), (1, 1), (2, 2)]


def test_who_waits_is_served_before_the_buffer() -> None:
    """Two receivers get the first two values, the buffer the others (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        chan = g.chan(4)
        for number in range(2):
            yield g.go(receiver, chan, number)
            yield g.sleep(ms(2))
        for value in range(4):
            yield chan.send(value)
        g.observe("at", "main")
        yield g.sleep(ms(2))

    def receiver(g: G, chan: Any, number: int) -> Body:
        for _ in range(2):
            g.observe("at", (number, (yield chan.recv())))

    assert observed(main) == ["main", (1, 1), (1, 2), (0, 0), (0, 3)]


def test_a_producer_fills_the_buffer_and_one_more() -> None:
    """Capacity 2: the third send is the waiting receiver's (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        chan = g.chan(2)
        yield g.go(producer, chan)
        while (value := (yield chan.recv())) is not CLOSED:
            g.observe("at", f"r{value}")

    def producer(g: G, chan: Any) -> Body:
        for value in range(6):
            yield chan.send(value)
            g.observe("at", f"s{value}")
        yield chan.close()

    assert observed(main) == ["s0", "s1", "s2", "r0", "r1", "r2", "r3", "s3", "s4", "s5", "r4", "r5"]


def test_an_unbuffered_channel_switches_every_other_value() -> None:
    """Who is woken runs when the other blocks, not at once (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        chan = g.chan()
        yield g.go(consumer, chan)
        for value in range(5):
            yield chan.send(value)
            g.observe("at", f"s{value}")
        yield chan.close()
        yield g.sleep(ms(2))

    def consumer(g: G, chan: Any) -> Body:
        while (value := (yield chan.recv())) is not CLOSED:
            g.observe("at", f"r{value}")

    assert observed(main) == ["r0", "s0", "s1", "r1", "r2", "s2", "s3", "r3", "r4", "s4"]


def test_a_pipeline_of_three() -> None:
    """Four values through two unbuffered channels (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        first, second = g.chan(), g.chan()
        yield g.go(source, first)
        yield g.go(middle, first, second)
        while (value := (yield second.recv())) is not CLOSED:
            g.observe("at", f"c{value}")

    def source(g: G, out: Any) -> Body:
        for value in range(4):
            yield out.send(value)
            g.observe("at", f"a{value}")
        yield out.close()

    def middle(g: G, inward: Any, out: Any) -> Body:
        while (value := (yield inward.recv())) is not CLOSED:
            yield out.send(value)
            g.observe("at", f"b{value}")
        yield out.close()

    assert observed(main) == ["a0", "b0", "a1", "c0", "c1", "b1", "b2", "c2", "a2", "a3", "b3", "c3"]


def test_a_channel_as_a_limit_of_two() -> None:
    """Five workers, two places, each yields inside (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        places = g.chan(2)
        for number in range(5):
            yield g.go(worker, places, number)
        yield g.sleep(ms(5))

    def worker(g: G, places: Any, number: int) -> Body:
        yield places.send(None)
        yield from says(g, number, 10 + number)
        yield places.recv()

    assert observed(main) == [4, 0, 14, 1, 10, 2, 11, 3, 12, 13]


def test_a_waitgroup_is_used_again() -> None:
    """Two waves of three, each waited for (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        wg = g.waitgroup()
        for wave in (0, 10):
            yield wg.add(3)
            for number in range(3):
                yield g.go(worker, wg, wave + number)
            yield wg.wait()
            g.observe("at", "all")

    def worker(g: G, wg: Any, number: int) -> Body:
        g.observe("at", number)
        yield wg.done()

    assert observed(main) == [2, 0, 1, "all", 12, 10, 11, "all"]


def test_what_need_not_wait_does_not_yield() -> None:
    """Sleep(0), free locks, an empty group, a buffer with room, a default (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.sleep(ms(2))
        yield g.go(says, "other")
        mu, rw, chan = g.mutex(), g.rwmutex(), g.chan(1)
        yield g.sleep(0)
        yield g.waitgroup().wait()
        yield mu.lock()
        yield mu.unlock()
        yield rw.lock()
        yield rw.unlock()
        yield g.once().do(nothing)
        yield chan.send(1)
        yield chan.recv()
        for _ in range(100):
            yield g.select(chan.recv(), default=True)
        g.observe("at", "main")
        yield g.sleep(ms(2))

    def nothing(g: G) -> Body:
        yield g.work(0)

    assert observed(main) == ["main", "other"]
