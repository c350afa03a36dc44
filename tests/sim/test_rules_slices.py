"""Rules of time slices and stealing: who has the CPU for how long. Taken from go1.27.3, sysmon having backed off."""

from typing import Any

import pytest

from lab.sim import Body, G, ms, us
from tests.observed import observed


def test_three_hogs_take_turns() -> None:
    """The last made first, and round (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.work(ms(100))
        for number in range(3):
            yield g.go(hog, number)
        yield g.sleep(ms(170))

    last: list[int] = []

    def hog(g: G, number: int) -> Body:
        for _ in range(600):
            if last[-1:] != [number]:
                last.append(number)
                g.observe("at", number)
            yield g.work(us(100))

    assert observed(main)[:6] == [2, 0, 1, 2, 0, 1]


def test_a_sleeper_beside_a_hog_waits_for_its_slice() -> None:
    """A millisecond's sleep takes two tens once the first is over (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.work(ms(100))
        yield g.go(hog)
        for _ in range(5):
            start = g.now()
            yield g.sleep(ms(1))
            g.observe("at", round((g.now() - start) / 1e7))

    def hog(g: G) -> Body:
        yield g.work(ms(500))

    assert observed(main)[1:] == [2, 2, 2, 2]


def test_two_that_wake_each_other_share_one_slice() -> None:
    """A third waits at least 10 ms and at most a little over 20 (tried with go1.27.3: 18 of 20)."""

    def main(g: G) -> Body:
        yield g.work(ms(100))
        ping, pong, start = g.chan(), g.chan(), g.now()
        yield g.go(third, start)
        yield g.go(echo, ping, pong)
        for _ in range(3000):
            yield ping.send(1)
            yield pong.recv()

    def third(g: G, start: int) -> Body:
        g.observe("at", g.now() - start)
        yield g.work(0)

    def echo(g: G, ping: Any, pong: Any) -> Body:
        while True:
            yield ping.recv()
            yield g.work(10_007)  # to switch at other instants than sysmon's
            yield pong.send(1)

    assert ms(10) <= observed(main)[0] < ms(22)


def test_a_goroutine_that_yields_shares_fairly_with_one_that_sleeps() -> None:
    """A timer that is due goes before the local queue (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.go(sleeper)
        yield g.gosched()
        for number in range(3):
            yield g.go(yields, number)
        yield g.work(ms(3))
        yield g.sleep(ms(5))

    def sleeper(g: G) -> Body:
        yield g.sleep(ms(1))
        g.observe("at", "timer")

    def yields(g: G, number: int) -> Body:
        g.observe("at", number)
        yield g.gosched()
        g.observe("at", 10 + number)

    assert observed(main) == ["timer", 0, 1, 2, 10, 11, 12]


@pytest.mark.parametrize("procs", [2, 4])
def test_closing_wakes_everybody_once_whoever_steals(procs: int) -> None:
    """The order varies (tried with go1.27.3: all six in 20 of 20 at P=2 and at P=4)."""

    def main(g: G) -> Body:
        gate = g.chan()
        for number in range(6):
            yield g.go(waiter, gate, number)
            yield g.sleep(ms(2))
        yield gate.close()
        yield g.sleep(ms(3))

    def waiter(g: G, gate: Any, number: int) -> Body:
        yield gate.recv()
        g.observe("at", number)

    assert sorted(observed(main, procs)) == [0, 1, 2, 3, 4, 5]
