"""In each round some goroutines are started, work, and are waited for."""

from lab.sim import Body, G, us


def main(g: G, *, rounds: int = 80, width: int = 8, work: int = us(100)) -> Body:
    """Observe how long a round takes."""
    wg = g.waitgroup()

    def works(g: G) -> Body:
        yield g.work(work)
        yield wg.done()

    for _ in range(rounds):
        start = g.now()
        yield wg.add(width)
        for _ in range(width):
            yield g.go(works)
        yield wg.wait()
        g.observe("round_ns", g.now() - start)
