"""A channel of places lets a few in at a time; inside they work and sleep."""

from lab.sim import Body, G, us


def main(
    g: G, *, goroutines: int = 12, turns: int = 15, places: int = 3, work: int = us(60), nap: int = us(200)
) -> Body:
    """Observe how long each waits for a place."""
    room, wg = g.chan(places), g.waitgroup()

    def comes_and_goes(g: G) -> Body:
        for _ in range(turns):
            start = g.now()
            yield room.send(None)
            g.observe("wait_ns", g.now() - start)
            yield g.work(work)
            yield g.sleep(nap)
            yield room.recv()
        yield wg.done()

    yield wg.add(goroutines)
    for _ in range(goroutines):
        yield g.go(comes_and_goes)
    yield wg.wait()
