"""How much faster do two Ps finish 500 jobs that each hold a lock for a moment?

golab sim examples/worker_pool.py --gomaxprocs 1,2
"""

from typing import Any

from lab.sim import CLOSED, Body, G, us


def main(g: G, *, workers: int = 8) -> Body:
    """Hand out jobs of five lengths to a pool of workers."""
    jobs, wg, mu = g.chan(4), g.waitgroup(), g.mutex()
    for _ in range(workers):
        yield wg.add(1)
        yield g.go(worker, jobs, wg, mu)
    for i in range(500):
        yield jobs.send(i % 5 + 1)
    yield jobs.close()
    yield wg.wait()


def worker(g: G, jobs: Any, wg: Any, mu: Any) -> Body:  # noqa: ANN401 - channels carry anything
    """Work, then hold the lock for a moment."""
    while (v := (yield jobs.recv())) is not CLOSED:
        yield g.work(us(100) * v)  # CPU time, preemptible
        yield mu.lock()
        yield g.work(us(20))
        yield mu.unlock()
    yield wg.done()
