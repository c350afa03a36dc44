"""Why does time.Sleep of 10 µs take a millisecond, and only while nothing else runs?

golab sim examples/short_sleep.py --gomaxprocs 1 --set beside=nothing
golab sim examples/short_sleep.py --gomaxprocs 1 --set beside=worker
"""

from lab.sim import Body, G, us


def main(g: G, *, beside: str = "nothing") -> Body:
    """Sleep a hundred times; observe how long."""
    if beside == "worker":
        yield g.go(worker)
    for _ in range(100):
        start = g.now()
        yield g.sleep(us(10))
        g.observe("slept_ns", g.now() - start)


def worker(g: G) -> Body:
    """Work, but let the scheduler have a look each microsecond.

    It sees a due timer at once. Without work the thread waits in epoll, which counts in milliseconds.
    """
    while True:
        yield g.work(us(1))
        yield g.gosched()
