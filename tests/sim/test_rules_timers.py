"""Rules of timers: what fires when, in which order, and what Stop and Reset say. Taken from go1.27.3."""

from typing import Any

import pytest

from lab.sim import Body, G, ms, s, simulate, us
from tests.observed import observed, says


def test_of_several_sleepers_that_are_due_the_last_runs_first() -> None:
    """Each that is made ready kicks the one before out of runnext (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        for number in range(4):
            yield g.go(sleeper, number)
        yield g.gosched()
        yield g.work(ms(8))
        yield g.sleep(ms(5))

    def sleeper(g: G, number: int) -> Body:
        yield g.sleep(ms(1 + number))
        g.observe("at", number)

    assert observed(main) == [3, 0, 1, 2]


def test_sleepers_of_the_same_length() -> None:
    """They fell asleep as 3 0 1 2, and one wake-up of the thread finds all of them due (tried: 20 of 20)."""

    def main(g: G) -> Body:
        for number in range(4):
            yield g.go(sleeper, number)
        yield g.sleep(ms(10))

    def sleeper(g: G, number: int) -> Body:
        yield g.sleep(ms(3))
        g.observe("at", number)

    assert observed(main) == [2, 3, 0, 1]


def test_of_several_functions_that_are_due_the_last_runs_first() -> None:
    """And all before main, which yields (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        for number in range(4):
            yield g.after_func(ms(1 + number), says, number)
        yield g.work(ms(8))
        yield g.gosched()
        g.observe("at", "main")
        yield g.sleep(ms(5))

    assert observed(main) == [3, 0, 1, 2, "main"]


def test_after_zero_is_due_at_once() -> None:
    """Receiving from it does not yield (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.sleep(ms(2))
        yield g.go(says, "other")
        yield g.after(0).recv()
        g.observe("at", "main")
        yield g.sleep(ms(2))

    assert observed(main) == ["main", "other"]


@pytest.mark.parametrize("procs", [1, 2, 4])
def test_a_select_with_a_default_sees_a_timer_of_zero(procs: int) -> None:
    """A new one, and one that was reset (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        g.observe("at", (yield g.select(g.after(0).recv(), default=True))[0])
        timer = g.timer(s(3600))
        yield timer.reset(0)
        g.observe("at", (yield g.select(timer.c.recv(), default=True))[0])

    assert observed(main, procs) == [0, 0]


def test_a_function_after_zero_runs_when_main_waits() -> None:
    """At once, not after epoll's millisecond (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        done, start = g.chan(), g.now()
        yield g.after_func(0, tells, done)
        g.observe("at", "main")
        yield done.recv()
        g.observe("at", g.now() - start < us(500))

    def tells(g: G, done: Any) -> Body:
        g.observe("at", "function")
        yield done.send(None)

    assert observed(main) == ["main", "function", True]


def test_a_sleep_of_a_nanosecond_is_over_before_anybody_else_runs() -> None:
    """The timer is due when the thread looks (at packaged costs; tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.go(says, "other")
        yield g.sleep(1)
        g.observe("at", "main")

    result = simulate(main, gomaxprocs=1)

    assert result.observations["at"] == ("main",)


def test_a_late_receiver_gets_the_time_at_which_it_was_due() -> None:
    """As before Go 1.23: sendTime takes the delay off (P=1, 2, 4; tried with go1.27.3: 20 of 20 each)."""

    def main(g: G) -> Body:
        first, second = g.after(ms(5)), g.after(ms(7))
        yield g.work(ms(20))
        for chan in (first, second):
            g.observe("at", round((yield chan.recv()) / 1e6))

    assert [observed(main, procs) for procs in (1, 2, 4)] == [[5, 7]] * 3


def test_a_receiver_that_waited_gets_the_time_at_which_it_was_due() -> None:
    """However late its P comes to fire it: due at 2, received at 8 ms (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        done = g.chan()
        yield g.go(receiver, done)
        yield g.gosched()
        yield g.work(ms(8))
        yield done.recv()

    def receiver(g: G, done: Any) -> Body:
        g.observe("at", round((yield g.after(ms(2)).recv()) / 1e6))
        g.observe("at", round(g.now() / 1e6))
        yield done.send(None)

    assert observed(main) == [2, 8]


def test_a_ticker_that_was_left_alone_drops_ticks() -> None:
    """One is there, the next come in step; values are due times (tried with go1.27.3: 16 of 20, the rest within 1 ms)."""

    def main(g: G) -> Body:
        ticker = g.ticker(ms(10))
        yield g.work(ms(35))
        for _ in range(3):
            due = yield ticker.recv()
            g.observe("at", (round(due / 1e6), round(g.now() / 1e6)))

    assert observed(main) == [(10, 35), (40, 40), (50, 50)]


def test_a_ticker_slower_than_its_reader() -> None:
    """Every 2 ms, and 3 ms of work for each: the one that came meanwhile is there (tried with go1.27.3: 12 of 20)."""

    def main(g: G) -> Body:
        ticker = g.ticker(ms(2))
        for _ in range(4):
            yield ticker.recv()
            g.observe("at", round(g.now() / 1e6))
            yield g.work(ms(3))

    assert observed(main) == [2, 5, 8, 11]


def test_a_stopped_ticker_is_silent_and_a_reset_one_begins_anew() -> None:
    """Two ticks of 3 ms after the reset (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        ticker = g.ticker(ms(2))
        yield ticker.recv()
        g.observe("at", round(g.now() / 1e6))
        yield ticker.stop()
        g.observe("at", (yield g.select(ticker.recv(), g.after(ms(6)).recv()))[0])
        start = g.now()
        yield ticker.reset(ms(3))
        yield ticker.recv()
        yield ticker.recv()
        g.observe("at", round((g.now() - start) / 1e6))

    assert observed(main) == [2, 1, 6]


@pytest.mark.parametrize("procs", [1, 2, 4])
def test_what_stop_and_reset_say_of_a_channel_timer(procs: int) -> None:
    """Running, stopped, fired and unread (still running, since 1.23), fired and read (tried: 20 of 20 each)."""

    def main(g: G) -> Body:
        timer = g.timer(s(3600))
        g.observe("at", (yield timer.stop()))
        g.observe("at", (yield timer.stop()))
        g.observe("at", (yield timer.reset(s(3600))))
        g.observe("at", (yield timer.reset(ms(1))))
        yield g.work(ms(2))
        g.observe("at", (yield timer.stop()))  # fired, unread
        g.observe("at", (yield timer.reset(ms(1))))
        yield g.work(ms(2))
        g.observe("at", (yield timer.reset(ms(1))))  # fired, unread
        yield timer.c.recv()
        g.observe("at", (yield timer.stop()))  # fired, read
        g.observe("at", (yield timer.reset(ms(1))))
        yield timer.c.recv()
        g.observe("at", (yield timer.reset(s(3600))))
        g.observe("at", (yield g.select(timer.c.recv(), default=True))[0])

    expected = [True, False, False, True, True, False, True, False, False, False, -1]
    assert observed(main, procs) == expected


@pytest.mark.parametrize("procs", [1, 2, 4])
def test_what_stop_and_reset_say_of_a_function(procs: int) -> None:
    """Fired is not running; reset makes it run once more (tried with go1.27.3: 20 of 20 each)."""
    count = [0]

    def main(g: G) -> Body:
        count[0] = 0
        timer = yield g.after_func(ms(2), counts)
        yield g.sleep(ms(5))
        g.observe("at", (yield timer.stop()))
        g.observe("at", count[0])
        g.observe("at", (yield timer.reset(ms(2))))
        yield g.sleep(ms(5))
        g.observe("at", count[0])
        g.observe("at", (yield timer.reset(s(3600))))
        g.observe("at", (yield timer.reset(ms(2))))
        g.observe("at", (yield timer.stop()))
        yield g.sleep(ms(5))
        g.observe("at", count[0])

    def counts(g: G) -> Body:
        count[0] += 1
        yield g.work(0)

    assert observed(main, procs) == [False, 1, False, 2, False, True, True, 2]


def test_reset_moves_a_timer_both_ways() -> None:
    """Later than another, earlier than another (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        later = yield g.after_func(ms(4), says, "a")
        yield g.after_func(ms(6), says, "b")
        earlier = yield g.after_func(ms(20), says, "c")
        yield later.reset(ms(8))
        yield earlier.reset(ms(2))
        yield g.sleep(ms(12))

    assert observed(main) == ["c", "b", "a"]
