"""Why does a CPU hog delay a 1 ms ticker by 20 ms at GOMAXPROCS 1, and hardly at all at 2?

golab sim examples/hog_and_ticker.py --gomaxprocs 1,2
"""

from lab.sim import Body, G, ms


def main(g: G) -> Body:
    """Burn CPU for 200 ms beside a goroutine that wants to wake each millisecond."""
    yield g.go(listen)
    yield g.work(ms(200))


def listen(g: G) -> Body:
    """Observe how long after it was due each tick was received."""
    ticker = g.ticker(ms(1))
    start = g.now()
    due = start + ms(1)
    while True:
        yield ticker.recv()
        g.observe("delay_ns", max(g.now() - due, 0))
        due = start + ((g.now() - start) // ms(1) + 1) * ms(1)
