"""Items come many at a time, and consumers that were idle have to catch up."""

from lab.sim import CLOSED, Body, G, ms, us


def main(
    g: G,
    *,
    bursts: int = 30,
    size: int = 16,
    consumers: int = 3,
    work: int = us(100),
    pause: int = ms(2),
) -> Body:
    """Observe how long an item takes, and a burst."""
    items, done = g.chan(size), g.chan(size)

    def consumes(g: G) -> Body:
        while (offered := (yield items.recv())) is not CLOSED:
            yield g.work(work)
            yield done.send(g.now() - offered)

    for _ in range(consumers):
        yield g.go(consumes)
    for _ in range(bursts):
        yield g.sleep(pause)
        start = g.now()
        for _ in range(size):
            yield items.send(g.now())
        for _ in range(size):
            g.observe("latency_ns", (yield done.recv()))
        g.observe("round_ns", g.now() - start)
    yield items.close()
