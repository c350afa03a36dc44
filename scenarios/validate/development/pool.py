"""Workers take jobs of different lengths from one channel and answer on another."""

from lab.sim import CLOSED, Body, G, us


def main(g: G, *, workers: int = 4, jobs: int = 500, shortest: int = us(20), longest: int = us(180)) -> Body:
    """Observe how long each job takes from the offer to its end."""
    todo, done = g.chan(16), g.chan(16)

    def works(g: G) -> Body:
        while (job := (yield todo.recv())) is not CLOSED:
            number, offered = job
            yield g.work(varied(number, shortest, longest))
            yield done.send(g.now() - offered)

    def offers(g: G) -> Body:
        for number in range(jobs):
            yield todo.send((number, g.now()))
        yield todo.close()

    for _ in range(workers):
        yield g.go(works)
    yield g.go(offers)
    for _ in range(jobs):
        g.observe("latency_ns", (yield done.recv()))


def varied(number: int, low: int, high: int) -> int:
    """As main.go has it."""
    return low + (((number * 2654435761) % (1 << 32)) * (high - low) >> 32)
