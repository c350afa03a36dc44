"""A timer is put off again and again by whoever makes progress, and fires when a piece of work takes too long."""

from lab.sim import CLOSED, Body, G, ms, us

EVERY = 4


def main(g: G, *, pieces: int = 60, limit: int = ms(1), short: int = us(300), long: int = ms(2)) -> Body:
    """Observe how late it fires, and how often."""
    fed, over = g.chan(), g.chan()
    bitten = 0

    def watches(g: G) -> Body:
        nonlocal bitten
        timer = g.timer(limit)
        due = g.now() + limit
        while True:
            index, value = yield g.select(fed.recv(), timer.c.recv())
            if index == 0 and value is CLOSED:
                break
            if index == 1:
                g.observe("late_ns", max(g.now() - due, 1))
                bitten += 1
            yield timer.reset(limit)
            due = g.now() + limit
        yield timer.stop()
        yield over.send(None)

    yield g.go(watches)
    for number in range(pieces):
        if number % EVERY == EVERY - 1:
            yield g.sleep(long)
        else:
            yield g.work(short)
        yield fed.send(None)
    yield fed.close()
    yield over.recv()
    g.observe("turns", bitten)
