"""One receives every tick; another is now and then too slow for its ticker, which drops what nobody takes."""

from lab.sim import Body, G, us

EVERY = 3


def main(
    g: G, *, ticks: int = 60, period: int = us(1500), slow: int = us(2400), brief: int = us(100)
) -> Body:
    """Observe how late a tick is received, and how many the slow one took."""
    over, ended = g.chan(), g.chan()

    def too_slow(g: G) -> Body:
        ticker = g.ticker(period)
        taken = 0
        while True:
            index, _ = yield g.select(ticker.recv(), over.recv())
            if index == 1:
                break
            taken += 1
            if taken % EVERY == 0:
                yield g.work(slow)
        yield ticker.stop()
        yield ended.send(taken)

    yield g.go(too_slow)
    start = g.now()
    ticker = g.ticker(period)
    for _ in range(ticks):
        yield ticker.recv()
        g.observe("late_ns", (g.now() - start) % period)
        yield g.work(brief)
    yield ticker.stop()
    yield over.close()
    g.observe("turns", (yield ended.recv()))
