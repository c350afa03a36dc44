"""One takes from whichever of several channels has something."""

from typing import Any

from lab.sim import Body, G, us

SOURCES = 4


def main(g: G, *, each: int = 150, step: int = us(30), handled: int = us(10)) -> Body:
    """Observe how long each thing waits to be taken."""

    def offers(g: G, number: int, chan: Any) -> Body:
        for _ in range(each):
            yield g.work((number + 1) * step)
            yield chan.send(g.now())
        yield chan.send(0)

    sources = [g.chan(1) for _ in range(SOURCES)]
    for number, chan in enumerate(sources):
        yield g.go(offers, number, chan)
    left = SOURCES
    while left:
        _, offered = yield g.select(*(chan.recv() for chan in sources))
        if offered == 0:
            left -= 1
            continue
        g.observe("latency_ns", g.now() - offered)
        yield g.work(handled)
