"""Items pass through stages, each a goroutine with a channel before it."""

from typing import Any

from lab.sim import CLOSED, Body, G, us


def main(g: G, *, items: int = 500, stages: int = 6, work: int = us(10), cap: int = 4) -> Body:
    """Observe how long each item is on its way."""

    def stage(g: G, before: Any, after: Any) -> Body:
        while (began := (yield before.recv())) is not CLOSED:
            yield g.work(work)
            yield after.send(began)
        yield after.close()

    def feeds(g: G) -> Body:
        for _ in range(items):
            yield first.send(g.now())
        yield first.close()

    first = last = g.chan(cap)
    for _ in range(stages):
        after = g.chan(cap)
        yield g.go(stage, last, after)
        last = after
    yield g.go(feeds)
    while (began := (yield last.recv())) is not CLOSED:
        g.observe("latency_ns", g.now() - began)
