"""Everybody works a little and lets the others run."""

from lab.sim import Body, G, us


def main(g: G, *, goroutines: int = 5, turns: int = 400, work: int = us(20)) -> Body:
    """Observe how long it takes until it is one's turn again."""
    wg = g.waitgroup()

    def takes_turns(g: G) -> Body:
        for _ in range(turns):
            start = g.now()
            yield g.work(work)
            yield g.gosched()
            g.observe("round_ns", g.now() - start)
        yield wg.done()

    yield wg.add(goroutines)
    for _ in range(goroutines):
        yield g.go(takes_turns)
    yield wg.wait()
