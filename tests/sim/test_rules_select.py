"""Rules of select: what it takes, and who passes over it. Each sequence was taken from go1.27.3."""

from typing import Any

import pytest

from lab.sim import CLOSED, Body, G, ms
from tests.observed import ended, observed


def test_four_ready_cases_are_taken_about_as_often() -> None:
    """1000 each of 4000, within 120, over four standard errors (P=1, 2, 4; tried with go1.27.3: 20 of 20 each)."""

    def main(g: G) -> Body:
        chans = [g.chan() for _ in range(4)]
        for chan in chans:
            yield chan.close()
        for _ in range(4000):
            g.observe("at", (yield g.select(*(chan.recv() for chan in chans)))[0])

    seen = observed(main)

    assert [880 < seen.count(index) < 1120 for index in range(4)] == [True] * 4


def test_a_closed_channel_is_no_better_than_a_value() -> None:
    """Half of the time each, 500 of 1000 within 70, four standard errors (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        closed, full = g.chan(), g.chan(1)
        yield closed.close()
        yield full.send(1)
        for _ in range(1000):
            index, value = yield g.select(closed.recv(), full.recv())
            g.observe("at", (index, value))
            if index:
                yield full.send(value)

    seen = observed(main)

    assert set(seen) == {(0, CLOSED), (1, 1)}
    assert 430 < seen.count((0, CLOSED)) < 570


def test_a_select_that_is_over_is_passed_over() -> None:
    """It stands in the second channel's queue until it runs; the send goes to who waits behind it (tried: 20 of 20)."""

    def main(g: G) -> Body:
        first, second = g.chan(), g.chan()
        yield g.go(selects, first, second)
        yield g.sleep(ms(1))
        yield g.go(receives, second)
        yield g.sleep(ms(1))
        yield first.send(1)
        yield second.send(2)
        g.observe("at", "main")
        yield g.sleep(ms(2))

    def selects(g: G, first: Any, second: Any) -> Body:
        g.observe("at", ("select", (yield g.select(first.recv(), second.recv()))))

    def receives(g: G, chan: Any) -> Body:
        g.observe("at", ("plain", (yield chan.recv())))

    assert observed(main) == ["main", ("plain", 2), ("select", (0, 1))]


def test_a_channel_twice_in_a_select_is_served_once() -> None:
    """The second send finds nobody (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        chan = g.chan()
        yield g.go(selects, chan)
        yield g.sleep(ms(2))
        yield chan.send(1)
        g.observe("at", (yield g.select(chan.send(2), default=True)))
        yield g.sleep(ms(2))

    def selects(g: G, chan: Any) -> Body:
        g.observe("at", (yield g.select(chan.recv(), chan.recv()))[1])

    assert observed(main) == [(-1, None), 1]


def test_selects_that_send_queue_as_senders_do() -> None:
    """First come first served; the last goes on first (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        chan = g.chan()
        for number in range(3):
            yield g.go(selects, chan, number)
            yield g.sleep(ms(1))
        for _ in range(3):
            g.observe("at", (yield g.select(chan.recv())))
        yield g.sleep(ms(1))

    def selects(g: G, chan: Any, number: int) -> Body:
        index, value = yield g.select(chan.send(number), g.after(ms(1000)).recv())
        g.observe("at", ("sent", number, index, value))

    sent = [("sent", number, 0, None) for number in (2, 0, 1)]
    assert observed(main) == [(0, 0), (0, 1), (0, 2), *sent]


def test_nil_channels_leave_the_default() -> None:
    """Neither sends nor receives (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        chan = g.chan(None)
        g.observe("at", (yield g.select(chan.recv(), chan.send(1), default=True)))

    assert observed(main) == [(-1, None)]


def _nil_cases(g: G) -> Body:
    chan = g.chan(None)
    yield g.select(chan.recv(), chan.send(1))


def _nil_send(g: G) -> Body:
    yield g.chan(None).send(1)


@pytest.mark.parametrize("main", [_nil_cases, _nil_send])
def test_nil_channels_alone_block_for_ever(main: Any) -> None:
    """A deadlock, where nothing else runs (tried with go1.27.3: 20 of 20)."""
    assert ended(main).outcome == "deadlock"


def test_a_select_that_sends_on_a_closed_channel_panics() -> None:
    """Also where it has a default (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        chan = g.chan()
        yield chan.close()
        yield g.select(chan.send(1), default=True)

    result = ended(main)

    assert (result.outcome, result.message) == ("panic", "panic: send on closed channel")
