"""Rules of the netpoller: who runs when several things have arrived. Each sequence was taken from go1.27.3."""

from lab.sim import Body, G, ms, us
from tests.observed import observed, says


def test_of_several_that_arrived_the_last_runs_first() -> None:
    """The poller's list is a stack; the rest go to the local queue as it is (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        for number in range(4):
            yield g.go(waiter, number)
        yield g.sleep(ms(2))
        yield g.work(ms(6))
        g.observe("at", "main")
        yield g.sleep(ms(5))

    def waiter(g: G, number: int) -> Body:
        yield g.netwait(ms(4) + us(number))
        g.observe("at", number)

    assert observed(main) == ["main", 3, 2, 1, 0]


def test_the_network_comes_after_both_queues() -> None:
    """It is not looked at while there is anything else to run (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.go(waiter)
        yield g.sleep(ms(3))
        for number in range(3):
            yield g.go(says, number, 10 + number)
        yield g.work(ms(2))
        yield g.sleep(ms(5))

    def waiter(g: G) -> Body:
        yield g.netwait(ms(4))
        g.observe("at", "net")

    assert observed(main) == [2, 0, 1, 12, 10, 11, "net"]
