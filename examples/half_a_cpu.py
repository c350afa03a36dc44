"""Why does a service on half a CPU, which uses less than that, keep some requests waiting for most of 100 ms? What helps?

golab sim examples/half_a_cpu.py --cpus 8 --quota none,0.5 --gomaxprocs 8,2,1
golab sim examples/half_a_cpu.py --cpus 8 --quota 0.5 --gomaxprocs 8,2,1 --set spread=True
"""

from typing import Any

from lab.sim import Body, G, ms


def main(g: G, *, spread: bool = False) -> Body:
    """A request of 1 ms each 10 ms, for three seconds; beside them, four times a second, a refresh of 8 times 10 ms.

    That is 0.1 + 0.32 CPUs of the half that the service has. A kernel counts in periods of 100 ms, though, in each of
    which all threads together may run for 50 ms: eight Ps spend them in 6 ms.
    """
    yield g.go(refreshes, spread)
    for number in range(1, 301):
        arrives = ms(10) * number
        yield g.sleep(max(arrives - g.now(), 0))  # not a ticker: that forgets what it has missed
        yield g.go(request, arrives)
    yield g.sleep(ms(300))


def request(g: G, arrived: int) -> Body:
    """Observe how long it took from its arrival, not from when somebody found it."""
    yield g.work(ms(1))
    took = g.now() - arrived
    g.observe("late_request_ns" if took > ms(20) else "request_ns", took)


def refreshes(g: G, spread: bool) -> Body:  # noqa: FBT001 - as it comes from the command line
    """Eight parts at once, or one after the other with a pause between."""
    ticker = g.ticker(ms(250))
    while True:
        yield ticker.recv()
        done = g.waitgroup()
        for _ in range(8):
            yield done.add(1)
            yield g.go(part, done)
            if spread:
                yield done.wait()
                yield g.sleep(ms(15))
        yield done.wait()


def part(g: G, done: Any) -> Body:  # noqa: ANN401 - a wait group
    """An eighth of a refresh."""
    yield g.work(ms(10))
    yield done.done()
