"""Each request is answered by a goroutine of its own, or given up after a while."""

from typing import Any

from lab.sim import Body, G, us


def main(
    g: G,
    *,
    requests: int = 60,
    patience: int = us(1500),
    shortest: int = us(100),
    longest: int = us(2500),
) -> Body:
    """Observe how long a request takes, and how many were given up."""
    given = 0

    def answers(g: G, number: int, answer: Any) -> Body:
        length = varied(number, shortest, longest)
        yield g.work(length // 4)
        yield g.sleep(length - length // 4)
        yield answer.send(None)

    for number in range(requests):
        start = g.now()
        answer = g.chan(1)
        yield g.go(answers, number, answer)
        index, _ = yield g.select(answer.recv(), g.after(patience).recv())
        given += index == 1
        g.observe("round_ns", g.now() - start)
    g.observe("turns", given)


def varied(number: int, low: int, high: int) -> int:
    """As main.go has it."""
    return low + (((number * 2654435761) % (1 << 32)) * (high - low) >> 32)
