"""How long can a goroutine that wants its lock back at once keep another from it?

golab sim examples/greedy_lock.py --gomaxprocs 1,2
"""

from typing import Any

from lab.sim import Body, G, ms, us


def main(g: G) -> Body:
    """Want the lock now and then; observe how long it took to get it.

    With two Ps the one that runs barges in ahead of the one that was woken, until the waiter has waited for 1 ms:
    then the mutex starves and is handed over. With one P it takes until the time slice of the other ends.
    """
    mu = g.mutex()
    yield g.go(greedy, mu)
    yield g.sleep(ms(1))
    for _ in range(20):
        start = g.now()
        yield mu.lock()
        g.observe("waited_ns", g.now() - start)
        yield mu.unlock()
        yield g.work(us(200))


def greedy(g: G, mu: Any) -> Body:  # noqa: ANN401 - a lock
    """Hold the lock nearly always."""
    while True:
        yield mu.lock()
        yield g.work(us(50))
        yield mu.unlock()
