"""Two goroutines hand a value to each other over two channels and work a little each time."""

from lab.sim import CLOSED, Body, G, us

BATCH = 20


def main(g: G, *, rounds: int = 2400, work: int = us(5), cap: int = 0) -> Body:
    """Observe what a round takes, as the mean of a batch."""
    there, back = g.chan(cap), g.chan(cap)

    def answers(g: G) -> Body:
        while (value := (yield there.recv())) is not CLOSED:
            yield g.work(work)
            yield back.send(value)

    yield g.go(answers)
    for number in range(rounds // BATCH):
        start = g.now()
        for _ in range(BATCH):
            yield g.work(work)
            yield there.send(number)
            yield back.recv()
        g.observe("round_ns", (g.now() - start) // BATCH)
    yield there.close()
