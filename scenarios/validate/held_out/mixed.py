"""Workers take jobs, work, wait in a system call, and note the result under a lock, beside a goroutine that only works."""

from lab.sim import CLOSED, Body, G, ms, us


def main(
    g: G,
    *,
    workers: int = 6,
    jobs: int = 240,
    work: int = us(120),
    call: int = us(300),
    held: int = us(30),
    hog: int = ms(30),
) -> Body:
    """Observe how long each job takes from the offer to its end."""
    mu, wg, todo = g.mutex(), g.waitgroup(), g.chan(8)

    def only_works(g: G) -> Body:
        yield g.work(hog)
        yield wg.done()

    def works(g: G) -> Body:
        while (offered := (yield todo.recv())) is not CLOSED:
            yield g.work(work)
            yield g.syscall(call + g.cost("usleep_overshoot", ns=call))
            yield mu.lock()
            yield g.work(held)
            g.observe("latency_ns", g.now() - offered)
            yield mu.unlock()
        yield wg.done()

    yield wg.add(workers + 1)
    yield g.go(only_works)
    for _ in range(workers):
        yield g.go(works)
    for _ in range(jobs):
        yield todo.send(g.now())
    yield todo.close()
    yield wg.wait()
