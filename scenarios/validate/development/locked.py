"""One of two that hand over to each other is locked to its thread."""

from lab.sim import CLOSED, Body, G, us

BATCH = 5


def main(g: G, *, rounds: int = 600, work: int = us(20)) -> Body:
    """Observe what a round takes, as the mean of a batch."""
    there, back = g.chan(), g.chan()

    def answers(g: G) -> Body:
        yield g.lock_os_thread()
        while (yield there.recv()) is not CLOSED:
            yield g.work(work)
            yield back.send(None)

    yield g.go(answers)
    for _ in range(rounds // BATCH):
        start = g.now()
        for _ in range(BATCH):
            yield g.work(work)
            yield there.send(None)
            yield back.recv()
        g.observe("round_ns", (g.now() - start) // BATCH)
    yield there.close()
