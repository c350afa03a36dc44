"""Main touches fresh memory beside a goroutine that wants to run every few milliseconds."""

from lab.sim import Body, G, ms

PAGE = 4 << 10


def main(g: G, *, rounds: int = 8, bytes: int = 16 << 20, period: int = ms(2)) -> Body:  # noqa: A002 - as the Go program calls it
    """Observe how long the touching takes, and how late the other wakes up."""
    over, ended = g.chan(), g.chan()

    def wakes_up(g: G) -> Body:
        while True:
            start = g.now()
            yield g.sleep(period)
            index, _ = yield g.select(over.recv(), default=True)
            if index == 0:
                break
            g.observe("late_ns", g.now() - start - period)
        yield ended.send(None)

    def touches(g: G) -> Body:
        start = g.now()
        yield g.touch(bytes)
        took[0] = g.now() - start
        unmap = bytes // PAGE * g.cost("unmap", page=PAGE)
        yield g.syscall(unmap, cpu=unmap)

    took = [0]
    yield from touches(g)
    yield g.go(wakes_up)
    for _ in range(rounds):
        yield from touches(g)
        g.observe("round_ns", took[0])
    yield over.close()
    yield ended.recv()
