"""Goroutines work on until their context is cancelled, and are waited for."""

from typing import Any

from lab.sim import Body, G, us


def main(g: G, *, rounds: int = 60, goroutines: int = 6, step: int = us(50), before: int = us(600)) -> Body:
    """Observe how long it takes from the cancelling until all have ended. A context's heart is a channel that is closed under a lock."""

    def works_on(g: G, done: Any, wg: Any) -> Body:
        while True:
            index, _ = yield g.select(done.recv(), default=True)
            if index == 0:
                break
            yield g.work(step)
        yield wg.done()

    for _ in range(rounds):
        done, mu, wg = g.chan(), g.mutex(), g.waitgroup()
        yield wg.add(goroutines)
        for _ in range(goroutines):
            yield g.go(works_on, done, wg)
        yield g.work(before)
        start = g.now()
        yield mu.lock()
        yield done.close()
        yield mu.unlock()
        yield wg.wait()
        g.observe("round_ns", g.now() - start)
