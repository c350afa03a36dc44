"""Goroutines that are in a system call most of the time, and need a P in between."""

from lab.sim import Body, G, us


def main(g: G, *, goroutines: int = 4, turns: int = 50, call: int = us(500), work: int = us(150)) -> Body:
    """Observe how long a call and the work after it take together."""
    wg = g.waitgroup()

    def calls(g: G) -> Body:
        for _ in range(turns):
            start = g.now()
            yield g.syscall(call + g.cost("usleep_overshoot", ns=call))
            yield g.work(work)
            g.observe("round_ns", g.now() - start)
        yield wg.done()

    yield wg.add(goroutines)
    for _ in range(goroutines):
        yield g.go(calls)
    yield wg.wait()
