"""Goroutines sleep for different times and work a little in between."""

from lab.sim import Body, G, us


def main(
    g: G,
    *,
    goroutines: int = 8,
    turns: int = 25,
    shortest: int = us(700),
    step: int = us(310),
    work: int = us(20),
) -> Body:
    """Observe how late each wakes up."""
    wg = g.waitgroup()

    def sleeps(g: G, number: int) -> Body:
        wanted = shortest + number * step
        for _ in range(turns):
            start = g.now()
            yield g.sleep(wanted)
            g.observe("late_ns", g.now() - start - wanted)
            yield g.work(work)
        yield wg.done()

    yield wg.add(goroutines)
    for number in range(goroutines):
        yield g.go(sleeps, number)
    yield wg.wait()
