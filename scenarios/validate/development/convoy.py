"""Everybody needs the same mutex most of the time."""

from lab.sim import Body, G, us


def main(g: G, *, goroutines: int = 6, turns: int = 200, held: int = us(40), free: int = us(20)) -> Body:
    """Observe how long all of them wait for the mutex, together."""
    mu, wg = g.mutex(), g.waitgroup()
    waited = 0

    def takes_turns(g: G) -> Body:
        nonlocal waited
        for _ in range(turns):
            start = g.now()
            yield mu.lock()
            waited += g.now() - start
            yield g.work(held)
            yield mu.unlock()
            yield g.work(free)
        yield wg.done()

    yield wg.add(goroutines)
    for _ in range(goroutines):
        yield g.go(takes_turns)
    yield wg.wait()
    g.observe("waited_ns", waited)
