"""What happens in an init happens on a locked thread, and every hand-over is dear."""

from lab.sim import CLOSED, Body, G, us

BATCH = 5
ROUNDS, WORK = 400, us(15)


def init(g: G) -> Body:
    """Observe what a round takes, as the mean of a batch."""
    there, back = g.chan(), g.chan()

    def answers(g: G) -> Body:
        while (yield there.recv()) is not CLOSED:
            yield g.work(WORK)
            yield back.send(None)

    for _ in range(2):
        yield g.go(answers)
    for _ in range(ROUNDS // BATCH):
        start = g.now()
        for _ in range(BATCH):
            yield there.send(None)
            yield there.send(None)
            yield back.recv()
            yield back.recv()
        g.observe("round_ns", (g.now() - start) // BATCH)


INITS = (init,)


def main(_g: G) -> Body:
    """Nothing is left to do."""
    yield from ()
