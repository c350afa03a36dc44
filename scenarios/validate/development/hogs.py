"""A goroutine wants to run every few milliseconds, beside others that never stop by themselves."""

from lab.sim import Body, G, ms


def main(g: G, *, hogs: int = 2, work: int = ms(70), period: int = ms(3)) -> Body:
    """Observe how late it wakes up."""
    wg, over, ended = g.waitgroup(), g.chan(), g.chan()

    def wakes_up(g: G) -> Body:
        while True:
            start = g.now()
            yield g.sleep(period)
            index, _ = yield g.select(over.recv(), default=True)
            if index == 0:
                break
            g.observe("late_ns", g.now() - start - period)
        yield ended.send(None)

    def hog(g: G) -> Body:
        yield g.work(work)
        yield wg.done()

    yield wg.add(hogs)
    yield g.go(wakes_up)
    for _ in range(hogs):
        yield g.go(hog)
    yield wg.wait()
    yield over.close()
    yield ended.recv()
