"""Tasks run in goroutines of their own, at most so many at a time; the first that fails says so once."""

from lab.sim import Body, G, us


def main(g: G, *, tasks: int = 400, limit: int = 4, shortest: int = us(40), longest: int = us(200)) -> Body:
    """Observe how long each task takes from the offer to its end."""
    mu, once, wg, room = g.mutex(), g.once(), g.waitgroup(), g.chan(limit)

    def fails(_g: G) -> Body:
        yield from ()

    def task(g: G, number: int, offered: int) -> Body:
        yield g.work(varied(number, shortest, longest))
        if number % 3 == 0:
            yield once.do(fails)
        yield mu.lock()
        g.observe("latency_ns", g.now() - offered)
        yield mu.unlock()
        yield room.recv()
        yield wg.done()

    for number in range(tasks):
        offered = g.now()
        yield room.send(None)
        yield wg.add(1)
        yield g.go(task, number, offered)
    yield wg.wait()


def varied(number: int, low: int, high: int) -> int:
    """As main.go has it."""
    return low + (((number * 2654435761) % (1 << 32)) * (high - low) >> 32)
