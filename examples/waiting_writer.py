"""Why does a reader wait for a lock that only another reader holds?

golab sim examples/waiting_writer.py --set writer=False
golab sim examples/waiting_writer.py --set writer=True
"""

from typing import Any

from lab.sim import Body, G, ms


def main(g: G, *, writer: bool = True) -> Body:
    """Two readers, the second 20 ms after the first, and perhaps a writer between them."""
    rw, wg = g.rwmutex(), g.waitgroup()
    yield wg.add(2)
    yield g.go(read, rw, wg, 0, "first_reader_waited_ns")
    yield g.go(read, rw, wg, 20, "second_reader_waited_ns")
    if writer:
        yield g.go(write, rw)
    yield wg.wait()


def read(g: G, rw: Any, wg: Any, begin: int, name: str) -> Body:  # noqa: ANN401 - a lock and a wait group
    """Hold the lock for 50 ms."""
    yield g.sleep(ms(begin))
    start = g.now()
    yield rw.rlock()
    g.observe(name, g.now() - start)
    yield g.sleep(ms(50))
    yield rw.runlock()
    yield wg.done()


def write(g: G, rw: Any) -> Body:  # noqa: ANN401 - a lock
    """Ask for the lock at 10 ms: whoever wants to read from then on queues behind."""
    yield g.sleep(ms(10))
    start = g.now()
    yield rw.lock()
    g.observe("writer_waited_ns", g.now() - start)
    yield g.sleep(ms(5))
    yield rw.unlock()
