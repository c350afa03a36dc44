"""Readers share a lock that a writer wants now and then."""

from lab.sim import Body, G, ms, us


def main(g: G, *, readers: int = 4, writes: int = 14, read: int = us(30), write: int = us(50)) -> Body:
    """Observe how long the writer waits, and how many reads there were."""
    mu, wg = g.rwmutex(), g.waitgroup()
    over: list[bool] = []
    turns = [0]

    def reads(g: G) -> Body:
        last = False
        while not last:
            yield mu.rlock()
            yield g.work(read)
            last = bool(over)
            yield mu.runlock()
            yield g.work(read)
            turns[0] += not last
        yield wg.done()

    yield wg.add(readers)
    for _ in range(readers):
        yield g.go(reads)
    for number in range(writes):
        yield g.sleep(ms(1))
        start = g.now()
        yield mu.lock()
        g.observe("wait_ns", g.now() - start)
        yield g.work(write)
        if number == writes - 1:
            over.append(True)
        yield mu.unlock()
    yield wg.wait()
    g.observe("turns", turns[0])
